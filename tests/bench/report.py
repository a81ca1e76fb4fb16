"""The table, on the terminal and in BENCHMARKS.md."""

from __future__ import annotations

import os
import platform
import re
import statistics
import subprocess
import tempfile
import textwrap
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from tests.bench.figure import Chapter
from tests.bench.stage import PROCESSES, Stage

INTRODUCTION = (
    "`bin/bench` measures these on your machine, `bin/bench NAME` one of them; each writes its chapter here. "
    f"The server ({PROCESSES} processes, where nothing else is said), Postgres and the load share the cores, on the "
    "loopback interface. Postgres runs with the settings that `bin/demo` and `networklab serve` give it, durable "
    "(`fsync` and `synchronous_commit` on), on a database that was made for the run. A figure is the median of its "
    "runs; *runs* has the lowest and the highest."
)
HEADER = ("what", "median", "runs", "aim", "reached")


def table(chapters: Sequence[Chapter]) -> str:
    lines = [HEADER, *(figure.cells() for chapter in chapters for figure in chapter.figures)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(HEADER))]
    rows = ["  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) for line in lines]
    plots = [f"\n{plot.title}\n{plot.text()}" for chapter in chapters for plot in chapter.plots]
    return "\n".join([*(row.rstrip() for row in rows), *plots])


def updated(text: str, stage: Stage, chapter: Chapter, name: str, busy: float) -> str:
    """BENCHMARKS.md with this chapter in the place of its last version, or at the end."""
    _, *found = re.split(r"^## ", text, flags=re.MULTILINE)
    chapters = {title: body.strip() for title, _, body in (one.partition("\n") for one in found)}
    chapters[chapter.title] = _chapter(stage, chapter, name, busy)
    parts = [f"# Benchmarks\n\n{textwrap.fill(INTRODUCTION, 110)}"]
    return "\n\n".join([*parts, *(f"## {title}\n\n{body}" for title, body in chapters.items())]) + "\n"


def _chapter(stage: Stage, chapter: Chapter, name: str, busy: float) -> str:
    lines = [HEADER, ("---",) * len(HEADER), *(figure.cells() for figure in chapter.figures)]
    table = "\n".join(f"| {' | '.join(line)} |" for line in lines)
    parts = [table, textwrap.fill(chapter.how, 110), *(one.markdown() for one in chapter.plots)]
    return "\n\n".join([*parts, textwrap.fill(_measured(stage, name, busy), 110)])


def _measured(stage: Stage, name: str, busy: float) -> str:
    postgres = subprocess.run(
        [str(stage.postgres.bin / "postgres"), "--version"], capture_output=True, text=True, check=True
    )
    packages = ", ".join(
        f"{package} {version(package)}"
        for package in ("litestar", "psycopg", "uvicorn", "uvloop", "httptools")
    )
    return (
        f"Measured on {datetime.now(UTC):%Y-%m-%d} with `bin/bench {name}`: {os.cpu_count()} cores "
        f"({_processor()}), {_memory()} GB of memory, {platform.system()}; a flush to the disk takes "
        f"{_flush(stage.home):.2f} ms; other programs used {busy:.0%} of the processors before it began. "
        f"Python {platform.python_version()}, "
        f"{postgres.stdout.strip().replace('postgres (PostgreSQL)', 'Postgres')}, {packages}."
    )


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def _memory() -> int:
    return round(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 1e9)


def _flush(folder: Path) -> float:
    """Milliseconds that fdatasync takes after 8 KB were written, the median of 200."""
    taken = []
    with tempfile.TemporaryFile(dir=folder) as file:
        for _ in range(200):
            file.write(bytes(8192))
            file.flush()
            started = time.perf_counter()
            os.fdatasync(file.fileno())
            taken.append(time.perf_counter() - started)
    return 1000 * statistics.median(taken)
