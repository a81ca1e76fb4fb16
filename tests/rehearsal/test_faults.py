"""Stories of faults: one that befalls nobody is none, and a database that is just coming back is asked again."""

from __future__ import annotations

import asyncio
from pathlib import Path
from random import Random

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from app.database.embedded import EmbeddedError, Postgres
from app.rehearsal.drilled_database import DrilledDatabase
from app.rehearsal.faults import change, migrate
from app.rehearsal.scene import Scene
from tests.house.database import make_template, new_database

READ_ONLY = 'alter database "{}" set default_transaction_read_only = {}'


@pytest.fixture
def database(own_postgres: Postgres, tmp_path: Path) -> DrilledDatabase:
    """Of its own Postgres: what is cut there is cut for all."""
    make_template(own_postgres)
    return DrilledDatabase("", tmp_path, new_database(own_postgres))


def connected(database: DrilledDatabase, purpose: str) -> psycopg.Connection:
    return psycopg.connect(database.url, application_name=f"networklab {purpose}", autocommit=True)


def test_connections_are_cut_and_where_there_is_none_it_is_said(database: DrilledDatabase) -> None:
    with pytest.raises(EmbeddedError, match="no connection of this kind to cut: listener"):
        asyncio.run(database.cut("listener", within=0.1))
    with connected(database, "listener") as listener, connected(database, "pages") as pages:
        asyncio.run(database.cut("listener"))
        with pytest.raises(psycopg.OperationalError):
            listener.execute("select 1")
        assert pages.execute("select 1").fetchone() == (1,)


def test_a_migration_that_gets_no_lock_says_so(database: DrilledDatabase) -> None:
    statement = "alter table record add column drill_1 integer"
    with connected(database, "pages") as conn, conn.transaction():
        conn.execute("lock table record in access share mode")
        with pytest.raises(EmbeddedError, match=f"did not get its lock in 1 tries: {statement}"):
            change(database.url, statement, tries=1)
    change(database.url, statement, tries=1)


def test_a_migration_waits_for_a_cluster_that_has_just_failed_over(database: DrilledDatabase) -> None:
    """A primary that steps back takes reads only, until another one is there."""
    name = str(conninfo_to_dict(database.url)["dbname"])
    scene = Scene([database], [], "", database.home, Random(1))
    with connected(database, "test") as conn:
        conn.execute(READ_ONLY.format(name, "on").encode())

        async def story() -> None:
            migrating = asyncio.create_task(migrate(scene))
            done, _ = await asyncio.wait([migrating], timeout=0.3)
            assert not done, "it takes reads only"
            conn.execute(b"set default_transaction_read_only = off")
            conn.execute(READ_ONLY.format(name, "off").encode())
            await migrating

        asyncio.run(story())
        found = conn.execute("select 1 from information_schema.columns where column_name like 'drill%'")
        assert found.fetchall() == []
