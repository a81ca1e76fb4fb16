"""The answers that count as a table, a page of it at a time, with what one can look for in it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from psycopg.types.json import Jsonb

from app.database.connections import Connection
from app.database.queries import Queries, rows
from app.study.model.study import Study

SQL = Queries(__name__)
A_PAGE = 50  # lines
LAST_PAGE = 2_000  # what is further away is found by what one looks for
SORTS = ("player", "room", "round", "value", "at")


@dataclass(frozen=True, slots=True)
class AnswerLine:
    """`value` is cut after 500 characters; `of_all`: how many are found."""

    id: int
    player_id: int
    label: str
    type: str
    room_id: int
    room: str
    role: str
    treatment: Mapping[str, str]
    step: str
    round: int
    field: str
    value: str
    late: bool
    at: datetime
    of_all: int


@dataclass(frozen=True, slots=True)
class Looked:
    """What somebody looks for: "", 0 and no treatments are all. `question` is step.field, `sort` a column, with a
    - before it from the last: "-at" is the newest first."""

    question: str = ""
    round: int = 0
    treatment: Mapping[str, str] | None = None
    room: str = ""
    role: str = ""
    type: str = ""
    sort: str = "-at"
    page: int = 1


async def find_answers(
    conn: Connection, session_id: str, study: Study, looked: Looked
) -> Sequence[AnswerLine]:
    step, _, field = looked.question.partition(".")
    return await rows(
        conn,
        AnswerLine,
        SQL["lines"],
        session_id=session_id,
        step=step,
        field=field,
        round=looked.round,
        treatment=Jsonb(looked.treatment or {}),
        room=looked.room,
        role=looked.role,
        type=looked.type,
        roles=study.roles is not None,
        steps=[one.step.name for one in study.plan],
        rounds=[one.round for one in study.plan],
        sort=looked.sort,
        most=A_PAGE,
        skip=A_PAGE * (looked.page - 1),
    )


async def rooms_of(conn: Connection, session_id: str) -> list[str]:
    return [
        name for (name,) in await (await conn.execute(SQL["rooms"], dict(session_id=session_id))).fetchall()
    ]
