"""What others did, as a step shows it: answers to earlier rounds, or to this one as they come."""

from __future__ import annotations

import json
import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from app.database.connections import Connection
from app.database.queries import Queries
from app.rooms import parts
from app.rooms.limits import Told, last_before, last_said, rounds_until, sources, told_last
from app.rooms.rooms import RoomView, Seat
from app.rooms.summaries import SUMS, Tally, counted, summed
from app.study.model.fields import Cell, Field, plain_number
from app.study.model.steps import SEEN, Show, Step
from app.study.model.study import Position, Study
from app.study.page_words import asked_by

SQL = Queries(__name__)
TOGETHER = ("mean", *SUMS, "count", "bars")  # looks that give away nobody's answer by itself
WIDTH = 300.0  # of a picture
COLUMNS = 4  # people, or rounds, in small tables: as many as a phone has room for
# Of a picture of people: where one sits oneself, and how far off others
MIDDLE, AROUND = (160.0, 112.0), (122.0, 80.0)


@dataclass(frozen=True, slots=True)
class AnswerRow:
    """What one person answered, by round; None where nothing came."""

    seat: Seat
    values: tuple[str | None, ...]
    # Of answers in several rows, by row: the same as a small table
    cells: tuple[Mapping[str, Cell], ...] = ()


@dataclass(frozen=True, slots=True)
class Dot:
    """An answer in a picture: how far from the left, and of whom."""

    x: float
    seat: Seat
    value: str


@dataclass(frozen=True, slots=True)
class Node:
    """Somebody in a picture of those whom the player sees, with what they chose and its colour; empty: nothing yet."""

    x: float
    y: float
    seat: Seat
    value: str
    swatch: str
    same: bool  # as the player


@dataclass(frozen=True, slots=True)
class Other:
    """Somebody whom a question is about, and their last answer to the field that it names; "" if there is none."""

    seat: Seat
    is_seen: bool  # by the player who is asked
    answer: str


@dataclass(frozen=True, slots=True)
class Shown:
    """One question as it was answered, for one player's page."""

    show: Show
    field: Field
    rounds: tuple[int, ...]
    lines: tuple[AnswerRow, ...]  # of those whom the player sees, by slot
    mean: str  # of the last round's answers, where they are numbers; empty if there are none
    dots: tuple[Dot, ...]  # the same answers in a picture
    ends: tuple[str, str]  # of the picture: left and right
    # Of a picture of choices: the player first, in the middle, and the others around
    nodes: tuple[Node, ...] = ()
    total: str = (
        ""  # the sum, the least or the most of all that is shown, as `look` says; "" if that is nothing
    )
    counts: tuple[Tally, ...] = ()  # how many gave each answer, where `look` says so

    @property
    def same(self) -> int:
        """How many of the others chose what the player chose."""
        return sum(node.same for node in self.nodes[1:])

    @property
    def rows(self) -> tuple[str, ...]:
        """Of answers in several rows all of these, where small tables have room for whoever gave them."""
        columns = [by_row for line in self.lines for by_row in line.cells]
        return tuple(dict.fromkeys(row for by_row in columns for row in by_row))

    @property
    def empty(self) -> bool:
        return not any(value is not None for line in self.lines for value in line.values)


def wanted(study: Study, position: Position) -> dict[Show, tuple[Position, ...]]:
    """What this page shows → the positions whose answers it needs, in order."""
    found = {}
    shows = (
        show if step == show.step else replace(show, step=step)
        for show in position.step.show
        for step in show.steps
    )
    for show in shows:  # where it was asked of others, nobody here has answered it, and nothing is shown
        before = [one for one in study.plan[: position.index] if one.step.name == show.step]
        if show.round == "last" and before:
            before = list(reversed(rounds_until(study, before[-1])))
        found[show] = (position,) if show.round == "now" else tuple(before)
    return found


def keys_told(study: Study, position: Position) -> list[tuple[str, int, str]]:
    """Step, round and field of all that any page of a room shows at this position."""
    keys = [
        (one.step.name, one.round, show.field)
        for show, positions in wanted(study, position).items()
        for one in positions
    ]
    here = position.step.name, position.round
    keys += [(*here, one.mediator) for one in position.step.channels if one.mediator]
    named = sources(study, position)
    named |= {name: last_said(study, position, name) for _, name in asked_by(study, position.step)}
    named |= {one.about: last_before(study, position, one.about) for one in position.step.fields if one.about}
    keys += [(one.step.name, one.round, name) for name, places in named.items() for one in places]
    for field in position.step.fields:
        if field.of not in ("", *SEEN):
            keys.append((position.step.name, position.round, field.of))
    return keys


async def told_in(
    conn: Connection, room_id: int, study: Study, position: Position, slots: Collection[int] | None = None
) -> Told:
    """What pages of a room show at this position. With `slots`: of these alone."""
    keys = keys_told(study, position)
    if not keys:
        return {}
    steps, rounds, fields = map(list, zip(*keys, strict=True))
    of = None if slots is None else list(slots)
    found = await conn.execute(
        SQL["told_in"], dict(room_id=room_id, steps=steps, rounds=rounds, fields=fields, slots=of)
    )
    told = {(slot, step, round, field): value for slot, step, round, field, value in await found.fetchall()}
    if any(study.step_named(step).during != position.step.during for step in steps):
        for _, step, round, slot, field, value in await parts.said_elsewhere(conn, study, [room_id]):
            if (step, round, field) in keys and (slots is None or slot in slots):
                told[slot, step, round, field] = value
    return told


def shown_to(study: Study, position: Position, view: RoomView, me: Seat, told: Told) -> tuple[Shown, ...]:
    """For the page of whoever sits in `me`; without what nobody has answered yet, unless it changes as they do, and
    without what a hook has not computed for them."""
    found, places = list[Shown](), wanted(study, position)
    for show in dict.fromkeys(position.step.show):
        seats, steps, here = seats_of(view, me, show.of), show.steps, told
        answered = _answered(study, show, seats, told)
        uneven = len({step.repeat for step in answered}) > 1
        if len(answered) > 1:
            longest = max(answered, key=lambda step: step.repeat).name
            steps, here = (longest,), _as_one(show, longest, told)
        for one in (show if step == show.step else replace(show, step=step) for step in steps):
            found.append(_shown(study, one, places[one], seats, me, here, uneven))
    return tuple(one for one in found if (one.show.round == "now" and not one.show.hook) or not one.empty)


def others_of(
    study: Study, position: Position, view: RoomView, me: Seat, told: Told, field: Field
) -> tuple[Other, ...]:
    """Those of whom a question of kind each asks the player in `me`: they still play, or a bot does."""
    here = (me.slot, position.step.name, position.round, field.of)
    slots = {seat.slot for seat in seats_of(view, me, field.of)}
    if field.of not in SEEN:
        slots = set(json.loads(told.get(here) or "[]"))
    places = last_before(study, position, field.about) if field.about else ()
    about = places[0].step.field_named(field.about) if places else None

    def answer(seat: Seat) -> str:
        last = told_last(told, seat.slot, field.about, places)
        return about.shown(last[1]) if about and last else ""

    return tuple(
        Other(seat, view.weight(me.slot, seat.slot) is not None, answer(seat))
        for seat in view.seats
        if seat.slot in slots and seat.slot != me.slot and seat.is_taken
    )


def seats_of(view: RoomView, me: Seat, of: str) -> tuple[Seat, ...]:
    if of == "me":
        return (me,)
    if of == "room":
        return view.seats
    return view.neighbours(me.slot)


def _answered(study: Study, show: Show, seats: Sequence[Seat], told: Told) -> list[Step]:
    """At which places of the study these were asked: some at one, and others at another."""
    if not show.also:
        return []
    slots = {seat.slot for seat in seats}
    asked = {
        step for (slot, step, _, name), said in told.items() if name == show.field and said and slot in slots
    }
    return [study.step_named(step) for step in show.steps if step in asked]


def _as_one(show: Show, place: str, told: Told) -> Told:
    """As if all had been asked at this one of the places."""
    elsewhere = {
        (slot, place, round_, name): said
        for (slot, step, round_, name), said in told.items()
        if name == show.field and step in show.steps
    }
    return {**elsewhere, **{key: said for key, said in told.items() if said}}


def _shown(
    study: Study,
    show: Show,
    positions: Sequence[Position],
    seats: Sequence[Seat],
    me: Seat,
    told: Told,
    uneven: bool,
) -> Shown:
    """`uneven`: in which round each was last asked differs."""
    step = positions[0].step if positions else study.step_named(show.step)
    field = next(one for one in (*step.fields, *step.results) if one.name == show.field)

    places = tuple(reversed(positions))
    if step.may_end_early and show.round != "now":
        reached = [
            one[0].index for seat in (me, *seats) if (one := told_last(told, seat.slot, field.name, places))
        ]
        positions = [one for one in positions if one.index <= max(reached, default=-1)]
    if show.round == "last":
        positions = positions[-1:]

    def value(seat: Seat, position: Position) -> str | None:
        if show.round == "last" and (step.own_pace or uneven):
            found = told_last(told, seat.slot, field.name, places)
            return found[1] if found else None
        return told.get((seat.slot, position.step.name, position.round, field.name)) or None

    few = len(seats) <= COLUMNS and len(positions) <= COLUMNS

    def line(seat: Seat) -> AnswerRow:
        every = [value(seat, one) for one in positions]
        shown = tuple([None if said is None else field.shown(said) for said in every])
        cells = [{one.row: one for one in field.kind.cells(field, said or "")} for said in every if few]
        return AnswerRow(seat, shown, tuple(cells))

    lines = tuple([line(seat) for seat in seats])
    rounds = tuple(one.round for one in positions)
    if field.swatches and show.look == "picture" and positions:
        chosen = {seat: value(seat, positions[-1]) or "" for seat in (me, *seats)}
        return Shown(show, field, rounds, lines, "", (), ("", ""), _nodes(field, me, chosen))
    if show.look in TOGETHER[1:]:
        every = [said for seat in seats for one in positions if field.says(said := value(seat, one) or "")]
        if show.look in SUMS:
            total = summed(field, show.look, every)
            return Shown(show, field, rounds, lines, "", (), ("", ""), total=total)
        mine = [value(me, one) or "" for one in positions if me in seats]
        own = [said for said in mine if field.says(said)]
        counts = counted(field, every, own)
        return Shown(show, field, rounds, lines, "", (), ("", ""), counts=counts)
    final = [(seat, value(seat, positions[-1]) or "") for seat in seats] if positions else []
    last = [(seat, said) for seat, said in final if field.says(said)]
    if not field.kind.is_number or not last or show.look not in ("mean", "picture"):
        return Shown(show, field, rounds, lines, "", (), ("", ""))
    return _averaged(show, field, rounds, lines, last)


def _averaged(
    show: Show,
    field: Field,
    rounds: tuple[int, ...],
    lines: tuple[AnswerRow, ...],
    last: Sequence[tuple[Seat, str]],
) -> Shown:
    """`last`: what each said in the last round, where they said something."""
    numbers = [Decimal(said) for _, said in last]
    mean = round(sum(numbers, Decimal(0)) / len(numbers), _places(numbers))
    low = field.min if field.min is not None else min(numbers)
    high = field.max if field.max is not None else max(numbers)
    span = high - low or Decimal(1)
    dots = tuple(
        Dot(round(float((Decimal(said) - low) / span) * WIDTH, 1), seat, field.shown(said))
        for seat, said in last
    )
    ends = field.low or field.shown(plain_number(low)), field.high or field.shown(plain_number(high))
    return Shown(show, field, rounds, lines, plain_number(mean).replace(".", field.point), dots, ends)


def _nodes(field: Field, me: Seat, chosen: Mapping[Seat, str]) -> tuple[Node, ...]:
    """The player in the middle, and the others around by slot; nobody right below, where the player's name stands."""
    others = [seat for seat in chosen if seat.slot != me.slot]
    mine = chosen[me]
    nodes = [Node(*MIDDLE, me, mine, field.swatch(mine), False)]
    for index, seat in enumerate(others):
        angle = math.tau * (index + (0 if len(others) % 2 else 0.5)) / len(others)
        x, y = MIDDLE[0] + AROUND[0] * math.sin(angle), MIDDLE[1] - AROUND[1] * math.cos(angle)
        said = chosen[seat]
        nodes.append(
            Node(round(x, 1), round(y, 1), seat, said, field.swatch(said), bool(mine) and said == mine)
        )
    return tuple(nodes)


def _places(numbers: Sequence[Decimal]) -> int:
    """One decimal more than the answers have: a mean of whole numbers is no whole number."""
    return 1 + max(max(0, -int(number.as_tuple().exponent)) for number in numbers)
