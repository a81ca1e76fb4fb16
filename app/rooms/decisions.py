"""Decisions: what happens between two steps of rooms of the database, where more does than that the next one opens.

What it is, `steps` knows. All of it is one transaction, in which the rooms are locked: of each it all happened, or
nothing did. Where a hook fails, nothing did, and the room waits for the researcher.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from app.database.connections import Connection
from app.database.queries import Queries, array
from app.players import pay, players
from app.players.pay import Given
from app.rooms import moves, parts, rooms, ties
from app.rooms.changes import Change, Earned, Ended, Left, Opened, Rewired, Stored
from app.rooms.earlier import earlier_in
from app.rooms.hearing import Hearing, Line
from app.rooms.rooms import DueRoom
from app.rooms.steps import Course
from app.rooms.ties import Wiring
from app.study.earlier import hooks_ask_earlier
from app.study.hooks import answers, networklab
from app.study.hooks.answers import read_value
from app.study.hooks.pool import AT_ONCE, HookError, Hooks, HookTurn
from app.study.model.networks import Tie
from app.study.model.study import Position, Study

SQL = Queries(__name__)
TOGETHER = 8  # rooms of a batch that ask at the same time, where what they ask goes together
QUICK = 0.1  # seconds: where one of them takes longer, no more ask than there are processes
LONG = 0.3  # seconds in which rooms are decided on together: then they are not kept waiting for more of them
SLOW = 10  # times as long as it took to decide on one of them, and they are not kept waiting for another one either


@dataclass(frozen=True, slots=True)
class Decided:
    """What came of several rooms that were to move on: whose hook failed, and which have yet to be decided on.

    Of these, `slow` are better decided on alone: their hooks take their time. Nothing of theirs was stored.
    """

    failed: Mapping[int, HookError]
    slow: Collection[int]
    left: Collection[int]


class Place(NamedTuple):
    """Where a room is in the plan; `outcome`: how it ended for whoever goes through what comes after a room."""

    at: int
    outcome: str = "complete"


async def move_on(conn: Connection, hooks: Hooks, study: Study, due: DueRoom) -> None:
    """A room of a study that decides goes to its next step, or ends. Its row must be locked. Raises HookError."""
    if due.deserted:
        await parts.end(conn, [due.id], "complete", study)
        return
    async with hooks.turn(study) as turn:
        course = await course_of(conn, turn, study, due.id, Place(due.position, due.outcome or "complete"))
        await _close(conn, {due.id: course}, [due])
        await course.move_on(due.asked, due.opening)
    await carry_out(conn, study, {due.id: course.changes})


async def move_all(conn: Connection, hooks: Hooks, study: Study, due: Sequence[DueRoom]) -> Decided:
    """The same for several rooms, each in a turn of its own, in which none waits long for another one's hook."""
    moved, failed = list[int](), dict[int, HookError]()
    places = {one.id: Place(one.position, one.outcome or "complete") for one in due if not one.deserted}
    turns = {room_id: hooks.turn(study) for room_id in places}
    courses = await courses_of(conn, turns, study, places) if places else {}
    await _close(conn, courses, due)

    async def decide(one: DueRoom) -> None:
        async with turns[one.id]:
            try:
                await courses[one.id].move_on(one.asked, one.opening)
                moved.append(one.id)
            except HookError as error:
                failed[one.id] = error

    at_once = TOGETHER if hooks.asks_together(study) else AT_ONCE
    slow, left = await _one_after_the_other(decide, [one for one in due if one.id in places], at_once)
    deserted = [one.id for one in due if one.deserted]
    if deserted:
        await parts.end(conn, deserted, "complete", study)
    await carry_out(conn, study, {room_id: courses[room_id].changes for room_id in sorted(moved)})
    return Decided(failed, slow, left)


async def course_of(conn: Connection, turn: HookTurn, study: Study, room_id: int, place: Place) -> Course:
    """The room with all that was said so far, as its `turn` gets it. Nobody comes or goes while it is locked."""
    return (await courses_of(conn, {room_id: turn}, study, {room_id: place}))[room_id]


async def courses_of(
    conn: Connection, turns: Mapping[int, HookTurn], study: Study, places: Mapping[int, Place]
) -> dict[int, Course]:
    """The same of several rooms, by id."""
    which = dict(room_ids=list(places))
    found = await (await conn.execute(SQL["rooms_now"], which)).fetchall()
    told = await earlier_in(conn, places) if hooks_ask_earlier(study.files) else {}
    tied = await ties.holding_in(conn, {room_id: place.at for room_id, place in places.items()})
    earned = await pay.earned_in(conn, list(places)) if study.scores else {}
    courses: dict[int, Course] = {}
    hearing = Hearing(study)
    for room_id, name, kind, number, seed, treatment, seats in found:
        index, outcome = places[room_id]
        step = study.plan[index].step
        room = networklab.Room(
            name=name,
            kind=kind,
            number=number,
            seed=seed,
            step=step.name,
            round=study.plan[index].round,
            rounds=step.repeat,
            seats=tuple(
                [seat_of(study, one, told.get((room_id, one["slot"]), networklab.NOT_KNOWN)) for one in seats]
            ),
            ties=tuple([networklab.Tie(*tie) for tie in tied[room_id]]),
            treatment=treatment,
            earned=earned.get(room_id, {}),
            constants=study.constants,
        )
        if step.moves:
            room = await _with_moves(conn, room, room_id, study.plan[index])
        courses[room_id] = Course(study, room, index, turns[room_id].ask, hearing, outcome)
    await _hear(conn, study, courses)
    return courses


async def carry_out(conn: Connection, study: Study, changes: Mapping[int, Iterable[Change]]) -> None:
    """What is to happen in each room (id), in its order. Their rows must be locked."""
    left = {room_id: [*ahead] for room_id, ahead in changes.items() if ahead}
    if len(left) > 1:
        await conn.execute(SQL["lock_logs"], dict(room_ids=list(left)))
    while left:
        kind = next(one for one in CARRIED_OUT if any(type(ahead[0]) is one for ahead in left.values()))
        now = {room_id: ahead.pop(0) for room_id, ahead in left.items() if type(ahead[0]) is kind}
        await CARRIED_OUT[kind](conn, study, now)
        left = {room_id: ahead for room_id, ahead in left.items() if ahead}


async def _one_after_the_other(
    decide: Callable[[DueRoom], Awaitable[None]], due: Sequence[DueRoom], at_once: int
) -> tuple[set[int], set[int]]:
    """So many hands take one after the other. Returns those that take too long, and those that nobody came to.

    What is long, the others tell: where the machine is busy, all of them take longer. A few hands begin, for whatever
    was begun keeps all rooms locked.
    """
    ahead, at, done = iter(due), dict[int, DueRoom](), 0
    clock = asyncio.get_running_loop().time
    hands, began = list[asyncio.Task[None]](), clock()

    def begin(many: int) -> None:
        hands.extend(asyncio.create_task(work(hand)) for hand in range(len(hands), min(many, len(due))))

    async def work(hand: int) -> None:
        nonlocal done
        while (now := clock()) < began + LONG and (one := next(ahead, None)) is not None:
            at[hand] = one
            await decide(one)
            del at[hand]
            done += 1
            if clock() < now + QUICK:
                begin(at_once)

    begin(min(at_once, AT_ONCE))
    try:
        while (busy := [hand for hand in hands if not hand.done()]) and (
            not done or clock() < began + LONG + SLOW * (clock() - began) / done
        ):
            await asyncio.wait(busy, timeout=LONG)
    finally:
        for hand in hands:
            hand.cancel()
        ended = await asyncio.gather(*hands, return_exceptions=True)
    for error in ended:
        if isinstance(error, Exception):
            raise error
    return {one.id for one in at.values()}, {one.id for one in ahead}


async def _close(conn: Connection, courses: Mapping[int, Course], due: Sequence[DueRoom]) -> None:
    """How long their steps have been open is found once and stored: whoever decides again finds the same."""
    ending = [one.id for one in due if one.id in courses and not one.opening]
    if not ending:
        return
    found = await conn.execute(SQL["close_steps"], dict(room_ids=ending))
    for room_id, lasted in await found.fetchall():
        course = courses[room_id]
        clock = course.study.plan[course.index].step.clock
        course.room = replace(course.room, at=lasted, clock=clock.value(lasted) if clock else None)


async def _with_moves(
    conn: Connection, room: networklab.Room, room_id: int, position: Position
) -> networklab.Room:
    """What has been done so far at the step there, and what the study keeps of it."""
    board = await moves.board(conn, room_id, position.index, most=None)
    made = (
        answers.read_made(form, one.slot, form.written(one.values), one.at, position.step.clock)
        for one in board.moves
        if (form := position.step.move_named(one.name))
    )
    return replace(room, state=networklab.unpack(board.state), moves=tuple(made))


async def _hear(conn: Connection, study: Study, courses: Mapping[int, Course]) -> None:
    which = dict(room_ids=list(courses))
    said: dict[int, list[Line]] = {room_id: [] for room_id in courses}
    for line in await (await conn.execute(SQL["said_so_far"], which)).fetchall():
        said[line[0]].append(line[1:])
    for line in await parts.said_elsewhere(conn, study, list(courses)):
        said[line[0]].append(line[1:])
    for room_id, course in courses.items():
        course.hear(said[room_id])
    if any(one.kind.is_about_others for course in courses.values() for one in course.hearing.fields.values()):
        networks = await ties.networks_of(conn, list(courses))
        for room_id, course in courses.items():
            course.room = replace(course.room, all_said=tuple(_of_those_asked(course, networks[room_id])))


def seat_of(study: Study, one: Mapping[str, Any], earlier: networklab.Earlier) -> networklab.Seat:
    """A seat as hooks get it; `one` is as `rooms_now` has it."""
    return networklab.Seat(**{**one, "entry": _entry(study, one["entry"])}, earlier=earlier)


def _entry(study: Study, answered: Mapping[str, str]) -> dict[str, networklab.Value]:
    fields = {field.name: field for field in study.entry}
    return {
        name: read_value(fields[name], value) for name, value in answered.items() if name in fields and value
    }


def _of_those_asked(course: Course, networks: Mapping[int, list[Tie]]) -> Iterator[networklab.Said]:
    """A form can be changed on its way: what is said of each of several counts for those who were asked about.

    `networks` has each by the position from which it holds.
    """
    all_said = course.room.all_said
    told = {(one.step, one.round, one.slot, one.name): one.value for one in all_said}
    for one in all_said:
        field = course.hearing.fields[one.step, one.name]
        if not isinstance(one.value, Mapping) or not field.kind.is_about_others or field.of == "room":
            yield one
            continue
        asked: Any = told.get((one.step, one.round, one.slot, field.of), ())
        if field.of == "neighbours":
            began = max(at for at in networks if at <= course.hearing.positions[one.step, one.round])
            asked = [tie.to_slot for tie in networks[began] if tie.from_slot == one.slot]
        yield replace(one, value={slot: said for slot, said in one.value.items() if slot in asked})


async def _store(conn: Connection, _: Study, changes: Mapping[int, Stored]) -> None:
    lines = [
        (
            str(room_id),
            str(change.position.index),
            change.position.step.name,
            str(change.position.round),
            *(str(slot), name, value, change.made_by),
        )
        for room_id, change in changes.items()
        for slot, name, value in change.lines
    ]
    names = ("rooms", "positions", "steps", "rounds", "slots", "names", "values", "made_bys")
    params = dict(zip(names, map(array, zip(*lines, strict=True)), strict=True))
    await conn.execute(SQL["add_results"], params)


async def _earn(conn: Connection, _: Study, changes: Mapping[int, Earned]) -> None:
    for alone in (False, True):
        given = [
            Given(room_id, one.position.index, dict(one.amounts), one.made_by)
            for room_id, one in changes.items()
            if one.position.step.is_solo == alone
        ]
        await pay.earn_all(conn, given, alone)


async def _leave(conn: Connection, study: Study, changes: Mapping[int, Left]) -> None:
    """Their rooms go on without them."""
    lines = [(room_id, slot, outcome) for room_id, one in changes.items() for slot, outcome in one.outcomes]
    rooms_, slots, outcomes = map(list, zip(*lines, strict=True))
    found = await conn.execute(SQL["who_leaves"], dict(rooms=rooms_, slots=slots, outcomes=outcomes))
    leaving: dict[str, list[int]] = {}
    for player_id, outcome in await found.fetchall():
        leaving.setdefault(outcome, []).append(player_id)
    for outcome, player_ids in leaving.items():
        await players.leave(conn, player_ids, outcome, study, "smaller")


async def _rewire(conn: Connection, _: Study, changes: Mapping[int, Rewired]) -> None:
    wirings = [Wiring(room_id, one.position, one.ties, one.made_by) for room_id, one in changes.items()]
    await ties.rewire(conn, wirings)


async def _open(conn: Connection, study: Study, changes: Mapping[int, Opened]) -> None:
    ahead = [(room_id, one.position) for room_id, one in changes.items()]
    asked = {room_id: one.asked for room_id, one in changes.items()}
    await rooms.advance(conn, study, ahead, asked, {room_id: one.whose for room_id, one in changes.items()})


async def _end(conn: Connection, study: Study, changes: Mapping[int, Ended]) -> None:
    for outcome in {one.outcome for one in changes.values()}:
        ended = [room_id for room_id, one in changes.items() if one.outcome == outcome]
        await parts.end(conn, ended, outcome, study)


CARRIED_OUT: Mapping[type[Change], Callable[[Connection, Study, Any], Awaitable[None]]] = {
    Stored: _store,
    Earned: _earn,
    Left: _leave,
    Rewired: _rewire,
    Opened: _open,
    Ended: _end,
}
