"""Postgres: connections, typed rows, named queries, migrations."""

from __future__ import annotations

import asyncio
import hashlib
import re
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager, suppress
from typing import Any, TypeVar

import psycopg
from psycopg.conninfo import make_conninfo
from psycopg.rows import class_row
from psycopg_pool import AsyncConnectionPool

from app.config import PROJECT
from app.database import primaries

T = TypeVar("T")
Connection = primaries.Connection
Pool = AsyncConnectionPool[Connection]

# The primary is away, or is no longer one: the same may work soon, on another connection.
AWAY = (psycopg.OperationalError, psycopg.errors.ReadOnlySqlTransaction, OSError, TimeoutError)
SQL_FOLDER = PROJECT / "sql"
LOOK = 3.0  # seconds between two looks for another primary
_MIGRATION_LOCK = 7_021_337  # any number, the same for every process


class Queries(dict[str, bytes]):
    """The named queries of one file in `sql/`: `-- name: lock_lobby` starts each."""

    def __init__(self, noun: str) -> None:
        text = (SQL_FOLDER / f"{noun}.sql").read_text(encoding="utf-8")
        for name, body in re.findall(
            r"^-- name: (\w+)\n(.*?)(?=^-- name: |\Z)", text, re.MULTILINE | re.DOTALL
        ):
            self[name] = body.strip().encode()


async def rows(conn: Connection, shape: type[T], query: bytes, **params: Any) -> list[T]:
    async with conn.cursor(row_factory=class_row(shape)) as cursor:
        await cursor.execute(query, params)
        return await cursor.fetchall()


async def row(conn: Connection, shape: type[T], query: bytes, **params: Any) -> T | None:
    async with conn.cursor(row_factory=class_row(shape)) as cursor:
        await cursor.execute(query, params)
        return await cursor.fetchone()


async def value(conn: Connection, query: bytes, **params: Any) -> Any:
    """The first column of the first row, or None."""
    found = await (await conn.execute(query, params)).fetchone()
    return found[0] if found else None


async def look_around(url: str) -> None:
    """Ask the other hosts again and again whether one of them has become the primary.

    One that was frozen and replaced takes writes again when it wakes, which nobody acknowledges any more: whoever
    had not noticed the freeze would stay with it.
    """
    while True:
        await asyncio.sleep(LOOK)
        for other in primaries.others(url):
            with suppress(psycopg.Error, OSError, TimeoutError):
                async with asyncio.timeout(LOOK):
                    conn = await connect(other, "look around")
                await conn.close()


def array(texts: Iterable[str]) -> str:
    """An array as Postgres reads it, for a parameter with a cast. psycopg's own costs a form seven times as much."""
    quoted = [text.replace("\\", "\\\\").replace('"', '\\"') for text in texts]
    return '{"' + '","'.join(quoted) + '"}' if quoted else "{}"


SQL = Queries("primaries")


async def connect(url: str, purpose: str) -> Connection:
    """An autocommit connection of its own to the primary, outside the pool, named for `pg_stat_activity`."""
    conn = await psycopg.AsyncConnection.connect(_dsn(url, purpose), autocommit=True)
    await _settle(conn)
    return conn


class Line:
    """A connection of one's own that comes back after it was lost: for tasks that must not queue for the pool."""

    def __init__(self, url: str, purpose: str) -> None:
        self.url, self.purpose = url, purpose
        self.conn: Connection | None = None

    async def get(self) -> Connection:
        if self.conn is None or self.conn.closed:
            self.conn = await connect(self.url, self.purpose)
        return self.conn

    @asynccontextmanager
    async def within(self, seconds: float) -> AsyncIterator[Connection]:
        """The connection, which is hung up after so many seconds: also on a frozen server what waits ends then."""
        conn = await self.get()
        alarm = asyncio.get_running_loop().call_later(seconds, primaries.doubt, conn)
        try:
            yield conn
        finally:
            alarm.cancel()

    def drop(self) -> None:
        """Let go at once: close() would wait for a peer that is dead or frozen."""
        if self.conn is not None:
            self.conn.pgconn.finish()
            self.conn = None


@asynccontextmanager
async def open_pool(url: str, size: int) -> AsyncIterator[Pool]:
    """Connections in autocommit: one statement is one round trip, and transactions are visible where they begin."""

    async def again(pool: Pool) -> None:
        await pool.check()

    async with AsyncConnectionPool(
        lambda: _dsn(url, "pages"),
        kwargs=dict(autocommit=True),
        configure=_settle,
        min_size=min(2, size),
        max_size=size,
        timeout=10,
        max_waiting=1000,
        # It would wait twice as long after each failure: after a minute without a database up to another minute.
        reconnect_timeout=2,
        reconnect_failed=again,
        open=False,
    ) as pool:
        await pool.wait(30)
        yield pool


def _dsn(url: str, purpose: str) -> str:
    """A standby takes no writes, so it is passed over; a host that is gone without a word, within seconds."""
    return make_conninfo(
        primaries.best_first(url),
        application_name=f"networklab {purpose}",
        target_session_attrs="read-write",
        connect_timeout=5,
        keepalives_idle=10,
        keepalives_interval=5,
        keepalives_count=3,
        tcp_user_timeout=10_000,
    )


async def _settle(conn: Connection) -> None:
    """What the promises rest on, whatever this database's defaults are.

    A receipt means "on disk", on the synchronous standby's too where there is one. Waiting for a lock and then
    reading needs read committed. And whoever holds locks and is gone without a word (a frozen machine, a cut
    network) loses them within seconds, not hours.
    """
    try:
        found = await (await conn.execute(SQL["timeline"])).fetchone()
    except (psycopg.ProgrammingError, psycopg.NotSupportedError, psycopg.errors.ObjectNotInPrerequisiteState):
        found = None  # a service that hides its logs looks after its own failover
    if found:
        primaries.arrive(conn, *found)
    await conn.execute(
        "set synchronous_commit = on; set default_transaction_isolation = 'read committed';"
        " set idle_in_transaction_session_timeout = '15s'; set lock_timeout = '8s';"
        " set tcp_keepalives_idle = 10; set tcp_keepalives_interval = 5; set tcp_keepalives_count = 3"
    )


async def migrate(conn: Connection) -> None:
    """Bring the database to this version's tables and triggers. Several processes may call it at once.

    `conn` must be in autocommit; all is done in one transaction.
    """
    async with conn.transaction():
        await conn.execute("select pg_advisory_xact_lock(%s)", [_MIGRATION_LOCK])
        await conn.execute(
            "create table if not exists migration"
            " (name text primary key, applied_at timestamptz not null default now())"
        )
        done = {name for (name,) in await (await conn.execute("select name from migration")).fetchall()}
        scripts = [
            (path.stem, path.read_bytes()) for path in sorted((SQL_FOLDER / "migrations").glob("*.sql"))
        ]
        triggers = (SQL_FOLDER / "triggers.sql").read_bytes()
        scripts.append((f"triggers {hashlib.sha256(triggers).hexdigest()[:16]}", triggers))
        for name, script in scripts:
            if name not in done:
                await conn.execute(script)
                await conn.execute("insert into migration (name) values (%s)", [name])
        # Only the triggers that are there count as done: a version that comes back applies its own again.
        await conn.execute(
            "delete from migration where name like 'triggers %%' and name <> %s", [scripts[-1][0]]
        )
        await conn.execute(
            "insert into secret (key) select sha256(uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()))"
            " on conflict do nothing"
        )
