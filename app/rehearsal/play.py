"""The play itself: a session with players that are bots, watched from the first arrival to the last code."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg

from app.database.connections import AWAY, connect
from app.database.queries import Queries, value
from app.rehearsal.cast import RESEARCHER, Rehearsal
from app.rehearsal.coming_back import USUAL, asked_again
from app.rehearsal.diary import Diary, Wrong
from app.rehearsal.gauges import Gauges, Sample
from app.rehearsal.habits import habits
from app.rehearsal.troupe import Heard, Job, Part, Troupe
from app.rehearsal.waiting import UNKNOWN, LeftOver, look
from app.sessions.actions import ACTIONS
from app.study.durations import as_clock
from app.study.model.plausible import TALK
from app.study.model.study import Study
from app.web.access.accounts import ensure_account
from app.web.access.logins import end_login, log_in
from app.web.auth import ADMIN_COOKIE
from app.web.monitor.server_figures import percentile

SQL = Queries(__name__)
TIME = "the time was up"
STOPPED = "hooks had stopped whatever was left"
BESIDE = "what went on beside it was over"  # a drill's faults
STILL = 3  # seconds without anything that goes on, until it is taken for stopped
UNHURRIED = 60.0  # seconds that a slow one takes for a page without a limit
FAREWELL = 4.0  # times a page's patience: in this time everybody must have seen the end


@dataclass(frozen=True, slots=True)
class Setting:
    """What is asked of the bots. Times in seconds; shares from 0 to 1."""

    players: int = 0  # 0: as many as the session has that is rehearsed
    over: float = 300.0  # they arrive within this time, most of them early
    records: int | None = None  # of each player; None: as many as the study asks for
    messages: float | None = None  # of each player, about; None: every other step
    drop: float = 0.05  # leave for good on the way
    flaky: float = 0.05  # have a bad connection
    speed: float = 1.0  # divides all the time that people take
    seed: int = 1
    processes: int = 1  # of the bots
    at_most: float | None = None  # then the session is closed, whoever still plays; None: `longest`
    patience: float = 5.0  # seconds that a page may stand still after its deadline
    moment: float = 2.0  # seconds within which a message must stand on the pages it is for
    evenly: bool = False  # they arrive one after the other, always as many
    tabs: bool = False  # each has the page open twice, to the end


@dataclass(slots=True)
class Played:
    """What came of it. Times on the machine's monotonic clock."""

    session_id: str
    name: str
    study: Study
    plan: Setting
    url: str | None  # of the database; None: it is out of reach
    diaries: list[Diary]
    gauges: Gauges
    started: float
    ended: float = 0.0  # the door was closed
    cut: str = ""  # why it was ended before everybody had come to their end: TIME, STOPPED or BESIDE
    faults: list[tuple[float, str]] = field(default_factory=list)  # what a drill did, and when
    wrongs: list[Wrong] = field(default_factory=list)  # what was seen from outside the bots


Beside = Callable[[Played, asyncio.Event], Coroutine[Any, Any, None]]
# What has happened, in how many seconds, and who is left over
Show = Callable[[Heard, float, LeftOver], None]


async def play(
    cast: Rehearsal,
    plan: Setting,
    base: str,
    url: str | None,
    show: Show = lambda heard, seconds, waiting: None,
    beside: Beside | None = None,
    login: str | None = None,
) -> Played:
    """Until everybody has come to their end, or hooks stopped all that is left, or the time is up; then the session is
    closed, as it is where an error or Ctrl-C ends it before.

    `show` is told once a second what has happened so far. `beside` runs meanwhile and ends soon after its event is
    set; where it ends by itself, so does the play. `login`: of who looks at the dashboard, where this database is not
    the one of several in which accounts live; it stays.
    """
    gauges = Gauges(base, await asked_again(lambda: _postmaster(url), plan.patience) if url else None)
    at_most = longest(cast.study, plan) if plan.at_most is None else plan.at_most
    troupe = Troupe(_jobs(cast, plan, base, url))
    with troupe.on_stage():
        key = await asked_again(lambda: log_in_at(url or ""), plan.patience) if url and login is None else ""
        started = await asyncio.to_thread(troupe.begin)
        played = Played(cast.session_id, cast.name, cast.study, plan, url, [], gauges, started)
        watching = (
            asyncio.create_task(gauges.watch_dashboard(cast.session_id, {ADMIN_COOKIE: login or key}))
            if url
            else None
        )
        over = asyncio.Event()
        doing = asyncio.create_task(beside(played, over)) if beside else None
        try:
            played.cut = await _until_over(troupe, played, started + at_most, show, doing)
            over.set()
            if doing:
                await doing
            played.ended = time.monotonic()
            if url:
                await close(url, cast.session_id, key, max(USUAL, plan.patience))
            await _until_seen(troupe, played, show)
            played.diaries = await asyncio.to_thread(troupe.leave)
        except BaseException:
            if doing and not doing.done():
                doing.cancel()
                await asyncio.wait([doing])
            if url and not played.diaries:
                with suppress(*AWAY):  # why it ended is what is to be told
                    await close(url, cast.session_id, key)
            raise
        finally:
            if watching:
                watching.cancel()
    return played


def _jobs(cast: Rehearsal, plan: Setting, base: str, url: str | None) -> list[Job]:
    """What each process of bots is to do."""
    asked = cast.study.records_per_player if plan.records is None else plan.records
    chatty = sum(position.step.chat != "none" for position in cast.study.plan)
    talk = TALK if plan.messages is None else plan.messages / max(chatty, 1)
    crowd = [
        Part(person.token, person.label, habit, cast.way(person))
        for person, habit in zip(
            cast.people,
            habits(
                len(cast.people), plan.over, plan.drop, plan.flaky, talk, plan.seed, plan.evenly, plan.tabs
            ),
            strict=True,
        )
    ]
    return [
        Job(
            base,
            cast.study,
            tuple(crowd[n :: plan.processes]),
            plan.speed,
            asked,
            str(plan.seed),
            plan.patience,
            cast.session_id,
            url,
        )
        for n in range(min(plan.processes, len(crowd)))
    ]


async def _until_over(
    troupe: Troupe,
    played: Played,
    deadline: float,
    show: Show,
    doing: asyncio.Task[None] | None,
) -> str:
    """Why it ends before everybody has come to their end; "" where they all have."""
    still, waiting = 0, UNKNOWN
    while time.monotonic() < deadline:
        heard = await _second(troupe, played, show, waiting)
        if heard.over >= heard.players:
            return ""
        if doing is not None and doing.done():
            return BESIDE
        if heard.came >= heard.players:
            waiting = await look(played.url, played.session_id, played.study)
        still = 0 if waiting.goes_on else still + 1
        if still >= STILL:
            return STOPPED
    return TIME


async def _until_seen(troupe: Troupe, played: Played, show: Show) -> None:
    """Everybody who is still there sees the end."""
    deadline = time.monotonic() + FAREWELL * played.plan.patience
    while time.monotonic() < deadline:
        heard = await _second(troupe, played, show)
        if heard.over >= heard.players:
            return


async def _second(troupe: Troupe, played: Played, show: Show, waiting: LeftOver = UNKNOWN) -> Heard:
    """One sample, and the rest of a second."""
    due = time.monotonic() + 1.0
    gauges = played.gauges
    heard = troupe.listen()
    gauges.samples.append(
        Sample(
            at=time.monotonic(),
            came=heard.came,
            playing=heard.playing,
            done=heard.done,
            records=heard.records,
            messages=heard.messages,
            busy=heard.busy,
            latencies=tuple(heard.latencies),
            bots_lag=heard.lag,
            processes=await gauges.metrics(),
            postgres_cpu=gauges.postgres_cpu(),
            bots_cpu=troupe.cpu(),
            acts=heard.acts,
        )
    )
    show(heard, time.monotonic() - played.started, waiting)
    await asyncio.sleep(max(0.0, due - time.monotonic()))
    return heard


def longest(study: Study, plan: Setting) -> float:
    """Seconds after which a rehearsal must be over: the last has come, waited for as long as anybody does, and every
    deadline of the plan has run out. Who has no deadline takes as long as a slow one of these does."""
    standby = study.standby.until if study.standby else 0.0
    waits = max([study.lobby.max_wait, *(kind.after for kind in study.rooms)]) if study.rooms else 0.0
    pages = sum(
        one.step.limit if one.step.timed else UNHURRIED / plan.speed + plan.patience for one in study.plan
    )
    return plan.over / plan.speed + waits + standby + pages + 30.0


async def _postmaster(url: str) -> int | None:
    """Its process number, where it runs on this machine."""
    conn = await connect(url, "rehearsal")
    try:
        return _first_number(Path(await value(conn, SQL["postmaster"])))
    except psycopg.Error:  # only some may ask where the data is
        return None
    finally:
        await conn.close()


def _first_number(file: Path) -> int | None:
    try:
        return int(file.read_text().split("\n", 1)[0])
    except (OSError, ValueError):
        return None


async def log_in_at(url: str) -> str:
    conn = await connect(url, "rehearsal")
    try:
        async with conn.transaction():
            await ensure_account(conn, RESEARCHER)
            return await log_in(conn, RESEARCHER)
    finally:
        await conn.close()


async def close(url: str, session_id: str, key: str = "", within: float = USUAL) -> None:
    """As the researcher does, who logs out then; what is closed stays so."""
    await asked_again(lambda: _close_once(url, session_id, key), within)


async def _close_once(url: str, session_id: str, key: str) -> None:
    conn = await connect(url, "rehearsal")
    try:
        async with conn.transaction():
            await ACTIONS["close"](conn, session_id, RESEARCHER)
            await end_login(conn, key)
    finally:
        await conn.close()


def progress(heard: Heard, seconds: float, waiting: LeftOver = UNKNOWN) -> str:
    """What has happened so far, in a line."""
    slow = f" · 95% answered in {1000 * percentile(heard.latencies, 0.95):.0f} ms" if heard.latencies else ""
    return (
        f"{as_clock(max(seconds, 0))}  {heard.came:,} of {heard.players:,} came · {heard.playing:,} play · "
        f"{f'{heard.alone:,} by themselves · ' if heard.alone else ''}"
        f"{heard.done:,} at their end · "
        f"{heard.records:,} records · {heard.messages:,} messages{slow}{waiting}"
    )
