"""One process of the production server: it answers what comes in on the socket that it shares with the others."""

from __future__ import annotations

import asyncio
import os
import socket
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from types import FrameType
from typing import Any

import uvicorn
import uvloop
from litestar.datastructures import State
from litestar.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

from app.config import Config
from app.web import move_forms, player_stream, record_forms, streams
from app.web.app import create_app
from app.web.front import Front, at_once
from app.web.homes import Homes
from app.web.play_origin import PlayOrigin
from app.web.processes import allow_many_connections
from app.web.straight import STRAIGHT, Straight
from app.web.wire import Bounded

TAKES: Mapping[str, Callable[..., None]] = {
    record_forms.PATH: record_forms.take,
    move_forms.PATH: move_forms.take,
}
LARGE_FORM = 16_384  # bytes: what is larger is read piece by piece, as the client can be made to wait


class Protocol(Bounded):
    """uvicorn's, but record forms and moves are answered without a task, a scope's middleware and Litestar (`TAKES`).

    A form takes 15 microseconds here that takes 53 through a bare ASGI application. Order and pipelining stay
    uvicorn's: its cycle of this request counts as open until the answer is written.
    """

    state: State  # the application's
    held: RequestResponseCycle | None = None  # such a form that is still coming in
    begun = b""  # the head of a request for a stream, which another process has begun to answer

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        if self.begun:
            self.transport.begun = True
            self.data_received(self.begun)

    def start(self, cycle: RequestResponseCycle, app: Any) -> None:
        scope = cycle.scope
        if scope["path"] == player_stream.PATH:
            scope["state"][STRAIGHT] = Straight(cycle)
            if not self.begun:
                scope["state"][player_stream.PASS_ON] = self.pass_on
        if (
            scope["path"] not in TAKES
            or scope["method"] != "POST"
            or cycle.waiting_for_100_continue
            or self.flow.write_paused  # a client that sends and does not read is made to wait
        ):
            super().start(cycle, app)
        elif cycle.more_body:
            self.held = cycle
        else:  # it came whole, behind another request
            self._take(cycle)

    def on_body(self, body: bytes) -> None:
        super().on_body(body)
        if self.held is not None and len(self.held.body) > LARGE_FORM:
            cycle, self.held = self.held, None
            super().start(cycle, self.app)

    def on_message_complete(self) -> None:
        super().on_message_complete()
        if self.held is not None:
            cycle, self.held = self.held, None
            self._take(cycle)

    def pass_on(self, home: int) -> bool:
        """Whether another process goes on with the stream that this connection is at; it is done with here then."""
        cycle, way = self.cycle, self.transport
        way.flush()
        busy = self.answering is not cycle or self.reading or way.is_closing() or way.get_write_buffer_size()
        if busy or not cycle.keep_alive or not cycle.chunked_encoding:
            return False
        query = b"?" + cycle.scope["query_string"] if cycle.scope["query_string"] else b""
        head = b"GET %s%s HTTP/1.1\r\n" % (cycle.scope["raw_path"], query)
        head += b"".join(b"%s: %s\r\n" % header for header in cycle.scope["headers"]) + b"\r\n"
        if not self.state.homes.pass_on(home, head, way.get_extra_info("socket").fileno()):
            return False
        way.ended = True  # what ends the stream here is not for its reader
        way.abort()
        return True

    def _take(self, cycle: RequestResponseCycle) -> None:
        def say(answer: bytes) -> None:
            if cycle.disconnected or self.transport.is_closing():
                return
            cycle.response_started = cycle.response_complete = True
            if not cycle.keep_alive:
                answer = answer.replace(b"\r\n", b"\r\nconnection: close\r\n", 1)
            self.transport.write_whole(answer)
            if not cycle.keep_alive:
                self.transport.close()
            self.on_response_complete()

        def pass_on(posted: object) -> None:
            cycle.scope["state"]["posted"] = posted
            super(Protocol, self).start(cycle, self.app)

        headers = dict(cycle.scope["headers"])
        lab = self.state.lab if self.state.labs is None else at_once(self.state.labs, headers)
        if lab is None:
            super().start(cycle, self.app)
        else:
            TAKES[cycle.scope["path"]](lab, headers, bytes(cycle.body), say, pass_on)


class Server(uvicorn.Server):
    """Ends the streams as soon as a signal comes; uvicorn would wait for them for ever."""

    def __init__(self, settings: uvicorn.Config, lifeline: int | None, homes: Homes | None = None) -> None:
        super().__init__(settings)
        self.lifeline, self.homes = lifeline, homes or Homes()
        self.taking_over = set[asyncio.Task[None]]()
        self.loop: asyncio.AbstractEventLoop | None = None
        self.homes.take_over = self.take_over

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        self.loop = asyncio.get_running_loop()
        await super().startup(sockets)
        if self.started and self.lifeline is not None:
            os.write(self.lifeline, b"ready")
        self.homes.serving.set()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Comes in the midst of whatever is at work, so that what ends is left to the loop."""
        if self.loop is not None:
            self.loop.call_soon_threadsafe(self._leave)
        super().handle_exit(sig, frame)

    def _leave(self) -> None:
        self.homes.leave()
        streams.stop()

    def take_over(self, head: bytes, descriptor: int) -> None:
        """Go on with a stream that another process has begun."""
        task = asyncio.create_task(self._go_on(head, socket.socket(fileno=descriptor)))
        self.taking_over.add(task)
        task.add_done_callback(self.taking_over.discard)

    async def _go_on(self, head: bytes, connection: socket.socket) -> None:
        def protocol() -> Protocol:
            found = self.config.http_protocol_class(  # type: ignore[call-arg]
                config=self.config, server_state=self.server_state, app_state=self.lifespan.state
            )
            assert isinstance(found, Protocol)
            found.begun = head
            return found

        try:
            await asyncio.get_running_loop().connect_accepted_socket(protocol, connection)
        except OSError:  # its reader has gone
            connection.close()


def serve_one(
    config: Config, url: str, listeners: Sequence[socket.socket], lifeline: int, homes: Homes
) -> None:
    """Serve in this process until SIGTERM or SIGINT, or until whoever holds the other end of `lifeline` is gone.

    Where there is a second listener, no researcher's side is behind it: studies with scripts are played there.
    Says "ready" into it when requests are answered from here too.
    """
    allow_many_connections()
    threading.Thread(target=_end_with_parent, args=[lifeline], daemon=True).start()
    app = create_app(config, url, homes)
    port: int = listeners[1].getsockname()[1] if len(listeners) > 1 else 0
    settings = uvicorn.Config(
        _head_as_get(PlayOrigin(Front(app, app.state) if config.clusters else app, port, config.play_url)),
        loop="uvloop",
        http=type("Protocol", (Protocol,), {"state": app.state}),
        ws="none",
        lifespan="on",
        log_level="warning",
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=5,
        timeout_keep_alive=75,  # people think longer than the usual 5 s between two forms
        backlog=4096,
        proxy_headers=True,
    )
    uvloop.run(Server(settings, lifeline, homes).serve(sockets=[*listeners]))


def _head_as_get(app: ASGIApp) -> ASGIApp:
    """Uptime checks and link scanners ask with HEAD; uvicorn leaves the body of the answer out."""

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        if scope.get("method") == "HEAD":
            scope = {**scope, "method": "GET"}  # type: ignore[assignment]
        await app(scope, receive, send)

    return answer


def _end_with_parent(lifeline: int) -> None:
    with suppress(OSError):
        os.read(lifeline, 1)  # returns only when the parent has died, however it died
    os._exit(1)
