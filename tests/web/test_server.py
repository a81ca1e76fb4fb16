"""That uvicorn is as app/web/server.py takes it to be: what is overridden there is no promise of uvicorn's."""

from __future__ import annotations

import asyncio
import inspect
import socket
from typing import Any

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle
from uvicorn.server import ServerState

POST = b"POST /play/records HTTP/1.1\r\nhost: here\r\ncontent-length: 3\r\n\r\na=1"
ANSWER = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"


class Told(HttpToolsProtocol):
    """Keeps what uvicorn calls, in its order, and starts nothing."""

    heard: list[str]
    cycles: list[RequestResponseCycle]
    whole: asyncio.Event

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.heard, self.cycles, self.whole = [], [], asyncio.Event()

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        assert cycle is self.cycle and app is self.app and not cycle.waiting_for_100_continue
        assert not self.flow.write_paused
        self.heard.append(f"start {'before' if cycle.more_body else 'behind'} the body")
        self.cycles.append(cycle)

    def on_body(self, body: bytes) -> None:
        super().on_body(body)
        self.heard.append(f"body {bytes(self.cycle.body).decode()}")

    def on_message_complete(self) -> None:
        super().on_message_complete()
        self.heard.append("end")
        if self.heard.count("end") == 2:
            self.whole.set()

    def answer(self) -> None:
        """As `Protocol` does for a record form."""
        cycle = self.cycles[-1]
        assert not cycle.disconnected and cycle.keep_alive and not cycle.response_started
        cycle.response_started = cycle.response_complete = True
        self.transport.write(ANSWER)
        self.on_response_complete()


async def nothing(scope: Any, receive: Any, send: Any) -> None:
    raise AssertionError("no task was to be started")


def test_a_request_is_started_once_filled_and_ended_and_the_next_waits_for_its_answer() -> None:
    async def play() -> None:
        settings = uvicorn.Config(nothing, http="httptools", ws="none", lifespan="off", access_log=False)
        settings.load()
        ours, theirs = socket.socketpair()
        with ours, theirs:
            ours.setblocking(False)
            theirs.setblocking(False)
            loop = asyncio.get_running_loop()
            _, told = await loop.connect_accepted_socket(lambda: Told(settings, ServerState(), {}), ours)
            await loop.sock_sendall(theirs, POST + POST)
            await told.whole.wait()
            first = ["start before the body", "body a=1", "end"]
            assert told.heard == [*first, "body a=1", "end"], "the second is read, and not started"
            assert told.cycles[0].scope["path"] == "/play/records"
            told.answer()
            assert told.heard[-1] == "start behind the body" and len(told.cycles) == 2
            told.answer()
            assert len(told.cycles) == 2
            assert (await loop.sock_recv(theirs, 1000)).count(b"200 OK") == 2
            told.transport.close()
            await asyncio.sleep(0)  # lets the transport go

    asyncio.run(play())


def test_what_is_overridden_takes_what_it_took() -> None:
    taken = {
        method: list(inspect.signature(method).parameters)
        for method in (
            HttpToolsProtocol._start_asgi_task,
            HttpToolsProtocol.on_response_complete,
            uvicorn.Server.startup,
            uvicorn.Server.shutdown,
            uvicorn.Server.handle_exit,
        )
    }
    assert list(taken.values()) == [
        ["self", "cycle", "app"],
        ["self"],
        ["self", "sockets"],
        ["self", "sockets"],
        ["self", "sig", "frame"],
    ]
