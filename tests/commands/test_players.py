"""Stories of people and rooms from a terminal: who is where, and each deed of their pages as a command."""

from __future__ import annotations

import json

import pytest

from app.database.connections import Connection
from app.players.players import Arrival, sign_in
from app.rooms import lobby
from app.study.stored import read_study
from tests.house.house import House, Opened
from tests.house.shell import Shell, is_refused
from tests.house.studies import TALK


def come(house: House, session: Opened, *labels: str) -> None:
    async def work(conn: Connection) -> None:
        await sign_in(conn, [Arrival(session.tokens[label], {}) for label in labels])
        await lobby.seat(conn, session.id, await read_study(conn, session.id))

    house.do(work)


@pytest.fixture
def session(shell: Shell) -> Opened:
    """Four play, and two wait."""
    found = shell.house.open(TALK, {"red": 4, "blue": 3})
    come(shell.house, found, "R1", "R2", "B1", "B2")
    come(shell.house, found, "R3", "B3")
    return found


def test_people_are_looked_after_from_a_terminal(shell: Shell, session: Opened) -> None:
    def said(*typed: str) -> str:
        ended = shell.type("players", session.id, *typed)
        assert ended.returncode == 0, ended.stderr
        return ended.stdout

    there = {one["label"]: one for one in json.loads(said("--json"))}
    assert there["R1"]["status"] == "playing" and there["R4"]["status"] == "invited" and len(there) == 7
    assert said("--status", "waiting").split()[::4][:1] == ["B3"] and said().count("\n") == 7
    assert "R3 is blue now" in said("retype", "R3", "blue")
    assert "B3" in said("replace", "B1", "B3", "withdrawn")
    assert "R2" in said("dismiss", "R2", "withdrawn") and "nothing changed" in said(
        "dismiss", "R2", "withdrawn"
    )
    assert "R4" in said("issue", "R4", "lobby") and "no id of a recruiter" in said("free-id", "R4")
    for typed, words in (
        (("dismiss", "R9", "withdrawn"), "Nobody in"),
        (("dismiss", "R1", "nowhere"), "no code for “nowhere”"),
        (("retry", "R1"), "No hook has stopped R1"),
        (("retype", "R1", "blue"), "does not wait"),
        (("replace", "R1", "R4", "withdrawn"), "can’t; nothing changed"),
        (("--status", "wating"), "invalid choice"),
    ):
        assert words in is_refused(shell.type("players", session.id, *typed)), typed
    by = "select distinct data->>'by' from event where session_id = %s and name = 'player_left'"
    assert shell.house.sql(by, session.id) == [("command line",)]


def test_a_room_is_led_on_and_people_are_told_from_a_terminal(shell: Shell, session: Opened) -> None:
    def said(*typed: str) -> str:
        ended = shell.type(*typed)
        assert ended.returncode == 0, ended.stderr
        return ended.stdout

    [room] = json.loads(said("rooms", session.id, "--json"))
    name, stood = room["name"], ("--position", str(room["position"]))
    assert said("rooms", session.id).startswith(name)
    assert "90 seconds more" in said("rooms", session.id, "extend", name, "90s", *stood)
    assert "all 4 who play" in said("tell", session.id, "Ten minutes are left.", "--room", name)
    assert said("tell", session.id, "Go on.", "--player", "R1") == "It stands on their page now.\n"
    assert said("tell", session.id, "We begin soon.") == "It stands on every page now.\n"
    assert said("tell", session.id, "--take-down") == "It is taken down.\n"
    assert said("rooms", session.id, "advance", name, *stood)
    assert "nothing changed" in said("rooms", session.id, "advance", name, *stood)
    assert "has ended" in said("rooms", session.id, "end", name)
    assert "tried again already" in said("rooms", session.id, "retry-seating")
    for typed, words in (
        (("rooms", session.id, "end", "none"), "has no room “none”"),
        (("rooms", session.id, "retry", name), "No hook has stopped"),
        (("rooms", session.id, "seat", room["kind"]), "not enough people"),
        (("tell", session.id), "Say what is to stand there"),
        (("tell", session.id, " "), "Say what is to stand there"),
        (("tell", session.id, "For one.", "--player", ""), "after --player is empty"),
        (("tell", session.id, "x" * 1001), "1,000"),
        (("tell", session.id, "Hello.", "--room", name), "Nobody plays"),
    ):
        assert words in is_refused(shell.type(*typed)), typed
    told = "select body, player_id is null, account from note where session_id = %s order by id"
    assert shell.house.sql(told, session.id)[4:] == [
        ("Go on.", False, "command line"),
        ("We begin soon.", True, "command line"),
        ("", True, "command line"),
    ]
