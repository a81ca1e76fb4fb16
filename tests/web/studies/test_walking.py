"""Stories of pages that are drawn in a process apart, of studies that are not as they should be."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from app.web.studies.walking import WalkError, walk
from tests.house.studies import TALK, as_files

GOOD = as_files(TALK)
FOR_EVER = b"""{% extends "player/_step_opened.html" %}{% block before %}
{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}{% endblock %}"""


def sentence_of(files: dict[str, bytes], look: dict[str, Any], seconds: float = 60) -> str:
    with pytest.raises(WalkError) as refused:
        asyncio.run(walk(files, look, seconds))
    return str(refused.value)


def test_a_page_that_loops_for_ever_is_ended_with_a_sentence() -> None:
    told = asyncio.run(walk(GOOD, {}, 60))
    at = next(nth for nth, one in enumerate(told["stops"]) if one["part"] == "room")
    said = sentence_of(GOOD | {"pages/talk.html": FOR_EVER}, dict(at=at), 4)
    assert said == "These pages took more than 4 seconds to draw. Look for a loop in them that is long."


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("study.toml", b"\xff"),
        ("study.toml", b"title = "),
        ("pages/talk.html", b"{% if %}"),
        ("hooks.py", b"def"),
    ],
)
def test_a_bad_file_gives_a_sentence(name: str, body: bytes) -> None:
    said = sentence_of(GOOD | {name: body}, {})
    assert said.startswith("There is nothing to walk through until the study can be read. ")
    assert name in said and "Traceback" not in said


def test_what_has_no_sentence_is_in_the_log_as_the_page_says(caplog: pytest.LogCaptureFixture) -> None:
    said = sentence_of(GOOD, dict(no_such="word"))
    assert said == "They could not be drawn. Whoever runs the server finds why in its log."
    assert "no_such" in caplog.text and "TypeError" in caplog.text
