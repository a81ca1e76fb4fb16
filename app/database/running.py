"""Which database: the one that DATABASE_URL names, or the embedded Postgres; migrated in either case."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext

from app.config import Config, ConfigError
from app.database.clusters import agree, be_named, is_told
from app.database.connections import AWAY, Connection, connect
from app.database.embedded import EmbeddedError, Postgres
from app.database.migrations import migrate
from app.database.pooling import look_at_pooler
from app.database.queries import value

WATCH = 1.0  # seconds
PATIENCE = 10.0  # seconds that another database has to answer
logger = logging.getLogger(__name__)


@contextmanager
def database(config: Config, watch: bool = False) -> Iterator[str]:
    """Its address, past a pooler. The embedded Postgres stops again when its last user goes.

    With `watch` it is started again whenever it has died: a server must not wait for somebody to notice.
    """
    if config.database_url:
        asyncio.run(_make_ready(config, config.database_url))
        yield config.past_pooler(config.database_url)
        return
    with Postgres(config.home) as postgres:
        asyncio.run(migrate_at(postgres.served))
        with kept_running(lambda: postgres) if watch else nullcontext():
            yield postgres.served


@contextmanager
def database_as_it_is(config: Config) -> Iterator[str]:
    """Its address, past a pooler, not migrated: for what keeps it, or puts it back."""
    if config.database_url:
        yield config.past_pooler(config.database_url)
        return
    with Postgres(config.home) as postgres:
        yield postgres.served


@contextmanager
def kept_running(current: Callable[[], Postgres | None]) -> Iterator[None]:
    """Whenever the Postgres that is the `current` one has died, it is started again."""
    over = threading.Event()

    def look_after() -> None:
        while not over.wait(WATCH):
            postgres = current()
            if postgres is not None and postgres.pid is None:
                logger.warning("Postgres has died; starting it again")
                try:
                    postgres.start()
                except EmbeddedError as error:
                    logger.error("%s", error)

    watcher = threading.Thread(target=look_after, daemon=True)
    watcher.start()
    try:
        yield
    finally:
        over.set()
        watcher.join()


async def migrate_at(url: str, config: Config | None = None) -> None:
    """`config`: as of one of several, by which it has a name. Raises `ConfigError` for a Postgres that does not keep
    what it has committed, and as `be_named`."""
    conn = await connect(url, "migrate")
    try:
        await _migrate(conn, config)
    finally:
        await conn.close()


async def _make_ready(config: Config, url: str) -> None:
    """Looked at and migrated by one connection, where there is but one way to it."""
    conn = await connect(url, "migrate")
    try:
        await look_at_pooler(conn, config.listener_url)
        if config.listener_url is None:
            await _migrate(conn, config)
    finally:
        await conn.close()
    if config.listener_url is not None:
        await migrate_at(config.listener_url, config)


async def _migrate(conn: Connection, config: Config | None) -> None:
    if await value(conn, b"show fsync") != "on":
        raise ConfigError(
            "This Postgres runs with fsync = off, so an acknowledged answer may be lost; set fsync = on."
        )
    await migrate(conn)
    if config is not None and config.cluster:
        if not await is_told(conn, config.first):
            await _agree_all(config)
        await be_named(conn, config.cluster, [*config.clusters])


async def _agree_all(config: Config) -> None:
    """Before one of several is told for the first time which is the first: what the others know of that.

    Raises `ConfigError` where one knows another; for what is to be the first itself also where one does not answer, as
    accounts that were made there then would be some of those that there are.
    """
    for own in (config.of(name) for name in config.clusters if name != config.cluster):
        try:
            async with asyncio.timeout(PATIENCE):
                other = await connect(own.past_pooler(own.database_url or ""), "migrate")
                try:
                    await agree(other, config.first)
                finally:
                    await other.close()
        except AWAY:
            if config.cluster == config.first:
                raise ConfigError(
                    f"{config.first} is named first in DATABASE_URLS for the first time, and {own.cluster} does not"
                    " answer, which may know that accounts live elsewhere. Try again when it does."
                ) from None
