"""A Postgres for the whole run, a migrated database for each story, and the house that they are told in."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from app.database.embedded import Postgres
from app.web.access import passwords
from app.web.access.accounts import put_account
from tests.house.cheap import HASHER
from tests.house.database import a_database, a_postgres, make_template
from tests.house.house import PASSWORD, House
from tests.house.server import Server
from tests.house.visits import make_views
from tests.house.waits import apart

pytest_plugins = ["tests.house.browser", "tests.house.stage"]

# What is drawn is the same each time, and may take its time: a run tells of the code, not of luck or of the machine.
# `bin/test --hypothesis-profile=default` draws others.
settings.register_profile(
    "stories", derandomize=True, database=None, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("stories")

# Hundreds of servers, each of which would import all there is, take longer to start than what is told of them. Stories
# of starting, and of replacing who dies, say `house.forked = False`.
House.forked = True
# Several hundred hashes are made and tried, each of which takes a quarter of a second on purpose.
passwords.hasher = HASHER


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """The long version of a story is told where somebody asks for it."""
    if "slow" not in config.option.markexpr:
        config.hook.pytest_deselected(items=[item for item in items if item.get_closest_marker("slow")])
        items[:] = [item for item in items if not item.get_closest_marker("slow")]


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    with a_postgres() as postgres:
        make_template(postgres)
        yield postgres


@pytest.fixture
def own_postgres() -> Iterator[Postgres]:
    """For a story that stops it, or kills it."""
    with a_postgres() as postgres:
        yield postgres
        postgres.stop()


@pytest.fixture
def database(postgres: Postgres) -> Iterator[str]:
    """The address of a migrated database of this story's own."""
    with a_database(postgres) as url:
        yield url


@pytest.fixture
def house(database: str, tmp_path: Path) -> Iterator[House]:
    house = House(database, tmp_path, kept=True)
    yield house
    house.leave()


@pytest.fixture(scope="session")
def hall(postgres: Postgres, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """One house with one server, and grace's account, for all stories that leave the server as it is."""
    with a_database(postgres) as url:
        make_views(url)
        house = House(url, tmp_path_factory.mktemp("hall"), kept=True)
        apart(lambda: house.do(lambda conn: put_account(conn, "grace", PASSWORD)))
        apart(house.serve)
        yield house
        house.leave()


@pytest.fixture
def shared(hall: House) -> Iterator[House]:
    """The hall as a story sees it: with its own sessions and no others."""
    visited = hall.visit()
    yield visited
    apart(visited.end_visit)


@pytest.fixture
def server(hall: House) -> Server:
    return hall.servers[0]


@pytest.fixture(scope="session")
def other_server(hall: House) -> Server:
    """Another one on the hall's database."""
    return apart(hall.serve)
