"""Who sees whom, from the [network] of study.toml."""

from app import networks
from app.networks import Network
from app.study_parts import MOST_SEATS
from app.study_source import Table

_KINDS_WITH = {
    "edges": ("edges",),
    "neighbours": ("lattice", "small_world", "random_regular"),
    "rewire": ("small_world",),
}


def read_network(study: Table) -> Network:
    network = study.table("network", "[network] with single brackets, and its settings below")
    if network is None:
        return Network("complete")
    kind = network.one_of("kind", networks.KINDS, "edges" if network.has("edges") else "complete")
    default = Network(kind)
    edges = _edges(network)
    neighbours = network.whole("neighbours", default.neighbours, largest=MOST_SEATS)
    rewire = network.decimal("rewire")
    if kind == "edges" and not network.has("edges"):
        network.wrong("edges", "The network's `edges` are missing.", "Add edges = [[1, 2], [2, 3]].")
    if rewire is not None and not 0 <= rewire <= 1:
        network.wrong("rewire", f"`rewire` is {rewire}, but is a probability.", "Write a number from 0 to 1.")
    if network.sound("kind"):
        for key, kinds in _KINDS_WITH.items():
            if network.has(key) and kind not in kinds:
                sentence = f"`{key}` means nothing in a network of kind {kind}."
                network.wrong(key, sentence, f"Remove it, or make the kind {' or '.join(kinds)}.")
    network.report_unknown_keys("[network]")
    return Network(kind, edges, neighbours, default.rewire if rewire is None else float(rewire))


def _edges(network: Table) -> tuple[tuple[int, int], ...]:
    value = network.value("edges")
    if value is None:
        return ()
    cure = "Write pairs of slots: edges = [[1, 2], [2, 3]]."
    if not isinstance(value, list) or not value:
        network.wrong("edges", "`edges` must be a list of pairs of slots.", cure)
        return ()
    found: list[tuple[int, int]] = []
    for index, pair in enumerate(value):
        place = (*network.path, "edges", index)
        if not isinstance(pair, list) or len(pair) != 2 or any(type(slot) is not int for slot in pair):
            network.findings.wrong(place, "This is not a pair of slots.", cure)
        elif pair[0] == pair[1]:
            network.findings.wrong(place, f"Slot {pair[0]} can't be tied to itself.", "Remove this pair.")
        elif (min(pair), max(pair)) in found:
            sentence = f"The tie between {pair[0]} and {pair[1]} stands twice."
            network.findings.wrong(place, sentence, "Remove one.")
        else:
            found.append((min(pair), max(pair)))
    return tuple(found)
