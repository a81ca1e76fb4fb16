"""Stories of the recruiter on the command line: checked, looked at, reviewed and paid, for people and for programs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from app.players.door import Places
from tests.house.house import House
from tests.house.prolific import STUDY_ID, TOKEN, FakeProlific
from tests.house.recruited import TOML, Recruited, by_label, recruited
from tests.house.shell import Shell, is_refused


@pytest.fixture
def fake() -> Iterator[FakeProlific]:
    with FakeProlific().running() as fake:
        yield fake


@pytest.fixture
def told(shared: House, fake: FakeProlific) -> Recruited:
    return recruited(shared, fake, ["1.25", "0"])


def test_a_session_is_checked_reviewed_and_paid_from_the_command_line(
    shell: Shell, told: Recruited, fake: FakeProlific
) -> None:
    environ = {"PROLIFIC_URL": fake.base, "PROLIFIC_TOKEN": TOKEN}
    id = told.id

    def typed(*words: str) -> str:
        ended = shell.type("recruiter", id, *words, **environ)
        assert ended.returncode == 0, ended.stderr
        assert TOKEN not in ended.stdout + ended.stderr
        return ended.stdout

    assert STUDY_ID in typed("connect")
    checked = shell.type("recruiter", id, "check", **environ)
    assert checked.returncode == 1 and "! Address: http://127.0.0.1:8000/s/ there" in checked.stdout
    looked = json.loads(typed("look", "--json"))
    assert looked["standings"] == {"awaiting_review": 2} and looked["not_here"] == 0
    assert looked["people"][0] == dict(
        label="P1", status="left", outcome="complete", standing="awaiting_review", handed_in="DONE1"
    )
    assert "Nothing was done: pay 1 people" in is_unasked(shell, told, "pay", **environ)
    assert json.loads(typed("review", "--yes", "--json")) == dict(
        asked=0, sent=2, done=0, refused=0, left_to_you=0
    )
    fake.fail("pay", "400")
    refused = shell.type("recruiter", id, "pay", "--yes", **environ)
    assert refused.returncode == 1 and "refused, 0 of 1 people paid" in refused.stdout
    assert "1 of 1 people paid, £1.25" in typed("pay", "--yes")
    assert by_label(fake.received(), 2) == {"P1": Decimal("1.25"), "P2": 0}
    assert typed("pay", "--yes") == "Nothing is due.\n" and fake.asked["pay"] == 2
    lines = shell.type("payments", id)
    assert (
        lines.stdout.endswith(",1.25\n") and "note: 1 person was paid, or is being paid, by" in lines.stderr
    )
    noted = told.house.sql(
        "select account, data->>'done' from security_event where session_id = %s and what = 'recruiter' order by id",
        id,
    )
    assert noted == [("command line", one) for one in ("connected", "reviewed", "paid", "paid")]


def test_what_cannot_be_done_is_one_sentence(shell: Shell, told: Recruited, fake: FakeProlific) -> None:
    def refused(*words: str, **environ: str) -> str:
        return is_refused(shell.type("recruiter", *words, **({"PROLIFIC_URL": fake.base} | environ)))

    assert "There is no session “nothing”" in refused("nothing", "look")
    assert "There is no token of Prolific. Set PROLIFIC_TOKEN" in refused(told.id, "look")
    fake.fail("study", "401", 9)
    assert "does not know this token" in refused(told.id, "look", PROLIFIC_TOKEN=TOKEN)
    assert "must begin with https://" in refused(told.id, "look", PROLIFIC_URL="http://example.org")
    assert "None of these bonuses is yours to say" in refused(told.id, "settle", "13000000009", "--paid")
    told.house.sql("delete from submission where session_id = %s", told.id)
    told.house.sql("delete from recruiting where session_id = %s", told.id)
    assert "not connected with a recruiter's study yet" in refused(told.id, "pay", PROLIFIC_TOKEN=TOKEN)


def test_a_session_that_still_has_to_be_paid_keeps_no_other_from_being_erased(
    house: House, fake: FakeProlific, tmp_path: Path
) -> None:
    unpaid, other = recruited(house, fake, ["1.25"]), recruited(house, fake, ["1.25"])
    unpaid.confirm()
    ended = Shell(house, tmp_path).type("erase", "--older-than", "0d", "--yes")
    assert ended.returncode == 2 and "asked to pay or to approve P1" in ended.stderr
    left = house.sql("select session_id from player where erased_at is null")
    assert left == [(unpaid.id,)] and other.id in house.sql("select session_id from erasure")[0]


def is_unasked(shell: Shell, told: Recruited, *words: str, **environ: str) -> str:
    ended = shell.type("recruiter", told.id, *words, **environ)
    assert ended.returncode == 2 and ended.stdout == "", ended
    return ended.stderr


def test_the_set_up_is_told_step_by_step(shell: Shell, shared: House) -> None:
    session = shared.open(TOML, {}, places=Places(20))
    environ = {"NETWORKLAB_URL": "https://lab.example.org"}
    said = shell.type("recruiter", session.id, "setup", **environ).stdout
    link = f"https://lab.example.org/s/{session.id}"
    assert f"\n    {link}?PROLIFIC_PID={{{{%PROLIFIC_PID%}}}}&STUDY_ID={{{{%STUDY_ID%}}}}&SESSION_ID=" in said
    assert (
        "\n    LOBBY1\n" in said and "\n2. Take 20 places there" in said and "\nBefore they come:\n- " in said
    )
    sona = json.loads(shell.type("recruiter", session.id, "setup", "sona", "--json", **environ).stdout)
    assert sona["steps"][0]["pastes"][0]["text"] == f"{link}?survey_code=%SURVEY_CODE%"
    assert "Nobody else can open" in shell.type("recruiter", session.id, "setup", NETWORKLAB_URL="").stdout
    assert "There is no session “nothere”" in is_refused(shell.type("recruiter", "nothere", "setup"))
