"""What is wrong with a study, said so that its author can mend it."""

import difflib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from app.toml_lines import Path


@dataclass(frozen=True, slots=True)
class Mistake:
    """Something in a study's files: where it stands, what is wrong, and what to write instead.

    `line` counts from 1; it is 0 where a whole file or folder is meant. A mistake that is not `grave`
    is a note: the study runs, but not quite as its author may expect.
    """

    file: str
    line: int
    sentence: str
    suggestion: str = ""
    grave: bool = True

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line else self.file
        return f"{place}: {self.sentence} {self.suggestion}".rstrip()


class StudyError(Exception):
    """A study that can't be run. `mistakes` are all that were found; `str()` has one sentence a line."""

    def __init__(self, mistakes: Sequence[Mistake]) -> None:
        super().__init__("\n".join(str(mistake) for mistake in mistakes))
        self.mistakes = tuple(mistakes)


class Findings:
    """What was found wrong so far in one TOML file, and where its keys stand."""

    def __init__(self, file: str, lines: Mapping[Path, int]) -> None:
        self.file = file
        self.lines = lines
        self.mistakes: list[Mistake] = []
        self._broken: list[Path] = []

    def wrong(self, path: Path, sentence: str, suggestion: str = "") -> Mistake:
        """A mistake at `path`; at the nearest table around it where the key itself is missing."""
        self._broken.append(path)
        mistake = Mistake(self.file, self.line(path), sentence, suggestion)
        self.mistakes.append(mistake)
        return mistake

    def note(self, path: Path, sentence: str, suggestion: str = "") -> None:
        self.mistakes.append(Mistake(self.file, self.line(path), sentence, suggestion, grave=False))

    def line(self, path: Path) -> int:
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 1)

    def sound(self, *path: str | int) -> bool:
        """No mistake in this part so far. Who builds on a part asks first, so that one slip is told once."""
        return not any(broken[: len(path)] == path for broken in self._broken)


def did_you_mean(word: str, known: Collection[str]) -> str:
    """The cure for a word that is not among the known ones: the nearest of them, or else all."""
    near = nearest(word, known)
    if near:
        return f"Did you mean `{near}`?"
    return f"Write one of {listed(known)}." if known else "Remove it."


def nearest(word: str, known: Collection[str]) -> str:
    """The known word that `word` is most like; "" if it is like none."""
    by_small = {one.lower(): one for one in known}
    return next((by_small[near] for near in difflib.get_close_matches(word.lower(), by_small, n=1)), "")


def listed(words: Collection[str]) -> str:
    """`a`, `b` and `c`"""
    quoted = [f"`{word}`" for word in words]
    return " and ".join(part for part in (", ".join(quoted[:-1]), *quoted[-1:]) if part)
