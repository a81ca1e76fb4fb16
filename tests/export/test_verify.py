"""Stories of proof: sessions that hold, everything that can be broken in one, and exports that were touched."""

from __future__ import annotations

import asyncio
import csv
import io
import json
import zipfile
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path

import psycopg
import pytest

from app.database.embedded import Postgres
from app.export import allowed, export
from app.export.verdicts import Verification
from app.export.verify import RULES, verify
from app.sessions.actions import ACTIONS
from tests.house.database import copy_of
from tests.house.house import House
from tests.house.lively import Lively, a_lively_session, open_lively

# What breaks which rule, and what the verdict says of it. No trigger and no foreign key is in the way.
BROKEN = {
    "a record is gone": (
        "delete from record where id = 5",
        {"acknowledged_records_are_stored": "record 5 of player 1: acknowledged, but not stored"},
    ),
    "a value is another": (
        "update record set value = value || '!' where id = 6",
        {"acknowledged_records_are_stored": "record 5, 6 of player 1: not what was acknowledged"},
    ),
    "a move was never handled": (
        """insert into move (record_id, session_id, room_id, position, player_id, slot, since)
        select id, session_id, room_id, 99, player_id, 1, 1.5 from record where id = 5""",
        {"moves_are_handled_once": "move 5 of player 1 was never handled, and its step is over"},
    ),
    "a move came to something that nothing tells of": (
        """insert into move (record_id, session_id, room_id, position, player_id, slot, since, nth, accepted, sentence,
            results, ends, handled_at)
        select id, session_id, room_id, 0, player_id, 1, 1.5, 2, true, '', '{"cash": {"1": "20"}}', false, now()
        from record where id = 5""",
        {
            "moves_are_handled_once": "where number 1 was due",
            "moves_are_in_the_log": "move 5 of player 1: nothing is in the log",
            "moves_gave_the_results": "cash = 20, and there is no such result",
        },
    ),
    "two values are exchanged": (
        """update record a set value = b.value from record b
        where (a.id, b.id) in ((5, 7), (7, 5))""",
        {"acknowledged_records_are_stored": "record 5, 6 of player 1: not what was acknowledged"},
    ),
    "a record is somebody else's": (
        "update record set player_id = 2, version = 99 where id = 5",
        {"acknowledged_records_are_stored": "not where player 1 gave it"},
    ),
    "a record is there twice": (
        """alter table record drop constraint record_pkey, drop constraint one_record_per_form_field,
            drop constraint versions_count_up;
        insert into record overriding system value select * from record where id = 5""",
        {
            "acknowledged_records_are_stored": "record 5, 5, 6 of player 1: stored more than once",
            "one_record_per_form_and_field": "records 5, 5 of player 1: one form gave field belief more than once",
            "versions_count_up": "versions 1, 2, 3, 3, 4",
        },
    ),
    "a record was never acknowledged": (
        """insert into record (session_id, player_id, room_id, step, round, field, value, version, late, form)
        select session_id, player_id, room_id, step, 3, field, value, 1, late, gen_random_uuid() from record
        where id = 5""",
        {
            "stored_records_are_acknowledged": "stored, but acknowledged 0 times",
            "totals_agree": "records and",
        },
    ),
    "a receipt is gone from the log": (
        "delete from event where data->'records' @> '5'",
        {
            "stored_records_are_acknowledged": "record 5 of player 1: stored, but acknowledged 0 times",
            "logs_have_no_gap": "log of mixed-1",
        },
    ),
    "a record is in two receipts": (
        """update event set data = jsonb_set(data, '{records}', '[5, 5, 6]') where data->'records' @> '5'""",
        {"stored_records_are_acknowledged": "record 5 of player 1: stored, but acknowledged 2 times"},
    ),
    "a message is gone": (
        "delete from message where id = 3",
        {"acknowledged_messages_are_stored": "message 3 of player 1: acknowledged, but not stored"},
    ),
    "a message is for somebody else": (
        "update message set to_slot = (to_slot + 1) % 4 + 1 where to_slot is not null",
        {"acknowledged_messages_are_stored": "acknowledged, but not as it is stored"},
    ),
    "a message was never acknowledged": (
        """insert into message (session_id, room_id, player_id, slot, position, step, round, body, form)
        select session_id, room_id, player_id, slot, position, step, round, body, gen_random_uuid()
        from message where id = 3""",
        {"stored_messages_are_acknowledged": "stored, but acknowledged 0 times"},
    ),
    "a message is there twice": (
        """alter table message drop constraint message_pkey, drop constraint one_message_per_form;
        insert into message overriding system value select * from message where id = 3""",
        {
            "one_message_per_form": "messages 3, 3",
            "acknowledged_messages_are_stored": "stored more than once",
        },
    ),
    "a total is wrong": (
        "update log set records = records + 1 where room_id = 1",
        {"totals_agree": "log of mixed-1: counts"},
    ),
    "an event has another's number": (
        "alter table event drop constraint event_pkey; update event set seq = 2 where log_id = 2 and seq = 3",
        {"logs_have_no_gap": "log of mixed-1"},
    ),
    "an event is beyond the end": (
        "update event set seq = seq + 1 where log_id = 2 and seq = (select last_seq from log where id = 2)",
        {"logs_have_no_gap": "log of mixed-1"},
    ),
    "a log is gone": (
        "delete from log where room_id = 2",
        {"logs_are_whole": "room mixed-2 has 0 logs"},
    ),
    "an event is in no log": (
        "update event set log_id = 99 where log_id = 2 and seq = 1",
        {"logs_are_whole": "event 1 of log 99 is in no log of this session"},
    ),
    "a room has two logs": (
        """alter table log drop constraint one_log_each;
        insert into log (session_id, room_id) select session_id, room_id from log""",
        {"logs_are_whole": "room mixed-1 has 2 logs"},
    ),
    "a seat was given without a word": (
        "delete from event where name = 'player_placed' and player_id = 3",
        {"logs_tell_what_happened": "player_placed, player 3"},
    ),
    "a seat is not the one in the log": (
        """update event set data = jsonb_set(data, '{slot}', '17') where name = 'player_placed' and player_id = 3""",
        {"logs_tell_what_happened": "slot 17"},
    ),
    "two sit in one slot": (
        """drop index one_slot_one_player;
        update player set slot = (select slot from player where id = 1) where id = 3""",
        {"one_slot_one_player": "players 1, 3"},
    ),
    "a slot has no player": (
        "update player set room_id = null, slot = null, status = 'waiting' where id = 3",
        {"one_slot_one_player": "has no player", "status_and_slot_agree": "player 3: waiting"},
    ),
    "somebody sits where no slot is": (
        "update player set slot = 9 where id = 3",
        {"one_slot_one_player": "player 3 sits in slot 9 of room 1, which is not there"},
    ),
    "somebody is there twice": (
        """drop index one_slot_one_player; alter table player drop constraint player_pkey cascade,
            drop constraint one_token_one_player, drop constraint one_label_one_player;
        insert into player overriding system value select * from player where id = 3""",
        {"one_player_one_slot": "player 3 is there 2 times", "one_slot_one_player": "players 3, 3"},
    ),
    "two came by one id": (
        """drop index one_id_at_the_door_one_player;
        update player set door_id = 'x1', by_door = id where id in (3, 4)""",
        {"one_id_at_the_door_one_player": "players 3, 4 came by one id"},
    ),
    "somebody came by an id that was not given": (
        "update player set door_id = 'x1', by_door = 1, given = '{\"rid\": \"x2\"}' where id = 3",
        {"one_id_at_the_door_one_player": "player 3 came by the link for everybody, but their id is not in"},
    ),
    "somebody was told of another session's player, which this one does not go on from": (
        """insert into earlier (player_id, session_id, earlier_id, said) select 3, session_id, 2,
            '{"session": "x", "outcome": "complete", "type": "", "kind": "", "treatment": {}, "entry": {"map": []},
            "answers": {"map": []}, "earned": "0", "pay": null}' from player where id = 3""",
        {"who_goes_on_came_through": "player 3: goes on from player 2 of the session"},
    ),
    "somebody plays without a seat": (
        """alter table player drop constraint who_plays_has_a_slot;
        update player set room_id = null, slot = null where id = 3""",
        {"status_and_slot_agree": "player 3: playing, room none, slot none"},
    ),
    "somebody has a room and no slot": (
        "alter table player drop constraint room_and_slot_go_together; update player set room_id = 1 where id = 9",
        {"status_and_slot_agree": "player 9: waiting, room 1, slot none"},
    ),
    "red sits in a blue seat": (
        "update player set type = 'blue' where id = 3",
        {"types_fit_seats": "player 3 is blue, but slot"},
    ),
    "a room lacks a seat": (
        "delete from slot where room_id = 2 and slot = 4",
        {"rooms_fit_the_study": "room mixed-2: 1 seats for"},
    ),
    "a room is of no known kind": (
        "update room set kind = 'odd' where id = 2",
        {"rooms_fit_the_study": "room odd-2: 2 seats for blue, where the study has 0"},
    ),
    "there are too many rooms of a kind": (
        """insert into room (session_id, kind, number, reason, seed, step, round, ends_when_answered, deadline)
        select session_id, kind, number + 5, reason, seed, step, round, ends_when_answered, deadline from room""",
        {"rooms_fit_the_study": "4 rooms of kind mixed, where the study has at most 2"},
    ),
    "somebody plays in a room that has ended": (
        "update room set status = 'ended', ended_at = now(), outcome = 'complete' where id = 1",
        {"what_ended_has_ended": "player 1 plays in room mixed-1, which has ended"},
    ),
    "a closed session goes on": (
        "update session set status = 'closed', closed_at = now()",
        {"what_ended_has_ended": "the session is closed, but player 9 is waiting"},
    ),
    "somebody left without a code": (
        """alter table player drop constraint who_is_out_has_a_code; update player set code = null
        where status = 'left'""",
        {"who_is_out_has_a_code": "left, outcome withdrawn, code none, where the study has C4"},
    ),
    "somebody has the wrong code": (
        "update player set code = '=DONE' where status = 'left'",
        {"who_is_out_has_a_code": "left, outcome withdrawn, code =DONE, where the study has C4"},
    ),
    "somebody has a code and still plays": (
        "update player set code = '=DONE' where id = 3",
        {"who_is_out_has_a_code": "player 3: playing, outcome none, code =DONE"},
    ),
    "a version is left out": (
        "update record set version = 77 where id = 5",
        {"versions_count_up": "player 1, step talk, round 1, field belief"},
    ),
    "a record is nobody's": (
        "update record set player_id = 999 where id = 5",
        {"records_have_a_place": "record 5: player 999 is not in this session"},
    ),
    "a record is in another room": (
        "update record set room_id = 2 where id = 5",
        {"records_have_a_place": "record 5: player 1 sits in room 1, not in room 2"},
    ),
    "a record is in no room": (
        "update record set room_id = 77 where id = 5",
        {"records_have_a_place": "record 5: room 77 is not in this session"},
    ),
    "a record answers no question": (
        "update record set field = 'mood' where id = 5",
        {"records_fit_the_study": "record 5: the study has no field mood at step talk, round 1"},
    ),
    "a message comes from another seat": (
        "update message set slot = slot % 4 + 1 where id = 3",
        {"messages_have_a_place": "message 3: player 1 does not sit in slot"},
    ),
    "a message goes to nobody": (
        "update message set to_slot = 44 where id = 3",
        {"messages_have_a_place": "message 3: there is no slot 44 in room mixed-1"},
    ),
    "a message goes to somebody who does not see its sender": (
        """update message m set to_slot = (
            select s.slot from slot s where s.room_id = m.room_id and s.slot <> m.slot and not exists (
                select from tie t where t.room_id = m.room_id and t.from_slot = s.slot and t.to_slot = m.slot))
        where m.id = 3""",
        {"messages_have_a_place": "does not see slot"},
    ),
    "two messages changed places": (
        """update event set data = jsonb_set(data, '{message}', to_jsonb(7 - (data->>'message')::int))
        where data->>'message' in ('3', '4')""",
        {"messages_are_in_order": "message 3 comes after message 4 in log 2"},
    ),
    "a tie goes one way": (
        "delete from tie where room_id = 1 and from_slot = 1 and to_slot = 2",
        {"ties_go_both_ways": "room 1, position 0: slot 2 sees 1, but not the other way round"},
    ),
    "an earning is another": (
        "update earning set amount = amount + 0.0000000001 where id = 2",
        {"earnings_are_in_the_log": "stored 1 times, but 0 times in the log of room"},
    ),
    "an earning is gone": (
        "delete from earning where id = 3",
        {"earnings_are_in_the_log": "stored 0 times, but 1 times in the log of room"},
    ),
    "an earning is there twice": (
        """alter table earning drop constraint earning_pkey, drop constraint one_earning_per_reason;
        insert into earning overriding system value select * from earning where id = 1""",
        {
            "earnings_are_in_the_log": "stored 2 times, but 1 times",
            "earnings_have_a_place": "earned by hook payoff at place 0 of the plan more than once",
        },
    ),
    "an earning belongs to no place": (
        "update earning set position = 3 where id = 4; update earning set player_id = 9 where id = 5",
        {"earnings_have_a_place": "earning 5: player 9 sits in room none, not in room"},
    ),
    "a tie goes nowhere": (
        "insert into tie (session_id, room_id, position, from_slot, to_slot) select id, 1, 0, 1, 9 from session",
        {"ties_go_both_ways": "room 1, position 0: the tie from 1 to 9 joins no two slots"},
    ),
    "a network came that nobody told of": (
        """insert into network (session_id, room_id, position, step, round, made_by)
        select id, 1, 1, 'talk', 2, 'study' from session""",
        {"networks_are_logged": "room 1, position 1: the log tells of another network"},
    ),
    "a room has no network": (
        "delete from network where room_id = 2",
        {"networks_are_logged": "room 2 has no network to begin with"},
    ),
    "an answer was erased and nobody says so": (
        "update record set value = '', erased = true where id = 6",
        {
            "acknowledged_records_are_stored": "record 5, 6 of player 1: erased, but the log says nothing of it",
            "erasures_explain_what_is_gone": "record 6 of player 1: erased, and no erasure tells of it",
        },
    ),
    "a receipt is said to be erased": (
        "update event set data = data - 'sha256' || '{\"erased\": true}' where data->'records' @> '5'",
        {"acknowledged_records_are_stored": "record 5, 6 of player 1: erased, says the log, but it is there"},
    ),
    "more was erased than the erasure says": (
        """insert into erasure
            (session_id, player_id, by, why, answers, people, records, messages, notes, results, receipts, broken)
        select id, 1, 'ada', 'asked', 'text', 1, 0, 1, 0, 0, 1, 1 from session;
        alter table message drop constraint erased_messages_say_nothing;
        update message set erased = true where id in (3, 4)""",
        {
            "erasures_explain_what_is_gone": "message 3 of player 1: erased, but something of it is left\n"
            "message 4 of player 1: erased, but something of it is left"
        },
    ),
    "receipts were broken as they were erased": (
        """insert into erasure
            (session_id, player_id, by, why, answers, people, records, messages, notes, results, receipts, broken)
        select id, 1, 'ada', 'asked', 'text', 1, 0, 0, 0, 0, 1, 1 from session""",
        {"erasures_explain_what_is_gone": "1 receipts were not what was stored when it began"},
    ),
    "a step had not asked them": (
        """update event set data = data || '{"asked": [9]}' where log_id = 2 and name = 'step_opened'""",
        {
            "records_were_asked_for": "was not asked at step talk, round 2",
            "messages_were_for_their_readers": "was not asked at step talk, round 2",
        },
    ),
    "a record is of a step that never came": (
        "update record set round = 3 where id = 5",
        {"records_were_asked_for": "record 5: player 1, slot"},
    ),
    "somebody had not sat down yet": (
        "update player set seated_at = now() where id = 1",
        {"records_were_asked_for": "sat down after step talk, round 1"},
    ),
    "somebody could read what was not for them": (
        "update message set readers = readers || 9 where id = 3",
        {"messages_were_for_their_readers": "message 3 of player 1: for slots"},
    ),
    "a message is for nobody": (
        "update message set readers = '{}' where id = 4",
        {"messages_were_for_their_readers": "message 4 of player 1: for slots"},
    ),
    "a record came after the room had ended": (
        """insert into event (log_id, seq, session_id, name, data)
        select log_id, 0, session_id, 'room_ended', '{}' from event where log_id = 2 and seq = 1""",
        {"nothing_came_after_the_end": "came after event 0: the room had ended"},
    ),
    "somebody who had left said something": (
        """insert into event (log_id, seq, session_id, name, player_id, data)
        select log_id, 0, session_id, 'player_left', 1, '{}' from event where log_id = 2 and seq = 1""",
        {"nothing_came_after_the_end": "of player 1, came after event 0: the player had left"},
    ),
    "the session was closed before": (
        "update session set status = 'closed', closed_at = now() - interval '1 day'",
        {"nothing_came_after_the_end": "record 1 of player 1 came at"},
    ),
    "the study was changed afterwards": (
        "update study_file set body = body || '\n' where path = 'study.toml'",
        {"study_is_unchanged": "stored: sha256"},
    ),
}


@pytest.fixture(scope="module")
def lively(postgres: Postgres, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lively]:
    """One session for all the stories that break a copy of it."""
    with copy_of(postgres, "template", "lively") as url:
        yield a_lively_session(House(url, tmp_path_factory.mktemp("lively")))[0]


def verdict(lively: Lively, exported: Path | None = None, url: str = "") -> Verification:
    return asyncio.run(verify(url or lively.house.database, lively.session_id, lively.study, exported))


def failed(verdict: Verification) -> dict[str, tuple[str, ...]]:
    return {check.name: check.rows for check in verdict.checks if not check.ok}


def test_there_is_a_story_for_every_rule() -> None:
    elsewhere = {
        "others_were_asked_about",
        "solo_parts_fit_their_players",
        "final_is_final",
        "steps_end_when_it_is_quiet",
        "moves_took_what_the_clock_showed",
    }  # in tests/rooms/: test_each.py, test_finals.py, test_closing.py; and tests/export/test_walks.py
    assert {*RULES, *allowed.RULES, "study_is_unchanged"} - elsewhere == {
        name for _, rules in BROKEN.values() for name in rules
    }


@pytest.mark.parametrize("broken", BROKEN)
def test_it_names_what_is_broken(postgres: Postgres, lively: Lively, broken: str) -> None:
    change, expected = BROKEN[broken]
    with copy_of(postgres, "lively", "broken") as url:
        with psycopg.connect(url) as conn:
            conn.execute("set session_replication_role = replica")
            conn.execute(change.encode())
        found = verdict(lively, url=url)
    assert not found.ok
    for name, words in expected.items():
        assert words in "\n".join(failed(found)[name]), (name, str(found))
        assert (RULES | allowed.RULES).get(name, "study") in str(found)
    assert all(row in str(found) for rows in failed(found).values() for row in rows)


def test_a_session_in_which_much_has_happened_holds(lively: Lively) -> None:
    found = verdict(lively)
    assert failed(found) == {}
    assert found.ok
    assert found.records.acknowledged == found.records.stored == found.records.exported > 60
    assert found.messages.acknowledged == found.messages.stored == found.messages.exported > 20
    assert "checks hold" in str(found)
    assert json.loads(json.dumps(found.as_json()))["ok"] is True


def test_a_session_holds_from_its_first_moment_to_its_last(house: House) -> None:
    lively = open_lively(house)
    assert failed(verdict(lively)) == {}
    who = [lively.comes(label, age="30") for label in lively.tokens]
    assert failed(verdict(lively)) == {}
    lively.seat()
    lively.answers(who[0], 1)
    assert failed(verdict(lively)) == {}
    house.do(lambda conn: ACTIONS["pause"](conn, lively.session_id, "story"))
    lively.answers(who[1], 1)
    assert failed(verdict(lively)) == {}
    house.do(lambda conn: ACTIONS["resume"](conn, lively.session_id, "story"))
    house.do(lambda conn: ACTIONS["close"](conn, lively.session_id, "story"))
    with pytest.raises(AssertionError):
        lively.answers(who[2], 1, why="after the end")
    found = verdict(lively)
    assert failed(found) == {}
    assert found.records.exported == 4


def test_a_session_is_judged_by_what_is_its_own(house: House) -> None:
    whole, broken = open_lively(house), open_lively(house)
    for lively in (whole, broken):
        who = [lively.comes(label, age="30") for label in lively.tokens]
        lively.seat()
        lively.answers(who[0], 1)
    house.sql("delete from record where session_id = %s", broken.session_id)
    assert failed(verdict(whole)) == {}
    assert "acknowledged_records_are_stored" in failed(verdict(broken))


def test_more_that_is_broken_than_can_be_shown_is_counted(postgres: Postgres, lively: Lively) -> None:
    with copy_of(postgres, "lively", "broken") as url:
        with psycopg.connect(url) as conn:
            conn.execute("update record set value = value || '?'")
        found = verdict(lively, url=url)
    (check,) = (check for check in found.checks if check.name == "acknowledged_records_are_stored")
    assert check.found == found.records.acknowledged / 2 > len(check.rows) == 20
    assert f"… and {check.found - 20} more" in str(found)


def test_an_export_holds_now_and_after_the_session_went_on(house: House) -> None:
    lively, who = a_lively_session(house)
    folder, packed = house.folder / "out", house.folder / "out.zip"
    asyncio.run(export.write_folder(house.database, lively.session_id, lively.study, folder))
    asyncio.run(export.write_zip(house.database, lively.session_id, lively.study, packed))
    assert failed(verdict(lively, folder)) == {}
    assert failed(verdict(lively, packed)) == {}
    lively.answers(who["P4"], 1, belief="99", why="a newer version than the export has")
    house.do(lambda conn: lively.say(conn, who["P4"], "a newer message"))
    house.do(lambda conn: ACTIONS["close"](conn, lively.session_id, "story"))
    assert failed(verdict(lively, folder)) == {}
    assert failed(verdict(lively, packed)) == {}


@pytest.fixture
def folder(lively: Lively, tmp_path: Path) -> Path:
    folder = tmp_path / "out"
    asyncio.run(export.write_folder(lively.house.database, lively.session_id, lively.study, folder))
    return folder


def test_a_file_that_somebody_edited_is_named_with_the_row(lively: Lively, folder: Path) -> None:
    rewrite(
        folder,
        "history.csv",
        lambda rows: [[*row[:6], "better", *row[7:]] if row[0] == "3" else row for row in rows],
    )
    found = failed(verdict(lively, folder))
    assert found["history_is_exported"] == ("record 3 is not in history.csv as it is stored",)
    assert found["files_are_whole"][0].startswith("history.csv has")
    assert set(found) == {"history_is_exported", "files_are_whole"}


def test_what_is_told_of_the_first_try_of_a_late_answer_is_compared_but_where_an_export_is_older(
    lively: Lively, folder: Path
) -> None:
    with (folder / "history.csv").open(encoding="utf-8", newline="") as file:
        header, *lines = csv.reader(file)
    assert header[-3:] == ["erased", "said_tried_at", "session"]
    told = [line[0] for line in lines if line[-2]]
    assert len(told) == 2, "both answers of one form"
    no_try = next(line[0] for line in lines if not line[-2])
    for number, cell in ((told[0], "2026-01-01T00:00:00.000000Z"), (no_try, lines[0][9])):
        rewrite(
            folder,
            "history.csv",
            lambda rows, number=number, cell=cell: [  # type: ignore[misc]
                [*row[:-2], cell, row[-1]] if row[0] == number else row for row in rows
            ],
            cover_up=True,
        )
    assert failed(verdict(lively, folder)) == {
        "history_is_exported": tuple(
            f"record {number} is not in history.csv as it is stored"
            for number in sorted((told[0], no_try), key=int)
        )
    }
    for columns in (-1, -2):  # as it was written before there was the one, and before there was the other
        with_less = [line[:columns] for line in [header, *lines]]
        rewrite(folder, "history.csv", lambda _, with_less=with_less: with_less, cover_up=True)  # type: ignore[misc]
        assert failed(verdict(lively, folder)) == {}


def test_a_first_try_that_was_told_after_an_export_may_lack_in_it_and_one_from_before_may_not(
    house: House,
) -> None:
    lively, _ = a_lively_session(house)
    folder = house.folder / "out"
    asyncio.run(export.write_folder(house.database, lively.session_id, lively.study, folder))
    rewrite(
        folder, "history.csv", lambda rows: [rows[0], *([*row[:-1], ""] for row in rows[1:])], cover_up=True
    )
    house.sql("update late_claim set at = clock_timestamp()")
    assert failed(verdict(lively, folder)) == {}
    house.sql(
        "update late_claim set at = at - interval '1 minute', tried_at = tried_at - interval '1 minute'"
    )
    assert list(failed(verdict(lively, folder))) == ["history_is_exported"]


def test_rows_that_lack_are_found_though_the_manifest_says_they_were_never_there(
    lively: Lively, folder: Path
) -> None:
    for name in ("history.csv", "records.csv", "messages.csv", "players.csv"):
        rewrite(folder, name, lambda rows: [*rows[:-2], rows[-1]], cover_up=True)
    found = failed(verdict(lively, folder))
    assert "files_are_whole" not in found
    assert "is stored, but not in history.csv" in found["history_is_exported"][0]
    assert "is stored, but not in records.csv" in found["records_are_exported"][0]
    assert "is stored, but not in messages.csv" in found["messages_are_exported"][0]
    assert "players.csv has 9 rows, and 10 are stored" in found["tables_are_whole"]
    assert "answers_are_in_records_wide" in found


def test_a_message_that_stands_in_another_channel_is_found(lively: Lively, folder: Path) -> None:
    def moved(rows: list[list[str]]) -> list[list[str]]:
        rows[1][rows[0].index("channel")] = "reds"
        return rows

    rewrite(folder, "messages.csv", moved, cover_up=True)
    [told] = failed(verdict(lively, folder))["messages_are_exported"]
    assert told.endswith("is not in messages.csv as it is stored")


def test_rows_that_nobody_wrote_are_found(lively: Lively, folder: Path) -> None:
    def forge(rows: list[list[str]]) -> list[list[str]]:
        return [*rows, ["999999", *rows[-1][1:]], rows[-1]]

    rewrite(folder, "history.csv", forge, cover_up=True)
    found = failed(verdict(lively, folder))["history_is_exported"]
    assert "record 999999 is in history.csv, but not stored" in found
    assert any("again, after record 999999" in row for row in found)


def test_a_value_that_does_not_count_is_found_in_records(lively: Lively, folder: Path) -> None:
    with (folder / "history.csv").open(encoding="utf-8", newline="") as file:
        first = list(csv.reader(file))[1]
    rewrite(folder, "records.csv", lambda rows: [rows[0], first, *rows[1:]], cover_up=True)
    found = failed(verdict(lively, folder))
    assert found["records_are_exported"] == (f"record {first[0]} is in records.csv, but not stored",)


def test_a_payment_that_somebody_raised_is_named(lively: Lively, folder: Path) -> None:
    [(player,)] = lively.house.sql("select id from player where status = 'left'")

    def raise_it(rows: list[list[str]]) -> list[list[str]]:
        assert [row[2] for row in rows[1:]] == [str(player)]  # who is out, and nobody else
        return [rows[0], [rows[1][0], "99.00", *rows[1][2:10], "99.00", "EUR"]]

    rewrite(folder, "payments.csv", raise_it, cover_up=True)
    found = failed(verdict(lively, folder))
    assert f"player {player}: 99.00 in payments.csv, but" in found["payments_add_up"][0]
    assert f"player {player} is paid 99.00, but is owed" in found["payments_are_owed"][0]
    assert set(found) == {"payments_add_up", "payments_are_owed"}
    rewrite(folder, "payments.csv", lambda rows: [*rows, rows[1]], cover_up=True)
    assert f"player {player} is in payments.csv again" in failed(verdict(lively, folder))["payments_add_up"]


def test_files_that_lack_or_do_not_belong_are_named(lively: Lively, folder: Path) -> None:
    (folder / "events.csv").unlink()
    (folder / "notes.txt").write_text("mine")
    found = failed(verdict(lively, folder))
    assert found["files_are_whole"] == ("notes.txt is not in the manifest", "events.csv is missing")


def test_what_is_no_export_or_another_session_gets_a_sentence(
    house: House, lively: Lively, folder: Path
) -> None:
    (house.folder / "junk.zip").write_bytes(b"PK junk")
    half = house.folder / "half.zip"
    with zipfile.ZipFile(half, "w") as zipped:
        zipped.writestr("manifest.json", "{")
    for path in (house.folder / "nowhere", house.folder / "junk.zip", half, house.folder):
        found = failed(verdict(lively, path))
        assert list(found) == ["export_can_be_read"]
        assert str(path) in found["export_can_be_read"][0]
    other = open_lively(house)
    (sentence,) = failed(verdict(other, folder))["export_can_be_read"]
    assert f"is an export of the session {lively.session_id}" in sentence


def rewrite(
    folder: Path,
    name: str,
    change: Callable[[list[list[str]]], list[list[str]]],
    cover_up: bool = False,
) -> None:
    """Somebody changes the rows of a file, and covers it up in the manifest."""
    path, manifest = folder / name, folder / "manifest.json"
    rows = change(list(csv.reader(io.StringIO(path.read_bytes().decode(), newline=""))))
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerows(rows)
    content = text.getvalue().encode()
    path.write_bytes(content)
    if cover_up:
        stated = json.loads(manifest.read_text(encoding="utf-8"))
        stated["files"][name] = dict(
            rows=len(rows) - 1, bytes=len(content), sha256=sha256(content).hexdigest()
        )
        manifest.write_text(json.dumps(stated), encoding="utf-8")
