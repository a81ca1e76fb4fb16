"""A database for one story, and what must not be found in any."""

from __future__ import annotations

import asyncio
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import psycopg
from psycopg.conninfo import make_conninfo
from psycopg.sql import SQL, Identifier

from app.database.clusters import first_numbers, number_from
from app.database.connections import connect
from app.database.embedded import Postgres
from app.database.migrations import migrate
from tests.house.waits import apart

MEMORY = Path("/dev/shm")
ENOUGH = 4 * 2**30  # bytes, for those that run side by side
SMALL = {"max_wal_size": "128MB", "min_wal_size": "64MB"}

APART = "numbered_apart"
BY_FILES = "strategy file_copy"  # through the log a copy takes twice as long, and so does its end

CONTRADICTIONS = [
    """select 'two in one slot', room_id, slot from player where session_id = %(session)s
    and slot is not null and not replaced
    group by room_id, slot having count(*) > 1""",
    """select 'a slot without a player', s.room_id, s.slot from slot s where s.session_id = %(session)s and not s.bot
    and not exists (select from player p where p.room_id = s.room_id and p.slot = s.slot and not p.replaced)
    and not exists (select from room r where r.id = s.room_id and r.player_id is not null)""",
    """select 'sits where no slot is', p.label from player p
    where p.session_id = %(session)s and p.slot is not null and not exists (
        select from slot s where s.room_id = p.room_id and s.slot = p.slot)""",
    """select 'status and slot disagree', label, status, room_id, slot from player
    where session_id = %(session)s and (
        (room_id is null) <> (slot is null) or (slot is null) <> (seated_at is null)
        or status in ('invited', 'before', 'waiting') and slot is not null
        or status = 'playing' and slot is null
        or status = 'finished' and slot is null and not exists (select from room r where r.player_id = player.id)
        or status in ('finished', 'left') and code is null
        or status in ('invited', 'before', 'waiting', 'playing') and code is not null)""",
    """select 'the wrong type', p.label, p.type, s.type from player p join slot s using (room_id, slot)
    where p.session_id = %(session)s and s.type not in (p.type, 'any')""",
    """select 'plays in a room that has ended', p.label, r.name from player p join room r on r.id = p.room_id
    where p.session_id = %(session)s and p.status = 'playing' and r.status = 'ended'""",
    """select 'is at solo steps that are over', p.label, r.name, r.status from player p
    join room r on r.player_id = p.id and r.during = p.status
    where p.session_id = %(session)s and r.status = 'ended'""",
    """select 'has solo steps that nobody is at', p.label, p.status, r.name from player p
    join room r on r.player_id = p.id and r.during <> p.status
    where p.session_id = %(session)s and r.status = 'playing'""",
    """select 'a log with gaps', l.id, l.last_seq from log l left join event e on e.log_id = l.id
    where l.session_id = %(session)s group by l.id
    having (count(e.seq), coalesce(max(e.seq), 0), coalesce(min(e.seq), 1)) <> (l.last_seq, l.last_seq, 1)""",
    """select 'placed, but not once', p.label, count(e.seq) from player p
    left join event e on e.player_id = p.id and e.name = 'player_placed'
    where p.session_id = %(session)s group by p.id having count(e.seq) <> (p.slot is not null)::int""",
    """select 'signed in more than once', p.label from player p join event e on e.player_id = p.id
    where p.session_id = %(session)s and e.name = 'player_signed_in' group by p.id having count(*) > 1""",
    """select 'records counted wrong', l.id, l.records from log l left join record r on r.room_id = l.room_id
    where l.session_id = %(session)s group by l.id having count(r.id) <> l.records""",
]


@contextmanager
def a_home() -> Iterator[Path]:
    """A folder for Postgres, in memory where there is room: no story cuts the power, and a disk would be waited for at
    each commit and at each database that is copied. It is open to the user whom root runs Postgres as, and pytest's
    own folders are not.
    """
    roomy = os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free > ENOUGH
    with tempfile.TemporaryDirectory(prefix="networklab-tests-", dir=MEMORY if roomy else None) as name:
        Path(name).chmod(0o755)
        yield Path(name)


@contextmanager
def a_postgres() -> Iterator[Postgres]:
    """One of a story's own, or of a whole run's."""
    with a_home() as home, Postgres(home, SMALL) as postgres:
        yield postgres


def make_template(postgres: Postgres) -> None:
    """The migrated databases that those of stories are copied from: `template`, and `numbered_apart`, which numbers its
    rows as one of several databases does, so that no `integer` holds them.
    """

    async def migrated(url: str) -> None:
        conn = await connect(url, "tests")
        await migrate(conn)
        await conn.close()

    async def number(url: str) -> None:
        conn = await connect(url, "tests")
        await number_from(conn, first_numbers(["main"])["main"])
        await conn.close()

    with psycopg.connect(postgres.dsn, autocommit=True) as conn:
        conn.execute("create database template")
    apart(lambda: asyncio.run(migrated(make_conninfo(postgres.dsn, dbname="template"))))
    with psycopg.connect(postgres.dsn, autocommit=True) as conn:
        conn.execute(f"create database {APART} template template {BY_FILES}".encode())
    apart(lambda: asyncio.run(number(make_conninfo(postgres.dsn, dbname=APART))))


def new_database(postgres: Postgres) -> str:
    """The address of a migrated one that stays as long as this Postgres."""
    name = f"story_{uuid4().hex[:12]}"
    with psycopg.connect(postgres.dsn, autocommit=True) as conn:
        conn.execute(f'create database "{name}" template {APART} {BY_FILES}'.encode())
    return make_conninfo(postgres.dsn, dbname=name)


@contextmanager
def a_database(postgres: Postgres, template: str = APART) -> Iterator[str]:
    """The address of a migrated database that is gone afterwards."""
    with copy_of(postgres, template, f"story_{uuid4().hex[:12]}") as url:
        yield url


@contextmanager
def an_empty_database(postgres: Postgres) -> Iterator[str]:
    """The address of a database with nothing in it, that is gone afterwards."""
    name = f"empty_{uuid4().hex[:12]}"
    with psycopg.connect(postgres.dsn, autocommit=True) as conn:
        conn.execute(f'create database "{name}"'.encode())
        try:
            yield make_conninfo(postgres.dsn, dbname=name)
        finally:
            conn.execute(f'drop database "{name}" with (force)'.encode())


@contextmanager
def copy_of(postgres: Postgres, template: str, name: str) -> Iterator[str]:
    """The address of a copy of another one, under this name, that is gone afterwards."""
    with psycopg.connect(postgres.dsn, autocommit=True) as conn:
        made = SQL("create database {} template {} {}")
        conn.execute(made.format(Identifier(name), Identifier(template), SQL(BY_FILES)))
        try:
            yield make_conninfo(postgres.dsn, dbname=name)
        finally:
            conn.execute(SQL("drop database {} with (force)").format(Identifier(name)))
