"""The schema that editors complete study.toml by: every study fits it, and what is misshapen does not."""

from __future__ import annotations

import tomllib
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from app.config import PROJECT
from app.study.schema import schema
from tests.house.wrong_studies import right_files, wrong_studies

SCHEMA = schema()
STUDIES = sorted(path.parent.name for path in (PROJECT / "studies").glob("*/study.toml"))
MISSHAPEN = {  # of docs/mistakes.md; all others there are mistakes in what a study says, not in how
    "A key that is not known",
    "A table that is not known",
    "A word that is not known",
    "A number where a text belongs",
    "A text where a list belongs",
    "No title",
    "An outcome that says something else",
    "Attempts at a page of a room",
    "Attempts at one question",
    "A channel without a name",
    "A field that asks nothing",
    "A kind of field from elsewhere",
    "A list that somebody is asked for",
    "Single brackets for a move",
    "A key that no move has",
    "A clock with a word that it does not know",
    "Moves on a page that somebody goes through alone",
    "A talk with nobody",
    "Whoever leaves a page that they go through alone",
}
TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "boolean": (bool,),
    "integer": (int,),
    "number": (int, float),
    "array": (list,),
    "object": (dict,),
}


def fits(value: Any, wanted: dict[str, Any]) -> bool:
    """The words of JSON schema that ours uses, and no others."""
    assert {*wanted} <= {
        "$schema",
        "title",
        "description",
        "type",
        "enum",
        "anyOf",
        "items",
        "properties",
        "required",
        "additionalProperties",
    }
    if "anyOf" in wanted and not any(fits(value, one) for one in wanted["anyOf"]):
        return False
    if "enum" in wanted and value not in wanted["enum"]:
        return False
    kind = wanted.get("type")
    if kind and not (isinstance(value, TYPES[kind]) and (kind == "boolean" or not isinstance(value, bool))):
        return False
    if isinstance(value, list):
        return all(fits(one, wanted.get("items", {})) for one in value)
    if isinstance(value, dict):
        known = wanted.get("properties", {})
        strange = {*value} - {*known} if wanted.get("additionalProperties") is False else set()
        lacking = {*wanted.get("required", ())} - {*value}
        return (
            not strange and not lacking and all(fits(one, known.get(key, {})) for key, one in value.items())
        )
    return True


@pytest.mark.parametrize("study", STUDIES)
def test_every_study_that_ships_fits(study: str) -> None:
    assert fits(tomllib.loads((PROJECT / "studies" / study / "study.toml").read_text()), SCHEMA)


def test_what_is_misshapen_does_not_fit(tmp_path: Path) -> None:
    found = set()
    for nth, wrong in enumerate(wrong_studies()):
        folder = tmp_path / str(nth)
        wrong.make(folder)
        with suppress(tomllib.TOMLDecodeError, UnicodeDecodeError):
            if not fits(tomllib.loads((folder / "study.toml").read_text(encoding="utf-8")), SCHEMA):
                found.add(wrong.title)
    assert found == MISSHAPEN and fits(tomllib.loads(right_files()["study.toml"]), SCHEMA)


def test_it_knows_each_kind_of_question_and_a_constant_in_the_place_of_a_number() -> None:
    step = SCHEMA["properties"]["step"]["items"]
    field = step["properties"]["fields"]["items"]["properties"]
    assert {"integer", "choice", "each"} <= {*field["kind"]["enum"]}
    assert fits("endowment", field["max"]) and fits(3.5, field["max"]) and not fits([], field["max"])
    assert fits({"page": "talk", "repeat": "rounds", "limit": "think"}, step)
    assert not fits({"repeat": 3, "limit": "60s"}, step)  # no page
    assert not fits({"page": "talk", "chat": "everybody"}, step)


def test_it_knows_what_may_be_written_in_two_ways() -> None:
    field = SCHEMA["properties"]["step"]["items"]["properties"]["fields"]["items"]["properties"]
    for right in (True, "No idea"):
        assert fits(right, field["dont_know"])
    assert not fits(3, field["dont_know"])
    for part in ("quota", "screen_out"):
        answers = SCHEMA["properties"][part]["items"]["properties"]["is"]
        assert fits("woman", answers) and fits(["woman", "man"], answers) and not fits(3, answers)
