"""How stories are written: no file borrows from another's stories, and what one waits for is an event, not a time."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from app.config import PROJECT

TESTS = PROJECT / "tests"
BORROWS = re.compile(r"^\s*(from|import) [\w.]*\btest_\w+|^\s*from tests[\w.]* import .*\btest_\w+")
SLEEPS = re.compile(r"(sleep|wait_for_timeout)\((?!.*  # (?!noqa|type:)\S)")


def wrong(pattern: re.Pattern[str]) -> list[str]:
    """Where it is found, as file:line: what stands there."""
    return [
        f"{path.relative_to(PROJECT)}:{number}: {line.strip()}"
        for path in sorted(TESTS.rglob("*.py"))
        if path != Path(__file__)
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if pattern.search(line)
    ]


def test_what_stories_share_is_in_the_house() -> None:
    assert wrong(BORROWS) == [], "tests/house is for what two files need"


def test_a_sleep_is_the_fault_itself_or_says_why_nothing_can_be_waited_for() -> None:
    assert wrong(SLEEPS) == [], "wait for the event; where there is none, its line says so"


@pytest.mark.parametrize(
    ("pattern", "line", "is_wrong"),
    [
        (BORROWS, "from tests.rooms.test_lobby import come", True),
        (BORROWS, "from tests.rooms import test_lobby", True),
        (BORROWS, "import tests.rooms.test_lobby", True),
        (BORROWS, "from .test_lobby import come", True),
        (BORROWS, "from tests.house.crowd import come", False),
        (SLEEPS, "    time.sleep(1)", True),
        (SLEEPS, "    await asyncio.sleep(0.05)  # noqa: ASYNC110", True),
        (SLEEPS, '    conn.execute("select pg_sleep(1)")', True),
        (SLEEPS, "    page.wait_for_timeout(100)", True),
        (SLEEPS, "    time.sleep(3)  # the fault itself: nobody hears a word", False),
    ],
)
def test_these_are_found(pattern: re.Pattern[str], line: str, is_wrong: bool) -> None:
    assert bool(pattern.search(line)) == is_wrong
