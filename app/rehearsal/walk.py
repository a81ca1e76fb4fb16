"""A walk through a study: its pages as people see them, drawn for people who are made up.

Nobody plays, no hook is called and nothing is stored: what others said is made up, as it is for a trial of pages.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from app.players.players import Player
from app.rehearsal.made_up_places import (
    done_place,
    later,
    lobby_place,
    made_up_player,
    room_place,
    solo_place,
    told_until,
    view_of,
)
from app.rehearsal.pasts import pasts_of
from app.rehearsal.walked_rooms import WalkedRoom, said_by
from app.rooms.paths import who_is
from app.rooms.rooms import RoomView, Seats
from app.study.model.steps import AFTER, BEFORE
from app.study.model.study import Position, RoomKind, Study
from app.web.doorway import door_to_look_at
from app.web.live.glass import behind_glass
from app.web.live.places import Place, RoomPlace

SEATS = 4  # pages beside each other


@dataclass(frozen=True, slots=True)
class Station:
    """A place on the way through a study: the one `at` this number of all that there are, whoever comes to them.

    `position`: of the plan; None at the door, in the lobby and at the end.
    """

    at: int
    part: str  # "door", "before", "lobby", "room", "after" or "end"
    name: str
    position: Position | None = None


@dataclass(frozen=True, slots=True)
class Look:
    """Where one looks, and as whom. `treatment`: factor → level, everybody's here. `seat`: the first of a row, from 1.
    `answered`: as others, and they, have answered."""

    at: int = 0
    kind: str = ""
    treatment: Mapping[str, str] = field(default_factory=dict)
    seat: int = 1
    answered: bool = False
    language: str = ""


@dataclass(frozen=True, slots=True)
class Sight:
    """What one of them sees: a document for a frame without any rights. `note`: what to know of it."""

    title: str
    document: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Walk:
    """`look`: as it was taken. `stops`: where they come to whom one looks at, in this order. `people`: how many see
    something of their own at the one that is looked at; `pages` has a row of them."""

    look: Look
    stops: Sequence[Station]
    people: int
    pages: Sequence[Sight]


def walk(study: Study, asked: Look) -> Walk:
    """What there is not is the first there is, and a place to which nobody comes whom one looks at is the next."""
    levels = {one.name: (asked.treatment.get(one.name, ""), one.levels) for one in study.treatments}
    treatment = {name: level if level in some else some[0] for name, (level, some) in levels.items()}
    kind = next((one for one in study.rooms if one.name == asked.kind), next(iter(study.rooms), None))
    room = WalkedRoom(study, kind, treatment) if kind else None
    every = _stations(study)
    stops = [one for one in every if _comes(one, room, treatment)]
    at = asked.at if 0 <= asked.at < len(every) else 0
    stop = next((one for one in stops if one.at >= at), stops[-1])

    people = _people(study, kind, stop)
    first = 1 + (asked.seat - 1) // SEATS * SEATS if 1 <= asked.seat <= people else 1
    language = asked.language if asked.language in study.spoken else ""
    look = Look(stop.at, kind.name if kind else "", treatment, first, asked.answered, language)
    return Walk(look, stops, people, list(_pages(study.said_in(language), room, stop, look)))


def _stations(study: Study) -> list[Station]:
    """In the order in which somebody comes to them; of a step that repeats the first round and the last."""
    found: list[tuple[str, str, Position | None]] = [("door", "The door", None), *_steps(study, BEFORE)]
    if study.rooms:
        found += [("lobby", "The lobby", None), *_steps(study, "playing")]
    found += [*_steps(study, AFTER), *(("end", outcome, None) for outcome in study.finish.codes)]
    return [Station(at, *one) for at, one in enumerate(found)]


def _steps(study: Study, during: str) -> Iterator[tuple[str, str, Position | None]]:
    part = "room" if during == "playing" else during
    for one in study.plan:
        if one.step.during == during and one.round in (1, one.step.repeat):
            yield part, f"{one.step.name} {one.round}" if one.step.repeat > 1 else one.step.name, one


def _comes(station: Station, room: WalkedRoom | None, treatment: Mapping[str, str]) -> bool:
    """Whether anybody does whom one looks at, or who is in the room with them."""
    if station.position is None:
        return True
    if station.position.step.is_solo:
        return station.position.step.is_for(treatment)
    return room is not None and room.comes_to(station.position)


def _people(study: Study, kind: RoomKind | None, stop: Station) -> int:
    if stop.part == "room" and kind:
        return kind.size
    return len(study.types) or 1 if stop.part == "lobby" else 1


def _pages(study: Study, room: WalkedRoom | None, stop: Station, look: Look) -> Iterator[Sight]:
    player = replace(made_up_player(study), treatment=look.treatment)
    if past := next(iter(pasts_of(study)), None):
        player = replace(player, earlier=past)
    row = slice(look.seat - 1, look.seat - 1 + SEATS)
    if stop.part == "door":
        yield Sight("Somebody who comes", door_to_look_at(study))
    elif stop.part == "lobby":
        for type_ in (study.types or ("",))[row]:
            title = f"Somebody who waits as {type_}" if type_ else "Somebody who waits"
            yield Sight(title, _shown(lobby_place(study, player, type_)))
    elif stop.position is None:
        yield Sight("Somebody for whom it ended so", _shown(done_place(study, player, stop.name)))
    elif stop.position.step.is_solo:
        yield _alone(study, room, player, stop.position, look.answered)
    elif room:
        yield from _room(study, room, player, stop.position, look.answered, row)


def _shown(place: Place) -> str:
    return behind_glass(place.study, place.html())


def _alone(
    study: Study, room: WalkedRoom | None, player: Player, position: Position, answered: bool
) -> Sight:
    step = position.step
    outcome = next(iter(step.also), "complete") if not step.follows("complete") else "complete"
    place = solo_place(study, player, position, outcome)
    return Sight("Somebody alone", _shown(_as_it_stands(place, room, answered)))


def _room(
    study: Study, room: WalkedRoom, player: Player, position: Position, answered: bool, row: slice
) -> Iterator[Sight]:
    view = view_of(room.kind, position, room.types, room.ties_at(position.index), player.treatment)
    roles = room.roles_at(position.index)
    asked = [position.step.is_for(who_is(player.treatment, roles.get(one.slot, ""))) for one in view.seats]
    seats = Seats(replace(seat, asked=is_asked) for seat, is_asked in zip(view.seats, asked, strict=True))
    view = RoomView(view.room, seats, view.ties)
    for seat in seats[row]:
        place = room_place(study, player, view, seat.slot, roles.get(seat.slot, ""))
        place = _as_it_stands(place, room, answered)
        title = " · ".join(one for one in (seat.alias, seat.type, place.role) if one)
        yield Sight(title, _shown(place), "" if seat.asked else "Waits while others are asked.")


def _as_it_stands(place: RoomPlace, room: WalkedRoom | None, answered: bool) -> RoomPlace:
    here, study = place.position, place.study
    if answered:
        place = later(place)
        seats = Seats(replace(one, status="playing") for one in place.view.seats)  # nobody has left
        view = RoomView(place.view.room, seats, place.view.ties)
        place = replace(place, view=view, me=seats[place.me.slot - 1])
    else:
        place = replace(place, told=told_until(place, here.index - 1))
    dealt = room.dealt_until(here.index) if room else {}
    return replace(place, told={**said_by(place.told, study, room, place.player.treatment), **dealt})
