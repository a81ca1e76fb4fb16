"""Who is tied to whom in a room."""

from __future__ import annotations

import networkx as nx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.networks import Network


def test_small_networks_are_the_known_ones() -> None:
    assert Network("complete").ties(3, 1) == ((1, 2), (1, 3), (2, 3))
    assert Network("ring").ties(4, 1) == ((1, 2), (1, 4), (2, 3), (3, 4))
    assert Network("star").ties(4, 1) == ((1, 2), (1, 3), (1, 4))
    assert Network("lattice", neighbours=2).ties(4, 1) == Network("ring").ties(4, 1)
    assert Network("lattice").ties(6, 1)[:4] == ((1, 2), (1, 3), (1, 5), (1, 6))
    assert Network("edges", edges=((2, 3), (1, 3))).ties(4, 1) == ((1, 3), (2, 3))


@pytest.mark.parametrize("kind", ["complete", "ring", "star"])
def test_rooms_of_one_and_two_have_no_tie_and_one(kind: str) -> None:
    assert Network(kind).ties(1, 7) == ()
    assert Network(kind).ties(2, 7) == ((1, 2),)


@settings(deadline=None)
@given(
    st.sampled_from(["complete", "ring", "star", "lattice", "small_world", "random_regular"]),
    st.integers(1, 40),
    st.integers(1, 8),
    st.floats(0, 1),
    st.integers(0, 2**62),
)
def test_a_network_is_whole_and_the_same_for_the_same_seed(
    kind: str, size: int, neighbours: int, rewire: float, seed: int
) -> None:
    network = Network(kind, neighbours=neighbours, rewire=rewire)
    if network.impossible(size):
        with pytest.raises(ValueError, match="neighbours"):
            network.ties(size, seed)
        return
    ties = network.ties(size, seed)
    assert ties == network.ties(size, seed)
    assert list(ties) == sorted(set(ties))
    assert all(1 <= a < b <= size for a, b in ties)
    graph = nx.Graph(ties)
    graph.add_nodes_from(range(1, size + 1))
    degrees = {degree for _, degree in graph.degree}
    if kind in ("lattice", "random_regular"):
        assert degrees == {neighbours}
    if kind == "small_world":
        assert len(ties) == size * neighbours / 2
    assert nx.is_connected(graph) or (kind, neighbours) == ("random_regular", 1)


def test_another_seed_gives_another_network() -> None:
    for kind in ("small_world", "random_regular"):
        network = Network(kind, neighbours=4, rewire=0.5)
        assert len({network.ties(20, seed) for seed in range(20)}) > 15


def test_sparse_networks_are_drawn_until_nobody_is_cut_off() -> None:
    for kind in ("random_regular", "small_world"):
        network = Network(kind, neighbours=2, rewire=1.0)
        for seed in range(20):
            ties = network.ties(30, seed)
            assert len(ties) == 30
            graph = nx.Graph(ties)
            assert len(graph) == 30
            assert nx.is_connected(graph)


def test_an_impossible_network_says_why() -> None:
    assert "must be even" in Network("random_regular", neighbours=3).impossible(5)
    assert Network("random_regular", neighbours=3).impossible(6) == ""
    assert "3 others" in Network("small_world", neighbours=4).impossible(4)
