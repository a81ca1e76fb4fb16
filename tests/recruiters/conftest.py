from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.house.prolific import FakeProlific


@pytest.fixture
def fake() -> Iterator[FakeProlific]:
    with FakeProlific().running() as fake:
        yield fake
