"""What the manual shows in its chapters can be typed and copied: commands, study files, Python."""

from __future__ import annotations

import re
import shlex
import tomllib
from collections.abc import Iterator
from typing import Any

import pytest

from app.__main__ import COMMANDS, _parser
from app.config import PROJECT
from app.study.keys import KEYS

# Chapters that are made by what they show: docs/mistakes.md is of studies with mistakes.
CHAPTERS = [
    PROJECT / "README.md",
    *sorted({*(PROJECT / "docs").glob("*.md")} - {PROJECT / "docs/mistakes.md"}),
]
BLOCK = re.compile(r"^ *```(\w+)\n(.*?)^ *```", re.DOTALL | re.MULTILINE)
PROGRAM = re.compile(r"^(?:\S*/)?networklab (.*)")
OWN = {
    "constants",
    "seats",
    "codes",
    "outcomes",
    "redirect",
    "texts",
    "deal",
    "only",
}  # whose keys are the study's


def shown(language: str) -> Iterator[tuple[str, str]]:
    """The name of the chapter and the text of each block."""
    for path in CHAPTERS:
        for written, text in BLOCK.findall(path.read_text(encoding="utf-8")):
            if written == language:
                yield path.name, text


def test_each_command_is_one_and_takes_what_it_is_given(capsys: pytest.CaptureFixture[str]) -> None:
    tried, wrong = set(), []
    for chapter, text in shown("bash"):
        for line in re.split(r"\n|&&|;|\|", text.replace("\\\n", " ")):
            found = PROGRAM.match(line.partition(" #")[0].strip())
            if not found:
                continue
            typed, _, _ = found[1].partition(" > ")  # into a file
            words = shlex.split(typed.replace("s3://BUCKET/PREFIX", "s3://bucket/prefix").rstrip("'"))
            tried.add(words[0])
            try:
                _parser(words).parse_args(words)
            except SystemExit:
                wrong.append(f"{chapter}: {line.strip()}: {capsys.readouterr().err}")
    assert wrong == [] and len(tried) > 15 and tried <= {*COMMANDS}


def test_each_piece_of_a_study_file_is_one_whose_keys_there_are() -> None:
    known, unknown, many = {key for says in KEYS.values() for key in says}, [], 0

    def look(told: Any, chapter: str) -> None:
        if isinstance(told, list):
            for one in told:
                look(one, chapter)
        elif isinstance(told, dict):
            for key, value in told.items():
                if key not in known:
                    unknown.append(f"{chapter}: {key}")
                if key not in OWN:
                    look(value, chapter)

    for chapter, text in shown("toml"):
        if text.startswith('"'):  # of a file in languages/, which has lines of words
            continue
        many += 1
        look(tomllib.loads(text), chapter)
    assert unknown == [] and many > 30


def test_each_piece_of_python_is_python() -> None:
    pieces = [*shown("python")]
    for chapter, text in pieces:
        compile(text, chapter, "exec")
    assert len(pieces) > 15
