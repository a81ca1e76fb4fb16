"""The network of a room: which slots are tied, drawn by networkx from a seed or listed by the study."""

from __future__ import annotations

import math
import random
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import networkx as nx

KINDS = (
    "complete",
    "ring",
    "star",
    "lattice",
    "small_world",
    "random_regular",
    "random",
    "scale_free",
    "pairs",
    "cliques",
    "caveman",
    "bipartite",
    "none",
    "edges",
)
ONE_WAY = ("ring", "random", "edges")  # kinds that can be drawn directed
FIXED = ("complete", "bipartite", "none", "edges")  # kinds that a new round can't draw anew
DRAWN = ("small_world", "random_regular", "random", "scale_free", "caveman")  # by networkx
MOST_TRIES = 1000
MOST_TIES = 40_000  # of a room, those that go both ways twice: each is a row, for each round that has its own


class Tie(NamedTuple):
    """Whoever sits in `from_slot` sees whoever sits in `to_slot`. An undirected tie is two of these."""

    from_slot: int
    to_slot: int
    weight: float = 1.0


class Ties(tuple[Tie, ...]):
    """Those of a network, and who is tied to whom: each page of a room asks for its own, of thousands."""

    @cached_property
    def seen(self) -> dict[int, list[int]]:
        """Slot → those whom it sees, in order; without those who see nobody."""
        found: dict[int, list[int]] = {}
        for tie in sorted(self):
            found.setdefault(tie.from_slot, []).append(tie.to_slot)
        return found

    @cached_property
    def seers(self) -> dict[int, list[int]]:
        """Slot → those who see it."""
        found: dict[int, list[int]] = {}
        for tie in self:
            found.setdefault(tie.to_slot, []).append(tie.from_slot)
        return found

    @cached_property
    def weights(self) -> dict[tuple[int, int], float]:
        return {tie[:2]: tie.weight for tie in self}


class ListedTie(NamedTuple):
    """A tie as a study lists it, for rooms of the kind `room` (empty: all), from the round `nth` on.

    Slots of 0 are no tie: the line only says that the round has ties of its own, perhaps none.
    """

    from_slot: int
    to_slot: int
    weight: float = 1.0
    room: str = ""
    nth: int = 1


@dataclass(frozen=True, slots=True)
class Network:
    """How the slots of each room are tied; for rooms of the kinds `rooms` only, unless that is empty.

    | kind | ties |
    |---|---|
    | complete | everyone with everyone |
    | ring | each slot with the next, the last with the first |
    | star | slot 1 with every other |
    | lattice | a ring in which each slot is tied to its `neighbours` nearest ones (an even number) |
    | small_world | a lattice, each tie rewired with probability `rewire` (Watts & Strogatz 1998) |
    | random_regular | drawn from the networks in which each slot has `neighbours` ties |
    | random | each possible tie with probability `chance` (Erdős & Rényi 1959) |
    | scale_free | each slot tied to `attach` before it, likelier to those with many ties (Barabási & Albert 1999) |
    | pairs | two and two |
    | cliques | everyone with everyone in groups of `clique`, which are apart |
    | caveman | cliques on a ring, one tie of each led on to the next clique (Watts 1999) |
    | bipartite | everyone with everyone of another type |
    | none | nobody with anybody: what is for the room is for all in it all the same |
    | edges | those listed in `edges`, slots counted from 1, perhaps with weights and by rounds |

    A small_world, random or scale_free network, and a random_regular one with 2 neighbours or more, is drawn again
    until nobody is cut off. (After 1,000 draws the last one stands; networks so sparse that this happens are hardly
    ever connected.)

    `directed`: a tie goes one way, from who sees to who is seen: in a ring the next, otherwise as drawn or listed.
    `each_round` is "same", or "new": each round of the plan has another one of the kind, drawn from the seed and the
    round. Then pairs meet as in a round robin: everybody with everybody once, before anybody meets again.
    `rewire_by` names the hook that gives the next round's ties. With `halves`, new pairs are always made of one of the
    first half of the slots and one of the second: of two roles that nobody changes.
    """

    kind: str
    edges: tuple[ListedTie, ...] = ()
    neighbours: int = 4
    rewire: float = 0.1
    chance: float = 0.2
    attach: int = 2
    clique: int = 4
    directed: bool = False
    each_round: str = "same"
    rooms: tuple[str, ...] = ()
    rewire_by: str = ""
    halves: bool = False

    def ties(
        self, size: int, seed: int, types: Sequence[str] = (), room: str = "", nth: int = 1
    ) -> tuple[Tie, ...]:
        """The ties of a room with `size` slots of these types, sorted, in the plan's `nth` round (from 1).

        The same arguments give the same ties. Raises ValueError where `impossible` says why.
        """
        reason = self.impossible(size, types)
        if reason:
            raise ValueError(reason)
        if self.kind == "edges":
            return read_ties(self._listed(room, nth), size, self.directed)
        if self.kind == "pairs":
            turn = nth if self.each_round == "new" else 1
            return read_ties((_across if self.halves else _round_robin)(size, turn), size, False)
        drawn = nth if self.each_round == "new" else 1
        chance = random.Random(seed if drawn == 1 else f"{seed}/{drawn}")
        places = list(range(1, size + 1))
        if drawn > 1:
            chance.shuffle(places)
        drawn_ties = self._graph(size, chance).edges if self.kind in DRAWN else self._laid_out(size, types)
        return read_ties(((places[a], places[b]) for a, b in drawn_ties), size, self.one_way)

    @property
    def one_way(self) -> bool:
        """Whether what is drawn goes one way only."""
        return self.directed and self.kind in ONE_WAY

    def changes(self, nth: int) -> bool:
        """Whether the study plans another network for the plan's `nth` round than for the one before it."""
        return nth > 1 and (self.each_round == "new" or any(edge.nth == nth for edge in self.edges))

    @property
    def is_planned(self) -> bool:
        """Whether the study gives some round another network than the first."""
        return self.each_round == "new" or any(edge.nth > 1 for edge in self.edges)

    def group_size(self, size: int) -> int:
        """How many play together by themselves in a room of this size."""
        return {"pairs": 2, "cliques": self.clique}.get(self.kind, size)

    def impossible(self, size: int, types: Sequence[str] = ()) -> str:
        """Why a room with `size` slots of these types can't have this network, as a sentence; "" if it can."""
        if self.kind == "edges":
            named = [slot for edge in self.edges if any(edge[:2]) for slot in edge[:2]]
            outside = [slot for slot in named if not 1 <= slot <= size]
            return f"`edges` names slot {outside[0]}, but the room has slots 1 to {size}." if outside else ""
        if self.kind == "bipartite" and len(set(types)) < 2:
            return "its seats are all of one type, and ties join different types only."
        if self.kind == "pairs" and size % 2:
            return f"{size} seats make no pairs."
        if self.kind in ("cliques", "caveman") and size % self.clique:
            return f"{size} seats make no groups of {self.clique}."
        if self.kind == "scale_free" and self.attach >= size:
            return f"`attach` is {self.attach}, but with {size} seats there are {size - 1} others."
        if self._expected(size, types) > MOST_TIES:
            count = round(self._expected(size, types))
            return f"it would have {count:,} ties, and {MOST_TIES:,} is the most."
        if self.kind not in ("lattice", "small_world", "random_regular"):
            return ""
        if self.neighbours >= size:
            return f"`neighbours` is {self.neighbours}, but with {size} seats there are {size - 1} others."
        if self.kind != "random_regular" and self.neighbours % 2:
            return f"`neighbours` is {self.neighbours}, but must be even: half of them are on each side."
        if self.neighbours * size % 2:
            return f"{size} seats with {self.neighbours} neighbours each can't be tied: one must be even."
        return ""

    def _expected(self, size: int, types: Sequence[str]) -> float:
        """How many ties it has in a room, or will have on average."""
        if self.kind in ("complete", "random"):
            return size * (size - 1) * (self.chance if self.kind == "random" else 1)
        if self.kind == "bipartite":
            return size * size - sum(count * count for count in Counter(types).values())
        if self.kind in ("cliques", "caveman"):
            return size * (self.clique - 1)
        if self.kind in ("lattice", "small_world", "random_regular"):
            return size * self.neighbours
        return 2 * size * self.attach if self.kind == "scale_free" else 0

    def _listed(self, room: str, nth: int) -> list[tuple[int, int, float]]:
        own = [edge for edge in self.edges if edge.room in ("", room) and edge.nth <= nth]
        last = max((edge.nth for edge in own), default=1)
        return [edge[:3] for edge in own if edge.nth == last and edge.from_slot]

    def get_ready(self) -> None:
        """Import what `ties` needs, which takes most of half a second: better before the first hundreds are seated."""
        if self.kind in DRAWN:
            import networkx  # noqa: F401

    def _laid_out(self, size: int, types: Sequence[str]) -> list[tuple[int, int]]:
        """Pairs of places from 0; what goes both ways may be there once or twice."""
        if self.kind == "none":
            return []
        if self.kind == "star":
            return [(0, place) for place in range(1, size)]
        if self.kind in ("ring", "lattice"):
            steps = range(1, 2 if self.kind == "ring" else self.neighbours // 2 + 1)
            return [(a, (a + step) % size) for a in range(size) for step in steps if size > 1]
        group = self.clique if self.kind == "cliques" else size
        return [
            (a, b)
            for a, b in combinations(range(size), 2)
            if a // group == b // group and (self.kind != "bipartite" or types[a] != types[b])
        ]

    def _graph(self, size: int, chance: random.Random) -> nx.Graph:
        import networkx as nx  # a quarter of the time that a process takes to start, and few of them need it

        if self.kind == "caveman":
            return nx.connected_caveman_graph(size // self.clique, self.clique)
        for _ in range(MOST_TRIES):
            if self.kind == "small_world":
                graph = nx.watts_strogatz_graph(size, self.neighbours, self.rewire, seed=chance)
            elif self.kind == "random":
                graph = nx.gnp_random_graph(size, self.chance, seed=chance, directed=self.directed)
            elif self.kind == "scale_free":
                graph = nx.barabasi_albert_graph(size, self.attach, seed=chance)
            else:
                graph = nx.random_regular_graph(self.neighbours, size, seed=chance)
            alone = self.kind == "random_regular" and self.neighbours == 1
            if alone or (nx.is_weakly_connected if self.one_way else nx.is_connected)(graph):
                break
        return graph


def read_ties(given: Iterable[Sequence[float]], size: int, directed: bool) -> tuple[Tie, ...]:
    """Ties as they are stored, sorted, from pairs of slots with or without a weight.

    One that is not directed may be given once or both ways round. Raises ValueError with a sentence.
    """
    found: dict[tuple[int, int], float] = {}
    for one in given:
        if not 2 <= len(one) <= 3:
            raise ValueError(f"A tie is two slots and perhaps a weight, not {tuple(one)}.")
        a, b = one[:2]
        weight = float(one[2]) if len(one) == 3 else 1.0
        for slot in (a, b):
            if type(slot) is not int or not 1 <= slot <= size:
                raise ValueError(f"{slot!r} is no slot of a room with slots 1 to {size}.")
        if a == b:
            raise ValueError(f"Slot {a} can't be tied to itself.")
        if not math.isfinite(weight) or weight == 0:
            raise ValueError(f"The tie from {a} to {b} has the weight {weight:g}, which is none.")
        for pair in ((a, b),) if directed else ((a, b), (b, a)):
            assert isinstance(pair[0], int) and isinstance(pair[1], int)
            if found.setdefault((pair[0], pair[1]), weight) != weight:
                raise ValueError(f"The tie between {a} and {b} has two weights.")
    if len(found) > MOST_TIES:
        raise ValueError(f"There are {len(found):,} ties, and {MOST_TIES:,} is the most.")
    return tuple(Tie(a, b, weight) for (a, b), weight in sorted(found.items()))


def _round_robin(size: int, nth: int) -> list[tuple[int, int]]:
    """Who meets in the `nth` round, by the circle method: one stays, the others move on by one each round."""
    moving = size - 1
    turn = (nth - 1) % moving if moving > 1 else 0
    pairs = [(size, turn + 1)]
    pairs += [((turn + step) % moving + 1, (turn - step) % moving + 1) for step in range(1, size // 2)]
    return pairs


def _across(size: int, nth: int) -> list[tuple[int, int]]:
    """Who meets in the `nth` round where each pair has one of either half: the second half moves on by one."""
    half = size // 2
    return [(slot, half + 1 + (slot + nth - 2) % half) for slot in range(1, half + 1)]
