"""The parts of a study that somebody goes through: solo steps, a room with others, solo steps; and what follows each.

A solo part is a room of one. It moves on, stores and is logged as any room; the player's own `room_id` stays that of
the room with others.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from psycopg.types.json import Jsonb

from app.database.connections import Connection
from app.database.queries import Queries, rows, value
from app.players import players
from app.rooms import rooms
from app.study.model.outcomes import FOR_FINISHING
from app.study.model.steps import AFTER, BEFORE
from app.study.model.study import Study

SQL = Queries(__name__)


@dataclass(frozen=True, slots=True)
class Stranded:
    """Somebody who is to be in a solo part that was never opened: its process died."""

    player_id: int
    session_id: str


@dataclass(frozen=True, slots=True)
class _Part:
    room_id: int
    player_id: int | None  # None: a room with others
    during: str


@dataclass(frozen=True, slots=True)
class _Alone:
    id: int
    during: str
    outcome: str
    treatment: Mapping[str, str]
    session_seed: int


async def open_solo(conn: Connection, study: Study, player_ids: Sequence[int]) -> None:
    """Each of these who is before the lobby or after the room, and has no room for that yet, gets one.

    Whoever has no step there, by their treatment, is through with it.
    """
    if not (study.before or study.after) or not player_ids:
        return
    found = await rows(conn, _Alone, SQL["alone"], player_ids=list(player_ids))
    opens, through = [], dict[str, list[int]]()
    for one in found:
        index = study.first(one.during, one.outcome, treatment=one.treatment)
        if index is None:
            through.setdefault(one.during, []).append(one.id)
            continue
        seed = random.Random(f"{one.session_seed}/{one.during}/{one.id}").getrandbits(62)
        opening = bool(study.plan[index].step.when or study.plan[index].step.opening_hooks)
        opens.append({"player": one.id, "seed": seed, "opening": opening} | rooms.row_at(study, index))
    await conn.execute(SQL["open_solo"], dict(opens=Jsonb(opens)))
    for during, those in through.items():
        await _pass(conn, study, during, those, "complete")


async def stranded(conn: Connection) -> list[Stranded]:
    return await rows(conn, Stranded, SQL["stranded"])


async def solo_room_of(conn: Connection, player_id: int) -> int | None:
    """The room of one in which somebody is now, if they are in one."""
    found: int | None = await value(conn, SQL["solo_room_of"], player_id=player_id)
    return found


async def waits_on(conn: Connection, room_id: int, patience: float) -> bool:
    """Whether whoever is alone there has given a sign within so many seconds: then it waits as long from that on. Or
    has answered, until the room was locked."""
    found = await value(conn, SQL["waits_on"], room_id=room_id, secs=patience)
    return found is not None or bool(await value(conn, SQL["is_answered"], room_id=room_id))


async def said_elsewhere(
    conn: Connection, study: Study, room_ids: Sequence[int]
) -> list[tuple[int, str, int, int, str, str]]:
    """What those who sit in rooms have said in other parts: their room (id), then step, round, slot, name and stored
    value of it.

    A room with others knows what came before it, a solo part all that its player has gone through.
    """
    if not (study.before or study.after):
        return []
    found = await conn.execute(SQL["said_elsewhere"], dict(room_ids=list(room_ids)))
    return await found.fetchall()


async def end(conn: Connection, room_ids: Sequence[int], outcome: str, study: Study) -> None:
    """End rooms of one session. They must be locked.

    Whoever still plays in a room with others has ended with `outcome`. Whoever is through ("complete") with what comes
    before goes on to the lobby, and else has left. After the room it stays as it ended there.
    """
    if not (study.before or study.after):
        await players.finish(conn, room_ids, outcome, study)
        await conn.execute(SQL["end_rooms"], dict(room_ids=list(room_ids), outcome=outcome))
        return
    found = await rows(conn, _Part, SQL["parts"], room_ids=list(room_ids))
    together = [one.room_id for one in found if one.player_id is None]
    if together:
        await _out(conn, study, await players.playing_in(conn, together), outcome)
    await conn.execute(SQL["end_rooms"], dict(room_ids=[one.room_id for one in found], outcome=outcome))
    for during in (BEFORE, AFTER):
        alone = [one.player_id for one in found if one.player_id is not None and one.during == during]
        if alone:
            await _pass(conn, study, during, alone, outcome)


async def leave(conn: Connection, room_id: int, outcome: str, study: Study) -> None:
    """Whoever is alone there leaves for good with `outcome`, unless it has ended for them before. It must be locked.

    Only who goes through a part to its end has completed it: it is "closed" where a researcher gives that code.
    """
    found = await rows(conn, _Part, SQL["parts"], room_ids=[room_id])
    ended = "closed" if outcome == "complete" else outcome
    await conn.execute(SQL["end_rooms"], dict(room_ids=[room_id], outcome=ended))
    for one in found:
        assert one.player_id is not None
        await _leave(conn, study, one.during, [one.player_id], outcome)


async def close(conn: Connection, session_id: str, room_ids: Sequence[int], study: Study) -> None:
    """The session is over: as `end`, and nobody goes on to anything.

    `room_ids`: all that play, which are locked, as the session is. Whoever is alone may have no room yet.
    """
    await players.finish(conn, room_ids, "closed", study)
    alone = await (await conn.execute(SQL["who_is_alone"], dict(session_id=session_id))).fetchall()
    for during, outcome in ((BEFORE, "lobby" if study.rooms else "closed"), (AFTER, "closed")):
        if those := [player_id for player_id, is_during in alone if is_during == during]:
            await _leave(conn, study, during, those, outcome)
    await conn.execute(SQL["end_rooms"], dict(room_ids=list(room_ids), outcome="closed"))


async def leave_lobby(conn: Connection, study: Study, player_ids: Sequence[int], outcome: str) -> None:
    """Those who waited and found no room are out, or go on to what comes after for them."""
    if study.goes_on(outcome):
        await _go_on(conn, study, player_ids, outcome)
    else:
        await players.leave(conn, player_ids, outcome, study)


async def _leave(
    conn: Connection, study: Study, during: str, player_ids: Sequence[int], outcome: str
) -> None:
    """They go on to nothing; how a room ended before stands."""
    if during == AFTER:
        await players.finish_after(conn, player_ids, FOR_FINISHING, study, outcome)
    else:
        await players.leave(conn, player_ids, outcome, study)


async def _pass(conn: Connection, study: Study, during: str, player_ids: Sequence[int], outcome: str) -> None:
    """Their solo part is over, with that."""
    if during == AFTER or outcome != "complete":
        await _leave(conn, study, during, player_ids, outcome)
    elif study.rooms:
        await players.enter_lobby(conn, player_ids)
    else:
        await _out(conn, study, player_ids, outcome)


async def _out(conn: Connection, study: Study, player_ids: Sequence[int], outcome: str) -> None:
    if study.goes_on(outcome):
        await _go_on(conn, study, player_ids, outcome)
    else:
        await players.finish_all(conn, player_ids, outcome, study)


async def _go_on(conn: Connection, study: Study, player_ids: Sequence[int], outcome: str) -> None:
    await players.go_on(conn, player_ids, outcome, study)
    await open_solo(conn, study, player_ids)
