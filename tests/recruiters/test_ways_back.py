"""Where whoever is out is sent, whatever their link said."""

from __future__ import annotations

import pytest

from app.recruiters.ways_back import way_back_of
from app.study.reading import parse
from tests.house.states import a_player
from tests.house.studies import PAIR, as_files

STUDY = parse(as_files(PAIR + '[finish]\nredirect = "https://panel.example.org/?c={code}&r={rid}"\n'))
TURK = {"turkSubmitTo": "https://www.mturk.com/", "assignmentId": "3A&B"}


@pytest.mark.parametrize(
    "given",
    [
        {"turkSubmitTo": "https://www.mturk.com.evil.org"},
        {"turkSubmitTo": "http://www.mturk.com"},
        {"turkSubmitTo": "https://evil.org/https://www.mturk.com"},
        {"turkSubmitTo": "https://www.mturk.com@evil.org"},
        {"turkSubmitTo": "https://www.mturk.com/evil"},
        {"turkSubmitTo": "https://www.mturk.com//"},
        {"turkSubmitTo": "//www.mturk.com"},
        {"turkSubmitTo": "HTTPS://WWW.MTURK.COM"},
        {"turkSubmitTo": "https://requester.mturk.com"},
        {"assignmentId": ""},
        {"assignmentId": "ASSIGNMENT_ID_NOT_AVAILABLE"},
    ],
)
def test_a_form_goes_to_mturk_itself_or_nowhere(given: dict[str, str]) -> None:
    way = way_back_of(STUDY, a_player(outcome="complete", code="C1", given=TURK | given))
    assert way.form is None and way.lacks == ("rid",)


def test_whoever_came_from_mturk_hands_in_there() -> None:
    form = way_back_of(STUDY, a_player(outcome="lobby", code="C2", given=TURK)).form
    assert form is not None and form.action == "https://www.mturk.com/mturk/externalSubmit"
    assert form.fields == {"assignmentId": "3A&B", "code": "C2"}
    sandbox = TURK | {"turkSubmitTo": "https://workersandbox.mturk.com"}
    form = way_back_of(STUDY, a_player(outcome="lobby", code="C2", given=sandbox)).form
    assert form is not None and form.action == "https://workersandbox.mturk.com/mturk/externalSubmit"
    assert form.sites == ("https://workersandbox.mturk.com",)


def test_an_address_has_what_came_with_the_person_and_never_their_word_for_the_code() -> None:
    player = a_player(outcome="complete", code="C1", given={"rid": "7/8", "code": "C9", "label": "me"})
    assert way_back_of(STUDY, player).address == "https://panel.example.org/?c=C1&r=7%2F8"
