"""docs/mistakes.md: one right study, and what is told of it with one mistake each.

`python -m tests.house.wrong_studies` writes anew what is told. Read every sentence of the difference aloud.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from app.commands.check import with_people
from app.config import PROJECT
from app.rehearsal.trial import try_study
from app.study.reading import check, parse, read_folder
from app.study.syntax.mistakes import StudyError, excerpt

DOCUMENT = PROJECT / "docs" / "mistakes.md"
PEOPLE = "people.csv"
_FILE = re.compile(r"`([\w./]+)`\n\n```\w+\n(.*?)```\n", re.DOTALL)
_MISTAKE = re.compile(
    r"### ([^\n]+)\n\n`([^`\n]+)`\n\n(?:```diff\n(.*?)```\n\n)?```text\n(.*?)```\n", re.DOTALL
)


@dataclass(frozen=True, slots=True)
class Wrong:
    """The right study with one change, and all that `check` tells of it."""

    title: str
    file: str  # as the document names it: "study.toml", "study.toml, saved as latin-1", "a.html, renamed to b.html"
    hunk: str
    told: str

    def make(self, folder: Path) -> None:
        """Writes the folder as somebody would who makes this mistake."""
        name, _, how = self.file.partition(", ")
        files = dict(right_files())
        for file, hunk in self._hunks(name):
            files[file] = self._edited(files.get(file, ""), hunk)
        encoding = "utf-8"
        if how.startswith("renamed to "):
            files[how.removeprefix("renamed to ")] = files.pop(name)
        elif how.startswith("saved as "):
            encoding = how.removeprefix("saved as ")
        for file, text in files.items():
            path = folder / file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(text.encode(encoding if file == name else "utf-8"))

    def _hunks(self, file: str) -> Iterator[tuple[str, str]]:
        """After a line of "@@" another place follows, in the same file or in the one it names."""
        first, *more = re.split(r"^@@(.*)\n", self.hunk, flags=re.MULTILINE)
        yield file, first
        for named, hunk in zip(more[::2], more[1::2], strict=True):
            yield named.strip() or file, hunk

    def _edited(self, text: str, hunk: str) -> str:
        lines = [line if line.strip() else " \n" for line in hunk.splitlines(keepends=True)]
        old, new = ("".join(line[1:] for line in lines if line[0] in signs) for signs in (" -", " +"))
        assert text.count(old) == 1 or not old, f"{self.title}: where?"
        return text.replace(old, new, 1) if old else text + new


@cache
def right_files() -> dict[str, str]:
    return dict(_FILE.findall(DOCUMENT.read_text().split("\n## ")[1]))


def wrong_studies() -> list[Wrong]:
    return [Wrong(*found) for found in _MISTAKE.findall(DOCUMENT.read_text())]


def told(folder: Path) -> str:
    """All that `check --players people.csv` prints of the folder's mistakes."""
    try:
        files = read_folder(folder)
    except StudyError as error:
        return f"{error}\n"
    mistakes = check(files)
    if not any(one.grave for one in mistakes):
        _, mistakes = with_people(files, folder / PEOPLE)
    if not any(one.grave for one in mistakes):
        mistakes += asyncio.run(try_study(parse(files)))
    return "".join(f"{excerpt(one, files)}\n" for one in mistakes)


def main() -> None:
    import tempfile

    text = DOCUMENT.read_text()
    for wrong in wrong_studies():
        with tempfile.TemporaryDirectory() as folder:
            wrong.make(Path(folder))
            renewed = f"```text\n{told(Path(folder))}```"
        head, rest = text.split(f"### {wrong.title}\n", 1)
        before, after = rest.split("```text\n", 1)
        text = f"{head}### {wrong.title}\n{before}{renewed}{after.split('```', 1)[1]}"
    DOCUMENT.write_text(text)


if __name__ == "__main__":
    main()
