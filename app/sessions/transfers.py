"""Transfers: a session that is over goes from one of several databases to another.

What says where it is stands where it was: a row of `transfer`. From when that is there nobody writes to the session
(`lock_as`, and the trigger that writes every event); it is still there until all its rows have arrived, which they do
in one transaction of the other database, and from then on it is in that one. Whatever is killed, it is in one of both.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence

from psycopg.types.json import Jsonb

from app.database.clusters import where_are
from app.database.connections import Connection
from app.database.queries import Queries, value
from app.sessions import sessions
from app.sessions.sessions import Session, SessionError, SessionLine

SQL = Queries(__name__)


async def family_of(conn: Connection, session_id: str) -> list[str]:
    """It, and those that go on from it or that it goes on from: they are moved together."""
    found = await conn.execute(SQL["family"], dict(id=session_id))
    return [one for (one,) in await found.fetchall()]


async def marked_with(conn: Connection, session_id: str) -> list[str]:
    """Those that are on their way together with it, and it; none: it is not."""
    found = await conn.execute(SQL["marked"], dict(id=session_id))
    return [one for (one,) in await found.fetchall()]


async def check_closed(conn: Connection, ids: Sequence[str]) -> list[Session]:
    """That nothing can happen in any of them any more. Raises `SessionError`."""
    found = [await sessions.find_session(conn, one) for one in ids]
    for session in found:
        if session.status != "closed":
            also = f" It goes with it: {' and '.join(ids)} go on from each other." if len(ids) > 1 else ""
            raise SessionError(
                f"{session.name} ({session.id}) is {session.status}. Close it first: only a"
                f" closed session is moved.{also}"
            )
    if why := await value(conn, SQL["under_way"], ids=list(ids)):
        raise SessionError(f"{why}. Wait until that is over, and type it again.")
    return found


async def mark(conn: Connection, ids: Sequence[str], cluster: str, by: str) -> None:
    """From here on nobody else writes to them. Raises `SessionError`."""
    for one in ids:
        await sessions.lock_as(conn, one, by)
    await conn.execute(SQL["lock_logs"], dict(ids=list(ids)))
    if await family_of(conn, ids[0]) != [*ids]:
        raise SessionError(
            f"Another session that goes on from {' or '.join(ids)} was opened just now, and goes with it. Close that"
            " too, and type it again."
        )
    await check_closed(conn, ids)
    await conn.execute(SQL["mark"], dict(ids=list(ids), cluster=cluster, by=by))


async def take_turn(conn: Connection) -> None:
    """Of those who move something from this database, one after the other: as long as this connection is there."""
    await conn.execute(SQL["take_turn"])


async def unmark(conn: Connection, ids: Sequence[str]) -> None:
    """They stay, or have come back."""
    await conn.execute(SQL["unmark"], dict(ids=list(ids)))


async def lock_what_is_left(conn: Connection, ids: Sequence[str]) -> None:
    for name in ("lock_sessions", "lock_players", "lock_logs"):
        await conn.execute(SQL[name], dict(ids=list(ids)))


async def lock_what_has_come(source: Connection, target: Connection, ids: Sequence[str]) -> bool:
    """Nobody erases anything of them, or asks for it, before both transactions have ended. Whether somebody has, in the
    target: by what there is, since no two machines have one clock."""
    for name in ("lock_sessions", "lock_players"):
        await target.execute(SQL[name], dict(ids=list(ids)))
    known, found = [
        set(await (await conn.execute(SQL["erasures"], dict(ids=list(ids)))).fetchall())
        for conn in (source, target)
    ]
    return bool(found - known)


async def hold(conn: Connection, ids: Sequence[str]) -> bool:
    """Be the only one who copies them to this database, to the end of this transaction. False: somebody else may yet
    commit, though whoever began it is gone: that waits for a standby, say."""
    return bool(await value(conn, SQL["hold"], ids=list(ids)))


async def may_be_here(conn: Connection, ids: Sequence[str]) -> bool:
    """They have arrived in this database, or may by a commit that is still under way."""
    async with conn.transaction():
        is_alone = await hold(conn, ids)
        return not is_alone or any(one.here for one in (await where_are(conn, ids)).values())


async def are_here_for_good(conn: Connection, ids: Sequence[str]) -> bool:
    """In this database, which has just shown that it keeps what is written, its standby, too, if it waits for one."""
    warned = list[str]()
    conn.add_notice_handler(lambda told: warned.append(told.message_primary or ""))
    async with conn.transaction():
        await conn.execute(SQL["write"])
    return not warned and all(one.here for one in (await where_are(conn, ids)).values())


async def note_digests(conn: Connection, ids: Sequence[str], digests: Mapping[str, str], by: str) -> None:
    """Of the rows as they were copied `by` a transaction there, before anybody sees them elsewhere."""
    told = dict(ids=list(ids), digests=Jsonb(dict(digests)), copied_by=by)
    await conn.execute(SQL["note_digests"], told)


async def this_transaction(conn: Connection) -> str:
    """Which its rows name as the one that wrote them."""
    found: str = await value(conn, SQL["by_whom"])
    return found


async def as_copied(conn: Connection, ids: Sequence[str]) -> tuple[Mapping[str, str], str]:
    """Those, and by which transaction."""
    found = await (await conn.execute(SQL["as_copied"], dict(ids=list(ids)))).fetchone()
    assert found is not None
    return found[0], found[1] or ""


async def end(conn: Connection, ids: Sequence[str]) -> None:
    await conn.execute(SQL["end"], dict(ids=list(ids)))


async def unknown_accounts(source: Connection, target: Connection, ids: Sequence[str]) -> list[str]:
    """Who is on them and has no account there."""
    on_them = await (await source.execute(SQL["on_them"], dict(ids=list(ids)))).fetchall()
    found = await target.execute(SQL["unknown"], dict(names=[name for (name,) in on_them]))
    return [name for (name,) in await found.fetchall()]


async def leaving(conn: Connection) -> set[str]:
    """Those whose rows are here and may be in another database by now."""
    return {one for (one,) in await (await conn.execute(SQL["leaving"])).fetchall()}


def listed_once(lists: Sequence[tuple[Sequence[SessionLine], Collection[str]]]) -> list[SessionLine]:
    """Of each database its sessions, and those that are `leaving` it: while both have its rows it is in the other."""
    times = Counter(one.id for lines, _ in lists for one in lines)
    return [one for lines, gone in lists for one in lines if times[one.id] == 1 or one.id not in gone]
