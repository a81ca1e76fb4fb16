"""An export in all its formats, each read back and held against the .csv files of the same."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from app.export import labelled_files
from app.export.labelled import Labelled
from app.players.lists import unescape

LABELLED = ("players", "rounds", "records", "records_wide")


@contextmanager
def made_here() -> Iterator[None]:
    """The program that writes .sav and .dta runs in this process, which has loaded what it needs."""

    async def make(folder: Path) -> str:
        labelled_files.main(folder)
        return ""

    apart, Labelled.make = Labelled.make, make
    try:
        yield
    finally:
        Labelled.make = apart


def read_labelled(folder: Path, name: str) -> dict[str, tuple[Mapping[str, list[Any]], Any]]:
    """Both files of a table: values by short name, and what is told of them."""
    import pyreadstat

    path = folder / "labelled" / name
    return {
        "sav": pyreadstat.read_sav(path.with_suffix(".sav"), output_format="dict", user_missing=True),
        "dta": pyreadstat.read_dta(path.with_suffix(".dta"), output_format="dict", user_missing=True),
    }


def table(folder: Path, name: str) -> list[dict[str, str]]:
    with (folder / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return [*csv.DictReader(file)]


def as_csv(value: Any, labels: Mapping[Any, str]) -> str:
    """A value of one of these files as the .csv has it, without its escape; times by the millisecond."""
    if isinstance(value, datetime):
        return f"{value.isoformat(timespec='milliseconds')}Z"
    if value is None or value != value:
        return ""
    if value in labels:
        return labels[value]
    return f"{value:.15g}" if isinstance(value, float) else str(value)


def as_read(cell: str) -> str:
    text = unescape(cell)
    if text.endswith("Z") and text[4:5] == "-":
        return f"{text[:23]}Z"
    plain = text.removeprefix("-").replace(".", "", 1).isdecimal()
    return f"{float(text):.15g}" if plain and text.isascii() else text


def unlike_labelled(folder: Path, name: str) -> list[object]:
    """Each cell of both files that is not what the .csv has: of a scale the number, whatever its ends are called."""
    rows, found = table(folder, name), list[object]()
    told_of = {one["column"]: one for one in table(folder, "codebook") if one["file"] == f"{name}.csv"}
    if not rows:
        return found
    short = {column: one["short"] for column, one in told_of.items()}
    for program, (values, told) in read_labelled(folder, name).items():
        assert [*values] == [short[one] for one in rows[0]], program
        for column in rows[0]:
            ends = {told_of[column]["low"], told_of[column]["high"]}
            told_as = told.variable_value_labels.get(short[column], {})
            labels = {value: label for value, label in told_as.items() if label not in ends}
            pairs = zip(rows, values[short[column]], strict=True)
            cells = [(as_read(row[column]), as_csv(value, labels)) for row, value in pairs]
            found += [(program, column, *one) for one in cells if not is_alike(*one)]
    return found


def is_alike(cell: str, value: str) -> bool:
    """What is counted in seconds since 1582 has a time to about a millisecond."""
    if cell != value and cell.endswith("Z") and value.endswith("Z"):
        return abs(datetime.fromisoformat(cell) - datetime.fromisoformat(value)) < timedelta(milliseconds=2)
    return cell in (value, as_read(value))


def unlike_workbook(book: Path, folder: Path) -> list[object]:
    """Each sheet that has not the cells of its table, as a spreadsheet shows them."""
    from openpyxl import load_workbook

    read, found = load_workbook(book, read_only=True), list[object]()
    files = {file.stem: file for file in folder.glob("*.csv")}
    if {*read.sheetnames} != {"about", *files}:
        found.append(read.sheetnames)
    for name, file in files.items():
        with file.open(encoding="utf-8", newline="") as lines:
            rows = [*csv.reader(lines)]
        sheet = [
            [("" if one is None else one) for one in row] for row in read[name].iter_rows(values_only=True)
        ]
        wanted = [[as_shown(cell) for cell in row] for row in rows]
        got = [row + [""] * (len(rows[0]) - len(row)) for row in sheet]
        found += [(name, *one) for one in zip(got, wanted, strict=False) if one[0] != one[1]]
        found += [name] if len(got) != len(wanted) else []
    return found


def as_shown(cell: str) -> str | float:
    plain = cell.lstrip("-").replace(".", "", 1)
    if plain.isdecimal() and plain.isascii() and len(plain) < 16 and cell not in ("0012", "-.5", "5."):
        return float(cell)
    if len(cell) > 32_767:
        end = " … (cut here: a cell takes no more)"
        return cell[: 32_767 - len(end)] + end
    return "".join("\ufffd" if one < " " and one not in "\t\n\r" else one for one in cell)
