"""The program that writes .sav and .dta of tables in a folder, as columns.json there says: see labelled.py.

`python -m app.export.labelled_files FOLDER`. One table at a time is in memory.
"""

from __future__ import annotations

import csv
import os
import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

from app.export.labelled import FAULTS, FOLDER, SPEC
from app.export.labels import CODES, NUMBER, TEXT, TIME, Column, said_unknown
from app.players.lists import unescape

SPSS_TEXT, SPSS_CODE, SPSS_LABEL, SPSS_TITLE = 32_767, 120, 255, 64  # bytes
STATA_LABEL, STATA_CODE = 80, 8_000  # characters
STATA_LEAST, STATA_MOST = -2_147_483_647, 2_147_483_620  # of whole numbers, which alone get labels there
PLACES = 8  # of a number that both programs show by themselves
EXACT = 2**53  # from it on not every whole number is one of theirs
CUT = " … (cut here)"
DONT_KNOW = "d"  # Stata's .d
_NUMBER = re.compile(r"-?\d{1,300}(\.\d{1,300})?", re.ASCII)
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", re.ASCII)


class LabelledTables(msgspec.Struct):
    title: str
    tables: dict[str, list[Column]]


@dataclass
class Series:
    """A column as both programs get it: `values` with None for what is missing, and of SPSS what stands for that."""

    column: Column
    kind: str
    values: list[Any]
    labels: dict[float, str] = field(default_factory=dict)
    unknown: float | None = None  # in `values`, what SPSS has for who does not know


def main(folder: Path) -> None:
    csv.field_size_limit(sys.maxsize)
    told = msgspec.json.decode((folder / SPEC).read_bytes(), type=LabelledTables)
    (folder / FOLDER).mkdir()
    faults: dict[str, str] = {}
    for name, columns in told.tables.items():
        if (folder / name).exists():
            try:
                _write(folder, name, columns, told.title)
            except Exception as error:  # whatever it is, the other tables come out
                faults[name] = f"{type(error).__name__}: {error}".partition("\n")[0]
                for program in (".sav", ".dta"):
                    (folder / FOLDER / name).with_suffix(program).unlink(missing_ok=True)
    (folder / FAULTS).write_bytes(msgspec.json.encode(faults))


def _write(folder: Path, name: str, columns: Sequence[Column], title: str) -> None:
    import pandas
    import pyreadstat

    with (folder / name).open(encoding="utf-8", newline="") as file:
        lines = csv.reader(file, strict=True)
        header, known = next(lines), {one.name: one for one in columns}
        cells: list[list[str]] = [[] for _ in header]
        for line in lines:
            for nth, cell in enumerate(line):
                cells[nth].append(cell)
    series = [_series(known[one], said) for one, said in zip(header, cells, strict=True) if one in known]
    del cells
    path = folder / FOLDER / name.removesuffix(".csv")
    labels = {one.column.short: one.column.label for one in series}
    places = {one.column.short: _places(one) for one in series}
    pyreadstat.write_sav(
        pandas.DataFrame({one.column.short: _frame(pandas, one, SPSS_TEXT) for one in series}),
        path.with_suffix(".sav"),
        file_label=_bytes(title, SPSS_TITLE),
        column_labels={short: _bytes(label, SPSS_LABEL) for short, label in labels.items()},
        row_compress=True,
        variable_value_labels={
            one.column.short: {code: _bytes(label, SPSS_CODE) for code, label in one.labels.items()}
            for one in series
            if one.labels
        },
        missing_ranges={one.column.short: [one.unknown] for one in series if one.unknown is not None},
        variable_measure={
            one.column.short: "scale" if one.kind in (NUMBER, TIME) else "nominal" for one in series
        },
        variable_format={short: f"F{width}.0" for short, width in places.items() if width},
        variable_display_width={short: width for short, width in places.items() if width > PLACES},
    )
    tagged = [one for one in series if one.unknown is not None]
    pyreadstat.write_dta(
        pandas.DataFrame({one.column.short: _tagged(pandas, one) for one in series}),
        path.with_suffix(".dta"),
        file_label=title[:STATA_LABEL],
        column_labels={short: label[:STATA_LABEL] for short, label in labels.items()},
        variable_value_labels={one.column.short: codes for one in series if (codes := _stata(one))},
        missing_user_values={one.column.short: [DONT_KNOW] for one in tagged} or None,
        # Else only the first digits of a longer number are shown.
        variable_format={short: f"%{width}.0f" for short, width in places.items() if width > PLACES},
    )


def _series(column: Column, cells: Sequence[str]) -> Series:
    """What does not look like its kind is text: times of an anonymous export may be seconds, its players new ids."""
    said = [one for one in cells if one and not (column.unknown and one == said_unknown())]
    if column.kind == CODES:
        codes = {
            one: float(nth) for nth, one in enumerate(dict.fromkeys([*column.codes, *sorted({*said})]), 1)
        }
        labels = {code: unescape(one) for one, code in codes.items()}
        return _with_unknown(column, CODES, cells, codes, labels)
    if column.kind in (NUMBER, TIME) and all(_NUMBER.fullmatch(one) for one in said):
        return _with_unknown(column, NUMBER, cells, {one: float(one) for one in {*said}}, dict(column.ends))
    if column.kind == TIME and all(_TIME.fullmatch(one) for one in said):
        return Series(column, TIME, [datetime.fromisoformat(one[:-1]) if one else None for one in cells])
    return Series(column, TEXT, [unescape(one) for one in cells])


def _with_unknown(
    column: Column, kind: str, cells: Sequence[str], values: Mapping[str, float], labels: dict[float, str]
) -> Series:
    if not column.unknown:
        return Series(column, kind, [values.get(one) for one in cells], labels)
    code, taken = -9.0, {*values.values()}
    while code in taken or (column.least is not None and code >= column.least):
        code = code * 10 - 9
    said = {**values, said_unknown(): code}
    return Series(column, kind, [said.get(one) for one in cells], labels | {code: column.unknown}, code)


def _frame(pandas: Any, one: Series, longest: int | None = None) -> Any:
    if one.kind == TEXT:
        texts = one.values if longest is None else [_bytes(text, longest) for text in one.values]
        return pandas.Series(texts, dtype=object)
    return pandas.Series(one.values, dtype="datetime64[us]" if one.kind == TIME else "float64")


def _tagged(pandas: Any, one: Series) -> Any:
    if one.unknown is None:
        return _frame(pandas, one)
    values = [DONT_KNOW if value == one.unknown else value for value in one.values]
    return pandas.Series(values, dtype=object)


def _stata(one: Series) -> dict[Any, str]:
    return {
        DONT_KNOW if code == one.unknown else code: label[:STATA_CODE]
        for code, label in one.labels.items()
        if code == one.unknown or (code == int(code) and STATA_LEAST <= code <= STATA_MOST)
    }


def _places(one: Series) -> int:
    """That its longest number takes, its sign too, so that each digit is shown; 0 where they are not all whole, or not
    all exact.
    """
    numbers = [value for value in one.values if value is not None] if one.kind in (NUMBER, CODES) else []
    if not numbers or not all(map(float.is_integer, numbers)):
        return 0
    ends = min(numbers), max(numbers)
    return max(PLACES, *(len(f"{end:.0f}") for end in ends)) if max(map(abs, ends)) < EXACT else 0


def _bytes(text: str, most: int) -> str:
    """As much of it as this many bytes of UTF-8 take."""
    whole = text.encode()
    if len(whole) <= most:
        return text
    return whole[: most - len(CUT.encode())].decode(errors="ignore") + CUT


if __name__ == "__main__":
    os.nice(10)
    main(Path(sys.argv[1]))
