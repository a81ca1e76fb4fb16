"""The files of a session, as a researcher takes them away."""

from __future__ import annotations

import asyncio
import csv
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.house.house import House
from tests.house.shell import networklab

Tables = dict[str, list[dict[str, str]]]


async def tables_of(house: House, session: str, *names: str) -> Tables:
    """What `names`.csv of the export hold, as rows by header.

    By the command: from a page it comes with what SPSS and Stata read, which takes longer than all the rest.
    """
    with TemporaryDirectory() as folder:
        to = Path(folder, "out")
        done = await asyncio.to_thread(networklab, house, "export", session, "--to", to)
        assert done.returncode == 0, done.stderr
        return {name: _read(to / f"{name}.csv") for name in names}


def _read(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))
