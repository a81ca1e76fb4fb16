from __future__ import annotations

from pathlib import Path

import pytest

from tests.house.house import House
from tests.house.shell import Shell


@pytest.fixture
def shell(hall: House, tmp_path: Path) -> Shell:
    return Shell(hall, tmp_path)
