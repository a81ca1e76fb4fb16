"""The list of people a session is opened with: a CSV of tokens, labels and types."""

import csv
import io
import re
import secrets
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import takewhile
from math import log2
from pathlib import Path

from app.study.model.study import ANY, Study
from app.study.syntax.lines import Spot
from app.study.syntax.mistakes import Mistake, did_you_mean
from app.study.syntax.table import spot_of_byte

COLUMNS = ("token", "label", "type")
MOST_PEOPLE = 100_000
LARGEST_FILE = 50_000_000  # bytes
TOKEN_LETTERS = "abcdefghjkmnpqrstvwxyz23456789"  # none that look alike
TOKEN_LENGTH = 16
ENOUGH = 48.0  # bits in which tokens differ: a million guesses a day find none of 100,000 in a year

_SAVE_AGAIN = "save it as comma-separated CSV (in Excel: CSV UTF-8 (comma delimited)) and try again"
_MADE = re.compile(f"[{TOKEN_LETTERS}]{{{TOKEN_LENGTH}}}")
_TOKEN = re.compile(r"[A-Za-z0-9_~-][A-Za-z0-9._~-]{0,127}")


class PeopleError(Exception):
    """A list of people that can't be used. `str()` is one sentence with file, line and cure.

    `mistake` says the same as `check` does, with the column of the cell that is meant.
    """

    def __init__(
        self, file: str, wrong: str, cure: str, line: int = 0, column: int = 1, width: int = 1
    ) -> None:
        end = "" if cure.endswith("?") else "."
        super().__init__(f"{file}{f' line {line}' if line else ''} {wrong}; {cure}{end}")
        sentence = f"This {'line' if line else 'file'} {wrong}."
        spot = Spot(line, column, width) if line else None
        self.mistake = Mistake(file, spot, sentence, f"{cure[:1].upper()}{cure[1:]}{end}")


@dataclass(frozen=True, slots=True)
class Person:
    """One line of the list. The token is the secret in this person's link; researchers see the label.

    `given` has what else the line says, by the name of its column.
    """

    token: str
    label: str
    type: str
    given: Mapping[str, str] = field(default_factory=dict, hash=False)


@dataclass(frozen=True, slots=True)
class _Row:
    file: str
    line: int
    token: str
    label: str
    type: str
    source: str
    order: tuple[int, ...]  # the place of each column

    def error(self, column: str, wrong: str, cure: str) -> PeopleError:
        start, width = _cell(self.source, self.order[COLUMNS.index(column)])
        return PeopleError(self.file, wrong, cure, self.line, start, width)


def read_people(path: Path, study: Study) -> tuple[Person, ...]:
    """Everyone in the CSV file at `path`, in its order, with columns token, label and type in any order.

    Reads UTF-8 with or without a byte-order mark, and any line ends. Other columns and blank lines are
    passed over. An empty token is made (16 letters and digits from the system's randomness), and so is an
    empty label (P001, P002, …, by place in the list). Raises PeopleError; nothing is half read.
    """
    name = path.name
    rows = list(_rows(name, _text(path)))
    if not rows:
        cure = "add one line per player below line 1 and try again"
        raise PeopleError(name, "has a header but no players", cure)
    _refuse_twice(rows, "token")
    _refuse_twice(rows, "label")
    for row in rows:
        _refuse_type(row, study)
    labels = _labels(rows)
    return tuple(
        Person(row.token or new_token(), label, row.type) for row, label in zip(rows, labels, strict=True)
    )


def guessable(people: Sequence[Person]) -> list[Person]:
    """Those with tokens that somebody could guess who knows a few: too short where they differ, or counted up."""
    given = [one for one in people if not _MADE.fullmatch(one.token)]
    tokens = [one.token for one in given]
    alike = _alike(tokens)
    behind = _alike([token[: alike - len(token) - 1 : -1] for token in tokens])
    return [one for one in given if _bits(one.token[alike : len(one.token) - behind]) < ENOUGH]


def _alike(texts: list[str]) -> int:
    """How many letters all of them begin with; of one alone, none."""
    first, last = (min(texts), max(texts)) if len(texts) > 1 else ("", "")
    pairs = takewhile(lambda pair: pair[0] == pair[1], zip(first, last, strict=False))
    return sum(1 for _ in pairs)


def _bits(token: str) -> float:
    """At the most, by the kinds of letters that it has."""
    kinds = (("[0-9]", 10), ("[a-z]", 26), ("[A-Z]", 26), ("[^0-9A-Za-z]", 4))
    return len(token) * log2(sum(many for kind, many in kinds if re.search(kind, token)) or 1)


def _text(path: Path) -> str:
    name = path.name
    try:
        if path.stat().st_size > LARGEST_FILE:
            raise PeopleError(name, "is larger than 50 MB", "give a CSV with one line per player")
        content = path.read_bytes()
    except FileNotFoundError:
        cure = "check the name, or make it with the header token,label,type"
        raise PeopleError(str(path), "does not exist", cure) from None
    except IsADirectoryError:
        raise PeopleError(str(path), "is a folder", "give the CSV file in it") from None
    except (OSError, ValueError) as error:
        reason = (
            error.strerror if isinstance(error, OSError) and error.strerror else "its name is not a file's"
        )
        raise PeopleError(str(path), f"can't be read ({reason})", "check its name and permissions") from None
    if content.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")):
        raise PeopleError(name, "is a spreadsheet, not a CSV", _SAVE_AGAIN)
    if content.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\0" in content[:4]:
        raise PeopleError(name, "is UTF-16 text", _SAVE_AGAIN, 1)
    if b"\0" in content:
        line = _line_at(content, content.index(b"\0"))
        raise PeopleError(name, "has a NUL byte in it", f"remove it, or {_SAVE_AGAIN}", line)
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line, column, _ = spot_of_byte(content, error.start)
        wrong = "is not UTF-8 text (Latin-1, perhaps)"
        raise PeopleError(name, wrong, _SAVE_AGAIN, line, column) from None


def _rows(name: str, text: str) -> Iterator[_Row]:
    lines = _lines(name, text)
    header_line, header, source = next(lines, (0, [], ""))
    if not header:
        raise PeopleError(
            name, "is empty", "start it with the line token,label,type and add a line per player"
        )
    columns = _columns(name, header_line, header, source)
    for count, (line, cells, source) in enumerate(lines, start=1):
        if len(cells) != len(header):
            has = "1 cell" if len(cells) == 1 else f"{len(cells)} cells"
            cure = "correct it, with quotation marks around a cell that has a comma in it"
            column, width = _cell(source, len(cells))
            raise PeopleError(
                name, f"has {has} where the header has {len(header)}", cure, line, column, width
            )
        token, label, type_ = (cells[column] for column in columns)
        row = _Row(name, line, token, label, type_, source, columns)
        _refuse_cells(row)
        if count > MOST_PEOPLE:
            wrong = f"has more than {MOST_PEOPLE:,} players (line {line})"
            raise PeopleError(name, wrong, "split it into sessions")
        yield row


def _lines(name: str, text: str) -> Iterator[tuple[int, list[str], str]]:
    """Each line that is not blank: its number in the file, its trimmed cells, and how it is written."""
    sources = [*re.split("\r\n|[\r\n]", text), ""]
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    while True:
        line = reader.line_num + 1
        try:
            cells = [cell.strip() for cell in next(reader)]
        except StopIteration:
            return
        except csv.Error:
            cure = "close it, and write a quotation mark inside a cell twice"
            column = sources[line - 1].rfind('"') + 1 if line <= len(sources) else 1
            raise PeopleError(name, "has a quotation mark out of place", cure, line, max(1, column)) from None
        if any(cells):
            yield line, cells, sources[line - 1]


def _cell(source: str, column: int) -> tuple[int, int]:
    """Column and width of the cell in this column of a line, or of its last one."""
    found = list(re.finditer(r'(?:^|,)((?:"(?:[^"]|"")*"?|[^,"])*)', source))
    cell = found[min(column, len(found) - 1)]
    return cell.start(1) + 1, max(1, len(cell[1]))


def _columns(name: str, line: int, header: list[str], source: str) -> tuple[int, ...]:
    """Where each of our columns is."""
    words = [cell.lower() for cell in header]
    missing = [column for column in COLUMNS if column not in words]
    twice = next((word for word in words if word in COLUMNS and words.count(word) > 1), None)
    if twice is not None:
        column, width = _cell(source, len(words) - 1 - words[::-1].index(twice))
        wrong = f"names the column {twice} twice"
        raise PeopleError(name, wrong, "remove or rename one of them", line, column, width)
    if not missing:
        return tuple(words.index(column) for column in COLUMNS)
    for separator, plural in ((";", "semicolons"), ("\t", "tabs")):
        if separator in ",".join(header) or words == ["sep="]:
            column = max(0, source.find(separator)) + 1
            raise PeopleError(name, f"uses {plural} between the cells", _SAVE_AGAIN, line, column)
    hint = did_you_mean(missing[0], [word for word in words if word not in COLUMNS])
    near = re.match(r"Did you mean `(.*)`\?", hint)
    column, width = _cell(source, words.index(near[1])) if near else (1, len(source))
    cure = f"rename its column {near[1]} to {missing[0]}" if near else "let it read token,label,type"
    raise PeopleError(name, f"is the header and has no column {missing[0]}", cure, line, column, width)


def _refuse_cells(row: _Row) -> None:
    if row.token and not _TOKEN.fullmatch(row.token):
        cure = "use up to 128 letters, digits, - and _, or leave it empty to have one made"
        raise row.error("token", f"has a token that can't stand in a link, {_shown(row.token)}", cure)
    if len(row.label) > 100 or not row.label.isprintable():
        wrong = f"has a label that can't be shown, {_shown(row.label)}"
        raise row.error("label", wrong, "use up to 100 plain characters")
    if not row.type:
        raise row.error("type", "has no type", "write the type of this player")
    if len(row.type) > 40 or not row.type.isprintable():
        raise row.error("type", f"has a type that can't be used, {_shown(row.type)}", "use one plain word")


def _refuse_type(row: _Row, study: Study) -> None:
    wrong = f"has the type {_shown(row.type)}"
    if row.type == ANY:
        wrong = f"{wrong}, which is the word for a seat that takes every type"
        raise row.error("type", wrong, "write this player's own type")
    if study.types and row.type not in study.types:
        near = did_you_mean(row.type, study.types)
        cure = f"{near[:1].lower()}{near[1:]}".rstrip(".").replace("`", "")
        raise row.error("type", f"{wrong}, which the study does not know", cure)


def _refuse_twice(rows: list[_Row], column: str) -> None:
    seen: dict[str, _Row] = {}
    for row in rows:
        cell = getattr(row, column)
        if cell in seen:
            wrong = f"has the same {column} as line {seen[cell].line}, {_shown(cell)}"
            raise row.error(column, wrong, f"give each player a {column} of their own")
        if cell:
            seen[cell] = row


def new_token(length: int = TOKEN_LENGTH) -> str:
    return "".join(secrets.choice(TOKEN_LETTERS) for _ in range(length))


def _labels(rows: list[_Row]) -> list[str]:
    """The label of each row: the given one, or else P and its place in the list, or the next free place."""
    taken = {row.label for row in rows}
    digits = max(3, len(str(len(rows))))
    labels: list[str] = []
    for place, row in enumerate(rows, start=1):
        label, number = row.label, place
        while not label or (not row.label and label in taken):
            label, number = f"P{number:0{digits}}", number + 1
        taken.add(label)
        labels.append(label)
    return labels


def _line_at(content: bytes, at: int) -> int:
    return content[:at].count(b"\n") + 1


def _shown(cell: str) -> str:
    """A cell as part of a sentence: without line ends, and not too long."""
    plain = "".join(character if character.isprintable() else "�" for character in cell)
    return f"“{plain}”" if len(plain) <= 40 else f"“{plain[:39]}…”"
