"""What one server process is made of, so that handlers can reach it."""

from __future__ import annotations

import asyncio
import logging
import os
import socket
import time
from collections import Counter
from collections.abc import AsyncIterator, Coroutine, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from litestar import Request
from litestar.connection import ASGIConnection
from litestar.datastructures import State

from app.config import Config
from app.database.connections import Connection, Line, Pool, look_around, open_pool
from app.database.group_commit import GroupCommit
from app.database.lately import Lately
from app.database.listener import Listener
from app.players.door import DoorCounts
from app.players.presence import Presence
from app.players.signs_of_life import Signs
from app.recruiters.turns import Recruiting
from app.rooms import messages, records
from app.rooms.lobby import SeatingRuns
from app.rooms.messages import NewMessage, Spent, TooFast
from app.rooms.moves import NewMove, Refusal
from app.rooms.receipts import Receipt
from app.rooms.records import Answer
from app.rooms.referee import PACE, Referee
from app.rooms.typists import Typists
from app.sessions.arrivals import EntryForm, Outcome, sign_in
from app.sessions.conductor import Conductor
from app.sessions.door_forms import DoorForm, sign_in_by_door
from app.sessions.erasures import Erasures
from app.study.hooks.pool import Hooks
from app.study.stored import Studies
from app.study.stored_files import StoredFiles
from app.web.access.attempts import Held
from app.web.access.guesses import WRONG_TOKENS, Guesses
from app.web.access.open_pages import OpenPages
from app.web.access.passwords import Hashing
from app.web.access.security import Readers
from app.web.connection_budget import hands
from app.web.homes import Homes
from app.web.live.feeds import Live
from app.web.monitor.dashboard import render_tick
from app.web.monitor.server_figures import Figures, percentile, resident_megabytes
from app.web.monitor.ticker import Ticker
from app.web.monitor.ticks import Tick
from app.web.signing import Keys, read_keys
from app.web.turns import Turns

logger = logging.getLogger(__name__)
Query = Request[object, object, State]


@dataclass(frozen=True, slots=True)
class Lab:
    config: Config
    url: str  # of the database, past a pooler
    pool: Pool
    keys: Keys
    studies: Studies
    own_files: StoredFiles
    arrivals: GroupCommit[EntryForm | DoorForm, Outcome]
    answers: GroupCommit[Answer, Receipt | None]
    messages: GroupCommit[NewMessage, int | TooFast | Spent | None]
    moves: GroupCommit[NewMove, Receipt | Refusal | TooFast]
    typists: Typists
    live: Live
    listener: Listener
    conductor: Conductor
    referee: Referee
    homes: Homes
    seating: SeatingRuns
    ticker: Ticker
    presence: Presence
    signs: Signs
    door_counts: DoorCounts
    open_pages: OpenPages  # of researchers
    hashing: Hashing
    guesses: Guesses  # of join links
    wrong_tokens: Guesses
    held_off: Held  # from logging in
    counting: Turns  # of tries, in Postgres: who guesses must not take all connections
    exports: Turns
    lists: Turns  # of people, that are read
    replays: Turns
    readers: Readers
    acknowledged: Counter[str]  # session → records for which this process has handed out receipts
    sign_in_times: Lately  # seconds from the form to the answer, with the seating in it
    # Of studies: as they come, on slow lines too; then each checked in a process of its own; and read again for a page.
    arriving: Turns = field(default_factory=lambda: Turns(4, 8))
    uploads: Turns = field(default_factory=lambda: Turns(1, 4))
    readings: Turns = field(default_factory=lambda: Turns(1, 40))
    walks: Turns = field(default_factory=lambda: Turns(1, 6))  # in such a process, too
    # Of all answers of a session, counted or looked through: players' pages have the same connections.
    looks: Turns = field(default_factory=lambda: Turns(1, 4))
    rehearsals: set[asyncio.Task[None]] = field(default_factory=set)  # from a button

    @property
    def commits(self) -> tuple[GroupCommit[Any, Any], ...]:
        return self.arrivals, self.answers, self.messages, self.moves

    def figures(self) -> Figures:
        told = (self.answers.latencies, self.messages.latencies, self.moves.latencies)
        seconds = [one for latencies in told for one in latencies.seconds()]
        return Figures(
            streams=len(self.live.pages),
            queued=sum(commit.queued for commit in self.commits),
            oldest=1000 * max(commit.oldest for commit in self.commits),
            commit_p50=1000 * percentile(seconds, 0.5),
            commit_p95=1000 * percentile(seconds, 0.95),
            sign_in_p95=1000 * percentile(self.sign_in_times.seconds(), 0.95),
            lag=1000 * self.live.hub.lag,
            tick=1000 * self.ticker.took,
            listening=self.listener.connected.is_set(),
            answers=self.answers.acknowledged + self.moves.acknowledged,
            messages=self.messages.acknowledged,
            cpu=time.process_time(),
            memory=resident_megabytes(),
            disk_free=self.ticker.disk_free(),
        )


class ClusterAway(Exception):
    """What a request asks for is, or may be, in one of several databases that does not answer."""

    def __init__(self, *names: str) -> None:
        super().__init__(*names)
        self.names = names


LAB = "lab"  # in the scope's state, where there are several: see front.py


def lab_of(connection: ASGIConnection) -> Lab:  # type: ignore[type-arg]
    """Raises `ClusterAway`."""
    lab: Lab | ClusterAway = connection.scope["state"].get(LAB) or connection.app.state.lab
    if isinstance(lab, ClusterAway):
        raise lab
    return lab


@asynccontextmanager
async def open_lab(config: Config, url: str, homes: Homes) -> AsyncIterator[Lab]:
    """Of a database, with all its parts running beside the requests; ready once it hears the database.

    A process has one, or where there are several databases one for each: labs.py.
    """
    async with AsyncExitStack() as stack:
        pool = await stack.enter_async_context(open_pool(url, config.pool_size))
        async with pool.connection() as conn:
            keys = await read_keys(conn)
        hooks = Hooks()
        stack.push_async_callback(hooks.retire, 0.0)
        lab = _lab(config, url, pool, keys, hooks, homes)
        stack.push_async_callback(lab.ticker.say_goodbye)
        stack.push_async_callback(_end_all, lab.rehearsals)
        parts = [
            lab.live.hub.run(),
            lab.listener.run(),
            lab.conductor.run(),
            lab.referee.run(),
            lab.ticker.run(),
            lab.typists.run(),
            lab.open_pages.run(),
            Erasures(config.past_pooler(url)).run(),
            Recruiting(config.past_pooler(url), config).run(),
            look_around(url),
        ]
        for part in [*(commit.run() for commit in lab.commits), *parts]:
            await stack.enter_async_context(running(part))
        async with asyncio.timeout(30):
            await lab.listener.connected.wait()
        yield lab


def _lab(config: Config, url: str, pool: Pool, keys: Keys, hooks: Hooks, homes: Homes) -> Lab:
    studies = Studies(pool)

    async def store_arrivals(conn: Connection, forms: Sequence[EntryForm | DoorForm]) -> list[Outcome]:
        own = [one for one in forms if isinstance(one, EntryForm)]
        by_door = [one for one in forms if isinstance(one, DoorForm)]
        of_own = iter(await sign_in(studies, conn, own) if own else ())
        of_door = iter(await sign_in_by_door(studies, conn, by_door))
        return [next(of_own if isinstance(one, EntryForm) else of_door) for one in forms]

    async def say(conn: Connection, sent: Sequence[NewMessage]) -> list[int | TooFast | Spent | None]:
        return await messages.store(conn, sent, config.messages_at_once)

    async def render(tick: Tick, wall: bool) -> bytes:
        return render_tick(tick, await studies.of(tick.session.id), wall)

    presence, signs, acknowledged, door_counts = Presence(), Signs(), Counter[str](), DoorCounts()
    process, counting = f"{socket.gethostname()}:{os.getpid()}", Turns(2, 200)
    live, open_pages = Live(url, pool, keys, studies, hooks), OpenPages(url)
    conductor = Conductor(url, studies, hooks, hands(config.pool_size))
    referee = Referee(url, studies, hooks, config.ledger_limit, conductor.hint, config.moves_at_once)
    lab = Lab(
        config=config,
        url=config.past_pooler(url),
        pool=pool,
        keys=keys,
        studies=studies,
        own_files=StoredFiles(pool),
        arrivals=GroupCommit("sign-ins", url, store_arrivals, config.ledger_limit),
        answers=GroupCommit("records", url, records.store, config.ledger_limit),
        messages=GroupCommit("messages", url, say, config.ledger_limit),
        moves=GroupCommit("moves", url, referee.store, config.ledger_limit, PACE),
        typists=Typists(pool),
        live=live,
        listener=_listener(config.past_pooler(url), live, open_pages, pool, referee.commit.line),
        conductor=conductor,
        referee=referee,
        homes=homes,
        seating=SeatingRuns(pool, studies, hooks),
        ticker=Ticker(
            url, process, lambda: lab.figures(), render, presence, signs, door_counts, acknowledged
        ),
        presence=presence,
        signs=signs,
        door_counts=door_counts,
        open_pages=open_pages,
        hashing=Hashing(),
        guesses=Guesses(pool, counting),
        wrong_tokens=Guesses(pool, counting, WRONG_TOKENS),
        held_off=Held(),
        counting=counting,
        exports=Turns(2, 8),
        lists=Turns(2, 8),
        replays=Turns(2, 12),
        readers=Readers(),
        acknowledged=acknowledged,
        sign_in_times=Lately(),
    )
    conductor.acting.moved, referee.telling = referee.hint, live.telling
    return lab


def _listener(url: str, live: Live, open_pages: OpenPages, pool: Pool, tells: Line) -> Listener:
    checks: set[asyncio.Task[None]] = set()

    def on_connect() -> None:
        live.hub.hint_all()
        open_pages.hint()
        # Postgres may have been restarted: find that out for the pool at once, not request by request.
        check = asyncio.create_task(pool.check())
        checks.add(check)
        check.add_done_callback(checks.discard)

    return Listener(url, live.hub.hint, on_connect, open_pages.hint, live.hear_typing, tells.is_to)


async def _end_all(tasks: set[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    if tasks:
        await asyncio.wait(tasks, timeout=30)


@asynccontextmanager
async def running(part: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """Run a part of the server beside the requests. If it fails, so does the process: half a server is worse."""
    task = asyncio.create_task(part)
    task.add_done_callback(_give_up)
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])


def _give_up(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and task.exception():
        logger.critical(
            "a part of the server failed; the process ends so that a new one starts",
            exc_info=task.exception(),
        )
        os._exit(70)
