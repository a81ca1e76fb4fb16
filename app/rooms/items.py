"""Items: what a page at one's own pace shows, by hooks, as somebody comes to it: the next sum, how the last one was.

Whoever looks at such a page first has it drawn, once. The hook gets the room as it was when all of these pages opened,
with what this one player has said since: so it depends on nobody's pace, and a replay has it again.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from app.database.connections import Connection
from app.database.queries import Queries, array
from app.rooms import stopped_rooms
from app.rooms.changes import Stored
from app.rooms.decisions import Place, course_of
from app.rooms.limits import Told
from app.rooms.steps import Course
from app.study.hooks.answers import Results, read_results
from app.study.hooks.pool import HookError, Hooks
from app.study.model.blocks import opened_with
from app.study.model.study import Position, Study

SQL = Queries(__name__)


def lacks(study: Study, position: Position, slot: int, told: Told) -> bool:
    """Whether it has yet to be drawn what this page shows this slot. `told`: what pages show there."""
    if not is_drawn_late(study, position):
        return False
    step = position.step
    return not any((slot, step.name, position.round, hook) in told for hook in step.opening_hooks)


def is_drawn_late(study: Study, position: Position) -> bool:
    """What the first of such pages shows is computed for all as they open."""
    return bool(position.step.opening_hooks) and opened_with(study.plan, position.index) != position.index


async def draw(
    conn: Connection, hooks: Hooks, study: Study, room_id: int, position: Position, slot: int
) -> None:
    """In the database, unless somebody else has done so. Where the hook fails, the room waits for the researcher."""
    first = opened_with(study.plan, position.index)
    async with hooks.turn(study) as turn:
        course = await course_of(conn, turn, study, room_id, Place(first))
        try:
            await draw_in(course, position, slot)
        except HookError as error:
            await stopped_rooms.stop_at(conn, room_id, first, error.failure)
            return
    lines = [
        (name, value, one.made_by)
        for one in course.changes
        if isinstance(one, Stored)
        for _, name, value in one.lines
    ]
    names, values, made_by = map(array, zip(*lines, strict=True))
    where = dict(room_id=room_id, first=first, position=position.index, slot=slot)
    here = dict(step=position.step.name, round=position.round)
    await conn.execute(SQL["add_items"], where | here | dict(names=names, values=values, made_by=made_by))


async def draw_in(course: Course, position: Position, slot: int) -> None:
    """To be stored, and heard by hooks from now on: also that there is nothing, so that it is not asked again."""
    step, room = position.step, course.as_of(position)
    began = opened_with(course.study.plan, position.index)
    before = (
        one
        for one in room.all_said
        if one.slot == slot or course.hearing.positions.get((one.step, one.round), 0) < began
    )
    room = replace(room, all_said=tuple(before))
    results = {one.name: one for one in step.results}
    for hook in step.opening_hooks:

        def read(answer: Any, hook: str = hook) -> Results:
            return read_results([results[hook]], {hook: answer}, room.slots)

        found = await course.ask(hook, read, room) or {}
        value = found.get(hook, {}).get(slot, "")
        course.changes.append(Stored(position, ((slot, hook, value),), f"hook {hook}"))
        course.hear([(step.name, position.round, slot, hook, value)])
