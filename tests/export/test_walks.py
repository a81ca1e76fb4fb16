"""Stories of solo steps on their way out: what is in the files, what proves it, and what it says when it is broken."""

from __future__ import annotations

import asyncio
import csv
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from app.database.embedded import Postgres
from app.export.anonymous import Mask
from app.export.export import write_zip
from app.export.person import OnePerson
from app.export.verify import verify
from app.replay.check import check
from app.sessions.actions import close
from tests.house.alone import AFTER, Alone, a_session_alone_and_together
from tests.house.database import copy_of
from tests.house.house import House

# What breaks which check, and what the verdict says of it: several at once, of people who are numbered as they came.
BROKEN: dict[str, tuple[str, dict[str, tuple[str, ...]]]] = {
    "parts": (
        """drop index one_solo_room_of_each;
        insert into room (session_id, kind, number, reason, seed, during, player_id, step, round, ends_when_answered,
            deadline)
        select session_id, 'before', 99, reason, seed, during, player_id, step, round, true, deadline from room
        where player_id = 5;
        update player set queued_from = signed_in_at - interval '1 hour' where id = 4;
        update player set status = 'waiting' where id = 8;
        update room set step = 'talk' where player_id = 10;
        update slot set type = 'red' where room_id = (select id from room where player_id = 6);
        update room set outcome = 'withdrawn' where player_id = 3 and during = 'before';
        update player set queued_from = null where id = 9;
        delete from room where player_id = 2 and during = 'before'""",
        {
            "solo_parts_fit_their_players": (
                "player 5 has 2 parts before",
                "it is for player 5, before",
                "player 4: was in the lobby before they came",
                "part before-8 of player 8: the player is waiting",
                "part before-10 of player 10: step talk is of another part",
                "part before-6 of player 6: it has not one seat, for anybody",
                "part before-3 of player 3: it ended with withdrawn, and the player went on",
                "part before-9 of player 9: it is complete, and the player was never in the lobby",
                "player 2 was in the lobby from",
            ),
        },
    ),
    "answers": (
        """update record set player_id = 6 where player_id = 1 and step = 'consent';
        update record set step = 'about' where player_id = 3 and step = 'consent';
        update event set data = data || '{"asked": [2]}' where name = 'step_opened' and data->>'step' = 'rules'
            and log_id = (select l.id from log l join room r on r.id = l.room_id where r.name = 'before-4');
        update earning set position = 0 where room_id = (select id from room where name = 'after-1')""",
        {
            "records_have_a_place": (
                "it is of the solo steps of player 1, and by player 6",
                "step about is not of room before-3",
            ),
            "records_were_asked_for": (
                "player 3, slot 1, was never at step about",
                "player 4, slot 1, was not asked at step rules",
            ),
            "earnings_have_a_place": ("place 0 of the plan is not after",),
        },
    ),
    "right and wrong": (
        """update record set value = '4' where player_id = 2 and field = 'size';
        update record set value = '2' where player_id = 7 and field = 'size' and round = 2;
        update record set value = '2' where player_id = 1 and field = 'size' and round = 1;
        delete from record where player_id = 3 and step = 'consent';
        update record set value = '' where player_id = 4 and field = 'agree';
        delete from event where name = 'step_opened' and data->>'step' = 'rules'
            and log_id = (select l.id from log l join room r on r.id = l.room_id where r.name = 'before-5');
        update room set outcome = 'failed_check' where name = 'before-10';
        update room set outcome = 'declined' where name = 'before-7';
        update event set data = data || '{"outcome": "dropped"}' where name = 'player_goes_on' and player_id = 9""",
        {
            "solo_steps_are_judged_again": (
                "player 2 (R2), before: step quiz, round 1: went on, with size wrong",
                "player 1 (R1), before: step quiz, round 1: had all right, and was asked again",
                "player 3 (R3), before: step consent, round 1: went on without an answer",
                "player 4 (R4), before: step consent, round 1: went on without agree",
                "player 5 (R5), before: step rules, round 1 was skipped",
                "player 10 (R10), before: is out with failed_check, and not after a last attempt",
                "player 10 (R10), before: ended with failed_check, but left with withdrawn",
                "player 7 (R7), before: has declined where nobody was asked whether they take part",
                "player 9 (R9), after: step about, round 1 is not for who ended with dropped",
            ),
        },
    ),
    "ends": (
        """update record set value = '2' where player_id = 7 and field = 'size' and round = 2;
        update record set value = '4' where player_id = 1 and field = 'size' and round = 2;
        delete from event where name = 'player_goes_on' and player_id = 2;
        update event set data = data || '{"during": "after"}' where name = 'room_opened' and player_id = 5;
        update player set code = 'X' where id = 2;
        update player set treatment = treatment || '{"hat": "none"}' where id in (3, 8);
        update player set room_id = null, slot = null, seated_at = null where id = 1;
        insert into event (log_id, seq, session_id, name, player_id, data)
            select l.id, 0, l.session_id, 'player_goes_on', 1, '{}'
            from log l join room r on r.id = l.room_id where r.name = 'pair-1';
        update session set status = 'closed', closed_at = now()""",
        {
            "solo_steps_are_judged_again": (
                "player 7 (R7), before: is out with failed_check, and had all right",
                "player 1 (R1), before: step quiz, round 2: went on after the last attempt, with size wrong",
            ),
            "logs_tell_what_happened": (
                "player_goes_on, player 2",
                "room_opened, player 5, before-5, before: 1 times, but 0 times",
            ),
            "who_is_out_has_a_code": ("player 2: after",),
            "treatments_are_drawn_again": (
                "player 8 (R8), who came as number 8: hat is none, where the seed draws",
                "player 3 (R3), slot",
            ),
            "status_and_slot_agree": ("player 1: finished, room none",),
            "nothing_came_after_the_end": ("of player 1, came after event 0: the player had left",),
            "what_ended_has_ended": ("the session is closed, but player 8 is before",),
        },
    ),
}


@pytest.fixture(scope="module")
def alone(postgres: Postgres, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Alone]:
    """One session for all these stories; those that change something change a copy of it."""
    with copy_of(postgres, "template", "walks") as url:
        yield a_session_alone_and_together(House(url, tmp_path_factory.mktemp("walks")))[0]


def failed(alone: Alone, url: str = "", exported: Path | None = None) -> dict[str, tuple[str, ...]]:
    found = asyncio.run(verify(url or alone.house.database, alone.session_id, alone.study, exported))
    return {check.name: check.rows for check in found.checks if not check.ok}


def files_of(alone: Alone, path: Path, of: Mask | OnePerson | None = None) -> dict[str, str]:
    asyncio.run(write_zip(alone.house.database, alone.session_id, alone.study, path, of))
    with zipfile.ZipFile(path) as zipped:
        return {name: zipped.read(name).decode() for name in zipped.namelist()}


def table(files: dict[str, str], name: str) -> list[dict[str, str]]:
    return list(csv.DictReader(files[name].splitlines(keepends=True), strict=True))


def test_whoever_goes_through_alone_is_told_the_same_by_logs_tables_and_the_export(alone: Alone) -> None:
    ways = [*map(alone.status, range(1, 11))]
    assert ways == [
        *("finished complete", "after complete", "left withdrawn", "after partner_left", "waiting"),
        *("left declined", "left failed_check", "before", "after lobby", "left withdrawn"),
    ]
    assert alone.house.contradictions(alone.opened) == []
    assert [
        str(one) for one in alone.house.read(lambda conn: check(conn, alone.session_id)).differences
    ] == []
    assert failed(alone) == {}


@pytest.mark.parametrize("broken", BROKEN)
def test_it_names_what_is_broken_of_solo_steps(postgres: Postgres, alone: Alone, broken: str) -> None:
    change, expected = BROKEN[broken]
    with copy_of(postgres, "walks", "broken_walks") as url:
        with psycopg.connect(url) as conn:
            conn.execute("set session_replication_role = replica")
            conn.execute(change.encode())
        found = failed(alone, url)
    for name, sentences in expected.items():
        for words in sentences:
            assert words in "\n".join(found.get(name, ())), (name, words, found)


def test_files_have_solo_steps_where_their_answers_are_and_no_room_for_them(
    alone: Alone, tmp_path: Path
) -> None:
    files = files_of(alone, tmp_path / "out.zip")
    players = table(files, "players.csv")
    assert [row["status"] for row in players][:9] == (
        "finished after left after waiting left left before after".split()
    )
    assert {row["room"] for row in players} == {"pair-1", "pair-2", ""}
    done = players[0]
    assert (
        done["signed_in_at"]
        < done["queued_from"]
        < done["seated_at"]
        < done["waited_until"]
        < done["finished_at"]
    )
    assert not players[7]["queued_from"] and players[8]["waited_until"] and players[8]["code"] == "NONE"
    for name in ("rooms.csv", "networks.csv", "ties.csv"):
        assert {row["room"] for row in table(files, name)} == {"pair-1", "pair-2"}, name
    for name in ("records.csv", "history.csv"):
        where = {(row["step"], row["room"]) for row in table(files, name)}
        assert ("talk", "pair-1") in where
        assert {room for step, room in where if step != "talk"} == {""}, name
    wide = files["records_wide.csv"].splitlines()[0].split(",")[4:]
    assert (
        wide
        == (
            "consent_1_agree rules_1_clicked quiz_1_size quiz_1_guess quiz_2_size quiz_2_guess "
            "talk_1_belief about_1_mood bye_1_why session"
        ).split()
    )
    assert {row["room"] for row in table(files, "records_wide.csv")} == {"pair-1", "pair-2", ""}
    earned = [row for row in table(files, "ledger.csv") if row["points"]]
    assert [(row["step"], row["room"]) for row in earned] == [("talk", "pair-1"), ("about", "")]
    asked = {
        row["field"]: row
        for row in table(files, "codebook.csv")
        if row["file"] == "records.csv" and row["field"]
    }
    assert [asked[one]["part"] for one in ("size", "clicked", "belief", "why")] == [
        "before",
        "before",
        "room",
        "after",
    ]
    assert (asked["size"]["attempts"], asked["size"]["correct"], asked["why"]["attempts"]) == ("2", "2", "")
    assert "the player again at step bye" in asked["belief"]["seen_by"]
    logs = {row["log"] for row in table(files, "events.csv")}
    assert {"session", "pair-1", "player 8 before", "player 1 after"} <= logs
    assert not any(
        "before-" in text or "after-" in text for name, text in files.items() if name[:5] != "study"
    )


def test_what_waiting_brings_counts_from_the_lobby_until_the_room_or_what_comes_after(
    postgres: Postgres, alone: Alone, tmp_path: Path
) -> None:
    """Six minutes before the lobby are not paid as waiting, nor is it what comes after."""
    with copy_of(postgres, "walks", "paid_walks") as url:
        copy = Alone(House(url, tmp_path), alone.opened, alone.study)
        copy.house.sql(
            """update player set signed_in_at = t.now - interval '20 m', queued_from = t.now - interval '14 m',
                seated_at = case when room_id is not null then t.now - interval '12 m' end,
                waited_until = t.now - case when slot is null then interval '9 m' else interval '8 m' end
            from (select clock_timestamp() as now) t where id in (1, 9)"""
        )
        copy.through(9, AFTER[0])
        files = files_of(copy, tmp_path / "out.zip")
        paid = {row["player"]: row for row in table(files, "payments.csv")}
        assert paid["1"]["waiting"] == "0.3" and paid["1"]["earned"] == "0.75"
        assert paid["9"]["waiting"] == "0.75" and paid["9"]["outcome"] == "lobby"
        assert {paid[player]["waiting"] for player in ("6", "7", "10")} == {
            "0"
        }  # out before they came to wait
        assert not {"2", "4", "5", "8"} & {*paid}, "whoever is still at solo steps may earn more"
        assert failed(copy, exported=tmp_path / "out.zip") == {}


def test_no_file_of_an_anonymous_export_has_the_number_of_whose_solo_steps_they_are(
    alone: Alone, tmp_path: Path
) -> None:
    files = files_of(alone, tmp_path / "out.zip", Mask(relative_times=True))
    players = {row["player"]: row for row in table(files, "players.csv")}
    logs = {row["log"] for row in table(files, "events.csv")}
    named = {log.split()[1] for log in logs if log.startswith("player ")}
    assert len(named) == 10 and named < {*players}
    for row in table(files, "events.csv"):
        assert row["log"].startswith("player ") or "during" not in json.loads(row["data"])
        if row["event"] == "room_opened" and row["player"]:
            assert row["log"] == f"player {row['player']} {json.loads(row['data'])['during']}"
    assert all(float(row["queued_from"] or 0) < 600 for row in players.values())
    assert failed(alone, exported=tmp_path / "out.zip") == {}


def test_the_export_of_one_person_has_what_they_said_alone_and_with_others(
    alone: Alone, tmp_path: Path
) -> None:
    files = files_of(alone, tmp_path / "out.zip", OnePerson(1, "R1"))
    words = files["person.txt"]
    for said in ("Who will the other be?: =a Robot", "How sure are you?: 70", "Why?: the other was Kind"):
        assert said in words, words
    assert {row["step"] for row in table(files, "history.csv")} == {
        "consent",
        "rules",
        "quiz",
        "talk",
        "about",
        "bye",
    }
    assert "player 1 before" in files["events.csv"]


def test_a_session_that_is_closed_with_people_at_solo_steps_holds(
    postgres: Postgres, alone: Alone, tmp_path: Path
) -> None:
    with copy_of(postgres, "walks", "closed_walks") as url:
        copy = Alone(House(url, tmp_path), alone.opened, alone.study)
        copy.house.do(lambda conn: close(conn, copy.session_id, "ada"))
        assert [copy.status(player) for player in (2, 4, 5, 8, 9)] == [
            *("finished complete", "finished partner_left", "left lobby", "left lobby", "left lobby"),
        ]
        assert copy.house.contradictions(copy.opened) == []
        assert [
            str(one) for one in copy.house.read(lambda conn: check(conn, copy.session_id)).differences
        ] == []
        assert failed(copy) == {}
