"""Whether a session of today slows down with the sessions of the years before it in the same database."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from app.export.export import write_zip
from app.export.verify import verify
from app.rehearsal.browser import Browser
from app.rehearsal.cast import open_rehearsal
from app.rehearsal.play import play
from app.study.model.study import Study
from tests.bench.crowd import bring_in
from tests.bench.figure import Chapter, WrongAnswer, percentile, plain, under
from tests.bench.game import FAST, with_open_fallback
from tests.bench.load import Plan, post_records
from tests.bench.looks import LOOKS, PAGES, look
from tests.bench.plot import Plot
from tests.bench.records import FIELD, STUDY, check
from tests.bench.stage import PROCESSES, Stage
from tests.house.history import copy_session
from tests.house.house import House, Opened
from tests.house.server import Server

BEFORE = (0, 10, 50, 100, 200)  # sessions
PEOPLE = 60  # of each, of those before and of that of today
COMERS = 20  # who sign in, one after the other, at each number of sessions
TIMES = 3  # of each proof
ALL = "list of sessions"
HOW = """Bots play `studies/rumour` twice, {people} people each, 150 answers of everybody. The first session
is closed and written again into the same tables, up to {most} times with other ids, each 40 hours before the
one before it, half of them archived; they have {records:,} records and {events:,} events at the end. The
second is that of today. At each number of sessions, once they are vacuumed, as Postgres does by itself: each
page of the session of today {looks} times, the median; `verify` and the export as a zip, {times} times, the
median; {comers} people sign in one after the other, the median; and wrk posts forms of one field on 50
connections for {seconds} s, whose receipts are computed again.
How to read it: the list is what it is because it shows more. All else reads the rows of one session, of which
a summary of the pages of each table says where they lie (`sql/migrations/0079_rows_of_a_session.sql`), and is
as fast beside those of years."""


@dataclass(frozen=True, slots=True)
class Lap:
    before: int
    pages: dict[str, float]  # ms
    signed_in: float  # ms
    verified: float  # seconds
    exported: float  # seconds
    forms: float  # a second


def run(stage: Stage) -> Chapter:
    seconds = 2 if stage.quick else 5
    laps: list[Lap] = []
    with stage.house("years") as house:
        server = house.serve(processes=PROCESSES)
        folder = with_open_fallback(house.folder)
        old, _ = _play(house, server, folder)
        house.act("close", Opened(old, {}))
        today, study = _play(house, server, folder)
        numbers = BEFORE[:2] if stage.quick else BEFORE
        comers = house.open(STUDY % (FIELD % "f0"), {"any": COMERS * len(numbers)})
        crowd = house.open(STUDY % (FIELD % "f0"), {"any": 200})
        plan = Plan(server.base, asyncio.run(bring_in(server.base, crowd)), ["f0"], house.folder)
        post_records(plan, 50, 2, 0)  # warms up
        tokens = iter(comers.tokens.values())
        before = 0
        for lap, number in enumerate(numbers, 1):
            if number:
                copy_session(house.database, old, before + 1, number)
                before = number
            pages = asyncio.run(look(house, server, today, {ALL: "/admin"}))
            signed_in = asyncio.run(_sign_in(server, [next(tokens) for _ in range(COMERS)]))
            verified = _took(partial(_verify, house, today, study))
            exported = _took(partial(_export, house, today, study))
            load = post_records(plan, 50, seconds, lap)
            check(house, load, 50)
            laps.append(Lap(number, pages, signed_in, verified, exported, len(load.receipts) / load.seconds))
        [(records,)] = house.sql("select count(*) from record")
        [(events,)] = house.sql("select count(*) from event")
    first, last = laps[0], laps[-1]
    beside = f"beside {last.before} sessions, of beside none"
    figures = (
        *(
            under(f"{page}: {beside}", [100 * last.pages[page] / first.pages[page]], "%", 150)
            for page in PAGES.values()
        ),
        under(f"somebody signs in: {beside}", [100 * last.signed_in / first.signed_in], "%", 150),
        under(f"`verify`: {beside}", [100 * last.verified / first.verified], "%", 150),
        under(f"export: {beside}", [100 * last.exported / first.exported], "%", 150),
        plain(f"forms acknowledged: {beside}", [100 * last.forms / first.forms], "%"),
    )
    plots = (
        Plot(
            "years-pages",
            "Pages of a session of today",
            "ms",
            "sessions before it",
            {page: [(lap.before, lap.pages[page]) for lap in laps] for page in [*PAGES.values(), ALL]}
            | {"sign-in": [(lap.before, lap.signed_in) for lap in laps]},
        ),
        Plot(
            "years-proofs",
            "All of a session of today",
            "s",
            "sessions before it",
            {
                "verify": [(lap.before, lap.verified) for lap in laps],
                "export": [(lap.before, lap.exported) for lap in laps],
            },
        ),
        Plot(
            "years-forms",
            "Forms acknowledged, 50 connections",
            "forms/s",
            "sessions before it",
            {"forms": [(lap.before, lap.forms) for lap in laps]},
        ),
    )
    how = HOW.format(
        people=PEOPLE,
        most=last.before,
        records=records,
        events=events,
        looks=LOOKS,
        times=TIMES,
        comers=COMERS,
        seconds=seconds,
    )
    return Chapter("Beside the sessions of years", figures, how, plots)


def _play(house: House, server: Server, folder: Path) -> tuple[str, Study]:
    async def story() -> tuple[str, Study]:
        cast = await open_rehearsal(house.database, str(folder), PEOPLE)
        await play(cast, replace(FAST, players=PEOPLE), server.base, house.database)
        return cast.session_id, cast.study

    return asyncio.run(story())


async def _sign_in(server: Server, tokens: list[str]) -> float:
    taken = []
    for token in tokens:
        browser = Browser(server.base)
        started = time.perf_counter()
        reply = await browser.post(f"/join/{token}", {})
        taken.append(1000 * (time.perf_counter() - started))
        browser.close()
        if reply.status != 303:
            raise WrongAnswer(f"a sign-in was answered with {reply.status}")
    return percentile(taken, 0.5)


async def _verify(house: House, session: str, study: Study) -> None:
    found = await verify(house.database, session, study)
    if not found.ok:
        raise WrongAnswer(str(found))


async def _export(house: House, session: str, study: Study) -> None:
    file = house.folder / "export.zip"
    await write_zip(house.database, session, study, file)
    file.unlink()


def _took(work: Callable[[], Awaitable[None]]) -> float:
    """Seconds, the median of some times."""

    async def timed() -> list[float]:
        taken = []
        for _ in range(TIMES):
            started = time.perf_counter()
            await work()
            taken.append(time.perf_counter() - started)
        return taken

    return percentile(asyncio.run(timed()), 0.5)
