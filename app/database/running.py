"""Which database: the one that DATABASE_URL names, or the embedded Postgres; migrated in either case."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext

from app.config import Config, ConfigError
from app.database.clusters import be_named
from app.database.connections import Connection, connect
from app.database.embedded import EmbeddedError, Postgres
from app.database.migrations import migrate
from app.database.pooling import look_at_pooler
from app.database.queries import value

WATCH = 1.0  # seconds
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


async def migrate_at(url: str, cluster: str = "", among: Sequence[str] = ()) -> None:
    """`cluster`: what it is called, `among` several. Raises `ConfigError` for a Postgres that does not keep what it has
    committed, and for one that is called otherwise."""
    conn = await connect(url, "migrate")
    try:
        await _migrate(conn, cluster, among)
    finally:
        await conn.close()


async def _make_ready(config: Config, url: str) -> None:
    """Looked at and migrated by one connection, where there is but one way to it."""
    conn = await connect(url, "migrate")
    try:
        await look_at_pooler(conn, config.listener_url)
        if config.listener_url is None:
            await _migrate(conn, config.cluster, [*config.clusters])
    finally:
        await conn.close()
    if config.listener_url is not None:
        await migrate_at(config.listener_url, config.cluster, [*config.clusters])


async def _migrate(conn: Connection, cluster: str, among: Sequence[str]) -> None:
    if await value(conn, b"show fsync") != "on":
        raise ConfigError(
            "This Postgres runs with fsync = off, so an acknowledged answer may be lost; set fsync = on."
        )
    await migrate(conn)
    if cluster:
        await be_named(conn, cluster, among or [cluster])
