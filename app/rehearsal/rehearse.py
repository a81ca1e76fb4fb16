"""The rehearsal: a herd of players that are bots against a real server, and what that says about the real day."""

from __future__ import annotations

import asyncio
import csv
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from app.config import Config
from app.database.connections import AWAY
from app.players.lists import PeopleError
from app.players.people import read_people
from app.rehearsal.browser import Browser, WireError
from app.rehearsal.cast import Rehearsal, RehearsalError, check_records, open_rehearsal, reaches
from app.rehearsal.coming_back import asked_again
from app.rehearsal.play import Beside, Played, Setting, close, play, progress
from app.rehearsal.troupe import Heard
from app.rehearsal.verdict import Verdict, judge
from app.rehearsal.waiting import LeftOver, foreseen
from app.study.reading import parse, read_folder
from app.web.processes import Processes, bind

PATIENCE = 90.0  # seconds: a small laptop that does something else starts a server in many times the usual
Write = Callable[[str], None]


@asynccontextmanager
async def serving(config: Config, url: str) -> AsyncIterator[str]:
    """A server of our own on a free port of this machine; its address."""
    listener = bind("127.0.0.1", 0)
    base = f"http://127.0.0.1:{listener.getsockname()[1]}"
    processes = Processes(config.processes, listener, url)
    processes.start()
    watching = asyncio.create_task(processes.keep_alive())
    try:
        yield base
    finally:
        watching.cancel()
        await asyncio.to_thread(processes.stop)
        listener.close()


Run = tuple[Played, Verdict]


async def run(
    config: Config, url: str, what: str, plan: Setting, base: str | None, most: int | None, write: Write
) -> list[Run]:
    """Play new sessions of `what` (a study's folder or a session's id) on the server at `base`, or one of our own.

    One, or with `most` herds up to so many.
    """
    if base is None:
        async with serving(config, url) as own:
            await answers(own)
            return await run(config, url, what, plan, own, most, write)
    if most is None:
        cast = await open_rehearsal(url, what, plan.players, plan.records)
        return [await rehearse(cast, plan, base.rstrip("/"), url, write)]
    return await rehearse_levels(url, what, plan, base, most, write)


async def answers(own: str, patience: float = PATIENCE) -> None:
    """Waits for a server that was started for this. Raises RehearsalError."""
    browser = Browser(own)
    try:
        async with asyncio.timeout(patience):
            await browser.get("/health/ready")
    except (WireError, TimeoutError):
        raise RehearsalError(
            f"The server that was started for this has not answered for {patience:.0f} s. This machine is busy:"
            " end other programs, and try again."
        ) from None
    finally:
        browser.close()


async def rehearse_levels(
    url: str, what: str, plan: Setting, base: str, most: int, write: Write
) -> list[Run]:
    """Herd after herd, each half as large again, until one is not held or has `most` players; then once with as many as
    lie between the last that was held and that one.
    """
    found: list[Run] = []
    between = False
    while True:
        cast = await open_rehearsal(url, what, plan.players, plan.records)
        found.append(await rehearse(cast, plan, base.rstrip("/"), url, write))
        _, verdict = found[-1]
        write(f"{verdict.players:,} players: {verdict.sentence}")
        if verdict.holds and not between and verdict.players < most:
            plan = replace(plan, players=min(most, verdict.players * 3 // 2))
        elif not between and verdict.kept and 0 < held(found) < verdict.players - 1:
            between = True
            plan = replace(plan, players=(verdict.players + held(found)) // 2)
        else:
            return found


async def rehearse(
    cast: Rehearsal,
    plan: Setting,
    base: str,
    url: str | None,
    write: Write,
    beside: Beside | None = None,
    login: str | None = None,
) -> Run:
    """One session, from the first arrival to the verdict, and closed whatever ends it.

    Without `url` the database is out of reach. `login`: see `play`.
    """
    last = "before anybody came"

    def show(heard: Heard, seconds: float, waiting: LeftOver) -> None:
        nonlocal last
        last = progress(heard, seconds, waiting)
        write(last)

    if over := foreseen(cast.study, cast.people):
        write(over)
    try:
        await reaches(base, cast.way(cast.people[0]))
        played = await play(cast, plan, base, url, show, beside, login)
    except BaseException as error:
        if url:
            with suppress(*AWAY):  # why it ended is what is to be told
                await close(url, cast.session_id)
        if isinstance(error, asyncio.CancelledError):
            write(_stopped(cast, last, url))
        raise
    write("It is over. What the bots noted is held against the database …")
    return played, await asked_again(lambda: judge(played), plan.patience)


def _stopped(cast: Rehearsal, last: str, url: str | None) -> str:
    its = f"Its session {cast.session_id} is closed; what" if url else "Its session is open still; what"
    return (
        f"Stopped at {last}. {its} was played until then is in it, and nothing was held against the database."
    )


def read_cast(folder: str, links: Path, plan: Setting, part: tuple[int, int]) -> Rehearsal:
    """The players of a session that somebody opened for this, from the file that `open --links` wrote; the first of
    three `part`s is every third of them, from the first on.
    """
    study = parse(read_folder(Path(folder)))
    check_records(study, plan.records)
    people = read_people(links, study).people
    if lacking := next((one for one in people if not one.token), None):
        wrong = f"has no token for “{lacking.label}”"
        raise PeopleError(links.name, wrong, "give the list of links that `open --links` wrote")
    which, of = part
    return Rehearsal("", study.title, study, people[: plan.players or len(people)][which - 1 :: of])


def deciding(found: Sequence[Run]) -> Run:
    """Of several the smallest that was not held, else the largest."""
    broke = [one for one in found if not one[1].holds]
    if broke:
        return min(broke, key=lambda one: one[1].players)
    return max(found, key=lambda one: one[1].players)


def as_text(found: Sequence[Run]) -> str:
    _, verdict = deciding(found)
    if len(found) == 1:
        return str(verdict)
    lines = [f"{one.players:>8,} players  {one.sentence}" for _, one in found]
    return "\n".join([*lines, "", str(verdict), "", summary(found)])


def as_json(found: Sequence[Run]) -> dict[str, Any]:
    verdict = deciding(found)[1].as_json()
    if len(found) == 1:
        return verdict
    levels = [one.as_json() for _, one in found]
    return verdict | dict(summary=summary(found), held=held(found), levels=levels)


def held(found: Sequence[Run]) -> int:
    """The most players that were held."""
    return max((verdict.players for _, verdict in found if verdict.holds), default=0)


def summary(found: Sequence[Run]) -> str:
    _, verdict = deciding(found)
    if verdict.holds:
        return f"It held {verdict.players:,}{verdict.pace}, as many as it was to be tried with."
    most = f"It held {held(found):,} and not" if held(found) else "It did not hold"
    why = _limit(verdict) if verdict.kept and verdict.slow else verdict.sentence
    return f"{most} {verdict.players:,}{verdict.pace}. {why}".rstrip()


def _limit(verdict: Verdict) -> str:
    """Which part was full, as far as that can be told."""
    if verdict.room is None:
        return ""
    if verdict.room.players <= verdict.players:
        return f"What was full then: {verdict.room.limit}."
    return (
        f"No processor was full then ({verdict.room.limit}): people waited for the disk, or for other programs on that"
        " machine."
    )


def write_receipts(played: Played, file: Path) -> None:
    """What `networklab verify SESSION --receipts FILE` reads."""
    try:
        with file.open("w", newline="", encoding="utf-8") as lines:
            writer = csv.writer(lines)
            writer.writerow(["player", "receipt"])
            for diary in played.diaries:
                writer.writerows([diary.label, told.receipt] for told in diary.told)
    except OSError as error:
        raise RehearsalError(f"The receipts can't be written to {file} ({error.strerror}).") from None
