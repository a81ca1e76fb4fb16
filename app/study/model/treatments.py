"""Treatments: factors of an experiment, and which level of each a room or a player gets.

What is drawn depends on the session's seed and on the place in a row (of rooms as they open, of players as they sit
down), and on nothing else: whoever draws again, in another process or after a crash, draws the same.

Two methods, as in Rosenberger & Lachin, Randomization in Clinical Trials (2nd ed., 2016), chapter 3: "blocked" is
permuted blocks, in each of which every level comes as often as its weight says; "complete" draws each by itself, as
with a coin.
"""

from __future__ import annotations

import itertools
import math
import random
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

METHODS = ("blocked", "complete")
# By what is drawn for: what it can be balanced within
WITHIN = {
    "room": ("kind",),
    "player": ("type", "room"),
    "arrival": ("type",),
}

Cell = tuple[str, ...]  # a level of each factor that is drawn together
Place = tuple[str, int]  # the name of a row, and a place in it from 0


@dataclass(frozen=True, slots=True)
class Treatment:
    """One factor. `by` is for whom it is drawn: "room" as it opens, "player" as they sit down, "arrival" as they come.

    Factors that are blocked `by` the same and `within` the same are drawn together: a block of `block` (by default the
    smallest that there can be) has each combination of their levels equally often, or as often as the `weights` of the
    levels (by default all 1) say. `within` is "" (one row for the whole session), "kind" of rooms, "type" of players,
    or "room": a row for each.
    """

    name: str
    levels: tuple[str, ...]
    by: str = "room"
    method: str = "blocked"
    block: int | None = None
    weights: tuple[int, ...] = ()
    within: str = ""

    @property
    def column(self) -> str:
        """Of players.csv and rooms.csv."""
        return f"treatment_{self.name}"

    @property
    def deck(self) -> tuple[str, ...]:
        """Each level as often as it weighs."""
        weights = self.weights or (1,) * len(self.levels)
        return tuple(
            itertools.chain(*([level] * weight for level, weight in zip(self.levels, weights, strict=True)))
        )


@dataclass(frozen=True, slots=True)
class Together:
    """Factors that are drawn in one, and how: those of a block, or one by itself."""

    factors: tuple[Treatment, ...]
    within: str
    blocked: bool
    decks: tuple[tuple[str, ...], ...]  # of each factor, its levels as often as they weigh
    smallest: int  # how many it takes for each combination to come as often as it should

    def draw(self, seed: int, places: Mapping[str, Place]) -> Iterator[tuple[str, str]]:
        """Factors and levels for whoever stands at these places, by what is `within`."""
        row, nth = places[self.within]
        names = [one.name for one in self.factors]
        key = f"{seed}/{self.factors[0].by}/{self.within}/{row}/{'/'.join(names)}"
        if self.blocked:
            size = next((one.block for one in self.factors if one.block), self.smallest)
            block, place = divmod(nth, size)
            return zip(
                names, _shuffled(self.decks, size // self.smallest, f"{key}/{block}")[place], strict=True
            )
        return zip(names, [random.Random(f"{key}/{nth}").choice(deck) for deck in self.decks], strict=True)


def drawn_together(treatments: Sequence[Treatment], by: str) -> Iterator[Together]:
    """The factors of rooms, of players or of arrivals, those that are blocked together in one."""
    own = [one for one in treatments if one.by == by]
    for within in dict.fromkeys(one.within for one in own if one.method == "blocked"):
        yield _together(tuple(one for one in own if one.method == "blocked" and one.within == within))
    for one in own:
        if one.method == "complete":
            yield _together((one,))


class Draws:
    """Draws for one room after another and everybody in it, going on where `rooms` rooms have opened before.

    `players`: type → how many have sat down before, whoever took a slot over not counted.
    """

    def __init__(
        self, treatments: Sequence[Treatment], seed: int, rooms: int = 0, players: Mapping[str, int] = {}
    ) -> None:
        self.seed, self.rooms = seed, rooms
        self.of_rooms = tuple(drawn_together(treatments, "room"))
        self.of_players = tuple(drawn_together(treatments, "player"))
        self.players = Counter(players)

    def room(self, kind: str, number: int) -> dict[str, str]:
        """For the next room, which is this one of its kind, from 1."""
        places = {"": ("", self.rooms), "kind": (kind, number - 1)}
        self.rooms += 1
        return dict(level for one in self.of_rooms for level in one.draw(self.seed, places))

    def player(self, type_: str, room: str, slot: int) -> dict[str, str]:
        """For the next who sits down."""
        places = {
            "": ("", self.players.total()),
            "type": (type_, self.players[type_]),
            "room": (room, slot - 1),
        }
        self.players[type_] += 1
        return dict(level for one in self.of_players for level in one.draw(self.seed, places))

    def bot(self, room: str, slot: int) -> dict[str, str]:
        """For a bot in a slot that nobody took: it moves nobody's place in a row of people."""
        alone = (f"bots of {room}", slot - 1)
        places = {"": alone, "type": alone, "room": (room, slot - 1)}
        return dict(level for one in self.of_players for level in one.draw(self.seed, places))


def drawn_at_door(
    treatments: Sequence[Treatment], seed: int, nth: int, type_: str, nth_of_type: int
) -> dict[str, str]:
    """For whoever comes as this one, both from 0, of all and of their type."""
    places = {"": ("", nth), "type": (type_, nth_of_type)}
    return dict(level for one in drawn_together(treatments, "arrival") for level in one.draw(seed, places))


def _together(factors: tuple[Treatment, ...]) -> Together:
    decks = tuple(one.deck for one in factors)
    return Together(
        factors, factors[0].within, factors[0].method == "blocked", decks, math.prod(map(len, decks))
    )


@lru_cache(1000)
def _shuffled(decks: tuple[Cell, ...], times: int, key: str) -> tuple[Cell, ...]:
    """One block. Kept, since its places are drawn one after another."""
    cells = list(itertools.product(*decks)) * times
    random.Random(key).shuffle(cells)
    return tuple(cells)
