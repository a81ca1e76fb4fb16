"""The list of people a session is opened with: a CSV of tokens, labels and types."""

import csv
import io
import re
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from app.study import ANY, Study
from app.study_mistakes import did_you_mean

COLUMNS = ("token", "label", "type")
MOST_PEOPLE = 100_000
LARGEST_FILE = 50_000_000  # bytes
TOKEN_LETTERS = "abcdefghjkmnpqrstvwxyz23456789"  # none that look alike
TOKEN_LENGTH = 16

_SAVE_AGAIN = "save it as comma-separated CSV (in Excel: CSV UTF-8 (comma delimited)) and try again"
_TOKEN = re.compile(r"[A-Za-z0-9_~-][A-Za-z0-9._~-]{0,127}")


class PeopleError(Exception):
    """A list of people that can't be used. `str()` is one sentence with file, line and cure."""


@dataclass(frozen=True, slots=True)
class Person:
    """One line of the list. The token is the secret in this person's link; researchers see the label."""

    token: str
    label: str
    type: str


@dataclass(frozen=True, slots=True)
class _Row:
    line: int
    token: str
    label: str
    type: str


def read_people(path: Path, study: Study) -> tuple[Person, ...]:
    """Everyone in the CSV file at `path`, in its order, with columns token, label and type in any order.

    Reads UTF-8 with or without a byte-order mark, and any line ends. Other columns and blank lines are
    passed over. An empty token is made (16 letters and digits from the system's randomness), and so is an
    empty label (P001, P002, …, by place in the list). Raises PeopleError; nothing is half read.
    """
    name = path.name
    rows = list(_rows(name, _text(path)))
    if not rows:
        raise PeopleError(
            f"{name} has a header but no players; add one line per player below line 1 and try again."
        )
    _refuse_twice(name, "token", [(row.line, row.token) for row in rows if row.token])
    _refuse_twice(name, "label", [(row.line, row.label) for row in rows if row.label])
    for row in rows:
        _refuse_type(name, row, study)
    labels = _labels(rows)
    return tuple(
        Person(row.token or new_token(), label, row.type) for row, label in zip(rows, labels, strict=True)
    )


def _text(path: Path) -> str:
    name = path.name
    try:
        if path.stat().st_size > LARGEST_FILE:
            raise PeopleError(f"{name} is larger than 50 MB; give a CSV with one line per player.")
        content = path.read_bytes()
    except FileNotFoundError:
        raise PeopleError(
            f"{path} does not exist; check the name, or make it with the header token,label,type."
        ) from None
    except IsADirectoryError:
        raise PeopleError(f"{path} is a folder; give the CSV file in it.") from None
    except (OSError, ValueError) as error:
        reason = (
            error.strerror if isinstance(error, OSError) and error.strerror else "its name is not a file's"
        )
        raise PeopleError(f"{path} can't be read ({reason}); check its name and permissions.") from None
    if content.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")):
        raise PeopleError(f"{name} is a spreadsheet, not a CSV; {_SAVE_AGAIN}.")
    if content.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\0" in content[:4]:
        raise PeopleError(f"{name} line 1 is UTF-16 text; {_SAVE_AGAIN}.")
    if b"\0" in content:
        line = _line_at(content, content.index(b"\0"))
        raise PeopleError(f"{name} line {line} has a NUL byte in it; remove it, or {_SAVE_AGAIN}.")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = _line_at(content, error.start)
        raise PeopleError(
            f"{name} line {line} is not UTF-8 text (Latin-1, perhaps); {_SAVE_AGAIN}."
        ) from None


def _rows(name: str, text: str) -> Iterator[_Row]:
    lines = _lines(name, text)
    header_line, header = next(lines, (0, []))
    if not header:
        cure = "start it with the line token,label,type and add a line per player"
        raise PeopleError(f"{name} is empty; {cure}.")
    places = _places(name, header_line, header)
    for count, (line, cells) in enumerate(lines, start=1):
        if len(cells) != len(header):
            has = "1 cell" if len(cells) == 1 else f"{len(cells)} cells"
            cure = "correct it, with quotation marks around a cell that has a comma in it"
            raise PeopleError(f"{name} line {line} has {has} where the header has {len(header)}; {cure}.")
        row = _Row(line, *(cells[places[column]] for column in COLUMNS))
        _refuse_cells(name, row)
        if count > MOST_PEOPLE:
            raise PeopleError(
                f"{name} has more than {MOST_PEOPLE:,} players (line {line}); split it into sessions."
            )
        yield row


def _lines(name: str, text: str) -> Iterator[tuple[int, list[str]]]:
    """Each line that is not blank: its number in the file and its trimmed cells."""
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    while True:
        line = reader.line_num + 1
        try:
            cells = [cell.strip() for cell in next(reader)]
        except StopIteration:
            return
        except csv.Error:
            cure = "close it, and write a quotation mark inside a cell twice"
            raise PeopleError(f"{name} line {line} has a quotation mark out of place; {cure}.") from None
        if any(cells):
            yield line, cells


def _places(name: str, line: int, header: list[str]) -> dict[str, int]:
    """Where each column is."""
    words = [cell.lower() for cell in header]
    missing = [column for column in COLUMNS if column not in words]
    twice = next((word for word in words if word in COLUMNS and words.count(word) > 1), None)
    if twice is not None:
        raise PeopleError(f"{name} line {line} names the column {twice} twice; remove or rename one of them.")
    if not missing:
        return {column: words.index(column) for column in COLUMNS}
    for separator, plural in ((";", "semicolons"), ("\t", "tabs")):
        if separator in ",".join(header) or words == ["sep="]:
            raise PeopleError(f"{name} line {line} uses {plural} between the cells; {_SAVE_AGAIN}.")
    hint = did_you_mean(missing[0], [word for word in words if word not in COLUMNS])
    near = re.match(r"Did you mean `(.*)`\?", hint)
    cure = f"rename its column {near[1]} to {missing[0]}" if near else "let it read token,label,type"
    raise PeopleError(f"{name} line {line} is the header and has no column {missing[0]}; {cure}.")


def _refuse_cells(name: str, row: _Row) -> None:
    where = f"{name} line {row.line}"
    if row.token and not _TOKEN.fullmatch(row.token):
        cure = "use up to 128 letters, digits, - and _, or leave it empty to have one made"
        raise PeopleError(f"{where} has a token that can't stand in a link, {_shown(row.token)}; {cure}.")
    if len(row.label) > 100 or not row.label.isprintable():
        raise PeopleError(
            f"{where} has a label that can't be shown, {_shown(row.label)}; use up to 100 plain characters."
        )
    if not row.type:
        raise PeopleError(f"{where} has no type; write the type of this player.")
    if len(row.type) > 40 or not row.type.isprintable():
        raise PeopleError(f"{where} has a type that can't be used, {_shown(row.type)}; use one plain word.")


def _refuse_type(name: str, row: _Row, study: Study) -> None:
    where = f"{name} line {row.line} has the type {_shown(row.type)}"
    if row.type == ANY:
        raise PeopleError(
            f"{where}, which is the word for a seat that takes every type; write this player's own type."
        )
    if study.types and row.type not in study.types:
        near = did_you_mean(row.type, study.types)
        cure = near.lower().rstrip("?.").replace("`", "")
        cure = f"{cure}?" if near.endswith("?") else f"{cure}."
        raise PeopleError(f"{where}, which the study does not know; {cure}")


def _refuse_twice(name: str, column: str, cells: list[tuple[int, str]]) -> None:
    lines: dict[str, int] = {}
    for line, cell in cells:
        if cell in lines:
            both = f"{name} lines {lines[cell]} and {line} have the same {column}, {_shown(cell)}"
            raise PeopleError(f"{both}; give each player a {column} of their own.")
        lines[cell] = line


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
