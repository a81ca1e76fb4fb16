"""Stories of what was said in a room, from stored lines to what hooks hear."""

from __future__ import annotations

from app.rooms.hearing import Hearing, Line
from app.study.hooks.networklab import Said
from app.study.model.kinds.data import DATA
from app.study.reading import parse
from tests.house.questions import question_files


def test_what_was_left_empty_is_not_said_and_what_a_script_gives_as_null_is() -> None:
    study = parse(question_files())
    [(step, name)] = [
        (one.name, field.name) for one in study.all_steps for field in one.fields if field.kind is DATA
    ]
    lines: list[Line] = [(step, 1, 1, name, "null"), (step, 1, 2, name, ""), (step, 1, 3, "unknown", "1")]
    assert Hearing(study).together((), lines) == (Said(step, 1, 1, name, None),)  # type: ignore[arg-type]
