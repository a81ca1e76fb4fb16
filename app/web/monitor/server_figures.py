"""Figures of the server processes: what each does, told once a second and read by all."""

from __future__ import annotations

import ipaddress
import resource
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from pathlib import Path

from psycopg.types.json import Jsonb

from app.database.connections import Connection
from app.database.queries import Queries, value

SQL = Queries(__name__)


@dataclass(frozen=True, slots=True)
class Figures:
    """One process at one moment. Times in milliseconds."""

    streams: int = 0  # players' pages that are connected
    queued: int = 0  # forms waiting for their commit
    oldest: float = 0.0  # wait of the oldest of them
    commit_p50: float = 0.0
    commit_p95: float = 0.0
    sign_in_p95: float = 0.0  # from the entry form to the answer, the seating included
    lag: float = 0.0  # from a notification to its events handed on
    tick: float = 0.0  # how long the last tick took
    listening: bool = False
    answers: int = 0  # forms acknowledged since the process began
    messages: int = 0  # messages acknowledged since then
    cpu: float = 0.0  # seconds of processor time since then
    memory: float = 0.0  # resident, in megabytes
    disk_free: float | None = (
        None  # gigabytes, where the embedded Postgres has its data; None: it is elsewhere
    )
    processes: int = 1


_NAMES = {one.name for one in fields(Figures)}


async def put_figures(conn: Connection, process: str, figures: Figures) -> datetime:
    """Returns the database's now."""
    now: datetime = await value(conn, SQL["put_figures"], id=process, figures=Jsonb(asdict(figures)))
    return now


async def remove_process(conn: Connection, process: str) -> None:
    """It ends as it should: nobody is to miss it."""
    await conn.execute(SQL["remove_process"], dict(id=process))


async def put_acknowledged(
    conn: Connection, process: str, began: datetime, records: Mapping[str, int]
) -> None:
    """`records`: session → how many this process has acknowledged since it began."""
    given = dict(process=process, began=began, sessions=list(records), records=list(records.values()))
    await conn.execute(SQL["put_acknowledged"], given)


async def read_server(conn: Connection) -> Figures:
    """All processes that have been seen in the last seconds, as one."""
    return together(list((await read_processes(conn)).values()))


async def read_processes(conn: Connection) -> dict[str, Figures]:
    """host:pid → figures, of each process that has been seen in the last seconds.

    While versions change, another process may tell of figures that this one does not know, and know fewer.
    """
    found = await (await conn.execute(SQL["figures"])).fetchall()
    return {
        id_: Figures(**{name: figure for name, figure in figures.items() if name in _NAMES})
        for id_, figures in found
    }


async def surroundings(conn: Connection) -> tuple[int, int]:
    """Processes that have stopped telling and did not say goodbye; connections that anybody may still take."""
    [(gone, connections_free)] = await (await conn.execute(SQL["surroundings"])).fetchall()
    return gone, connections_free


def together(figures: Sequence[Figures]) -> Figures:
    """All processes as one: counts add up, times are those of the slowest."""
    return Figures(
        streams=sum(one.streams for one in figures),
        queued=sum(one.queued for one in figures),
        oldest=max((one.oldest for one in figures), default=0.0),
        commit_p50=max((one.commit_p50 for one in figures), default=0.0),
        commit_p95=max((one.commit_p95 for one in figures), default=0.0),
        sign_in_p95=max((one.sign_in_p95 for one in figures), default=0.0),
        lag=max((one.lag for one in figures), default=0.0),
        tick=max((one.tick for one in figures), default=0.0),
        listening=bool(figures) and all(one.listening for one in figures),
        answers=sum(one.answers for one in figures),
        messages=sum(one.messages for one in figures),
        cpu=sum(one.cpu for one in figures),
        memory=sum(one.memory for one in figures),
        disk_free=min((one.disk_free for one in figures if one.disk_free is not None), default=None),
        processes=len(figures),
    )


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that at least this share (0 to 1) of `values` do not exceed; 0 if there are none."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else 0.0


def resident_megabytes() -> float:
    """Of this process, now; where there is no /proc, the most that it has ever had."""
    try:
        return int(Path("/proc/self/statm").read_bytes().split()[1]) * resource.getpagesize() / 1e6
    except OSError:
        most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return most / 1e6 if sys.platform == "darwin" else most / 1e3


async def data_folder(conn: Connection) -> Path | None:
    """Where Postgres keeps its data, if that is on this machine and this account may know it."""
    host, address = conn.info.host, conn.info.hostaddr
    here = host.startswith("/") or (bool(address) and ipaddress.ip_address(address).is_loopback)
    folder: str | None = await value(conn, SQL["data_folder"]) if here else None
    return Path(folder) if folder else None
