"""Bots at the door: some decline, some answer so that they don't come in, and a rehearsal knows which."""

from __future__ import annotations

import random

from app.rehearsal.diary import Diary
from app.rehearsal.doorstep import Doorstep, welcome_answers
from app.rehearsal.ends import ends_by_code
from app.study.estimate import estimate_of
from app.study.model.study import Study
from app.study.reading import parse
from tests.house.studies import TALK, as_files

DOOR = """
[entry]
decline = "declined"
fields = [{name = "age", ask = "Age", kind = "integer", min = 1, max = 60}]
[[screen_out]]
field = "age"
max = 50
"""


def study() -> Study:
    return parse(as_files(TALK + DOOR))


def test_most_come_in_some_decline_and_some_answer_what_nobody_comes_in_with() -> None:
    own = study()
    steps = [Doorstep(own, random.Random(seed)) for seed in range(400)]
    meant = [one.meant for one in steps]

    assert 5 <= meant.count("declined") <= 40 and 15 <= meant.count("screened_out") <= 80
    for one in steps:
        assert one.form() == ({"entry-decline": "yes"} if one.declines else one.entry) == one.form()
        assert one.declines or (one.meant == "screened_out") == (int(one.entry["age"]) <= 50)
    assert int(welcome_answers(own, random.Random(1))["age"]) > 50
    assert estimate_of(own, 100, 60.0).come_in == 0.95 * 0.9


def test_some_slip_at_questions_with_a_right_answer_and_who_always_does_is_to_be_out() -> None:
    asked = '{name = "q", ask = "?", kind = "choice", options = ["1", "2", "3"], correct = "2"}'
    own = parse(as_files(f"{TALK}\n[entry]\nattempts = 2\nfields = [{asked}]\n"))
    steps = [Doorstep(own, random.Random(seed)) for seed in range(400)]

    assert 40 <= sum(len(one.slips) > 0 for one in steps) <= 120
    assert 4 <= sum(one.meant == "screened_out" for one in steps) <= 40
    for one in steps:
        first = one.form()
        assert (first["q"] == "2") == (not one.slips) and first["entry-attempt"] == "1"
        if one.slips:
            assert one.may_try_again() and one.form()["entry-attempt"] == "2"
            assert (one.form()["q"] == "2") == (one.meant == "")


def test_who_ends_at_the_door_otherwise_than_by_what_they_did_there_is_told() -> None:
    def told(meant: str, code: str) -> str:
        diary = Diary("P1", meant=meant, code=code, signed_in=0.0, done=1000.0)
        return " ".join(one.sentence for one in ends_by_code(study(), [diary]).wrongs)

    assert told("declined", "DECLINED") == told("screened_out", "SCREENED-OUT") == told("", "COMPLETE") == ""
    assert (
        told("declined", "COMPLETE")
        == "P1 was to be out before the lobby as `declined`, and ended as `complete`"
    )
    assert told("", "SCREENED-OUT") == "P1 ended as `screened_out`, though what they answered lets them in"
