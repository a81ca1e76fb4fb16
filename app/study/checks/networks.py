"""Whether rooms can have the networks that study.toml gives them, and whether each network comes to be."""

from app.study.model.blocks import beginnings
from app.study.model.networks import Network
from app.study.model.steps import Step
from app.study.model.study import RoomKind
from app.study.syntax.lines import Path
from app.study.syntax.mistakes import Findings, did_you_mean


def check_networks(findings: Findings, rooms: tuple[RoomKind, ...], networks: tuple[Network, ...]) -> None:
    if not findings.sound("network"):
        return
    told: set[str] = set()
    names = [room.name for room in rooms]
    for place, network in placed(findings, networks):
        for name in network.rooms:
            if name not in names:
                sentence = f"There is no room `{name}` that could have this network."
                findings.wrong((*place, "rooms"), sentence, did_you_mean(name, names))
        for edge in network.edges:
            if edge.room not in ("", *names) and findings.sound(*place, "edges"):
                sentence = f"The table has ties for a room `{edge.room}`, and there is none."
                findings.wrong((*place, "edges"), sentence, did_you_mean(edge.room, names))
    _check_order(findings, rooms, networks)
    for index, room in enumerate(rooms):
        fitting = [one for one in placed(findings, networks) if room.name in one[1].rooms or not one[1].rooms]
        if not fitting and not findings.sound("network"):
            continue
        if not fitting:
            sentence = f"No network is for room `{room.name}`."
            findings.wrong(("network",), sentence, "Add a last [[network]] without `rooms`.")
            continue
        place, network = fitting[0]
        reason = network.impossible(room.size, room.types)
        if not findings.sound("room", index, "seats") or reason in told:
            continue
        if reason:
            told.add(reason)
            sentence = f"Room `{room.name}` can't have this network: {reason}"
            findings.wrong(
                (*place, *_to_blame(network, room)), sentence, "Change the network or the room's seats."
            )
        elif (
            network.kind == "edges" and findings.sound(*place, "edges") and (alone := _untied(network, room))
        ):
            sentence = f"In room `{room.name}`, slot {alone} has no neighbour."
            findings.note((*place, "edges"), sentence, "Add a tie for it unless that is meant.")


def _check_order(findings: Findings, rooms: tuple[RoomKind, ...], networks: tuple[Network, ...]) -> None:
    """A network that every room is too early for."""
    given = placed(findings, networks)
    for index, (place, network) in enumerate(given):
        mine = [room.name for room in rooms if room.name in network.rooms or not network.rooms]
        before = [one for _, one in given[:index]]
        if mine and all(any(name in one.rooms or not one.rooms for one in before) for name in mine):
            sentence = "No room has this network: each takes the first that is for it."
            findings.note(place, sentence, "Move it up, and put one without `rooms` last.")


def check_rounds(findings: Findings, networks: tuple[Network, ...], steps: tuple[Step, ...]) -> None:
    """What is planned for rounds that never come: only steps that repeat have any."""
    if not findings.sound("step") or not steps:
        return
    begin = beginnings(steps)
    rounds = sum(step.repeat for step in steps if step.name in begin)
    there = "no step repeats" if rounds == 0 else f"there are {rounds} rounds"
    cure = "Give the steps between which it changes a `repeat`."
    for place, network in placed(findings, networks):
        late = max((edge.nth for edge in network.edges), default=1)
        if network.rewire_by and rounds == 0:
            sentence = f"`{network.rewire_by}` is never called: it ties each further round, and {there}."
            findings.note((*place, "rewire_by"), sentence, cure)
        elif network.each_round == "new" and rounds == 0:
            sentence = f"The network stays the same: it is new in each further round, and {there}."
            findings.note((*place, "each_round"), sentence, cure)
        elif late > max(rounds, 1):
            sentence = f"The table has ties of round {late}, but {there}."
            findings.note((*place, "edges"), sentence, "Rounds count through all steps that repeat.")


def check_seen(findings: Findings, networks: tuple[Network, ...], steps: tuple[Step, ...]) -> None:
    """What steps show of neighbours, where the study has none."""
    if not findings.sound("network") or any(one.kind != "none" or one.rewire_by for one in networks):
        return
    for index, step in enumerate(steps):
        for nth, show in enumerate(step.show):
            if show.of == "neighbours":
                sentence = "Nobody has a neighbour in a network of kind none, so this shows nothing."
                findings.note(("step", index, "show", nth), sentence, 'Write of = "room".')
        if step.chat in ("neighbours", "direct"):
            sentence = "Nobody has a neighbour in a network of kind none, so there is nobody to talk with."
            findings.note(("step", index, "chat"), sentence, 'Write chat = "room".')


def placed(findings: Findings, networks: tuple[Network, ...]) -> list[tuple[Path, Network]]:
    """Each with where it stands: [network] has no number."""
    several = findings.given(("network", 0))
    return [(("network", index) if several else ("network",), one) for index, one in enumerate(networks)]


def _to_blame(network: Network, room: RoomKind) -> Path:
    """Where in the network's table stands what does not fit the room."""
    if network.kind == "edges":
        slots = (edge[:2] for edge in network.edges)
        outside = (
            at for at, edge in enumerate(slots) if any(edge) and not 1 <= min(edge) <= max(edge) <= room.size
        )
        return ("edges", next(outside, 0))
    blamed = {
        "scale_free": "attach",
        "cliques": "clique",
        "caveman": "clique",
        "pairs": "kind",
        "bipartite": "kind",
    }
    return (blamed.get(network.kind, "neighbours"),)


def _untied(network: Network, room: RoomKind) -> int | None:
    tied = {slot for edge in network.edges if edge.room in ("", room.name) for slot in edge[:2]}
    return next((slot for slot in range(1, room.size + 1) if slot not in tied), None)
