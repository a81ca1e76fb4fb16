"""A Postgres for the whole run, a migrated database for each story, and the house that stories are told in."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from app.db import connect, migrate
from app.embedded import Postgres
from tests.house import House

pytest_plugins = ["tests.browser"]


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Postgres]:
    with Postgres(tmp_path_factory.mktemp("home")) as postgres:
        with psycopg.connect(postgres.dsn, autocommit=True) as conn:
            conn.execute("create database template")
        asyncio.run(_migrate(make_conninfo(postgres.dsn, dbname="template")))
        yield postgres


@pytest.fixture
def database(postgres: Postgres) -> Iterator[str]:
    """The address of a migrated database of this story's own."""
    name = f"story_{uuid4().hex[:12]}"
    with psycopg.connect(postgres.dsn, autocommit=True) as conn:
        conn.execute(f'create database "{name}" template template'.encode())
        yield make_conninfo(postgres.dsn, dbname=name)
        conn.execute(f'drop database "{name}" with (force)'.encode())


@pytest.fixture
def house(database: str, tmp_path: Path) -> Iterator[House]:
    house = House(database, tmp_path)
    yield house
    house.leave()


async def _migrate(url: str) -> None:
    conn = await connect(url, "tests")
    await migrate(conn)
    await conn.close()
