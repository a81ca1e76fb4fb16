"""What the dashboard shows of a session at one moment, made from a tick and the study."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from markupsafe import Markup

from app.recruiters.payouts import told_of_paid
from app.rooms.seating import missing, open_kinds
from app.study.model.entrance import AT_THE_DOOR, DECLINED, FAILED, FULL, SCREENED_OUT
from app.study.model.steps import AFTER, BEFORE
from app.study.model.study import ANY, RoomKind, Study
from app.web import templates
from app.web.fragments import fragment, sse
from app.web.kept import kept
from app.web.monitor.layout import FEW
from app.web.monitor.lights import lights, verdict
from app.web.monitor.ticks import STEP, Faces, RoomLine, Standing, Tick, Waiters

WIDTH, HEIGHT = 300.0, 22.0  # of the picture of those who wait, one row a type
BARS = 60
NAMED = 12  # seats of a room that has a card of its own: of more it says how many are in which state
AWAY = {
    FULL: "found it full",
    SCREENED_OUT: "screened out",
    FAILED: "failed the check",
    DECLINED: "declined",
}


@dataclass(frozen=True, slots=True)
class Need:
    """What a kind of room waits for."""

    kind: RoomKind
    lacking: Mapping[str, int]  # type → how many more
    opens_at: datetime | None  # when the first of those who wait has waited long enough for it
    made: int  # rooms of this kind so far
    in_all: Mapping[str, int]  # type → how many more for all that there may be; of a kind with an end


@dataclass(frozen=True, slots=True)
class WaitRow:
    """Those of one type who wait, drawn over how long they have: bars from 0 to the longest wait."""

    type: str
    people: int
    longest: int  # seconds
    bars: tuple[tuple[float, float], ...]  # x and height, in the units of the picture


@dataclass(frozen=True, slots=True)
class QuotaLine:
    """How full a quota is."""

    field: str
    words: str  # what somebody answers who counts in it
    taken: int
    most: int

    @property
    def is_full(self) -> bool:
        return self.taken >= self.most

    @property
    def share(self) -> float:
        """Of a hundred."""
        return round(100 * min(self.taken, self.most) / self.most, 1)


@dataclass(frozen=True, slots=True)
class Pool:
    """Who stands by."""

    people: int
    places: int  # 0: the study has none
    standing: Sequence[Standing]


def render_tick(tick: Tick, study: Study, wall: bool = False) -> bytes:
    """The dashboard's changing part, the same for all who watch; `wall`: as it is shown to a room."""
    content = templates.render(
        "admin/_wall.html" if wall else "admin/_tick.html", **tick_context(tick, study, wall)
    )
    return sse(fragment("#tick", "innerMorph", content))


def tick_context(tick: Tick, study: Study, wall: bool = False) -> dict[str, object]:
    made: dict[str, int] = {}
    for room in tick.rooms:
        made[room.kind] = made.get(room.kind, 0) + 1
    types = [*tick.waiting, *(type_ for room in tick.rooms for type_ in room.types)]
    numbers, begun = type_numbers(study, types), tick.session.status != "open"
    found, rooms = lights(tick), f"/admin/sessions/{tick.session.id}/rooms/"
    counts, in_all = tick.counts, still_needed(study, made, tick.waiting)
    return dict(
        tick=tick,
        alone=[one for one in (BEFORE, AFTER) if study.first(one) is not None or counts[one]],
        study=study,
        talks=any(step.talks for step in study.all_steps),
        lights=found,
        verdict=verdict(found),
        told_of_paid=told_of_paid(tick.totals.paid),
        needs=[
            Need(
                kind,
                missing(kind, tick.waiting),
                _opens_at(kind, tick) if begun else None,
                made.get(kind.name, 0),
                in_all.get(kind.name, {}),
            )
            for kind in open_kinds(study, made)
        ],
        turned_away=turned_away_lines(study, tick.turned_away),
        quotas=quota_lines(study, tick.taken),
        pool=pool_of(study, tick.standing),
        longest=study.lobby.longest(begun),
        waits=wait_rows(tick.waiters, study.lobby.longest(begun)),
        marks=sorted({_across(kind.after, study) for kind in study.rooms if kind.after and begun}),
        type_numbers=numbers,
        room_items=_room_cards(tick, study, numbers, rooms)
        if tick.faces and not wall
        else room_items(tick.rooms, study, numbers, rooms),
    )


def still_needed(
    study: Study, made: Mapping[str, int], waiting: Mapping[str, int]
) -> dict[str, dict[str, int]]:
    """Kind → type → how many more people all rooms of it need that have yet to open; of kinds with an end.

    Whoever waits is counted for the first kind, in the study's order, that has a seat for them.
    """
    spare, needed = dict(waiting), dict[str, dict[str, int]]()
    for kind in open_kinds(study, made):
        if kind.count is None:
            continue
        lacking: dict[str, int] = {}
        for type_, seats in sorted(kind.seats.items(), key=lambda one: one[0] == ANY):
            count = seats * (kind.count - made.get(kind.name, 0))
            for own in list(spare) if type_ == ANY else [type_]:
                taken = min(count, spare.get(own, 0))
                spare[own], count = spare.get(own, 0) - taken, count - taken
            if count:
                lacking[type_] = count
        needed[kind.name] = lacking
    return needed


def quota_lines(study: Study, taken: Mapping[int, int]) -> list[QuotaLine]:
    """`taken`: quota, by place in the study → people let in."""
    return [
        QuotaLine(quota.field, quota.words, taken.get(nth, 0), quota.most)
        for nth, quota in enumerate(study.quotas)
    ]


def turned_away_lines(study: Study, people: Mapping[str, int]) -> list[tuple[str, int]]:
    """How many did not get past the door, by outcome in words; those that the study has, and any other there is."""
    there = [one for one in AT_THE_DOOR if one in study.ends_at_door or people.get(one)]
    return [(AWAY[one], people.get(one, 0)) for one in there]


def pool_of(study: Study, standing: Sequence[Standing]) -> Pool:
    return Pool(sum(one.people for one in standing), study.standby.places if study.standby else 0, standing)


def wait_rows(waiters: Sequence[Waiters], longest: float) -> list[WaitRow]:
    """A row for each type, in the order of `waiters`; `longest`: seconds that anybody waits at most."""
    bar = max(longest / BARS, STEP)
    counts: dict[str, dict[int, int]] = {}
    for one in waiters:
        row = counts.setdefault(one.type, {})
        index = min(int(one.waited / bar), BARS - 1)
        row[index] = row.get(index, 0) + one.people
    most = max((count for row in counts.values() for count in row.values()), default=1)
    width = WIDTH * bar / longest
    return [
        WaitRow(
            type_,
            sum(row.values()),
            max(one.waited for one in waiters if one.type == type_),
            tuple(
                (round(index * width, 1), round(max(3.0, HEIGHT * n / most), 1)) for index, n in row.items()
            ),
        )
        for type_, row in counts.items()
    ]


def type_numbers(study: Study, types: Sequence[str]) -> dict[str, int]:
    """Which of the four shapes and colours each type has: by the study's order, else by the alphabet."""
    return {type_: number % 4 + 1 for number, type_ in enumerate(study.types or sorted(set(types)))}


def room_items(
    found: Sequence[RoomLine], study: Study, numbers: Mapping[str, int], address: str, keep: bool = True
) -> Markup:
    """`address`: what those of their pages begin with. `keep`: most of them will look so again in a second."""
    draw = _kept_room_item if keep else _room_item
    return Markup("").join(
        draw(
            rooms=address,
            id=room.id,
            kind=room.kind,
            number=room.number,
            status="stopped" if room.stopped else room.status,
            outcome=room.outcome,
            position=room.position - study.opens_at,
            step=room.step,
            round=room.round,
            steps=len(study.part_of(room.position)),
            types=tuple([numbers.get(type_, 4) for type_ in room.types]),
            states=tuple(room.states),
            asked=room.asked,
        )
        for room in found
    )


def _room_cards(tick: Tick, study: Study, numbers: Mapping[str, int], address: str) -> Markup:
    """A few rooms with their people by name."""
    paused = tick.session.paused_at
    return Markup("").join(
        Markup(
            templates.render(
                "admin/_room_card.html",
                room=room,
                rooms=address,
                seats=_seats_of(room, tick.faces[room.id], numbers) if len(room.states) <= NAMED else (),
                counts=Counter(room.states),
                face=tick.faces[room.id],
                nth=room.position - study.opens_at + 1,
                steps=len(study.part_of(room.position)),
                rounds=study.plan[room.position].step.repeat,
                asks=bool(study.plan[room.position].step.fields),
                talks=bool(study.plan[room.position].step.talks),
                at=paused or tick.at,
                paused=bool(paused),
            )
        )
        for room in tick.rooms
        if room.id in tick.faces
    )


def _seats_of(room: RoomLine, face: Faces, numbers: Mapping[str, int]) -> list[tuple[str, int, str]]:
    """Label, number of the type, state."""
    return [
        (label, numbers.get(type_, 4), state)
        for label, type_, state in zip(face.labels, room.types, room.states, strict=False)
    ]


def _room_item(states: tuple[str, ...], **room: object) -> Markup:
    return Markup(
        templates.render("admin/_room_item.html", few=FEW, counts=Counter(states), states=states, **room)
    )


_kept_room_item = kept(5000, by=lambda **room: tuple(room.values()))(_room_item)


def _opens_at(kind: RoomKind, tick: Tick) -> datetime | None:
    """None for a kind that needs no waiting, or if nobody waits for it."""
    since = [since for type_, since in tick.longest.items() if type_ in kind.seats or "any" in kind.seats]
    return min(since) + timedelta(seconds=kind.after) if kind.after and since else None


def _across(seconds: float, study: Study) -> float:
    return round(WIDTH * min(1.0, seconds / study.lobby.max_wait), 1)
