"""Arms: the treatments that are drawn for people as they come, one after the other."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from psycopg.types.json import Jsonb

from app.database.connections import Connection
from app.database.queries import Queries, value
from app.study.model.study import Study
from app.study.model.treatments import drawn_at_door

SQL = Queries(__name__)


async def draw(conn: Connection, session_id: str, study: Study, player_ids: Sequence[int]) -> None:
    """For those of these who have just come in. Again changes nothing.

    The session must be locked: who comes next is counted first.
    """
    if not study.draws_at_door or not player_ids:
        return
    found = await conn.execute(SQL["undrawn"], dict(player_ids=list(player_ids)))
    new = await found.fetchall()
    if not new:
        return
    seed: int = await value(conn, SQL["seed"], session_id=session_id)
    nth: int = await value(conn, SQL["drawn_before"], session_id=session_id)
    types, lines = Counter[str](), []
    if study.draws_within_types:  # the log is read for it
        found = await conn.execute(SQL["drawn_by_type"], dict(session_id=session_id))
        types.update(dict(await found.fetchall()))
    for player_id, type_ in new:
        drawn = drawn_at_door(study.treatments, seed, nth, type_, types[type_])
        types[type_] += 1
        nth += 1
        lines.append((player_id, nth, Jsonb(drawn)))
    ids, numbers, treatments = map(list, zip(*lines, strict=True))
    await conn.execute(SQL["put_drawn"], dict(player_ids=ids, numbers=numbers, treatments=treatments))
