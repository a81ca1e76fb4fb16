"""Stories of the line that a mistake means, as a page shows it."""

from __future__ import annotations

import pytest
from markupsafe import escape

from app.study.syntax.lines import Spot
from app.study.syntax.mistakes import Mistake, excerpt
from app.web.studies.excerpts import marked

EMOJI = "\N{WOMAN}\u200d\N{PERSONAL COMPUTER}"


@pytest.mark.parametrize(
    ("line", "meant"),
    [
        ('kind = "integr"', '"integr"'),
        ("scor = 1", "scor"),
        (f'title = "{EMOJI}", kind = "integr"', '"integr"'),
        (f'{"x" * 150} = "integr", {"y" * 150}', '"integr"'),
        ('ask = "a < b & c", kind = "<b>"', '"<b>"'),
        ('\tkind = "integr"', '"integr"'),
    ],
)
def test_what_is_meant_is_marked_within_the_line(line: str, meant: str) -> None:
    spot = Spot(1, line.index(meant) + 1, len(meant))
    below = excerpt(Mistake("study.toml", spot, "It is wrong.", ""), {"study.toml": line.encode()})
    number, code = marked(below.partition("\n")[2]).split("</span>")
    before, _, after = code.partition("<mark>")
    assert number == "<span>1" and after.partition("</mark>")[0] == escape(meant)
    if len(line) < 100:
        assert before == f"<code>{escape(line[: line.index(meant)])}"


def test_what_is_no_line_with_a_mark_stands_as_it_is() -> None:
    assert marked("") == "" and marked("<one>\ntwo") == "&lt;one&gt;\ntwo"
