"""Answers that a study judges before they are stored: the sum of two may be too much, where each alone is not.

What is asked is the room as its step opened, so that nobody learns by trying what another has answered meanwhile.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from app.database.connections import Connection
from app.database.queries import Queries
from app.rooms import stopped_rooms
from app.rooms.decisions import Place, course_of
from app.rooms.steps import Course
from app.study.hooks import networklab
from app.study.hooks.answers import LONGEST_SENTENCE, read_value
from app.study.hooks.pool import HookError, Hooks, Nonsense
from app.study.model.blocks import opened_with
from app.study.model.steps import ROLE
from app.study.model.study import Position, Study

SQL = Queries(__name__)


async def refusal(
    conn: Connection,
    hooks: Hooks,
    study: Study,
    room_id: int,
    position: Position,
    player_id: int,
    said: Mapping[str, str],
    form: str,
) -> str | None:
    """What the study has against these answers there, as stored; None: nothing, or the form is stored already.

    Raises HookError, where the room waits for the researcher from then on.
    """
    found = await (
        await conn.execute(SQL["asks"], dict(form=form, player_id=player_id, room_id=room_id))
    ).fetchone()
    if found is None:
        return None  # whoever is not there is told so as it is to be stored
    slot, outcome = found
    async with hooks.turn(study) as turn:
        course = await course_of(conn, turn, study, room_id, Place(position.index, outcome))
        try:
            return await turn.ask(position.step.valid, read_sentence, *given(course, position, slot, said))
        except HookError as error:
            await stopped_rooms.stop_at(conn, room_id, opened_with(study.plan, position.index), error.failure)
            raise


def given(
    course: Course, position: Position, slot: int, said: Mapping[str, str]
) -> tuple[networklab.Room, int, dict[str, networklab.Value]]:
    """The room as the step opened, the slot, and what it says; nothing of what was left empty or is not
    known."""
    step = position.step
    known = (*step.opening_hooks, ROLE)
    here = (step.name, position.round)
    before = tuple(
        one
        for one in course.room.all_said
        if ((one.step, one.round) == here and one.name in known)
        or course.hearing.positions.get((one.step, one.round), 0) < position.index
    )
    fields = {one.name: one for one in step.fields}
    values = {
        name: read_value(fields[name], one)
        for name, one in said.items()
        if name in fields and fields[name].says(one)
    }
    return replace(course.as_of(position), all_said=before), slot, values


def read_sentence(answer: Any) -> str | None:
    """Raises Nonsense."""
    if answer is None:
        return None
    sentence = answer.strip() if isinstance(answer, str) else ""
    control = any(unicodedata.category(one) in ("Cc", "Cs") for one in sentence)
    if not sentence or len(sentence) > LONGEST_SENTENCE or control:
        wanted = f"None, or a sentence for the player, of at most {LONGEST_SENTENCE} characters on one line"
        raise Nonsense(f"it must return {wanted}, and returned {answer!r}"[:600])
    return sentence
