"""Decisions: what happens between two steps of a room of the database, where more does than that the next one opens.

What it is, `steps` knows. All of it is one transaction, in which the room is locked: it all happened, or nothing did.
Where a hook fails, nothing did, and the room waits for the researcher.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from app.database.connections import Connection
from app.database.queries import Queries
from app.players import pay
from app.rooms import moves, parts, rooms, ties
from app.rooms.changes import Change, Earned, Opened, Rewired, Stored
from app.rooms.earlier import earlier_in
from app.rooms.rooms import DueRoom
from app.rooms.steps import Course
from app.study.earlier import hooks_ask_earlier
from app.study.hooks import answers, networklab
from app.study.hooks.answers import read_value
from app.study.hooks.pool import Hooks
from app.study.model.networks import Tie
from app.study.model.study import Study

SQL = Queries(__name__)


async def move_on(conn: Connection, hooks: Hooks, study: Study, due: DueRoom) -> None:
    """A room of a study that decides goes to its next step, or ends. Its row must be locked. Raises HookError."""
    if due.deserted:
        await parts.end(conn, [due.id], "complete", study)
        return
    course = await course_of(conn, hooks, study, due.id, due.position, due.outcome or "complete")
    await course.move_on(due.asked, due.opening)
    await carry_out(conn, study, due.id, course.changes)


async def course_of(
    conn: Connection, hooks: Hooks, study: Study, room_id: int, index: int, outcome: str = "complete"
) -> Course:
    """The room, at this index of the plan, with all that was said so far. Nobody comes or goes while it is locked.

    `outcome`: how it ended for whoever goes through what comes after a room.
    """
    step = study.plan[index].step
    found = await conn.execute(SQL["alone_now" if step.is_solo else "room_now"], dict(room_id=room_id))
    [(name, kind, number, seed, treatment, seats)] = await found.fetchall()
    told = await earlier_in(conn, room_id) if hooks_ask_earlier(study.files) else {}
    room = networklab.Room(
        name=name,
        kind=kind,
        number=number,
        seed=seed,
        step=step.name,
        round=study.plan[index].round,
        rounds=step.repeat,
        seats=tuple(seat_of(study, one, told.get(one["slot"], networklab.NOT_KNOWN)) for one in seats),
        ties=tuple(networklab.Tie(*tie) for tie in await ties.holding(conn, room_id, index)),
        treatment=treatment,
        earned=await pay.earned_in(conn, room_id) if study.scores else {},
    )
    if step.moves:
        board = await moves.board(conn, room_id, index, most=None)
        made = (
            answers.read_made(form, one.slot, form.written(one.values), one.at)
            for one in board.moves
            if (form := step.move_named(one.name))
        )
        room = replace(room, state=networklab.unpack(board.state), moves=tuple(made))
    course = Course(study, room, index, partial(hooks.ask, study), outcome)
    found = await conn.execute(SQL["said_so_far"], dict(room_id=room_id))
    course.hear([*await found.fetchall(), *await parts.said_elsewhere(conn, study, room_id)])
    if any(field.kind.is_about_others for field in course.fields.values()):
        said = tuple(_of_those_asked(course, await ties.networks_of(conn, room_id)))
        course.room = replace(course.room, all_said=said)
    return course


async def carry_out(conn: Connection, study: Study, room_id: int, changes: Iterable[Change]) -> None:
    """In their order. The room's row must be locked."""
    for change in changes:
        if isinstance(change, Stored):
            await _store(conn, room_id, change)
        elif isinstance(change, Earned):
            at, amounts = change.position, dict(change.amounts)
            await pay.earn(conn, room_id, at.index, amounts, change.made_by, at.step.is_solo)
        elif isinstance(change, Rewired):
            await ties.rewire(conn, room_id, change.position, change.ties, change.made_by)
        elif isinstance(change, Opened):
            await rooms.advance(conn, study, [(room_id, change.position)], change.asked)
        else:
            await parts.end(conn, [room_id], change.outcome, study)


def seat_of(study: Study, one: Mapping[str, Any], earlier: networklab.Earlier) -> networklab.Seat:
    """A seat as hooks get it; `one` is as `room_now` has it."""
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
        field = course.fields[one.step, one.name]
        if not isinstance(one.value, Mapping) or field.of == "room":
            yield one
            continue
        asked: Any = told.get((one.step, one.round, one.slot, field.of), ())
        if field.of == "neighbours":
            began = max(at for at in networks if at <= course.positions[one.step, one.round])
            asked = [tie.to_slot for tie in networks[began] if tie.from_slot == one.slot]
        yield replace(one, value={slot: said for slot, said in one.value.items() if slot in asked})


async def _store(conn: Connection, room_id: int, change: Stored) -> None:
    position = change.position
    slots, names, values = map(list, zip(*change.lines, strict=True))
    where = dict(room_id=room_id, position=position.index, step=position.step.name, round=position.round)
    what = dict(made_by=change.made_by, slots=slots, names=names, values=values)
    await conn.execute(SQL["add_results"], where | what)
