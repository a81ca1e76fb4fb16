"""The list of people a session is opened with: their tokens, labels and types, and what else it says of them."""

import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from app.players.lists import (
    LARGEST,
    MOST_COLUMNS,
    SEPARATORS,
    ListLine,
    PeopleError,
    clean,
    read_sheet,
    shown,
    unescape,
)
from app.study.model.study import ANY, Study
from app.study.syntax.mistakes import did_you_mean, nearest

COLUMNS = ("token", "label", "type")
LINK = "link"  # a column that the lists have which we write
MOST_PEOPLE = 100_000
LARGEST_FILE = 50_000_000  # bytes
LONGEST = 2_000  # characters of a cell of a further column
MOST_NOTED = 3  # of the people with the same label who are named

_TOKEN = re.compile(r"[A-Za-z0-9_~-][A-Za-z0-9._~-]{0,127}")
_KEPT = "\n\t\u200c\u200d"  # of what can't be seen


@dataclass(frozen=True, slots=True)
class Person:
    """One line of the list. The token is the secret in this person's link; researchers see the label.

    Whoever has no token gets one as they are invited. `given` has what else the line says, by the name of its column.
    """

    token: str
    label: str
    type: str
    given: Mapping[str, str] = field(default_factory=dict, hash=False)


@dataclass(frozen=True, slots=True)
class Listed:
    """A list that was read. `notes`: what its owner should know."""

    people: tuple[Person, ...]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Limits:
    """Of a list. `unpacked`: bytes of a workbook; `cure`: what to do with more people than these."""

    unpacked: int = LARGEST
    people: int = MOST_PEOPLE
    cure: str = "split it into sessions"


OF_COMMANDS = Limits()


@dataclass(frozen=True, slots=True)
class There:
    """Who is in a session already, to which a list is added."""

    labels: Collection[str] = ()
    many: int = 0  # of lists


@dataclass(frozen=True, slots=True)
class _Row:
    file: str
    line: ListLine
    places: Mapping[str, int]  # of our columns
    token: str
    label: str
    type: str
    given: Mapping[str, str]

    def error(self, column: str, wrong: str, cure: str) -> PeopleError:
        start, width = self.line.spot(self.places.get(column, 0))
        return PeopleError(self.file, wrong, cure, self.line.number, start, width)


@dataclass(frozen=True, slots=True)
class _Columns:
    """Where they are. `further`: by place the name under which each is kept, or "" where it has none."""

    many: int
    ours: Mapping[str, int]
    further: Mapping[int, str]


def read_people(path: Path, study: Study) -> Listed:
    """Everyone in the list at `path`. Raises PeopleError."""
    return people_in(path.name, content_of(path), study)


def people_in(
    name: str, content: bytes, study: Study, there: There | None = None, limits: Limits = OF_COMMANDS
) -> Listed:
    """Everyone in a list, in its order, from any of the columns token, label and type. Raises PeopleError.

    Lines may lack cells at their end, and blank lines are passed over. An empty token stays empty, to be made. An empty
    label is made (P001, P002, …, by place in the list, behind those who are `there`), and one that a line above has
    gets a number: two people may have one name. Every further column is kept as `given`.
    """
    rows, notes = _rows(name, content, study, limits)
    if not rows:
        cure = "add one line per player below line 1 and try again"
        raise PeopleError(name, "has a header but no players", cure)
    _refuse_same_tokens(rows)
    labels = _labels(rows, there or There(), notes)
    people = (Person(row.token, label, row.type, row.given) for row, label in zip(rows, labels, strict=True))
    return Listed(tuple(people), (*notes, *_ways_lost(name, rows, study)))


def _ways_lost(name: str, rows: Sequence[_Row], study: Study) -> Iterator[str]:
    """Who can't be sent back by the study's addresses."""
    for one in study.finish.asks_for:
        if lost := sum(not row.given.get(one) for row in rows):
            who = "nobody here has" if lost == len(rows) else f"{lost:,} of {len(rows):,} people lack"
            yield f"{name}: {who} {one}, which `redirect` needs; they are shown their code to copy"


def first_seats(study: Study) -> Mapping[str, int]:
    """Those that people come for who are made up; without rooms there is one, for anybody."""
    return study.rooms[0].seats if study.rooms else {ANY: 1}


def made_up(study: Study, number: int) -> dict[str, str]:
    """What a recruiter would have added to somebody's link, for people who are none."""
    return {name: f"{name}-{number}" for name in study.finish.asks_for}


def content_of(path: Path) -> bytes:
    """What is in the file of a list. Raises PeopleError."""
    try:
        if path.stat().st_size > LARGEST_FILE:
            raise PeopleError(path.name, "is larger than 50 MB", "give a list with one line per player")
        return path.read_bytes()
    except FileNotFoundError:
        cure = "check the name, or make it with the header token,label,type"
        raise PeopleError(str(path), "does not exist", cure) from None
    except IsADirectoryError:
        raise PeopleError(str(path), "is a folder", "give the list in it") from None
    except (OSError, ValueError) as error:
        reason = (
            error.strerror if isinstance(error, OSError) and error.strerror else "its name is not a file's"
        )
        raise PeopleError(str(path), f"can't be read ({reason})", "check its name and permissions") from None


def _rows(name: str, content: bytes, study: Study, limits: Limits) -> tuple[list[_Row], list[str]]:
    """The lines, and what is to be said of how they were read."""
    sheet = read_sheet(name, content, COLUMNS, limits.unpacked)
    header = next(sheet.lines, None)
    if header is None:
        cure = "start it with the line token,label,type and add a line per player"
        raise PeopleError(name, "is empty", cure)
    columns = _columns(name, header, study)
    rows = list[_Row]()
    for line in sheet.lines:
        if len(rows) == limits.people:
            wrong = f"has more than {limits.people:,} players (line {line.number})"
            raise PeopleError(name, wrong, limits.cure)
        rows.append(_row(name, line, columns, study))
    if all(
        row.token and row.given.get(LINK, "").partition("?")[0].endswith(f"/join/{row.token}") for row in rows
    ):
        rows = [_of_our_own(row) for row in rows]
    notes = [sheet.taken] if sheet.taken else []
    kept = ", ".join(rows[0].given) if rows else ""
    return rows, notes + ([f"{name}: kept of each person as `given`: {kept}"] if kept else [])


def _of_our_own(row: _Row) -> _Row:
    """A line of a list that we have written."""
    given = {name: text for name, text in row.given.items() if name != LINK}
    return replace(row, label=unescape(row.label), type=unescape(row.type), given=given)


def _columns(name: str, header: ListLine, study: Study) -> _Columns:
    cells = [clean(cell) for cell in header.cells]
    words = [cell.lower() for cell in cells]
    ours = {column: words.index(column) for column in COLUMNS if column in words}
    others = {place: cell for place, cell in enumerate(cells) if words[place] not in COLUMNS}
    further = {place: re.sub(r"\W+", "_", cell).strip("_") for place, cell in others.items()}

    def refusal(place: int | None, wrong: str, cure: str) -> PeopleError:
        column, width = (1, max(1, len(header.source))) if place is None else header.spot(place)
        return PeopleError(name, wrong, cure, header.number, column, width)

    if len(cells) > MOST_COLUMNS:
        raise refusal(None, f"has {len(cells)} cells", f"use {MOST_COLUMNS} columns at the most")
    for column in COLUMNS:
        # One that is a letter away was meant; where none of ours is there, one that is only like it.
        near = nearest(column, [words[place] for place in others], 0.8 if ours else 0.6)
        if near and column not in ours:
            cure = f"rename its column {near} to {column}"
            raise refusal(words.index(near), f"is the header and has no column {column}", cure)
    if not ours:
        cure = "put the names of the columns above it, token,label,type or some of these"
        raise refusal(None, "is no header: it has none of the columns token, label and type", cure)
    seen = Counter[str]()
    for place, word in enumerate(words):
        called = further.get(place, word).lower()
        seen[called] += 1
        if called and seen[called] > 1:
            raise refusal(place, f"names the column {called} twice", "remove or rename one of them")
    if "type" not in ours and len(study.types) > 1:
        cure = f"add one, and in each line {_one_of(study)}"
        raise refusal(None, "is the header and has no column type, by which this study seats", cure)
    return _Columns(len(cells), ours, further)


def _row(name: str, line: ListLine, columns: _Columns, study: Study) -> _Row:
    cells = line.cells + [""] * (columns.many - len(line.cells))
    _refuse_shape(name, line, columns)
    found = {column: cells[place] for column, place in columns.ours.items()}
    given = {called: _seen(cells[place]) for place, called in columns.further.items() if called}
    token, label = found.get("token", ""), clean(found.get("label", ""))
    type_ = clean(found.get("type", "")) or (study.types[0] if len(study.types) == 1 else "")
    row = _Row(name, line, columns.ours, token, label, type_, given)
    _refuse_cells(row)
    _refuse_type(row, study)
    return row


def _refuse_shape(name: str, line: ListLine, columns: _Columns) -> None:
    """A line with cells that the header has no place for, or too long for a list of people."""

    def refusal(place: int, wrong: str, cure: str) -> PeopleError:
        start, width = line.spot(place)
        return PeopleError(name, wrong, cure, line.number, start, width)

    for other in SEPARATORS if len(line.cells) == 1 < columns.many else ():
        if line.cells[0].count(other) + 1 == columns.many:
            wrong = f"has {SEPARATORS[other]} between its cells, and the header {SEPARATORS[line.separator]}"
            raise refusal(0, wrong, "write all lines alike")
    for place, cell in enumerate(line.cells):
        if cell and place >= columns.many:
            has = f"has {len(line.cells)} cells where the header has {columns.many}"
            cure = "correct it, with quotation marks around a cell that has a separator in it"
            raise refusal(place, has, cure)
        if cell and columns.further.get(place) == "":
            wrong = f"has {shown(cell)} in a column without a name"
            raise refusal(place, wrong, f"name the {place + 1}. column in the header, or empty it")
        if len(cell) > LONGEST:
            wrong = f"has a cell of {len(cell):,} characters"
            raise refusal(place, wrong, f"use {LONGEST:,} at the most")


def _seen(cell: str) -> str:
    """A further cell as it is, without what does nothing but control."""
    text = cell.replace("\r\n", "\n").replace("\r", "\n")
    return "".join(one for one in text if one.isprintable() or one.isspace() or one in _KEPT)


def _refuse_cells(row: _Row) -> None:
    if row.token and not _TOKEN.fullmatch(row.token):
        cure = "use up to 128 letters, digits, - and _, or leave it empty to have one made"
        raise row.error("token", f"has a token that can't stand in a link, {shown(row.token)}", cure)
    if len(row.label) > 100:
        wrong = f"has a label that is too long, {shown(row.label)}"
        raise row.error("label", wrong, "use up to 100 characters")
    if len(row.type) > 40:
        raise row.error("type", f"has a type that is too long, {shown(row.type)}", "use one plain word")


def _refuse_type(row: _Row, study: Study) -> None:
    if not row.type:
        if study.types:
            raise row.error("type", "has no type", _one_of(study))
        return
    if row.type != ANY and (not study.types or row.type in study.types):
        return
    wrong = f"has the type {shown(row.type)}"
    if row.type == ANY:
        wrong = f"{wrong}, which is the word for a seat that takes every type"
        raise row.error("type", wrong, _one_of(study) if study.types else "leave the cell empty")
    near = did_you_mean(row.type, study.types)
    cure = f"{near[:1].lower()}{near[1:]}".rstrip(".").replace("`", "")
    raise row.error("type", f"{wrong}, which the study does not know", cure)


def _one_of(study: Study) -> str:
    return did_you_mean("", study.types)[:-1].replace("Write", "write").replace("`", "")


def _refuse_same_tokens(rows: Sequence[_Row]) -> None:
    seen = dict[str, _Row]()
    for row in rows:
        if row.token and row.token in seen:
            wrong = f"has the same token as line {seen[row.token].line.number}, {shown(row.token)}"
            raise row.error("token", wrong, "give each player a token of their own")
        seen[row.token] = row


def _labels(rows: Sequence[_Row], there: There, notes: list[str]) -> list[str]:
    """The label of each row: the given one, or else P and its place, or the next free place.

    A list of names may well have two people of one name: the second gets a number, and that is noted, since it may be
    one person twice. One who is in the session already would be that more likely than not, and is refused.
    """
    taken = {row.label for row in rows} | {*there.labels}
    digits = max(3, len(str(there.many + len(rows))))
    labels, first, again = list[str](), dict[str, _Row](), list[str]()
    numbers = dict.fromkeys(taken, 1)  # that the last who is called so has got
    for place, row in enumerate(rows, start=there.many + 1):
        label, number = row.label, place
        if label and label in there.labels:
            wrong = f"has the label {shown(label)}, as somebody in the session has already"
            raise row.error(
                "label", wrong, "take the line out if it is the same person, or else change the label"
            )
        if label in first:
            while label in taken:
                numbers[row.label] += 1
                label = f"{row.label} {numbers[row.label]}"
            before = first[row.label].line.number
            again.append(f"line {row.line.number} is “{label}” here, since line {before} is “{row.label}”")
        first.setdefault(row.label or f" {place}", row)
        while not label or (not row.label and label in taken):
            label, number = f"P{number:0{digits}}", number + 1
        taken.add(label)
        labels.append(label)
    if again:
        more = f", and {len(again) - MOST_NOTED:,} more" if len(again) > MOST_NOTED else ""
        told = ", ".join(again[:MOST_NOTED])
        notes.append(f"{rows[0].file}: {told}{more}. Take a line out if it is one person twice")
    return labels
