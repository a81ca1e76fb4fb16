"""Stories of downloads: what nobody takes is given back."""

from __future__ import annotations

import os
from collections.abc import AsyncGenerator
from contextlib import suppress
from typing import cast

import pytest

from app.export.download import table_chunks
from app.study.stored import read_study
from app.web.turns import Turns
from tests.house.house import House
from tests.house.waits import until


def spools() -> int:
    """Temporary files that this process has open."""
    found = 0
    for one in os.listdir("/proc/self/fd"):
        with suppress(OSError):
            found += os.readlink(f"/proc/self/fd/{one}").endswith("(deleted)")
    return found


def test_a_download_that_nobody_takes_gives_back_its_file_and_is_no_whole_one(shared: House) -> None:
    session = shared.open(start=False)
    study = shared.read(lambda conn: read_study(conn, session.id))

    async def story() -> None:
        before = spools()
        chunks = table_chunks(shared.database, session.id, study, "players.csv", Turns(1, 1), unread=0.05)
        coming = cast(AsyncGenerator[bytes], chunks)
        assert (await anext(coming)).startswith(b"player,")
        assert spools() == before + 1
        await until(lambda: spools() == before, "its file given back")
        with pytest.raises(TimeoutError, match="broken off"):
            await anext(coming)

    shared.tell(story())
