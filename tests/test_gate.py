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


# Some stories fail beside the others, and by themselves where they are told to.
SOME_FAIL = """#!/bin/sh
case "$0 $*" in
    *"-m $KIND"*"--numprocesses=0"*) echo "told by themselves: $*"; exit "$FAILS";;
    *"-m $KIND"*--collect-only*) ;;
    *"-m $KIND"*) for n in $(seq "$MANY"); do echo "FAILED tests/test_one.py::test_it[$n a] - slow"; done; exit 1;;
esac
"""


def gate(tmp_path: Path, fails: str, stub: str = STUB, **more: str) -> subprocess.CompletedProcess[str]:
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
        **more,
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


@pytest.mark.parametrize("kind", ["browser", "not browser"])
@pytest.mark.parametrize("code", ["0", "1"])
def test_a_few_stories_that_fail_are_told_once_more_by_themselves_and_fail_if_they_fail_again(
    tmp_path: Path, kind: str, code: str
) -> None:
    ended = gate(tmp_path, code, SOME_FAIL, KIND=kind, MANY="2")
    assert str(ended.returncode) == code, ended.stdout + ended.stderr
    assert (
        f"-m {kind} --numprocesses=0 tests/test_one.py::test_it[1 a] tests/test_one.py::test_it[2 a]\n"
        in ended.stdout
    )
    name = "stories" if kind == "not browser" else "browser stories"
    assert ended.stdout.endswith(f"\nFAILED: {name}\n") == (code == "1")
    assert ("Red beside the others, green by itself: tests/test_one.py::test_it[1 a]\n" in ended.stdout) == (
        code == "0"
    )


@pytest.mark.parametrize("kind", ["browser", "not browser"])
def test_more_than_three_that_fail_are_no_accident(tmp_path: Path, kind: str) -> None:
    ended = gate(tmp_path, "0", SOME_FAIL, KIND=kind, MANY="4")
    assert ended.returncode == 1 and "told by themselves" not in ended.stdout, ended.stdout + ended.stderr
