"""Stories of what differs between a session and the recruiter's study, told before anybody comes."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from app.players.door import Places
from app.recruiters.comparison import compared
from app.recruiters.prolific import PROLIFIC
from app.recruiters.recruiter import TheirCode, TheirStudy
from app.study.model.study import Study
from app.study.reading import parse
from tests.house.recruited import TOML
from tests.house.studies import as_files

URL = "https://lab.example.org"
QUERY = "PROLIFIC_PID={{%PROLIFIC_PID%}}&STUDY_ID={{%STUDY_ID%}}&SESSION_ID={{%SESSION_ID%}}"


def code(
    code: str, approves: bool = False, screens_out: bool = False, by_researcher: bool = False
) -> TheirCode:
    return TheirCode(code, approves, screens_out, by_researcher)


PLACES = Places(10, Decimal("0.2"))
ALIKE = TheirStudy(
    "5f" * 12,
    "Talk",
    "ACTIVE",
    f"{URL}/s/abc?{QUERY}",
    12,
    Decimal("4.50"),
    "GBP",
    (code("DONE1", approves=True), code("LOBBY1"), code("LEFT1"), code("OUT1"), code("FULL1")),
)


def differs(their: TheirStudy, study: Study | None = None, places: Places | None = PLACES) -> str:
    study = study or parse(as_files(TOML))
    return "\n".join(
        one.differs for one in compared(PROLIFIC, their, study, "abc", URL, places) if one.differs
    )


def test_where_both_sides_are_alike_nothing_differs() -> None:
    assert differs(ALIKE) == ""


def test_each_thing_that_differs_says_what_to_do() -> None:
    assert "sent to another address" in differs(replace(ALIKE, address=f"{URL}/s/other?{QUERY}"))
    lacks = differs(replace(ALIKE, address=f"{URL}/s/abc?PROLIFIC_PID={{{{%PROLIFIC_PID%}}}}"))
    assert "does not bring STUDY_ID and SESSION_ID" in lacks
    assert "nobody can come in" in differs(replace(ALIKE, address=f"{URL}/s/abc"))
    assert "no address yet" in differs(replace(ALIKE, address=""))
    named = QUERY.replace("PROLIFIC_PID=", "pid=")
    assert "not known here: call it PROLIFIC_PID" in differs(replace(ALIKE, address=f"{URL}/s/abc?{named}"))
    assert "no link for everybody" in differs(ALIKE, places=None)
    assert "3 may come for whom there is no place" in differs(replace(ALIKE, places=15))
    assert "2 places here can't be taken" in differs(replace(ALIKE, places=8))
    assert "told of one sum here and paid another" in differs(replace(ALIKE, reward=Decimal("4.05")))
    assert "don't say what the completion code brings" in differs(replace(ALIKE, reward=None))
    assert "in GBP here, and in USD there" in differs(replace(ALIKE, currency="USD"))
    assert "don't know this code" in differs(replace(ALIKE, codes=ALIKE.codes[1:]))
    assert "Nobody gets this code here" in differs(replace(ALIKE, codes=(*ALIKE.codes, code("OLD"))))
    full = (*ALIKE.codes[:4], code("FULL1", approves=True))
    assert "full brings the whole reward" in differs(replace(ALIKE, codes=full))
    less = parse(as_files(TOML.replace("base = 4.50", "base = 4.50\noutcomes = {lobby = 0.50}")))
    lobby = (ALIKE.codes[0], code("LOBBY1", approves=True), *ALIKE.codes[2:])
    assert "lobby brings the whole reward" in differs(replace(ALIKE, codes=lobby), less)
    per_person = parse(as_files(TOML.replace("[finish]", "[finish]\nper_person = true")))
    assert "`per_person` gives everybody a code of their own" in differs(ALIKE, per_person)
