"""The network of a room: which slots are tied, built by networkx from a seed."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import networkx as nx

KINDS = ("complete", "ring", "star", "lattice", "small_world", "random_regular", "edges")
MOST_TRIES = 1000


@dataclass(frozen=True, slots=True)
class Network:
    """How the slots of each room are tied. Ties are undirected.

    | kind | ties |
    |---|---|
    | complete | everyone with everyone |
    | ring | each slot with the next, the last with the first |
    | star | slot 1 with every other |
    | lattice | a ring in which each slot is tied to its `neighbours` nearest ones (an even number) |
    | small_world | a lattice, each tie rewired with probability `rewire` (Watts & Strogatz 1998) |
    | random_regular | drawn from the networks in which each slot has `neighbours` ties |
    | edges | those listed in `edges`, pairs of slots counted from 1 |

    A small_world, and a random_regular with 2 neighbours or more, is drawn again until nobody is cut off.
    (After 1,000 draws the last one stands; networks so sparse that this happens are hardly ever connected.)
    """

    kind: str
    edges: tuple[tuple[int, int], ...] = ()
    neighbours: int = 4
    rewire: float = 0.1

    def ties(self, size: int, seed: int) -> tuple[tuple[int, int], ...]:
        """The ties of a room with `size` slots: sorted pairs (a, b) of slots from 1, with a < b.

        The same size and seed give the same ties. Raises ValueError where `impossible(size)` says why.
        """
        reason = self.impossible(size)
        if reason:
            raise ValueError(reason)
        graph = self._graph(size, random.Random(seed))
        return tuple(sorted((min(a, b) + 1, max(a, b) + 1) for a, b in graph.edges))

    def impossible(self, size: int) -> str:
        """Why a room with `size` slots can't have this network, as a sentence; "" if it can."""
        if self.kind == "edges":
            outside = [slot for edge in self.edges for slot in edge if not 1 <= slot <= size]
            return f"`edges` names slot {outside[0]}, but the room has slots 1 to {size}." if outside else ""
        if self.kind not in ("lattice", "small_world", "random_regular"):
            return ""
        if self.neighbours >= size:
            return f"`neighbours` is {self.neighbours}, but with {size} seats there are {size - 1} others."
        if self.kind != "random_regular" and self.neighbours % 2:
            return f"`neighbours` is {self.neighbours}, but must be even: half of them are on each side."
        if self.neighbours * size % 2:
            return f"{size} seats with {self.neighbours} neighbours each can't be tied: one must be even."
        return ""

    def _graph(self, size: int, chance: random.Random) -> nx.Graph:
        import networkx as nx  # a quarter of the time that a command takes to start, and few of them need it

        if self.kind == "complete":
            return nx.complete_graph(size)
        if self.kind == "ring":
            # networkx ties the one node of a ring of one to itself.
            return nx.cycle_graph(size) if size > 2 else nx.path_graph(size)
        if self.kind == "star":
            return nx.star_graph(size - 1)
        if self.kind == "lattice":
            return nx.watts_strogatz_graph(size, self.neighbours, 0, seed=chance)
        if self.kind == "edges":
            return nx.Graph((a - 1, b - 1) for a, b in self.edges)
        for _ in range(MOST_TRIES):
            if self.kind == "small_world":
                graph = nx.watts_strogatz_graph(size, self.neighbours, self.rewire, seed=chance)
            else:
                graph = nx.random_regular_graph(self.neighbours, size, seed=chance)
            if self.neighbours == 1 or nx.is_connected(graph):
                break
        return graph
