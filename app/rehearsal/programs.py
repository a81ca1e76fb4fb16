"""The programs that run on this machine, by what Linux shows of each in /proc."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

TICK = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Program:
    pid: int
    parent: int
    ended: bool  # and nobody has asked how
    cpu: float  # seconds of a processor, of all its threads
    children_cpu: float  # … of those that it started and that have ended


def programs() -> Iterator[Program]:
    """All that are there; none on a machine without /proc."""
    for folder in Path("/proc").glob("[0-9]*"):
        found = program(int(folder.name))
        if found:
            yield found


def program(pid: int) -> Program | None:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(errors="replace")
    except OSError:
        return None
    # Its name stands in parentheses and may have some of its own.
    state, parent, *fields = stat.rpartition(")")[2].split()
    user, system, children_user, children_system = map(int, fields[9:13])
    return Program(
        pid, int(parent), state == "Z", (user + system) / TICK, (children_user + children_system) / TICK
    )


def descendants(*roots: int | None) -> list[int]:
    """These that are there and all that they have started, the parents first."""
    there = [one for one in programs() if not one.ended]
    found = [one.pid for one in there if one.pid in roots]
    while more := [one.pid for one in there if one.parent in found and one.pid not in found]:
        found += more
    return found


def cpu(pid: int) -> float:
    """Seconds of a processor that one has used; 0 for one that is not there."""
    found = program(pid)
    return found.cpu if found else 0.0


def family_cpu(pid: int) -> float:
    """Of one, its children that are there and those that have ended."""
    return families_cpu([pid])[pid]


def families_cpu(pids: Collection[int]) -> dict[int, float]:
    """The same of several, at one look at all that runs here, which takes as long as all the rest."""
    used = dict.fromkeys(pids, 0.0)
    for one in programs():
        if one.pid in used:
            used[one.pid] += one.cpu + one.children_cpu
        if one.parent in used:
            used[one.parent] += one.cpu
    return used
