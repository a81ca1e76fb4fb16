"""A rehearsal from a button: `networklab rehearse` in the background, with a Postgres and a server of its own.

One at a time of all servers of a database, and none while people play: it ends as they come. What comes of it stands
with the version, and while it runs, when its server was last seen at it.
"""

from __future__ import annotations

import asyncio
import json
import logging
import shutil
from collections.abc import Coroutine, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

from app.database.connections import FAULTS, Pool
from app.sessions.sessions import people_playing
from app.study.shelf import KeptVersion, begin_rehearsal, put_rehearsal, see_rehearsal
from app.web.studies.leftovers import REHEARSALS
from app.web.studies.programs import run_command
from app.web.studies.receiving import lay_out_again

logger = logging.getLogger(__name__)
SECONDS = 1200.0  # that one may take
LOOK = 5.0  # seconds between two looks for people
SEEN = 60.0  # seconds for which one counts as running after it was seen
TRIES, PAUSE = 20, 3.0  # to keep what came of it, and the seconds between them
MOST = 100  # players: this machine has others to answer, too
PACE = 10  # times as fast as people
LARGEST_PAGE = 5_000_000  # bytes of a report


class RehearsalRefused(Exception):
    """None begins now; the text says why."""


async def begin(
    pool: Pool, version: KeptVersion, players: int, by: str, running: set[asyncio.Task[None]]
) -> None:
    """Raises `RehearsalRefused`."""
    told = dict(state="running", by=by, players=players, began=datetime.now(UTC).isoformat())
    async with pool.connection() as conn, conn.transaction():
        if many := await people_playing(conn):
            are = "person is" if many == 1 else "people are"
            raise RehearsalRefused(
                f"{many:,} {are} in sessions that are not closed. Rehearse when nobody is, or close those "
                "that are over."
            )
        if not await begin_rehearsal(conn, version, told, SEEN):
            raise RehearsalRefused("Another rehearsal runs. Wait until it is over.")
    task = asyncio.create_task(_rehearse(pool, version, players, told))
    running.add(task)
    task.add_done_callback(running.discard)


def told_of(version: KeptVersion) -> dict[str, Any] | None:
    """What came of the last one; None: there was none."""
    told: dict[str, Any] | None = version.report.get("rehearsal")
    if told and told["state"] == "running":
        age = datetime.now(UTC) - datetime.fromisoformat(told.get("seen") or told["began"])
        if age.total_seconds() > SEEN:
            return told | dict(state="failed", said="It was cut off: its server died.")
    return told


async def _rehearse(pool: Pool, version: KeptVersion, players: int, told: Mapping[str, Any]) -> None:
    came: dict[str, Any] = dict(state="failed", said="It was cut off: the server stopped.")
    try:
        came = await watched(pool, version, told["began"], _in_a_folder(pool, version, players))
    except Exception:
        logger.exception("a rehearsal of %s, version %d, failed", version.title, version.number)
        came = dict(state="failed", said="It could not be run. Whoever runs the server finds why in its log.")
    finally:
        ended = dict(ended=datetime.now(UTC).isoformat())
        await _keep(pool, version, {**told, **came, **ended})


async def watched(
    pool: Pool, version: KeptVersion, began: str, run: Coroutine[Any, Any, dict[str, Any]], look: float = LOOK
) -> dict[str, Any]:
    """What it comes to: of a run that is ended as people come, that. `look`: seconds between two looks."""
    task = asyncio.create_task(run)
    try:
        while not (await asyncio.wait([task], timeout=look))[0]:
            if await _people_came(pool, version, began):
                return dict(
                    state="failed", said="It was ended: people came. Rehearse again when nobody plays."
                )
        return await task
    finally:
        task.cancel()
        await asyncio.wait([task])


async def _people_came(pool: Pool, version: KeptVersion, began: str) -> bool:
    try:
        async with pool.connection() as conn:
            await see_rehearsal(conn, version, began)
            return await people_playing(conn) > 0
    except FAULTS as error:
        logger.warning("a rehearsal looks for people again: %s", str(error).partition("\n")[0])
        return False


async def _keep(pool: Pool, version: KeptVersion, told: Mapping[str, Any]) -> None:
    """Also where the database is away just now."""
    for left in reversed(range(TRIES)):
        try:
            async with pool.connection() as conn:
                await put_rehearsal(conn, version, told)
            return
        except FAULTS as error:
            if not left or pool.closed:
                raise
            logger.warning("what a rehearsal came to is kept again: %s", str(error).partition("\n")[0])
        await asyncio.sleep(PAUSE)


async def _in_a_folder(pool: Pool, version: KeptVersion, players: int) -> dict[str, Any]:
    folder = Path(mkdtemp(prefix=REHEARSALS))
    try:
        await asyncio.to_thread(_make_room, folder)
        await lay_out_again(pool, version, folder / "study")
        return await _run(folder, players)
    finally:
        await asyncio.to_thread(shutil.rmtree, folder, True)


def _make_room(folder: Path) -> None:
    folder.chmod(0o711)  # its Postgres may be another user's
    (folder / "study").mkdir()


async def _run(folder: Path, players: int) -> dict[str, Any]:
    report = folder / "report.html"
    over, at_most = f"{max(5, players // 2)}s", f"{SECONDS - 120:.0f}s"
    command = ["rehearse", "--session", str(folder / "study"), "--players", str(players), "--over", over]
    command += [
        "--speed",
        str(PACE),
        "--processes",
        "1",
        "--at-most",
        at_most,
        "--json",
        "--report",
        str(report),
    ]
    home = dict(NETWORKLAB_HOME=str(folder / "home"))
    try:
        said, wrong = await run_command(command, folder, SECONDS, environ=home)
    except TimeoutError:
        return dict(state="failed", said=f"It did not end within {SECONDS / 60:.0f} minutes.")
    try:
        verdict = json.loads(said)
    except ValueError:
        lines = wrong.decode("utf-8", "replace").strip().splitlines() or ["It ended without a word."]
        logger.warning("a rehearsal said: %s", lines[-1])
        return dict(state="failed", said=lines[-1].replace(str(folder), "")[:1_000])
    page = ""
    with suppress(OSError):
        page = report.read_text(encoding="utf-8") if report.stat().st_size < LARGEST_PAGE else ""
    kept = ("ok", "verdict", "outcomes", "answers", "promises", "notes", "slow", "rests_on")
    return dict(state="done", page=page, **{name: verdict[name] for name in kept})
