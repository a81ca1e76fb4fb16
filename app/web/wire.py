"""What a connection may send and how long it may take: uvicorn's protocol, with bounds and with sentences.

uvicorn itself keeps a head of any length in memory, waits for ever for the rest of a request, and reads what stands
behind a request to upgrade as the next one, though it may be the body of that.
"""

from __future__ import annotations

import asyncio
import re
import resource
from collections import OrderedDict
from typing import Any, ClassVar

import httptools
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle

from app.web.responses import HEADERS, NOT_KEPT

SLICE = 16_384  # bytes that are parsed at a time: more than a head may have is never taken in at once
LARGEST_HEAD, MOST_HEADERS = 32_768, 128  # bytes, with less than a slice on top
LONGEST_ADDRESS = 8_192  # bytes
LARGEST_BODY = 4_000_000  # bytes; larger than any form may be, so that its sender hears of it on a page
UPLOADS = re.compile(rb"/(admin|api/v1)/studies(/[^?]*)?(\?|$)")  # a study may come there, with its films
LARGEST_UPLOAD, UPLOAD_SECONDS = 222_000_000, 600.0
MOST_PIPELINED = 64  # requests that wait for the answer to one before
HEAD_SECONDS, BODY_SECONDS = 15.0, 60.0  # a form of 200 KB takes half a minute on the slowest of phones
STALLED = 60.0  # seconds after which whoever does not read what was sent is gone
LINGER = 2.0  # seconds for a last sentence to arrive while its reader is still sending
# Connections without a request as yet; seconds in which none of them is ended
MOST_SILENT, YOUNG = 2_000, 3.0
RESERVED = 256  # files that are kept for what is no connection

HOST = re.compile(rb"(\[[0-9A-Fa-f:.]+\]|[0-9A-Za-z_.~-]+)(:[0-9]{1,5})?")
LOOKED_AT = {b"host", b"content-length", b"transfer-encoding", b"expect"}
UNREADABLE = 400, "This request could not be read. Open the link from your invitation again."
TOO_LONG = 414, "This address is too long. Open the link from your invitation again."
LARGE_HEAD = (
    431,
    "Your browser sent more about itself than is read here. Delete this site’s cookies, then open your link again.",
)
LARGE = 413, "That is too long to be saved. Shorten it and send it again."
SLOW = 408, "This took too long to arrive. Check your connection, then send it again."
OTHER_PROTOCOL = 400, "No other protocol is spoken here. Send this form without an Upgrade header."
MANY = 400, "Too many requests came before the first was answered. Wait for an answer, then send the next."

FULL = 503, "The server is busy just now; nothing is lost. Wait a moment, then go on."


class Unparsed(Exception):
    """Ends the parsing; what is wrong stands in `Bounded.wrong`."""


class OneWrite:
    """A transport that sends in one go what is written in one turn of the loop.

    uvicorn writes the head and the body of an answer one by one, and each write is a system call and a packet:
    without this a record form costs 10 of 55 microseconds more in uvicorn, and its client reads twice.
    """

    def __init__(self, transport: asyncio.Transport) -> None:
        self.transport, self.held = transport, list[bytes]()
        self.ended = False  # the last answer is written: what a request before it would still say is not sent
        self.begun = False  # another process has sent the head of what is the next answer here

    def __getattr__(self, name: str) -> Any:
        return getattr(self.transport, name)

    def write(self, data: bytes) -> None:
        if self.ended:
            return
        if self.begun:
            self.begun = False
            if not data.startswith(STATUS_LINE[200]):
                self.ended = True
                self.transport.abort()
            return
        if not self.held:
            asyncio.get_running_loop().call_soon(self.flush)
        self.held.append(data)

    def write_whole(self, data: bytes) -> None:
        """An answer that is complete: nothing more comes for which it would have to wait."""
        self.flush()
        if not self.ended:
            self.transport.write(data)

    def flush(self) -> None:
        if self.held and not self.transport.is_closing():
            self.transport.write(b"".join(self.held))
        self.held.clear()

    def write_eof(self) -> None:
        self.flush()
        self.ended = True
        self.transport.write_eof()

    def close(self) -> None:
        """Once all is read; whoever reads nothing does not keep it open."""
        self.flush()
        if self.transport.get_write_buffer_size():
            asyncio.get_running_loop().call_later(STALLED, self.transport.abort)
        self.transport.close()


class Bounded(HttpToolsProtocol):
    """One connection. Order and pipelining stay uvicorn's; `start` begins the answer to one request."""

    # Those of this process that have sent no request as yet, since when.
    silent: ClassVar[OrderedDict[Bounded, float]] = OrderedDict()
    head_seconds, body_seconds, stalled = HEAD_SECONDS, BODY_SECONDS, STALLED
    transport: OneWrite  # type: ignore[assignment]
    reading: str = ""  # head, body; nothing between two requests
    deaf = False  # nothing more that comes is a request
    came = 0  # bytes of this head or body, but for the slice in which it began
    wrong: tuple[int, str] | None = None
    host: bytes | None = None
    known: bytes | None = None  # the host of the request before
    coded = False  # the body comes in chunks
    length = 0  # that the head gives the body
    largest = LARGEST_BODY  # bytes that this body may have
    answering: RequestResponseCycle | None = None
    limit: asyncio.TimerHandle | None = None
    stall: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(OneWrite(transport))  # type: ignore[arg-type]
        if len(self.connections) > resource.getrlimit(resource.RLIMIT_NOFILE)[0] - RESERVED:
            self.refuse(*FULL)
            return
        now = self.loop.time()
        self.silent[self] = now
        if len(self.silent) > MOST_SILENT:
            oldest, since = next(iter(self.silent.items()))
            if since + YOUNG < now:
                del self.silent[oldest]
                oldest.transport.abort()
        self.limit = self.loop.call_later(self.head_seconds, self._too_slow)

    def connection_lost(self, exc: Exception | None) -> None:
        self.silent.pop(self, None)
        self._in_time()
        self._read_again()
        super().connection_lost(exc)
        if self.answering is not None and self.answering is not self.cycle:
            # uvicorn tells the request that came last. The one that is answered may be a stream, with others behind it.
            self.answering.disconnected = True
            self.answering.message_event.set()

    def data_received(self, data: bytes) -> None:
        self._unset_keepalive_if_required()
        for start in range(0, len(data), SLICE):
            if self.deaf:
                return
            part = data if len(data) <= SLICE else data[start : start + SLICE]
            self.came += len(part)
            try:
                self.parser.feed_data(part)
            except httptools.HttpParserUpgrade:
                self.deaf = True  # what follows would be of that protocol
            except httptools.HttpParserError:
                self.refuse(*(self.wrong or UNREADABLE))
            else:
                if self.reading == "head" and self.came > LARGEST_HEAD:
                    self.refuse(*LARGE_HEAD)
                elif self.reading == "body" and self.came > self.largest:
                    self.refuse(*LARGE)
        # Between two requests, too: there may be line breaks without end.
        unasked = self.cycle is None or self.cycle.response_complete
        if self.limit is None and not self.deaf and (self.reading or unasked):
            seconds = self._body_seconds() if self.reading == "body" else self.head_seconds
            self.limit = self.loop.call_later(seconds, self._too_slow)

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.reading, self.came, self.host, self.coded, self.length = "head", 0, None, False, 0

    def on_url(self, url: bytes) -> None:
        super().on_url(url)
        if len(self.url) > LONGEST_ADDRESS:
            self._wrong(*TOO_LONG)

    def on_header(self, name: bytes, value: bytes) -> None:
        if self.reading != "head":
            return  # it comes behind the body, and may not change what stood before it
        name = name.lower()
        if name in LOOKED_AT:
            self._look_at(name, value)
        self.headers.append((name, value))

    def on_headers_complete(self) -> None:
        self.silent.pop(self, None)
        self._in_time()
        if self.came > LARGEST_HEAD - SLICE or len(self.headers) > MOST_HEADERS:
            self._wrong(*LARGE_HEAD)
        self.largest = LARGEST_UPLOAD if self._uploads() else LARGEST_BODY
        if self.length > self.largest:
            self._wrong(*LARGE)
        if self.host is None or self.coded:
            old = self.parser.get_http_version() == "1.0"
            if self.coded if old else self.host is None:
                self._wrong(*UNREADABLE)
        upgrades = self.parser.should_upgrade()
        if upgrades and (self.length or self.coded):
            self._wrong(*OTHER_PROTOCOL)  # the parser would not read that body
        if len(self.pipeline) >= MOST_PIPELINED:
            self._wrong(*MANY)
        super().on_headers_complete()
        if upgrades:
            self.cycle.keep_alive = False
        self.reading, self.came = "body", 0

    def on_message_complete(self) -> None:
        self._in_time()
        self.reading = ""
        super().on_message_complete()

    def refuse(self, status: int, sentence: str) -> None:
        """The last answer on this connection. What was asked before is answered first."""
        self.deaf = True
        self._in_time()
        before = self.answering
        if (
            before is not None
            and not before.response_complete
            and (before is not self.cycle or self.reading != "body")
        ):
            self.pipeline.clear()
            before.keep_alive = False
        elif self.reading == "body" and self.cycle.response_started:
            self.transport.close()
        else:
            if self.reading == "body":
                self.cycle.disconnected = True
                self.cycle.message_event.set()
            body = sentence.encode()
            headers = [
                (b"content-type", b"text/plain; charset=utf-8"),
                (b"content-length", b"%d" % len(body)),
                (b"connection", b"close"),
                *HEADERS,
                NOT_KEPT,
                *([(b"retry-after", b"1")] if status == 503 else []),
            ]
            head = b"".join(b"%s: %s\r\n" % header for header in headers)
            self.transport.write(STATUS_LINE[status] + head + b"\r\n" + body)
            # To close at once on somebody who is still sending would take the sentence away from them.
            self.transport.write_eof()
            self.loop.call_later(LINGER, self.transport.close)

    def start(self, cycle: RequestResponseCycle, app: Any) -> None:
        super()._start_asgi_task(cycle, app)

    def pause_writing(self) -> None:
        super().pause_writing()
        self.stall = self.stall or self.loop.call_later(self.stalled, self.transport.abort)

    def resume_writing(self) -> None:
        self._read_again()
        super().resume_writing()

    def timeout_keep_alive_handler(self) -> None:
        self.transport.close()

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        self.answering = cycle
        self.start(cycle, app)

    def _look_at(self, name: bytes, value: bytes) -> None:
        if name == b"host":
            if self.host is not None or (value != self.known and not HOST.fullmatch(value)):
                self._wrong(*UNREADABLE)
            self.host = self.known = value
        elif name == b"content-length":
            self.length = int(value)  # the parser has read it as a number, once
        elif name == b"transfer-encoding":
            if self.coded or value.lower() != b"chunked":
                self._wrong(*UNREADABLE)
            self.coded = True
        elif value.lower() == b"100-continue":
            self.expect_100_continue = True

    def _wrong(self, status: int, sentence: str) -> None:
        self.wrong = status, sentence
        raise Unparsed

    def _too_slow(self) -> None:
        self.limit = None
        if self.flow.read_paused:  # by us: what comes has to wait
            self.limit = self.loop.call_later(self._body_seconds(), self._too_slow)
        elif self.reading:
            self.refuse(*SLOW)
        else:
            self.transport.close()

    def _uploads(self) -> bool:
        return self.parser.get_method() == b"POST" and UPLOADS.search(self.url) is not None

    def _body_seconds(self) -> float:
        return UPLOAD_SECONDS if self.largest == LARGEST_UPLOAD else self.body_seconds

    def _in_time(self) -> None:
        if self.limit is not None:
            self.limit.cancel()
            self.limit = None

    def _read_again(self) -> None:
        if self.stall is not None:
            self.stall.cancel()
            self.stall = None
