"""Several databases behind one server: a house for each, and what the server is told of them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import psycopg
from psycopg.sql import SQL, Identifier

from app.database.clusters import as_address
from app.database.embedded import Postgres
from tests.house.database import a_database, make_template, new_database
from tests.house.house import House
from tests.house.server import Server


class Clusters:
    """`main` has the accounts; the server is at home there."""

    def __init__(self, **houses: House) -> None:
        self.houses = houses
        self.main, self.east = houses["main"], houses["east"]

    @property
    def environ(self) -> dict[str, str]:
        return several(**{name: house.database for name, house in self.houses.items()})

    def serve(self, processes: int = 1, **environ: str) -> Server:
        return self.main.serve(processes, None, **(self.environ | environ))


def several(**databases: str) -> dict[str, str]:
    """The settings of a server with these databases."""
    return {
        "DATABASE_URL": "",
        "DATABASE_URLS": " ".join(f"{name}={as_address(dsn)}" for name, dsn in databases.items()),
    }


@contextmanager
def two_databases(postgres: Postgres, folder: Path) -> Iterator[Clusters]:
    with a_database(postgres, "template") as first, a_database(postgres, "template") as second:
        yield from _two(first, second, folder)


@contextmanager
def two_postgres(main: Postgres, east: Postgres, new: Postgres, folder: Path) -> Iterator[Clusters]:
    """Each with a Postgres of its own, so that one can be stopped: the `new` one, in which there is nothing yet."""
    make_template(new)
    with a_database(main if new is east else east) as old:
        its = new_database(new)
        yield from _two(*((old, its) if new is east else (its, old)), folder)


@asynccontextmanager
async def locked(house: House, table: str = "session") -> AsyncIterator[None]:
    """Nobody can read it in this database."""
    async with await psycopg.AsyncConnection.connect(house.database) as conn:
        await conn.execute(SQL("lock table {} in access exclusive mode").format(Identifier(table)))
        yield


def _two(first: str, second: str, folder: Path) -> Iterator[Clusters]:
    houses = [House(one, folder, kept=True) for one in (first, second)]
    # Both may come from one template; each has a key of its own where it was made by itself.
    houses[1].sql("update secret set key = sha256(random()::text::bytea)")
    try:
        yield Clusters(main=houses[0], east=houses[1])
    finally:
        for one in houses:
            one.leave()
