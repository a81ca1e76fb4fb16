"""Stories of how large a server must be: what is reckoned of a study, and what it would cost."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest

from app.commands.size_lines import as_json, told_of
from app.rehearsal.capacity import FILL
from app.rehearsal.costs import EACH, Used, used
from app.rehearsal.prices import read_prices
from app.rehearsal.sizing import LARGEST, Size, like_in, size_of
from app.study.estimate import BENCHMARKS, estimate_of
from app.study.reading import parse, read_folder
from tests.house.studies import RUMOUR

STUDY = parse(read_folder(RUMOUR))


def size(players: int, over: float = 300.0) -> Size:
    return size_of(estimate_of(STUDY, players, over))


def test_an_evening_fits_one_machine_and_a_nation_takes_several() -> None:
    evening, nation = size(700), size(50_000)
    assert (evening.hosts, evening.databases, evening.machines) == (0, 1, 1) and evening.database <= 4
    assert nation.hosts >= 2 and nation.machines == nation.hosts + 2 * nation.databases + 3
    # One of them may be gone.
    assert nation.used.server <= (nation.hosts - 1) * nation.host * FILL
    assert nation.used.postgres <= nation.databases * nation.database * FILL
    assert size(5_000_000, 3600.0).databases > 1 and size(5_000_000, 3600.0).database == LARGEST


def test_more_people_take_more_of_everything() -> None:
    sizes = [size(players) for players in (100, 700, 3_000, 10_000, 50_000)]
    for fewer, more in pairwise(sizes):
        assert fewer.used.together < more.used.together and fewer.stored < more.stored
        assert fewer.processes <= more.processes and fewer.connections <= more.connections
        for provider in read_prices().providers:
            assert fewer.cost(provider, 24.0) <= more.cost(provider, 24.0)
    assert size(3_000, 30.0).used.together > size(3_000, 3_000.0).used.together


def test_what_comes_alone_costs_more_than_what_comes_together() -> None:
    one, many = used({"records": 1.0}, 2).together, used({"records": 1_000.0}, 2).together
    assert one > 2 * many / 1_000 > 2 * EACH["records"].together
    assert used({"ready": 5.0}, 2).together > 0.0, (
        "a form that has no price of its own gets a process up, too"
    )


def test_what_moves_cost_is_within_a_quarter_of_what_was_measured_at_three_paces() -> None:
    measured = BENCHMARKS.read_text(encoding="utf-8").partition("\n## Moves\n")[2]
    for pace in (100, 200, 350):
        took = sum(
            float(
                re.findall(rf", {pace} moves/s: processor time of {who}, a move \| ([\d.]+) ms", measured)[0]
            )
            for who in ("the servers", "their hooks", "Postgres")
        )
        assert 1000 * used({"moves": pace}, 2).together / pace == pytest.approx(took, rel=0.25), pace


def test_a_rehearsal_of_one_s_own_machine_counts_for_more() -> None:
    said = {"load": {"server": 3.0, "postgres": 0.5, "reckoned": {"server": 1.5, "postgres": 1.0}}}
    like = like_in(said)
    assert like == Used(2.0, 0.5)
    estimate = estimate_of(STUDY, 700, 300.0)
    slower, usual = size_of(estimate, like), size_of(estimate)
    assert slower.used.server == pytest.approx(2 * usual.used.server)
    assert slower.used.postgres == pytest.approx(usual.used.postgres / 2)
    nothing: list[dict[str, Any]] = [{}, {"load": None}, {"load": {"server": 3.0, "postgres": None}}]
    assert not any(map(like_in, nothing))


def test_prices_have_their_date_and_a_warning() -> None:
    prices = read_prices()
    assert len(prices.providers) == 3
    for provider in prices.providers:
        hours = [one.hour for one in provider.machines]
        assert hours == sorted(hours) and provider.machine(3, 1).cores == 4
        assert provider.machine(1, 30).memory >= 30 and provider.machine(999, 1) == provider.machines[-1]
    said = dict(told_of(size(700)))
    assert said["prices"] == f"by the lists of {prices.known}, without tax: check before you buy"
    assert as_json(size(700))["prices"]["note"] == "check before you buy"
    lines = [text for _, text in told_of(replace(size(50_000), databases=3))]
    assert any("3 databases, over which sessions are spread" in line for line in lines)
