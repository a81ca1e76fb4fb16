"""The report of a rehearsal: one HTML file with pictures that opens anywhere."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

from app.rehearsal.cast import RehearsalError
from app.rehearsal.figures import figure, seen_after
from app.rehearsal.gauges import Sample
from app.rehearsal.play import Played
from app.rehearsal.rehearse import Run, deciding, summary
from app.study.durations import as_clock
from app.web import templates
from app.web.assets import static_files
from app.web.monitor.server_figures import percentile

WIDTH, HEIGHT, LEFT, TOP, RIGHT, BOTTOM = 600, 190, 44, 10, 590, 168
MOST_POINTS = 300  # of one line
MOST_ROWS = 60  # of the table beside a picture


class AxisMark(NamedTuple):
    at: float  # on the picture
    text: str


class Polyline(NamedTuple):
    name: str
    points: str  # as SVG has them


@dataclass(frozen=True, slots=True)
class Picture:
    title: str
    unit: str
    summary: str
    lines: tuple[Polyline, ...]
    marks: tuple[AxisMark, ...]  # on the upright axis
    times: tuple[AxisMark, ...]
    faults: tuple[AxisMark, ...]
    rows: tuple[tuple[str, ...], ...]


Series = Sequence[tuple[float, float]]  # seconds since the start, value


def write_report(found: Sequence[Run], file: Path) -> None:
    """The rehearsal that decided with its pictures, and a line for each of the others."""
    played, verdict = deciding(found)
    text = templates.render(
        "rehearsal/rehearsal.html",
        verdict=verdict,
        levels=[one for _, one in found],
        summary=summary(found),
        study=played.study,
        at=datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        look="\n".join(static_files()[one].body.decode() for one in ("app.css", "desk.css")),
        pictures=[picture for picture in _pictures(played) if picture.rows],
        figures=[(name, figure(name, number)) for name, number in verdict.figures.items()],
    )
    try:
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise RehearsalError(f"The report can't be written to {file} ({error.strerror}).") from None


def _pictures(played: Played) -> Iterator[Picture]:
    samples, started = played.gauges.samples, played.started
    answers = _by_second(
        [
            (ask.at + ask.seconds - started, 1000 * ask.seconds)
            for d in played.diaries
            for ask in d.asks
            if ask.kind == "records"
        ]
    )
    yield _picture(
        played,
        "Answers to forms",
        "milliseconds",
        {"half within": _shares(answers, 0.5), "99% within": _shares(answers, 0.99)},
    )
    seen = _by_second([(at + took - started, 1000 * took) for at, took in seen_after(played.diaries)])
    yield _picture(
        played,
        "Messages on a neighbour’s page",
        "milliseconds after they were sent",
        {"half within": _shares(seen, 0.5), "99% within": _shares(seen, 0.99)},
    )
    yield _picture(
        played,
        "People",
        "",
        {
            "came": [(sample.at - started, float(sample.came)) for sample in samples],
            "play": [(sample.at - started, float(sample.playing)) for sample in samples],
            "done": [(sample.at - started, float(sample.done)) for sample in samples],
        },
    )
    yield _picture(
        played,
        "Stored",
        "a second",
        {
            "records": _rates(samples, started, lambda sample: sample.records),
            "messages": _rates(samples, started, lambda sample: sample.messages),
        },
    )
    yield from _pictures_of_server(played)


def _pictures_of_server(played: Played) -> Iterator[Picture]:
    samples, started = played.gauges.samples, played.started
    names = sorted({name for sample in samples for name in sample.processes or {}})
    used = {name: _rates(samples, started, _cpu_of(name), 100) for name in names}
    used["Postgres"] = _rates(samples, started, lambda sample: sample.postgres_cpu, 100)
    yield _picture(played, "Processors", "% of one core", {name: line for name, line in used.items() if line})
    memory: dict[str, Series] = {
        name: [
            (s.at - started, s.processes[name].memory) for s in samples if s.processes and name in s.processes
        ]
        for name in names
    }
    yield _picture(played, "Memory of the server processes", "MB", memory)
    lag = [
        (s.at - started, 1000 * max((p.lag for p in s.processes.values()), default=0.0))
        for s in samples
        if s.processes
    ]
    queued = [
        (s.at - started, float(sum(p.queued for p in s.processes.values()))) for s in samples if s.processes
    ]
    yield _picture(played, "Live lag", "milliseconds from a notification to the pages", {"lag": lag})
    yield _picture(played, "Forms waiting for their commit", "", {"forms": queued})
    ticks = [tick for tick in played.gauges.ticks if tick >= started]
    gaps = [(later - started, later - earlier) for earlier, later in pairwise(ticks)]
    yield _picture(played, "The dashboard’s tick", "seconds since the one before", {"gap": gaps})


def _by_second(points: Sequence[tuple[float, float]]) -> dict[int, list[float]]:
    found: dict[int, list[float]] = {}
    for at, number in points:
        found.setdefault(int(at), []).append(number)
    return dict(sorted(found.items()))


def _shares(by_second: dict[int, list[float]], share: float) -> Series:
    return [(float(second), percentile(numbers, share)) for second, numbers in by_second.items()]


def _cpu_of(name: str) -> Callable[[Sample], float | None]:
    def cpu(sample: Sample) -> float | None:
        process = (sample.processes or {}).get(name)
        return process.cpu if process else None

    return cpu


def _rates(
    samples: Sequence[Sample], started: float, take: Callable[[Sample], float | None], times: float = 1.0
) -> Series:
    line = []
    for earlier, later in pairwise(samples):
        before, after = take(earlier), take(later)
        if before is not None and after is not None and later.at > earlier.at:
            line.append((later.at - started, max(0.0, times * (after - before) / (later.at - earlier.at))))
    return line


def _picture(played: Played, title: str, unit: str, lines: Mapping[str, Series]) -> Picture:
    lines = {_short(name, lines): _thin(line) for name, line in lines.items()}
    every = [number for line in lines.values() for _, number in line]
    top, steps = ceiling(max(every, default=0.0))
    end = max((at for line in lines.values() for at, _ in line), default=1.0) or 1.0

    def across(at: float) -> float:
        return round(LEFT + (RIGHT - LEFT) * min(max(at, 0.0) / end, 1.0), 1)

    def up(number: float) -> float:
        return round(BOTTOM - (BOTTOM - TOP) * number / top, 1)

    return Picture(
        title,
        unit,
        ", ".join(
            f"{name} at most {max(number for _, number in line):,.4g}" for name, line in lines.items() if line
        )
        or "nothing was measured",
        tuple(Polyline(name, _points(line, across, up)) for name, line in lines.items()),
        tuple(AxisMark(up(top * n / steps), f"{top * n / steps:,.4g}") for n in range(steps + 1)),
        tuple(AxisMark(across(end * n / 4), as_clock(end * n / 4)) for n in range(5)),
        tuple(AxisMark(across(at - played.started), what) for at, what in played.faults),
        tuple(_rows(lines)),
    )


def _points(line: Series, across: Callable[[float], float], up: Callable[[float], float]) -> str:
    return " ".join(f"{across(at)},{up(number)}" for at, number in line)


def _short(name: str, lines: Mapping[str, Series]) -> str:
    """A process is `host:number`; the host is the same for all on one machine."""
    hosts = {one.rpartition(":")[0] for one in lines if ":" in one}
    return f"process {name.rpartition(':')[2]}" if ":" in name and len(hosts) == 1 else name


def _thin(line: Series) -> Series:
    """At most so many points; of those that fall together the highest stays."""
    if len(line) <= MOST_POINTS:
        return line
    size = math.ceil(len(line) / MOST_POINTS)
    return [max(line[n : n + size], key=lambda point: point[1]) for n in range(0, len(line), size)]


def _rows(lines: Mapping[str, Series]) -> Iterator[tuple[str, ...]]:
    tables = [{int(at): number for at, number in line} for line in lines.values()]
    times = sorted({at for table in tables for at in table})
    size = max(1, math.ceil(len(times) / MOST_ROWS))
    for at in times[::size]:
        yield (as_clock(at), *(f"{table[at]:,.4g}" if at in table else "" for table in tables))


def ceiling(number: float) -> tuple[float, int]:
    """A round number above, and into how many parts it is divided."""
    if number <= 0:
        return 1.0, 1
    unit = 10.0 ** math.floor(math.log10(number))
    for times, steps in ((1, 2), (2, 4), (3, 3), (4, 4), (5, 5), (6, 3), (8, 4), (10, 5)):
        if number <= times * unit:
            return times * unit, steps
    return 10 * unit, 5
