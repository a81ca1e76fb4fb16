"""An export read back: its files against its own manifest, and its lines against what is stored."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import zipfile
from collections import deque
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import IO, Any

from app.database.connections import Connection, fetching
from app.export import codebook
from app.export.export import MANIFEST
from app.rooms.receipts import Kept, digest, spans
from app.study.model.study import Study

BLOCK = 1024 * 1024  # bytes
BATCH = 2000  # rows
TEXTS = {"history.csv": 6, "records.csv": 6, "messages.csv": 4}  # the column that people wrote
# Columns behind all others; the first versions wrote none of them
LATER = ("erased", "said_tried_at", codebook.SESSION)
CLAIMED = {"history.csv": "said_tried_at", "messages.csv": "channel"}  # what must be one of `claims`
SEPARATOR = "\x1f"  # between the cells of the lines that sql/export/verify.sql makes


class Unreadable(Exception):
    """What should be an export is none; the text says why."""


class Exported:
    """A folder or a zip file that `app.export` wrote. `is_newest`: nothing was stored since. Raises Unreadable."""

    def __init__(self, path: Path, is_newest: bool = False) -> None:
        self.path = path
        self.counted: dict[str, int] = {}  # rows of the tables that were read to their end
        self.header: dict[str, list[str]] = {}  # of those whose first row was read
        self.outlived = 0  # values and texts in it that were erased since
        # Of the receipts that were looked up: which name what was erased, and by whom
        self.erased: list[str] = []
        try:
            self.zip = None if path.is_dir() else zipfile.ZipFile(path)
            with self.open(MANIFEST) as file:
                manifest: dict[str, Any] = json.load(file)
            self.session_id: str = manifest["session"]["id"]
            self.stored: dict[str, int] = manifest["stored"]
            self.files: dict[str, dict[str, Any]] = manifest["files"]
            self.is_anonymous = "anonymous" in manifest  # its numbers are none that are stored
            as_of = None if is_newest or self.is_anonymous else manifest["exported"]["as_of"]
            self.as_of = as_of and datetime.fromisoformat(as_of)  # None: nothing was stored since
        except (OSError, KeyError, TypeError, ValueError, zipfile.BadZipFile) as error:
            raise Unreadable(f"{path} can't be read as an export: {error}") from error

    def close(self) -> None:
        if self.zip:
            self.zip.close()

    def open(self, name: str) -> IO[bytes]:
        return self.zip.open(name) if self.zip else (self.path / name).open("rb")

    def names(self) -> set[str]:
        if self.zip:
            return set(self.zip.namelist())
        return {file.relative_to(self.path).as_posix() for file in self.path.rglob("*") if file.is_file()}

    def table(self, name: str) -> Iterator[list[str]]:
        """The rows of a CSV file, without its header."""
        with self.open(name) as file, io.TextIOWrapper(file, "utf-8-sig", newline="") as text:
            lines = csv.reader(text, strict=True)
            self.header[name] = next(lines, [])
            rows = 0
            for cells in lines:
                rows += 1
                yield cells
            self.counted[name] = rows

    def own_columns(self, name: str) -> int:
        """How many stand before the `LATER` ones."""
        header = self.header[name]
        return next((place for place, column in enumerate(header) if column in LATER), len(header))

    def cell(self, name: str, cells: Sequence[str], column: str) -> str | None:
        """Of one of the rows that are being read; None where an earlier version wrote the file without the column."""
        header = self.header[name]
        return cells[header.index(column)] if column in header else None

    def count(self, name: str) -> int:
        if name not in self.counted:
            deque(self.table(name), maxlen=0)
        return self.counted[name]


def broken_files(export: Exported) -> Iterator[str]:
    """Files that are not what the manifest says."""
    there = export.names()
    for name in sorted(there - set(export.files) - {MANIFEST}):
        yield f"{name} is not in the manifest"
    for name, stated in export.files.items():
        if name not in there:
            yield f"{name} is missing"
            continue
        digest, size = hashlib.sha256(), 0
        with export.open(name) as file:
            while block := file.read(BLOCK):
                digest.update(block)
                size += len(block)
        if (size, digest.hexdigest()) != (stated["bytes"], stated["sha256"]):
            yield f"{name} has {size:,} bytes with sha256 {digest.hexdigest()}; the manifest says otherwise"


def miscounted_tables(export: Exported, stored: Mapping[str, int], exact: bool) -> Iterator[str]:
    """Tables with another number of rows than the manifest says or is stored.

    `exact`: nothing was stored since. Otherwise there may be more by now, though never more players.
    """
    for name, stated in export.files.items():
        if "rows" in stated:
            rows = export.count(name)
            if rows != stated["rows"]:
                yield f"{name} has {rows:,} rows; the manifest says {stated['rows']:,}"
            now = stored.get(name, rows)
            if rows > now or (rows < now and (exact or name in ("players.csv", "records_wide.csv"))):
                yield f"{name} has {rows:,} rows, and {now:,} are stored"


async def differences(
    conn: Connection, query: bytes, export: Exported, file: str, newer: int | None
) -> AsyncIterator[str]:
    """Rows of `file` that are not what is stored, and what is stored and lacks in `file`.

    Both are read side by side in the order of their numbers. `newer` is how many may lack, since they were
    stored after the export; None is any number. What was erased after the export is counted as `outlived`.
    """
    noun = "message" if file == "messages.csv" else "record"
    stored: deque[tuple[int, str, bool, list[str]]] = deque()
    lacking: list[int] = []
    last = 0
    async with fetching(conn, "stored") as cursor:
        await cursor.execute(query, dict(session_id=export.session_id, as_of=export.as_of))
        stored.extend(await cursor.fetchmany(BATCH))
        for cells in export.table(file):
            own = int(cells[0])
            if own <= last:
                yield f"{noun} {own} is in {file} again, after {noun} {last}"
                continue
            last = own
            while stored and stored[0][0] < own:
                lacking.append(stored.popleft()[0])
                if not stored:
                    stored.extend(await cursor.fetchmany(BATCH))
            if not stored or stored[0][0] > own:
                yield f"{noun} {own} is in {file}, but not stored"
                continue
            _, line, gone, claims = stored.popleft()
            erased, claim = (export.cell(file, cells, one) for one in ("erased", CLAIMED.get(file, "")))
            del cells[export.own_columns(file) :]
            told = erased == "true"
            if gone and not told:
                export.outlived += file != "records.csv"
                cells[TEXTS[file]] = ""
            is_claimed = claim is None or claim in claims
            if line != _line(cells, TEXTS[file]) or (told and not gone) or not is_claimed:
                yield f"{noun} {own} is not in {file} as it is stored"
            if not stored:
                stored.extend(await cursor.fetchmany(BATCH))
        while stored:
            lacking += [number for number, *_ in stored]
            stored = deque(await cursor.fetchmany(BATCH))
    if newer is not None:
        for number in lacking[: max(0, len(lacking) - newer)]:
            yield f"{noun} {number} is stored, but not in {file}"


def wide_differences(export: Exported, study: Study) -> Iterator[str]:
    """Whether records_wide.csv has each answer of records.csv, counted by player."""
    keys = set(codebook.wide_columns(study))
    said: dict[str, int] = {}
    for _, player, _, step, round_, field, text, *_ in export.table("records.csv"):
        if text and f"{step}.{round_}.{field}" in keys:
            said[player] = said.get(player, 0) + 1
    for player, _, _, _, *cells in export.table("records_wide.csv"):
        if export.header["records_wide.csv"][-1] == codebook.SESSION:
            cells.pop()
        found, count = sum(map(bool, cells)), said.pop(player, 0)
        if found != count:
            yield f"player {player} has {found:,} answers in records_wide.csv and {count:,} in records.csv"
    for player in said:
        yield f"player {player} is not in records_wide.csv"


def payment_differences(export: Exported) -> Iterator[str]:
    """Whether each payment is there once, is the sum of its parts, and that of its player's lines in ledger.csv."""
    if "payments.csv" not in export.files:  # an earlier version wrote it
        return
    ledger: dict[str, Fraction] = {}
    for player, _, _, _, _, _, _, amount, *_ in export.table("ledger.csv"):
        ledger[player] = ledger.get(player, Fraction(0)) + Fraction(amount)
    paid = set[str]()
    for _, bonus, player, _, _, _, base, waiting, earned, rounding, total, *_ in export.table("payments.csv"):
        if player in paid:
            yield f"player {player} is in payments.csv again"
        paid.add(player)
        explained = ledger.get(player, Fraction(0))
        if explained != Fraction(total):
            yield f"player {player}: {total} in payments.csv, but {float(explained)} in ledger.csv"
        if sum(map(Fraction, (base, waiting, earned, rounding))) != Fraction(total):
            yield f"player {player}: base, waiting, earned and rounding are not the total, {total}"
        if Fraction(base) + Fraction(bonus) != Fraction(total):
            yield f"player {player}: base {base} and bonus {bonus} are not the total, {total}"


def unpaid(export: Exported, owed: Mapping[str, tuple[str, Decimal]], exact: bool) -> Iterator[str]:
    """Players whose payment is not what is owed to them: by player, how it ended and the sum.

    Unless `exact` somebody may have left since, or may have been given another code.
    """
    if "payments.csv" not in export.files:
        return
    paid = dict[str, tuple[str, str]]()
    for _, _, player, _, outcome, _, _, _, _, _, total, *_ in export.table("payments.csv"):
        paid[player] = outcome, total
    for player, (outcome, total) in paid.items():
        if player not in owed:
            yield f"player {player} is paid {total}, but is owed nothing"
        elif owed[player][0] == outcome and owed[player][1] != Decimal(total):
            yield f"player {player} is paid {total}, but is owed {owed[player][1]}"
        elif exact and owed[player][0] != outcome:
            yield f"player {player} is paid for {outcome}, but ended with {owed[player][0]}"
    for player in owed.keys() - paid.keys() if exact else ():
        yield f"player {player} is owed {owed[player][1]}, but is not in payments.csv"


def strange_codes(
    export: Exported, own: Iterable[tuple[str, str, bool, bool, str]], exact: bool
) -> Iterator[str]:
    """Players whose code is not their own. `own`: as `verify` has them.

    Unless `exact` somebody may have been given another code since, or have been erased.
    """
    right: set[tuple[str, str]] = set()
    for player, code, is_now, erased, handed_in in own:
        if is_now or not exact:
            right |= {(player, handed_in)} if not (erased and exact) else set()
            right |= {(player, code)} if erased else set()
    for file in ("players.csv", "payments.csv"):
        for cells in export.table(file):
            player, code = (
                codebook.unescape(export.cell(file, cells, name) or "") for name in ("player", "code")
            )
            if code and (player, code) not in right:
                yield f"player {player} has the code {code} in {file}, which is not theirs"


def broken_receipts(export: Exported, kept: Sequence[Kept]) -> Iterator[str]:
    """Receipts whose records are not all in history.csv as the receipt says, each with its line in its file.

    Of a receipt that names what was erased the numbers are all that is left to look up; it is told of in `erased`.
    """
    wanted = {number for receipt in kept for number in receipt.records}
    found: dict[int, tuple[str, str, str, bool]] = {}  # player, field, value, erased
    for cells in export.table("history.csv"):
        if int(cells[0]) in wanted:
            gone = export.cell("history.csv", cells, "erased") == "true"
            found[int(cells[0])] = (cells[1], cells[5], codebook.unescape(cells[6]), gone)
    for receipt in kept:
        there = [(number, *found[number]) for number in receipt.records if number in found]
        lacking = [number for number in receipt.records if number not in found]
        players = sorted({player for _, player, *_ in there}, key=int)
        erased = [number for number, *_, gone in there if gone]
        if lacking:
            problem = f"{_records(lacking, players)}: not in history.csv"
        elif (
            not erased
            and digest((number, field, value) for number, _, field, value, _ in there) != receipt.digest
        ):
            problem = f"{_records(receipt.records, players)}: not what the receipt says"
        elif len(players) > 1:
            problem = f"{_records(receipt.records, players)}: not all of one player"
        elif erased:
            how = _erasure_of(export, players[0])
            export.erased.append(_told(receipt, f"{_records(erased, players)}: erased {how}, and not lost"))
            continue
        else:
            continue
        yield _told(receipt, problem)


def _told(receipt: Kept, what: str) -> str:
    beside = receipt.beside and f" ({receipt.beside})"
    return f"line {receipt.line}{beside}: {what}" if receipt.line else f"{receipt.beside}: {what}"


def _erasure_of(export: Exported, player: str) -> str:
    """When, by whom and why."""
    for cells in export.table("erasures.csv"):
        _, whose, by, why, *_ = cells
        at = export.cell("erasures.csv", cells, "at") or ""
        if whose in ("", player):
            return f"on {at[:10]} by {codebook.unescape(by)} ({codebook.unescape(why)})"
    return "by nobody that is known"


def _records(numbers: Sequence[int], players: Sequence[str]) -> str:
    owner = f" of player {', '.join(players)}" if players else ""
    return f"record {spans(numbers).replace(',', ', ')}{owner}"


def _line(cells: Sequence[str], text: int) -> str:
    plain = codebook.unescape(cells[text])
    return SEPARATOR.join((*cells[1:text], plain, *cells[text + 1 :]))
