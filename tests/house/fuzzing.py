"""Odd requests against a real server, many at a time over kept connections, and what must hold of each answer."""

from __future__ import annotations

import asyncio
import re
import time
import warnings
from collections import Counter, deque
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from litestar.routes import ASGIRoute, HTTPRoute

from app.config import read_config
from app.database.connections import Connection
from app.export.verify import verify
from app.rehearsal.browser import Browser
from app.study.reading import parse
from app.web.access.accounts import password_hash, put_account
from app.web.app import create_app
from app.web.assets import static_files
from app.web.people_pages import PLAYER_ACTIONS
from app.web.room_pages import ROOM_ACTIONS
from app.web.session_pages import SESSION_ACTIONS
from tests.house.guests import Guest, hidden_fields
from tests.house.house import House, Opened
from tests.house.odd import Odd, World, odd
from tests.house.programs import token_of
from tests.house.server import Server
from tests.house.studies import PAGE

SLOWEST = 2.0  # seconds that an answer may take
LINES, IN_A_ROW = 8, 8  # connections at once, requests that are sent before the first is answered
PEOPLE = 40  # who play
FROM_AFAR = {"X-Forwarded-For": "192.0.2.99"}  # who comes from where nobody guesses
LAP = 4_000  # requests after which the world is looked at again
TRACE = re.compile(rb'Traceback|File (&quot;|&#34;|")/|line \d+, in |psycopg\.|SyntaxError')
SENTENCE = re.compile(r"\w \w[^<]*[.!?؟]|\w{5}[^<]*[。！？]")  # in any of our languages
# What is made of all of a session, in a turn, takes as long as that takes.
LONG = re.compile(rb"\w+ /\S*/(export\.zip|verify)\b")
FORMS = re.compile(r'<form[^>]*action="([^"]*)"')
STUDY = """
title = "Odd"
[entry]
fields = [
    {name = "age", ask = "Your age", kind = "integer", min = 18, max = 120},
    {name = "alias", ask = "A name", kind = "text", required = false},
]
[[room]]
name = "four"
seats = {any = 4}
[network]
kind = "ring"
[[step]]
page = "talk"
repeat = 30
limit = "1h"
chat = "neighbours"
fields = [
    {name = "i", ask = "i", kind = "integer", min = 0, max = 100},
    {name = "n", ask = "n", kind = "number", required = false},
    {name = "t", ask = "t", kind = "text", required = false},
    {name = "c", ask = "c", kind = "choice", options = ["keep", "break"], required = false},
    {name = "s", ask = "s", kind = "slider", min = 0, max = 10, required = false},
    {name = "y", ask = "y", kind = "yes_no", required = false},
    {name = "m", ask = "m", kind = "choices", options = ["a", "b", "c"], required = false},
    {name = "r", ask = "r", kind = "ranking", options = ["a", "b", "c"], required = false},
    {name = "e", ask = "e", kind = "each", options = ["keep", "break"], required = false},
]
"""
FILES = {"study.toml": STUDY.encode(), "pages/talk.html": PAGE.encode()}
THEN = "2026-01-01T00:00:00+00:00"
FIELDS: Mapping[str, Sequence[str]] = dict(
    age=["20", "99"], alias=["Ash"], i=["0", "7", "100"], n=["1.5", "-2"], t=["well", "💥"], c=["keep", "break"],
    s=["0", "10"], y=["yes", "no"], m=["a", "b"], r=["1", "2", "3", "a"], e=["1", "2", "3", "4"], e__=["keep"],
    body=["hello"], to=["1", "2", ""], draft=["answers", "message", "help"], draft_key=["k"], nudged=["1"],
    form_key=["k"], name=["grace"], password=["wrong"], position=["0", "1"], seconds=["60"], outcome=["complete"],
    newcomer=["1"], type=["any"], kind=["four"], deadline=[THEN], at=[THEN],
)  # fmt: skip


class Fuzzed(Exception):
    """An answer that must not be; its text says which request had it, and how it is sent again."""


@dataclass(slots=True)
class Fuzz:
    house: House
    server: Server
    seed: int
    world: World = field(default_factory=lambda: World(routes(), fields=FIELDS, needed=("age", "i", "body")))
    sessions: list[Opened] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)
    acknowledged: set[int] = field(default_factory=set)  # numbers of records
    lively: Opened | None = None  # the session that goes on
    spare: Opened | None = None  # that anything may be done to
    slowest: float = 0.0
    slow: list[Odd] = field(default_factory=list)

    def run(self, count: int, seconds: float, first: int = 0) -> int:
        """Sends so many, or as many as can be sent in so long; returns how many. Raises `Fuzzed`."""
        pids, began, sent = self.house.workers(), time.monotonic(), first
        while sent < first + count and time.monotonic() - began < seconds:
            self._look_around()
            lap = min(LAP, first + count - sent)
            waiting = deque(odd(self.world, self.seed, nth) for nth in range(sent, sent + lap))
            asyncio.run(self._send(waiting))
            asyncio.run(self._once_more())
            sent += lap
        self._check(pids)
        return sent - first

    async def _send(self, waiting: deque[Odd]) -> None:
        async with asyncio.TaskGroup() as group:
            for _ in range(LINES):
                group.create_task(self._line(waiting))

    async def _once_more(self) -> None:
        """What was answered late is asked again, alone: the machine may have been at something else."""
        for one in self.slow[:]:
            for _ in range(3):
                self.slow.clear()
                await self._in_a_row([one])
                if not self.slow:
                    break
            else:
                raise self._wrong(one, f"three answers after more than {SLOWEST:.0f} s")
        self.slow.clear()

    async def _line(self, waiting: deque[Odd]) -> None:
        while waiting:
            if waiting[0].crooked:
                await self._alone(waiting.popleft())
                continue
            batch: list[Odd] = []
            while waiting and len(batch) < IN_A_ROW and not waiting[0].crooked:
                batch.append(waiting.popleft())
            waiting.extendleft(reversed(await self._in_a_row(batch)))

    async def _in_a_row(self, batch: Sequence[Odd]) -> Sequence[Odd]:
        """Those that were not answered, since the connection ended before."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.server.port, limit=2**24)
        try:
            writer.write(b"".join(one.sent for one in batch))
            for nth, one in enumerate(batch):
                try:
                    more = await self._answer(reader, one)
                except (asyncio.IncompleteReadError, ConnectionError):
                    if nth == 0:
                        raise self._wrong(one, "no answer") from None
                    return batch[nth:]
                if not more:
                    return batch[nth + 1 :]
            return []
        finally:
            writer.transport.abort()

    async def _alone(self, one: Odd) -> None:
        """Whatever it is answered, the connection ends when the client says that nothing more comes."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.server.port, limit=2**24)
        try:
            writer.write(one.sent)
            with suppress(TimeoutError, asyncio.IncompleteReadError, ConnectionError):
                async with asyncio.timeout(0.1):  # more may be awaited
                    await self._answer(reader, one)
            if writer.can_write_eof():
                with suppress(OSError):
                    writer.write_eof()
            with suppress(ConnectionError):
                async with asyncio.timeout(5 * SLOWEST):
                    self._look_into(one, await reader.read())
        except TimeoutError:
            raise self._wrong(one, "the connection did not end") from None
        finally:
            writer.transport.abort()

    async def _answer(self, reader: asyncio.StreamReader, one: Odd) -> bool:
        """Whether the next answer may follow on this connection."""
        began = time.monotonic()
        try:
            async with asyncio.timeout(60 if LONG.match(one.sent) else 5 * SLOWEST):
                while (head := await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 100"):
                    pass
                status, heads = int(head[9:12]), head.lower()
                stream = b"text/event-stream" in heads
                body = b"" if one.method == "HEAD" or stream else await _body(reader, heads)
        except TimeoutError:
            raise self._wrong(one, "no answer in time") from None
        took = time.monotonic() - began
        self.slowest = max(self.slowest, took)
        self.statuses[status] += 1
        if took > SLOWEST and not one.crooked and not LONG.match(one.sent):
            self.slow.append(one)
        self._look_into(one, head + body)
        if status >= 500 and not (status == 503 and b"retry-after:" in heads):
            raise self._wrong(one, f"{head!r} {body!r}")
        if 400 <= status < 500 and one.method != "HEAD" and not SENTENCE.search(body.decode()):
            raise self._wrong(one, f"{status} without a sentence: {body!r}")
        for numbers in re.findall(rb"\r\nreceipt: ([\d,]+):", heads):
            self.acknowledged.update(map(int, numbers.split(b",")))
        return not stream and b"connection: close" not in heads

    def _look_into(self, one: Odd, answer: bytes) -> None:
        if TRACE.search(answer):
            raise self._wrong(one, f"it tells of what is inside: {answer!r}")

    def _wrong(self, one: Odd, what: str) -> Fuzzed:
        return Fuzzed(
            f"Request {one.nth} of seed {self.seed} had {what[-3000:]}.\nIt was {one.sent[:2000]!r}.\n"
            f"NETWORKLAB_FUZZ={self.seed}:{one.nth} sends it again, first."
        )

    def _check(self, pids: list[int]) -> None:
        """Nothing was lost, nobody died, and nothing was logged that a person would have to look at."""
        if self.house.workers() != pids:
            raise Fuzzed(f"seed {self.seed}: a server process died")
        log = self.server.log.read_text(errors="replace")
        if found := re.search(r"(.*\n){0,3}.*(Traceback|ERROR|CRITICAL|failed)(.*\n){0,40}", log):
            raise Fuzzed(f"seed {self.seed}: the server's log says {found[0]}")
        lost = self.acknowledged - {number for (number,) in self.house.sql("select id from record")}
        if lost:
            raise Fuzzed(f"seed {self.seed}: acknowledged and not stored: {sorted(lost)[:9]}")
        for session in self.sessions:
            verdict = asyncio.run(self._verified(session))
            if verdict:
                raise Fuzzed(f"seed {self.seed}: verify says of {session.id}: {verdict}")

    async def _verified(self, session: Opened) -> str:
        verdict = await verify(self.house.database, session.id, parse(FILES))
        return "" if verdict.ok else str(verdict)

    def _look_around(self) -> None:
        """What is there now. Where too few go on, a new session is opened: what is refused at the door tells little."""
        world, house = self.world, self.house
        owner, watcher = (self._researcher(name, name == "eve") for name in ("ada", "eve"))
        world.researchers = [owner, watcher]
        world.tokens = world.tokens or [
            token_of(house, "ada"),
            token_of(house, "ada", "read"),
            token_of(house, "eve"),
        ]
        if not self.spare or house.sql("select status from session where id = %s", self.spare.id) == [
            ("closed",)
        ]:
            self.spare, leaving = self._open(8, 8)
            world.ending = {"/play/leave": leaving, "/admin/logout": []}
        world.ending = {**world.ending, "/admin/logout": [self._researcher("ada", False)]}
        if len({cookie for cookie, action, _ in world.forms if action == "/play/records"}) < PEOPLE // 2:
            self.lively, world.cookies = self._open(PEOPLE, 2 * PEOPLE)
        world.forms = asyncio.run(self._forms(world.cookies))
        assert self.lively is not None
        world.values, world.spare = (self._values(opened) for opened in (self.lively, self.spare))

    def _researcher(self, name: str, observes: bool) -> str:
        async def work(conn: Connection) -> None:
            if await password_hash(conn, name) is None:
                await put_account(conn, name, "a long password", observes)

        self.house.do(work)
        return _cookies(self.house.researcher(self.server, name))

    def _open(self, come: int, invited: int) -> tuple[Opened, list[str]]:
        """A session, and the cookies of those who came."""
        opened = self.house.open_study(parse(FILES), {"any": invited})
        self.sessions.append(opened)

        async def sign_in() -> list[str]:
            guests = [Guest(self.server.base, token) for token in list(opened.tokens.values())[:come]]
            for guest in guests:
                reply = await guest.browser.post(f"/join/{guest.token}", {"age": "20"}, FROM_AFAR)
                assert reply.status == 303, reply.text
                guest.leave()
            return [_cookies(guest.browser) for guest in guests]

        return opened, asyncio.run(sign_in())

    async def _forms(self, cookies: Sequence[str]) -> list[tuple[str, str, Mapping[str, str]]]:
        """All forms on the pages of these, as they came."""
        browser, found = Browser(self.server.base), list[tuple[str, str, Mapping[str, str]]]()
        for cookie in cookies:
            browser.cookies = dict([cookie.split("=", 1)])
            page = (await browser.get("/play")).text
            found += [
                (cookie, action, hidden_fields(page, action)) for action in dict.fromkeys(FORMS.findall(page))
            ]
        browser.close()
        return found

    def _values(self, opened: Opened) -> dict[str, list[str]]:
        def ids(query: str) -> list[str]:
            return [str(id) for (id,) in self.house.sql(query, opened.id)]

        actions = [*SESSION_ACTIONS, *ROOM_ACTIONS, *PLAYER_ACTIONS]
        return dict(
            session_id=[opened.id], token=list(opened.tokens.values()), action=actions, name=list(static_files()),
            room_id=ids("select id from room where session_id = %s"),
            player_id=ids("select id from player where session_id = %s"),
        )  # fmt: skip


def routes() -> list[tuple[str, Sequence[str]]]:
    """Every address that the application has, and the methods that it answers."""
    with warnings.catch_warnings(action="ignore"):  # of Litestar's next version
        app = create_app(read_config({}), "")
    return [
        (route.path_format, sorted(route.methods) if isinstance(route, HTTPRoute) else ["GET"])
        for route in app.routes
        if isinstance(route, HTTPRoute | ASGIRoute)
    ]


async def _body(reader: asyncio.StreamReader, heads: bytes) -> bytes:
    if length := re.search(rb"\r\ncontent-length: (\d+)", heads):
        return await reader.readexactly(int(length[1]))
    if b"\r\ntransfer-encoding: chunked" not in heads:
        return b""
    body = b""
    while size := int(await reader.readline(), 16):
        body += (await reader.readexactly(size + 2))[:-2]
    await reader.readline()
    return body


def _cookies(browser: Browser) -> str:
    return "; ".join(f"{name}={value}" for name, value in browser.cookies.items())
