"""A small HTTP/1.1 client for hundreds of players in one process: about a tenth of the cost of a general one.

One `Browser` is one player's browser: its own connection, its own cookies, its streams.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import urlencode, urljoin, urlsplit

import httptools


class WireError(OSError):
    """The connection broke before the whole answer was here."""


@dataclass(slots=True)
class Reply:
    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)  # names in lower case
    body: bytes = b""

    @property
    def text(self) -> str:
        return self.body.decode()


class Browser:
    """`base` is the server's address, such as http://127.0.0.1:8000. Addresses given to it may be relative."""

    def __init__(self, base: str) -> None:
        self.base = base
        parts = urlsplit(base)
        self.host, self.port = (
            parts.hostname or "127.0.0.1",
            parts.port or (443 if parts.scheme == "https" else 80),
        )
        self.tls = parts.scheme == "https"
        self.netloc = parts.netloc
        self.cookies: dict[str, str] = {}
        self.connection: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
        self.turn = asyncio.Lock()  # one request at a time

    async def get(self, address: str, headers: Mapping[str, str] = {}) -> Reply:
        return await self._ask("GET", address, b"", headers)

    async def post(
        self,
        address: str,
        form: Sequence[tuple[str, str]] | Mapping[str, str],
        headers: Mapping[str, str] = {},
    ) -> Reply:
        """Sends the form once; a retry is the caller's decision. Does not follow redirects."""
        body = urlencode(list(form.items()) if isinstance(form, Mapping) else form).encode()
        return await self._ask("POST", address, body, headers)

    async def hang_up(self, address: str, form: Mapping[str, str], headers: Mapping[str, str] = {}) -> None:
        """Sends a form and breaks the connection without waiting for the answer, as a tunnel does to a phone."""
        body = urlencode(form).encode()
        _, writer = await self._connect()
        try:
            writer.write(self._request("POST", address, body, headers))
            await writer.drain()
        except OSError as error:
            raise WireError(str(error)) from error
        finally:
            writer.close()  # what was written is sent first

    async def stream(self, address: str) -> AsyncGenerator[str, None]:
        """The data of each server-sent message, on a connection of its own, until the server ends it."""
        reader, writer = await self._connect()
        try:
            writer.write(self._request("GET", address, b"", {"Accept": "text/event-stream"}))
            reading = _Reading()
            lines: list[str] = []
            rest = b""  # a line, perhaps even a letter, whose end has not come yet
            while not reading.complete:
                chunk = await reader.read(65536)
                if not chunk:
                    return
                reading.feed(chunk)
                if reading.answer.status not in (0, 200):
                    raise WireError(f"the stream was refused with {reading.answer.status}")
                *whole, rest = (rest + reading.answer.body).split(b"\n")
                reading.answer.body = b""
                for line in map(bytes.decode, whole):
                    if line.startswith("data:"):
                        lines.append(line[5:].removeprefix(" "))
                    elif not line and lines:
                        yield "\n".join(lines)
                        lines = []
        finally:
            writer.transport.abort()

    def close(self) -> None:
        if self.connection:
            self.connection[1].transport.abort()
            self.connection = None

    async def _ask(self, method: str, address: str, body: bytes, headers: Mapping[str, str]) -> Reply:
        async with self.turn:
            fresh = self.connection is None
            try:
                return await self._ask_once(method, address, body, headers)
            except WireError:
                self.close()
                # A kept connection may have been closed while it was idle; a GET may simply be sent again.
                if fresh or method != "GET":
                    raise
            return await self._ask_once(method, address, body, headers)

    async def _ask_once(self, method: str, address: str, body: bytes, headers: Mapping[str, str]) -> Reply:
        try:
            if self.connection is None:
                self.connection = await self._connect()
            reader, writer = self.connection
            writer.write(self._request(method, address, body, headers))
            reading = _Reading()
            while not reading.complete:
                chunk = await reader.read(65536)
                if not chunk:
                    raise WireError("the server closed the connection before it answered")
                reading.feed(chunk)
        except (OSError, asyncio.CancelledError) as error:
            self.close()
            if isinstance(error, OSError) and not isinstance(error, WireError):
                raise WireError(str(error)) from error
            raise
        if not reading.keep_alive:
            self.close()
        self.cookies |= reading.cookies
        return reading.answer

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        try:
            return await asyncio.open_connection(self.host, self.port, ssl=self.tls or None)
        except OSError as error:
            raise WireError(str(error)) from error

    def _request(self, method: str, address: str, body: bytes, headers: Mapping[str, str]) -> bytes:
        parts = urlsplit(urljoin(self.base + "/", address))
        path = parts.path + (f"?{parts.query}" if parts.query else "")
        lines = [f"{method} {path} HTTP/1.1", f"Host: {self.netloc}"]
        if self.cookies:
            lines.append("Cookie: " + "; ".join(f"{name}={value}" for name, value in self.cookies.items()))
        if method == "POST":
            lines += ["Content-Type: application/x-www-form-urlencoded", f"Content-Length: {len(body)}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        return "\r\n".join([*lines, "", ""]).encode() + body


class _Reading:
    """What httptools tells while it parses one answer."""

    def __init__(self) -> None:
        self.answer = Reply()
        self.cookies: dict[str, str] = {}
        self.complete = False
        self.keep_alive = True
        self._parser = httptools.HttpResponseParser(self)

    def feed(self, chunk: bytes) -> None:
        try:
            self._parser.feed_data(chunk)
        except httptools.HttpParserError as error:
            raise WireError(f"this is not HTTP: {error}") from error

    def on_header(self, name: bytes, value: bytes) -> None:
        key, text = name.decode().lower(), value.decode()
        if key == "set-cookie":
            cookie, _, content = text.partition(";")[0].partition("=")
            self.cookies[cookie] = content
        else:
            self.answer.headers[key] = text

    def on_headers_complete(self) -> None:
        self.answer.status = self._parser.get_status_code()

    def on_body(self, body: bytes) -> None:
        self.answer.body += body

    def on_message_complete(self) -> None:
        self.complete = True
        self.keep_alive = self._parser.should_keep_alive()
