"""Stories of rooms that open before they are full: who waited long enough plays, and bots have the other seats."""

from __future__ import annotations

import asyncio
import csv
import json
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.__main__ import main
from app.database import clock
from app.database.connections import Connection
from app.export import export
from app.export.verify import verify
from app.rehearsal.trial import try_hooks
from app.replay import check as replay_check
from app.replay.reading import read_then
from app.replay.what_if import Turn, beside, would_have_been
from app.rooms import dropouts, rooms, seating
from app.rooms.prospects import prospects
from app.rooms.rooms import RoomView
from app.rooms.seating import Waiting, decide
from app.sessions import sessions
from app.study.estimate import estimate_of
from app.study.model.study import RoomKind, Study
from app.study.reading import check, parse
from app.web.monitor import histories
from app.web.monitor.histories import RoomStory
from app.web.monitor.ticks import room_lines
from app.web.replay.dashboard import monitor_then
from app.web.replay.places import Stage, page_then, room_then, story_then
from tests.house.conducting import conduct
from tests.house.crowd import CROWD, KINDS, age, come, seat
from tests.house.desk import desk
from tests.house.guests import seated
from tests.house.house import House, Opened
from tests.house.server import Server
from tests.house.studies import PAGE
from tests.house.waits import until

STUDY = """
title = "Company"
types = ["red", "blue"]
[[room]]
name = "mixed"
seats = {red = 2, blue = 2}
bots_after = "60s"
[lobby]
max_wait = "5m"
[network]
kind = "ring"
[[treatment]]
name = "rank"
levels = ["leader", "follower"]
by = "player"
within = "room"
[pay]
currency = "EUR"
base = 1.00
[[step]]
page = "talk"
repeat = 3
limit = "60s"
chat = "neighbours"
fields = [{name = "belief", ask = "How sure are you?", kind = "integer", min = 0, max = 100}]
show = [{field = "belief"}]
"""
DRAWN = re.compile(r'href="#t\d-bot"')
RANK = "{% block before %}<p>You are the {{ treatment.rank }}.</p>{% endblock %}"
HOOK = b"""
def play(room, slot, questions):
    me = room.seat(slot)
    assert me.bot and not me.plays and me.type in ("red", "blue") and me.treatment["rank"], me
    return {one.name: 10 * slot + room.round for one in questions}
"""


def files(toml: str = STUDY, hooks: bytes = b"") -> dict[str, bytes]:
    given = {"study.toml": toml.encode(), "pages/talk.html": (PAGE + RANK).encode()}
    return given | ({"hooks.py": hooks} if hooks else {})


# What the lobby decides.

MIXED = RoomKind("mixed", {"red": 2, "blue": 2}, bots_after=60)
ANYBODY = RoomKind("table", {"any": 4}, bots_after=60)
LEADER = RoomKind("led", {"red": 1, "any": 3}, bots_after=60)


@pytest.mark.parametrize(
    ("kind", "waiting", "reasons"),
    [
        (MIXED, ["red 59"], []),
        (MIXED, ["red 62"], ["1 person was waiting 1:02 (red); 3 bots; `mixed` #1"]),
        (MIXED, ["green 62"], []),
        (
            MIXED,
            ["red 62", "green 90", "blue 1"],
            ["2 people were waiting (1 red, 1 blue), the longest 1:02; 2 bots"],
        ),
        (
            MIXED,
            ["red 62", "red 61", "red 60", "red 2"],
            [
                "2 people were waiting (2 red), the longest 1:02; 2 bots",
                "2 people were waiting (2 red), the longest 1:00; 2 bots",
            ],
        ),
        (MIXED, ["red 62", "red 61", "red 2"], ["2 people were waiting (2 red), the longest 1:02; 2 bots"]),
        (
            MIXED,
            ["red 5", "red 4", "blue 3", "blue 2"],
            ["4 people were waiting (2 red, 2 blue), the longest 0:05; `"],
        ),
        (replace(MIXED, people=2), ["red 99"], []),
        (replace(MIXED, people=2), ["red 99", "green 99"], []),
        (
            replace(MIXED, people=2),
            ["red 99", "blue 0"],
            ["2 people were waiting (1 red, 1 blue), the longest 1:39"],
        ),
        (replace(MIXED, after=30), ["red 62", "blue 29"], ["1 person was waiting 1:02 (red); 3 bots"]),
        (replace(MIXED, after=90), ["red 89"], []),
        (replace(MIXED, after=90), ["red 91"], ["1 person was waiting 1:31 (red); 3 bots"]),
        (
            replace(MIXED, count=1),
            ["red 62", "red 61", "red 60"],
            ["2 people were waiting (2 red), the longest 1:02"],
        ),
        (replace(MIXED, bots_after=0), ["blue 0"], ["1 person was waiting 0:00 (blue); 3 bots"]),
        (replace(ANYBODY, people=3), ["red 70", "red 9"], []),
        (
            ANYBODY,
            ["red 70", "blue 9", " 8"],
            ["3 people were waiting (1 red, 1 blue, 1 of no type), the longest 1:10; 1 bot;"],
        ),
        (ANYBODY, [" 70"], ["1 person was waiting 1:10; 3 bots"]),
        (LEADER, ["blue 70"], ["1 person was waiting 1:10 (blue); 3 bots"]),
        (LEADER, ["blue 70"] + ["blue 9"] * 4, ["3 people were waiting (3 blue), the longest 1:10; 1 bot;"]),
        (
            LEADER,
            ["blue 70", "blue 9", "blue 8", "blue 7"],
            ["3 people were waiting (3 blue), the longest 1:10; 1 bot;"],
        ),
    ],
)
def test_bots_take_the_seats_that_lack_people_once_somebody_has_waited_for_them(
    kind: RoomKind, waiting: list[str], reasons: list[str]
) -> None:
    crowd = [
        Waiting(number, type_, float(waited))
        for number, (type_, waited) in enumerate(one.split(" ") for one in waiting)
    ]
    found = decide([kind], crowd, {})
    assert [one.reason[: len(start)] for one, start in zip(found, reasons, strict=True)] == reasons
    assert all(f"`{kind.name}` #{number}" in one.reason for number, one in enumerate(found, 1))


@given(KINDS, CROWD, st.sampled_from([0.0, 20.0, 40.0]), st.integers(1, 3))
def test_every_room_with_bots_has_its_seats_and_nobody_waits_on_who_could_sit_with_bots(
    kinds: list[RoomKind], crowd: list[Waiting], bots_after: float, people: int
) -> None:
    kinds = [replace(kind, bots_after=bots_after, people=people) for kind in kinds]
    placements = decide(kinds, crowd, {})

    by_id = {one.player_id: one for one in crowd}
    seated = [player_id for placement in placements for player_id, _ in placement.seats]
    assert len(seated) == len(set(seated)), "somebody sits twice"
    for one in placements:
        assert Counter([wanted for _, wanted in one.seats]) + Counter(one.bots) == one.kind.seats
        assert all(wanted in (by_id[player_id].type, "any") for player_id, wanted in one.seats)
        assert not one.bots or len(one.seats) >= people
        longest = max(by_id[player_id].waited for player_id, _ in one.seats)
        assert longest >= (bots_after if one.bots else 0)
    left = [one for one in crowd if one.player_id not in seated]
    for kind in kinds:
        opened = sum(placement.kind is kind for placement in placements)
        fits = [one for one in left if kind.takes(one.type) and one.waited >= kind.after]
        seats = kind.size - sum(seating.missing(kind, Counter(one.type for one in fits)).values())
        due = any(one.waited >= bots_after for one in fits) and seats >= people
        assert opened == kind.count or not due, f"{kind} could have opened with bots for {fits}"


def test_the_lobby_is_looked_at_as_bots_come() -> None:
    study = parse(files())
    assert seating.next_look(study, [10, 20], running=True) == 40
    assert seating.next_look(study, [70], running=True) == 230
    assert (
        seating.next_look(study, [10, 20], running=False) == 3580
    )  # who came first is sent home an hour later


def test_the_lobby_promises_only_what_nobody_can_take_away() -> None:
    def promised(toml: str) -> tuple[float | None, int]:
        study = parse(files(toml, b"def group(lobby):\n    return []\n"))
        prospect = prospects(study, {"red": 1}, {})["red"]
        assert prospect is not None
        return prospect.bots_after, prospect.people

    assert promised(STUDY) == (60, 1)
    assert promised(STUDY.replace('"60s"\n[lobby]', '"60s"\npeople = 3\n[lobby]')) == (60, 3)
    assert promised(STUDY.replace('"60s"\n[lobby]', '"60s"\ncount = 2\n[lobby]')) == (None, 1)
    assert promised(STUDY.replace('bots_after = "60s"', "")) == (None, 1)
    assert promised(STUDY.replace("[lobby]", '[lobby]\nseat = "group"')) == (None, 1)


@pytest.mark.parametrize(
    ("language", "people", "words"),
    [
        (
            "en",
            2,
            [
                "If at least 2 of you are here in ",
                ", you start then; free places are taken by computer players.",
            ],
        ),
        ("de", 1, ["Sie beginnen in spätestens ", "; freie Plätze nehmen dann Computerspieler ein."]),
        (
            "es",
            2,
            ["Si en ", " hay al menos 2 de ustedes, empezarán entonces; las plazas libres las ocuparán"],
        ),
    ],
)
def test_the_lobby_says_when_bots_come_in_the_studys_language(
    shared: House, server: Server, language: str, people: int, words: list[str]
) -> None:
    toml = STUDY.replace('"60s"\n[lobby]', f'"60s"\npeople = {people}\n[lobby]')
    session = shared.open_study(parse(files(f'language = "{language}"\n{toml}')), {"red": 1})
    one = shared.guest(server, session, "R1")

    async def story() -> str:
        await one.sign_in()
        return await one.page()

    page = shared.tell(story())
    assert re.search(".*".join(map(re.escape, words)), page), page[page.index("<main") :]


# From the link to the CSV.


def test_one_person_and_three_bots_play_from_the_link_to_the_csv(
    shared: House, server: Server, tmp_path: Path
) -> None:
    study = parse(files(STUDY.replace('"60s"\n[lobby]', '"2s"\n[lobby]')))
    session = shared.open_study(study, {"red": 2, "blue": 1})
    one, ada = shared.guest(server, session, "R1"), desk(shared, server, session)

    async def story() -> None:
        await one.sign_in()
        assert "at the latest; free places are then taken by computer players." in await one.page()
        await seated(one)
        room = (await one.form())["form_key"].split(".")[0]
        for round_ in (1, 2, 3):
            await until(partial(_bots_have, shared, 3 * round_), f"the bots' answers of round {round_}")
            page = await one.page()
            assert f"round {round_} of 3" in page
            assert (await ada.page()).count('class="is-bot"') == 3, "the dashboard names them"
            if round_ == 2:
                assert _shown(page) == _said_by_neighbours(shared, 1), (
                    "their answers are shown like anybody's"
                )
            assert (await one.say(f"Anybody there in round {round_}?")).status == 200
            assert f"Anybody there in round {round_}?" in await one.page()
            await one.answer({"belief": "50"})
        await until(lambda: shared.sql("select name from room where status = 'ended'"), "the end")
        assert (await one.page()).count('id="code"') == 1
        seen = await ada.page(f"/rooms/{room}")
        assert seen.count("a bot from the start") == len(DRAWN.findall(seen)) == 3
        assert "1 person was waiting 0:02 (red); 3 bots; <code>mixed</code> #1" in seen and "None" not in seen

    shared.tell(story())
    assert shared.contradictions(session) == []
    _holds(shared, session, study)

    asyncio.run(export.write_folder(shared.database, session.id, study, tmp_path / "out"))
    (room,) = _table(tmp_path, "rooms.csv")
    assert re.fullmatch(r"1 person was waiting 0:0[2-4] \(red\); 3 bots; `mixed` #1", room["reason"])
    seats = json.loads(room["seats"])
    assert Counter((one["type"], "bot" in one) for one in seats) == {
        ("red", False): 1,
        ("red", True): 1,
        ("blue", True): 2,
    }
    assert len({one["alias"] for one in seats}) == 4
    bots = {one["slot"]: one["treatment"]["rank"] for one in seats if "bot" in one}
    told = _table(tmp_path, "results.csv")
    assert len(told) == 9, "each bot answered each round once"
    assert {(int(one["slot"]), one["player"], one["made_by"]) for one in told} == {
        (slot, "", "bot") for slot in bots
    }
    people = {one["label"]: one for one in _table(tmp_path, "players.csv")}
    assert people.keys() == {"R1", "R2", "B1"} and int(people["R1"]["slot"]) not in bots
    ranks = Counter([*bots.values(), people["R1"]["treatment_rank"]])
    assert ranks == {"leader": 2, "follower": 2}, "balanced within the room, bots included"
    assert len(_table(tmp_path, "ties.csv")) == 8 and len(_table(tmp_path, "records.csv")) == 3
    assert [one["label"] for one in _table(tmp_path, "payments.csv")] == ["R1"], "a bot is paid nothing"


def test_a_page_that_stays_open_is_led_from_the_lobby_through_the_rounds_with_bots(
    shared: House, server: Server
) -> None:
    toml = STUDY.replace('"60s"\n[lobby]', '"1s"\n[lobby]').replace('"belief"}]', '"belief", round = "now"}]')
    session = shared.open_study(parse(files(toml)), {"red": 1})
    one = shared.guest(server, session, "R1")

    async def story() -> None:
        await one.sign_in()
        async with one.watching() as stream:
            await stream.until(lambda text: "round 1 of 3" in text, "the room")
            for round_ in (1, 2, 3):
                await until(partial(_bots_have, shared, 3 * round_), "the bots' answers")
                values = _said_by_neighbours(shared, round_)
                shows = partial(_all_in, [f">{value}</td>" for value in values])
                await stream.until(shows, f"on the page what neighbours say in round {round_}")
                await one.answer({"belief": "50"})
            await stream.until(lambda text: 'id="code"' in text, "the end")

    shared.tell(story())
    assert shared.contradictions(session) == []


def test_the_same_seed_gives_the_same_seats_and_the_same_answers_of_bots(house: House) -> None:
    first, second = (_opened_with_bots(house, STUDY) for _ in range(2))
    assert first == second
    slots, results = first
    assert Counter(type_ for _, type_, _, bot, _ in slots if bot) == {"red": 1, "blue": 2}
    assert len(results) == 3


def test_the_studys_own_function_answers_for_bots_that_fill_a_room(house: House) -> None:
    slots, results = _opened_with_bots(house, STUDY + '[dropout]\nbot = "play"\n', HOOK)
    assert results == [(slot, "belief", str(10 * slot + 1)) for slot, *_, bot, _ in slots if bot]


def test_a_score_that_names_bots_pays_people_alone(house: House) -> None:
    toml = STUDY.replace("repeat = 3", 'repeat = 3\nscore = "points"').replace(
        'currency = "EUR"', 'currency = "EUR"\nper_point = 0.01'
    )
    hook = b"def points(room):\n    return {slot: said for slot, said in room.said('belief').items()}\n"
    study = parse(files(toml, hook))
    session = house.open_study(study, {"red": 1})
    come(house, session, "R1")
    age(house, session, 61, "R1")
    assert seat(house, session) == 1
    conduct(house)
    house.sql("update room set deadline = now()")
    conduct(house)
    assert house.sql("select round from room") == [(2,)]
    assert house.sql("select player_id from earning") == [], "R1 said nothing, and bots earn nothing"
    _holds(house, session, study)


def test_a_kill_between_the_opening_and_the_bots_first_answer_leaves_nobody_stuck(house: House) -> None:
    study = parse(files())
    session = house.open_study(study, {"red": 1})
    # Whoever seated them is gone at once: nobody has been told of the room, and no bot has said anything.
    come(house, session, "R1")
    age(house, session, 61, "R1")
    assert seat(house, session) == 1
    assert _answers(house) == 0

    server = house.serve()
    one = house.guest(server, session, "R1")

    async def begins() -> None:
        await one.sign_in()
        await one.answer({"belief": "50"})
        await until(lambda: _answers(house) == 6, "the bots' answers of two rounds")

    async def goes_on() -> None:
        for round_ in (2, 3):
            await one.shows(f"round {round_} of 3")
            await one.answer({"belief": "50"})
        await until(lambda: house.sql("select name from room where status = 'ended'"), "the end")

    house.tell(begins())
    server.kill()
    one.goes_to(house.serve())
    house.tell(goes_on())
    assert _answers(house) == 9, "each bot answered each round once"
    assert house.contradictions(session) == []
    _holds(house, session, study)


def test_nobody_stands_by_for_a_bots_seat_and_bots_alone_keep_no_room_going(house: House) -> None:
    toml = STUDY.replace('"60s"\n[lobby]', '"60s"\ncount = 1\n[lobby]')
    toml += '[standby]\nplaces = 2\nuntil = "5m"\n[dropout]\nthen = ["standby", "smaller"]\n'
    study = parse(files(toml))
    session = house.open_study(study, {"red": 2, "blue": 1})
    come(house, session, "R1")
    age(house, session, 61, "R1")
    assert seat(house, session) == 1
    come(house, session, "R2", "B1")
    assert seat(house, session) == 0
    standing_by = "select label from player where standby_until is not null"
    assert house.sql(standing_by) == [("R2",)], "a bot has every blue seat"

    house.do(lambda conn: _withdraw(conn, study, "R1"))
    assert house.sql("select label from player where status = 'playing'") == [("R2",)]
    house.do(lambda conn: _withdraw(conn, study, "R2"))
    conduct(house)
    assert house.sql("select status::text from room") == [("ended",)]
    _holds(house, session, study)


def test_a_moment_that_is_over_shows_the_bots_as_they_were(house: House) -> None:
    study = parse(files())
    session = house.open_study(study, {"red": 1})
    come(house, session, "R1")
    age(house, session, 61, "R1")
    seat(house, session)
    conduct(house)

    async def both(conn: Connection) -> tuple[RoomView, RoomView, str, RoomStory, RoomStory, list[Any]]:
        [(room_id,)] = await (await conn.execute("select id from room")).fetchall()
        [(player_id,)] = await (await conn.execute("select id from player")).fetchall()
        at = clock.now()
        then = await read_then(conn, session.id, at)
        opened = await sessions.find_session(conn, session.id)
        assert opened is not None
        stage = Stage(opened, study, at, then)
        now = await histories.story_in(conn, session.id, room_id)
        assert now is not None
        lines = [monitor_then(stage, None, {}).rooms[0], (await room_lines(conn, session.id))[0]]
        page = await page_then(conn, stage, player_id)
        story = await story_then(conn, stage, room_id)
        return await room_then(conn, stage, room_id), await rooms.view(conn, room_id), page, story, now, lines

    view, real, page, story, now, lines = house.do(both)
    assert view.seats == real.seats and len(real.seats) == 4
    assert sum(seat.player_id is None and seat.bot and seat.is_taken for seat in real.seats) == 3
    assert 'action="/play/records"' in page
    assert [(one.label, one.type) for one in story.sitters.values()] == [
        (one.label, one.type) for one in now.sitters.values()
    ]
    assert lines[0].types == lines[1].types and Counter(lines[0].types) == {"red": 2, "blue": 2}
    assert lines[0].states.count("bot") == lines[1].states.count("bot") == 3
    assert lines[0].asked == lines[1].asked == 1


def test_who_came_is_seated_again_with_bots(house: House) -> None:
    turns = [Turn(0, "started"), Turn(1_000_000, "came", 1, "red"), Turn(31_000_000, "came", 2, "blue")]
    found = asyncio.run(would_have_been(parse(files()), turns, 600_000_000, 1, {}))
    assert [(room.second, room.reason) for room in found.rooms] == [
        (61, "2 people were waiting (1 red, 1 blue), the longest 1:00; 2 bots; `mixed` #1")
    ]
    assert (found.waits, found.bots) == ([60, 30], 2)
    other = replace(found, bots=0)
    assert re.search(r"^bots beside them +2 +0$", beside(found, other), re.MULTILINE)
    assert "bots beside them" not in beside(other, other)


def test_what_is_recounted_misses_a_slot_of_which_nobody_told_that_a_bot_has_it(house: House) -> None:
    study = parse(files())
    session = house.open_study(study, {"red": 1})
    come(house, session, "R1")
    age(house, session, 61, "R1")
    seat(house, session)
    _holds(house, session, study)
    house.sql("update event set data = data - 'type' where name = 'bot_placed'")
    verdict = asyncio.run(verify(house.database, session.id, study))
    [wrong] = [one for one in verdict.checks if one.found]
    assert wrong.found == 3 and "has no player" in wrong.rows[0]
    assert not house.read(lambda conn: replay_check.check(conn, session.id)).ok


# What a study may say.


@pytest.mark.parametrize(
    ("people", "fills"),
    [
        (Counter(red=1), 60.0),
        (Counter(red=2, blue=2), 60.0),
        (Counter(red=100, blue=100), 1.5),
        (Counter(green=3), None),
        (4, 60.0),
    ],
)
def test_the_estimate_reckons_with_bots(people: Counter[str] | int, fills: float | None) -> None:
    assert estimate_of(parse(files()), people, 100).fills.get("mixed") == fills


def test_check_says_from_when_on_bots_come(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name, content in files().items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(content)
    (tmp_path / "people.csv").write_text("token,label,type\n,R1,red\n")
    assert main(["check", str(tmp_path), "--players", str(tmp_path / "people.csv"), "--over", "10m"]) == 0
    told = capsys.readouterr().out
    assert (
        "a `mixed` fills about 1 minute after its first has come, with bots after a wait of 1 minute\n"
        in told
    )


def test_a_room_that_bots_can_fill_is_one_that_can_fill() -> None:
    assert _told(STUDY, Counter(red=1)) == []
    alone = _told(STUDY.replace('bots_after = "60s"', ""), Counter(red=1))
    assert "Room `mixed` can never fill: only 1 red player." in alone
    assert _told(STUDY.replace('"60s"\n[lobby]', '"60s"\npeople = 2\n[lobby]'), Counter(red=1)) == [
        "Room `mixed` can never open: 1 of the 2 people that it takes."
    ]


def test_bots_that_find_no_answer_are_told_wherever_they_come_from() -> None:
    hopeless = STUDY.replace('kind = "integer", min = 0, max = 100', 'kind = "text", min = 2500')
    said = ["A bot finds no answer to `belief` by itself."]
    assert _told(hopeless) == said
    assert _told(hopeless.replace('bots_after = "60s"', "")) == []
    hooked = files(hopeless + '[dropout]\nbot = "play"\n', HOOK)
    assert [one.sentence for one in check(hooked)] == [], "nothing is said of a function that bots call"


def test_a_function_that_needs_what_a_bot_never_said_is_told_before_anybody_comes() -> None:
    asking = STUDY.replace(
        "[[room]]", "[entry]\nfields = [{name = 'age', ask = 'Age', kind = 'integer'}]\n[[room]]"
    )
    asking = asking.replace("repeat = 3", 'repeat = 3\nscore = "points"').replace(
        "base = 1.00", "base = 1.00\nper_point = 0.01"
    )
    hook = b"def points(room):\n    return {seat.slot: seat.entry['age'] for seat in room.seats}\n"
    [told] = asyncio.run(try_hooks(parse(files(asking, hook))))
    assert told.grave and told.sentence.startswith(
        "`points` fails in a made-up room `mixed` that bots fill: "
    )
    assert asyncio.run(try_hooks(parse(files(asking.replace('bots_after = "60s"', ""), hook)))) == []
    hooked = files(STUDY + '[dropout]\nbot = "play"\n', HOOK)
    assert asyncio.run(try_hooks(parse(hooked))) == [], "the bot's own function gets a slot that a bot has"


def test_a_bot_clicks_by_itself_whatever_the_studys_function_knows_to_answer() -> None:
    end = '[[step]]\npage = "talk"\nname = "end"\nlimit = "60s"\nbutton = "Next"\n'
    hooked = files(STUDY + end + '[dropout]\nbot = "play"\n', HOOK)
    assert asyncio.run(try_hooks(parse(hooked))) == []


def _told(toml: str, people: Counter[str] | None = None) -> list[str]:
    return [one.sentence for one in check(files(toml), people)]


# Verbs of these stories.


def _opened_with_bots(house: House, toml: str, hooks: bytes = b"") -> tuple[Sequence[Any], Sequence[Any]]:
    """Slots and what bots answered in the first round, with one red of a session whose seed is 7."""
    study = parse(files(toml, hooks))
    session = house.open_study(study, {"red": 1})
    house.sql("update session set seed = 7 where id = %s", session.id)
    come(house, session, "R1")
    age(house, session, 61, "R1")
    assert seat(house, session) == 1
    conduct(house)
    slots = house.sql(
        """select slot, s.type, alias, bot, coalesce(p.treatment, s.treatment)
        from slot s left join player p using (room_id, slot) where s.session_id = %s order by slot""",
        session.id,
    )
    results = house.sql(
        "select slot, name, value from result where session_id = %s order by slot", session.id
    )
    _holds(house, session, study)
    house.act("close", session)
    return slots, results


def _holds(house: House, session: Opened, study: Study) -> None:
    """What `verify` and `replay --check` say of it; waits were moved by hand."""
    verdict = asyncio.run(verify(house.database, session.id, study))
    assert [one for one in verdict.checks if one.found] == []
    told = house.read(lambda conn: replay_check.check(conn, session.id)).differences
    assert [one for one in told if one.column != "waiting_since"] == []


async def _withdraw(conn: Connection, study: Study, label: str) -> None:
    [(player_id,)] = await (await conn.execute("select id from player where label = %s", [label])).fetchall()
    await dropouts.withdraw(conn, player_id, study)


def _all_in(parts: Sequence[str], text: str) -> bool:
    return all(part in text for part in parts)


def _bots_have(house: House, answers: int) -> bool:
    return _answers(house) == answers


def _answers(house: House) -> int:
    [(answers,)] = house.sql("select count(*) from result where made_by = 'bot'")
    return int(answers)


def _shown(page: str) -> list[str]:
    """The numbers of the table that the step shows."""
    table = re.search(r"<tbody>.*?</tbody>", page[page.index('id="shown"') :], re.DOTALL)
    assert table
    return sorted(re.findall(r"<td[^>]*>([0-9]+)</td>", table[0]))


def _said_by_neighbours(house: House, round_: int) -> list[str]:
    return [
        value
        for (value,) in house.sql(
            """select r.value from result r join player p on p.room_id = r.room_id
            join tie t on t.room_id = r.room_id and t.from_slot = p.slot and t.to_slot = r.slot
            where r.round = %s order by r.value""",
            round_,
        )
    ]


def _table(folder: Path, name: str) -> list[dict[str, str]]:
    with (folder / "out" / name).open(newline="") as file:
        return list(csv.DictReader(file))
