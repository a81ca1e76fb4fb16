"""What is wrong with a study, said so that its author can mend it."""

import difflib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from app.study.own_files import content_of
from app.study.syntax.lines import Path, Spot, Spots
from app.study.syntax.unseen import JOINERS, spelt

RED, BLUE, PLAIN = "\033[1;31m", "\033[1;34m", "\033[0m"
WIDEST = 100  # characters of a line that are shown


@dataclass(frozen=True, slots=True)
class Mistake:
    """Something in a study's files: where it stands, what is wrong, and what to write instead.

    `spot` is None where a whole file or folder is meant. A mistake that is not `grave` is a note: the study runs,
    but not quite as its author may expect.
    """

    file: str
    spot: Spot | None
    sentence: str
    suggestion: str = ""
    grave: bool = True

    @property
    def location(self) -> str:
        """study.toml:3:8, as editors and compilers write it."""
        return f"{self.file}:{self.spot.line}:{self.spot.column}" if self.spot else self.file

    def __str__(self) -> str:
        return spelt(f"{self.location}: {self.sentence} {self.suggestion}".rstrip())


class StudyError(Exception):
    """A study that can't be run. `mistakes` are all that were found; `str()` has one sentence a line."""

    def __init__(self, mistakes: Sequence[Mistake]) -> None:
        super().__init__("\n".join(str(mistake) for mistake in mistakes))
        self.mistakes = tuple(mistakes)


class Findings:
    """What was found wrong so far in one TOML file, and where its keys stand."""

    def __init__(self, file: str, spots: Spots) -> None:
        self.file = file
        self.spots = spots
        self.mistakes: list[Mistake] = []
        self._broken: list[Path] = []

    def wrong(self, path: Path, sentence: str, suggestion: str = "") -> Mistake:
        """A mistake in what stands at `path`; in the nearest table around it where that is missing."""
        return self._add(path, Mistake(self.file, self.spot(path), sentence, suggestion))

    def misnamed(self, path: Path, sentence: str, suggestion: str = "", grave: bool = True) -> Mistake:
        """A mistake in the key itself."""
        spot = self.spots.keys.get(path, self.spot(path))
        return self._add(path, Mistake(self.file, spot, sentence, suggestion, grave))

    def note(self, path: Path, sentence: str, suggestion: str = "") -> None:
        self._add(path, Mistake(self.file, self.spot(path), sentence, suggestion, grave=False))

    def spot(self, path: Path) -> Spot:
        """Where the value at `path` stands, or else its key, or else the nearest table around it."""
        if path in self.spots.values:
            return self.spots.values[path]
        while path and path not in self.spots.keys:
            path = path[:-1]
        return self.spots.keys.get(path, Spot(1, 1))

    def given(self, path: Path) -> bool:
        return path in self.spots.keys

    def sound(self, *path: str | int) -> bool:
        """No mistake in this part so far. Who builds on a part asks first, so that one slip is told once."""
        return not any(broken[: len(path)] == path for broken in self._broken)

    def _add(self, path: Path, mistake: Mistake) -> Mistake:
        if mistake.grave:
            self._broken.append(path)
        self.mistakes.append(mistake)
        return mistake


def whole_line(content: bytes, line: int) -> Spot | None:
    """All that stands on this line of a file; None where there is none."""
    lines = content.decode("utf-8-sig", "replace").splitlines()
    if not 0 < line <= len(lines):
        return None
    source = lines[line - 1]
    return Spot(line, 1 + len(source) - len(source.lstrip()), max(1, len(source.strip())))


def did_you_mean(word: str, known: Collection[str]) -> str:
    """The cure for a word that is not among the known ones: the nearest of them, or else all."""
    near = nearest(word, known)
    if near:
        return f"Did you mean `{near}`?"
    if not known:
        return "Remove it."
    return f"Write {'one of ' if len(known) > 1 else ''}{listed(known)}."


def nearest(word: str, known: Collection[str], likeness: float = 0.6) -> str:
    """The known word that `word` is most like; "" if it is like none. A `likeness` of 1 is the same word."""
    by_small = {one.lower(): one for one in known}
    return next(
        (by_small[near] for near in difflib.get_close_matches(word.lower(), by_small, 1, likeness)), ""
    )


def listed(words: Collection[str]) -> str:
    """`a`, `b` and `c`"""
    quoted = [f"`{word}`" for word in words]
    return " and ".join(part for part in (", ".join(quoted[:-1]), *quoted[-1:]) if part)


def excerpt(mistake: Mistake, files: Mapping[str, bytes], colours: bool = False, widest: int = WIDEST) -> str:
    """The sentence, and below it the line, or so many characters of it, with a mark under what is meant."""
    colour, plain = ((RED if mistake.grave else BLUE), PLAIN) if colours else ("", "")
    first = f"{'' if mistake.grave else 'note: '}{mistake}"
    lines = _lines(content_of(files.get(mistake.file, b"")))
    if mistake.spot is None or mistake.spot.line > len(lines):
        return first
    line, column, width = mistake.spot
    source, before = _around(lines[line - 1], column, widest)
    mark = f"^{'~' * (min(width, len(source) - before) - 1)}"
    blank = "".join("\t" if one == "\t" else "" if one in JOINERS else " " for one in source[:before])
    gutter = " " * len(f"{line:5}")
    return f"{first}\n{line:5} | {source}\n{gutter} | {blank}{colour}{mark}{plain}"


def _around(source: str, column: int, widest: int) -> tuple[str, int]:
    """What is shown of a line, and how many characters of that stand before the column."""
    start = max(0, column - 1 - widest // 2) if len(source) > widest else 0
    part = source[start : start + widest]
    before = column - 1 - start
    if start:
        part = f"…{part[1:]}"
    if start + widest < len(source):
        part = f"{part[:-1]}…"
    return part, before


def _lines(content: bytes) -> Sequence[str]:
    text = content.decode("utf-8-sig", errors="replace").replace("\r\n", "\n")
    kept = f"\t{JOINERS}"
    return ["".join(c if c.isprintable() or c in kept else "�" for c in line) for line in text.split("\n")]
