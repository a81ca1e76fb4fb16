"""The play itself: a session with players that are bots, watched from the first arrival to the last code."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import Callable, Coroutine, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg

from app.database.connections import connect
from app.database.queries import Queries, value
from app.players.people import Person, new_token
from app.rehearsal.browser import Browser, WireError
from app.rehearsal.diary import Diary, Wrong
from app.rehearsal.gauges import Gauges, Sample
from app.rehearsal.habits import habits
from app.rehearsal.troupe import Heard, Job, Part, Troupe
from app.sessions.actions import ACTIONS
from app.sessions.sessions import Session, find_session, open_session
from app.sessions.studies import read_study
from app.study.durations import as_clock
from app.study.model.study import ANY, Study
from app.study.reading import parse, read_folder
from app.web.access.accounts import ensure_account
from app.web.access.logins import end_login, log_in
from app.web.auth import ADMIN_COOKIE
from app.web.monitor.server_figures import percentile

SQL = Queries(__name__)
RESEARCHER = "rehearsal"
FAREWELL = 4.0  # times a page's patience: in this time everybody must have seen the end


class RehearsalError(Exception):
    """A rehearsal that can't take place; the text says why and what to do."""


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
    at_most: float | None = None  # then the session is closed, whoever still plays
    patience: float = 5.0  # seconds that a page may stand still after its deadline
    moment: float = 2.0  # seconds within which a message must stand on the pages it is for


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
    closed: bool = True  # by us
    faults: list[tuple[float, str]] = field(default_factory=list)  # what a drill did, and when
    wrongs: list[Wrong] = field(default_factory=list)  # what was seen from outside the bots


Beside = Callable[[Played, asyncio.Event], Coroutine[Any, Any, None]]


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """A session, running, and everybody who is to come."""

    session_id: str
    name: str
    study: Study
    people: tuple[Person, ...]


async def open_rehearsal(url: str, what: str, players: int) -> Rehearsal:
    """A new session of the study in a folder, or of the study of a session that there is: that one stays as it is."""
    conn = await connect(url, "rehearsal")
    try:
        if _is_folder(what):
            study = parse(read_folder(Path(what)))
            types = _types_of(study)
        else:
            session: Session = await find_session(conn, what)
            study = await read_study(conn, session.id)
            found = await conn.execute(SQL["types"], dict(session_id=session.id))
            counts: dict[str, int] = dict(await found.fetchall())
            types, players = _spread(counts), players or sum(counts.values())
        people = tuple(
            Person(new_token(), f"P{number:04d}", type_)
            for number, type_ in enumerate(itertools.islice(types, players or 100), 1)
        )
        async with conn.transaction():
            opened = await open_session(conn, study, people, f"{study.title}, a rehearsal")
            await ACTIONS["start"](conn, opened.id, RESEARCHER)
        return Rehearsal(opened.id, opened.name, study, people)
    finally:
        await conn.close()


def _is_folder(what: str) -> bool:
    return "/" in what or Path(what).is_dir()


def _types_of(study: Study) -> Iterator[str]:
    """Those that the first kind of room asks for, and every tenth of a type that it has no seat for."""
    seats = [type_ for type_, count in study.rooms[0].seats.items() for _ in range(count)]
    known = study.types or ("",)
    seats = [type_ if type_ != ANY else known[n % len(known)] for n, type_ in enumerate(seats)]
    others = [type_ for type_ in known if type_ not in seats and _welcome(study, type_)]
    usual, unusual = itertools.cycle(seats), itertools.cycle(others)
    for number in itertools.count():
        yield next(unusual) if others and number % 10 == 9 else next(usual)


def _welcome(study: Study, type_: str) -> bool:
    return any(type_ in kind.seats or ANY in kind.seats for kind in study.rooms)


def _spread(counts: Mapping[str, int]) -> Iterator[str]:
    """Types in the shares that these counts have, evenly mixed."""
    given = dict.fromkeys(counts, 0)
    while True:
        type_ = min(counts, key=lambda one: ((given[one] + 1) / counts[one], one))
        given[type_] += 1
        yield type_


async def reaches(base: str, token: str) -> None:
    """Raises RehearsalError if the server there doesn't know the session's first player."""
    browser = Browser(base)
    try:
        async with asyncio.timeout(15):
            answer = await browser.get(f"/join/{token}")
    except (WireError, TimeoutError) as error:
        why = str(error) or "for 15 s"
        raise RehearsalError(
            f"There is no answer from {base} ({why}). Start the server there, or leave --url out."
        ) from None
    finally:
        browser.close()
    if answer.status != 200:
        raise RehearsalError(
            f"The server at {base} answers a player's link with {answer.status}: it does not use the database that"
            " DATABASE_URL names. Set DATABASE_URL to that server's database, or give --links a list of its links."
        )


async def play(
    cast: Rehearsal,
    plan: Setting,
    base: str,
    url: str | None,
    show: Callable[[Heard, float], None] = lambda heard, seconds: None,
    beside: Beside | None = None,
) -> Played:
    """Until everybody is done, or has nothing more to do, or the time is up; then the session is closed.

    `show` is told once a second what has happened so far. `beside` runs meanwhile and ends soon after its event is
    set; where it ends by itself, so does the play.
    """
    starts_at = time.monotonic() + 1.0  # by then all processes are there
    gauges = Gauges(base, await _postmaster(url) if url else None)
    played = Played(cast.session_id, cast.name, cast.study, plan, url, [], gauges, starts_at)
    at_most = _longest(cast.study, plan) if plan.at_most is None else plan.at_most
    troupe = Troupe(_jobs(cast, plan, base, starts_at))
    with troupe.on_stage():
        key = await _log_in(url) if url else ""
        watching = (
            asyncio.create_task(gauges.watch_dashboard(cast.session_id, {ADMIN_COOKIE: key})) if url else None
        )
        over = asyncio.Event()
        doing = asyncio.create_task(beside(played, over)) if beside else None
        try:
            await _until_enough(troupe, played, starts_at + at_most, show, doing)
            over.set()
            if doing:
                await doing
            played.ended = time.monotonic()
            if url:
                await _close(url, cast.session_id, key)
            await _until_seen(troupe, played, show)
            played.diaries = await asyncio.to_thread(troupe.leave)
        finally:
            if watching:
                watching.cancel()
    return played


def _jobs(cast: Rehearsal, plan: Setting, base: str, starts_at: float) -> list[Job]:
    """What each process of bots is to do."""
    asked = cast.study.records_per_player if plan.records is None else plan.records
    chatty = sum(position.step.chat != "none" for position in cast.study.plan)
    talk = 0.5 if plan.messages is None else plan.messages / max(chatty, 1)
    crowd = [
        Part(person.token, person.label, habit)
        for person, habit in zip(
            cast.people,
            habits(len(cast.people), plan.over, plan.drop, plan.flaky, talk, plan.seed),
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
            starts_at,
            plan.patience,
        )
        for n in range(min(plan.processes, len(crowd)))
    ]


async def _until_enough(
    troupe: Troupe,
    played: Played,
    deadline: float,
    show: Callable[[Heard, float], None],
    doing: asyncio.Task[None] | None,
) -> None:
    idle = 0
    while time.monotonic() < deadline and idle < 3:
        heard = await _second(troupe, played, show)
        if heard.over >= heard.players:
            return
        nothing_to_do = heard.enough >= heard.players or (doing is not None and doing.done())
        idle = idle + 1 if nothing_to_do else 0


async def _until_seen(troupe: Troupe, played: Played, show: Callable[[Heard, float], None]) -> None:
    """Everybody who is still there sees the end."""
    deadline = time.monotonic() + FAREWELL * played.plan.patience
    while time.monotonic() < deadline:
        heard = await _second(troupe, played, show)
        if heard.over >= heard.players:
            return


async def _second(troupe: Troupe, played: Played, show: Callable[[Heard, float], None]) -> Heard:
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
        )
    )
    show(heard, time.monotonic() - played.started)
    await asyncio.sleep(max(0.0, due - time.monotonic()))
    return heard


def _longest(study: Study, plan: Setting) -> float:
    """Seconds that a rehearsal with ordinary people takes at most."""
    waits = max(kind.after for kind in study.rooms)
    acts = sum(min(position.step.limit, 20.0 / plan.speed + 1.0) for position in study.plan)
    return plan.over / plan.speed + waits + acts + 30.0


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


async def _log_in(url: str) -> str:
    conn = await connect(url, "rehearsal")
    try:
        async with conn.transaction():
            await ensure_account(conn, RESEARCHER)
            return await log_in(conn, RESEARCHER)
    finally:
        await conn.close()


async def _close(url: str, session_id: str, key: str) -> None:
    """As the researcher does, who logs out then; a database that is just coming back is asked again."""
    for wait in (0.5, 1.0, 2.0, 4.0, 8.0):
        try:
            return await _close_once(url, session_id, key)
        except psycopg.OperationalError:
            await asyncio.sleep(wait)
    await _close_once(url, session_id, key)


async def _close_once(url: str, session_id: str, key: str) -> None:
    conn = await connect(url, "rehearsal")
    try:
        async with conn.transaction():
            await ACTIONS["close"](conn, session_id, RESEARCHER)
            await end_login(conn, key)
    finally:
        await conn.close()


def progress(heard: Heard, seconds: float) -> str:
    """What has happened so far, in a line."""
    slow = 1000 * percentile(heard.latencies, 0.95)
    return (
        f"{as_clock(max(seconds, 0))}  {heard.came:,} of {heard.players:,} came · {heard.playing:,} play · "
        f"{heard.done:,} done · "
        f"{heard.records:,} records · {heard.messages:,} messages · 95% answered in {slow:.0f} ms"
    )
