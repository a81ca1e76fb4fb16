"""Stories of the set-up with a recruiter: the steps and texts of this session, and what has to be done first."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from urllib.parse import parse_qsl, urlsplit

import pytest

from app.config import PROJECT
from app.players.door import Places
from app.recruiters import set_up_steps
from app.recruiters.set_up_steps import SetUp
from app.recruiters.setting_up import SetUpGuide, guides
from app.sessions.sessions import Session
from app.study.model.door import Bearer, read_link
from app.study.reading import parse
from tests.house.recruited import TOML
from tests.house.studies import PAGE, changed

NOW = datetime(2026, 11, 30, 9, tzinfo=UTC)
DOCS = [
    (PROJECT / "docs" / name).read_text(encoding="utf-8")
    for name in ("people.md", "prolific.md", "recruiters.md")
]
BACK = changed(TOML, "[finish]\n", f"[finish]\n{set_up_steps.BACK_TO_PROLIFIC}\n")


def at(toml: str = TOML, **known: object) -> SetUp:
    study = parse({"study.toml": toml.encode(), "pages/talk.html": PAGE.encode()})
    session = Session("s-1", "Monday", 1, "open", NOW, None, None, None, None, None)
    state = SetUp(session, study, Places(100, Decimal("0.2")), "https://lab.example.org")
    return replace(state, **known)  # type: ignore[arg-type]


def guide(key: str, state: SetUp) -> SetUpGuide:
    return next(one for one in guides(state) if one.key == key)


def pasted(one: SetUpGuide) -> list[str]:
    return [text.text for step in one.steps for text in step.pastes]


def said(one: SetUpGuide) -> str:
    return " ".join([*(step.words for step in (*one.first, *one.steps)), *one.checks])


def test_prolific_gets_the_link_of_this_session_with_a_code_for_each_ending_of_this_study() -> None:
    one = guide("prolific", at())
    assert one.first == () and pasted(one)[0] == (
        "https://lab.example.org/s/s-1?PROLIFIC_PID={{%PROLIFIC_PID%}}&STUDY_ID={{%STUDY_ID%}}&SESSION_ID={{%SESSION_ID%}}"
    )
    codes = {text.text: (text.what, text.note) for text in one.steps[2].pastes}
    # TOML names five of the codes; closed is coded as complete, dropped as withdrawn; nobody is screened out in it.
    assert [*codes] == ["DONE1", "LOBBY1", "LEFT1", "OUT1", "FULL1"]
    assert codes["DONE1"] == (
        "Who came to the end or was still in it as you closed it",
        "approve at once, or have it reviewed",
    )
    assert codes["FULL1"] == ("Who found it full", "have it reviewed: approving pays the whole reward")
    assert "Take 120 places there: so many may come in here, for 100 who come to the end." in said(one)
    assert "The reward there is £4.50, the base here" in said(one)
    assert "Nothing leads people back" in said(one) and set_up_steps.BACK_TO_PROLIFIC in pasted(one)
    assert "Nothing to do for the way back" in said(guide("prolific", at(BACK)))
    screened = (
        TOML
        + '[entry]\nfields = [{name = "age", ask = "Age", kind = "integer"}]\n[[screen_out]]\nfield = "age"\nmax = 17\n'
    )
    assert "SCREENED-OUT" in pasted(guide("prolific", at(screened)))


@pytest.mark.parametrize(
    ("key", "toml"),
    [
        ("prolific", TOML),
        ("prolific", TOML + '[door]\nids = ["PROLIFIC_PID"]\n'),
        ("prolific", TOML + '[door]\nids = ["pid"]\n'),
        ("sona", TOML + f"{set_up_steps.FOR_SONA}\n"),
        ("mturk", TOML + f"{set_up_steps.FOR_MTURK}\n"),
        ("connect", TOML + f"{set_up_steps.FOR_CONNECT}\n"),
        ("classroom", TOML + f"{set_up_steps.FOR_A_CLASS}\n"),
    ],
)
def test_whoever_comes_by_the_link_as_the_recruiter_fills_it_in_comes_in(key: str, toml: str) -> None:
    """And the guide that a study is made for comes first."""
    state, filled = at(toml), {"{{%PROLIFIC_PID%}}": "5f" * 12, "%SURVEY_CODE%": "4711"}
    one = guide(key, state)
    link = urlsplit(pasted(one)[0])
    brought = {name: filled.get(value, "6a" * 12) for name, value in parse_qsl(link.query)}
    by_itself = {"mturk": {"workerId": "A1B2C3D4E5"}, "connect": {"participantId": "0AB1"}}.get(key, {})
    bearer = read_link(state.study.door, [*brought.items(), *by_itself.items()])
    assert isinstance(bearer, Bearer) and bool(bearer.id) == (key != "classroom")
    assert link.path == "/s/s-1" and (toml == TOML or "pid" in toml or guides(state)[0].key == key)


def test_what_has_to_be_done_first_is_said_and_nothing_else() -> None:
    ended = replace(at().session, status="closed")
    for state, what in (
        (at(session=ended), "This session is closed: nobody comes in any more."),
        (at(places=None), "This session has no link for everybody"),
        (at(public_url="http://127.0.0.1:8000"), "Nobody else can open http://127.0.0.1:8000/s/s-1"),
        (
            at(TOML + f"{set_up_steps.FOR_SONA}\n"),
            "asks for survey_code that looks like [0-9]{2,7}, which nobody brings",
        ),
        (at(TOML + "per_person = true\n"), "they know only those of the study: take it out"),
    ):
        one = guide("prolific", state)
        assert what in said(one) and one.steps == () == one.checks, said(one)
    assert "begin with https" in said(guide("mturk", at(public_url="http://lab.example.org")))
    assert "nobody brings from a classroom" in said(guide("classroom", at()))
    again = at(TOML + f"{set_up_steps.FOR_A_CLASS}\n", goes_on_from="s-0")
    assert "goes on from s-0" in said(guide("classroom", again))
    assert "Only who is through with s-0 comes in" in said(guide("prolific", again))


def test_when_it_begins_is_said_as_it_stands() -> None:
    session = at().session
    starts = replace(session, start_at=NOW)
    for one, what in (
        (session, "seating begins once somebody starts the session"),
        (starts, "seating begins by itself at 2026-11-30 09:00 UTC"),
        (
            replace(session, status="running"),
            "It runs already: whoever comes in goes on at once, or waits for a room.",
        ),
        (replace(session, status="paused"), "The session is paused"),
    ):
        assert what in said(guide("prolific", at(session=one)))


def test_sona_s_credit_and_connect_s_addresses_are_told_from_the_study() -> None:
    sona = at(TOML + f"{set_up_steps.FOR_SONA}\n{set_up_steps.BACK_TO_SONA}\n")
    assert "school.sona-systems.com: for who came to the end or was still in it as you closed it" in said(
        guide("sona", sona)
    )
    assert "The study gives nobody SONA’s credit" in said(
        guide("sona", at(TOML + f"{set_up_steps.FOR_SONA}\n"))
    )
    connect = at(TOML + f"{set_up_steps.BACK_TO_CONNECT}\n")
    assert "https://connect.example.org/project/0AB1/complete" in pasted(guide("connect", connect))
    assert "Take the first as the completion code" in said(guide("connect", at()))


def test_the_manual_has_the_same_texts() -> None:
    link = pasted(guide("prolific", at()))[0].removeprefix("https://lab.example.org/s/s-1")
    assert all(f"SESSION{link}" in text for text in DOCS[:2])
    assert "SESSION?survey_code=%SURVEY_CODE%" in DOCS[0] and "SESSION?survey_code=%SURVEY_CODE%" in DOCS[2]
    for one in ("FOR_SONA", "BACK_TO_SONA", "FOR_MTURK", "FOR_CONNECT", "BACK_TO_CONNECT", "FOR_A_CLASS"):
        assert getattr(set_up_steps, one) in DOCS[2], one
    assert set_up_steps.BACK_TO_PROLIFIC in (PROJECT / "docs" / "pay.md").read_text(encoding="utf-8")
