"""Bots: they play on in the slots of people who left, and answer what the open step asks.

What a bot says is a result, never a record: those are what people said. Neighbours see it like any answer, and nobody
waits for it: bots answer as a step opens, or as they take a slot over, and at the latest as the step ends.

Those that play a rehearsal from outside, as people do, are rehearsal/bots.py.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from app.database.connections import Connection
from app.database.queries import Queries, value
from app.rooms.decisions import Place, carry_out, course_of
from app.rooms.items import draw_in, is_drawn_late
from app.rooms.paths import is_for_some
from app.study.hooks.pool import Hooks
from app.study.model.study import Study

SQL = Queries(__name__)


async def rooms_to_answer(conn: Connection, session_id: str, study: Study) -> Mapping[int, int]:
    """Rooms in which a bot has yet to answer → where in the plan. Not at steps that have a `bot` of their own."""
    steps = [step.name for step in study.steps if step.fields and not step.bot]
    found = await conn.execute(SQL["to_answer"], dict(session_id=session_id, steps=steps))
    return dict(await found.fetchall())


async def rooms_with_bots(conn: Connection, room_ids: Sequence[int]) -> set[int]:
    """Those of them in which a bot plays."""
    found = await conn.execute(SQL["with_bots"], dict(room_ids=list(room_ids)))
    return {room_id for (room_id,) in await found.fetchall()}


async def lock_room(conn: Connection, room_id: int) -> bool:
    """Whether this transaction has the room now."""
    return await value(conn, SQL["lock_room"], room_id=room_id) is not None


async def answer(conn: Connection, hooks: Hooks, study: Study, room_id: int, at_end: bool = False) -> None:
    """Each bot in this room that has not answered yet does; at a step with a `bot` of its own only `at_end`.

    The room's row must be locked. Raises HookError.
    """
    found = await (await conn.execute(SQL["bots_in"], dict(room_id=room_id))).fetchall()
    if not found:
        return
    index = found[0][1]
    async with hooks.turn(study) as turn:
        course = await course_of(conn, turn, study, room_id, Place(index))
        for position in study.pages_at(index):
            spoken, all_slots = course.spoken(position), [slot for slot, _ in found]
            waits = not position.step.fields or (position.step.bot and not at_end)
            theirs = course.those_for(position) if is_for_some(position.step) else all_slots
            for slot in () if waits else all_slots:
                if slot in theirs and slot not in spoken:
                    if is_drawn_late(study, position):
                        await draw_in(course, position, slot)
                    course.store(position, await course.answers_of_bot(position, slot), "bot")
    await carry_out(conn, study, {room_id: course.changes})
