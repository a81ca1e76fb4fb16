"""A Postgres for the whole run, a migrated database for each story, and the house that they are told in."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from app.db import connect, migrate
from app.embedded import Postgres
from tests.house import House, a_database

pytest_plugins = ["tests.browser"]


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    # Not pytest's own folder: it is closed to the user that Postgres runs as where the tests run as root.
    with tempfile.TemporaryDirectory(prefix="networklab-tests-") as home:
        Path(home).chmod(0o755)
        with Postgres(Path(home)) as postgres:
            _make_template(postgres)
            yield postgres


def _make_template(postgres: Postgres) -> None:
    with psycopg.connect(postgres.dsn, autocommit=True) as conn:
        conn.execute("create database template")
    asyncio.run(_migrate(make_conninfo(postgres.dsn, dbname="template")))


@pytest.fixture
def database(postgres: Postgres) -> Iterator[str]:
    """The address of a migrated database of this story's own."""
    with a_database(postgres) as url:
        yield url


@pytest.fixture
def house(database: str, tmp_path: Path) -> Iterator[House]:
    house = House(database, tmp_path)
    yield house
    house.leave()


async def _migrate(url: str) -> None:
    conn = await connect(url, "tests")
    await migrate(conn)
    await conn.close()
