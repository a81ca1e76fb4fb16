"""The way back to the recruiter: what a study may say of it, and what no value can do to an address."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from app.study.model.redirect import lacking, way_back
from app.study.reading import check, parse
from tests.house.studies import PAIR, as_files

SONA = "https://school.example.org/webstudy_credit.aspx?experiment_id=12&credit_token=abc&survey_code="
CONNECT = "https://recruiter.example.org/participant/project/0AB1/complete"


def finish(*lines: str) -> dict[str, bytes]:
    return as_files("\n".join([PAIR, "[finish]", *lines]))


def told(*lines: str) -> list[str]:
    return [f"{'' if one.grave else 'note: '}{one.sentence}" for one in check(finish(*lines))]


def test_the_credit_of_a_course_is_asked_for_by_what_came_with_the_person() -> None:
    study = parse(finish(f'redirect = "{SONA}{{survey_code}}"'))
    address = study.finish.redirects["complete"]
    assert way_back(address, {"survey_code": "0421"}) == f"{SONA}0421"
    assert lacking(address, {"label": "P1"}) == ("survey_code",) and way_back(address, {}) is None
    assert way_back(f"{SONA}{{label}}", {"label": "A 1&x=2"}) == f"{SONA}A%201%26x%3D2"


def test_an_address_for_all_without_the_code_is_taken_and_said_to_tell_nothing() -> None:
    fixed = f'redirect = "{CONNECT}"', 'codes = {complete = "C1", lobby = "C2"}'
    assert way_back(parse(finish(*fixed)).finish.redirects["lobby"], {}) == CONNECT
    [note] = told(*fixed)
    assert (
        note == "note: `redirect` has no {code} in it, so the recruiter can’t tell how it ended for somebody."
    )


def test_each_outcome_may_have_an_address_of_its_own() -> None:
    for written in (
        [f'redirect = {{complete = "{CONNECT}", withdrawn = "{CONNECT}/out?c={{code}}"}}'],
        ["[finish.redirect]", f'complete = "{CONNECT}"', f'withdrawn = "{CONNECT}/out?c={{code}}"'],
    ):
        found = parse(finish(*written)).finish.redirects
        assert found["complete"] == found["closed"] == CONNECT, "closed is as good as complete"
        assert found["withdrawn"] == found["dropped"] == f"{CONNECT}/out?c={{code}}"
        assert "lobby" not in found
        assert told(*written) == [
            "note: `redirect` has no address for `lobby`: people are shown their code to copy then."
        ]
    same = f'redirect = {{complete = "{CONNECT}", lobby = "{CONNECT}", withdrawn = "{CONNECT}/out"}}'
    assert told(same) == [
        "note: `complete` and `lobby` have the same address without {code}, and can’t be told apart."
    ]


def test_a_name_that_nothing_can_have_is_a_mistake() -> None:
    [one] = check(finish('redirect = "https://panel.example.org/?c={code}&s={Seat number}"'))
    assert one.grave and one.suggestion == "A column of the list is kept as {Seat_number}."


@pytest.mark.parametrize("name", ["rid", "psid", "respondent_profile_id", "Größe"])
def test_a_name_that_only_links_or_lists_know_is_taken_and_noted(name: str) -> None:
    address = f'redirect = "https://panel.example.org/{{{name}}}?c={{code}}"'
    assert told(address) == [
        f"note: `redirect` has {{{name}}} in it: whoever comes without it is shown their code to copy."
    ]
    if name.isascii():
        assert check(as_files(f"{PAIR}\n[door]\nids = [{name!r}]\n[finish]\n{address}\n")) == []


@pytest.mark.parametrize(
    ("written", "cure"),
    [
        ("XXXX", "{survey_code} there"),  # as SONA tells the address
        ("%SURVEY_CODE%", "{survey_code} there"),
        ("${e://Field/id}", "{survey_code} there"),  # as it stands in other programs
        ("${survey_code}", "{survey_code} there"),
        ("{{survey_code}}", "{survey_code} there"),
        ("{{%PROLIFIC_PID%}}", "{PROLIFIC_PID} there"),
        ("%7B%7B%25PROLIFIC_PID%25%7D%7D", "{PROLIFIC_PID} there"),  # out of a browser's line of addresses
        ("%25SURVEY_CODE%25", "{survey_code} there"),
        ("[[rid]]&c={code}", "{survey_code} there"),
        (
            "1&who=<id>",
            "{code} for the code there, or the name of what came with the person, such as {PROLIFIC_PID}",
        ),
    ],
)
def test_what_another_program_would_fill_in_is_no_place_here(written: str, cure: str) -> None:
    [one] = check(finish(f'redirect = "{SONA}{written}"'))
    found = written.removesuffix("&c={code}").removeprefix("1&who=")
    assert one.grave and one.suggestion == f"Write {cure}."
    assert (
        one.sentence
        == f"`redirect` has `{found}` in it, which nothing fills in here: it would be sent as it stands."
    )


@pytest.mark.parametrize(
    "written", ["{code}&x=100%25&y=a%20b%C3%A9", "{code}&a[]=1&cost=$5", "{survey_code}XX&c={code}"]
)
def test_what_may_stand_in_an_address_is_left_alone(written: str) -> None:
    assert told(f'redirect = "{SONA}{written}"') == []


NASTY = [
    "..",
    ".",
    "a/../../b",
    "@evil.org",
    "//evil.org",
    "\\evil.org",
    "%2e%2e",
    "?x",
    "#x",
    "&c=C9",
    ":80",
    "é\n",
]
WHERE = "https://panel.example.org:8443/{a}/b{a}/{b}{a}?c={code}&who={a}#{b}"


@settings(deadline=None)
@given(a=st.sampled_from(NASTY) | st.text(min_size=1), b=st.sampled_from(NASTY) | st.text(min_size=1))
@example(a=".", b=".")
def test_no_value_changes_where_an_address_leads(a: str, b: str) -> None:
    known = {
        name: said.encode(errors="ignore").decode() for name, said in (("a", a), ("b", b), ("code", "C1"))
    }
    back = way_back(WHERE, known)
    if back is None:
        assert lacking(WHERE, known)
        return
    parts = urlsplit(back)
    assert (parts.scheme, parts.netloc) == ("https", "panel.example.org:8443")
    assert len(parts.path.split("/")) == 4 and not {".", ".."} & {*parts.path.split("/")}
    assert parse_qs(parts.query, strict_parsing=True) == {"c": ["C1"], "who": [known["a"]]}
    assert back.isascii() and not {"\\", "@", "\n", " "} & {*back}


def test_codes_of_ones_own_are_not_for_a_recruiter_who_knows_all_codes_beforehand() -> None:
    prolific = 'redirect = "https://app.prolific.com/submissions/complete?cc={code}"'
    assert told(prolific) == []
    assert told(prolific, "per_person = true") == [
        "note: `per_person` makes codes that Prolific does not know: it takes only those of its own study."
    ]
    assert told('redirect = "https://other.example.org/?cc={code}"', "per_person = true") == []
