"""Ahead: what waits in rooms that have a turn just now, so that their next one begins as soon as this one is stored.
And what is left to others.

A room is read as moves are stored there, whether it has a turn or not; what that turn comes to is put on top of it. No
truth is kept here: `handling.put` stores what comes of the next turn only where nothing else has been handled.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from time import monotonic

from app.rooms.handling import MovesTaken, MovingRoom, WaitingMove

YIELDS = (
    0.5  # seconds that a room is left to the process that has stored the oldest of the moves that wait there
)
Standing = tuple[MovingRoom, Sequence[WaitingMove]]


class NextTurns:
    def __init__(self) -> None:
        self.read: dict[int, Standing] = {}  # room → as it was read last, while it had a turn

    def keep(self, standing: MovingRoom, waiting: Sequence[WaitingMove]) -> None:
        self.read[standing.id] = standing, waiting

    def has(self, room_id: int, record_id: int) -> bool:
        """Whether this move is among what is to have the room's next turn."""
        return room_id in self.read and any(one.record_id == record_id for one in self.read[room_id][1])

    def drop(self, room_id: int) -> MovingRoom | None:
        found = self.read.pop(room_id, None)
        return found and found[0]

    def after(self, turn: MovesTaken) -> Standing | None:
        """The room as it stands after a turn that is stored, and what waits there; None where that has to be read."""
        if turn.room_id not in self.read or turn.until is not None or turn.ends or turn.failure:
            return None
        standing, waiting = self.read[turn.room_id]
        done = {move.record_id for move, _ in turn.lines}
        left = [one for one in waiting if one.record_id not in done]
        handled = turn.handled + len(turn.lines)
        if not left:
            del self.read[turn.room_id]
        if not left or standing.position != turn.position:
            return None
        if standing.handled == handled:
            return standing, left
        return (_with(standing, turn, handled), left) if standing.handled == turn.handled else None


class Yielded(dict[int, tuple[int, float]]):
    """Room → another's oldest move there, and since when it is left to them."""

    def are_over(self, room_id: int, record_id: int) -> bool:
        """They may have died."""
        now = monotonic()
        known, since = self.get(room_id, (0, now))
        self[room_id] = record_id, since if known == record_id else now
        return now >= self[room_id][1] + YIELDS

    def forget(self, before: float) -> None:
        for room_id in [one for one, (_, since) in self.items() if since <= before]:
            del self[room_id]


def _with(standing: MovingRoom, turn: MovesTaken, handled: int) -> MovingRoom:
    """As reading it would give it, had the turn been stored by then."""
    said = {(slot, name): value for slot, name, value in standing.said}
    state, begun = standing.state, standing.begun
    for _, one in turn.lines:
        state, begun = state if one.state is None else one.state, begun or one.accepted
        said |= {(slot, name): value for name, found in one.results.items() for slot, value in found.items()}
    results = [(slot, name, value) for (slot, name), value in sorted(said.items())]
    return replace(standing, handled=handled, state=state, begun=begun, said=results)
