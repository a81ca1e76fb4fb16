"""That `ls app/commands` is `networklab --help`."""

from __future__ import annotations

from app.__main__ import COMMANDS
from app.config import PROJECT

SHARED = {"__init__", "action", "arguments", "connection"}


def test_each_file_of_the_folder_is_a_command() -> None:
    files = {path.stem for path in (PROJECT / "app" / "commands").glob("*.py")}
    assert files - SHARED == {name.replace("-", "_") for name in COMMANDS}
