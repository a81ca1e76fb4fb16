"""What comes in on a socket that no browser would send: it is refused with a sentence, and the connection ends."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import pytest
import uvicorn

from app.web import wire
from app.web.wire import Bounded
from tests.bench.stage import memory
from tests.house.house import House
from tests.house.server import Server
from tests.house.studies import TALK
from tests.house.waits import PATIENCE, until

T = TypeVar("T")
HEALTHY = b"GET /health/live HTTP/1.1\r\nHost: here\r\n\r\n"
FORM = b"POST /play/leave HTTP/1.1\r\nHost: here\r\nContent-Type: application/x-www-form-urlencoded\r\n"


def talk(server: Server, *parts: bytes, seconds: float = PATIENCE) -> bytes:
    """Sends the parts one after the other and returns all that is answered until the server ends the connection."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=seconds) as line:
        try:
            for part in parts:
                line.sendall(part)
        except (BrokenPipeError, ConnectionResetError):
            pass  # it has heard enough
        return until_end(line)


def until_end(line: socket.socket) -> bytes:
    answer = b""
    while True:
        try:
            part = line.recv(65536)
        except ConnectionResetError:
            return answer
        if not part:
            return answer
        answer += part


def statuses(answer: bytes) -> list[int]:
    return [int(part[:3]) for part in answer.split(b"HTTP/1.1 ")[1:]]


CL, TE = b"Content-Length: 3\r\n", b"Transfer-Encoding: chunked\r\n"
SMUGGLED = b"GET /health/live HTTP/1.1\r\nHost: smuggled\r\n\r\n"
REFUSED = {
    "two lengths": (FORM + CL + b"Content-Length: 4\r\n\r\nabcd", 400),
    "the same length twice": (FORM + CL + CL + b"\r\nabc", 400),
    "a length and chunks": (FORM + CL + TE + b"\r\n0\r\n\r\n", 400),
    "chunks and a length": (FORM + TE + CL + b"\r\n0\r\n\r\n", 400),
    "chunks twice": (FORM + TE + TE + b"\r\n0\r\n\r\n", 400),
    "chunks of something packed": (FORM + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 400),
    "something packed": (FORM + b"Transfer-Encoding: gzip\r\n\r\n", 400),
    "chunks in HTTP/1.0": (FORM.replace(b"1.1", b"1.0") + TE + b"\r\n0\r\n\r\n", 400),
    "a length below zero": (FORM + b"Content-Length: -1\r\n\r\n", 400),
    "a length with a sign": (FORM + b"Content-Length: +3\r\n\r\nabc", 400),
    "a length that is no number": (FORM + b"Content-Length: many\r\n\r\n", 400),
    "a length that no number holds": (FORM + b"Content-Length: 99999999999999999999999\r\n\r\n", 400),
    "a length of gigabytes": (FORM + b"Content-Length: 9999999999\r\n\r\n", 413),
    "a chunk whose size is no number": (FORM + TE + b"\r\nzz\r\n", 400),
    "no host": (b"GET / HTTP/1.1\r\n\r\n", 400),
    "two hosts": (b"GET / HTTP/1.1\r\nHost: here\r\nHost: there\r\n\r\n", 400),
    "half a host": (b"GET / HTTP/1.1\r\nHost: [::1\r\n\r\n", 400),
    "a host with an end of its own": (b"GET / HTTP/1.1\r\nHost: here/there\r\n\r\n", 400),
    "a folded line": (b"GET / HTTP/1.1\r\nHost: here\r\n there\r\n\r\n", 400),
    "a blank before the colon": (b"GET / HTTP/1.1\r\nHost : here\r\n\r\n", 400),
    "a NUL in a head": (b"GET / HTTP/1.1\r\nHost: here\r\nCookie: a\0b\r\n\r\n", 400),
    "ends of lines without their half": (b"GET / HTTP/1.1\nHost: here\n\n", 400),
    "an authority": (b"CONNECT here:443 HTTP/1.1\r\nHost: here\r\n\r\n", 400),
    "something else": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400),
    "a form for another protocol": (
        FORM
        + b"Connection: upgrade\r\nUpgrade: h2c\r\nContent-Length: %d\r\n\r\n" % len(SMUGGLED)
        + SMUGGLED,
        400,
    ),
    "an address without end": (b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\nHost: here\r\n\r\n", 414),
    "a head without end": (b"GET / HTTP/1.1\r\nHost: here\r\nCookie: " + b"a" * 40_000 + b"\r\n\r\n", 431),
    "a thousand lines": (b"GET / HTTP/1.1\r\nHost: here\r\n" + b"a: b\r\n" * 1000 + b"\r\n", 431),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_cannot_be_meant_is_refused_and_nothing_behind_it_is_read(server: Server, what: str) -> None:
    sent, status = REFUSED[what]
    answer = talk(server, sent, HEALTHY)
    assert statuses(answer) == [status], answer
    head, _, sentence = answer.partition(b"\r\n\r\n")
    assert sentence.endswith(b".") and len(sentence) > 30, "a sentence says what to do"
    assert b"connection: close" in head and b"content-security-policy" in head


def test_what_was_asked_before_is_answered_first(server: Server) -> None:
    answer = talk(server, HEALTHY + b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n")
    assert statuses(answer)[0] == 200 and b"alive" in answer and len(statuses(answer)) <= 2


def test_a_stream_ends_with_its_connection_whatever_was_asked_behind_it(
    shared: House, server: Server
) -> None:
    session = shared.open(TALK)
    guest = shared.guest(server, session, "R1")

    def pages() -> int:
        query = "select count(*) from presence where session_id = %s and until is null"
        return int(shared.sql(query, session.id)[0][0])

    async def story() -> None:
        await guest.sign_in()
        cookie = "; ".join(f"{name}={value}" for name, value in guest.browser.cookies.items())
        stream = f"GET /play/live HTTP/1.1\r\nHost: here\r\nCookie: {cookie}\r\n\r\n".encode()
        with socket.create_connection(("127.0.0.1", server.port), timeout=PATIENCE) as line:
            line.sendall(stream + HEALTHY)
            assert b"text/event-stream" in line.recv(65536)
            await until(lambda: pages() == 1, "the page")
        await until(lambda: pages() == 0, "the end of its stream")

    shared.tell(story())


def test_behind_the_last_answer_nothing_is_written(server: Server) -> None:
    """The application begins with a request only then, and would ask for its body."""
    form = FORM.replace(b"/play/leave", b"/join/nobody")
    answer = talk(server, form + TE + b"Expect: 100-continue\r\n\r\nno chunk\r\n")
    assert statuses(answer) == [400]
    assert statuses(talk(server, HEALTHY[:-2] + b"Connection: close\r\n\r\n")) == [200]
    assert "after write_eof" not in server.log.read_text()


@pytest.mark.parametrize("protocol", [b"websocket", b"h2c", b"TLS/1.0"])
def test_a_request_for_another_protocol_is_answered_in_this_one_and_ends_the_connection(
    server: Server, protocol: bytes
) -> None:
    upgrade = b"Connection: Upgrade\r\nUpgrade: " + protocol + b"\r\n\r\n"
    for asked in (HEALTHY[:-2] + upgrade, FORM + upgrade):
        answer = talk(server, asked, SMUGGLED, SMUGGLED)
        assert len(statuses(answer)) == 1 and statuses(answer)[0] in (200, 403), answer
        assert b"connection: close" in answer.lower()


def test_what_comes_behind_a_body_changes_no_head(server: Server, shared: House) -> None:
    """A proxy that takes X-Forwarded-For and cookies out of heads need not look there."""
    session = shared.open(TALK)
    guest = shared.guest(server, session, "R1")
    shared.tell(guest.sign_in())
    cookie = "; ".join(f"{name}={value}" for name, value in guest.browser.cookies.items()).encode()
    chunked = b"POST /play/here HTTP/1.1\r\nHost: here\r\nConnection: close\r\n" + TE
    assert statuses(talk(server, chunked + b"Cookie: " + cookie + b"\r\n\r\n0\r\n\r\n")) == [200]
    assert statuses(talk(server, chunked + b"\r\n0\r\nCookie: " + cookie + b"\r\n\r\n")) == [403]


HEAD = b"GET / HTTP/1.1\r\nHost: here\r\n"
ENDLESS = {  # what begins, and what is then sent again and again
    "an address": (b"GET /", b"a", 414),
    "a line of a head": (HEAD + b"Cookie: ", b"a", 431),
    "a name of a line": (HEAD, b"a", 431),
    "lines of a head": (HEAD, b"a: b\r\n", 431),
    "chunks of a form": (FORM + TE + b"\r\n", b"2\r\na=\r\n", 413),
    "a note on a chunk": (FORM + TE + b"\r\n1;", b"a", 413),
    "lines behind a form": (FORM + TE + b"\r\n0\r\n", b"a: b\r\n", 413),
    "a line behind a form": (FORM + TE + b"\r\n0\r\na: ", b"a", 413),
    "a form for nobody": (FORM.replace(b"leave", b"nothing") + TE + b"\r\n", b"2\r\na=\r\n", 413),
    "requests": (b"", HEALTHY.replace(b"live", b"ready"), 200),
}


@pytest.mark.parametrize("what", ENDLESS)
def test_what_has_no_end_is_not_kept(hall: House, server: Server, what: str) -> None:
    """20 MB of each, and the server is no larger than it was."""
    start, more, status = ENDLESS[what]
    before = sum(map(memory, hall.workers()))
    answer = talk(server, start, *[more * (100_000 // len(more))] * 200)
    assert statuses(answer)[-1:] in ([status], [403], [404], []), answer[-1000:]
    assert sum(map(memory, hall.workers())) < before + 8


class Quick(Bounded):
    head_seconds, body_seconds, stalled = 0.2, 0.4, 0.4


async def large(scope: Any, receive: Any, send: Any) -> None:
    """Reads what is sent, and answers more than fits into a line."""
    if scope["type"] == "http":
        while (message := await receive()).get("more_body"):
            pass
        if message["type"] == "http.request":
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": b"a" * 40_000_000})


SLOW = {
    "nothing": (b"", b"", b""),
    "half a head": (HEAD, b"", b"408"),
    "a head byte by byte": (HEAD + b"Cookie: ", b"a", b"408"),
    "a body byte by byte": (FORM + b"Content-Length: 1000\r\n\r\n", b"a", b"408"),
    "line breaks": (b"", b"\r\n", b""),
}


@pytest.mark.parametrize("what", SLOW)
def test_who_sends_slowly_or_nothing_is_let_go(what: str) -> None:
    start, more, status = SLOW[what]

    async def story(port: int) -> bytes:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)

        async def trickle() -> None:
            writer.write(start)
            while more:
                writer.write(more)
                await asyncio.sleep(0.02)  # is the fault itself

        trickling = asyncio.create_task(trickle())
        try:
            answer = await reader.read()
        except ConnectionResetError:  # it closed while more was on its way
            answer = b""
        trickling.cancel()
        writer.close()
        return answer

    answer = served(Quick, story)
    assert answer.startswith(b"HTTP/1.1 " + status) if status else not answer


def test_who_does_not_read_is_let_go() -> None:
    class Watched(Quick):
        gone = asyncio.Event()

        def connection_lost(self, exc: Exception | None) -> None:
            super().connection_lost(exc)
            self.gone.set()

    async def story(port: int) -> None:
        with socket.create_connection(("127.0.0.1", port)) as line:
            line.sendall(HEALTHY)
            await Watched.gone.wait()

    served(Watched, story)


def test_of_many_who_say_nothing_the_oldest_are_let_go(monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody who does say something is answered meanwhile."""
    monkeypatch.setattr(wire, "MOST_SILENT", 10)
    monkeypatch.setattr(wire, "YOUNG", 0.0)

    async def story(port: int) -> bytes:
        silent = [await asyncio.open_connection("127.0.0.1", port) for _ in range(30)]
        ended = await asyncio.gather(*(reader.read() for reader, _ in silent[:15]), return_exceptions=True)
        assert len(ended) == 15, "nothing was said to them"
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(HEALTHY)
        answer = await reader.readline()
        for one in [writer, *(each for _, each in silent)]:
            one.transport.abort()
        return answer

    assert served(Bounded, story).startswith(b"HTTP/1.1 200")


def served(protocol: type[Bounded], story: Callable[[int], Awaitable[T]]) -> T:
    """What a story of a server with this protocol comes to."""

    async def run() -> T:
        settings = uvicorn.Config(
            large, http=protocol, ws="none", lifespan="off", log_level="warning", access_log=False
        )
        server = uvicorn.Server(settings)
        with socket.create_server(("127.0.0.1", 0)) as listener:
            serving = asyncio.create_task(server.serve(sockets=[listener]))
            async with asyncio.timeout(PATIENCE):
                found = await story(listener.getsockname()[1])
            server.should_exit = True
            await serving
        return found

    return asyncio.run(run())
