"""Stories of exports as a workbook: what a spreadsheet opens is what the files have."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from openpyxl import load_workbook

from app.export.export import ExportError
from app.export.workbook import MOST_ROWS, refuse_too_many, write_to
from tests.house.formats import unlike_workbook
from tests.house.house import House
from tests.house.lively import NASTY, a_lively_session
from tests.house.shell import Shell, is_refused


def test_each_table_has_a_sheet_with_the_same_cells_and_what_looks_like_a_number_stays_as_it_was_written(
    house: House,
) -> None:
    lively, who = a_lively_session(house)
    for nth, text in enumerate(("0012", "1-2", "3E5", "1234567890123456789", "\x07bell", "x" * 40_000)):
        lively.answers([*who.values()][2 + nth % 2], 1, belief="0", why=text[:2000])
    house.sql("update record set value = repeat('x', 40000) where id = (select max(id) from record)")
    ways = [house.folder / "data.xlsx", house.folder / "data"]
    for one in ways:
        asyncio.run(write_to(house.database, lively.session_id, lively.study, one))
    assert unlike_workbook(ways[0], ways[1]) == []
    book = load_workbook(ways[0], read_only=True)
    whys: list[object] = [row[6] for row in book["history"].iter_rows(values_only=True) if row[5] == "why"]
    assert {"0012", "1-2", "3E5", "1234567890123456789", "\ufffdbell", -5, "'=1+1"} <= {*whys}
    assert "=1+1" in NASTY and max(len(str(one)) for one in whys) == 32_767
    kinds = {cell.data_type for row in book["history"].iter_rows() for cell in row}
    assert "f" not in kinds
    about = {row[0]: str(row[1]) for row in book["about"].iter_rows(values_only=True)}
    assert about["session"] == lively.session_id and "records" in about["stored"]


def test_more_rows_than_a_sheet_takes_are_refused_with_the_way_out_of_it() -> None:
    refuse_too_many({"a.csv": {"rows": MOST_ROWS - 1}, "study/x": {}})
    with pytest.raises(
        ExportError, match=r"history\.csv has 1,048,576 rows, and a sheet takes 1,048,575: give"
    ):
        refuse_too_many({"history.csv": {"rows": MOST_ROWS}})


def test_the_command_writes_it_and_no_half_of_it(house: House, tmp_path: Path) -> None:
    lively, _ = a_lively_session(house)
    shell, target = Shell(house, tmp_path), tmp_path / "data.xlsx"
    done = shell.type("export", lively.session_id, "--to", target, "--anonymous")
    assert done.returncode == 0, done.stderr
    book = load_workbook(target, read_only=True)
    ids = [row[0] for row in book["players"].iter_rows(min_row=2, values_only=True)]
    assert len(ids) == 10 and all(str(one).startswith("p") for one in ids)
    assert [*tmp_path.glob("*.part")] == [*tmp_path.glob(".*.part")] == []
    assert "is there already" in is_refused(shell.type("export", lively.session_id, "--to", target))
