"""The reference is what the code declares: keys, commands, columns, the words of hooks, addresses."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from app.study.keys import KEYS, table_at
from app.study.schema import schema
from tests.tools.reference import CHAPTERS, DOCS


def asked(path: tuple[str, ...], table: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Table and key of all that a study may say, but for tables whose keys are the study's own."""
    for key, value in table.get("properties", {}).items():
        if "additionalProperties" in table:
            yield table_at(path), key
        for way in value.get("anyOf", [value]):
            inner = way.get("items", {}) if way.get("type") == "array" else way
            yield from asked((*path, key), inner)


def test_each_key_of_a_study_has_a_sentence_and_no_other_has() -> None:
    told = {(table, key) for table, says in KEYS.items() for key in says}
    assert told == {*asked((), schema())}


@pytest.mark.filterwarnings("ignore::litestar.exceptions.base_exceptions.LitestarDeprecationWarning")
@pytest.mark.parametrize("chapter", CHAPTERS)
def test_a_chapter_of_the_reference_is_what_the_code_says(chapter: str) -> None:
    """If not: `python -m tests.tools.reference`, and read the difference aloud."""
    assert (DOCS / f"{chapter}.md").read_text(encoding="utf-8") == CHAPTERS[chapter]()
