"""The database, as the doctor sees it: reached, set as the promises need it, with connections for all who will ask."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import psycopg

from app.config import Config, ConfigError
from app.database.clusters import check_name, is_named
from app.database.connections import FAULTS, Connection, connect, is_pooled
from app.database.migrations import newest_migration
from app.database.pooling import PAST_IT, unsettled
from app.database.programs import client_programs
from app.database.queries import Queries, row, value
from app.web.connection_budget import Allowance, Fit, allowance, counted, fitting, of_a_process
from app.web.doctor.finding import Finding

SQL = Queries(__name__)
OLDEST = 15  # major version of Postgres
AHEAD = timedelta(seconds=1)  # or behind: what no reader of a clock on a page would notice
HEARD = 3.0  # seconds


@dataclass(frozen=True, slots=True)
class Settings:
    version: int
    fsync: bool
    full_page_writes: bool
    shared_buffers: int  # bytes
    max_wal_size: int
    standbys: str  # that commits wait for
    in_step: int  # how many of them there are
    archive_fails: bool
    superuser: bool
    migrated: bool
    now: datetime


async def look_at_database(config: Config, url: str) -> list[Finding]:
    served = config.database_url or url
    try:
        conn = await connect(served, "doctor")
    except FAULTS as error:
        return [
            Finding(
                "database",
                "wrong",
                f"It can’t be reached: {_reason(error)}.",
                "Start it, or put its address in DATABASE_URL.",
            )
        ]
    try:
        before = datetime.now(UTC)
        found = await row(conn, Settings, SQL["settings"])
        assert found is not None
        middle = before + (datetime.now(UTC) - before) / 2
        schema = await value(conn, SQL["schema"]) if found.migrated else None
        return [
            *_lights(config, found, None if is_pooled(conn) else await allowance(conn)),
            *await _pooler(config, conn),
            _tables(schema),
            *await _name(conn, config),
            _clock(found.now - middle),
            await _listening(conn, config.past_pooler(served)),
        ]
    finally:
        await conn.close()


def _lights(config: Config, found: Settings, left: Allowance | None) -> Iterator[Finding]:
    embedded = config.database_url is None
    if found.version < OLDEST:
        cure = f"Move to Postgres {OLDEST} or newer."
        yield Finding("database", "wrong", f"It is Postgres {found.version}.", cure)
    else:
        yield Finding("database", "ok", f"Postgres {found.version} answers.")
    yield _durability(found)
    if left is not None:
        yield _connections(config, left)
    small = [
        f"{name} is {size // 2**20:,} MB"
        for name, size, least in (
            ("shared_buffers", found.shared_buffers, 128),
            ("max_wal_size", found.max_wal_size, 1024),
        )
        if size < least * 2**20
    ]
    if small:
        cure = "Set shared_buffers = 256MB and max_wal_size = 2GB, so that no checkpoint falls into the first minutes."
        yield Finding("memory of Postgres", "look", f"{' and '.join(small)}.", cure)
    else:
        yield Finding("memory of Postgres", "ok", "shared_buffers and max_wal_size are large enough.")
    if found.superuser and not embedded:
        cure = "Give DATABASE_URL a role that owns this database and nothing besides."
        yield Finding("role", "look", "The server works as a superuser of this Postgres.", cure)
    elif not embedded:
        yield Finding("role", "ok", "It is no superuser.")
    if client_programs("pg_dump", lambda version: version >= found.version):
        yield Finding("pg_dump", "ok", "`networklab backup` has what it needs.")
    else:
        cure = f"Install the client programs of Postgres {found.version}, or set NETWORKLAB_PG_BIN to their folder."
        yield Finding("pg_dump", "look", f"There is no pg_dump of version {found.version} here.", cure)


def _connections(config: Config, left: Allowance) -> Finding:
    several = bool(config.clusters)
    needed = Fit(config.processes, config.pool_size, several)
    said = f"{counted(config.processes)} may take {needed.connections}; this account may have {left.most}"
    others, embedded = left.by_others, config.database_url is None
    if others:
        said += f", of which others have {others}"
    free = left.most - others
    if free < needed.connections:
        fit = fitting(needed, free)
        does = f"starts {counted(fit.processes)} with pools of {fit.pool_size}" if fit else "does not start"
        cure = f"{left.cure(needed.connections + others, embedded)} Until then `serve` {does}."
        return Finding("connections", "look" if fit else "wrong", f"{said}.", cure)
    more = of_a_process(config.pool_size, several)
    if free < needed.connections + more:
        said += f", and {more} more are taken for a moment as a new version goes in"
        return Finding(
            "connections", "look", f"{said}.", left.cure(needed.connections + more + others, embedded)
        )
    return Finding("connections", "ok", f"{said}.")


async def _pooler(config: Config, conn: Connection) -> list[Finding]:
    """What the promises need of a pooler, if there is one between the server and the database."""
    if not is_pooled(conn):
        return []
    if config.listener_url is None:
        return [Finding("pooler", "wrong", "There is no way but through it.", PAST_IT)]
    wrong = await unsettled(conn)
    if not wrong:
        asks = Fit(config.processes, config.pool_size, bool(config.clusters)).connections
        return [Finding("pooler", "ok", f"There is one, to which the server opens up to {asks} connections.")]
    return [
        Finding(
            "pooler",
            "wrong",
            f"Behind it {one.name} is {one.setting}.",
            f"`{one.statement}`, then `RECONNECT` there.",
        )
        for one in wrong
    ]


def _reason(error: Exception) -> str:
    return str(error).strip().partition("\n")[0].rstrip(".")


def _durability(found: Settings) -> Finding:
    off = [name for name in ("fsync", "full_page_writes") if not getattr(found, name)]
    if off:
        said = f"{' and '.join(off)} off: what was acknowledged may be lost."
        return Finding("durability", "wrong", said, f"Set {' and '.join(f'{name} = on' for name in off)}.")
    if found.standbys and not found.in_step:
        cure = "Start the standby, or empty synchronous_standby_names: docs/failover.md."
        return Finding("durability", "wrong", f"Commits wait for {found.standbys}, which is not there.", cure)
    if found.archive_fails:
        cure = "See the log of Postgres; mend archive_command or its disk: docs/backups.md."
        return Finding("durability", "wrong", "Its WAL can’t be archived.", cure)
    return Finding("durability", "ok", "A commit is on disk.")


def _tables(schema: str | None) -> Finding:
    if schema is None:
        return Finding(
            "tables", "look", "The database is empty.", "`networklab serve` makes the tables as it starts."
        )
    if schema > newest_migration():
        cure = "Install the version that was here before, or a newer one."
        return Finding("tables", "wrong", f"They are of a newer version, {schema}.", cure)
    if schema < newest_migration():
        cure = "Start the server again (or `kill -HUP` it): it migrates first. Make a backup before."
        return Finding("tables", "look", f"They are of the version of {schema}.", cure)
    return Finding("tables", "ok", "They are of this version.")


async def _name(conn: Connection, config: Config) -> list[Finding]:
    """Of one of several: whether it is called so, and accounts live where they are sought."""
    if not config.cluster or not await is_named(conn):
        return []
    try:
        await check_name(conn, config.cluster, config.first)
    except ConfigError as error:
        said, _, cure = str(error).partition(". ")
        return [Finding("name", "wrong", f"{said}.", cure)]
    return [Finding("name", "ok", f"It is {config.cluster}, and knows that accounts live in {config.first}.")]


def _clock(difference: timedelta) -> Finding:
    seconds = difference.total_seconds()
    if abs(difference) > AHEAD:
        said = f"The database’s is {abs(seconds):,.0f} s {'ahead of' if seconds > 0 else 'behind'} this machine’s."
        return Finding("clock", "wrong", said, "Have both set by NTP: `timedatectl set-ntp true`.")
    return Finding("clock", "ok", "The database’s and this machine’s agree.")


async def _listening(conn: Connection, past: str) -> Finding:
    """A word that is sent to whoever listens, as live pages are told of news."""
    heard, channel = False, f"doctor_{uuid4().hex[:8]}"
    try:
        other = await connect(past, "doctor")
        try:
            async with asyncio.timeout(HEARD):
                await other.execute(f"listen {channel}".encode())
                await conn.execute("select pg_notify(%s, '')", [channel])
                async for _ in other.notifies(timeout=HEARD, stop_after=1):
                    heard = True
        finally:
            await other.close()
    except (psycopg.Error, OSError, TimeoutError):
        heard = False
    if heard:
        return Finding("news", "ok", "What the database tells is heard at once.")
    cure = "Give NETWORKLAB_LISTENER_URL a direct connection to this very database, past a pooler."
    return Finding("news", "wrong", "What the database tells is not heard: live pages would lag.", cure)
