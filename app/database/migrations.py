"""Migrations: a database is brought to this version's tables and triggers."""

from __future__ import annotations

import hashlib
import re

from app import __version__
from app.config import ConfigError
from app.database.connections import Connection
from app.database.queries import SQL_FOLDER

_LOCK = 7_021_337  # any number, the same for every process
_TRIGGERS = "triggers "  # before the digest of their script, among the names of migrations
# Not in a comment, and nothing that is temporary.
_CREATES = re.compile(
    r"^ *create (?:or replace |unlogged )?(table|view|materialized view|sequence|function|procedure|type|domain) (\w+)",
    re.MULTILINE,
)


async def migrate(conn: Connection) -> None:
    """Bring the database to this version's tables and triggers. Several processes may call it at once.

    `conn` must be in autocommit: each script is a transaction of its own, since what one adds to a type the next ones
    can only use once that is committed. Where one fails, those before it stay. Raises `ConfigError` for a database that
    a newer version has brought to its own: what that added this one would not write, and its triggers would go.
    """
    await conn.execute("select pg_advisory_lock(%s)", [_LOCK])
    try:
        await _migrate(conn)
    finally:
        await conn.execute("select pg_advisory_unlock(%s)", [_LOCK])


def newest_migration() -> str:
    """Of this version."""
    return max(path.stem for path in (SQL_FOLDER / "migrations").glob("*.sql"))


def own_objects() -> set[str]:
    """Kind and name of all that our scripts create, as in “table room”: what else is in a database is none of ours."""
    scripts = [SQL_FOLDER / "triggers.sql", *(SQL_FOLDER / "migrations").glob("*.sql")]
    found = {"table migration"}
    for path in scripts:
        found |= {f"{kind} {name}" for kind, name in _CREATES.findall(path.read_text(encoding="utf-8"))}
    return found


def _is_triggers(name: str) -> bool:
    return name.startswith(_TRIGGERS)


async def _migrate(conn: Connection) -> None:
    await conn.execute(
        "create table if not exists migration"
        " (name text primary key, applied_at timestamptz not null default now())"
    )
    done = {name for (name,) in await (await conn.execute("select name from migration")).fetchall()}
    scripts = [(path.stem, path.read_bytes()) for path in sorted((SQL_FOLDER / "migrations").glob("*.sql"))]
    if newer := max(
        (name for name in done if name > scripts[-1][0] and not _is_triggers(name)), default=None
    ):
        raise ConfigError(
            f"This database has the tables of a newer NetworkLab, up to {newer}; this one, {__version__}, knows them up"
            f" to {scripts[-1][0]}. Start the newer version, or restore a backup from before it into a new database."
        )
    triggers = (SQL_FOLDER / "triggers.sql").read_bytes()
    scripts.append((f"{_TRIGGERS}{hashlib.sha256(triggers).hexdigest()[:16]}", triggers))
    for name, script in scripts:
        if name not in done:
            async with conn.transaction():
                await conn.execute(script)
                await conn.execute("insert into migration (name) values (%s)", [name])
    # Only the triggers that are there count as done: a version that comes back applies its own again.
    theirs = "delete from migration where starts_with(name, %s) and name <> %s"
    await conn.execute(theirs, [_TRIGGERS, scripts[-1][0]])
    await conn.execute(
        "insert into secret (key) select sha256(uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()))"
        " on conflict do nothing"
    )
