"""How large a server must be for a study that nobody has played yet: machines, connections, disk, network, money."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from app.rehearsal.capacity import FILL
from app.rehearsal.costs import Used, used
from app.rehearsal.prices import HOURS, Provider
from app.study.estimate import Estimate
from app.web.connection_budget import Fit

AS_MEASURED = Used(1.0, 1.0)  # times what each form costs
ONE_MACHINE = 8  # cores, up to which server and Postgres stand on one
HOST = 8  # cores of a host, where there are several
LARGEST = 48  # cores of a Postgres: more work than it does is spread over several databases
POOL = 8  # connections of a process for pages
PROCESS, PAGE = 0.12, 30e-6  # GB of memory that a process takes, and that each page takes which is open
SPARE = 2.0  # GB of memory for what else is on a machine
# Bytes, by what a rehearsal calls a form: in the database, with indexes; and to pages, files of the study's own aside.
STORED = {"sign-in": 6e3, "records": 1.7e3, "decided": 0.0, "alone": 2e3, "messages": 1.7e3, "moves": 3e3}
SENT = {"sign-in": 130e3, "records": 3e3, "decided": 0.0, "alone": 6e3, "messages": 3e3, "moves": 6e3}
LOGGED = 2.0  # times what is stored, that Postgres writes to its log and sends to a standby


@dataclass(frozen=True, slots=True)
class Size:
    """What the busiest time takes. Each part is filled up to `FILL`."""

    used: Used
    processes: int
    hosts: int  # 0: the server stands on the machine of Postgres
    host: int  # cores of each
    databases: int
    database: int  # cores of the machine of each
    connections: int
    memory: float  # GB of the machine that needs most
    stored: float  # bytes that all of it leaves in the databases
    sent: float  # bytes to pages, over the whole time
    a_second: float  # of these, when it is busiest

    @property
    def machines(self) -> int:
        """With a standby of each database, where there are hosts, and three small ones of etcd."""
        return self.hosts + 2 * self.databases + 3 if self.hosts else 1

    def cost(self, provider: Provider, hours: float) -> float:
        """Of so many hours, with what they send and keep."""
        database = provider.machine(self.database, self.memory).hour
        machines = database
        if self.hosts:
            machines = 2 * self.databases * database
            machines += self.hosts * provider.machine(self.host, self.memory).hour
            machines += 3 * provider.machine(2, 4).hour
        disks = (2 if self.hosts else 1) * self.disk * provider.disk * hours / HOURS
        return machines * hours + disks + max(0.0, self.sent / 1e9 - provider.included) * provider.traffic

    @property
    def disk(self) -> float:
        """GB: what is stored, the log of it, and as much again for an export."""
        return max(20.0, math.ceil(self.stored * (2 + LOGGED) / 1e9 / 10) * 10)


def size_of(estimate: Estimate, like: Used = AS_MEASURED) -> Size:
    """For everybody in `estimate` at once, as it says that they come and play; `like`: times what each form costs."""
    people = estimate.players
    a_second = {kind: people * many / estimate.busy for kind, many in estimate.acts.items()}
    a_second["sign-in"] = people / max(estimate.over, 1.0)
    processes, taken = _fewest(a_second, like, 1, 2)
    hosts, host, databases, database = 0, 0, 1, ONE_MACHINE
    if taken.together <= ONE_MACHINE * FILL:
        database = next(one for one in (2, 4, ONE_MACHINE) if taken.together <= one * FILL)
    else:
        # A process for each core, on as many hosts as do it while one more is gone.
        processes, taken = _fewest(a_second, like, HOST, HOST)
        hosts, host = processes // HOST + 1, HOST
        processes += HOST
        databases = math.ceil(taken.postgres / FILL / LARGEST)
        database = next(n for n in (2, 4, 8, 16, 32, LARGEST) if taken.postgres / FILL / databases <= n)
    stored, sent = (
        people * sum(each[kind] * many for kind, many in estimate.acts.items()) for each in (STORED, SENT)
    )
    busiest = sum(SENT[kind] * many for kind, many in a_second.items())
    pages = people * (1 if hosts == 0 else 1 / max(hosts - 1, 1))
    own = processes if hosts == 0 else HOST
    return Size(
        used=taken,
        processes=processes,
        hosts=hosts,
        host=host,
        databases=databases,
        database=database,
        connections=Fit(processes, POOL, databases > 1).connections,
        memory=SPARE + own * PROCESS + pages * PAGE,
        stored=stored,
        sent=sent,
        a_second=busiest,
    )


def _fewest(a_second: Mapping[str, float], like: Used, step: int, least: int) -> tuple[int, Used]:
    """As many processes as are not too full, so many at a time, and what they take together with Postgres."""
    for processes in range(least, 1_000_000, step):
        taken = used(a_second, processes)
        taken = Used(taken.server * like.server, taken.postgres * like.postgres)
        if taken.server <= processes * FILL:
            return processes, taken
    raise ValueError("too many people for any number of processes")


def like_in(rehearsed: Mapping[str, Any]) -> Used | None:
    """What its forms took in a rehearsal, as `rehearse --json` has it, by what they were reckoned to take."""
    load = rehearsed.get("load") or {}
    reckoned = load.get("reckoned") or {}
    if not (load.get("postgres") and reckoned.get("server") and reckoned.get("postgres")):
        return None
    return Used(load["server"] / reckoned["server"], load["postgres"] / reckoned["postgres"])
