"""Stories of what differs between two studies, in words and file by file."""

from __future__ import annotations

from dataclasses import replace

from app.study.reading import parse
from app.web.studies.differing import BOTH, FIRST, LONGEST, MOST_LINES, SECOND, files_apart, words_apart
from tests.house.gifts import FILES, STUDY
from tests.house.studies import PAGE, changed

PARSED = parse(FILES)


def test_a_study_differs_from_itself_in_nothing() -> None:
    assert words_apart(PARSED, PARSED) == [] == files_apart(PARSED, PARSED)


def test_what_only_one_says_is_said_and_only_that() -> None:
    other = changed(
        changed(STUDY, "repeat = 2", "repeat = 3"), 'levels = ["with", "without"]', 'levels = ["a", "b"]'
    )
    apart = words_apart(PARSED, parse(FILES | {"study.toml": other.encode()}))
    assert [(one.heading, one.first, one.second) for one in apart[1:]] == [("Step talk", ("2×",), ("3×",))]
    [drawn] = apart[:1]
    assert (
        drawn.heading == "What chance decides"
        and "`with` or `without`" in drawn.first[0]
        and "`a` or `b`" in drawn.second[0]
    )


def test_files_are_told_one_by_one_and_texts_line_by_line() -> None:
    page = PAGE.encode()
    first = {
        "only.md": b"x",
        "windows.txt": b"a\n",
        "plan.pdf": b"\xff2",
        "long.csv": b"2",
        "wide.csv": b"1\n" * 450,
    }
    second = {"more.html": page, "windows.txt": b"a\r\n", "plan.pdf": b"\xff1", "wide.csv": b"2\n" * 450}
    first["pages/talk.html"], second["long.csv"] = page + b"\n<p>Think.</p>", b"1\n" * (LONGEST + 1)
    both = (replace(PARSED, files=FILES | one) for one in (first, second))
    found = {one.path: one for one in files_apart(*both)}
    assert {path: one.how for path, one in found.items()} == {
        "long.csv": BOTH,
        "more.html": SECOND,
        "only.md": FIRST,
        "pages/talk.html": BOTH,
        "plan.pdf": BOTH,
        "wide.csv": BOTH,
        "windows.txt": BOTH,
    }
    assert "-<p>Think.</p>" in found["pages/talk.html"].lines and found["pages/talk.html"].note == ""
    assert found["plan.pdf"].note == "It is no text." and "end otherwise" in found["windows.txt"].note
    assert found["long.csv"].lines == () and "by a program" in found["long.csv"].note
    assert len(found["wide.csv"].lines) == MOST_LINES and found["wide.csv"].note.startswith("501 lines more")
