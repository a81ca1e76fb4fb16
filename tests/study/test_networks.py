"""Who is tied to whom in a room."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from itertools import combinations

import networkx as nx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.study.hooks.answers import read_network
from app.study.hooks.networklab import Tie as HookTie
from app.study.hooks.pool import Nonsense
from app.study.model.networks import KINDS, ListedTie, Network, Tie, read_ties
from app.study.reading import check, parse
from app.study.sections.network import read_edges
from app.study.syntax.mistakes import Mistake
from tests.house.studies import PAGE, TALK, as_files, changed

SMALL_WORLD = ((1, 3), (1, 4), (2, 3), (2, 4), (4, 6), (5, 6))
CLIQUES = ((1, 3), (1, 4), (2, 5), (2, 6), (3, 4), (5, 6))
SCALE_FREE = ((1, 2), (1, 3), (1, 4), (1, 5), (2, 6))
RANDOM = ((1, 2), (1, 5), (2, 6), (3, 4), (4, 6))


def pairs(ties: tuple[Tie, ...]) -> tuple[tuple[int, int], ...]:
    """Of ties that go both ways with one weight, each once."""
    assert {(tie.to_slot, tie.from_slot, tie.weight) for tie in ties} == set(ties)
    return tuple(tie[:2] for tie in ties if tie.from_slot < tie.to_slot)


def test_small_networks_are_the_known_ones() -> None:
    assert pairs(Network("complete").ties(3, 1)) == ((1, 2), (1, 3), (2, 3))
    assert pairs(Network("ring").ties(4, 1)) == ((1, 2), (1, 4), (2, 3), (3, 4))
    assert pairs(Network("star").ties(4, 1)) == ((1, 2), (1, 3), (1, 4))
    assert Network("lattice", neighbours=2).ties(4, 1) == Network("ring").ties(4, 1)
    assert pairs(Network("lattice").ties(6, 1))[:4] == ((1, 2), (1, 3), (1, 5), (1, 6))
    assert pairs(Network("edges", edges=(ListedTie(3, 2), ListedTie(1, 3))).ties(4, 1)) == ((1, 3), (2, 3))
    assert pairs(Network("cliques", clique=3).ties(6, 1)) == ((1, 2), (1, 3), (2, 3), (4, 5), (4, 6), (5, 6))
    bipartite = Network("bipartite").ties(4, 1, ("red", "blue", "red", "blue"))
    assert pairs(bipartite) == ((1, 2), (1, 4), (2, 3), (3, 4))
    assert Network("random", chance=1.0).ties(5, 1) == Network("complete").ties(5, 1)


def test_a_directed_tie_goes_from_who_sees_to_who_is_seen() -> None:
    assert Network("ring", directed=True).ties(3, 1) == (Tie(1, 2), Tie(2, 3), Tie(3, 1))
    weighted = Network(
        "edges", edges=(ListedTie(1, 2, 0.5), ListedTie(2, 1, -2.0), ListedTie(2, 3)), directed=True
    )
    assert weighted.ties(3, 1) == (Tie(1, 2, 0.5), Tie(2, 1, -2.0), Tie(2, 3, 1.0))
    both = Network("edges", edges=(ListedTie(2, 1, 0.5),)).ties(3, 1)
    assert both == (Tie(1, 2, 0.5), Tie(2, 1, 0.5))
    drawn = Network("random", chance=0.3, directed=True).ties(12, 5)
    assert any((tie.to_slot, tie.from_slot) not in {one[:2] for one in drawn} for tie in drawn)
    assert nx.is_weakly_connected(nx.DiGraph([tie[:2] for tie in drawn]))


def test_nobody_is_tied_where_a_room_needs_no_ties() -> None:
    assert Network("none").ties(1000, 7) == () and Network("none").impossible(1000) == ""


def test_what_is_of_neighbours_where_nobody_has_any_is_noted() -> None:
    def told(network: str) -> list[str]:
        toml = changed(TALK, 'kind = "ring"', f'kind = "{network}"')
        toml += 'show = [{field = "belief"}, {field = "belief", of = "room"}]\n'
        return [one.sentence for one in check(as_files(toml)) if "neighbour" in one.sentence]

    assert told("ring") == []
    talks, shows = told("none")
    assert shows.endswith("so this shows nothing.") and talks.endswith("so there is nobody to talk with.")


@pytest.mark.parametrize("kind", ["complete", "ring", "star"])
def test_rooms_of_one_and_two_have_no_tie_and_one(kind: str) -> None:
    assert Network(kind).ties(1, 7) == ()
    assert pairs(Network(kind).ties(2, 7)) == ((1, 2),)
    assert Network(kind, directed=True).ties(1, 7) == ()


@settings(deadline=None)
@given(
    st.sampled_from([kind for kind in KINDS if kind not in ("edges", "bipartite", "none")]),
    st.integers(1, 40),
    st.integers(1, 8),
    st.floats(0, 1),
    st.integers(0, 2**62),
    st.integers(1, 5),
)
def test_a_network_is_whole_and_the_same_for_the_same_seed_and_round(
    kind: str, size: int, number: int, rewire: float, seed: int, nth: int
) -> None:
    network = Network(
        kind, neighbours=number, rewire=rewire, chance=0.5, attach=number, clique=number + 1, each_round="new"
    )
    if network.impossible(size):
        with pytest.raises(ValueError, match=r"\w"):
            network.ties(size, seed, nth=nth)
        return
    ties = network.ties(size, seed, nth=nth)
    assert ties == network.ties(size, seed, nth=nth)
    assert list(ties) == sorted(set(ties))
    assert all(1 <= slot <= size for tie in ties for slot in tie[:2])
    graph = nx.Graph(pairs(ties))
    graph.add_nodes_from(range(1, size + 1))
    degrees = {degree for _, degree in graph.degree}
    expected = {"lattice": number, "random_regular": number, "pairs": 1, "cliques": number}
    if kind in expected:
        assert degrees == {expected[kind]}
    if kind == "small_world":
        assert len(ties) == size * number
    apart = kind in ("pairs", "cliques") or (kind, number) == ("random_regular", 1)
    assert apart or kind in ("random", "caveman") or nx.is_connected(graph)


@pytest.mark.parametrize("size", range(2, 9))
def test_what_needs_no_drawing_is_as_networkx_has_it(size: int) -> None:
    """It is laid out without networkx, which a server would have to import for it."""
    same = {
        Network("complete"): nx.complete_graph(size),
        Network("star"): nx.star_graph(size - 1),
        Network("ring"): nx.cycle_graph(size) if size > 2 else nx.path_graph(size),
        Network("cliques", clique=2): nx.caveman_graph(size // 2, 2),
        Network("lattice", neighbours=2): nx.watts_strogatz_graph(size, 2, 0),
        Network("lattice", neighbours=4): nx.watts_strogatz_graph(size, 4, 0) if size > 4 else None,
    }
    for network, graph in same.items():
        if not network.impossible(size):
            found = pairs(network.ties(size, 7))
            assert found == tuple(sorted((min(edge) + 1, max(edge) + 1) for edge in graph.edges)), network


def test_another_seed_gives_another_network() -> None:
    for kind in ("small_world", "random_regular", "random", "scale_free"):
        network = Network(kind, neighbours=4, rewire=0.5)
        assert len({network.ties(20, seed) for seed in range(20)}) > 15


def test_what_was_drawn_once_is_drawn_for_ever() -> None:
    """A later version must not give an open session other networks: seeds are stored, ties of later rounds are not."""
    assert pairs(Network("small_world", neighbours=2, rewire=0.5).ties(6, 1)) == SMALL_WORLD
    assert pairs(Network("cliques", clique=3, each_round="new").ties(6, 1, nth=2)) == CLIQUES
    assert pairs(Network("scale_free", attach=1).ties(6, 1)) == SCALE_FREE
    assert pairs(Network("random", chance=0.4).ties(6, 1)) == RANDOM


def test_sparse_networks_are_drawn_until_nobody_is_cut_off() -> None:
    for kind in ("random_regular", "small_world"):
        network = Network(kind, neighbours=2, rewire=1.0)
        for seed in range(20):
            ties = pairs(network.ties(30, seed))
            assert len(ties) == 30
            graph = nx.Graph(ties)
            assert len(graph) == 30
            assert nx.is_connected(graph)
    assert all(nx.is_connected(nx.Graph(pairs(Network("random").ties(20, seed)))) for seed in range(20))


@pytest.mark.parametrize("size", [2, 4, 6, 10])
def test_in_new_pairs_everybody_meets_everybody_once_before_anybody_meets_again(size: int) -> None:
    network = Network("pairs", each_round="new")
    met: Counter[tuple[int, int]] = Counter()
    for nth in range(1, size):
        paired = pairs(network.ties(size, 1, nth=nth))
        assert sorted(slot for pair in paired for slot in pair) == list(range(1, size + 1))
        met.update(paired)
    assert met == Counter(combinations(range(1, size + 1), 2))
    assert network.ties(size, 1, nth=size) == network.ties(size, 1, nth=1)
    assert Network("pairs").ties(size, 1, nth=3) == network.ties(size, 1)


def test_strangers_are_grouped_anew_each_round() -> None:
    network = Network("cliques", clique=4, each_round="new")
    rounds = [network.ties(24, 3, nth=nth) for nth in range(1, 11)]
    assert len(set(rounds)) == 10
    assert all(len(list(nx.connected_components(nx.Graph(pairs(ties))))) == 6 for ties in rounds)


def test_an_impossible_network_says_why() -> None:
    assert "must be even" in Network("random_regular", neighbours=3).impossible(5)
    assert Network("random_regular", neighbours=3).impossible(6) == ""
    assert "3 others" in Network("small_world", neighbours=4).impossible(4)
    assert "no pairs" in Network("pairs").impossible(5)
    assert "groups of 4" in Network("cliques").impossible(10)
    assert "`attach` is 2" in Network("scale_free").impossible(2)
    assert "one type" in Network("bipartite").impossible(2, ("any", "any"))


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ([(1, 2), (2, 4)], "4 is no slot of a room with slots 1 to 3"),
        ([(1, 1)], "Slot 1 can't be tied to itself"),
        ([(1, 2, 0)], "weight 0"),
        ([(1, 2, float("nan"))], "weight nan"),
        ([(1, 2, 0.5), (2, 1, 0.6)], "has two weights"),
        ([(1,)], "two slots and perhaps a weight"),
        ([(1, True)], "True is no slot"),
    ],
)
def test_ties_from_elsewhere_are_read_or_refused_with_a_sentence(
    given: list[tuple[float, ...]], told: str
) -> None:
    assert read_ties([(3, 1), (1, 2), (2, 1)], 3, False) == (
        *(Tie(1, 2), Tie(1, 3)),
        *(Tie(2, 1), Tie(3, 1)),
    )
    assert read_ties([], 3, False) == ()
    with pytest.raises(ValueError, match=r"\w") as refused:
        read_ties(given, 3, False)
    assert told in str(refused.value)


def test_what_a_hook_gives_as_a_network_is_read_or_refused() -> None:
    given = (HookTie(1, 2, 0.5), HookTie(2, 1, 0.5), (2, 3, Decimal(2)))
    assert read_network(given, 3, False) == (Tie(1, 2, 0.5), Tie(2, 1, 0.5), Tie(2, 3, 2.0), Tie(3, 2, 2.0))
    assert read_network(frozenset({(2, 1)}), 3, True) == (Tie(2, 1),)
    assert read_network((), 3, False) == ()
    for wrong, told in (
        (None, "must return ties"),
        ((1, 2), "1 is no tie"),
        (((1, "2"),), "is no tie"),
        (((1, 7),), "7 is no slot"),
    ):
        with pytest.raises(Nonsense, match=told):
            read_network(wrong, 3, False)


STUDY = """
title = "Networks"
[[room]]
name = "mixed"
seats = {red = 2, blue = 2}
[[room]]
name = "plain"
seats = {any = 4}
after = "30s"
[[step]]
page = "talk"
name = "before"
limit = "60s"
[[step]]
page = "talk"
repeat = 3
limit = "60s"
[[step]]
page = "talk"
name = "after"
repeat = 2
limit = "60s"
"""


def study(network: str) -> str:
    """The study with this network, whose first line is then the file's fourth."""
    return STUDY.lstrip().replace('title = "Networks"\n', f'title = "Networks"\n\n\n{network}\n')


def mistakes(network: str, ties: str = "") -> list[Mistake]:
    table = {"ties.csv": ties.encode()} if ties else {}
    hooks = {"hooks.py": b"def wire(room):\n    return room.ties\n"}
    return check(as_files(study(network)) | hooks | table)


def test_rooms_have_networks_of_their_own_from_a_table_with_rounds() -> None:
    ties = "from,to,weight,room,round\n1,2,0.5,,\n2,3,,mixed,\n1,4,,plain,\n3,4,2,,2\n,,,,4\n"
    content = {"study.toml": study('[network]\nedges = "ties.csv"').encode(), "ties.csv": ties.encode()}
    network = parse(content | {"pages/talk.html": PAGE.encode()}).networks[0]
    assert pairs(network.ties(4, 1, room="mixed")) == ((1, 2), (2, 3))
    assert pairs(network.ties(4, 1, room="plain")) == ((1, 2), (1, 4))
    assert network.ties(4, 1, room="mixed", nth=2) == (Tie(3, 4, 2.0), Tie(4, 3, 2.0))
    assert network.ties(4, 1, room="mixed", nth=3) == network.ties(4, 1, room="mixed", nth=2)
    assert network.ties(4, 1, room="mixed", nth=4) == ()
    assert [network.changes(nth) for nth in range(1, 6)] == [False, True, False, True, False]


def test_rounds_count_through_the_whole_plan() -> None:
    found = parse(as_files(study("")))
    assert found.rounds == {1: 1, 2: 2, 3: 3, 4: 4, 5: 5}
    assert [found.plan[index].step.name for index in found.rounds] == ["talk"] * 3 + ["after"] * 2


def test_each_kind_of_room_gets_the_first_network_that_is_for_it() -> None:
    several = '[[network]]\nkind = "bipartite"\nrooms = ["mixed"]\n[[network]]\nkind = "ring"'
    found = parse(as_files(study(several)))
    assert [found.network_of(kind).kind for kind in ("mixed", "plain")] == ["bipartite", "ring"]


@pytest.mark.parametrize(
    ("network", "line", "told"),
    [
        ('[network]\nkind = "caves"', 5, "Did you mean"),
        ('[network]\nkind = "star"\ndirected = true', 6, "ties go both ways"),
        ('[network]\nkind = "complete"\neach_round = "new"', 6, "only one network of kind complete"),
        ('[network]\nkind = "pairs"\neach_round = "new"\nrewire_by = "wire"', 7, "but not by both"),
        (
            '[network]\nkind = "bipartite"',
            5,
            "Room `plain` can't have this network: its seats are all of one",
        ),
        ('[network]\nkind = "cliques"\nclique = 3', 6, "no groups of 3"),
        ('[network]\nkind = "cliques"\nclique = 1', 6, "must be 2 or more"),
        ('[network]\nkind = "random"\nchance = 2', 6, "is a probability"),
        ('[network]\nkind = "ring"\nattach = 2', 6, "make the kind scale_free"),
        ("[network]\nedges = [[1, 2, 0]]", 5, "The weight is no number"),
        ("[network]\nedges = [[1, 2, 0.5], [2, 1]]", 5, "stands twice"),
        ("[network]\nedges = [[1, 2, 3, 4]]", 5, "not a pair of slots"),
        ('[network]\nedges = "tie.csv"', 5, "There is no table `tie.csv`"),
        ('[[network]]\nkind = "ring"\nrooms = ["mixd"]', 6, "Did you mean `mixed`?"),
        ('[[network]]\nkind = "ring"\nrooms = ["mixed"]', 4, "No network is for room `plain`"),
    ],
)
def test_check_says_which_network_cannot_be(network: str, line: int, told: str) -> None:
    found = [mistake for mistake in mistakes(network) if mistake.grave]
    assert told in str(found[0]), found
    assert found[0].location.startswith(f"study.toml:{line}:")
    assert len(found) == 1


@pytest.mark.parametrize(
    ("ties", "line", "told"),
    [
        ("from,to\n1,2\n1,9\n", 0, "names slot 9"),
        ("from,to\n1,2\n\n1,x\n", 4, "`x` is no slot"),
        ("from,to\n1,2\n2,1\n", 3, "stands twice"),
        ("from,to\n1,1\n", 2, "tied to itself"),
        ("from,to,weight\n1,2,0\n", 2, "`0` is no weight"),
        ("from,to,weight\n1,2,much\n", 2, "`much` is no weight"),
        ("from,to,round\n1,2,0\n", 2, "`0` is no round"),
        ("from,to\n1,2,3\n", 2, "3 cells, but the header has 2"),
        ("from;to\n1;2\n", 1, "not separated by commas"),
        ("form,to\n1,2\n", 1, "Did you mean `from`?"),
        ("to\n2\n", 1, "no column `from`"),
        ("from,to,to\n1,2,2\n", 1, "`to` twice"),
        ('from,to\n1,2\n"1,2\n', 3, "quotation mark"),
        ("from,to\n", 1, "no ties"),
        ("\n", 1, "empty"),
    ],
)
def test_check_names_the_line_of_a_table_of_ties(ties: str, line: int, told: str) -> None:
    found = [mistake for mistake in mistakes('[network]\nedges = "ties.csv"', ties) if mistake.grave]
    assert told in str(found[0]), found
    assert len(found) == 1 and found[0].location.startswith(f"ties.csv:{line}:" if line else "study.toml:5:")


def test_a_table_that_is_no_text_is_refused() -> None:
    _, [mistake] = read_edges("ties.csv", "from,to\n1,é\n".encode("latin-1"), False)
    assert "not UTF-8" in str(mistake) and mistake.location == "ties.csv:2:3"
