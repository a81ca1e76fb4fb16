"""Somebody who types commands: what they say, and how they refuse."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from app.config import PROJECT
from tests.house.commands import run
from tests.house.house import House

SENTENCE = re.compile(r"[^\n]+[.?]\n")


@dataclass(frozen=True, slots=True)
class Shell:
    """Where commands are typed: a folder, and the database that DATABASE_URL names."""

    house: House
    folder: Path

    def type(
        self, *arguments: str | Path, typed: str = "", **environ: str
    ) -> subprocess.CompletedProcess[str]:
        return run([*map(str, arguments)], self.folder, self.environ | environ, typed)

    @property
    def environ(self) -> dict[str, str]:
        return os.environ | {"DATABASE_URL": self.house.database, "PYTHONPATH": str(PROJECT)}

    def type_all(
        self, lines: Sequence[tuple[Sequence[str], Mapping[str, str]]]
    ) -> list[subprocess.CompletedProcess[str]]:
        with ThreadPoolExecutor(4) as shells:
            return list(shells.map(lambda line: self.type(*line[0], **line[1]), lines))

    def people(self, text: str | bytes, name: str = "people.csv") -> Path:
        (self.folder / name).write_bytes(text.encode() if isinstance(text, str) else text)
        return self.folder / name

    def rows(self) -> list[tuple[object, ...]]:
        return self.house.sql(
            "select (select count(*) from session), (select count(*) from player), (select count(*) from study_file),"
            " (select count(*) from lobby), (select count(*) from log)"
        )


def networklab(house: House, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Typed in the house's own folder."""
    return Shell(house, house.folder).type(*arguments)


def is_refused(ended: subprocess.CompletedProcess[str]) -> str:
    """Exit 2 and one sentence on standard error, which is returned."""
    assert ended.returncode == 2 and ended.stdout == "", (ended.args, ended.stdout, ended.stderr)
    assert SENTENCE.fullmatch(ended.stderr), (ended.args, ended.stderr)
    return ended.stderr
