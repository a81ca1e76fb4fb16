"""Where benchmarks play: an embedded Postgres of their own in a temporary home, a database each, real servers."""

from __future__ import annotations

import asyncio
import os
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg.conninfo import make_conninfo

from app.database.connections import connect
from app.database.embedded import Postgres
from app.database.migrations import migrate
from tests.house.house import House

PROCESSES = 2


@dataclass(frozen=True, slots=True)
class Stage:
    postgres: Postgres
    home: Path
    quick: bool

    @property
    def runs(self) -> int:
        return 1 if self.quick else 3

    @contextmanager
    def house(self, name: str) -> Iterator[House]:
        """A house on a fresh, migrated database; its servers end with it."""
        with psycopg.connect(self.postgres.dsn, autocommit=True) as conn:
            conn.execute(f'create database "bench_{name}"'.encode())
        folder = self.home / name
        folder.mkdir()
        house = House(make_conninfo(self.postgres.dsn, dbname=f"bench_{name}"), folder)
        asyncio.run(_migrate(house.database))
        try:
            yield house
        finally:
            house.leave()


@contextmanager
def set_up(quick: bool, settings: Mapping[str, str] = {}) -> Iterator[Stage]:
    with tempfile.TemporaryDirectory(prefix="networklab-bench-") as home:
        Path(home).chmod(0o755)  # Postgres may run as another user
        with Postgres(Path(home), settings) as postgres:
            yield Stage(postgres, Path(home), quick)


def others_use() -> float:
    """Share of the processors' time that is in use while we do nothing, over a second."""
    before = _processor_time()
    time.sleep(1)  # what others use in this second is what is asked
    busy, all_ = (now - then for now, then in zip(_processor_time(), before, strict=True))
    return busy / all_ if all_ else 0.0


def memory(pid: int) -> float:
    """Resident megabytes of a process."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGESIZE") / 1e6


def _processor_time() -> tuple[float, float]:
    """Busy and all, in ticks, since the machine started."""
    ticks = [int(part) for part in Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]]
    return sum(ticks) - ticks[3] - ticks[4], sum(ticks)


async def _migrate(url: str) -> None:
    conn = await connect(url, "bench")
    await migrate(conn)
    await conn.close()
