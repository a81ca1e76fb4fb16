"""Where the keys and values of a TOML file stand: `tomllib` reads them, but keeps no places."""

import re
import tomllib
from bisect import bisect_right
from typing import NamedTuple

Path = tuple[str | int, ...]

_BLANK = re.compile(r"(?:[ \t\n]+|#[^\n]*)*")
_SPACE = re.compile(r"[ \t]*")
_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_SCALAR = re.compile(r"[^,\]}\n#]+")
_STRINGS = (
    re.compile(r'"""(?:\\.|[^\\])*?"""(?:"{0,2})', re.DOTALL),
    re.compile(r"'''.*?'''(?:'{0,2})", re.DOTALL),
    re.compile(r'"(?:\\.|[^"\\])*"'),
    re.compile(r"'[^']*'"),
)


class Spot(NamedTuple):
    """Line and column of a text's first character, from 1, and how much of that line it takes.

    A column is a character, whatever its width: so editors count.
    """

    line: int
    column: int
    width: int = 1


class Spots(NamedTuple):
    """Where things stand by path: `keys` has headers, keys and array elements, `values` what follows a `=`."""

    keys: dict[Path, Spot]
    values: dict[Path, Spot]


def locate(text: str) -> Spots:
    """Where each table, key and array element of `text` stands, which `tomllib` must have read.

    A path has text for a key and a number (from 0) for a place in an array: the seats of the second
    `[[room]]` are at `("room", 1, "seats")`.
    """
    scanner = _Scanner(text.replace("\r\n", "\n"))
    scanner.document()
    return scanner.spots


class _Scanner:
    """Walks over valid TOML once and only looks at where things begin and end."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.spots = Spots({}, {})
        self.line_starts = [0, *(match.end() for match in re.finditer("\n", text))]
        self.array_lengths: dict[Path, int] = {}

    def document(self) -> None:
        table: Path = ()
        self.skip(_BLANK)
        while self.at < len(self.text):
            if self.text.startswith("[[", self.at):
                table = self.array_header()
            elif self.text.startswith("[", self.at):
                table = self.table_header()
            else:
                self.pair(table)
            self.skip(_BLANK)

    def array_header(self) -> Path:
        start = self.at
        self.at += len("[[")
        *parents, last = self.key()
        self.at += len("]]")
        array = (*self.inside(parents), last)
        self.array_lengths[array] = self.array_lengths.get(array, 0) + 1
        table = (*array, self.array_lengths[array] - 1)
        self.mark(array, start)
        self.mark(table, start)
        return table

    def table_header(self) -> Path:
        start = self.at
        self.at += len("[")
        table = self.inside(self.key())
        self.at += len("]")
        for length in range(1, len(table) + 1):
            self.mark(table[:length], start)
        return table

    def pair(self, table: Path) -> None:
        start = self.at
        path = table
        for part in self.key():
            path = (*path, part)
            self.mark(path, start)
        self.at += len("=")
        self.skip(_SPACE)
        start = self.at
        self.value(path)
        self.spots.values[path] = self.spot(start)

    def value(self, path: Path) -> None:
        if self.text[self.at] == "[":
            self.array(path)
        elif self.text[self.at] == "{":
            self.inline_table(path)
        elif not any(self.skip(string) for string in _STRINGS):
            self.skip(_SCALAR)

    def array(self, path: Path) -> None:
        self.at += len("[")
        self.skip(_BLANK)
        index = 0
        while self.text[self.at] != "]":
            start = self.at
            self.value((*path, index))
            self.mark((*path, index), start)
            index += 1
            self.skip_comma()
        self.at += len("]")

    def inline_table(self, path: Path) -> None:
        self.at += len("{")
        self.skip(_BLANK)
        while self.text[self.at] != "}":
            self.pair(path)
            self.skip_comma()
        self.at += len("}")

    def key(self) -> list[str]:
        """The parts of a dotted key, and the spaces around them."""
        parts: list[str] = []
        while True:
            self.skip(_SPACE)
            start = self.at
            if self.skip(_BARE_KEY):
                parts.append(self.text[start : self.at])
            else:
                _ = self.skip(_STRINGS[2]) or self.skip(_STRINGS[3])
                parts.extend(tomllib.loads(f"{self.text[start : self.at]} = 0"))
            self.skip(_SPACE)
            if self.text[self.at] != ".":
                return parts
            self.at += len(".")

    def inside(self, parts: list[str]) -> Path:
        """The path that a header means: the newest element wherever a part names an array of tables."""
        path: Path = ()
        for part in parts:
            path = (*path, part)
            if path in self.array_lengths:
                path = (*path, self.array_lengths[path] - 1)
        return path

    def skip_comma(self) -> None:
        self.skip(_BLANK)
        if self.text[self.at] == ",":
            self.at += len(",")
            self.skip(_BLANK)

    def skip(self, pattern: re.Pattern[str]) -> bool:
        match = pattern.match(self.text, self.at)
        if match is None or match.end() == self.at:
            return False
        self.at = match.end()
        return True

    def mark(self, path: Path, start: int) -> None:
        self.spots.keys.setdefault(path, self.spot(start))

    def spot(self, start: int) -> Spot:
        """From `start` to where the scanner is, or to the end of that line."""
        line = bisect_right(self.line_starts, start)
        written = self.text[start : self.at].split("\n", 1)[0].rstrip()
        return Spot(line, start - self.line_starts[line - 1] + 1, max(1, len(written)))
