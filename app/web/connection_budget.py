"""How many connections a server takes, how many this account may have, and what of the server fits into those."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, replace

from app.config import ConfigError
from app.database.connections import Connection, connect, is_pooled
from app.database.queries import Queries, row

SQL = Queries(__name__)
# Group commits of sign-ins, records, messages, moves and what came of those; hub, listener, conductor; the
# referee's two; statistics, access, erasures, recruiters.
OWN = 14
HEARING = 1  # of several databases: which sessions have moved
SMALLEST = 2  # pool
SPARE = 2  # for downloads, and commands
GONE = 30.0  # seconds in which Postgres notices that a machine with connections is gone


@dataclass(frozen=True, slots=True)
class Allowance:
    """What the nearest limit leaves."""

    limit: str  # max_connections, role, database
    most: int
    taken: int
    by_others: int  # of those taken: by no NetworkLab
    reserved: int  # for superusers
    role: str
    database: str

    @property
    def free(self) -> int:
        return self.most - self.taken

    def cure(self, most: int, embedded: bool) -> str:
        """The sentence of what allows so many connections in all; the embedded Postgres has as many as it has."""
        if embedded:
            return "Give it fewer processes, or a Postgres of its own by DATABASE_URL."
        if self.limit == "role":
            return f"`alter role {self.role} connection limit {most}` allows that."
        if self.limit == "database":
            return f"`alter database {self.database} connection limit {most}` allows that."
        return f"`alter system set max_connections = {most + self.reserved}` and a restart of Postgres allow that."


@dataclass(frozen=True, slots=True)
class Fit:
    processes: int
    pool_size: int
    several: bool = False  # databases, of each of which this is

    @property
    def connections(self) -> int:
        return self.processes * of_a_process(self.pool_size, self.several) + SPARE


def hands(pool_size: int) -> tuple[int, int]:
    """Rooms that are decided on, and bots that are asked, at the same time by a process: a connection each."""
    return max(1, min(3, pool_size // 2)), max(1, min(2, pool_size // 4))


def of_a_process(pool_size: int, several: bool = False) -> int:
    """Connections that it takes when all it does is done at once; of `several` databases, of each."""
    return pool_size + OWN + several * HEARING + sum(hands(pool_size))


def counted(processes: int) -> str:
    return "1 process" if processes == 1 else f"{processes} processes"


def fitting(wanted: Fit, free: int) -> Fit | None:
    """The same, or with smaller pools, or with fewer processes; None where not even the smallest fits."""
    for processes in range(wanted.processes, 0, -1):
        for pool_size in range(wanted.pool_size, min(SMALLEST, wanted.pool_size) - 1, -1):
            fit = replace(wanted, processes=processes, pool_size=pool_size)
            if fit.connections <= free:
                return fit
    return None


async def allowance(conn: Connection) -> Allowance:
    found = await row(conn, Allowance, SQL["allowance"])
    assert found is not None
    return found


async def fit_into(url: str, wanted: Fit, embedded: bool) -> tuple[Fit, str]:
    """What to start, and the sentence that says what is left out and what would change it; empty if nothing is.

    Connections of other servers of ours may be those of one that has just died, which Postgres has yet to notice.
    Behind a pooler its limits count, which nobody can ask it for. Raises `ConfigError` where nothing fits.
    """
    conn = await connect(url, "serve")
    try:
        if is_pooled(conn):
            return wanted, ""
        found, since = await allowance(conn), time.monotonic()
        while fitting(wanted, found.free) != wanted and found.taken > found.by_others:
            if time.monotonic() - since > GONE:
                break
            await asyncio.sleep(1)
            found = await allowance(conn)
    finally:
        await conn.close()
    free, fit = found.free, fitting(wanted, found.free)
    if fit == wanted:
        return fit, ""
    told = f"Postgres has {free} connections left for the account {found.role}"
    if fit is None:
        least = replace(wanted, processes=1, pool_size=SMALLEST).connections
        raise ConfigError(
            f"{told}, and the smallest server takes {least}. {found.cure(least + found.taken, embedded)}"
        )
    cure = found.cure(wanted.connections + found.taken, embedded)
    return fit, (
        f"{told}, and {counted(wanted.processes)} with pools of {wanted.pool_size} may take {wanted.connections}, so"
        f" there will be {counted(fit.processes)} with pools of {fit.pool_size}. {cure}"
    )
