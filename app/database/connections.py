"""Connections to Postgres: a pool of them, one of one's own, and what is settled on each."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import psycopg
from psycopg.conninfo import make_conninfo
from psycopg.types.json import set_json_loads
from psycopg_pool import AsyncConnectionPool

from app.database import plain_json, pool_words, primaries
from app.database.queries import Queries, value

SQL = Queries(__name__)
Connection = primaries.Connection
Pool = AsyncConnectionPool[Connection]
Cursor = psycopg.AsyncServerCursor[psycopg.rows.TupleRow]

# The primary is away, or is no longer one: the same may work soon, on another connection.
AWAY = (psycopg.OperationalError, psycopg.errors.ReadOnlySqlTransaction, OSError, TimeoutError)
FAULTS = (psycopg.Error, OSError, TimeoutError)  # all that the database or the way to it may raise
LOOK = 3.0  # seconds between two looks for another primary
SETTINGS = {
    "synchronous_commit": "on",
    "default_transaction_isolation": "read committed",
    "idle_in_transaction_session_timeout": "15s",
    "lock_timeout": "8s",
}
KEEPALIVES = {"tcp_keepalives_idle": "10", "tcp_keepalives_interval": "5", "tcp_keepalives_count": "3"}
logger = logging.getLogger(__name__)


async def connect(url: str, purpose: str) -> Connection:
    """An autocommit connection of its own to the primary, outside the pool, named for `pg_stat_activity`."""
    conn = await psycopg.AsyncConnection.connect(_dsn(url, purpose), autocommit=True)
    try:
        await _settle(conn)
    except BaseException:  # whoever gives up waiting for it has nothing that they could close
        conn.pgconn.finish()
        raise
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

    def is_to(self, backend: int) -> bool:
        """Whether it is connected to this one, by its number; unknown, and False, behind a pooler."""
        return self.conn is not None and self.conn.info.backend_pid == backend

    def drop(self) -> None:
        """Let go at once: close() would wait for a peer that is dead or frozen."""
        if self.conn is not None:
            self.conn.pgconn.finish()
            self.conn = None


class Hands:
    """So many connections of one's own, each for one task at a time."""

    def __init__(self, url: str, purpose: str, many: int) -> None:
        self.free: asyncio.Queue[Line] = asyncio.Queue()
        for _ in range(many):
            self.free.put_nowait(Line(url, purpose))

    @asynccontextmanager
    async def one(self, what: str, faults: tuple[type[Exception], ...] = FAULTS) -> AsyncIterator[Connection]:
        """Once one is free. Of these faults it is only logged `what` comes of them: "room 7 is tried again"."""
        line = await self.free.get()
        try:
            yield await line.get()
        except faults as error:
            logger.warning("%s: %s", what, str(error).partition("\n")[0])
            line.drop()
        finally:
            self.free.put_nowait(line)

    def drop(self) -> None:
        """Let go of those that are free."""
        for _ in range(self.free.qsize()):
            line = self.free.get_nowait()
            line.drop()
            self.free.put_nowait(line)


@asynccontextmanager
async def open_pool(url: str, size: int) -> AsyncIterator[Pool]:
    """Connections in autocommit: one statement is one round trip, and transactions are visible where they begin."""

    async def again(pool: Pool) -> None:
        await pool.check()

    async def settle(conn: Connection) -> None:
        await _settle(conn)
        pool_words.words.back()

    async with AsyncConnectionPool(
        lambda: _dsn(url, "pages"),
        kwargs=dict(autocommit=True),
        configure=settle,
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


@asynccontextmanager
async def snapshot(conn: Connection) -> AsyncIterator[None]:
    """A transaction in which everything is of one moment, and nothing can be written."""
    await conn.execute("begin isolation level repeatable read, read only")
    try:
        yield
    except BaseException:
        with suppress(psycopg.Error, OSError):
            await conn.execute("rollback")
        raise
    await conn.execute("commit")


@asynccontextmanager
async def fetching(conn: Connection, name: str) -> AsyncIterator[Cursor]:
    """A cursor of the database by this name. Whoever is cancelled at it hangs up: no statement follows on `conn`.

    The request that cancels what runs may come to the server later than that ends, and would stop the next statement:
    the one that closes the cursor, which then stays open.
    """
    async with conn.cursor(name) as cursor:
        try:
            yield cursor
        except asyncio.CancelledError:
            conn.pgconn.finish()
            raise


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


def is_pooled(conn: Connection) -> bool:
    """A pooler stands between, which hands each transaction to another backend; seen as it was settled."""
    return conn.prepare_threshold is None


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
        *timeline, backend = found
        primaries.arrive(conn, *timeline)
    else:
        backend = await value(conn, SQL["backend"])
    set_json_loads(plain_json.loads, conn)
    if backend != conn.info.backend_pid:  # a pooler can't know whose transactions it will get
        conn.prepare_threshold = None  # by the next transaction another backend would have to know it
        return  # and what is set here would be somebody else's then: see `pooling`
    await conn.execute(
        "; ".join(f"set {name} = '{setting}'" for name, setting in (SETTINGS | KEEPALIVES).items()).encode()
    )
