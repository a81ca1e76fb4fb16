"""Bots: they play on in the slots of people who left, and answer what the open step asks.

What a bot says is a result, never a record: those are what people said. Neighbours see it like any answer, and nobody
waits for it: bots answer as a step opens, or as they take a slot over, and at the latest as the step ends.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import Any

from app.database.connections import Connection
from app.database.queries import Queries, value
from app.rooms import rooms
from app.rooms.decisions import Scene, scene_of
from app.rooms.shown import others_of, told_in
from app.study.hooks.answers import Results, read_fill_in
from app.study.hooks.networklab import Question
from app.study.hooks.pool import Hooks
from app.study.model.plausible import drawn
from app.study.model.study import Position, Study

SQL = Queries(__name__)


async def rooms_to_answer(conn: Connection, session_id: str, study: Study) -> Mapping[int, int]:
    """Rooms in which a bot has yet to answer → their position in the plan."""
    steps = [step.name for step in study.steps if step.fields]
    found = await conn.execute(SQL["to_answer"], dict(session_id=session_id, steps=steps))
    return dict(await found.fetchall())


async def lock_room(conn: Connection, room_id: int) -> bool:
    """Whether this transaction has the room now."""
    return await value(conn, SQL["lock_room"], room_id=room_id) is not None


async def answer(conn: Connection, hooks: Hooks, study: Study, room_id: int) -> None:
    """Each bot in this room that has not answered yet does. The room's row must be locked. Raises HookError."""
    found = await (await conn.execute(SQL["bots_in"], dict(room_id=room_id))).fetchall()
    if not found:
        return
    scene = await scene_of(conn, hooks, study, room_id)
    slots = [slot for slot, _ in found]
    view = await rooms.view(conn, room_id)
    for position in study.pages_at(found[0][1]):
        told = await told_in(conn, room_id, study, position)
        spoken = scene.spoken(position)
        for seat in view.seats if position.step.fields else ():
            if seat.slot in slots and seat.slot not in spoken:
                others = {
                    field.name: tuple(
                        one.seat.slot for one in others_of(study, position, view, seat, told, field)
                    )
                    for field in position.step.fields
                    if field.of
                }
                said = await _say(scene, position, seat.slot, others)
                await scene.store(position, {name: {seat.slot: text} for name, text in said.items()}, "bot")


async def _say(
    scene: Scene, position: Position, slot: int, others: Mapping[str, tuple[int, ...]]
) -> dict[str, str]:
    """Field → what the bot in this slot answers. `others`: the slots that a field is about."""
    fields, hook = position.step.fields, scene.study.dropout.bot
    if not hook:
        chance = random.Random(f"{scene.room.seed}/bot/{slot}/{position.index}")
        return {field.name: drawn(field, chance, others.get(field.name, ())) for field in fields}

    def read(answer: Any, slots: list[int]) -> Results:
        return read_fill_in(fields, {slot: answer}, slots)

    questions = tuple(
        Question(one.name, one.kind, one.min, one.max, one.options, one.required, others.get(one.name, ()))
        for one in fields
    )
    found = await scene.ask(hook, position, read, slot, questions)
    return {name: by_slot[slot] for name, by_slot in found.items()}
