"""Stories of lists in workbooks: cells as a person sees them, and which sheet it was."""

from __future__ import annotations

import io
import zipfile
from datetime import date, datetime, time, timedelta
from typing import Any

import pytest

from app.players.lists import PeopleError
from app.players.people import Listed, people_in
from app.study.reading import parse, read_folder
from tests.house.studies import RUMOUR
from tests.house.workbooks import saved, workbook

STUDY = parse(read_folder(RUMOUR))
HEADER = ["Label", "type", "Token"]


def listed_in(content: bytes) -> Listed:
    return people_in("people.xlsx", content, STUDY)


def refusal(content: bytes) -> str:
    with pytest.raises(PeopleError) as refused:
        listed_in(content)
    return str(refused.value)


def test_a_cell_is_what_a_person_sees_there() -> None:
    shown: dict[str, tuple[Any, str, str]] = {
        "whole": (17.0, "General", "17"),
        "part": (0.1 + 0.2, "General", "0.3"),
        "padded": (12, "0000", "0012"),
        "padded without end": (12, "0" * 3000, "12"),
        "share": (0.05, "0%", "5%"),
        "day": (date(2026, 11, 29), "dd/mm/yyyy", "2026-11-29"),
        "moment": (datetime(2026, 11, 29, 10, 30), "dd/mm/yyyy hh:mm", "2026-11-29T10:30:00"),
        "hour": (time(10, 30), "hh:mm", "10:30:00"),
        "span": (timedelta(hours=30), "[h]:mm", "1 day, 6:00:00"),
        "truth": (True, "General", "TRUE"),
        "text": (" 0012 ", "@", "0012"),
        "formula": ("'=1+1", "@", "'=1+1"),
        "nothing": (None, "General", ""),
    }
    book = workbook(People=[[*HEADER, *shown], [7, "red", None, *(value for value, *_ in shown.values())]])
    for cell, (_, look, _) in zip(book["People"][2][3:], shown.values(), strict=True):
        cell.number_format = look
    [one] = listed_in(saved(book)).people
    assert (one.label, one.type, one.token) == ("7", "red", "")
    assert one.given == {name.replace(" ", "_"): text for name, (_, _, text) in shown.items()}


def test_a_small_file_that_speaks_of_lines_without_end_is_refused_at_once() -> None:
    book = workbook(People=[HEADER, ["Ana", "red"]])
    book["People"].cell(300_000, 1, "Ben")
    assert "has a line too many" in refusal(saved(book))


def test_blank_rows_and_cells_are_passed_over_and_lines_are_the_sheet_s_rows() -> None:
    rows: list[list[Any]] = [[], HEADER, ["Ana", "red"], [], [None, None, None], ["Ben", "bleu"]]
    sentence = refusal(saved(workbook(People=rows)))
    assert (
        sentence
        == "people.xlsx line 6 has the type “bleu”, which the study does not know; did you mean blue?"
    )
    rows[-1] = ["Ben", "blue", "ben-2", None, None]
    assert [(one.label, one.token) for one in listed_in(saved(workbook(People=rows))).people] == [
        ("Ana", ""),
        ("Ben", "ben-2"),
    ]


def test_the_sheet_that_has_a_list_is_read_and_two_lists_are_too_many() -> None:
    lists = {
        "Read me": [["How to use this"]],
        "People": [HEADER, ["Ana", "red"]],
        "Old": [HEADER, ["Ben", "red"]],
    }
    assert refusal(saved(workbook(**lists))) == (
        "people.xlsx has lists in 2 sheets, “People” and “Old” among them; leave one of them in the file."
    )
    book = workbook(**lists)
    book["Old"].sheet_state = "hidden"
    listed = listed_in(saved(book))
    assert [one.label for one in listed.people] == ["Ana"]
    assert listed.notes == ("the sheet “People” of people.xlsx was read",)
    assert "is empty; start it with" in refusal(saved(workbook(People=[])))


def test_what_is_no_workbook_gets_a_sentence_that_says_what_it_is() -> None:
    def packed(**files: bytes) -> bytes:
        file = io.BytesIO()
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as zipped:
            for name, content in files.items():
                zipped.writestr(name, content)
        return file.getvalue()

    assert "is an old workbook (.xls), or one with a password; save it as" in refusal(
        b"\xd0\xcf\x11\xe0\xa1\xb1"
    )
    assert "is no workbook or CSV; save it as" in refusal(packed(photo=b"x"))
    assert "is a .ods workbook; save it as" in refusal(packed(**{"content.xml": b"<x/>"}))
    assert "is a workbook that is not whole" in refusal(saved(workbook(People=[HEADER]))[:-50])
    assert "can't be read as a workbook" in refusal(packed(**{"xl/workbook.xml": b"<nonsense"}))
    bomb = b'<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><x>&b;</x>'
    names = {"[Content_Types].xml": bomb, "xl/workbook.xml": bomb}
    assert "can't be read as a workbook (EntitiesForbidden)" in refusal(packed(**names))
    large = packed(**{"xl/workbook.xml": b"x", "xl/rest": b"\0" * 201_000_000})
    assert len(large) < 300_000 and "is larger than 200 MB unpacked" in refusal(large)
