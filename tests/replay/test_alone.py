"""Stories of solo steps of the past: who was where, what their pages showed, and how they were counted."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path

import pytest

from app.__main__ import main
from app.commands.replay import in_words
from app.database.connections import Connection
from app.replay.reading import read_span, read_then
from app.replay.state import Then
from app.sessions import actions, sessions
from app.web.replay.dashboard import Monitor, connected_then, counted_in, events_around, monitor_then
from app.web.replay.places import Stage, story_then
from tests.house.album import Album
from tests.house.alone import AFTER, BEFORE, Alone, a_session_alone_and_together, open_alone
from tests.house.house import House

AT_ONCE = "select label, status::text from player where session_id = %s order by id"


def test_pages_of_solo_steps_say_what_they_said_then_wrong_attempts_included(house: House) -> None:
    alone = open_alone(house, 2)
    one, other = alone.comes("R1"), alone.comes("R2")
    album = Album(house, alone.session_id, alone.study, (one, other))
    album.keep()
    for values in (*BEFORE[:2], {"size": "4", "guess": "a Robot"}):
        alone.says(one, values)
        album.keep()
    alone.says(one, BEFORE[2])
    album.keep()
    alone.through(other, *BEFORE)
    alone.seat()
    album.keep()
    alone.says(one, {"belief": "70"})
    alone.chats(other, "Hello")
    alone.says(other, {"belief": "20"})
    album.keep()
    house.do(lambda conn: actions.pause(conn, alone.session_id, "ada"))
    album.keep()
    house.do(lambda conn: actions.resume(conn, alone.session_id, "ada"))
    for values in AFTER:
        alone.says(one, values)
        album.keep()
    pages = album.of(one)
    assert "want to take part." in pages[0] and "Continue" in pages[1]
    assert "That is not right. Two hats." in pages[3] and "a Robot" in pages[3] and "last attempt" in pages[3]
    assert "How sure are you?" in pages[5] and "How was it?" in pages[6]
    assert ">70<" in pages[8] and ">20<" not in pages[8] and "Grandmaster" in pages[8]
    assert "DONE" in pages[9]
    album.look_at_again()


def test_between_any_two_things_it_is_told_who_was_before_the_lobby_in_it_and_after(house: House) -> None:
    alone = open_alone(house, 4)
    noted: list[tuple[datetime, list[tuple[str, str]]]] = []

    def note() -> None:
        [(at,)] = house.sql("select clock_timestamp()")
        noted.append((at, [(label, status) for label, status in house.sql(AT_ONCE, alone.session_id)]))

    who = [alone.comes(label) for label in alone.opened.tokens]
    note()
    alone.declines(who[3])
    note()
    for player in who[:3]:
        alone.through(player, *BEFORE)
        note()
    alone.seat()
    note()
    for player in who[:2]:
        alone.says(player, {"belief": "70"})
        note()
    alone.waits_in_vain(who[2])
    note()
    alone.through(who[0], *AFTER)
    note()
    assert {status for _, found in noted for _, status in found} == {
        *("before", "waiting", "playing", "after", "left", "finished"),
    }
    for at, found in noted:
        then = house.read(lambda conn, at=at: read_then(conn, alone.session_id, at))  # type: ignore[misc]
        assert [(one.label, one.status) for one in then.players.values()] == found, at


def test_the_dashboard_of_the_past_counts_rooms_with_others_and_quotas_with_everybody_inside(
    house: House,
) -> None:
    alone, _ = a_session_alone_and_together(house)
    at, then, monitor, listed = house.read(lambda conn: looked_at(conn, alone))
    assert [line.name for line in monitor.rooms] == ["pair-1", "pair-2"]
    assert (then.counts["before"], then.counts["waiting"], then.counts["after"]) == (1, 1, 3)
    assert [line.taken for line in monitor.quotas] == [7], "all but three who left before they sat down"
    assert not [name for name, room in listed if room and "before-" in room]
    said = in_words(alone.session_id, house.read(lambda conn: read_span(conn, alone.session_id)), at, then)
    assert "1 before, 1 waiting" in said and "before-" not in said
    assert "before       1 at rules 1" in said and "after        2 at about 1, 1 at bye 1" in said


async def looked_at(
    conn: Connection, alone: Alone
) -> tuple[datetime, Then, Monitor, list[tuple[str, str | None]]]:
    session = await sessions.find_session(conn, alone.session_id)
    at = (await read_span(conn, alone.session_id)).last
    stage = Stage(session, alone.study, at, await read_then(conn, alone.session_id, at))
    counted = await counted_in(conn, alone.session_id)
    monitor = monitor_then(stage, await connected_then(conn, stage), counted)
    around = await events_around(conn, stage, None)
    for room in stage.then.rooms:  # a solo part has a story, too
        assert (await story_then(conn, stage, room)).happened
    return at, stage.then, monitor, [(one.name, one.room) for one in around]


def test_what_if_seats_people_from_when_they_reached_the_lobby(
    house: House, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", house.database)
    alone, _ = a_session_alone_and_together(house)
    own = tmp_path / "own.toml"
    own.write_bytes(alone.study.files["study.toml"])
    main(["replay", alone.session_id, "--seating", str(own), "--json"])
    told = json.loads(capsys.readouterr().out)
    was, would = told["was"], told["would"]
    assert was["kinds"] == {"pair": 2} and was["seated"] == 4
    assert (was["unseated"], was["gone"], was["waiting"]) == (1, 0, 1), "who left before it never waited"
    assert would["seated"] + would["waiting"] == 6 and would["gone"] == 0, "seven came, one was left in vain"
    assert would["waits"]["longest"] < 60
