"""Which database: the one that DATABASE_URL names, or the embedded Postgres; migrated in either case."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from app.config import Config
from app.db import connect, migrate
from app.embedded import Postgres


@contextmanager
def database(config: Config) -> Iterator[str]:
    """Its address. The embedded Postgres stops again when its last user goes."""
    if config.database_url:
        asyncio.run(migrate_at(config.database_url))
        yield config.database_url
        return
    with Postgres(config.home) as postgres:
        asyncio.run(migrate_at(postgres.dsn))
        yield postgres.dsn


async def migrate_at(url: str) -> None:
    conn = await connect(url, "migrate")
    try:
        await migrate(conn)
    finally:
        await conn.close()
