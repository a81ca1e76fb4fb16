"""Readiness: rooms that come together, and what becomes of each as those who are to sit in it are asked to say so.

Nothing here asks the database: `gatherings` reads and stores them, `seating` plans with them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from app.study.model.study import ANY

HOLDS = 60.0  # seconds that somebody's word holds for the next room, where theirs came to nothing


@dataclass(frozen=True, slots=True)
class Gathering:
    """A room that opens as soon as everybody has said that they are ready."""

    id: int
    kind: str
    number: int  # that it was to have
    reason: str
    left: float  # seconds that they have for it
    seats: tuple[tuple[int, str], ...]  # player id, the type the seat asks for
    ready: Mapping[int, float]  # player id → seconds since they said so
    bots: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Settled:
    """What becomes of the rooms that are coming together."""

    opens: list[Gathering] = field(default_factory=list)
    waits: list[Gathering] = field(default_factory=list)
    # Come to nothing: somebody has gone, or has not said so in time
    over: list[Gathering] = field(default_factory=list)
    missed: set[int] = field(default_factory=set)  # who has not said so in time
    # As above: whose word holds, though it came to nothing
    ready: dict[int, float] = field(default_factory=dict)

    @property
    def held(self) -> set[int]:
        """Who is not free for another room."""
        return {player for one in (*self.opens, *self.waits) for player, _ in one.seats}


def settle(gatherings: Sequence[Gathering], here: Mapping[int, str]) -> Settled:
    """`here`: who waits, with their type; whoever is not has gone."""
    found = Settled()
    for one in gatherings:
        whole = all(player in here and seat in (ANY, here[player]) for player, seat in one.seats)
        if whole and len(one.ready) == len(one.seats):
            found.opens.append(one)
        elif whole and one.left > 0:
            found.waits.append(one)
        else:
            found.over.append(one)
            found.ready.update({who: ago for who, ago in one.ready.items() if ago < HOLDS and who in here})
            if one.left <= 0:
                found.missed.update(
                    player for player, _ in one.seats if player in here and player not in one.ready
                )
    return found
