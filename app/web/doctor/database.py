"""The database, as the doctor sees it: reached, set as the promises need it, with connections for all who will ask."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import psycopg

from app.config import Config
from app.database.connections import Connection, connect
from app.database.migrations import newest_migration
from app.database.programs import client_programs
from app.database.queries import Queries, row, value
from app.web.doctor.finding import Finding

SQL = Queries(__name__)
OWN = 9  # connections of a process besides its pool, with one while a researcher watches
SPARE = 5  # for commands
OLDEST = 15  # major version of Postgres
AHEAD = timedelta(seconds=1)  # or behind: what no reader of a clock on a page would notice
HEARD = 3.0  # seconds


@dataclass(frozen=True, slots=True)
class Settings:
    version: int
    fsync: bool
    full_page_writes: bool
    connections: int  # that this account may have in all
    taken: int  # by others than NetworkLab
    shared_buffers: int  # bytes
    max_wal_size: int
    standbys: str  # that commits wait for
    in_step: int  # how many of them there are
    archive_fails: bool
    superuser: bool
    migrated: bool
    now: datetime


async def look_at_database(config: Config, url: str) -> list[Finding]:
    try:
        conn = await connect(url, "doctor")
    except (psycopg.Error, OSError, TimeoutError) as error:
        said = str(error).strip().partition("\n")[0].rstrip(".")
        return [
            Finding(
                "database",
                "wrong",
                f"It can’t be reached: {said}.",
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
            *_lights(config, found, embedded=config.database_url is None),
            _tables(schema),
            _clock(found.now - middle),
            await _listening(config, conn, url),
        ]
    finally:
        await conn.close()


def _lights(config: Config, found: Settings, embedded: bool) -> Iterator[Finding]:
    if found.version < OLDEST:
        cure = f"Move to Postgres {OLDEST} or newer."
        yield Finding("database", "wrong", f"It is Postgres {found.version}.", cure)
    else:
        yield Finding("database", "ok", f"Postgres {found.version} answers.")
    yield _durability(found)
    needed = config.processes * (config.pool_size + OWN) + SPARE
    said = f"{config.processes} processes may take {needed}; this account may have {found.connections}"
    if found.connections < needed:
        cure = "Raise max_connections, or the limit of the role or of the database; or lower NETWORKLAB_PROCESSES."
        yield Finding("connections", "wrong", f"{said}.", cure)
    elif found.connections - found.taken < needed:
        cure = "Raise max_connections, or end what else uses this Postgres."
        yield Finding("connections", "look", f"{said}, and others have {found.taken} of them.", cure)
    else:
        yield Finding("connections", "ok", f"{said}.")
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


def _clock(difference: timedelta) -> Finding:
    seconds = difference.total_seconds()
    if abs(difference) > AHEAD:
        said = f"The database’s is {abs(seconds):,.0f} s {'ahead of' if seconds > 0 else 'behind'} this machine’s."
        return Finding("clock", "wrong", said, "Have both set by NTP: `timedatectl set-ntp true`.")
    return Finding("clock", "ok", "The database’s and this machine’s agree.")


async def _listening(config: Config, conn: Connection, url: str) -> Finding:
    """A word that is sent to whoever listens, as live pages are told of news."""
    heard, channel = False, f"doctor_{uuid4().hex[:8]}"
    try:
        other = await connect(config.listener_url or url, "doctor")
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
