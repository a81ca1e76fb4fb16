"""The studies, and parts of studies, that chapters of the manual show: each is one that can be opened."""

from __future__ import annotations

import asyncio
import re

import pytest

from app.config import PROJECT
from app.rehearsal.trial import try_study
from app.study.reading import check, parse

PAGE = b'{% extends "player/_step_opened.html" %}'
SURVEY = b"""title = "Asked"
[[before]]
page = "talk"
fields = [{name = "mood", ask = "How is it?", kind = "yes_no"}]
"""


def blocks(chapter: str, language: str) -> list[str]:
    text = (PROJECT / "docs" / f"{chapter}.md").read_text(encoding="utf-8")
    return re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)


def test_the_two_prisoners_are_a_study_without_a_mistake_whose_hook_answers() -> None:
    [toml], [hooks], [page] = (blocks("from-empirica", language) for language in ("toml", "python", "html"))
    files = {"study.toml": toml.encode(), "hooks.py": hooks.encode()}
    files |= {"pages/choice.html": page.encode(), "pages/result.html": PAGE}
    assert [one for one in check(files) if one.grave] == []
    assert [one for one in asyncio.run(try_study(parse(files))) if one.grave] == []


@pytest.mark.parametrize("nth", range(6))
def test_what_a_recruiter_needs_in_study_toml_is_taken(nth: int) -> None:
    parts = blocks("recruiters", "toml")
    assert len(parts) == 6
    files = {"study.toml": SURVEY + parts[nth].encode(), "pages/talk.html": PAGE}
    assert [one for one in check(files) if one.grave] == []
