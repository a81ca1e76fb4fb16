"""The verbs that stories are told in: open a study, serve it, let people in, look into the database."""

from __future__ import annotations

import asyncio
import html
import inspect
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing, asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar
from uuid import uuid4

import httpx
import psycopg
from psycopg.conninfo import make_conninfo

from app.config import PROJECT
from app.database.connections import Connection, connect
from app.database.embedded import Postgres
from app.players.people import Person
from app.rehearsal.browser import Answer, Browser, WireError
from app.rehearsal.programs import program
from app.sessions.actions import ACTIONS
from app.sessions.sessions import open_session
from app.study.model.study import Study
from app.study.reading import parse, read_folder
from app.web.accounts import log_in, password_hash, put_account
from app.web.auth import ADMIN_COOKIE
from app.web.processes import free_port
from tests.house.visits import address

T = TypeVar("T")
TALK = """
title = "Story"
[[room]]
name = "mixed"
seats = {red = 2, blue = 2}
[[room]]
name = "plain"
seats = {any = 4}
after = "30s"
[lobby]
max_wait = "5m"
[network]
kind = "ring"
[[step]]
page = "talk"
repeat = 3
limit = "60s"
chat = "neighbours"
fields = [
    {name = "belief", ask = "How sure are you?", kind = "integer", min = 0, max = 100},
    {name = "why", ask = "Why?", kind = "text", required = false},
]
"""
PASSWORD = "correct horse battery"  # grace's
PARTIAL = re.compile(r'<hx-partial hx-target="([^"]*)"[^>]*>(.*?)</hx-partial>', re.DOTALL)
SAID = re.compile(r'<li id="m\d+".*?<span dir="auto">(.*?)</span></li>', re.DOTALL)
PAGE = '{% extends "player/_step_opened.html" %}'

CONTRADICTIONS = [
    """select 'two in one slot', room_id, slot from player where session_id = %(session)s
    and slot is not null and not replaced
    group by room_id, slot having count(*) > 1""",
    """select 'a slot without a player', s.room_id, s.slot from slot s where s.session_id = %(session)s and not s.bot
    and not exists (select from player p where p.room_id = s.room_id and p.slot = s.slot and not p.replaced)""",
    """select 'sits where no slot is', p.label from player p
    where p.session_id = %(session)s and p.slot is not null and not exists (
        select from slot s where s.room_id = p.room_id and s.slot = p.slot)""",
    """select 'status and slot disagree', label, status, room_id, slot from player
    where session_id = %(session)s and (
        (room_id is null) <> (slot is null) or (slot is null) <> (seated_at is null)
        or status in ('invited', 'waiting') and slot is not null
        or status in ('playing', 'finished') and slot is null
        or (status in ('finished', 'left')) <> (code is not null))""",
    """select 'the wrong type', p.label, p.type, s.type from player p join slot s using (room_id, slot)
    where p.session_id = %(session)s and s.type not in (p.type, 'any')""",
    """select 'plays in a room that has ended', p.label, r.name from player p join room r on r.id = p.room_id
    where p.session_id = %(session)s and p.status = 'playing' and r.status = 'ended'""",
    """select 'a log with gaps', l.id, l.last_seq from log l left join event e on e.log_id = l.id
    where l.session_id = %(session)s group by l.id
    having (count(e.seq), coalesce(max(e.seq), 0), coalesce(min(e.seq), 1)) <> (l.last_seq, l.last_seq, 1)""",
    """select 'placed, but not once', p.label, count(e.seq) from player p
    left join event e on e.player_id = p.id and e.name = 'player_placed'
    where p.session_id = %(session)s group by p.id having count(e.seq) <> (p.slot is not null)::int""",
    """select 'signed in more than once', p.label from player p join event e on e.player_id = p.id
    where p.session_id = %(session)s and e.name = 'player_signed_in' group by p.id having count(*) > 1""",
    """select 'records counted wrong', l.id, l.records from log l left join record r on r.room_id = l.room_id
    where l.session_id = %(session)s group by l.id having count(r.id) <> l.records""",
]


@dataclass(frozen=True, slots=True)
class Opened:
    """A session and its people, by label: R1, R2 … for red, B1 … for blue."""

    id: str
    tokens: Mapping[str, str]


@dataclass(slots=True)
class Server:
    """`networklab serve`, in processes of its own."""

    base: str
    popen: subprocess.Popen[bytes]
    log: Path
    port: int

    def wait_until_ready(self) -> None:
        asyncio.run(self._ready())

    async def _ready(self) -> None:
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            assert self.popen.poll() is None, f"the server ended: {self.log.read_text()}"
            browser = Browser(self.base)
            with suppress(WireError):
                if (await browser.get("/health/ready")).status == 200:
                    browser.close()
                    return
            browser.close()
            await asyncio.sleep(0.05)
        raise AssertionError(f"the server is not ready: {self.log.read_text()}")

    def kill(self) -> None:
        """As a power cut would: no clean-up in any of its processes. Returns when nobody listens any more."""
        self.popen.kill()
        self.popen.wait()
        deadline = time.monotonic() + 10
        while _listens(self.port):
            assert time.monotonic() < deadline, "a server process outlived its parent"
            time.sleep(0.01)

    def stop(self) -> int:
        self.popen.send_signal(signal.SIGTERM)
        return self.popen.wait(15)


class Guest:
    """One person with a link, and a browser of their own."""

    def __init__(self, base: str, token: str, label: str = "") -> None:
        self.browser, self.token, self.label = Browser(base), token, label

    async def sign_in(self, entry: Mapping[str, str] = {}) -> Answer:
        return await self.browser.post(f"/join/{self.token}", dict(entry))

    async def page(self) -> str:
        return html.unescape((await self.browser.get("/play")).text)

    async def form(self, action: str = "/play/records") -> dict[str, str]:
        """The hidden fields of one form on the page, as they came."""
        return hidden_fields((await self.browser.get("/play")).text, action)

    async def answer(self, values: Mapping[str, str], form: Mapping[str, str] | None = None) -> Answer:
        hidden = await self.form() if form is None else form
        return await self.browser.post("/play/records", {**hidden, **values})

    async def say(self, body: str, to: int | None = None) -> Answer:
        hidden = await self.form("/play/messages")
        return await self.browser.post(
            "/play/messages", {**hidden, "body": body, **({"to": str(to)} if to else {})}
        )

    @asynccontextmanager
    async def watching(self, stream: Stream | None = None) -> AsyncIterator[Stream]:
        """The live page: what it has shown so far, and waits for what is to come. `stream`: a page that reconnects."""
        async with watching(self.browser, "/play/live", stream) as stream:
            yield stream

    def goes_to(self, server: Server, browser: type[Browser] = Browser) -> None:
        """Take the cookies along to another server, or in another browser."""
        cookies = self.browser.cookies
        self.browser.close()
        self.browser = browser(server.base)
        self.browser.cookies = cookies

    def leave(self) -> None:
        self.browser.close()


@dataclass(slots=True)
class Stream:
    """A live page. `talk` is what stands in the talk, as htmx puts it there: a snapshot replaces it all."""

    messages: list[str] = field(default_factory=list)
    came: asyncio.Event = field(default_factory=asyncio.Event)
    raw: list[str] = field(default_factory=list)  # the messages as they came, entities and all
    talk: list[str] = field(default_factory=list)
    snapshots: int = 0
    ended: bool = False  # the server closed it
    reading: asyncio.Event = field(default_factory=asyncio.Event)  # cleared: a page that has stopped reading

    def __post_init__(self) -> None:
        self.reading.set()

    @property
    def text(self) -> str:
        return "\n".join(self.messages)

    async def follow(self, browser: Browser, address: str = "/play/live") -> None:
        self.ended = False
        async with aclosing(browser.stream(address)) as messages:
            async for message in messages:
                self._show(message)
                await self.reading.wait()
        self.ended = True
        self.came.set()

    def _show(self, message: str) -> None:
        self.messages.append(html.unescape(message))
        self.raw.append(message)
        for target, content in PARTIAL.findall(message):
            said = [html.unescape(body) for body in SAID.findall(content)]
            if target == "#page":
                self.talk, self.snapshots = said, self.snapshots + 1
            elif target == "#talk":
                self.talk = self.talk + said
        self.came.set()

    async def until(self, seen: Callable[[str], bool], what: str, seconds: float = 10) -> None:
        """Wait for the stream to have shown something; fails with all that it showed instead."""
        try:
            async with asyncio.timeout(seconds):
                while not seen(self.text):
                    self.came.clear()
                    await self.came.wait()
        except TimeoutError:
            raise AssertionError(f"never came: {what}. The stream showed: {self.text[-2000:]}") from None


class House:
    """`sessions`: the only ones that a story sees which shares the database with others; None: all."""

    def __init__(self, database: str, folder: Path, sessions: list[str] | None = None) -> None:
        self.database, self.folder, self.sessions = database, folder, sessions
        self.servers: list[Server] = []
        self.guests: list[Guest] = []
        self.browsers: list[Browser] = []

    def open(
        self,
        toml: str = TALK,
        people: Mapping[str, int] | Sequence[Person] = {"red": 2, "blue": 2},
        start: bool = True,
        page: str = PAGE,
    ) -> Opened:
        """A session of this study with so many people of each type; seating begins if `start`."""
        study = parse({"study.toml": toml.encode(), "pages/talk.html": page.encode()})
        return self.open_study(study, people, start)

    def open_files(self, files: Mapping[str, bytes], people: Mapping[str, int], start: bool = True) -> Opened:
        return self.open_study(parse(files), people, start)

    def open_folder(self, folder: Path, people: Mapping[str, int], start: bool = True) -> Opened:
        return self.open_files(read_folder(folder), people, start)

    def open_study(
        self, study: Study, people: Mapping[str, int] | Sequence[Person], start: bool = True
    ) -> Opened:
        if isinstance(people, Mapping):
            people = [
                Person(token=f"{os.urandom(8).hex()}", label=f"{type_[0].upper()}{number}", type=type_)
                for type_, count in people.items()
                for number in range(1, count + 1)
            ]

        async def work(conn: Connection) -> str:
            session = await open_session(conn, study, people)
            if start:
                await ACTIONS["start"](conn, session.id, "story")
            return session.id

        session_id = self.do(work)
        if self.sessions is not None:
            self.sessions.append(session_id)
        return Opened(session_id, {person.label: person.token for person in people})

    def act(self, action: str, session: Opened) -> str:
        """start, pause, resume or close, as the researcher."""
        return self.do(lambda conn: ACTIONS[action](conn, session.id, "story"))

    def serve(self, processes: int = 1, port: int | None = None, **environ: str) -> Server:
        port = port or free_port()
        log = self.folder / f"server-{len(self.servers)}.log"
        with log.open("wb") as output:
            popen = subprocess.Popen(
                [sys.executable, "-m", "app", "serve", "--port", str(port), "--processes", str(processes)],
                env=os.environ | {"DATABASE_URL": self.database, "PYTHONPATH": str(PROJECT)} | environ,
                stdout=output,
                stderr=output,
            )
        server = Server(f"http://127.0.0.1:{port}", popen, log, port)
        self.servers.append(server)
        server.wait_until_ready()
        asyncio.run(until(lambda: len(self.workers()) >= processes, f"{processes} server processes"))
        return server

    def guest(self, server: Server, session: Opened, label: str) -> Guest:
        guest = Guest(server.base, session.tokens[label], label)
        self.guests.append(guest)
        return guest

    def tell(self, story: Coroutine[Any, Any, T], seconds: float = 180) -> T:
        """Run a story to its end; then everybody closes their browser."""

        async def run() -> T:
            try:
                async with asyncio.timeout(seconds):  # a server that never answers is a failure, not a wait
                    return await story
            finally:
                for browser in [*self.browsers, *(guest.browser for guest in self.guests)]:
                    browser.close()

        return asyncio.run(run())

    def do(self, work: Callable[[Connection], Awaitable[T]]) -> T:
        """Something in one transaction on the story's database."""

        async def run() -> T:
            conn = await connect(self.database, "story")
            try:
                async with conn.transaction():
                    return await work(conn)
            finally:
                await conn.close()

        return asyncio.run(run())

    def read(self, work: Callable[[Connection], Awaitable[T]]) -> T:
        """Something that opens its own transactions."""

        async def run() -> T:
            conn = await connect(self.database, "story")
            try:
                return await work(conn)
            finally:
                await conn.close()

        return asyncio.run(run())

    def sql(self, query: str, *parameters: Any) -> list[tuple[Any, ...]]:
        seen = self.database if self.sessions is None else address(self.database, self.sessions)
        with psycopg.connect(seen, autocommit=True) as conn:
            cursor = conn.execute(query.encode(), parameters or None)
            return cursor.fetchall() if cursor.description else []

    def workers(self) -> list[int]:
        """The server processes that are alive and have written their figures, without the parent of them."""
        found = [int(name.rpartition(":")[2]) for (name,) in self.sql("select id from process order by id")]
        return [pid for pid in found if _lives(pid)]

    def contradictions(self, session: Opened) -> list[tuple[Any, ...]]:
        """Where players, slots, rooms and logs disagree, by queries that trust no constraint."""
        with psycopg.connect(self.database, autocommit=True) as conn:
            own = {"session": session.id}
            return [line for query in CONTRADICTIONS for line in conn.execute(query.encode(), own).fetchall()]

    def researcher(self, server: Server, name: str = "ada") -> Browser:
        """The browser of somebody who has logged in to the dashboard."""

        async def work(conn: Connection) -> str:
            if await password_hash(conn, name) is None:
                await put_account(conn, name, "a long password")
            return await log_in(conn, name)

        browser = Browser(server.base)
        browser.cookies[ADMIN_COOKIE] = self.do(work)
        self.browsers.append(browser)
        return browser

    def visit(self) -> House:
        """As if it were one story's alone: its servers, and no sessions but those that the story opens."""
        visited = House(self.database, self.folder, [])
        visited.servers = self.servers
        return visited

    def end_visit(self) -> None:
        """Nothing of it goes on while others tell their stories."""
        for (session_id,) in self.sql("select id from session where status <> 'closed'"):
            self.do(lambda conn, id=session_id: ACTIONS["close"](conn, id, "story"))  # type: ignore[misc]

    def leave(self) -> None:
        for server in self.servers:
            if server.popen.poll() is None:
                server.kill()


@asynccontextmanager
async def watching(browser: Browser, address: str, stream: Stream | None = None) -> AsyncIterator[Stream]:
    stream = stream or Stream()
    shown = len(stream.messages)
    task = asyncio.create_task(stream.follow(browser, address))
    task.add_done_callback(lambda _: stream.came.set())
    try:
        await stream.until(lambda _: len(stream.messages) > shown or task.done(), "a first message")
        if task.done():
            task.result()  # says why
        yield stream
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError, WireError):
            await task


def apart(work: Callable[[], T]) -> T:
    """What needs an event loop of its own, in a thread of its own: the browser stories' own thread has Playwright's."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(work).result()


@contextmanager
def a_database(postgres: Postgres) -> Iterator[str]:
    """The address of a migrated database that is gone afterwards."""
    name = f"story_{uuid4().hex[:12]}"
    with psycopg.connect(postgres.dsn, autocommit=True) as conn:
        conn.execute(f'create database "{name}" template template'.encode())
        yield make_conninfo(postgres.dsn, dbname=name)
        conn.execute(f'drop database "{name}" with (force)'.encode())


async def sign_everyone_in(guests: Sequence[Guest], at_once: int = 200) -> list[Answer]:
    gate = asyncio.Semaphore(at_once)

    async def one(guest: Guest) -> Answer:
        async with gate:
            return await guest.sign_in()

    return await asyncio.gather(*(one(guest) for guest in guests))


async def seated(guest: Guest, seconds: float = 10) -> str:
    """The guest's page once it shows a room."""
    deadline = time.monotonic() + seconds
    while True:
        page = await guest.page()
        if 'action="/play/records"' in page:
            return page
        assert time.monotonic() < deadline, f"{guest.label} is not seated: {page[-1500:]}"
        await asyncio.sleep(0.05)


async def until(condition: Callable[[], Any], what: str, seconds: float = 10) -> Any:
    """Wait until `condition` gives something true, and return that."""
    deadline = time.monotonic() + seconds
    while True:
        found = condition()
        if inspect.isawaitable(found):
            found = await found
        if found:
            return found
        assert time.monotonic() < deadline, f"never came: {what}"
        await asyncio.sleep(0.02)


def stream_status(client: httpx.Client, address: str, headers: Mapping[str, str] = {}) -> int:
    """What a stream is answered with, without waiting for its end."""
    with client.stream("GET", address, headers=dict(headers)) as answer:
        return answer.status_code


def hidden_fields(page: str, action: str) -> dict[str, str]:
    form = re.search(rf'<form[^>]*action="{re.escape(action)}".*?</form>', page, re.DOTALL)
    assert form, f"there is no form for {action} on this page: {page[-1500:]}"
    found = re.findall(r'<input type="hidden"[^>]*name="([^"]+)" value="([^"]*)"', form[0])
    return {name: html.unescape(value) for name, value in found}


def _lives(pid: int) -> bool:
    """Not so one that is dead and that nobody has waited for: a container's first process may never do so."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    found = program(pid)
    return not found.ended if found else not Path("/proc/self").exists()


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
