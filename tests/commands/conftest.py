from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from app.database.embedded import Postgres
from tests.house.clusters import Clusters, two_databases
from tests.house.house import House
from tests.house.moving import Mover, name_both
from tests.house.shell import Shell


@pytest.fixture
def shell(hall: House, tmp_path: Path) -> Shell:
    return Shell(hall, tmp_path)


@pytest.fixture
def clusters(postgres: Postgres, tmp_path: Path) -> Iterator[Clusters]:
    """Two databases that know what they are called."""
    with two_databases(postgres, tmp_path) as found:
        name_both(found)
        yield found


@pytest.fixture
def mover(clusters: Clusters) -> Mover:
    return Mover(clusters)
