"""One database of a drill: a Postgres of its own, with or without a standby, or two that Patroni looks after."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg.conninfo import make_conninfo

from app.database.embedded import EmbeddedError, Postgres
from app.database.running import kept_running, migrate_at
from app.rehearsal.coming_back import asked_again
from app.rehearsal.hosts import NETWORK, own_address
from app.rehearsal.own_world import small_disk
from app.rehearsal.patroni import UP_SECONDS, PatroniCluster
from app.rehearsal.standby import StandbyPostgres, kill_machine

NAMES = ("main", "east")  # of two
SETTINGS = {"max_wal_size": "256MB", "min_wal_size": "80MB"}  # for a small disk
BACK = 60.0  # seconds in which a database answers again
THERE = 15.0  # seconds in which a server has connections again that were cut before


@dataclass(slots=True)
class DrilledDatabase:
    name: str  # "" where it is the only one
    home: Path
    url: str
    postgres: Postgres | None = None  # None: Patroni looks after two
    standby: StandbyPostgres | None = None  # follows `postgres`, until it takes its place
    cluster: PatroniCluster | None = None
    small_disk: bool = False  # it can be filled up

    def postmasters(self) -> list[int | None]:
        """Nobody has started these who is still there."""
        alone = [one.pid for one in (self.postgres, self.standby) if one]
        return [*alone, *(one.postmaster for one in (self.cluster.machines if self.cluster else ()))]

    @property
    def back(self) -> float:
        """Seconds in which it answers again, of itself: a cluster may fail over at any time."""
        return UP_SECONDS if self.cluster else BACK

    async def cut(self, purpose: str, within: float = THERE) -> None:
        """End the server's connections for this purpose, from the database's side. Raises EmbeddedError where there is
        none for so long: nothing would have befallen anybody.
        """
        deadline = time.monotonic() + within
        while not await asked_again(lambda: asyncio.to_thread(self._end, purpose), self.back):
            if time.monotonic() > deadline:
                raise EmbeddedError(f"the server had no connection of this kind to cut: {purpose}")
            await asyncio.sleep(0.2)  # nobody tells that there is one

    def _end(self, purpose: str) -> int:
        """How many were ended."""
        with psycopg.connect(self.url, autocommit=True) as conn:
            ended = conn.execute(
                b"select count(*) filter (where pg_terminate_backend(pid)) from pg_stat_activity"
                b" where application_name like 'networklab ' || %s and pid <> pg_backend_pid()",
                [purpose],
            ).fetchone()
            return int(ended[0]) if ended else 0


@contextmanager
def drilled_database(
    name: str, home: Path, here: bool, patroni: bool, standby: bool
) -> Iterator[DrilledDatabase]:
    """Running and migrated, in an empty folder. `here`: machines have networks of their own, tied to a bridge."""
    home.mkdir()
    home.chmod(0o755)  # Postgres may run as another user
    nth = NAMES.index(name) if name else 0
    with ExitStack() as stack:
        # On a disk of its own, as its machine would have one.
        small = stack.enter_context(small_disk(home))
        own = own_address(nth) if here else None
        if patroni:
            cluster = stack.enter_context(PatroniCluster(home, own, first=1 + 2 * nth))
            database = DrilledDatabase(name, home, cluster.url, cluster=cluster)
        else:
            postgres, url = _postgres(home, own, stack)
            database = DrilledDatabase(name, home, url, postgres, small_disk=small)
            if standby:
                database.standby = stack.enter_context(_standby(home, postgres))
                database.url = database.standby.both
            stack.enter_context(kept_running(lambda: database.postgres))
        # A server names it, of several: which is the first, all of them are asked.
        asyncio.run(asked_again(lambda: migrate_at(database.url), database.back))
        yield database


class _Reachable(Postgres):
    """By the machines of the drill's network, too."""

    def _initialise(self) -> None:
        super()._initialise()
        with (self.data / "pg_hba.conf").open("a") as lines:
            lines.write(f"host all all {NETWORK}.0/24 trust\n")


def _postgres(home: Path, here: str | None, stack: ExitStack) -> tuple[Postgres, str]:
    if here is None:
        one = stack.enter_context(Postgres(home, SETTINGS))
        return one, one.dsn
    one = stack.enter_context(_Reachable(home, SETTINGS | {"listen_addresses": here}))
    return one, make_conninfo(one.dsn, host=here)


@contextmanager
def _standby(home: Path, primary: Postgres) -> Iterator[StandbyPostgres]:
    """A synchronous one, beside its primary."""
    folder = home / "standby"
    folder.mkdir()
    folder.chmod(0o755)
    standby = StandbyPostgres(folder, primary)
    with standby:
        standby.keep_in_step()
        try:
            yield standby
        finally:
            # Whoever is left: a primary that waits for its standby would not end.
            for one in (standby, primary):
                kill_machine(one)
