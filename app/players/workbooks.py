"""A list in a workbook (.xlsx): its cells as text, as a person sees them there."""

from __future__ import annotations

import io
import re
import warnings
import zipfile
from collections.abc import Collection, Iterator
from datetime import date, datetime, time, timedelta
from typing import Any

import openpyxl

from app.players.lists import MOST_COLUMNS, SAVE_AGAIN, ListLine, PeopleError, Sheet, clean

MOST_ROWS = 200_000  # of a sheet, blank ones too: a file of few bytes may speak of any number
LONGEST_LOOK = 40  # characters of a number format that is followed
_KIND = {"xl/workbook.bin": ".xlsb", "content.xml": ".ods", "Index/Document.iwa": ".numbers"}


def read_workbook(name: str, content: bytes, known: Collection[str], largest: int) -> Sheet:
    """The lines of the one sheet that has a header with `known` columns, or of the only one. Raises PeopleError."""
    _refuse_others(name, content, largest)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of what it leaves out: pictures, rules, looks
            sheets = _sheets(name, content)
    except PeopleError:
        raise
    except Exception as error:  # whatever it meets in a file that is none: it promises no kind of error
        wrong = f"can't be read as a workbook ({type(error.__cause__ or error).__name__})"
        raise PeopleError(name, wrong, f"open it in a spreadsheet program and {SAVE_AGAIN}") from None
    filled = {title: lines for title, lines in sheets.items() if lines}
    lists = [title for title, lines in filled.items() if _has(lines[0], known)] or [*filled]
    if len(lists) > 1:
        wrong = f"has lists in {len(lists)} sheets, “{lists[0]}” and “{lists[1]}” among them"
        raise PeopleError(name, wrong, "leave one of them in the file")
    chosen = lists[0] if lists else ""
    taken = f"the sheet “{chosen}” of {name} was read" if len(filled) > 1 else ""
    return Sheet(name, iter(filled.get(chosen, [])), taken)


def _refuse_others(name: str, content: bytes, largest: int) -> None:
    if not content.startswith(b"PK"):
        wrong = "is an old workbook (.xls), or one with a password"
        raise PeopleError(name, wrong, SAVE_AGAIN)
    try:
        files = {one.filename: one.file_size for one in zipfile.ZipFile(io.BytesIO(content)).infolist()}
    except (zipfile.BadZipFile, ValueError):
        raise PeopleError(
            name, "is a workbook that is not whole", "copy it once more, or save it again"
        ) from None
    if "xl/workbook.xml" not in files:
        kind = next(
            (f"a {kind} workbook" for file, kind in _KIND.items() if file in files), "no workbook or CSV"
        )
        raise PeopleError(name, f"is {kind}", SAVE_AGAIN)
    if sum(files.values()) > largest:
        wrong = f"is larger than {largest // 1_000_000} MB unpacked"
        raise PeopleError(name, wrong, "give a list with one line per player")


def _sheets(name: str, content: bytes) -> dict[str, list[ListLine]]:
    """Those that are not hidden, with their lines that are not blank."""
    book = openpyxl.load_workbook(io.BytesIO(content), read_only=True, data_only=True)
    try:
        shown = [one for one in book.worksheets if one.sheet_state == "visible"]
        return {sheet.title: list(_lines(name, sheet)) for sheet in shown}
    finally:
        book.close()


def _lines(name: str, sheet: Any) -> Iterator[ListLine]:
    sheet.reset_dimensions()  # some programs write wrong ones
    for number, row in enumerate(sheet.iter_rows(), 1):
        if number > MOST_ROWS:
            raise PeopleError(name, "has a line too many", "give a list with one line per player", number)
        cells = [_text(cell.value, cell.number_format or "") for cell in row]
        while cells and not cells[-1]:
            cells.pop()
        if len(cells) > MOST_COLUMNS:
            raise PeopleError(
                name, f"has {len(cells)} cells", f"use {MOST_COLUMNS} columns at the most", number
            )
        if cells:
            yield ListLine(number, cells)


def _has(header: ListLine, known: Collection[str]) -> bool:
    return any(clean(cell).lower() in known for cell in header.cells)


def _text(value: Any, look: str) -> str:
    """`look`: the number format."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, int | float):
        return _number(value, look)
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == time() else value.isoformat()
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, timedelta):
        return str(value)
    return str(value).strip()


def _number(value: float, look: str) -> str:
    """17 and not 17.0; with the zeros in front, or as the share, that the sheet shows."""
    if len(look) > LONGEST_LOOK:
        look = ""
    if re.fullmatch("0+", look):
        return f"{value:.0f}".zfill(len(look))
    if share := re.fullmatch(r"0(?:\.(0+))?%", look):
        return f"{value * 100:.{len(share[1] or '')}f}%"
    return str(value) if isinstance(value, int) else f"{value:.15g}"
