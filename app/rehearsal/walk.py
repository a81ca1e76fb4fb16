"""A walk through a study: its pages as people see them, drawn for people who are made up.

Nobody plays, no hook is called and nothing is stored: what others said is made up, as it is for a trial of pages.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from app.database import clock
from app.players.pay import account_of
from app.players.players import Player
from app.rehearsal.page_trial import ASIDE, later, made_up_player, told_until, view_of
from app.rehearsal.pasts import pasts_of
from app.rooms.limits import Told
from app.rooms.paths import who_is
from app.rooms.prospects import prospects
from app.rooms.receipts import Saved
from app.rooms.rooms import RoomView, Seats
from app.study.model.steps import AFTER, BEFORE, ROLE
from app.study.model.study import ANY, Position, RoomKind, Study
from app.web.live.done_place import DonePlace
from app.web.live.glass import behind_glass
from app.web.live.lobby_place import LobbyPlace
from app.web.live.places import Place, RoomPlace
from app.web.play_page import door_to_look_at

SEATS = 4  # pages beside each other
MOST = 64  # combinations of treatments to choose from


@dataclass(frozen=True, slots=True)
class Station:
    """A place on the way through a study. `position`: of the plan; None at the door, in the lobby and at the end."""

    part: str  # "door", "before", "lobby", "room", "after" or "end"
    name: str
    position: Position | None = None


@dataclass(frozen=True, slots=True)
class Look:
    """Where one looks, and as whom: numbers count from 0, and what there is not is the first there is.

    `seat`: the first of those in a row. `answered`: as others, and they, have answered.
    """

    at: int = 0
    kind: str = ""
    treatment: int = 0
    seat: int = 1
    answered: bool = False
    language: str = ""


@dataclass(frozen=True, slots=True)
class Sight:
    """What one of them sees: a document for a frame without any rights. `note`: what to know of it."""

    title: str
    document: str
    note: str = ""


def stops_of(study: Study) -> list[Station]:
    """In the order in which somebody comes to them; of a step that repeats the first round and the last."""
    found = [Station("door", "The door"), *_steps(study, BEFORE)]
    if study.rooms:
        found += [Station("lobby", "The lobby"), *_steps(study, "playing")]
    found += _steps(study, AFTER)
    return found + [Station("end", outcome) for outcome in study.finish.codes]


def treatments_of(study: Study) -> list[dict[str, str]]:
    """Each combination of levels, one empty where there are no treatments; as many as one can choose from."""
    levels = [[(one.name, level) for level in one.levels] for one in study.treatments]
    return [dict(some) for some in itertools.islice(itertools.product(*levels), MOST)]


def pages_at(study: Study, look: Look) -> list[Sight]:
    """What everybody sees there, or four of them where more are in a room."""
    stops, choices = stops_of(study), treatments_of(study)
    stop = stops[look.at if 0 <= look.at < len(stops) else 0]
    treatment = choices[look.treatment if 0 <= look.treatment < len(choices) else 0]

    study = study.said_in(look.language) if look.language in study.spoken else study
    player = replace(made_up_player(study), treatment=treatment)
    if past := next(iter(pasts_of(study)), None):
        player = replace(player, earlier=past)
    if stop.part == "door":
        return [Sight("Somebody who comes", door_to_look_at(study))]
    if stop.part == "lobby":
        return list(_lobby(study, player))
    if stop.part == "end":
        return [Sight("Somebody for whom it ended so", _shown(_end(study, player, stop.name)))]
    assert stop.position is not None
    if stop.position.step.is_solo:
        return [_alone(study, player, stop.position, look.answered)]
    kind = next((one for one in study.rooms if one.name == look.kind), study.rooms[0])
    return list(_room(study, kind, player, stop.position, look))


def _steps(study: Study, during: str) -> list[Station]:
    some = [one for one in study.plan if one.step.during == during]
    seen = [one for one in some if one.round in (1, one.step.repeat)]
    part = "room" if during == "playing" else during
    return [
        Station(part, f"{one.step.name} {one.round}" if one.step.repeat > 1 else one.step.name, one)
        for one in seen
    ]


def _shown(place: Place) -> str:
    return behind_glass(place.study, place.html())


def _lobby(study: Study, player: Player) -> Iterator[Sight]:
    """Of each type, who waits alone."""
    types = study.types or ("",)
    waits_for = prospects(study, dict.fromkeys(types, 1), {})
    for type_ in types[:SEATS]:
        waiting = replace(player, type=type_, status="waiting", session_status="running")
        place = LobbyPlace(waiting, study, waits_for[type_], 1, 1, 1, ASIDE)
        yield Sight(f"Somebody who waits as {type_}" if type_ else "Somebody who waits", _shown(place))


def _end(study: Study, player: Player, outcome: str) -> DonePlace:
    code = study.finish.codes[outcome]
    done = replace(player, status="finished", outcome=outcome, code=code, finished_at=clock.now())
    account = account_of(study, done, [], clock.now()) if study.pays else None
    return DonePlace(done, study, Saved([1], "digest", 0), 1, 1, ASIDE, account)


def _alone(study: Study, player: Player, position: Position, answered: bool) -> Sight:
    step = position.step
    outcome = next(iter(step.also), "complete") if not step.follows("complete") else "complete"
    player = replace(player, status=step.during)
    if step.during == AFTER:
        player = replace(player, outcome=outcome, code=study.finish.codes[outcome])
        player = replace(player, room_id=1, slot=1) if study.rooms else player
    view = view_of(RoomKind(step.during, {ANY: 1}), position, [player.type], (), player.treatment)
    place = RoomPlace(player, study, view, view.seats[0], "key", ASIDE, at=position.index)
    note = "" if step.is_for(player.treatment) else "Not shown to whoever got this treatment."
    return Sight("Somebody alone", _shown(_as_it_stands(place, answered, {})), note)


def _room(study: Study, kind: RoomKind, player: Player, position: Position, look: Look) -> Iterator[Sight]:
    types = [(study.types or ("",))[0] if one == ANY else one for one in kind.types]
    ties = study.network_of(kind.name).ties(kind.size, 1, types, kind.name)
    view = view_of(kind, position, types, ties, player.treatment)
    roles = _roles(study, position, kind.size)
    asked = [position.step.is_for(who_is(player.treatment, roles.get(one.slot, ""))) for one in view.seats]
    seats = Seats(replace(seat, asked=is_asked) for seat, is_asked in zip(view.seats, asked, strict=True))
    view = RoomView(view.room, seats, view.ties)
    first = look.seat if 1 <= look.seat <= kind.size else 1
    for seat in seats[first - 1 : first - 1 + SEATS]:
        sits = replace(player, id=seat.slot, slot=seat.slot, type=seat.type, room_id=1)
        role = roles.get(seat.slot, "")
        place = RoomPlace(sits, study, view, seat, "key", ASIDE, at=position.index, role=role)
        place = _as_it_stands(place, look.answered, _dealt(study, position, roles))
        title = " · ".join(one for one in (seat.alias, seat.type, role) if one)
        yield Sight(title, _shown(place), "" if seat.asked else "Waits while others are asked.")


def _as_it_stands(place: RoomPlace, answered: bool, dealt: Told) -> RoomPlace:
    if answered:
        place = later(place)
        seats = Seats(replace(one, status="playing") for one in place.view.seats)  # nobody has left
        view = RoomView(place.view.room, seats, place.view.ties)
        return replace(place, view=view, me=seats[place.me.slot - 1], told={**place.told, **dealt})
    told = told_until(place, place.position.index - 1, place.is_solo or bool(place.study.rooms))
    return replace(place, told={**told, **dealt})


def _roles(study: Study, position: Position, size: int) -> Mapping[int, str]:
    """Dealt in the order of their names, over the seats; the next round's begin one further where they change."""
    if study.roles is None:
        return {}
    names: Sequence[str] = study.roles.names
    turn = position.round - 1 if study.roles.change else 0
    return {slot: names[(slot - 1 + turn) % len(names)] for slot in range(1, size + 1)}


def _dealt(study: Study, position: Position, roles: Mapping[int, str]) -> Told:
    dealt = [one for one in study.plan[: position.index + 1] if study.deals_at(one.index)]
    return {(slot, one.step.name, one.round, ROLE): role for one in dealt for slot, role in roles.items()}
