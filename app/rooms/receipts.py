"""Receipts: of a form, of all that a player has saved, and files of them that people kept, to be checked.

A receipt reads `17,18:5f0c…`: the numbers of its records, and the SHA-256, in hex, of one UTF-8 line per record
in the order of their numbers: number, tab, field, tab, value, newline. `17-20` stands for 17,18,19,20. Anyone can
compute it again from `history.csv`.
"""

from __future__ import annotations

import csv
import hashlib
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from app.database.connections import Connection
from app.database.queries import Queries, row

SQL = Queries(__name__)
LARGEST_FILE = 200_000_000  # bytes
MOST_RECORDS = 100_000  # in one receipt
_RECEIPT = r"(\d{1,18}(?:-\d{1,18})?(?:,\d{1,18}(?:-\d{1,18})?)*):([0-9a-f]{64})"
RECEIPT = re.compile(_RECEIPT, re.ASCII | re.IGNORECASE)
LAST_WORD = re.compile(rf'(?<![^\s,;"]){_RECEIPT}$', re.ASCII | re.IGNORECASE)


class ReceiptsError(Exception):
    """A file of receipts that can't be used. `str()` is one sentence with file, line and cure."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """What the server hands back once a form is on disk."""

    records: tuple[int, ...]
    digest: str
    version: int
    late: bool
    again: bool = field(default=False, compare=False)  # the form was stored before, and perhaps acknowledged

    def __str__(self) -> str:
        return f"{','.join(map(str, self.records))}:{self.digest}"


@dataclass(frozen=True, slots=True)
class Saved:
    """What one player has saved in a session."""

    records: Sequence[int]  # their numbers, in order
    digest: str
    messages: int
    erased: bool = False  # some of it is: it has no receipt any more

    @property
    def receipt(self) -> str:
        """One for all the records, in the form of the receipt of a single form."""
        return f"{spans(self.records)}:{self.digest}"


@dataclass(frozen=True, slots=True)
class Kept:
    """A receipt that somebody kept."""

    line: int  # in the file
    beside: str  # what else the line says, such as whose it is
    records: tuple[int, ...]  # in order
    digest: str


async def saved_by(conn: Connection, room_id: int | None, player_id: int) -> Saved:
    found = await row(conn, Saved, SQL["saved"], room_id=room_id, player_id=player_id)
    assert found is not None
    return found


def digest(records: Iterable[tuple[int, str, str, *tuple[object, ...]]]) -> str:
    """Of records, each beginning with its number, field and value, in the order of their numbers."""
    # By place in the tuple, and in a list: each form that is stored comes by here.
    said = "".join([f"{record[0]}\t{record[1]}\t{record[2]}\n" for record in records])
    return hashlib.sha256(said.encode()).hexdigest()


def spans(numbers: Sequence[int]) -> str:
    """17, 18, 19, 31 → "17-19,31". `numbers` are in order."""
    runs: list[list[int]] = []
    for number in numbers:
        if runs and number == runs[-1][1] + 1:
            runs[-1][1] = number
        else:
            runs.append([number, number])
    return ",".join(str(first) if first == last else f"{first}-{last}" for first, last in runs)


def as_kept(receipt: str, beside: str = "", line: int = 0) -> Kept | None:
    """What a receipt says; None for a text that is none."""
    match = RECEIPT.fullmatch(receipt)
    if match is None:
        return None
    records: list[int] = []
    for span in match[1].split(","):
        first, _, last = span.partition("-")
        size = int(last or first) - int(first) + 1
        if size < 1 or len(records) + size > MOST_RECORDS:
            return None
        records += range(int(first), int(first) + size)
    if len(set(records)) != len(records):
        return None
    return Kept(line, beside, tuple(sorted(records)), match[2].lower())


def read_receipts(path: Path) -> list[Kept]:
    """All receipts in a file: one a line, alone or after other words, or a CSV with a column `receipt`.

    Reads UTF-8 with or without a byte-order mark, and any line ends; blank lines are passed over. Raises
    ReceiptsError for a line without a receipt; nothing is half read.
    """
    lines = list(_lines(path))
    if not lines:
        raise ReceiptsError(f"{path} has no receipts in it; put one on each line, such as 17,18:5f0c… .")
    separator = next((one for one in ",;\t" if "receipt" in _words(lines[0][1], one)), None)
    if separator is None:
        return [_kept(path, number, text) for number, text in lines]
    place = _words(lines[0][1], separator).index("receipt")
    table = csv.reader(io.StringIO("\n".join(text for _, text in lines)), delimiter=separator, strict=True)
    next(table)
    kept = []
    while True:
        number = lines[min(table.line_num, len(lines) - 1)][0]
        try:
            cells = next(table)
        except StopIteration:
            break
        except csv.Error:
            raise ReceiptsError(
                f"{path} line {number} has a quotation mark out of place; close it."
            ) from None
        receipt = cells.pop(place).strip() if len(cells) > place else ""
        match = RECEIPT.fullmatch(receipt)
        if match is None:
            raise _no_receipt(path, number, receipt)
        kept.append(_read(path, number, match, " ".join(cells)))
    if not kept:
        raise ReceiptsError(f"{path} has a header but no receipts; put them below line {lines[0][0]}.")
    return kept


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    """Each line that is not blank, and its number in the file."""
    try:
        if path.stat().st_size > LARGEST_FILE:
            raise ReceiptsError(f"{path} is larger than 200 MB; give the receipts in several files.")
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise ReceiptsError(f"{path} line {line} is not UTF-8 text; save the file as UTF-8.") from None
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) and error.strerror else "its name is not a file's"
        raise ReceiptsError(f"{path} can't be read ({why}); check its name and permissions.") from None
    for number, words in enumerate(re.split("\r\n|\n|\r", text), start=1):
        if words.strip():
            yield number, words.strip()


def _words(line: str, separator: str) -> list[str]:
    return [word.strip().strip('"').lower() for word in line.split(separator)]


def _kept(path: Path, number: int, line: str) -> Kept:
    """The receipt is the line's last word, in quotation marks or not."""
    bare = line.rstrip('"; \t')
    match = LAST_WORD.search(bare)
    if match is None:
        raise _no_receipt(path, number, line)
    return _read(path, number, match, bare[: match.start()].strip(' \t,;"'))


def _read(path: Path, line: int, match: re.Match[str], beside: str) -> Kept:
    kept = as_kept(match[0], beside.strip(), line)
    if kept is None:
        raise _no_receipt(path, line, match[0])
    return kept


def _no_receipt(path: Path, line: int, text: str) -> ReceiptsError:
    shown = text if len(text) <= 60 else f"{text[:57]}…"
    shown = "".join(letter if letter.isprintable() else "?" for letter in shown)
    form = "record numbers, a colon and 64 hex digits, such as 17,18:5f0c…"
    return ReceiptsError(f"{path} line {line} has no receipt but “{shown}”; a receipt is {form}.")
