"""Stories of a rehearsal: it says that all is well when it is, and names the promise that somebody broke."""

from __future__ import annotations

import asyncio
import csv
import json
import os
import re
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from shutil import copytree

import psycopg
import pytest

from app.rehearsal.capacity import estimate
from app.rehearsal.cast import RehearsalError
from app.rehearsal.gauges import Process, Sample
from app.rehearsal.habits import habits
from app.rehearsal.play import Played, Setting
from app.rehearsal.rehearse import answers
from app.rehearsal.verdict import Verdict, judge
from app.web.access.accounts import put_account
from app.web.access.rights import give
from app.web.processes import bind
from tests.house.house import House
from tests.house.proxy import Exchange, Proxy
from tests.house.rehearsing import DASHBOARD, PLAN, SHORT, a_copy, broken, play_short, told_of_one_that_held
from tests.house.server import Server
from tests.house.shell import networklab
from tests.house.waits import until

CORES = os.cpu_count() or 1
# A rehearsal


@pytest.mark.slow  # `held` is the short version
def test_sixty_players_some_of_whom_drop_out_or_have_bad_connections_are_held(
    house: House, short: Path, tmp_path: Path
) -> None:
    report, receipts = tmp_path / "report.html", tmp_path / "receipts.csv"
    done = networklab(
        house,
        *("rehearse", "--session", short, "--players", "60", "--over", "10s", "--speed", "10"),
        *("--drop", "10%", "--flaky", "20%", "--report", report, "--receipts", receipts, "--json"),
    )
    found = told_of_one_that_held(done)
    assert all(promise["checked"] for promise in found["promises"])
    assert len(found["promises"]) == 9
    # Something was put to the test.
    assert found["figures"]["records acknowledged"] > 200 and found["figures"]["messages acknowledged"] > 30
    for mischief in ("clicked twice", "locked the phone", "lost the connection under a form"):
        assert mischief in " ".join(found["notes"]), found["notes"]
    assert "withdrew" in " ".join(found["notes"]) or "without a word" in " ".join(found["notes"])
    assert re.search(r"\d+ of 60 came", done.stderr)
    # The session is there, ended, and what the bots hold is in it.
    assert house.sql("select status::text from session") == [("closed",)]
    with receipts.open(newline="") as file:
        kept = {line["receipt"] for line in csv.DictReader(file)}
    stored = house.sql("select count(distinct form) from record")[0][0]
    assert found["figures"]["receipts found in the export"] == len(kept) <= stored
    text = report.read_text()
    assert found["verdict"] in text.replace("&#39;", "'") and text.count("<svg") >= 6
    assert "<script" not in text and "http" not in text.replace("http-equiv", "")


def test_a_session_is_rehearsed_as_it_is_and_stays_as_it_is_and_its_data_can_be_had(
    house: House, short: Path, tmp_path: Path
) -> None:
    house.open_folder(short, {"red": 6, "blue": 2}, start=False)
    [(session,)] = house.sql("select id from session")
    house.do(lambda conn: put_account(conn, "ada", "a long password"))
    house.do(lambda conn: give(conn, session, "ada", "owner", "story"))
    how = ("--over", "1s", "--speed", "20", "--json", "--export", str(tmp_path / "data"))
    found = told_of_one_that_held(networklab(house, "rehearse", "--session", session, *how))
    manifest = json.loads((tmp_path / "data" / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["session"]["id"] == found["session"] and manifest["files"]["rounds.csv"]["rows"] > 0
    again = networklab(house, "rehearse", "--session", session, "--export", str(tmp_path / "data"))
    assert again.returncode == 2 and "is there already" in again.stderr
    assert found["session"] != session and found["players"] == 8
    on = "select account, role::text from session_right where session_id = %s order by account"
    assert house.sql(on, found["session"]) == [("ada", "owner"), ("rehearsal", "observer")], "who is on that"
    assert house.sql(
        "select count(*) from player where session_id = %s and status <> 'invited'", session
    ) == [(0,)]
    types = house.sql(
        "select type, count(*) from player where session_id = %s group by type order by type",
        found["session"],
    )
    assert types == [("blue", 2), ("red", 6)]


@pytest.mark.parametrize(
    "door",
    [
        pytest.param("anonymous = true", marks=pytest.mark.slow),
        'ids = ["survey_code", "wave"]\npattern = "[0-9]{2,7}"',
    ],
)
def test_a_study_with_a_door_is_rehearsed_by_the_link_for_everybody(
    hall: House, server: Server, short: Path, tmp_path: Path, door: str
) -> None:
    study = copytree(short, tmp_path / "by-door")
    (study / "study.toml").write_text(f"{SHORT}[door]\n{door}\n")
    done = networklab(
        hall,
        *("rehearse", "--session", study, "--url", server.base, "--players", "8", "--over", "1s"),
        *("--speed", "20", "--json"),
    )
    session = told_of_one_that_held(done)["session"]
    ways = hall.sql("select by_door is not null, given from player where session_id = %s", session)
    assert len(ways) == 8 and all(by_door for by_door, _ in ways)
    assert all(("wave" in given) == ("wave" in door) for _, given in ways)


@pytest.mark.slow
def test_herd_after_herd_comes_until_one_is_not_held_or_enough_are(house: House, short: Path) -> None:
    done = networklab(
        house,
        *("rehearse", "--session", short, "--until-it-breaks", "--players", "4", "--most", "7"),
        *("--over", "0s", "--speed", "20", "--drop", "0%", "--flaky", "0%", "--json"),
    )
    found = told_of_one_that_held(done)
    levels = found.get("levels", [found])
    assert [level["players"] for level in levels] == [4, 6, 7][: len(levels)]
    if len(levels) > 1:
        assert found["held"] == max((level["players"] for level in levels if level["holds"]), default=0)
    if found["holds"]:
        assert (
            found["summary"]
            == "It held 7 who are 20 times as fast as people, as many as it was to be tried with."
        )
    else:  # on a machine that is busy with something else
        why = found.get("summary", found["verdict"])
        assert any(words in why for words in ("processor", "What was full then", "took", "The dashboard"))


def test_a_running_server_is_rehearsed_with_a_list_of_links_and_no_way_to_its_database(
    shared: House, server: Server, short: Path, tmp_path: Path
) -> None:
    people = tmp_path / "people.csv"
    people.write_text(
        "token,label,type\n" + "".join(f",L{n},{'red' if n % 2 else 'blue'}\n" for n in range(8))
    )
    links = tmp_path / "links.csv"
    opened = networklab(shared, "open", short, "--players", people, "--links", links, "--json")
    session = json.loads(opened.stdout)["session"]
    assert networklab(shared, "start", session).returncode == 0
    nowhere = House("host=/nowhere dbname=nothing", tmp_path)
    done = networklab(
        nowhere,
        *("rehearse", "--session", short, "--url", server.base, "--links", links),
        *("--over", "1s", "--speed", "20", "--drop", "0%", "--json"),
    )
    found = told_of_one_that_held(done)
    assert [promise["number"] for promise in found["promises"] if promise["checked"]] == [4, 7, 9]
    shared.sessions = [session]
    assert shared.sql("select count(*) from player where status = 'finished'") == [(8,)]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--session", "nothing"], "There is no session “nothing”"),
        (["--session", "no/such/study"], "There is no such folder"),
        (["--session", "SHORT", "--url", "http://127.0.0.1:9"], "There is no answer from http://127.0.0.1:9"),
        (["--session", "SHORT", "--over", "soon"], "“soon” is not a time"),
        (["--session", "SHORT", "--drop", "0.05"], "“0.05” is not a share; write 5%"),
        (["--session", "SHORT", "--speed", "0"], "“0” is not a speed"),
        (["--session", "SHORT", "--links", "links.csv"], "--links goes with --url"),
    ],
)
def test_what_can_not_be_rehearsed_gets_a_sentence(
    hall: House, short: Path, arguments: list[str], sentence: str
) -> None:
    before = hall.sql("select max(signed_in_at) from player")
    done = networklab(hall, "rehearse", *[str(short) if word == "SHORT" else word for word in arguments])
    assert done.returncode == 2
    assert sentence in done.stderr and "Traceback" not in done.stderr
    assert hall.sql("select max(signed_in_at) from player") == before


def test_a_server_of_its_own_that_does_not_answer_is_not_taken_for_somebody_elses() -> None:
    with closing(bind("127.0.0.1", 0)) as mute, pytest.raises(RehearsalError, match="This machine is busy"):
        asyncio.run(answers(f"http://127.0.0.1:{mute.getsockname()[1]}", 0.1))


def test_the_same_seed_gives_the_same_people_most_of_whom_come_early() -> None:
    one, same, other = (list(habits(400, 300.0, 0.05, 0.05, 0.5, seed)) for seed in (7, 7, 8))
    assert one == same != other
    assert all(0 <= person.comes <= 300 for person in one)
    assert sum(person.comes < 150 for person in one) > 0.6 * len(one)
    assert 5 < sum(person.drops_at is not None for person in one) < 40
    even = list(habits(400, 300.0, 0.0, 0.0, 0.5, 7, evenly=True, tabs=True))
    assert [sum(start <= person.comes < start + 60 for person in even) for start in range(0, 300, 60)] == [
        80
    ] * 5
    assert all(person.second_tab and person.keeps_tab for person in even)


def sample(second: int, server: float, postgres: float = 0.0, bots: float = 0.0, forms: int = 0) -> Sample:
    """Of a hundred who play; what was used since the beginning, in seconds of a core."""
    return Sample(
        at=float(second),
        came=100,
        playing=100,
        done=0,
        records=0,
        messages=0,
        busy=0,
        latencies=(0.01,) * forms,
        bots_lag=0.0,
        processes={"one": Process(server, 80.0, 100, 0, 0.0, 0.0)},
        postgres_cpu=postgres,
        bots_cpu={7: bots},
    )


@pytest.mark.parametrize(("power", "most"), [(1.0, 200), (0.8, 237), (0.3, 300)])
def test_the_estimate_goes_on_as_the_load_grew_within_the_rehearsal(power: float, most: int) -> None:
    """From 10 to 60 forms a second, with which the server takes up to 45 % of a core; they are answered at once."""
    rates = [min(10 + second, 60) for second in range(80)]
    shares = [0.45 * (rate / 60) ** power for rate in rates]
    samples = [sample(second, sum(shares[: second + 1]), forms=rate) for second, rate in enumerate(rates)]
    room = estimate(samples, 100)
    assert room is not None and room.load.rate == 60
    slack = 1 + 0.2 * 0.6  # whoever waits sends nothing: 0.2 s for each of 0.6 forms a second
    assert 0.96 * min(most * slack, 300) <= room.players <= 1.01 * most * slack


@pytest.mark.parametrize(
    ("server", "postgres", "bots", "players", "what"),
    [
        # Full is at 0.9: of a core for a process, of all cores for what runs on this machine together.
        (0.45, 0.0, 0.0, 200, "a server process, 45% of a core"),
        (0.30, 0.10, 0.60, 150, "the bots themselves, 60% of the core"),
        (0.10, 0.60 * CORES - 0.20, 0.10, 150, "the processors of this machine, 60%"),
        (
            0.03,
            0.01,
            0.01,
            300,
            "a server process, 3% of a core",
        ),  # no further than three times what was played
    ],
)
def test_the_estimate_goes_by_what_was_fullest_in_the_busiest_ten_seconds(
    server: float, postgres: float, bots: float, players: int, what: str
) -> None:
    """All use so much of a core from second 20 to 30, and nothing before and after."""

    def used(share: float, second: int) -> float:
        return share * min(max(second - 20, 0), 10)

    samples = [
        sample(second, used(server, second), used(postgres, second), used(bots, second))
        for second in range(60)
    ]
    room = estimate(samples, 100)
    assert room is not None and room.limit.startswith(what)
    assert room.players in (players, players - 10)  # it is rounded down
    assert room.or_more == (players == 300)
    assert f"the server took {server:.0%}, Postgres {postgres:.0%} and the bots {bots:.0%}" in str(room.load)
    # Seen from elsewhere, the processors of this machine are not the server's.
    away = estimate(samples, 100, local=False)
    assert away is not None and "this machine" not in away.limit


# Promises that somebody broke


def test_nothing_is_wrong_where_nothing_is(held: Played) -> None:
    verdict = asyncio.run(judge(held))
    assert broken(verdict) == {}
    assert sum(len(diary.told) for diary in held.diaries) >= 30
    assert sum(bool(diary.seen) for diary in held.diaries) == 8


BY_HAND = {
    "a record is deleted": (
        1,
        "delete from record where id = (select min(id) from record)",
        r"P000\d: record \d+ of player \d+: not in history.csv",
    ),
    "a record is changed": (
        1,
        "update record set value = value || '1' where id = (select min(id) from record)",
        r"P000\d: record [\d, -]+ of player \d+: not what the receipt says",
    ),
    "a message is deleted": (
        1,
        "delete from message where id = (select min(id) from message)",
        r"message \d+ of player \d+: acknowledged, but not stored",
    ),
    "two sit in one slot": (
        2,
        """drop index one_slot_one_player;
        update player p set slot = q.slot from player q
        where p.room_id = q.room_id and p.id = (select min(id) from player) and q.id <> p.id""",
        "slot",
    ),
    "a form is stored twice": (
        3,
        """alter table record drop constraint one_record_per_form_field;
        insert into record (session_id, player_id, room_id, step, round, field, value, version, late, form)
        select session_id, player_id, room_id, step, round, field, value, version + 1, late, form
        from record where id = (select min(id) from record)""",
        "form",
    ),
    "a message is stored twice": (
        3,
        """insert into message (session_id, room_id, player_id, slot, to_slot, position, step, round, body, form)
        select session_id, room_id, player_id, slot, to_slot, position, step, round, body, gen_random_uuid()
        from message where id = (select min(id) from message)""",
        "is stored 2 times",
    ),
    "somebody is left sitting": (
        4,
        """alter table player drop constraint who_is_out_has_a_code;
        update player set status = 'playing', code = null, finished_at = null where label = 'P0003'""",
        "P0003 is playing after the end",
    ),
    "an event is lost": (
        5,
        """delete from event where (log_id, seq) =
        (select log_id, max(seq) - 1 from event where name = 'message_sent' group by log_id limit 1)""",
        "events numbered",
    ),
    "a message was for another room": (
        8,
        """update message m set room_id = o.id, slot = 1 from room o
        where m.id = (select min(id) from message) and o.id <> m.room_id""",
        r"P000\d read message \d+, which was for others",
    ),
}


@pytest.mark.parametrize("what", BY_HAND)
def test_what_was_broken_by_hand_is_named(held: Played, what: str) -> None:
    number, sql, sentence = BY_HAND[what]
    with a_copy(held) as copy:
        assert copy.url is not None
        with psycopg.connect(copy.url) as conn:
            # The tables' own triggers would log it as if it had happened.
            conn.execute("set session_replication_role = replica")
            for statement in sql.split(";"):
                conn.execute(statement.encode())
        verdict = asyncio.run(judge(copy))
    found = broken(verdict)
    assert number in found, found
    assert re.search(sentence, "\n".join(found[number])), found[number]
    assert not verdict.kept and re.search("promises? broke", verdict.sentence)


def a_broken_server(
    house: House,
    study: Path,
    answered: Callable[[Exchange], None] = lambda exchange: None,
    said: Callable[[bytes, bytes], bytes] = lambda request, data: data,
    plan: Setting = PLAN,
) -> dict[int, tuple[str, ...]]:
    """What a rehearsal through a proxy finds wrong."""
    server = house.servers[0]

    async def story() -> Verdict:
        async with Proxy(server.port, answered, said).running() as base:
            return await judge(await play_short(house.database, study, base, plan))

    return broken(asyncio.run(story()))


def once(change: Callable[[bytes], bytes], pattern: bytes) -> Callable[[bytes, bytes], bytes]:
    """Changes the first piece of a stream in which `pattern` is found."""
    done: list[bool] = []

    def said(request: bytes, data: bytes) -> bytes:
        if done or not re.search(pattern, data):
            return data
        done.append(True)
        return change(data)

    return said


NEWS = rb'hx-target="#talk"(?!.*class="own")'


def test_three_things_that_a_server_does_wrong_at_once_are_each_named(hall: House, short: Path) -> None:
    """A message on a page twice, one in another room, and a refusal without a word about when to come again."""
    told: dict[bytes, bytes] = {}  # room → a message of it
    rooms: dict[bytes, bytes] = {}
    stolen: list[bytes] = []
    refused: list[bytes] = []
    doubled = once(lambda data: data + data, NEWS)

    def said(request: bytes, data: bytes) -> bytes:
        [room] = re.findall(rb'name="form_key" value="(\d+)\.', data)[:1] or [b""]
        cookie = re.search(rb"networklab_player=(\d+)", request)
        assert cookie
        if room:
            rooms[cookie[1]] = room
        mine = rooms.get(cookie[1], b"")
        if re.search(NEWS, data) and mine:
            told.setdefault(mine, data)
            others = [message for other, message in told.items() if other != mine]
            if others and not stolen:
                stolen.append(mine)
                return data + others[0]
        return doubled(request, data)

    def answered(exchange: Exchange) -> None:
        if exchange.request.startswith(b"POST /play/records") and not refused:
            refused.append(exchange.request)
            exchange.answer = b"HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\n\r\n"

    found = a_broken_server(hall, short, answered, said)
    assert stolen and found.keys() == {5, 7, 8}, found
    for number, sentence in {
        5: r"message \d+ stood on the page twice",
        7: "refused with 503 and no word about when to come again",
        8: r"P000\d read message \d+, which was for others",
    }.items():
        assert re.search(sentence, "\n".join(found[number])), (number, found)


def test_an_answer_that_is_always_swallowed_leaves_somebody_stuck_who_is_named(
    hall: House, short: Path
) -> None:
    victim: list[bytes] = []

    def answered(exchange: Exchange) -> None:
        found = re.match(rb"POST (/join/\S+) ", exchange.request)
        if found and not victim:
            victim.append(found[1])
        if victim and exchange.request.startswith((b"POST " + victim[0], b"GET " + victim[0])):
            exchange.answer = None

    found = a_broken_server(hall, short, answered, plan=replace(PLAN, at_most=8.0, patience=1.5))
    stuck = re.search(r"P000\d (came and was never let in|never saw the code)", " · ".join(found.get(4, ())))
    assert stuck, found


def test_a_swallowed_answer_alone_breaks_nothing(hall: House, short: Path) -> None:
    swallowed: list[bytes] = []

    def answered(exchange: Exchange) -> None:
        if exchange.request.startswith(b"POST /play/records") and len(swallowed) < 10:
            swallowed.append(exchange.request)
            exchange.answer = None

    assert a_broken_server(hall, short, answered) == {}
    assert len(swallowed) == 10


def test_a_second_receipt_for_the_same_form_is_named(hall: House, short: Path) -> None:
    answers: dict[bytes, int] = {}

    def answered(exchange: Exchange) -> None:
        if exchange.request.startswith(b"POST /play/records") and exchange.answer:
            body = exchange.request.partition(b"\r\n\r\n")[2]
            answers[body] = answers.get(body, 0) + 1
            if answers[body] > 1:
                exchange.answer = re.sub(rb"receipt: \d", b"receipt: 9", exchange.answer)

    # Enough of them click twice.
    found = a_broken_server(hall, short, answered, plan=replace(PLAN, players=40))
    assert 3 in found and re.search(r"P00\d\d: the same form has two receipts", found[3][0]), found


def test_a_message_that_never_reaches_a_page_and_a_dashboard_that_stands_still_are_named(
    hall: House, short: Path
) -> None:
    house, lost = hall, once(lambda _: b"", NEWS)

    async def story() -> Verdict:
        async with Proxy(house.servers[0].port, said=lost).running() as base:
            # So slow that the page lives on for longer than a moment after the message.
            playing = asyncio.create_task(play_short(house.database, short, base, replace(PLAN, speed=2.5)))
            before = house.sql("select count(*) from record")
            await until(lambda: house.sql("select count(*) from record") > before, "the first records")
            conn = await psycopg.AsyncConnection.connect(house.database)
            await conn.execute("lock table process in access exclusive mode")
            await asyncio.sleep(3.5)  # the fault itself: nobody can write figures meanwhile
            await conn.rollback()
            await conn.close()
            return await judge(await playing)

    verdict = asyncio.run(story())
    found = broken(verdict)
    assert list(found) == [5] and re.search(r"P000\d never saw message \d+ from P000\d", found[5][0]), found
    [still] = [promise.wrongs for promise in verdict.promises if promise.number == DASHBOARD]
    assert re.match(r"it stood still for ([3-9]|\d\d)\.\d s", still[0]), still
