"""Stories of the files of SPSS and Stata: read back, they say what the .csv says, with labels."""

from __future__ import annotations

import asyncio
import json
import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import aclosing
from pathlib import Path

import pytest

from app.export import codebook
from app.export.anonymous import Mask
from app.export.csv_stream import listed, written
from app.export.export import Extra, write_folder
from app.export.labelled import Labelled
from app.export.labelled_files import CUT
from app.export.labels import columns_of
from app.export.round_columns import round_header
from app.study.model.study import Study
from app.study.reading import parse
from tests.house.formats import read_labelled, unlike_labelled
from tests.house.house import House
from tests.house.lively import Lively, a_lively_session

STUDY = """
title = "Labels"
types = ["red", "blue"]
[[room]]
name = "pair"
seats = {any = 2}
[[treatment]]
name = "talk"
levels = ["with", "without"]
[[step]]
page = "ask"
limit = "60s"
repeat = 3
fields = [
    {name = "mood", ask = "=How?", kind = "choice", options = ["=good", "bad, “b”", "é"], dont_know = "No idea"},
    {name = "sure", ask = "Sure?", kind = "scale", min = -9, max = -1, low = "not", high = "very", dont_know = "?"},
    {name = "group", ask = "How many?", kind = "choice", options = ["2", "4"]},
    {name = "by", ask = "By whom?", kind = "text", required = false},
]
"""
PAGES = {"pages/ask.html": b'{% extends "player/_step_opened.html" %}'}


@pytest.mark.parametrize("mask", [None, Mask(relative_times=True)], ids=["named", "anonymous"])
def test_each_cell_of_an_export_is_in_both_files_too(house: House, mask: Mask | None) -> None:
    lively, _ = a_lively_session(house)
    folder = exported(lively, mask)
    files = {path.name for path in (folder / "labelled").iterdir()}
    names = ("players", "rounds", "records", "records_wide")
    assert files == {f"{name}.{program}" for name in names for program in ("sav", "dta")}
    for name in names:
        assert unlike_labelled(folder, name) == [], name
    told = read_labelled(folder, "players")["sav"][1]
    assert told.column_names_to_labels["age"] == "Your age"
    if mask is None:
        shown = {
            kind: one.original_variable_types["player"]
            for kind, (_, one) in read_labelled(folder, "players").items()
        }
        assert shown == {"sav": "F11.0", "dta": "%11.0f"}, (
            "every digit of a number of one of several databases"
        )
    assert {*told.variable_value_labels["status"].values()} >= {"invited", "waiting", "left"}
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    assert "labelled/rounds.dta" in manifest["files"] and "missing" not in manifest


def exported(lively: Lively, mask: Mask | None = None) -> Path:
    folder = lively.house.folder / "out"
    asyncio.run(
        write_folder(lively.house.database, lively.session_id, lively.study, folder, mask, Extra(labels=True))
    )
    return folder


def labelled(tmp_path: Path, study: Study, name: str, rows: Sequence[Mapping[str, str]]) -> Path:
    """A table of these rows, and its codebook, with what is made of it."""
    header = round_header(study) if name == "rounds" else codebook.wide_header(study)

    async def work() -> None:
        with Labelled(columns_of(study, [*codebook.rows(study)]), study.title) as made:
            lines = listed([[row.get(one, "") for one in header] for row in rows])
            tables = {
                name: written(header, lines),
                "codebook": written(codebook.HEADER, listed(codebook.rows(study))),
            }
            for file, blocks in tables.items():
                async with aclosing(made.kept(f"{file}.csv", blocks)) as kept:
                    (tmp_path / f"{file}.csv").write_bytes(b"".join([block async for block, _ in kept]))
            (tmp_path / "labelled").mkdir()
            async for path, pieces in made.files():
                (tmp_path / path).write_bytes(b"".join([piece async for piece, _ in pieces]))
            assert made.missing == ""

    asyncio.run(work())
    return tmp_path


def test_choices_are_codes_with_labels_and_who_does_not_know_is_missing(tmp_path: Path) -> None:
    rows = [
        {
            "round": "1",
            "treatment_talk": "without",
            "mood": "é",
            "sure": "-9",
            "group": "4",
            "by": "Äda 👩‍👩‍👧",
        },
        {"round": "2", "treatment_talk": "with", "mood": "=good", "sure": "dont_know", "group": "2"},
        {"round": "3", "treatment_talk": "other", "mood": "dont_know", "sure": "-1", "group": "4"},
    ]
    study = parse({"study.toml": STUDY.encode(), **PAGES})
    found = read_labelled(labelled(tmp_path, study, "rounds", rows), "rounds")
    for program, (values, told) in found.items():
        labels = told.variable_value_labels
        unknown = {"sav": -9.0, "dta": "d"}[program], {"sav": -99.0, "dta": "d"}[program]
        assert values["mood"] == [3, 1, unknown[0]], program
        assert labels["mood"] == {1: "=good", 2: "bad, “b”", 3: "é", unknown[0]: "No idea"}
        assert values["sure"] == [-9, unknown[1], -1]
        assert labels["sure"] == {-9: "not", -1: "very", unknown[1]: "?"}
        assert values["group"] == [4, 2, 4] and "group" not in labels
        assert values["v_by"] == ["Äda 👩‍👩‍👧", "", ""]
        assert values["treatment_talk"] == [2, 1, 3]
        assert labels["treatment_talk"] == {1: "with", 2: "without", 3: "other"}
        assert told.column_names_to_labels["mood"] == "=How? (ask)"
    assert {one["lo"] for one in found["sav"][1].missing_ranges["sure"]} == {-99}


TWO = """
title = "Two"
types = ["red", "blue"]
[[room]]
name = "pair"
seats = {any = 2}
[[step]]
page = "ask"
limit = "60s"
fields = [
    {name = "much", ask = "How much?", kind = "slider", min = 0, max = 3000000000, low = "none", high = "all"},
    {name = "sure", ask = "Sure?", kind = "scale", min = 1, max = 7, low = "not", high = "very", dont_know = "?"},
]
[[step]]
page = "ask"
name = "again"
limit = "60s"
fields = [
    {name = "sure", ask = "Sad?", kind = "scale", min = 1, max = 5, low = "not", high = "deeply", dont_know = "No"},
]
"""


def test_a_number_has_the_label_that_it_has_wherever_it_is_asked_and_none_that_stata_lacks(
    tmp_path: Path,
) -> None:
    study = parse({"study.toml": TWO.encode(), **PAGES})
    rows = [{"round": "1", "much": "3000000000", "sure": "7"}, {"round": "1", "sure": "dont_know"}]
    for program, (values, told) in read_labelled(labelled(tmp_path, study, "rounds", rows), "rounds").items():
        labels, unknown = told.variable_value_labels, {"sav": -9.0, "dta": "d"}[program]
        assert values["sure"] == [7, unknown] and values["much"][0] == 3_000_000_000
        assert labels["sure"] == {1: "not", unknown: "? / No"}, program
        assert labels["much"] == {0: "none"} | ({3_000_000_000: "all"} if program == "sav" else {})
        assert told.column_names_to_labels["sure"] == "Sure? (ask) / Sad? (again)"


# What was said, and how SPSS and Stata show it.
NUMBERS = {
    "short": (["7", "12"], "F8.0", 8, "%10.0g"),
    "eight": (["12345678"], "F8.0", 8, "%10.0g"),
    "nine": (["-5", "123456789"], "F9.0", 9, "%9.0f"),
    "signed": (["-12345678", "1"], "F9.0", 9, "%9.0f"),
    "fifteen": (["147000012345678", "1"], "F15.0", 15, "%15.0f"),
    "exact": (["9007199254740991"], "F16.0", 16, "%16.0f"),
    "beyond": (["9007199254740993"], "F8.2", 8, "%10.0g"),  # no number of theirs
    "parts": (["1234567890.5", "1"], "F8.2", 8, "%10.0g"),
    "nothing": ([], "F8.2", 8, "%10.0g"),
}


def test_each_digit_of_a_whole_number_is_shown_as_far_as_it_is_exact(tmp_path: Path) -> None:
    asked = ",".join(f'{{name = "{name}", ask = "?", kind = "number"}}' for name in NUMBERS)
    study = parse(
        {"study.toml": re.sub(r"fields = \[.*", f"fields = [{asked}]", TWO, flags=re.S).encode(), **PAGES}
    )
    rows = [{name: said[nth] for name, (said, *_) in NUMBERS.items() if nth < len(said)} for nth in range(2)]
    found = read_labelled(labelled(tmp_path, study, "rounds", rows), "rounds")
    for name, (said, spss, width, stata) in NUMBERS.items():
        for program, (values, told) in found.items():
            assert values[name] == [*map(float, said), *[None] * (2 - len(said))], (program, name)
            assert told.original_variable_types[name] == {"sav": spss, "dta": stata}[program], name
        assert found["sav"][1].variable_display_width[name] == width, name


def test_a_table_that_can_t_be_made_is_missing_alone_and_said(tmp_path: Path) -> None:
    study = parse({"study.toml": STUDY.encode(), **PAGES})
    columns = columns_of(study, [*codebook.rows(study)])

    async def work() -> tuple[list[str], str]:
        with Labelled(columns, "") as made:
            (made.folder / "rounds.csv").write_bytes(b"round\r\n\xff\r\n")
            (made.folder / "players.csv").write_bytes(b"player\r\n1\r\n")
            return [name async for name, _ in made.files()], made.missing

    names, said = asyncio.run(work())
    assert names == ["labelled/players.dta", "labelled/players.sav"]
    assert said.startswith("labelled/ lacks rounds.csv, which could not be made: UnicodeDecodeError: ")


def test_long_texts_are_whole_for_stata_and_cut_where_spss_takes_no_more(tmp_path: Path) -> None:
    texts = ["é" * 1500, "é" * 20_000, "", "short"]
    study = parse({"study.toml": STUDY.encode(), **PAGES})
    folder = labelled(
        tmp_path, study, "rounds", [{"round": str(nth), "by": text} for nth, text in enumerate(texts)]
    )
    found = read_labelled(folder, "rounds")
    assert found["dta"][0]["v_by"] == texts
    whole, cut, *rest = found["sav"][0]["v_by"]
    assert [whole, *rest] == [texts[0], "", "short"]
    assert cut == "é" * (cut.count("é")) + CUT and 32_764 <= len(cut.encode()) <= 32_767


def test_what_can_t_be_made_is_missing_and_said_and_all_else_comes_out(tmp_path: Path) -> None:
    async def work() -> str:
        with Labelled({"rounds.csv": []}, "") as made:
            (made.folder / "rounds.csv").write_bytes(b"round\r\n1\r\n")
            (made.folder / "labelled").write_bytes(b"")
            assert [one async for one in made.files()] == []
            return made.missing

    said = asyncio.run(work())
    assert said.startswith("The files in labelled/ could not be made: ") and "FileExistsError" in said


def test_a_table_that_would_take_all_memory_is_left_out_and_said(tmp_path: Path) -> None:
    study = parse({"study.toml": STUDY.encode(), **PAGES})
    columns = columns_of(study, [*codebook.rows(study)])

    async def work() -> tuple[list[str], str]:
        with Labelled(columns, "", most=60) as made:
            for name in ("rounds.csv", "players.csv"):
                header = [one.name for one in columns[name]]
                lines = listed([[""] * len(header)] * (9 if name == "rounds.csv" else 1))
                async with aclosing(made.kept(name, written(header, lines))) as kept:
                    assert sum([many async for _, many in kept]) == (10 if name == "rounds.csv" else 2)
            return [name async for name, _ in made.files()], made.missing

    names, said = asyncio.run(work())
    assert names == ["labelled/players.dta", "labelled/players.sav"]
    assert said.startswith("labelled/ lacks rounds.csv: SPSS and Stata get tables of at most 60 cells.")


def test_no_server_loads_what_writes_them() -> None:
    program = "import sys, app.web.app, app.commands.export; print({'pandas', 'numpy', 'pyreadstat'} & {*sys.modules})"
    done = subprocess.run([sys.executable, "-P", "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
