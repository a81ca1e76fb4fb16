"""Straight to a connection: what a live page is sent without a task that wakes for it, and without ASGI.

A message to the ten pages of a room is written ten times, and more of each was the way to the socket than the socket.
Order is kept by whoever has it: it is used only while a stream has nothing else to send.
"""

from __future__ import annotations

import asyncio

from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

STRAIGHT = "straight"  # in a scope's state


class Straight:
    """To whoever has asked for `cycle`. `last`: when something was sent, on the loop's clock."""

    __slots__ = ("cycle", "flow", "last", "loop")

    def __init__(self, cycle: RequestResponseCycle) -> None:
        self.cycle, self.flow, self.last = cycle, cycle.flow, 0.0
        self.loop = asyncio.get_running_loop()

    def send(self, message: bytes) -> bool:
        """False where it can't be sent now: the answer has not begun or is over, or its reader does not keep up."""
        cycle = self.cycle
        if (
            self.flow.write_paused
            or cycle.disconnected
            or cycle.response_complete
            or not cycle.chunked_encoding
        ):
            return False
        cycle.transport.write(b"%x\r\n%b\r\n" % (len(message), message))
        self.last = self.loop.time()
        return True
