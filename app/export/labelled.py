"""labelled/: tables to analyse as .sav and .dta, made of the .csv files as they are, in a process of its own.

What writes them takes half a second to load and some hundred MB for a large session: no server pays that, and whatever
happens there, the other files come out.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import aclosing
from pathlib import Path
from typing import ClassVar, Self

import msgspec

from app.export.csv_stream import BLOCK, Blocks
from app.export.labels import Column

FOLDER, SPEC, FAULTS = "labelled", "columns.json", "faults.json"
MOST_CELLS = 3_000_000  # of a table: half a GB there; 105,000 records have a third of it
LONGEST = 300  # seconds: forty times what 105,000 records take
MISSING = (
    "The files in labelled/ could not be made: {why} The tables as .csv have all that would stand there."
)
FAULTY = "labelled/ lacks {tables}, which could not be made: {why}. The .csv have all of it."
LARGE = (
    "labelled/ lacks {tables}: SPSS and Stata get tables of at most {most:,} cells. The .csv have all of it."
)


class Labelled:
    """`with`: a folder of ours, which keeps what the tables have as they go out, and what is made of that."""

    make: ClassVar[Callable[[Path], Awaitable[str]]]  # of the folder; why it failed, "" where it did not

    def __init__(self, columns: dict[str, list[Column]], title: str, most: int = MOST_CELLS) -> None:
        self.columns, self.title, self.most, self.missing = columns, title, most, ""
        self.large: list[str] = []

    def __enter__(self) -> Self:
        self.temporary = tempfile.TemporaryDirectory(prefix="networklab-")
        self.folder = Path(self.temporary.name)
        return self

    def __exit__(self, *_: object) -> None:
        self.temporary.cleanup()

    async def kept(self, name: str, blocks: Blocks) -> Blocks:
        """The same, and a copy of it where the table gets labels."""
        if name not in self.columns:
            async with aclosing(blocks):
                async for one in blocks:
                    yield one
            return
        path, most, written = self.folder / name, self.most // max(1, len(self.columns[name])), 0
        with path.open("xb") as file:
            async with aclosing(blocks):
                async for block, lines in blocks:
                    written += lines
                    if written <= most:
                        file.write(block)
                    yield block, lines
        if written > most:
            path.unlink()
            self.large.append(name)

    async def files(self) -> AsyncIterator[tuple[str, Blocks]]:
        """Names and contents; of what could not be made `missing` says why."""
        said = [LARGE.format(tables=", ".join(self.large), most=self.most)] if self.large else []
        told = dict(title=self.title, tables=self.columns)
        (self.folder / SPEC).write_bytes(msgspec.json.encode(told, enc_hook=str))
        why = await Labelled.make(self.folder)
        if why:
            said.append(MISSING.format(why=why))
        else:
            faults = msgspec.json.decode((self.folder / FAULTS).read_bytes(), type=dict[str, str])
            for fault in dict.fromkeys(faults.values()):
                tables = ", ".join(name for name, one in faults.items() if one == fault)
                said.append(FAULTY.format(tables=tables, why=fault.rstrip(".")))
        self.missing = " ".join(said)
        if why:
            return
        for path in sorted((self.folder / FOLDER).iterdir()):
            yield f"{FOLDER}/{path.name}", _pieces(path)


async def _make_apart(folder: Path) -> str:
    command = [sys.executable, "-P", "-m", "app.export.labelled_files", str(folder)]
    process = await asyncio.create_subprocess_exec(
        *command,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(LONGEST):
            _, said = await process.communicate()
    except TimeoutError:
        return f"it took more than {LONGEST} s."
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode == 0:
        return ""
    lines = said.decode(errors="replace").split("\n")
    return next((one for one in reversed(lines) if one.strip()), f"it ended with {process.returncode}.")


Labelled.make = _make_apart


async def _pieces(path: Path) -> AsyncGenerator[tuple[bytes, int]]:
    with path.open("rb") as file:
        while piece := file.read(BLOCK):
            yield piece, 0
