"""Awaited: who waits for what comes of a move that is stored."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from app.rooms.handling import MoveOutcome

PATIENCE = 2.0  # seconds that whoever made a move waits for what comes of it
Coming = asyncio.Future[MoveOutcome | None]


class Awaited:
    def __init__(self) -> None:
        self.by_room: dict[int, dict[int, Coming]] = {}  # room → record → who waits

    def coming(self, room_id: int, record_id: int) -> Coming:
        """What comes of it; None where that is not known in time, and the room's log tells it."""
        loop = asyncio.get_running_loop()
        waiting = self.by_room.setdefault(room_id, {})
        if record_id not in waiting:  # the same form may have come twice
            future: Coming = loop.create_future()
            waiting[record_id] = future
            timer = loop.call_later(PATIENCE, self.tell, room_id, {record_id: None})
            future.add_done_callback(lambda _: timer.cancel())
        return waiting[record_id]

    def records(self, room_id: int) -> set[int]:
        return set(self.by_room.get(room_id, ()))

    def has(self, room_id: int, record_id: int) -> bool:
        return record_id in self.by_room.get(room_id, ())

    def tell(self, room_id: int, outcomes: Mapping[int, MoveOutcome | None]) -> None:
        waiting = self.by_room.get(room_id, {})
        for record_id, outcome in outcomes.items():
            future = waiting.pop(record_id, None)
            if future is not None and not future.done():
                future.set_result(outcome)
        if not waiting:
            self.by_room.pop(room_id, None)
