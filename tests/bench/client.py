"""A client cheaper than what it measures: ready-made bytes out, llhttp on the way back, no streams between.

`Connection` asks one question at a time on a kept connection; `LivePage` is an open server-sent stream.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeVar, cast
from urllib.parse import urlencode, urlsplit

import httptools

P = TypeVar("P", bound=asyncio.Protocol)


@dataclass(slots=True)
class Reply:
    status: int
    seconds: float  # from the question to the whole answer
    headers: dict[bytes, bytes] = field(default_factory=dict)  # names in lower case
    body: bytes = b""

    @property
    def cookie(self) -> str:
        return self.headers.get(b"set-cookie", b"").partition(b";")[0].decode()


class Connection(asyncio.Protocol):
    def __init__(self) -> None:
        self.parser = httptools.HttpResponseParser(self)
        self.reply = Reply(0, 0.0)
        self.answered: asyncio.Future[Reply] | None = None
        self.asked = 0.0

    async def ask(self, request: bytes) -> Reply:
        """Raises ConnectionError when the connection ends before the answer does."""
        self.answered = asyncio.get_running_loop().create_future()
        self.reply = Reply(0, 0.0)
        self.asked = time.perf_counter()
        self.transport.write(request)
        return await self.answered

    def close(self) -> None:
        self.transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        self.parser.feed_data(data)

    def connection_lost(self, exc: Exception | None) -> None:
        if self.answered is not None and not self.answered.done():
            self.answered.set_exception(ConnectionError(f"the server closed the connection ({exc})"))

    def on_header(self, name: bytes, value: bytes) -> None:
        self.reply.headers[name.lower()] = value

    def on_body(self, body: bytes) -> None:
        self.reply.body += body

    def on_message_complete(self) -> None:
        self.reply.status = self.parser.get_status_code()
        self.reply.seconds = time.perf_counter() - self.asked
        if self.answered is not None and not self.answered.done():
            self.answered.set_result(self.reply)


class LivePage(Connection):
    """Calls `see(message, now)` for each server-sent message, `now` on the clock of time.perf_counter()."""

    def __init__(self, request: bytes, see: Callable[[bytes, float], None]) -> None:
        super().__init__()
        self.request, self.see = request, see
        self.rest = b""
        self.opened = asyncio.get_running_loop().create_future()  # a first message has come
        self.ended = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self.transport.write(self.request)

    def connection_lost(self, exc: Exception | None) -> None:
        self.ended = True
        if not self.opened.done():
            self.opened.set_exception(ConnectionError(f"the stream was refused with {self.reply.status}"))

    def on_body(self, body: bytes) -> None:
        now = time.perf_counter()
        if self.parser.get_status_code() != 200:
            self.reply.body += body
            return
        *whole, self.rest = (self.rest + body).split(b"\n\n")
        for message in whole:
            if not message.startswith(b":"):
                self.see(message, now)
                if not self.opened.done():
                    self.opened.set_result(None)


async def connect(base: str, make: Callable[[], P]) -> P:
    parts = urlsplit(base)
    _, protocol = await asyncio.get_running_loop().create_connection(
        make, parts.hostname or "", parts.port or 80
    )
    return protocol


def get(base: str, path: str, cookie: str = "", accept: str = "text/html") -> bytes:
    return _request(base, "GET", path, cookie, f"Accept: {accept}\r\n", b"")


def post(base: str, path: str, form: Mapping[str, str], cookie: str = "") -> bytes:
    """As the page sends it: with what a browser says about where the form comes from."""
    body = urlencode(form).encode()
    return _request(base, "POST", path, cookie, form_headers(base) + f"Content-Length: {len(body)}\r\n", body)


def form_headers(base: str) -> str:
    return (
        f"Origin: {base}\r\nSec-Fetch-Site: same-origin\r\nHX-Request: true\r\n"
        "Content-Type: application/x-www-form-urlencoded\r\n"
    )


def _request(base: str, method: str, path: str, cookie: str, headers: str, body: bytes) -> bytes:
    sent = f"Cookie: {cookie}\r\n" if cookie else ""
    head = f"{method} {path} HTTP/1.1\r\nHost: {urlsplit(base).netloc}\r\n{sent}{headers}\r\n"
    return head.encode() + body
