"""Stories of how a rehearsal ends: it is green only where everybody came to the end that was theirs, and says which."""

from __future__ import annotations

import asyncio
import json
import random
import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest

from app.config import PROJECT
from app.rehearsal.cast import Rehearsal, open_rehearsal
from app.rehearsal.diary import Diary, Exchange
from app.rehearsal.ends import Opening, SeatOf, ends_by_code, ends_of, fills
from app.rehearsal.play import Played, Setting, longest, play
from app.rehearsal.verdict import Verdict, judge
from app.study.model.study import RoomKind
from app.study.reading import parse
from tests.house.house import House
from tests.house.rehearsing import a_copy, broken
from tests.house.shell import networklab
from tests.house.studies import as_files, changed

HEAD = """
title = "Of two"
[[room]]
name = "pair"
seats = {any = 2}
[lobby]
max_wait = "3s"
[network]
kind = "complete"
"""
ASK = '[[step]]\npage = "talk"\nlimit = "20s"\nfields = [{name = "sure", ask = "Sure?", kind = "yes_no"}]\n'
LOOK = '[[step]]\npage = "talk"\nname = "look"\nlimit = "1s"\n'
TURNS = (
    HEAD
    + """
[[step]]
page = "talk"
name = "send"
repeat = 3
limit = "20s"
when = "first"
fields = [{name = "sent", ask = "How much do you send?", kind = "integer", min = 1, max = 10}]
on_end = "triple"
results = [{name = "came", ask = "What came", kind = "integer"}]
[[step]]
page = "talk"
name = "back"
repeat = 3
limit = "20s"
when = "second"
show = [{field = "came", of = "me"}]
fields = [{name = "returned", ask = "How much do you send back?", kind = "integer", min = 0, max = 30}]
"""
)
TAKE_TURNS = """
def first(room):
    return {1}


def second(room):
    return {2} if room.said("came") else False


def triple(room):
    return {"came": {2: 3 * room.said("sent")[1]}}
"""
FAST = Setting(
    players=4, over=0.0, drop=0.0, flaky=0.0, speed=float("inf"), patience=30.0, moment=30.0
)  # patient as the machine is busy


def write(folder: Path, files: Mapping[str, bytes]) -> Path:
    for name, body in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(body)
    return folder


async def rehearsed(house: House, folder: Path, plan: Setting = FAST) -> tuple[Played, Verdict]:
    return await played_by(house, await open_rehearsal(house.database, str(folder), plan.players), plan)


async def played_by(house: House, cast: Rehearsal, plan: Setting) -> tuple[Played, Verdict]:
    played = await play(cast, plan, house.servers[0].base, house.database)
    return played, await judge(played)


def of(house: House, folder: Path, toml: str, hooks: str = "", plan: Setting = FAST) -> Verdict:
    return asyncio.run(rehearsed(house, write(folder, as_files(toml, hooks)), plan))[1]


def ended(house: House, session: str) -> dict[str, int]:
    """How it ended for how many, as the tables have it."""
    found = house.sql(
        "select coalesce(outcome, status::text), count(*) from player where session_id = %s group by 1",
        session,
    )
    return dict(found)


def wrongs(verdict: Verdict) -> list[str]:
    return [wrong for found in broken(verdict).values() for wrong in found]


# Green


def test_those_who_take_turns_all_get_theirs(hall: House, tmp_path: Path) -> None:
    verdict = of(hall, tmp_path, TURNS, TAKE_TURNS)
    assert wrongs(verdict) == [] and not verdict.stops and not verdict.empty
    assert verdict.ends.counts == {"complete": 4} == ended(hall, verdict.session_id)
    # Two rooms, three rounds, one answer of each of the two.
    assert (verdict.answered.forms, verdict.answered.in_time, verdict.answered.by_chance) == (12, 12, 12)
    assert "How it ended: 4 complete." in str(verdict) and "All 12 answers were given by chance." in str(
        verdict
    )


@pytest.mark.parametrize(
    "toml",
    [
        HEAD + LOOK + ASK,
        pytest.param(HEAD + ASK + LOOK + changed(LOOK, '"look"', '"again"'), marks=pytest.mark.slow),
        HEAD + changed(ASK, 'limit = "20s"', 'limit = "2s"\nends = "deadline"') + LOOK,
    ],
    ids=["the first page asks nothing", "the last pages ask nothing", "time alone ends the step"],
)
def test_a_study_is_played_to_its_last_page(hall: House, tmp_path: Path, toml: str) -> None:
    verdict = of(hall, tmp_path, toml)
    assert wrongs(verdict) == [] and verdict.ends.counts == {"complete": 4}
    assert (verdict.answered.forms, verdict.answered.in_time) == (4, 4)


def test_more_records_than_the_study_asks_for_are_later_answers_to_the_same_questions(
    hall: House, tmp_path: Path
) -> None:
    toml = HEAD + LOOK + changed(ASK, 'limit = "20s"', 'limit = "3s"\nends = "deadline"')
    verdict = of(hall, tmp_path, toml, plan=replace(FAST, records=5))
    assert wrongs(verdict) == [] and verdict.answered.by_chance == 20
    found = hall.sql("select max(version), count(*) from record where session_id = %s", verdict.session_id)
    assert found == [(5, 20)]


def test_fewer_records_than_the_study_asks_for_are_refused(hall: House, tmp_path: Path) -> None:
    study = write(tmp_path / "study", as_files(TURNS, TAKE_TURNS))
    done = networklab(hall, "rehearse", "--session", study, "--records", "5")
    assert done.returncode == 2
    assert (
        "The study asks each for up to 6 records, so with --records 5 nobody would come to its end."
        in done.stderr
    )


def test_who_finds_no_seat_waits_in_vain_as_long_as_the_study_says(hall: House, tmp_path: Path) -> None:
    verdict = of(hall, tmp_path, HEAD + ASK, plan=replace(FAST, players=5))
    assert wrongs(verdict) == [] and not verdict.empty
    assert verdict.ends.counts == {"complete": 4, "lobby": 1} == ended(hall, verdict.session_id)
    assert "1 lobby (they waited for the 3 s of `max_wait`, and no room could be filled)" in str(verdict)


def test_who_leaves_is_counted_by_how(hall: House, tmp_path: Path) -> None:
    toml = HEAD.replace("any = 2", "any = 4") + ASK.replace("20s", "4s") + '[dropout]\nthen = ["end_room"]\n'
    verdict = of(hall, tmp_path, toml, plan=replace(FAST, players=16, drop=0.2, seed=5))
    assert wrongs(verdict) == []
    assert verdict.ends.counts == ended(hall, verdict.session_id)
    assert {"complete", "withdrawn", "partner_left"} <= set(verdict.ends.counts)


# Red


def test_where_nobody_comes_to_the_end_nothing_is_proved(hall: House, tmp_path: Path) -> None:
    study = write(tmp_path / "study", as_files(HEAD + ASK))
    server = hall.servers[0]
    done = networklab(
        hall,
        *("rehearse", "--session", study, "--players", "1", "--over", "0s", "--speed", "max"),
        *("--url", server.base, "--json"),
    )
    assert done.returncode == 1, done.stdout + done.stderr
    found = json.loads(done.stdout)
    assert not found["ok"] and found["outcomes"] == {"lobby": 1}
    # Of how evenly the dashboard ticks the verdict speaks first; that is of the machine, too.
    assert "nobody came to the end of the study. How it ended: 1 lobby" in found["verdict"] or not next(
        one["ok"] for one in found["promises"] if one["number"] == 6
    )


def test_where_nobody_is_asked_anything_nothing_is_proved(hall: House, tmp_path: Path) -> None:
    asks_nobody = changed(ASK, "limit", 'when = "who"\nlimit')
    verdict = of(hall, tmp_path, HEAD + asks_nobody, "def who(room):\n    return []\n")
    assert wrongs(verdict) == [] and verdict.ends.counts == {"complete": 4}
    assert not verdict.kept and "nobody was asked anything. How it ended: 4 complete" in verdict.sentence


LATER = """
def count(room):
    if room.round == 3:
        raise ValueError("there is no third round")
    return {"many": {slot: 1 for slot in room.slots}}
"""
COUNTED = HEAD + changed(
    ASK,
    "limit",
    'repeat = 4\non_end = "count"\nresults = [{name = "many", ask = "?", kind = "integer"}]\nlimit',
)


def test_hooks_that_stop_rooms_are_named_with_their_line(hall: House, tmp_path: Path) -> None:
    study = write(tmp_path / "study", as_files(COUNTED, LATER))
    done = networklab(
        hall,
        *("rehearse", "--session", study, "--players", "4", "--over", "0s", "--speed", "max"),
        *("--drop", "0%", "--flaky", "0%", "--url", hall.servers[0].base, "--json"),
    )
    assert done.returncode == 1, done.stdout + done.stderr
    found = json.loads(done.stdout)
    assert re.match(
        r"hooks\.py:4: `count` stopped 2 rooms: .*there is no third round", found["stopped"][0]
    ), found["stopped"]
    assert found["stopped"][0] in found["verdict"]
    assert found["outcomes"] == {"closed": 4} and not found["holds"]
    assert "hooks had stopped whatever was left" in " ".join(found["notes"])


def test_what_open_refuses_is_not_rehearsed(hall: House, tmp_path: Path) -> None:
    study = write(tmp_path / "study", as_files(COUNTED, LATER.replace("room.round == 3", "room.round == 1")))
    before = hall.sql("select count(*) from session")
    done = networklab(hall, "rehearse", "--session", study, "--players", "4")
    assert done.returncode == 2 and "hooks.py:4" in done.stderr and "`count` fails" in done.stderr
    assert networklab(hall, "drill", study, "--players", "4").returncode == 2
    assert hall.sql("select count(*) from session") == before


def test_whoever_is_cut_off_has_not_come_to_the_end(hall: House, tmp_path: Path) -> None:
    toml = HEAD + changed(ASK, 'limit = "20s"', 'limit = "1m"\nends = "deadline"')
    verdict = of(hall, tmp_path, toml, plan=replace(FAST, at_most=4.0))
    assert verdict.ends.counts == {"closed": 4} and not verdict.kept
    where = "had not come to the end when the session was closed, at `talk` 1 in pair-"
    assert all(where in one for one in wrongs(verdict)), wrongs(verdict)
    assert "The session was closed by the rehearsal: the time was up." in verdict.notes


def test_answers_that_come_too_late_are_told(hall: House, tmp_path: Path) -> None:
    slow = replace(FAST, speed=1.0)
    verdict = of(hall, tmp_path, HEAD + changed(ASK, 'limit = "20s"', 'limit = "1s"'), plan=slow)
    assert (verdict.answered.forms, verdict.answered.in_time) == (4, 0)
    assert not verdict.holds and "4 of the 4 forms" in verdict.sentence


BY_HAND = {
    "somebody is sent home early": (
        "update player set room_id = null, slot = null, seated_at = null, status = 'left', outcome = 'lobby',"
        " finished_at = waiting_since + interval '1 second', code = 'LOBBY' where label = '{who}'",
        "{who} was sent home after 1 s, before the 6 s of `max_wait` had passed",
    ),
    "somebody is told that another left": (
        "update player set outcome = 'partner_left', code = 'PARTNER-LEFT' where label = '{who}'",
        "{who} was told that somebody in the room had left, and nobody had",
    ),
    "somebody is taken for gone": (
        "update player set outcome = 'dropped', status = 'left', code = 'WITHDRAWN' where label = '{who}'",
        "{who} was taken for gone, and was there",
    ),
    "somebody is closed out": (
        "update player set outcome = 'closed' where label = '{who}'",
        "{who} had not come to the end when the session was closed, at `talk` 4 in",
    ),
}


@pytest.mark.parametrize("what", BY_HAND)
def test_an_end_that_was_not_theirs_is_named(held: Played, what: str) -> None:
    who = next(diary.label for diary in held.diaries if not diary.was_away)
    sql, sentence = (text.replace("{who}", who) for text in BY_HAND[what])
    with a_copy(held) as copy:
        assert copy.url is not None
        with psycopg.connect(copy.url) as conn:
            conn.execute("set session_replication_role = replica")
            conn.execute(sql.encode())
        verdict = asyncio.run(judge(copy))
    assert not verdict.kept and any(sentence in one for one in wrongs(verdict)), wrongs(verdict)


def test_a_question_that_never_stood_on_the_page_is_named(held: Played) -> None:
    one = next(diary for diary in held.diaries if not diary.was_away)
    with a_copy(held) as copy:
        assert copy.url is not None
        with psycopg.connect(copy.url) as conn:
            conn.execute("set session_replication_role = replica")
            conn.execute(
                "delete from record a using player p where p.id = a.player_id and label = %s and round = 3",
                [one.label],
            )
        shown = {at: since for at, since in one.shown.items() if at != 2}
        copy.diaries = [replace(d, shown=shown) if d is one else d for d in copy.diaries]
        verdict = asyncio.run(judge(replace(copy, plan=replace(copy.plan, patience=0.0))))
    assert f"{one.label} was asked `talk` 3, and it never stood on the page" in wrongs(verdict)


def test_people_who_wait_for_much_of_their_time_are_not_as_fast_as_they_were_to_be(held: Played) -> None:
    def thinking(copy: Played, seconds: float, speed: float, *waited: Exchange) -> Verdict:
        diaries = [replace(one, thought=seconds, asks=[*one.asks, *waited]) for one in copy.diaries]
        return asyncio.run(judge(replace(copy, diaries=diaries, plan=replace(copy.plan, speed=speed))))

    with a_copy(held) as copy:
        at_ease = thinking(copy, 1000.0, 20.0, Exchange("page", 0.0, 1000.0, 1))
        waiting = thinking(
            copy, 100.0, 20.0, *(Exchange(kind, 0.0, 50.0, 1) for kind in ("records", "moves"))
        )
        hasty = thinking(copy, 0.001, 10_000.0)
    assert at_ease.figures["pace kept"] > 0.95, "only what was sent is waited for"
    assert 0.4 < waiting.figures["pace kept"] < 0.51
    said = re.search(r"people waited for (\d+)% of the time .* \(the limit is 25%\)", waiting.sentence)
    assert said and int(said[1]) in range(49, 61) and waiting.kept
    assert hasty.figures["pace kept"] < 0.1, "who takes no time to think keeps no pace"
    assert not any("people waited" in one for verdict in (at_ease, hasty) for one in verdict.slow)


def test_pages_that_come_late_are_told(held: Played) -> None:
    with a_copy(held) as copy:
        at_once = asyncio.run(judge(copy))
        late = [{at: since + 3.0 for at, since in one.shown.items()} for one in copy.diaries]
        copy.diaries = [replace(one, shown=shown) for one, shown in zip(copy.diaries, late, strict=True)]
        verdict = asyncio.run(judge(copy))
    assert at_once.figures["next page, 50%"] > 0.0 and verdict.figures["next page, 50%"] > 3.0
    assert verdict.kept and not verdict.holds
    assert "one next page in a hundred took" in verdict.sentence


MONDAY = datetime(2026, 11, 30, 9, tzinfo=UTC)


def test_nobody_is_sent_home_while_enough_wait_for_a_room() -> None:
    study = parse(as_files(HEAD + ASK))

    def waited(label: str, seconds: float) -> SeatOf:
        until = MONDAY + timedelta(seconds=seconds)
        return SeatOf(label, "", "left", "lobby", "LOBBY", None, None, None, None, None, MONDAY, None, until)

    diaries = [Diary("A"), Diary("B")]
    alone = ends_of(study, [waited("A", 3.0)], [], diaries, False)
    both = ends_of(study, [waited("A", 3.0), waited("B", 3.0)], [Opening("pair", MONDAY)], diaries, False)
    assert alone.wrongs == () and len(both.wrongs) == 2
    assert both.wrongs[0].sentence == "A was sent home, though enough people waited for a `pair`"


def test_how_it_ended_is_read_from_codes_that_are_ones_own_too() -> None:
    study = parse(as_files(HEAD + ASK + '[finish]\nper_person = true\ncodes = {complete = "C-1"}\n'))
    diaries = [Diary("A", code="C-1-7KQ2MWXA"), Diary("B", code="WITHDRAWN-PYTNVREV"), Diary("C", code="C-1")]
    assert ends_by_code(study, diaries).counts == {"complete": 1, "withdrawn": 1, "unknown": 1}


@pytest.mark.parametrize(
    ("seats", "there", "enough"),
    [
        ({"any": 2}, {"red": 1, "": 1}, True),
        ({"any": 3}, {"red": 2}, False),
        ({"red": 2, "blue": 2}, {"red": 4}, False),
        ({"red": 2, "blue": 2}, {"red": 3, "blue": 2}, True),
        ({"red": 2, "any": 2}, {"red": 2, "blue": 2}, True),
        ({"red": 2, "any": 2}, {"red": 1, "blue": 3}, False),
        ({"red": 2, "any": 2}, {"red": 2, "blue": 1}, False),
    ],
)
def test_which_people_are_enough_for_a_room(
    seats: dict[str, int], there: dict[str, int], enough: bool
) -> None:
    assert fills(RoomKind("room", seats), there) == enough


def test_without_the_database_the_codes_tell_how_it_ended() -> None:
    study = parse(as_files(HEAD + ASK))
    codes = study.finish.codes
    diaries = [Diary("A", signed_in=1.0, done=9.0, code=codes["complete"]), Diary("B", gone=True), Diary("C")]
    diaries += [Diary("D", signed_in=1.0, done=2.0, code=codes["lobby"])]
    ends = ends_by_code(study, diaries)
    assert ends.counts == {"complete": 1, "gone": 1, "lobby": 1, "no code": 1} and ends.gone == 1
    assert [wrong.sentence for wrong in ends.wrongs] == [
        "D was sent home before the 3 s of `max_wait` had passed"
    ]


def test_it_lasts_as_long_as_the_studys_deadlines_whatever_the_speed() -> None:
    study = parse(as_files(TURNS, TAKE_TURNS))
    assert longest(study, FAST) == 3.0 + 6 * 20.0 + 30.0 == longest(study, replace(FAST, speed=1.0))


# All studies that there are, and some that nobody thought of


def hurried(toml: str, rounds: int) -> str:
    """With times that a story has: nobody here takes any to think. `rounds`: of what is repeated more often."""
    short = re.sub(r'^max_wait( *)= "\w+"', r'max_wait\1= "4s"', toml, flags=re.MULTILINE)
    short = re.sub(r'^after( *)= "\w+"', r'after\1= "1s"', short, flags=re.MULTILINE)
    short = re.sub(
        r"^repeat( *)= (\d+)",
        lambda found: f"repeat{found[1]}= {min(int(found[2]), rounds)}",
        short,
        flags=re.MULTILINE,
    )
    return re.sub(r'^limit( *)= "\w+"(?=\nends)', r'limit\1= "3s"', short, flags=re.MULTILINE)


def an_example(folder: Path, name: str, rounds: int) -> Path:
    study = PROJECT / "studies" / name
    files = {
        path.relative_to(study).as_posix(): path.read_bytes()
        for path in study.rglob("*")
        if path.suffix in (".toml", ".html", ".py")
    }
    return write(
        folder / name, files | {"study.toml": hurried(files["study.toml"].decode(), rounds).encode()}
    )


def an_odd_study(folder: Path, seed: int) -> Path:
    """One with steps of all kinds in any order."""
    chance = random.Random(seed)
    seats = chance.choice(["any = 2", "any = 3", "red = 1, blue = 1", "red = 1, any = 1"])
    toml = HEAD.replace("any = 2", seats)
    if "red" in seats:
        toml = 'types = ["red", "blue"]\n' + toml
    limits = {"look": "1s", "later": "2s"}
    more = {"later": 'ends = "deadline"\n', "some": 'when = "some"\n', "own": 'wait_for = "none"\n'}
    for number in range(chance.randint(1, 4)):
        kind = chance.choice(["ask", "look", "some", "later", "own"])
        toml += f'[[step]]\npage = "talk"\nname = "step{number}"\nrepeat = {chance.randint(1, 2)}\n'
        toml += f'limit = "{limits.get(kind, "4s")}"\n{more.get(kind, "")}'
        asks = chance.choice(["yes_no", "integer", "text"])
        if kind != "look":
            toml += f'fields = [{{name = "field{number}", ask = "?", kind = "{asks}"}}]\n'
        if kind != "own":
            toml += chance.choice(["", 'chat = "room"\n'])
    toml += f'[dropout]\nthen = ["{chance.choice(["end_room", "continue", "bot", "smaller"])}"]\n'
    hooks = "def some(room):\n    return {room.slots[-1]} if room.round == 1 else False\n"
    return write(folder / f"odd{seed}", as_files(toml, hooks if "some" in toml else ""))


@pytest.mark.parametrize(
    "rounds", [pytest.param(1000, id="whole", marks=pytest.mark.slow), pytest.param(2, id="two rounds")]
)
def test_the_verdict_tells_what_the_tables_have(hall: House, tmp_path: Path, rounds: int) -> None:
    """Studies at the same time: as many people per outcome as SQL counts, and who is stuck is who is named."""
    whole = ["colours", "crowd"] if rounds > 2 else []
    examples = [an_example(tmp_path, name, rounds) for name in ("commons", "moves", "rumour", *whole)]
    studies = examples + [an_odd_study(tmp_path, seed) for seed in range(4)]
    # Who leaves an example without a word would hold up each of its steps.
    plans = [
        replace(FAST, players=13, seed=n)
        if study in examples
        else replace(FAST, players=7, drop=0.25, seed=n)
        for n, study in enumerate(studies)
    ]

    async def story() -> list[tuple[Played, Verdict]]:
        # One after the other each hook is tried, then all are played together.
        casts = [
            await open_rehearsal(hall.database, str(study), plan.players)
            for study, plan in zip(studies, plans, strict=True)
        ]
        together = (played_by(hall, cast, plan) for cast, plan in zip(casts, plans, strict=True))
        return await asyncio.gather(*together)

    seen: set[str] = set()
    for played, verdict in asyncio.run(story()):
        session = verdict.session_id
        assert verdict.ends.counts == ended(hall, session)
        assert sum(verdict.ends.counts.values()) == verdict.players
        assert (
            verdict.answered.by_chance
            == hall.sql("select count(*) from record where session_id = %s and version = 1", session)[0][0]
        )
        gone = [diary.label for diary in played.diaries if diary.gone]
        lost = hall.sql(
            "select label from player where session_id = %s and label <> all(%s)"
            " and (code is null or outcome = 'closed')",
            *(session, gone),
        )
        unfinished = not hall.sql(
            "select 1 from player where session_id = %s and outcome = 'complete'", session
        )
        assert bool(verdict.empty) == unfinished
        told = [one for promise in verdict.promises if promise.number == 4 for one in promise.wrongs]
        assert {one.split()[0] for one in told} == {label for (label,) in lost}, (verdict.name, told, lost)
        seen |= set(verdict.ends.counts)
    assert {"complete", "lobby", "withdrawn"} <= seen
