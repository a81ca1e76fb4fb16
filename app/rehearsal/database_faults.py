"""What a drill does to one database: to its only Postgres, or to the connections that the server has to it."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from random import Random

from app.database.embedded import EmbeddedError
from app.rehearsal.drilled_database import DrilledDatabase
from app.rehearsal.faults import freeze
from app.rehearsal.own_world import fill_up, switch_logs
from app.rehearsal.standby import kill_machine

Fault = Callable[[DrilledDatabase, Random], Awaitable[None]]


async def kill_postgres(database: DrilledDatabase, chance: Random) -> None:
    os.kill(_running(database), signal.SIGKILL)


async def end_postgres_at_once(database: DrilledDatabase, chance: Random) -> None:
    """What `pg_ctl stop -m immediate` does."""
    os.kill(_running(database), signal.SIGQUIT)


async def kill_a_backend(database: DrilledDatabase, chance: Random) -> None:
    """Postgres takes all connections down then, and recovers."""
    assert database.postgres is not None
    own = database.postgres.pid
    children = [pid for pid in database.postgres.processes() if pid != own]
    if not children:
        raise EmbeddedError("Postgres had no backend that could be killed")
    with suppress(ProcessLookupError):
        os.kill(chance.choice(children), signal.SIGKILL)


async def freeze_postgres(database: DrilledDatabase, chance: Random) -> None:
    assert database.postgres is not None
    await freeze(database.postgres.processes(), chance.uniform(1.0, 6.0))


async def cut_the_listeners(database: DrilledDatabase, chance: Random) -> None:
    await database.cut("listener")


async def cut_the_pools(database: DrilledDatabase, chance: Random) -> None:
    await database.cut("pages")


async def cut_every_connection(database: DrilledDatabase, chance: Random) -> None:
    await database.cut("%")


async def lose_the_primary(database: DrilledDatabase, chance: Random) -> None:
    """As if its machine were gone for good. It does not come back: there is no standby after that."""
    primary, standby = database.postgres, database.standby
    if primary is not None and standby is not None:
        database.postgres, database.standby = standby, None  # what is kept running from here on
        await asyncio.to_thread(kill_machine, primary)
        await asyncio.to_thread(standby.promote)


async def fill_the_disk(database: DrilledDatabase, chance: Random) -> None:
    ballast = database.home / "ballast"
    try:
        await asyncio.to_thread(fill_up, ballast)
        # Its log has files in stock; now it needs new ones.
        await asyncio.to_thread(switch_logs, database.url)
        await asyncio.sleep(chance.uniform(2.0, 5.0))
    finally:
        ballast.unlink(missing_ok=True)


OF_CONNECTIONS: dict[str, Fault] = {
    "the listeners were cut": cut_the_listeners,
    "the pools were cut": cut_the_pools,
    "every connection was cut": cut_every_connection,
}
OF_ONE_POSTGRES: dict[str, Fault] = {
    "Postgres was killed": kill_postgres,
    "Postgres ended at once": end_postgres_at_once,
    "a backend of Postgres was killed": kill_a_backend,
    "Postgres froze": freeze_postgres,
    "the disk was full": fill_the_disk,
}
FAULTS = OF_CONNECTIONS | OF_ONE_POSTGRES
FAILOVER = "the primary was lost and its standby took over"


def possible_with(database: DrilledDatabase) -> Iterator[str]:
    """Of `FAULTS`."""
    yield from OF_CONNECTIONS
    if database.postgres:
        for name, fault in OF_ONE_POSTGRES.items():
            if fault is not fill_the_disk or database.small_disk:
                yield name


def _running(database: DrilledDatabase) -> int:
    """Its postmaster. Raises EmbeddedError: a fault that befalls nobody is none."""
    pid = database.postgres.pid if database.postgres else None
    if pid is None:
        raise EmbeddedError("Postgres was not running, so that it could not be killed")
    return pid
