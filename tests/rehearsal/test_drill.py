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
from app.rehearsal.drilled import BESIDE, Drill, Outcome, longest_silence
from app.rehearsal.gauges import Gauges
from app.rehearsal.incidents import Incident, known
from app.rehearsal.other_programs import OtherPrograms
from app.rehearsal.patroni import NEEDED
from app.rehearsal.play import Played
from app.rehearsal.server_hosts import haproxy_here
from app.rehearsal.verdict import judge
from tests.house.burst import BURST, CROWD, a_burst, assert_kept, everyone_has_written
from tests.house.house import House
from tests.house.rehearsing import a_copy
from tests.house.shell import networklab
from tests.house.waits import until

by_root = pytest.mark.skipif(os.geteuid() != 0 or not haproxy_here(), reason="needs root, and haproxy")


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
    assert found["endured"] and found["timed"] <= found["endured"] <= faults
    assert f", {found['timed']} timed, and nothing was lost: " in found["verdict"]
    for session in found["sessions"]:
        assert all(promise["ok"] and promise["checked"] for promise in session["promises"])
        assert session["outcomes"]["complete"] and not any("closed by" in note for note in session["notes"])
    assert sum(session["figures"]["records acknowledged"] for session in found["sessions"]) > 20
    # A machine without root leaves out what it can't do, and says so.
    ours = os.geteuid() == 0 and shutil.which("nft")
    assert ours or "packets were lost" in found["left_out"]
    assert house.sql("select count(*) from session") == [(0,)], "it played on somebody's database"


def test_people_of_one_database_do_not_notice_what_befalls_the_other(house: House, short: Path) -> None:
    """People play in both, and each of these befalls the one and then the other."""
    faults = ["Postgres froze", "Postgres was killed"]
    only = [word for fault in faults for word in ("--only", fault)]
    asked = ["--two-databases", "--faults", "4", "--players", "16", "--speed", "6", "--to-the-end"]
    done = networklab(house, "drill", short, *asked, *only, "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    found = json.loads(done.stdout)
    befell = sorted((one["fault"], one["database"]) for one in found["incidents"])
    assert befell == [(fault, name) for fault in faults for name in ("east", "main")]
    for one in found["incidents"]:
        assert (one["beside"]["own"] or 0.0) <= BESIDE and one["beside"]["apart_own"] <= BESIDE
        assert one["beside"]["apart"] > 0
    where = {session["session"].partition("-")[0] for session in found["sessions"]}
    assert where == {"main", "east"}
    assert all(session["outcomes"]["complete"] for session in found["sessions"])
    assert "sessions of both databases" in found["verdict"]
    assert not found["timed"] or "people in the other were held up" in found["verdict"]


@pytest.mark.slow
@pytest.mark.skipif(not all(map(shutil.which, NEEDED)), reason="patroni and etcd are not installed")
@pytest.mark.parametrize(
    ("hosts", "faults"),
    [
        (1, ["the primary's machine was lost", "a switchover was asked for"]),
        pytest.param(2, ["the primary's disk was full", "a host was killed"], marks=by_root),
        pytest.param(
            2, ["etcd lost its majority", "a host was cut off"], marks=by_root, id="of two databases"
        ),
    ],
)
def test_a_cluster_that_fails_over_by_itself_loses_nothing(
    house: House, short: Path, hosts: int, faults: list[str], request: pytest.FixtureRequest
) -> None:
    """Half a minute for each fault, which is what Patroni waits for."""
    only = [word for fault in faults for word in ("--only", fault)]
    asked = ["--patroni", "--hosts", str(hosts), "--faults", str(len(faults)), "--players", "16"]
    asked += ["--two-databases"] * ("of two databases" in request.node.callspec.id)
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
    over = {one["fault"]: one for one in found["incidents"]}
    assert sorted(over) == sorted(faults)
    assert all((one["own"] or 0.0) <= WITHIN for one in over.values())
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
    assert over == CarriedOver(2, 8.5, 8.5, there=3)
    assert of_people([asks], [100.0], 100.0, 119.0).longest == 3.0, "it was asked before the fault"
    # Whoever had a live page until the host was ended in order was without one from then on.
    assert of_people([lost], [100.0], 100.0, 119.0, in_order=True).longest == 1.5
    assert str(over) == "2 people were held up, for 8.5 s at most"
    assert str(CarriedOver(0, 0.0, 0.0, there=1)) == "nobody was held up"


def test_somebody_who_was_without_the_server_for_long_breaks_the_drill(held: Played) -> None:
    at = held.started + 0.5
    one, *others = held.diaries
    waited = replace(
        held,
        diaries=[replace(one, lost=[Lost(at + 1, at + 30)], asks=[]), *(replace(d, asks=[]) for d in others)],
        gauges=Gauges(held.gauges.base),
        ended=at + 40,
    )
    verdict = replace(asyncio.run(judge(held)), promises=(), failed=())
    froze = Incident(at, "a host froze", until=at + 40)
    outcome = Outcome(Drill("my study", hosts=2), {"": [(waited, verdict)]}, (froze,), moments=(at,))
    assert not outcome.kept
    assert "without the server for more than 10 s (a host froze)" in outcome.sentence
    assert outcome.sentence.endswith("--players 40 --hosts 2")
    assert "a host froze: 1 person was held up, for 30.0 s at most" in str(outcome)
    waited.diaries[0].lost[:] = [Lost(at + 1, at + 9)]
    in_time = replace(outcome)
    assert in_time.kept and "for 9.0 s at most." in in_time.sentence


def two_databases(held: Played) -> Outcome:
    """What a drill of two says that froze the one for ten seconds, of which nobody in the other noticed anything."""
    at = held.started
    calm = replace(
        held,
        diaries=[replace(one, lost=[], asks=[]) for one in held.diaries],
        gauges=Gauges(held.gauges.base),
        ended=at + 20,
    )
    run = calm, replace(asyncio.run(judge(held)), promises=(), failed=())
    incidents = (
        Incident(at, "Postgres froze", "main", at + 10),
        Incident(at + 10, "packets were lost", "", at + 20),
    )
    drill = Drill("my study", two_databases=True)
    other = replace(calm, diaries=[replace(one, asks=[]) for one in calm.diaries]), run[1]
    ticks = {name: [at + second for second in range(20)] for name in ("main", "east")}
    return Outcome(drill, {"main": [run], "east": [other]}, incidents, ticks=ticks)


def test_a_dashboard_that_stands_still_breaks_the_drill_of_two_databases(held: Played) -> None:
    kept = two_databases(held)
    assert kept.kept and [one.apart and one.apart.longest for one in kept.felt] == [1.0, None]
    broken = replace(kept, ticks={**kept.ticks, "east": kept.ticks["east"][:3]})
    assert not broken.kept
    assert "dashboard stood still for more than 5 s (Postgres froze (main))" in broken.sentence
    assert broken.sentence.endswith("--players 40 --two-databases")
    assert replace(kept, ticks={**kept.ticks, "main": []}).kept, "it is that of the database that froze"


def test_somebody_in_the_other_database_who_waits_breaks_the_drill(held: Played) -> None:
    kept = two_databases(held)
    waits = Exchange("records", held.started + 1, 6.0, 2)
    [(own, _)], [(other, _)] = kept.runs["main"], kept.runs["east"]
    own.diaries[0].asks.append(waits)
    assert kept.kept, "it is that of the database that froze"
    other.diaries[0].asks.append(waits)
    noticed = replace(kept)
    assert not noticed.kept
    assert "in the other database was held up for more than 5 s (Postgres froze (main))" in noticed.sentence
    assert "1 person was held up, for 6.0 s at most" in str(noticed)


def had_by_others(at: float, share: float) -> OtherPrograms:
    """Of all processors, from then on."""
    others = OtherPrograms(tuple)
    others.beats = [(at + beat, share * beat * (os.cpu_count() or 1)) for beat in range(100)]
    return others


def test_what_other_programs_took_within_a_wait_is_taken_off_and_no_more(held: Played) -> None:
    """The dashboard stood still for eight seconds, of which five are allowed."""
    at = held.started
    broken = two_databases(held)
    broken = replace(broken, ticks={**broken.ticks, "east": broken.ticks["east"][:3]})
    few = replace(broken, others=had_by_others(at, 0.3).seconds)
    assert not few.kept and few.as_json()["timed"] == 1, "2.4 of eight seconds"
    many = replace(broken, others=had_by_others(at, 0.6).seconds)
    assert many.kept and many.as_json()["timed"] == 0
    assert many.sentence.startswith("One fault, 0 timed, and nothing was lost")
    assert "At one fault other programs had the processors for more than half of the time" in many.sentence
    assert "(not timed: for 6 of 10 s other programs had the processors)" in str(many)
    # A burst before it excuses nothing of it.
    burst = had_by_others(at, 0.0)
    burst.beats = [(at, 0.0), (at + 2.0, 99.0), (at + 50.0, 99.0)]
    assert not replace(broken, others=burst.seconds).kept
    [(_, verdict)] = broken.runs["east"]
    failed = replace(verdict, failed=("somebody was stuck",))
    lost = replace(many, runs={**broken.runs, "east": [(held, failed)]})
    assert not lost.kept, "what was lost is held against it in any case"


def test_a_dashboard_that_stands_still_into_the_next_fault_is_timed_to_its_end(held: Played) -> None:
    kept = two_databases(held)
    at = held.started
    ticks = {**kept.ticks, "east": [at, at + 3, at + 6, at + 8, at + 18, at + 19]}
    assert replace(kept, ticks=ticks).kept, "the next fault befell both"
    again = Incident(at + 10, "Postgres was killed", "main", at + 20)
    one, _ = kept.incidents
    broken = replace(kept, incidents=(one, again), ticks=ticks)
    assert broken.felt[0].apart and broken.felt[0].apart.longest == 10.0
    assert "stood still for more than 5 s (Postgres froze (main))" in broken.sentence


def test_somebody_who_waits_into_what_befalls_their_own_database_was_spared_until_then(held: Played) -> None:
    """Main's machine is lost 4 s after something befell east, and its people wait for main, not for east."""
    kept = two_databases(held)
    at = held.started
    east = Incident(at, "Postgres froze", "east", at + 10)
    [(own, _)] = kept.runs["main"]
    own.diaries[0].asks.append(Exchange("records", at + 3, 24.0, 2))
    assert not replace(kept, incidents=(east,)).kept
    lost = Incident(at + 4, "Postgres was killed", "main", at + 20)
    spared = replace(kept, incidents=(east, lost))
    assert spared.kept and spared.felt[0].beside and spared.felt[0].beside.longest == 1.0


def test_a_fault_at_which_nobody_was_there_is_not_counted(held: Played) -> None:
    kept = two_databases(held)
    found = kept.as_json()
    assert found["endured"] == found["timed"] == 1 and len(found["faults"]) == 2
    assert found["incidents"][1]["there"] == 0 and found["incidents"][1]["longest"] is None
    assert "At one fault nobody was there" in kept.sentence and "packets were lost: nobody was there" in str(
        kept
    )
    alone = replace(kept, incidents=kept.incidents[1:])
    assert not alone.kept and "Nobody was there at any fault" in alone.sentence


def test_how_long_nobody_was_answered_is_told_of_each_fault(held: Played) -> None:
    told = sorted(told.at for diary in held.diaries for told in diary.told)
    assert 30.0 <= longest_silence([held], told[0] - 30.0, told[-1]) < 60.0
    assert longest_silence([held], told[-1] + 0.001, told[-1] + 99) == 0.0, (
        "nobody had anything left to answer"
    )


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
        killed = Incident(copy.started + 3.0, "Postgres was killed", until=copy.ended)
        runs = {"": [(copy, asyncio.run(judge(copy)))]}
        outcome = Outcome(Drill("my study", 5, 8, 77), runs, (killed,))
    assert not outcome.kept
    assert "networklab drill my study --seed 77 --faults 5 --players 8" in outcome.sentence
    assert "3.0 s  Postgres was killed" in str(outcome) and "not in history.csv" in str(outcome)


def test_each_kind_of_fault_has_a_name_that_reads_as_what_happened() -> None:
    kinds = {*known(patroni=True, hosts=2), *known(patroni=False, hosts=1)}
    assert len(kinds) >= 26
    assert all(name[0] == name[0].lower() or name.startswith("Postgres") for name in kinds)


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
