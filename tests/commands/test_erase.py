"""Stories of `erase`: what it asks, what it says would go, and what goes for whoever schedules it."""

from __future__ import annotations

import json

from tests.house.house import House, Opened
from tests.house.shell import Shell, is_refused
from tests.house.studies import PAIR


def labels(house: House, session: Opened) -> list[str]:
    return [
        label
        for (label,) in house.sql("select label from player where session_id = %s order by id", session.id)
    ]


def test_it_says_what_would_go_and_erases_when_it_is_told_that_one_is_sure(shell: Shell) -> None:
    session = shell.house.open(PAIR, {"red": 1, "blue": 1})
    assert "Say of what" in is_refused(shell.type("erase"))
    assert "There is no session “nothere”" in is_refused(shell.type("erase", "nothere", "--yes"))
    assert "is running" in is_refused(shell.type("erase", session.id, "--yes"))
    assert "is called “R9”" in is_refused(shell.type("erase", session.id, "--player", "R9", "--yes"))
    assert "has not come yet" in is_refused(shell.type("erase", session.id, "--player", "R1", "--yes"))
    assert "write 365d" in is_refused(shell.type("erase", session.id, "--older-than", "soon"))
    shell.house.act("close", session)

    would = shell.type("erase", session.id, "--dry-run")
    assert (would.returncode, would.stdout) == (0, "Would go of Pair: 2 labels and links.\n")
    asked = shell.type("erase", session.id, "--player", "R1")
    assert "of R1 in Pair would go 1 label and link" in is_refused(asked)
    assert labels(shell.house, session) == ["R1", "B1"]

    one = shell.type("erase", session.id, "--player", "R1", "--yes", "--why", "asked on the phone")
    assert one.returncode == 0 and one.stdout.startswith("Erased of R1: 1 label and link."), one.stderr
    assert labels(shell.house, session)[1] == "B1"
    rest = shell.type("erase", session.id, "--yes", "--json")
    assert json.loads(rest.stdout)[0]["session"] == session.id
    assert "R1" not in "".join(labels(shell.house, session)) and "B1" not in labels(shell.house, session)
    again = shell.type("erase", session.id, "--yes")
    assert (again.returncode, again.stdout) == (0, "Would go of Pair: nothing.\n")
    told = "select by, why, people from erasure where session_id = %s order by id"
    assert shell.house.sql(told, session.id) == [
        ("command line", "asked on the phone", 1),
        ("command line", "the whole session", 1),
    ]
    assert shell.type("verify", session.id).returncode == 0
    assert shell.type("replay", session.id, "--check").returncode == 0


def test_a_schedule_erases_what_was_closed_long_enough_ago(shell: Shell) -> None:
    old, new, open_ = (shell.house.open(PAIR, {"red": 1, "blue": 1}) for _ in range(3))
    for session in (old, new):
        shell.house.act("close", session)
    # No trigger looks at when: the log tells of it, and verify does not mind.
    shell.house.sql("update session set closed_at = closed_at - interval '400 days' where id = %s", old.id)
    found = shell.type("erase", "--older-than", "365d", "--yes")
    assert found.returncode == 0 and "everybody in Pair" in found.stdout, found.stderr
    assert labels(shell.house, new) == labels(shell.house, open_) == ["R1", "B1"]
    assert "R1" not in labels(shell.house, old)
    [(why,)] = shell.house.sql("select why from erasure where session_id = %s", old.id)
    assert why == "closed more than 365 days ago"
    for again in (["--older-than", "365d"], [new.id, "--older-than", "365d"]):
        nothing = shell.type("erase", *again, "--yes")
        assert (nothing.returncode, nothing.stdout) == (0, "There is nothing to erase.\n")
