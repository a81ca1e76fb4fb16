"""An export as one .xlsx file with a sheet for each table, and the way out for whatever somebody names as the target.

It is made from the files as they are: with their cells, their escapes, and what an anonymous export leaves out. Numbers
are numbers there; what only looks like one, such as 0012, 1-2 or 3E5, stays the text that somebody wrote.
"""

from __future__ import annotations

import csv
import re
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from app.export.anonymous import Mask
from app.export.export import ExportError, Extra, Manifest, beside, write_folder, write_zip
from app.export.person import IN_WORDS, OnePerson
from app.study.model.study import Study

MOST_ROWS = 1_048_576  # of a sheet, its header included
LONGEST = 32_767  # characters of a cell
_NUMBER = re.compile(r"-?(0|[1-9]\d{0,14})(\.\d{1,14})?")
_NOT_IN_XML = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")
CUT = " … (cut here: a cell takes no more)"


async def write_to(
    url: str,
    session_id: str,
    study: Study,
    target: Path,
    of: Mask | OnePerson | None = None,
    mark: bool = False,
) -> Manifest:
    """A folder, a .zip or an .xlsx, as the target's name says. Raises ExportError."""
    if target.suffix.lower() == ".xlsx":
        return await write_workbook(url, session_id, study, target, of)
    write = write_zip if target.suffix.lower() == ".zip" else write_folder
    return await write(url, session_id, study, target, of, Extra(labels=True, mark=mark))


async def write_workbook(
    url: str, session_id: str, study: Study, file: Path, of: Mask | OnePerson | None = None
) -> Manifest:
    """All tables in one workbook; the first sheet has what the manifest says. Raises ExportError."""
    with beside(file) as part, tempfile.TemporaryDirectory(prefix="networklab-") as folder:
        tables = Path(folder) / "export"
        manifest = await write_folder(url, session_id, study, tables, of)
        refuse_too_many(manifest["files"])
        bind(part, tables, manifest)
        return manifest


def refuse_too_many(files: Mapping[str, Mapping[str, Any]]) -> None:
    """Raises ExportError."""
    for name, stated in files.items():
        if stated.get("rows", 0) >= MOST_ROWS:
            rows, most = f"{stated['rows']:,}", f"{MOST_ROWS - 1:,}"
            raise ExportError(
                f"{name} has {rows} rows, and a sheet takes {most}: give --to a folder or a .zip instead."
            )


def bind(part: Path, tables: Path, manifest: Manifest) -> None:
    """The workbook of an exported folder."""
    # A tenth of a second, which only this way out needs.
    from openpyxl import Workbook
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.styles import Font

    book = Workbook(write_only=True)
    about = book.create_sheet("about")
    about.column_dimensions["A"].width, about.column_dimensions["B"].width = 24, 100
    for name, text in _about(manifest, tables):
        about.append([name, _cell(text)])
    for name, stated in manifest["files"].items():
        if "rows" not in stated:
            continue
        sheet = book.create_sheet(name.removesuffix(".csv"))
        sheet.freeze_panes = "A2"
        with (tables / name).open(encoding="utf-8", newline="") as file:
            lines = csv.reader(file, strict=True)
            header = [WriteOnlyCell(sheet, value=column) for column in next(lines)]
            for one in header:
                one.font = Font(bold=True)
            sheet.append(header)
            for line in lines:
                sheet.append([_cell(text) for text in line])
    book.save(part)


def _about(manifest: Manifest, tables: Path) -> Iterator[tuple[str, str]]:
    session, study = manifest["session"], manifest["study"]
    yield "session", session["id"]
    yield "name", session["name"]
    yield "study", study["title"]
    yield "study's sha256", study["sha256"]
    yield "as of", manifest["exported"]["as_of"] or ""
    yield "software", manifest["software"]
    for kind in ("acknowledged", "stored"):
        yield kind, ", ".join(f"{number:,} {noun}" for noun, number in manifest[kind].items())
    yield "escaping", manifest["escaping"].replace("In every .csv file", "In every sheet")
    yield (
        "columns",
        "The sheet codebook says what each means. The study's own files are in the export as a .zip.",
    )
    if (tables / IN_WORDS).exists():
        for line in (tables / IN_WORDS).read_text(encoding="utf-8").splitlines():
            yield "", line


def _cell(text: str) -> str | float | int | None:
    if not text:
        return None
    if _NUMBER.fullmatch(text) and len(text) <= 16:
        return float(text) if "." in text else int(text)
    text = _NOT_IN_XML.sub("\ufffd", text)
    if len(text) > LONGEST:
        text = text[: LONGEST - len(CUT)] + CUT
    return f"'{text}" if text[0] == "=" else text
