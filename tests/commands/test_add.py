"""Stories of `networklab add`: more people into a session that people are in."""

from __future__ import annotations

import csv
import json
from pathlib import Path

from app.players.people import Person
from app.players.tokens import hashed
from app.replay.check import check
from app.replay.reading import read_then
from tests.house.house import Opened
from tests.house.shell import Shell, is_refused
from tests.house.studies import TALK, changed

TYPED = changed(TALK, "[[room]]", 'types = ["red", "blue"]\n[[room]]')
URL = dict(NETWORKLAB_URL="https://lab.example.org")


def links_in(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file))[1:]


def labels(shell: Shell, session: Opened) -> list[str]:
    found = shell.house.sql("select label from player where session_id = %s order by id", session.id)
    return [label for (label,) in found]


def test_people_are_added_to_a_session_that_is_open_or_running_and_get_their_links(shell: Shell) -> None:
    house = shell.house
    session = house.open(
        TALK, [Person("", "P001", "red"), Person("its-own-8f3kqz2w", "Ben", "blue")], start=False
    )
    late = shell.people("token,label,type,wave\n,late-1,red,2\n,,blue,\n", "late.csv")
    ended = shell.type("add", session.id, "--players", late, "--links", "l.csv", "--json", **URL)
    assert ended.returncode == 0, ended.stderr
    assert json.loads(ended.stdout) == {"session": session.id, "added": 2, "players": 4}
    assert ended.stderr == "note: late.csv: kept of each person as `given`: wave.\n"
    assert labels(shell, session) == ["P001", "Ben", "late-1", "P004"], "numbered after those who are there"
    (token, *_, link), other = links_in(shell.folder / "l.csv")
    assert link == f"https://lab.example.org/join/{token}" and other[1] == "P004"
    assert house.sql("select label from player where token_hash = %s", hashed(token)) == [("late-1",)]

    before = house.sql("select clock_timestamp()")[0][0]
    house.act("start", session)
    told = shell.type("add", session.id, "--players", shell.people("label,type\nlate-3,red\n"))
    assert told.stdout.splitlines()[0] == "1 person was added to Story: 5 are invited now."
    logged = house.sql(
        "select e.name, e.data->>'by', e.data->'people' from event e where session_id = %s and name like 'people%%'"
        " order by e.seq",
        session.id,
    )
    assert logged == [("people_added", "command line", 2), ("people_added", "command line", 1)]
    then = house.read(lambda conn: read_then(conn, session.id, before))
    assert [one.label for one in then.players.values()] == ["P001", "Ben", "late-1", "P004"]
    assert house.read(lambda conn: check(conn, session.id)).differences == []
    assert not house.contradictions(session)

    again = shell.type("links", session.id, "--to", "all.csv", "--json", **URL)
    assert json.loads(again.stdout) == {"session": session.id, "links": 4, "others": 1}
    assert "1 can't be made again (“Ben”): the database has only" in again.stderr
    assert [line for line in links_in(shell.folder / "all.csv") if line[1] in ("late-1", "P004")] == links_in(
        shell.folder / "l.csv"
    )
    written = (
        "select data->>'file' from public.security_event where session_id = %s and account = 'command line'"
    )
    assert house.sql(written, session.id) == [("links",)]


def test_whoever_is_there_already_is_named_and_nobody_is_added(shell: Shell) -> None:
    session = shell.house.open(TYPED, [Person("its-own-8f3kqz2w", "Ben", "blue")], start=False)
    lists = {
        "label,type\nAna,red\nBen,red\n": "people.csv line 3 has the label “Ben”, as somebody in the session has",
        "token,label,type\n,Ana,red\nits-own-8f3kqz2w,Eve,red\n": "“Ben” is in Story already, by label or by token",
        "label,type\nAna,red\nEve,xyz\n": "line 3 has the type “xyz”",
        "token,label,type\nt1,Ana,red\n": "that somebody could guess, “t1” for example",
    }
    for text, sentence in lists.items():
        refused = is_refused(
            shell.type("add", session.id, "--players", shell.people(text), "--links", "l.csv")
        )
        assert sentence in refused, refused
    nowhere = shell.type(
        "add", session.id, "--players", shell.people("label,type\nAna,red\n"), "--links", "no/l.csv"
    )
    assert "can't be written to no/l.csv (No such file or directory); nobody was added." in is_refused(
        nowhere
    )
    assert labels(shell, session) == ["Ben"] and not (shell.folder / "l.csv").exists()
    only_its_own = is_refused(shell.type("links", session.id, "--to", "l.csv"))
    assert only_its_own.startswith("No link of Story can be made again: the database has only")
    shell.house.act("close", session)
    closed = shell.type("add", session.id, "--players", shell.people("label,type\nAna,red\n"))
    assert "Story is closed: nobody comes in any more. Open a new session" in is_refused(closed)
    assert "There is no session “nosuch”" in is_refused(shell.type("links", "nosuch", "--to", "l.csv"))


def test_links_that_an_earlier_version_made_are_said_to_be_lost(shell: Shell) -> None:
    session = shell.house.open(TYPED, {"red": 1, "blue": 1}, start=False)  # with tokens that were drawn
    loud = shell.type(
        "add", session.id, "--players", shell.people("label,type\nAna,red\n"), "--links", "l.csv"
    )
    assert "WARNING: These links begin with http://127.0.0.1" in loud.stderr
    again = shell.type("links", session.id, "--to", "all.csv")
    assert [label for _, label, *_ in links_in(shell.folder / "all.csv")] == ["Ana"]
    assert (
        "2 can't be made again (“R1”, “B1”): " in again.stderr and "an earlier version made" in again.stderr
    )
    assert "WARNING: These links begin with http://127.0.0.1" in again.stderr
    assert (shell.folder / "all.csv").stat().st_mode & 0o777 == 0o600
