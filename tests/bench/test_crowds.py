"""What a country and a panel are measured by: pages that wait, parts that are metered, what fell silent."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from app.rehearsal.diary import Diary, Exchange, Told
from app.rehearsal.gauges import Gauges
from app.rehearsal.play import Played, Setting
from app.study.reading import parse, read_folder
from tests.bench.alone import alone
from tests.bench.country import BEAT, Meter, founded, possible
from tests.bench.figure import Chapter, WrongAnswer, plain
from tests.bench.national import DATABASES, ENTRY, QUICK, Crowd, rumour_for
from tests.bench.panel import FULL, SENT, held_up, taken_by_answers, ticks_apart
from tests.bench.waiting import Room, pages_in_lobbies
from tests.house.house import House
from tests.house.studies import RUMOUR

SPIN = """
import sys, time
began = time.process_time()
while time.process_time() < began + 0.4:
    pass
print(flush=True)
sys.stdin.read()
"""


def test_pages_wait_in_a_lobby_and_it_is_told_which_lost_their_stream(house: House) -> None:
    session = house.open_folder(RUMOUR, {"red": 12}, start=False)
    server = house.serve()
    rooms = [Room(server.base, list(session.tokens.values()))]
    with pages_in_lobbies(rooms, ENTRY) as lobby:
        assert house.sql("select count(*) from player where status = 'waiting'") == [(12,)]
    assert lobby.waited[0].ended == 0 and lobby.waited[0].longest > 0
    again = house.open_folder(RUMOUR, {"red": 3}, start=False)
    with pages_in_lobbies([Room(server.base, list(again.tokens.values()))], ENTRY) as lobby:
        server.stop()
    assert lobby.waited[0].ended == 3
    with pytest.raises(WrongAnswer), pages_in_lobbies([Room(server.base, ["nobody"])], ENTRY):
        pass


def test_each_part_has_what_it_takes_itself_and_we_the_rest() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", SPIN], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as busy:
        meter = Meter({"busy": [busy.pid]}, "we")
        meter.look()
        assert busy.stdout is not None and busy.stdout.readline()
        meter.look()
        spent = meter.used["busy"][-1] - meter.used["busy"][0]
        assert 0.2 < spent < 0.6 and meter.cores("busy") == spent / (meter.at[1] - meter.at[0])
        assert meter.used["we"][-1] - meter.used["we"][0] < 0.2
        assert 1 < meter.memory["busy"] < 100 < 10 * meter.memory["we"]
        busy.communicate()
    meter.look()
    assert meter.used["busy"][-1] >= meter.used["busy"][1], "what has ended has used what it used"


def test_the_busiest_minute_is_that_of_all_together() -> None:
    meter = Meter({}, "we")
    meter.at = [BEAT * nth for nth in range(5)]
    meter.used = {"one": [0.0, 0.0, 1.0, 2.0, 2.0], "we": [0.0, 1.0, 1.0, 2.0, 2.0]}
    assert meter.cores("one", 2 * BEAT) == 2.0 / (2 * BEAT)
    assert meter.cores("we", 2 * BEAT) == 1.0 / (2 * BEAT)
    assert meter.cores("one") == 2.0 / (4 * BEAT)


def test_the_study_of_a_country_is_rumour_with_fewer_rounds(tmp_path: Path) -> None:
    study = parse(read_folder(rumour_for(tmp_path, replace(QUICK, slower=2.0))))
    assert len(study.plan) == QUICK.rounds and study.plan[0].step.limit == 80.0
    assert Crowd().people == 5000 and Crowd().over == 600.0 and Crowd().pages == 10_000


def test_a_panel_has_twenty_sessions_in_two_databases_that_overlap() -> None:
    assert len(FULL.sessions) == 20
    assert [sum(one.database == name for one in FULL.sessions) for name in DATABASES] == [10, 10]
    assert any(one.begins < FULL.fails_at < one.begins + one.over for one in FULL.sessions)


def test_how_long_a_database_and_those_beside_it_were_silent() -> None:
    assert held_up([1.0, 5.0, 9.0, 40.0, 40.5], since=10.0) == (9.0, 40.0)
    kept, sent = Diary("kept"), sorted(SENT)
    kept.asks = [Exchange(sent[0], at, seconds, 1) for at, seconds in ((1.0, 0.5), (9.0, 31.0), (50.0, 0.2))]
    kept.asks.append(Exchange("page", 20.0, 99.0, 1))
    kept.told = [Told("r", "k", (), 1.5)]
    played = Played("one", "One", parse(read_folder(RUMOUR)), Setting(), None, [kept], Gauges(""), 0.0, 60.0)
    played.gauges.ticks = [5.0, 8.0, 12.0, 13.0, 59.0]
    assert list(taken_by_answers([played], 10.0, 45.0)) == [31.0]
    assert ticks_apart(played, 7.0, 14.0) == 4.0


def test_a_benchmark_of_its_own_process_gives_its_chapter_or_what_it_raised() -> None:
    assert alone(_one_figure, 3.0).figures[0].values == (3.0,)
    with pytest.raises(WrongAnswer, match="wrongly"):
        alone(_one_figure, -1.0)


def _one_figure(value: float) -> Chapter:
    if value < 0:
        raise WrongAnswer("it was answered wrongly")
    return Chapter(str(os.getpid()), (plain("some", [value], "s"),), "")


@pytest.mark.skipif(not possible(), reason="haproxy is not installed")
def test_two_hosts_and_two_doors_lead_to_one_server(house: House, tmp_path: Path) -> None:
    with founded(tmp_path, None, {"main": house.database}, doors=2) as country:
        assert len({*country.doors}) == 2 == len(country.hosts) == len(country.workers())
        session = house.open_folder(RUMOUR, {"red": 4}, start=False)
        tokens = list(session.tokens.values())
        rooms = [Room(door, tokens[nth::2]) for nth, door in enumerate(country.doors)]
        with pages_in_lobbies(rooms, ENTRY) as lobby:
            assert house.sql("select count(*) from player where status = 'waiting'") == [(4,)]
    assert lobby.waited[0].ended == 0
