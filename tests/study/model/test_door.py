"""What a recruiter adds to the one link for everybody, and whom that brings."""

from __future__ import annotations

from urllib.parse import parse_qsl

import pytest

from app.study.model.door import Bearer, Door, Previewed, Unfit, read_link

PERSON = "5f0c2b9a1b2c3d4e5f607182"
ANY = Door()
SONA = Door(("survey_code",), pattern="[0-9]{2,7}")
OPEN = Door(anonymous=True)


def read(query: str, door: Door = ANY) -> Bearer | Unfit | Previewed:
    return read_link(door, parse_qsl(query, keep_blank_values=True))


@pytest.mark.parametrize(
    ("query", "door", "id", "given"),
    [
        (f"PROLIFIC_PID={PERSON}&STUDY_ID=s1", ANY, PERSON, {"PROLIFIC_PID": PERSON, "STUDY_ID": "s1"}),
        (f"study_id=s1&prolific_pid={PERSON}", ANY, PERSON, {"PROLIFIC_PID": PERSON, "STUDY_ID": "s1"}),
        (
            "workerId=A1B2C3&assignmentId=3X&hitId=",
            Door(),
            "A1B2C3",
            {"workerId": "A1B2C3", "assignmentId": "3X"},
        ),
        ("survey_code=4711&survey_code=4711", SONA, "4711", {"survey_code": "4711"}),
        ("participantId=p.1@x&wave=2&1st=no", ANY, "p.1@x", {"participantId": "p.1@x", "wave": "2"}),
        ("rid=r-1&psid=p", Door(("rid", "psid")), "r-1", {"rid": "r-1", "psid": "p"}),
        ("seat=12", OPEN, "", {"seat": "12"}),
        (f"long={'x' * 301}&nul=%00&seat=%20a%20", OPEN, "", {"seat": "a"}),
    ],
)
def test_a_link_brings_somebody_with_all_that_came_with_it(
    query: str, door: Door, id: str, given: dict[str, str]
) -> None:
    assert read(query, door) == Bearer(id, given)


@pytest.mark.parametrize(
    ("query", "door", "why", "name"),
    [
        ("", ANY, "missing", ""),
        ("rid=7", ANY, "missing", ""),
        ("", Door(("rid",), anonymous=False), "missing", "rid"),
        ("rid=7", Door(("rid", "psid")), "missing", "psid"),
        ("PROLIFIC_PID=", OPEN, "empty", "PROLIFIC_PID"),
        ("PROLIFIC_PID=%20", ANY, "empty", "PROLIFIC_PID"),
        ("PROLIFIC_PID=A&PROLIFIC_PID=B", ANY, "twice", "PROLIFIC_PID"),
        (f"PROLIFIC_PID={PERSON}&prolific_pid=B", ANY, "twice", "PROLIFIC_PID"),
        ("PROLIFIC_PID=ada@example.org", ANY, "unlike", "PROLIFIC_PID"),
        (f"PROLIFIC_PID={PERSON}0", ANY, "unlike", "PROLIFIC_PID"),
        ("survey_code=12345678", SONA, "unlike", "survey_code"),
        (f"workerId={'A' * 101}", ANY, "unlike", "workerId"),
        ("survey_code=%DEVICE%", SONA, "unlike", "survey_code"),
    ],
)
def test_nobody_comes_by_a_link_with_an_id_that_is_none(query: str, door: Door, why: str, name: str) -> None:
    unfit = read(query, door)
    assert isinstance(unfit, Unfit) and (unfit.why, unfit.name) == (why, name)


@pytest.mark.parametrize(
    "value",
    [
        *("{{%PROLIFIC_PID%}}", "%7B%7B%25PROLIFIC_PID%25%7D%7D", "{{PROLIFIC_PID}}", "%25SURVEY_CODE%25"),
        *("%SURVEY_CODE%", "${e://Field/PID}", "[%rid%]", "[[rid]]", "{rid}", "<id>", "$rid$", "[rid]"),
    ],
)
def test_a_placeholder_is_no_id_and_what_is_kept_besides_has_none(value: str) -> None:
    unfit = read(f"rid={value}", Door(("rid",)))
    assert isinstance(unfit, Unfit) and (unfit.why, unfit.name) == ("placeholder", "rid")

    assert read(f"rid=7&wave={value}", Door(("rid",))) == Bearer("7", {"rid": "7"}, ("wave",))


def test_who_only_previews_is_nobody_yet() -> None:
    assert isinstance(read("assignmentId=ASSIGNMENT_ID_NOT_AVAILABLE&hitId=3X"), Previewed)
    assert isinstance(read("workerId=A1&assignmentId=ASSIGNMENT_ID_NOT_AVAILABLE"), Previewed)


def test_however_much_a_link_brings_a_bounded_part_is_kept() -> None:
    bearer = read("&".join(f"n{nth}=1" for nth in range(99)) + f"&PROLIFIC_PID={PERSON}")
    assert isinstance(bearer, Bearer)
    assert len(bearer.given) == 30 and bearer.given["PROLIFIC_PID"] == PERSON
