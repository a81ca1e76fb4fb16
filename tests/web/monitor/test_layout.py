"""Stories of the picture of a large network: it is the same at each look, and shows who belongs together."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Mapping
from itertools import combinations
from math import dist

import pytest

from app.study.model.networks import Network, Ties
from app.web import kept
from app.web.monitor.layout import FEW, WIDE, Point, points_of

SLOTS = tuple(range(1, 101))
NETWORKS = [
    Network("random_regular", neighbours=4),
    Network("cliques", clique=10),
    Network("small_world"),
    Network("scale_free"),
    Network("edges"),
]


def of(network: Network) -> Ties:
    return Ties(network.ties(len(SLOTS), 7, ["any"] * len(SLOTS)))


def drawn_of(ties: Ties) -> Mapping[int, Point]:
    return asyncio.run(points_of(SLOTS, ties))


@pytest.mark.parametrize("network", NETWORKS, ids=lambda one: one.kind)
def test_a_layout_is_the_same_at_each_draw_and_nobody_hides_another(network: Network) -> None:
    assert len(SLOTS) > FEW
    drawn = drawn_of(of(network))
    kept.forget()
    assert drawn_of(of(network)) == drawn and sorted(drawn) == [*SLOTS]
    assert max(dist((0, 0), point) for point in drawn.values()) <= WIDE + 0.1
    assert len(set(drawn.values())) == len(SLOTS)


def test_those_who_are_tied_stand_near_each_other() -> None:
    ties = of(NETWORKS[1])
    drawn = drawn_of(ties)
    far = {pair: dist(drawn[pair[0]], drawn[pair[1]]) for pair in combinations(SLOTS, 2)}
    tied = [far[pair] for pair in far if pair in ties.weights]
    others = [far[pair] for pair in far if pair not in ties.weights]
    assert sum(tied) / len(tied) < sum(others) / len(others) / 3


def test_a_ring_of_a_hundred_stays_a_ring() -> None:
    drawn = drawn_of(of(Network("ring")))
    assert all(abs(dist((0, 0), point) - WIDE) < 0.2 for point in drawn.values())


def test_two_who_look_at_once_wait_for_one_picture_and_later_looks_for_none() -> None:
    async def story() -> None:
        first, second = await asyncio.gather(
            points_of(SLOTS, of(NETWORKS[0])), points_of(SLOTS, of(NETWORKS[0]))
        )
        assert first is second and await points_of(SLOTS, of(NETWORKS[0])) is first

    kept.forget()
    asyncio.run(story())


def test_where_the_forces_can_not_be_reckoned_all_stand_on_a_circle(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    kept.forget()
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    drawn = drawn_of(of(NETWORKS[0]))
    assert sorted(drawn) == [*SLOTS] and len({*drawn.values()}) == len(SLOTS)
    assert all(abs(dist((0, 0), point) - WIDE) < 0.2 for point in drawn.values())
    assert "drawn as a circle" in caplog.text
    kept.forget()
