"""The study that these stories rehearse, and a session of it with nothing wrong."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.database.embedded import Postgres
from app.rehearsal.play import Played
from tests.house.database import a_database
from tests.house.house import House
from tests.house.rehearsing import play_short, write_short


@pytest.fixture(scope="module")
def short(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_short(tmp_path_factory.mktemp("short"))


@pytest.fixture(scope="module")
def held(postgres: Postgres, short: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Played]:
    """A session that eight bots have played, with nothing wrong about it."""
    with a_database(postgres) as url:
        house = House(url, tmp_path_factory.mktemp("held"))
        server = house.serve()
        played = asyncio.run(play_short(url, short, server.base))
        server.stop()
        yield played
