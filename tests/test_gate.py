"""Stories of `bin/test` itself: what it says in the end and what it returns agree, whichever part fails."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from app.config import PROJECT

# In the place of the virtual environment's programs: it does nothing, and fails where it is told to.
STUB = """#!/bin/sh
case "$0 $*" in
    *"$FAILS"*) echo "one is wrong"; exit 1;;
esac
"""
PARTS = {
    "style": "-m ruff check",
    "format": "-m ruff format",
    "types": "-m mypy",
    "layers": "lint_imports",
    "static style": "bin/oxlint",
    "static format": "bin/oxfmt",
    "templates style": "-m djlint",
    "templates format": "-m djhtml",
    "stories": "-m not browser",
    "browser stories": "-m browser",
}


# One browser story fails beside the others, and by itself where it is told to.
ONE_FAILS = """#!/bin/sh
case "$0 $*" in
    *"-m browser"*"--numprocesses=2"*) echo "FAILED tests/web/test_one.py::test_it[chromium] - slow"; exit 1;;
    *"-m browser"*"test_one.py::test_it[chromium]"*) echo "told by itself"; exit "$FAILS";;
esac
"""


def gate(tmp_path: Path, fails: str, stub: str = STUB) -> subprocess.CompletedProcess[str]:
    programs = tmp_path / "venv" / "bin"
    programs.mkdir(parents=True)
    for name in ("python", "oxlint", "oxfmt"):
        (programs / name).write_text(stub)
        (programs / name).chmod(0o755)
    (tmp_path / "venv" / "requirements.lock").write_bytes((PROJECT / "requirements.lock").read_bytes())
    environ = {
        "PATH": os.environ["PATH"],
        "NETWORKLAB_VENV": str(tmp_path / "venv"),
        "XDG_CACHE_HOME": str(tmp_path),
        "FAILS": fails,
    }
    return subprocess.run(
        ["bash", PROJECT / "bin" / "test"], env=environ, capture_output=True, text=True, timeout=60
    )


def test_it_returns_0_where_all_passed(tmp_path: Path) -> None:
    ended = gate(tmp_path, "nothing")
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert ended.stdout.endswith(f"\nAll passed: {', '.join(PARTS)}.\n")


@pytest.mark.parametrize("part", PARTS)
def test_it_returns_1_and_names_the_part_that_failed(tmp_path: Path, part: str) -> None:
    ended = gate(tmp_path, PARTS[part])
    assert ended.returncode == 1, ended.stdout + ended.stderr
    assert ended.stdout.endswith(f"\nFAILED: {part}\n") and "one is wrong" in ended.stdout


@pytest.mark.parametrize("code", ["0", "1"])
def test_a_browser_story_that_fails_is_told_once_more_by_itself_and_fails_if_it_fails_again(
    tmp_path: Path, code: str
) -> None:
    ended = gate(tmp_path, code, ONE_FAILS)
    assert str(ended.returncode) == code and "told by itself" in ended.stdout, ended.stdout + ended.stderr
    assert "once more by themselves: tests/web/test_one.py::test_it[chromium]" in ended.stdout
    assert ended.stdout.endswith("\nFAILED: browser stories\n") == (code == "1")
