"""The verbs that stories are told in: open a study, serve it, let people in, look into the database."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from app.config import PROJECT
from app.database.connections import Connection
from app.players.door import Places
from app.players.people import Person
from app.rehearsal.browser import Browser
from app.rehearsal.programs import program
from app.sessions.actions import ACTIONS
from app.sessions.sessions import open_session
from app.study.model.study import Study
from app.study.reading import parse, read_folder
from app.web.access.accounts import password_hash, put_account
from app.web.access.logins import log_in
from app.web.auth import ADMIN_COOKIE
from app.web.processes import free_port
from tests.house import commands
from tests.house.database import CONTRADICTIONS
from tests.house.declared import WRITTEN, undeclared
from tests.house.guests import Guest
from tests.house.looks import Hands, Looks
from tests.house.server import Server
from tests.house.studies import PAGE, TALK
from tests.house.waits import until

T = TypeVar("T")
PASSWORD = "correct horse battery"  # grace's


@dataclass(frozen=True, slots=True)
class Opened:
    """A session and its people, by label: R1, R2 … for red, B1 … for blue."""

    id: str
    tokens: Mapping[str, str]


class House:
    """`sessions`: the only ones that a story sees which shares the database with others; None: all.

    `forked`: its servers are forks of what has imported all that they are; else programs, as people start them.
    `kept`: so are connections, until `leave` or `end_visit`.
    """

    forked = False

    def __init__(
        self, database: str, folder: Path, sessions: list[str] | None = None, kept: bool = False
    ) -> None:
        self.database, self.folder, self.sessions = database, folder, sessions
        self.looks, self.hands = Looks(kept), Hands(kept)
        self.servers: list[Server] = []
        self.guests: list[Guest] = []
        self.browsers: list[Browser] = []

    def open(
        self,
        toml: str = TALK,
        people: Mapping[str, int] | Sequence[Person] = {"red": 2, "blue": 2},
        start: bool = True,
        page: str = PAGE,
        places: Places | None = None,
    ) -> Opened:
        """A session of this study with so many people of each type; seating begins if `start`.

        `places`: of a link for everybody; None: there is none.
        """
        study = parse({"study.toml": toml.encode(), "pages/talk.html": page.encode()})
        return self.open_study(study, people, start, places)

    def open_files(self, files: Mapping[str, bytes], people: Mapping[str, int], start: bool = True) -> Opened:
        return self.open_study(parse(files), people, start)

    def open_folder(self, folder: Path, people: Mapping[str, int], start: bool = True) -> Opened:
        return self.open_files(read_folder(folder), people, start)

    def open_study(
        self,
        study: Study,
        people: Mapping[str, int] | Sequence[Person],
        start: bool = True,
        places: Places | None = None,
    ) -> Opened:
        if isinstance(people, Mapping):
            people = [
                Person(token=f"{os.urandom(8).hex()}", label=f"{type_[0].upper()}{number}", type=type_)
                for type_, count in people.items()
                for number in range(1, count + 1)
            ]

        async def work(conn: Connection) -> str:
            session = await open_session(conn, study, people, places=places)
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
        log.touch()
        arguments = ["serve", "--port", str(port), "--processes", str(processes)]
        known = os.environ | {"DATABASE_URL": self.database, "PYTHONPATH": str(PROJECT)} | environ
        forked = self.forked and "PYTHONPATH" not in environ  # by which modules are other ones from the start
        popen = (commands.serve if forked else _program)(arguments, known, log)
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
            async with self.hands.one(self.database) as conn, conn.transaction():
                return await work(conn)

        return asyncio.run(run())

    def read(self, work: Callable[[Connection], Awaitable[T]]) -> T:
        """Something that opens its own transactions."""

        async def run() -> T:
            async with self.hands.one(self.database) as conn:
                return await work(conn)

        return asyncio.run(run())

    def sql(self, query: str, *parameters: Any) -> list[tuple[Any, ...]]:
        with self.looks.one(self.database, self.sessions) as conn:
            cursor = conn.execute(query.encode(), parameters or None)
            return cursor.fetchall() if cursor.description else []

    def workers(self) -> list[int]:
        """The server processes that are alive and have written their figures, without the parent of them."""
        found = [int(name.rpartition(":")[2]) for (name,) in self.sql("select id from process order by id")]
        return [pid for pid in found if _lives(pid)]

    def contradictions(self, session: Opened) -> list[tuple[Any, ...]]:
        """Where players, slots, rooms and logs disagree, by queries that trust no constraint, and undeclared events."""
        with self.looks.one(self.database) as conn:
            own = {"session": session.id}
            found = [
                line for query in CONTRADICTIONS for line in conn.execute(query.encode(), own).fetchall()
            ]
            return found + undeclared(conn.execute(WRITTEN, own).fetchall())

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
        visited.servers, visited.looks, visited.hands = self.servers, self.looks, self.hands
        return visited

    def end_visit(self) -> None:
        """Nothing of it goes on while others tell their stories."""
        for (session_id,) in self.sql("select id from session where status <> 'closed'"):
            self.do(lambda conn, id=session_id: ACTIONS["close"](conn, id, "story"))  # type: ignore[misc]

    def leave(self) -> None:
        self.looks.close()
        self.hands.close()
        for server in self.servers:
            if server.popen.poll() is None:
                server.kill()


def _program(arguments: Sequence[str], environ: Mapping[str, str], log: Path) -> subprocess.Popen[bytes]:
    with log.open("ab") as output:
        return subprocess.Popen(
            [sys.executable, "-m", "app", *arguments], env=environ, stdout=output, stderr=output
        )


def _lives(pid: int) -> bool:
    """Not so one that is dead and that nobody has waited for: a container's first process may never do so."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    found = program(pid)
    return not found.ended if found else not Path("/proc/self").exists()
