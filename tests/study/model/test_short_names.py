"""Stories of names that SPSS, Stata and R can't take: `check` notes them, and each column has a short one."""

from __future__ import annotations

import re

from app.export import codebook
from app.study.model.short_names import RESERVED, short_names
from app.study.reading import check, parse

STUDY = """
title = "Long names"
[entry]
fields = [
    {name = "by", ask = "By whom were you invited?", kind = "text"},
    {name = "with", ask = "With whom do you live?", kind = "text"},
    {name = "if", ask = "If you were paid …", kind = "text"},
    {name = "v_by", ask = "And else?", kind = "text"},
]
[[room]]
name = "pair"
seats = {any = 2}
[[step]]
page = "talk"
name = "Public-Goods-Contribution-With-Punishmt"
repeat = 10
limit = "60s"
fields = [
    {name = "willingness_to_punish_others_a", ask = "A", kind = "integer"},
    {name = "willingness_to_punish_others_b", ask = "B", kind = "integer"},
]
"""
FILES = {"study.toml": STUDY.encode(), "pages/talk.html": b'{% extends "player/_step_opened.html" %}'}


def test_check_notes_each_and_says_what_it_is_called_instead() -> None:
    notes = {str(one) for one in check(FILES) if "codebook.csv" in one.suggestion}
    assert notes == {
        f"study.toml:{line}: {said} codebook.csv lists both; or choose another."
        for line, said in (
            ("5:13", "`by` is a word of SPSS, Stata or R itself: in .sav and .dta it is `v_by`."),
            ("6:13", "`with` is a word of SPSS, Stata or R itself: in .sav and .dta it is `v_with`."),
            ("7:13", "`if` is a word of SPSS, Stata or R itself: in .sav and .dta it is `v_if`."),
            (
                "15:8",
                "`Public-Goods-Contribution-With-Punishmt` has 39 letters, and Stata takes 32: .dta has shorter names.",
            ),
        )
    }
    assert all(not one.grave for one in check(FILES))


def test_each_column_has_one_of_at_most_32_letters_and_no_two_the_same() -> None:
    by_file: dict[str, dict[str, str]] = {}
    for line in codebook.rows(parse(FILES)):
        told = dict(zip(codebook.HEADER, line, strict=True))
        by_file.setdefault(told["file"], {})[told["column"]] = told["short"]
    wide = by_file["records_wide.csv"]
    assert len(wide) == 4 + 20 + 1
    for columns in by_file.values():
        assert len({one.lower() for one in columns.values()}) == len(columns)
        assert all(re.fullmatch(r"[A-Za-z]\w{0,31}", one, re.ASCII) for one in columns.values())
        assert not {one.lower() for one in columns.values()} & RESERVED
    names = by_file["players.csv"]
    assert (names["v_by"], names["by"], names["with"], names["label"]) == (
        "v_by",
        "v_by_2",
        "v_with",
        "label",
    )


def test_what_comes_with_links_may_be_called_anything() -> None:
    assert short_names(["given_Größe", "given_größe", "1st", "_N", "str20", "…"]) == {
        "given_Größe": "given_Gr_e",
        "given_größe": "given_gr_e_2",
        "1st": "v_1st",
        "_N": "N",
        "str20": "v_str20",
        "…": "v",
    }
