"""Stories of a drill: things go wrong while people play, and nothing is lost; if something is, the seed is told."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest

from app.rehearsal.carried_over import WITHIN, CarriedOver, of_people
from app.rehearsal.diary import Diary, Exchange, Lost
from app.rehearsal.drill import TICKS_WITHIN, Drill, Outcome, with_silence
from app.rehearsal.faults import FAULTS
from app.rehearsal.patroni import NEEDED
from app.rehearsal.play import Played
from app.rehearsal.server_hosts import haproxy_here
from app.rehearsal.verdict import judge
from tests.house.burst import BURST, CROWD, a_burst, assert_kept, everyone_has_written
from tests.house.house import House
from tests.house.rehearsing import a_copy
from tests.house.shell import networklab
from tests.house.waits import until


@pytest.mark.parametrize("faults", [3, pytest.param(5, marks=pytest.mark.slow)])
def test_faults_lose_nothing(house: House, short: Path, faults: int) -> None:
    done = networklab(
        house,
        "drill",
        short,
        "--faults",
        str(faults),
        "--players",
        "12",
        "--seed",
        "6",
        "--speed",
        "6",
        "--to-the-end",
        "--json",
    )
    assert done.returncode == 0, done.stdout + done.stderr
    found = json.loads(done.stdout)
    assert found["ok"] and len(found["faults"]) == faults == len(set(found["faults"]))
    assert f"{faults} faults, and nothing was lost" in found["verdict"]
    for session in found["sessions"]:
        assert all(promise["ok"] and promise["checked"] for promise in session["promises"])
        assert session["outcomes"]["complete"] and not any("closed by" in note for note in session["notes"])
    assert sum(session["figures"]["records acknowledged"] for session in found["sessions"]) > 20
    # A machine without root leaves out what it can't do, and says so.
    ours = os.geteuid() == 0 and shutil.which("nft")
    assert ours or "packets were lost" in found["left_out"]
    assert house.sql("select count(*) from session") == [(0,)], "it played on somebody's database"


def test_while_one_database_is_away_the_dashboard_of_the_other_ticks_on(house: House, short: Path) -> None:
    faults = ["Postgres froze", "Postgres was killed"]
    only = [word for fault in faults for word in ("--only", fault)]
    asked = ["--two-databases", "--faults", "2", "--players", "12", "--speed", "6", "--to-the-end"]
    done = networklab(house, "drill", short, *asked, *only, "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    found = json.loads(done.stdout)
    apart = {one["fault"]: one["apart"] for one in found["other_database"]}
    assert sorted(apart) == faults and all(0 < gap <= TICKS_WITHIN for gap in apart.values())
    assert "the dashboard of the other one ticked at most" in found["verdict"]


@pytest.mark.slow
@pytest.mark.skipif(not all(map(shutil.which, NEEDED)), reason="patroni and etcd are not installed")
@pytest.mark.parametrize(
    ("hosts", "faults"),
    [
        (1, ["the primary's machine was lost", "a switchover was asked for"]),
        pytest.param(
            2,
            ["the primary's disk was full", "a host was killed"],
            marks=pytest.mark.skipif(
                os.geteuid() != 0 or not haproxy_here(), reason="needs root, and haproxy"
            ),
        ),
    ],
)
def test_a_cluster_that_fails_over_by_itself_loses_nothing(
    house: House, short: Path, hosts: int, faults: list[str]
) -> None:
    """Half a minute for each fault, which is what Patroni waits for."""
    only = [word for fault in faults for word in ("--only", fault)]
    asked = ["--patroni", "--hosts", str(hosts), "--faults", str(len(faults)), "--players", "8"]
    done = networklab(house, "drill", short, *asked, *only, "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    found = json.loads(done.stdout)
    assert found["ok"] and sorted(found["faults"]) == sorted(faults)
    assert all(promise["ok"] for session in found["sessions"] for promise in session["promises"])


def test_a_drill_with_patroni_says_what_it_needs(
    house: House, short: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    without = networklab(house, "drill", short, "--patroni")
    assert without.returncode == 2
    assert "There is no patroni and no etcd here. Patroni is `pip install" in without.stderr
    twice = networklab(house, "drill", short, "--patroni", "--standby")
    assert twice.returncode == 2 and "--patroni has a standby of its own." in twice.stderr
    other = networklab(house, "drill", short, "--patroni", "--only", "Postgres was killed")
    assert other.returncode == 2 and "There are: a server process was killed" in other.stderr
    assert "etcd lost its majority" in other.stderr


@pytest.mark.slow
@pytest.mark.skipif(not haproxy_here(), reason="haproxy is not installed")
def test_of_several_hosts_each_may_go_and_its_people_are_at_another(house: House, short: Path) -> None:
    """A quarter of a minute for each fault, which is longer than it takes to notice."""
    faults = ["a host froze", "a new version came host by host", "a host was killed"]
    only = [word for fault in faults for word in ("--only", fault)]
    done = networklab(
        house, "drill", short, "--hosts", "2", "--faults", "3", "--players", "12", *only, "--json"
    )
    assert done.returncode == 0, done.stdout + done.stderr
    found = json.loads(done.stdout)
    over = {one["fault"]: one for one in found["carried_over"]}
    assert sorted(over) == sorted(faults) and all(one["longest"] <= WITHIN for one in over.values())
    assert sum(one["people"] for one in over.values()), "nobody was at a host that was gone"


def test_a_drill_of_several_hosts_says_what_it_needs(house: House, short: Path) -> None:
    both = networklab(house, "drill", short, "--hosts", "2", "--standby")
    assert both.returncode == 2 and "Leave --standby out." in both.stderr
    many = networklab(house, "drill", short, "--hosts", "10")
    assert many.returncode == 2 and "at most 9 hosts" in many.stderr
    other = networklab(house, "drill", short, "--only", "a host froze")
    assert other.returncode == 2 and "There is no fault “a host froze”" in other.stderr


def test_how_long_people_were_without_the_server_is_told_of_each_fault_of_a_host() -> None:
    """One lost the page, and one waits for an answer; a third is asked again later, and one was never there."""
    lost, asks, later, away = (Diary(label) for label in "abcd")
    lost.lost = [Lost(90.0, 95.0), Lost(107.0, 108.5)]
    asks.asks = [Exchange("records", 99.0, 4.0, 2), Exchange("records", 104.0, 0.1, 1)]
    later.asks = [Exchange("records", 120.5, 3.0, 2)]
    away.asks = [Exchange("records", 101.0, 0.2, 1)]
    over = of_people([lost, asks, later, away], [50.0, 100.0, 120.0], since=100.0, until=119.0)
    assert over == CarriedOver(2, 8.5)
    assert of_people([asks], [100.0], 100.0, 119.0) == CarriedOver(1, 3.0), "it was asked before the fault"
    # Whoever had a live page until the host was ended in order was without one from then on.
    assert of_people([lost], [100.0], 100.0, 119.0, in_order=True) == CarriedOver(1, 1.5)
    assert str(over) == "2 people were held up, for 8.5 s at most"
    assert str(CarriedOver(0, 0.0)) == "nobody was held up"


def test_somebody_who_was_without_the_server_for_long_breaks_the_drill(held: Played) -> None:
    at = held.started + 0.5
    one, *others = held.diaries
    waited = replace(
        held,
        diaries=[replace(one, lost=[Lost(at + 1, at + 30)], asks=[]), *(replace(d, asks=[]) for d in others)],
        faults=[(at, "a host froze")],
        ended=at + 40,
    )
    verdict = replace(asyncio.run(judge(held)), promises=(), failed=())
    outcome = Outcome(Drill("my study", hosts=2), ((waited, verdict),), (), (at,))
    assert not outcome.kept and outcome.late == ["a host froze"]
    assert "without the server for more than 10 s (a host froze)" in outcome.sentence
    assert outcome.sentence.endswith("--players 40 --hosts 2")
    assert "a host froze: 1 person was held up, for 30.0 s at most" in str(outcome)
    waited.diaries[0].lost[:] = [Lost(at + 1, at + 9)]
    in_time = replace(outcome)
    assert in_time.kept and "for 9.0 s at most." in in_time.sentence


def test_a_dashboard_that_stands_still_breaks_the_drill_of_two_databases(held: Played) -> None:
    at = held.started
    played = replace(held, faults=[(at, "Postgres froze"), (at + 10, "packets were lost")], ended=at + 20)
    verdict = replace(asyncio.run(judge(held)), promises=(), failed=())
    ticks = tuple(at + second for second in range(20))
    kept = Outcome(Drill("my study", two_databases=True), ((played, verdict),), (), (), ticks)
    assert kept.kept and kept.beside == [("Postgres froze", 1.0)]
    broken = replace(kept, ticks=ticks[:3])
    assert not broken.kept and broken.still == ["Postgres froze"]
    assert "dashboard stood still for more than 5 s (Postgres froze)" in broken.sentence
    assert broken.sentence.endswith("--players 40 --two-databases")


def test_how_long_nobody_was_answered_is_told_of_each_fault(held: Played) -> None:
    told = sorted(told.at for diary in held.diaries for told in diary.told)
    held = replace(
        held, faults=[(told[0] - 30.0, "the first"), (told[-1] + 0.001, "the last")], ended=told[-1] + 99
    )
    [(_, first, away), (_, last, after)] = with_silence(held)
    assert (first, last) == ("the first", "the last") and 30.0 <= away < 60.0
    assert after == 0.0, "nobody had anything left to answer"


def test_a_fault_that_there_is_not_gets_a_sentence(house: House, short: Path) -> None:
    done = networklab(house, "drill", short, "--only", "the moon fell down")
    assert done.returncode == 2
    assert "There is no fault “the moon fell down”. There are: a server process was killed" in done.stderr


def test_a_drill_in_which_a_promise_broke_tells_the_seed_and_what(held: Played) -> None:
    with a_copy(held) as copy:
        assert copy.url is not None
        with psycopg.connect(copy.url) as conn:
            conn.execute("set session_replication_role = replica")
            conn.execute("delete from record where id = (select min(id) from record)")
        copy.faults = [(copy.started + 3.0, "Postgres was killed")]
        outcome = Outcome(Drill("my study", 5, 8, 77), ((copy, asyncio.run(judge(copy))),), ())
    assert not outcome.kept
    assert "networklab drill my study --seed 77 --faults 5 --players 8" in outcome.sentence
    assert "3.0 s  Postgres was killed" in str(outcome) and "not in history.csv" in str(outcome)


def test_each_kind_of_fault_has_a_name_that_reads_as_what_happened() -> None:
    assert len(FAULTS) >= 13
    assert all(name[0] == name[0].lower() or name.startswith("Postgres") for name in FAULTS)


def test_processes_are_replaced_one_after_the_other_and_nobody_notices(house: House) -> None:
    session = house.open(BURST, CROWD)
    server = house.serve(processes=2)

    async def story() -> None:
        async with a_burst(house, session, server) as writers:
            before = set(house.workers())
            assert len(before) == 2
            server.popen.send_signal(signal.SIGHUP)
            await until(lambda: len(now := set(house.workers())) == 2 and not now & before, "two others", 60)
            await everyone_has_written(writers, 3)
            assert server.popen.poll() is None
            assert {status for writer in writers for status in writer.statuses} == {200}
        assert_kept(house, session, writers)

    house.tell(story())


def test_a_new_process_that_does_not_start_leaves_the_old_ones_where_they_are(house: House) -> None:
    server = house.serve(processes=2)
    before = set(house.workers())
    house.sql("alter table secret rename to mislaid")  # no process can start without it
    server.popen.send_signal(signal.SIGHUP)
    asyncio.run(until(lambda: "did not become ready" in server.log.read_text(), "the new one’s end", 90))
    assert set(house.workers()) == before
