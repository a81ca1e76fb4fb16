"""Labs: of a process with several databases, a lab for each, and in which of them something is.

Each is opened by a task of its own, which tries again until its database is there: one that is away keeps nobody from
the others, and is taken in when it comes. What goes away later is away for its own lab alone, which does then what that
of a single database does.
"""

from __future__ import annotations

import asyncio
import logging
import re
import time
from collections import OrderedDict
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TypeVar

import psycopg
from litestar.connection import ASGIConnection
from psycopg_pool import PoolTimeout, TooManyRequests

from app.config import Config, ConfigError
from app.database import clock
from app.database.clock import DatabaseClock
from app.database.clusters import BETWEEN, Moved, moved_from
from app.database.connections import AWAY, Line
from app.database.group_commit import Busy
from app.database.running import migrate_at
from app.rooms.awaited import Coming
from app.rooms.moves import NewMove
from app.study.stored_files import may_be_one
from app.web.access.copies import copy_accounts
from app.web.homes import Homes, Stored
from app.web.lab import ClusterAway, Lab, lab_of, open_lab, running
from app.web.seeking import Seeking

T = TypeVar("T")
FIRST_LOOK = 5.0  # seconds in which those are to be there that a process begins with
AGAIN = 1.0  # seconds between two tries to open one
LOOK = 0.5  # seconds between two looks at who is heard
UNHEARD = 1.0  # seconds: that long without a connection to hear it, it is away
ANSWERS = 3.0  # seconds that each has to say whether it has what is sought
KNOWN = 100_000  # sessions of which a process knows where they are
# Of a session in an address: what is none is in no database, and nobody is asked for it.
AN_ID, A_TOKEN = re.compile(r"[\w-]{1,60}"), re.compile(r"[^\0]{1,200}")
SILENT = 5.0  # seconds for which who did not answer is not asked
# All our connections are in use, perhaps until a question's own time is over: that says nothing of the database.
FULL = (PoolTimeout, TooManyRequests, TimeoutError)
FAULTS = (psycopg.Error, OSError, *FULL)
logger = logging.getLogger(__name__)


class Labs:
    """`there`: by the name of the database, those that were opened, in the order of the setting."""

    def __init__(self, config: Config, homes: Homes) -> None:
        self.config, self.homes = config, homes
        self.there: dict[str, Lab] = {}
        self.clocks = {name: DatabaseClock() for name in config.clusters}
        self.unheard: dict[str, float] = {}  # of those that were opened: since when, on the monotonic clock
        self.silent: dict[str, float] = {}  # of those that were asked in vain: until when
        self.copying = {name: asyncio.Lock() for name in config.clusters}
        self.copied: dict[str, float] = {}  # when the last copy began
        self.known: OrderedDict[str, str] = OrderedDict()  # session → database
        self.seeking = Seeking([*config.clusters], self.ask_all, self._learn)
        self.moved: dict[str, Moved] = {}  # of each that is there
        self.came, self.closing = asyncio.Event(), asyncio.Event()

    @property
    def first(self) -> str:
        """Where accounts live."""
        return self.config.first

    @property
    def away(self) -> list[str]:
        present = self.present()
        return [name for name in self.config.clusters if name not in present]

    def is_there(self, name: str) -> bool:
        since = self.unheard.get(name)
        return name in self.there and (since is None or time.monotonic() < since + UNHEARD)

    def lab(self, name: str) -> Lab:
        """Of one that may have gone since it was opened. Raises `ClusterAway`."""
        if name not in self.there:
            raise ClusterAway(name)
        return self.there[name]

    def present(self) -> dict[str, Lab]:
        """Those that answer."""
        now = time.monotonic()
        return {
            name: lab
            for name, lab in self.there.items()
            if self.is_there(name) and now >= self.silent.get(name, 0.0)
        }

    def named(self, session_id: str) -> str | None:
        """Where this session is, as far as that is known without asking."""
        if found := self.known.get(session_id):
            return found
        name, between, _ = session_id.partition(BETWEEN)
        moved = self.moved.get(name) if between else None
        return None if moved is None or session_id in moved else name

    async def of_session(self, session_id: str) -> str:
        """Its id says where it was opened; where it has gone from there, or says nothing, it is sought everywhere; the
        first one where there is none.

        Raises `ClusterAway` where nobody who answers has it and not all do.
        """
        if (found := self.named(session_id)) is not None:
            return found
        return await self.seeking.session(session_id) if AN_ID.fullmatch(session_id) else self.first

    async def of_token(self, token: str) -> str:
        """Where somebody has this token, in a session that is not closed if there is one; else as `of_session`."""
        return await self.seeking.token(token) if A_TOKEN.fullmatch(token) else self.first

    async def of_files(self, files: str, path: str) -> str:
        """Where a study's own file is."""
        if not may_be_one(files, path):
            return self.first
        for name, lab in self.present().items():
            if (files, path) in lab.own_files.known:
                return name
        return await self.seeking.file(files, path)

    def of_cookie(self, cookie: str) -> str | None:
        """Of a player: where their session is known to be, or whose key has signed it; nobody has to be asked.

        None where no key has, or more than one. Raises `ClusterAway` where that of one that is not there may have.
        """
        if found := self.named(cookie.rpartition(".")[0].rpartition(".")[2]):
            return found
        signed = [
            name
            for name, lab in self.there.items()
            if (read := lab.keys.read_player_cookie(cookie))
            and read.session_id not in self.moved.get(name, {})
        ]
        if not signed and (unknown := [name for name in self.config.clusters if name not in self.there]):
            raise ClusterAway(*unknown)
        return signed[0] if len(signed) == 1 else None

    async def ask_all(self, question: Callable[[Lab], Awaitable[T]], only: str = "") -> dict[str, T]:
        """What each that is there says, in their order, or one alone; who fails, or takes too long, says nothing. One
        that hangs is found by `_hear`, on a connection that it does not share with hundreds of players."""

        async def ask(name: str, lab: Lab) -> tuple[str, T] | None:
            clock.go_by(self.clocks[name])
            try:
                async with asyncio.timeout(ANSWERS):
                    return name, await question(lab)
            except FAULTS as error:
                logger.warning("%s does not say: %s", name, str(error).partition("\n")[0])
                if isinstance(error, AWAY) and not isinstance(error, FULL):
                    self.silent[name] = time.monotonic() + SILENT
                return None

        asked = [
            asyncio.ensure_future(ask(name, lab))
            for name, lab in self.present().items()
            if only in ("", name)
        ]
        return dict(filter(None, await asyncio.gather(*asked)))

    async def copy_accounts_to(self, name: str) -> None:
        """By a copy that begins after this was asked. Raises `ClusterAway` where accounts are not there."""
        if not self.is_there(self.first):
            raise ClusterAway(self.first)
        asked = time.monotonic()
        async with self.copying[name]:  # whoever asks meanwhile is served by the next copy, all by the same
            if self.copied.get(name, 0.0) < asked:
                began = time.monotonic()
                pools = self.lab(self.first).pool, self.lab(name).pool
                async with pools[0].connection() as first, pools[1].connection() as other:
                    await copy_accounts(first, other)
                self.copied[name] = began

    async def copy_all(self) -> None:
        """Accounts, again and again, as they change where they live."""
        while True:
            await asyncio.sleep(LOOK)
            for name in [*self.present()][1:] if self.is_there(self.first) else ():
                try:
                    async with asyncio.timeout(ANSWERS):
                        await self.copy_accounts_to(name)
                except (*FAULTS, ClusterAway) as error:
                    why = str(error).partition("\n")[0]
                    logger.warning("accounts are not copied to %s now: %s", name, why)

    def store(self, name: str, move: NewMove) -> asyncio.Future[Stored]:
        """Raises `Busy`."""
        if name not in self.there:
            raise Busy
        return self.there[name].moves.submit(move)

    def handled(self, name: str, session_id: str, room_id: int, record: int) -> Coming:
        return self.there[name].referee.submit(session_id, room_id, record)

    async def keep(self, name: str) -> None:
        """Have it opened, and again whenever that fails, until all are closed."""
        clock.go_by(self.clocks[name])
        config = self.config.of(name)
        url = config.database_url or ""
        while not self.closing.is_set():
            try:
                await migrate_at(config.past_pooler(url), config)
                async with open_lab(config, url, self.homes) as lab:
                    hearing = Line(lab.url, "moved sessions")
                    try:
                        state = await self._hear(name, hearing)
                        there = self.there | {name: lab}
                        self.there = {one: there[one] for one in self.config.clusters if one in there}
                        self.came.set()
                        async with running(self._hear_again(name, hearing, state)):
                            await self.closing.wait()
                    finally:
                        hearing.drop()
            except (*FAULTS, ConfigError) as error:
                logger.warning("%s is not there, trying again: %s", name, str(error).partition("\n")[0])
                await asyncio.sleep(AGAIN)

    async def look(self) -> None:
        """Who is heard, again and again."""
        while True:
            for name, lab in self.there.items():
                if lab.listener.connected.is_set():
                    self.unheard.pop(name, None)
                else:
                    self.unheard.setdefault(name, time.monotonic())
            await asyncio.sleep(LOOK)

    async def begin(self) -> None:
        """Until all are there, or for a while; one has to be."""
        async with asyncio.timeout(60):
            while not self.there:
                await self.came.wait()
        try:
            async with asyncio.timeout(FIRST_LOOK):
                while len(self.there) < len(self.config.clusters):
                    self.came.clear()
                    await self.came.wait()
        except TimeoutError:
            pass  # the others are taken in as they come

    async def _hear(self, name: str, line: Line, state: str = "") -> str:
        """What has moved from this one to another since it was in that `state`. Raises `FAULTS`."""
        async with asyncio.timeout(ANSWERS):
            await line.get()
        async with line.within(ANSWERS) as conn:
            state, moved = await moved_from(conn, state)
        if moved is not None:
            for session_id, _ in self.moved.get(name, {}).items() ^ moved.items():
                self.known.pop(session_id, None)
            self.moved[name] = moved
        return state

    async def _hear_again(self, name: str, line: Line, state: str) -> None:
        """Again and again, of each by itself: `transfer` relies on that, whoever hangs or waits for the pool."""
        while True:
            await asyncio.sleep(LOOK)
            try:
                state = await self._hear(name, line, state)
            except FAULTS as error:
                logger.warning("%s does not say what moved: %s", name, str(error).partition("\n")[0])
                line.drop()
                state = ""  # on another connection it may be another primary
                self.silent[name] = time.monotonic() + SILENT

    def _learn(self, session_id: str, name: str) -> None:
        self.known[session_id] = name
        if len(self.known) > KNOWN:
            self.known.popitem(last=False)


async def everywhere(
    connection: ASGIConnection,  # type: ignore[type-arg]
    question: Callable[[Lab], Awaitable[T]],
) -> tuple[dict[str, T], list[str]]:
    """What each database says of a question, by its name, and the names of those that say nothing; of one database,
    which has none, what that says.

    Raises what a single one raises.
    """
    labs: Labs | None = connection.app.state.labs
    if labs is None:
        return {"": await question(lab_of(connection))}, []
    found = await labs.ask_all(question)
    return found, [name for name in labs.config.clusters if name not in found]


async def of_first(
    connection: ASGIConnection,  # type: ignore[type-arg]
    question: Callable[[Lab], Awaitable[T]],
) -> T | ClusterAway:
    """What the database says in which accounts and kept studies are, whichever the request is for."""
    labs: Labs | None = connection.app.state.labs
    if labs is None:
        return await question(lab_of(connection))
    return (await labs.ask_all(question, labs.first)).get(labs.first, ClusterAway(labs.first))


async def lab_having(connection: ASGIConnection, session_id: str) -> Lab:  # type: ignore[type-arg]
    """Of a session that the request is not about. Raises `ClusterAway`."""
    labs: Labs | None = connection.app.state.labs
    return lab_of(connection) if labs is None else labs.lab(await labs.of_session(session_id))


async def brought(connection: ASGIConnection, lab: Lab) -> bool:  # type: ignore[type-arg]
    """Whether this is one of several databases to which accounts are copied, and they have just been: whoever was not
    known there may be now, by this copy or one that another process made meanwhile.

    Raises `ClusterAway` where nobody can say.
    """
    labs: Labs | None = connection.app.state.labs
    if labs is None or lab.config.cluster == labs.first:
        return False
    try:
        async with asyncio.timeout(ANSWERS):
            await labs.copy_accounts_to(lab.config.cluster)
    except FAULTS:
        raise ClusterAway(labs.first) from None
    return True


@asynccontextmanager
async def open_labs(config: Config, homes: Homes) -> AsyncIterator[Labs]:
    """Ready once one is there, and the others are or have had a while for it."""
    labs = Labs(config, homes)
    homes.store, homes.handled = labs.store, labs.handled
    keeping: Mapping[str, asyncio.Task[None]] = {
        name: asyncio.create_task(labs.keep(name)) for name in config.clusters
    }
    async with AsyncExitStack() as stack:
        try:
            await stack.enter_async_context(running(labs.look()))
            await stack.enter_async_context(running(labs.copy_all()))
            await stack.enter_async_context(running(homes.run()))
            await labs.begin()
            yield labs
        finally:
            labs.closing.set()
            _, late = await asyncio.wait(keeping.values(), timeout=10)
            for task in late:
                task.cancel()
            if late:
                await asyncio.wait(late)
