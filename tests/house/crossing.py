"""Two at work at the same time.

Each stops before every statement and every commit, and the other goes on from there: at every pair of such points.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any

import psycopg
from psycopg.conninfo import make_conninfo

from app.database.connections import Connection, open_pool
from app.players import players
from app.players.people import Person
from app.rooms import dropouts, lobby
from app.sessions.actions import ACTIONS
from app.sessions.conductor import Conductor
from app.sessions.sessions import open_session
from app.study.reading import parse
from app.study.stored import Studies
from tests.house.database import CONTRADICTIONS
from tests.house.house import House
from tests.house.studies import PAIR, as_files
from tests.house.waits import PATIENCE


class Steps(psycopg.AsyncConnection[tuple[Any, ...]]):
    """A connection whose work stops before each statement, until somebody lets it go on."""

    on_stop: Callable[[], Awaitable[None]] | None = None

    async def stop(self) -> None:
        if self.on_stop:
            await self.on_stop()

    @asynccontextmanager
    async def committing(self) -> AsyncIterator[None]:
        async with self.transaction():
            yield
            await self.stop()


class StepCursor(psycopg.AsyncCursor[tuple[Any, ...]]):
    async def execute(self, *arguments: Any, **options: Any) -> StepCursor:
        assert isinstance(self.connection, Steps)
        await self.connection.stop()
        await super().execute(*arguments, **options)
        return self


Work = Callable[[Steps], Awaitable[object]]


class Actor:
    """Somebody at work on a connection of their own, moved on step by step."""

    def __init__(self, conn: Steps, watcher: Connection, work: Work) -> None:
        self.conn, self.watcher = conn, watcher
        self.stopped, self.go, self.over = asyncio.Event(), asyncio.Semaphore(0), False
        conn.on_stop = self._stop
        self.task = asyncio.create_task(self._run(work))

    async def step(self) -> bool:
        """One statement further. False: at the end, or waiting for a lock that another holds."""
        if self.stopped.is_set() and not self.over:
            self.stopped.clear()
            self.go.release()
        while not self.stopped.is_set():
            try:
                async with asyncio.timeout(0.01):
                    await self.stopped.wait()
            except TimeoutError:
                if await self.blockers():
                    return False
        return not self.over

    async def steps(self, most: int) -> int:
        """As many statements further as there are, at most so many."""
        for done in range(most):
            if not await self.step():
                return done
        return most

    async def blockers(self) -> list[int]:
        """Whom Postgres says that this one waits for."""
        pid = self.conn.info.backend_pid
        found: list[int] = (
            await (await self.watcher.execute("select pg_blocking_pids(%s)", [pid])).fetchall()
        )[0][0]
        return found

    async def _stop(self) -> None:
        self.stopped.set()
        await self.go.acquire()

    async def _run(self, work: Work) -> None:
        try:
            await work(self.conn)
        finally:
            self.conn.on_stop = None
            self.over = True
            self.stopped.set()


async def finish(*actors: Actor) -> None:
    async with asyncio.timeout(PATIENCE):
        while not all(actor.over for actor in actors):
            for actor in actors:
                while await actor.step():
                    pass
    for actor in actors:
        await actor.task


class Scene:
    """A new session for each interleaving, on the same connections."""

    def __init__(self, house: House, people: Mapping[str, str], toml: str = PAIR) -> None:
        """`people`: label → type."""
        self.house, self.people = house, people
        self.study = parse(as_files(toml))
        self.id, self.sessions = "", 0

    @asynccontextmanager
    async def up(self) -> AsyncIterator[Scene]:
        async with open_pool(self.house.database, 2) as pool, pool.connection() as self.plain:
            await self.plain.set_autocommit(True)
            await self.plain.execute("set synchronous_commit = off")
            self.conductor = Conductor(self.house.database, Studies(pool))
            self.hands = [await self.hand(), await self.hand()]
            try:
                yield self
            finally:
                for conn in self.hands:
                    await conn.close()

    async def hand(self) -> Steps:
        # A flush for each of thousands of commits would only take time.
        dsn = make_conninfo(self.house.database, options="-c synchronous_commit=off")
        return await Steps.connect(dsn, autocommit=True, cursor_factory=StepCursor)

    async def open(self, *waiting: str, start: bool = True) -> None:
        """A new session in which these people wait."""
        self.sessions += 1
        people = [Person(f"{label}-{self.sessions}", label, type_) for label, type_ in self.people.items()]
        async with self.plain.transaction():
            self.id = (await open_session(self.plain, self.study, people)).id
            self.conductor.studies.known[self.id] = self.study
            if start:
                await ACTIONS["start"](self.plain, self.id, "story")
        await self.arrives(*waiting)(self.hands[0])

    def token(self, label: str) -> str:
        return f"{label}-{self.sessions}"

    def arrives(self, *labels: str) -> Work:
        """What /join does: each signs in, and then there is a seating."""

        async def work(conn: Steps) -> None:
            for label in labels:
                async with conn.committing():
                    await players.sign_in(conn, [players.Arrival(self.token(label), {})])
            async with conn.committing():
                await lobby.seat(conn, self.id, self.study)

        return work

    def withdraws(self, label: str) -> Work:
        async def work(conn: Steps) -> None:
            [(player_id,)] = await self.ask("select id from player where label = %s", label)
            async with conn.committing():
                await dropouts.withdraw(conn, player_id, self.study)

        return work

    def acts(self, action: str) -> Work:
        async def work(conn: Steps) -> None:
            async with conn.committing():
                await ACTIONS[action](conn, self.id, "story")

        return work

    async def conduct(self) -> None:
        """What the conductor of any process does by itself a moment later."""
        await self.conductor.move_on(self.plain, [], everywhere=True)

    async def ask(self, query: str, *parameters: Any) -> list[tuple[Any, ...]]:
        """Of this session: `player` and `event` have only its own."""
        own = """with player as (select * from player where session_id = %s),
            event as (select e.* from event e join log l on l.id = e.log_id
                where l.session_id = %s and l.room_id is null) """
        return await (
            await self.plain.execute((own + query).encode(), [self.id, self.id, *parameters])
        ).fetchall()

    async def locks(self, actor: Actor) -> set[str]:
        """Tables whose rows this one has locked, or waits to lock."""
        found = await self.plain.execute(
            """select relation::regclass::text from pg_locks
            where pid = %s and locktype in ('relation', 'tuple') and mode in ('RowShareLock', 'RowExclusiveLock',
                'ExclusiveLock', 'AccessExclusiveLock') and relation::regclass::text in ('lobby', 'player', 'room')""",
            [actor.conn.info.backend_pid],
        )
        return {table for (table,) in await found.fetchall()}

    async def statuses(self) -> dict[str, str]:
        return dict(await self.ask("select label, status::text from player order by label"))

    async def check(self) -> None:
        for query in CONTRADICTIONS:
            found = await (await self.plain.execute(query.encode(), {"session": self.id})).fetchall()
            assert not found

    async def interleave(
        self,
        one: Work,
        other: Work,
        before: Callable[[], Awaitable[None]],
        after: Callable[[], Awaitable[None]],
        nth: int = 1,
    ) -> int:
        """Both, interleaved at every pair of points; returns at how many. Or at every `nth`: each point is in one."""
        count, here = 0, 0
        while True:
            there = here % nth
            while True:
                await before()
                first = Actor(self.hands[0], self.plain, one)
                ran = await first.steps(here)
                second = Actor(self.hands[1], self.plain, other)
                went = await second.steps(there)
                await finish(first, second)
                count += 1
                try:
                    await self.check()
                    await after()
                except AssertionError as error:
                    error.add_note(f"the first stopped after {ran} steps, the second after {went}")
                    raise
                there += nth
                if went < there - nth:
                    break  # it was at its end, or waiting for the first: further points are the same
            here += 1
            if ran < here - 1:
                return count
