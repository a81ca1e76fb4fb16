"""Migrations: a database is brought to this version's tables and triggers."""

from __future__ import annotations

import hashlib

from app.database.connections import Connection
from app.database.queries import SQL_FOLDER

_LOCK = 7_021_337  # any number, the same for every process


async def migrate(conn: Connection) -> None:
    """Bring the database to this version's tables and triggers. Several processes may call it at once.

    `conn` must be in autocommit: each script is a transaction of its own, since what one adds to a type the next ones
    can only use once that is committed. Where one fails, those before it stay.
    """
    await conn.execute("select pg_advisory_lock(%s)", [_LOCK])
    try:
        await _migrate(conn)
    finally:
        await conn.execute("select pg_advisory_unlock(%s)", [_LOCK])


def newest_migration() -> str:
    """Of this version."""
    return max(path.stem for path in (SQL_FOLDER / "migrations").glob("*.sql"))


async def _migrate(conn: Connection) -> None:
    await conn.execute(
        "create table if not exists migration"
        " (name text primary key, applied_at timestamptz not null default now())"
    )
    done = {name for (name,) in await (await conn.execute("select name from migration")).fetchall()}
    scripts = [(path.stem, path.read_bytes()) for path in sorted((SQL_FOLDER / "migrations").glob("*.sql"))]
    triggers = (SQL_FOLDER / "triggers.sql").read_bytes()
    scripts.append((f"triggers {hashlib.sha256(triggers).hexdigest()[:16]}", triggers))
    for name, script in scripts:
        if name not in done:
            async with conn.transaction():
                await conn.execute(script)
                await conn.execute("insert into migration (name) values (%s)", [name])
    # Only the triggers that are there count as done: a version that comes back applies its own again.
    await conn.execute("delete from migration where name like 'triggers %%' and name <> %s", [scripts[-1][0]])
    await conn.execute(
        "insert into secret (key) select sha256(uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()))"
        " on conflict do nothing"
    )
