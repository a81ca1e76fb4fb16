"""What befalls a server and its databases in a drill: which kinds there are, in which turns, and how each is made."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from app.rehearsal import database_faults, faults, host_faults, patroni_faults
from app.rehearsal.scene import Scene


@dataclass(frozen=True, slots=True)
class Incident:
    """Times on the machine's monotonic clock."""

    at: float
    what: str  # the name of its kind
    database: str = ""  # which of two it befell; "": what all share, or there is one only
    until: float = 0.0  # when the next one began, or all was over

    def __str__(self) -> str:
        return f"{self.what} ({self.database})" if self.database else self.what

    @property
    def seconds(self) -> float:
        return self.until - self.at

    @property
    def of_hosts(self) -> bool:
        return self.what in host_faults.FAULTS


def known(patroni: bool, hosts: int) -> list[str]:
    """All that there are in such a drill, on whatever machine."""
    of_one_postgres = patroni_faults.FAULTS if patroni else database_faults.OF_ONE_POSTGRES
    of_hosts = host_faults.FAULTS if hosts > 1 else ()
    return [*faults.FAULTS, *database_faults.OF_CONNECTIONS, *of_one_postgres, *of_hosts]


def possible(scene: Scene) -> Iterator[str]:
    """Those of them that this machine can bring about."""
    yield from faults.possible(scene)
    first = scene.databases[0]
    yield from database_faults.possible_with(first)
    if first.cluster:
        yield from patroni_faults.possible_with(first.cluster)
    if len(scene.hosts) > 1:
        yield from host_faults.possible_with(scene)


def in_turns(scene: Scene, kinds: Sequence[str], count: int, failover: bool) -> list[tuple[str, str]]:
    """So many, each with the database that it befalls: each kind comes up before any comes up again, and where there
    are two databases, for the one and the next time for the other.
    """
    order: list[str] = []
    while len(order) < count:
        order += scene.chance.sample(kinds, len(kinds))
    order = order[:count]
    if failover:
        order[scene.chance.randrange(count)] = database_faults.FAILOVER
    names = [one.name for one in scene.databases]
    turns = {kind: scene.chance.sample(names, len(names)) for kind in kinds}
    found = []
    for kind in order:
        if kind == database_faults.FAILOVER:
            found.append((kind, names[0]))
        elif not _of_a_database(kind):
            found.append((kind, ""))
        else:
            turns[kind].append(turns[kind].pop(0))
            found.append((kind, turns[kind][-1]))
    return found


async def bring_about(scene: Scene, kind: str, name: str) -> None:
    """To the database of this name, if it is one that befalls a database. Raises EmbeddedError where the cluster does
    not go on.
    """
    if kind in host_faults.FAULTS:
        await host_faults.FAULTS[kind](scene)
    elif kind in faults.FAULTS:
        await faults.FAULTS[kind](scene)
    else:
        database = scene.database(name)
        if database.cluster and kind in patroni_faults.FAULTS:
            await asyncio.to_thread(patroni_faults.FAULTS[kind], database.cluster)
        elif kind == database_faults.FAILOVER:
            await database_faults.lose_the_primary(database, scene.chance)
        else:
            await database_faults.FAULTS[kind](database, scene.chance)


def _of_a_database(kind: str) -> bool:
    return kind in database_faults.FAULTS or kind in patroni_faults.FAULTS
