"""A rehearsal from a button: `networklab rehearse` in the background, with a Postgres and a server of its own.

One at a time of all servers of a database, and none while people play. What comes of it stands with the version.
"""

from __future__ import annotations

import asyncio
import json
import logging
import shutil
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

from app.database.connections import Pool
from app.sessions.sessions import people_playing
from app.study.shelf import KeptVersion, begin_rehearsal, put_rehearsal
from app.web.studies.programs import run_command
from app.web.studies.receiving import lay_out_again

logger = logging.getLogger(__name__)
SECONDS = 1200.0  # that one may take
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
            is_ = "person is" if many == 1 else "people are"
            raise RehearsalRefused(f"{many:,} {is_} in sessions that run here. Rehearse when nobody plays.")
        if not await begin_rehearsal(conn, version, told, SECONDS + 60):
            raise RehearsalRefused("Another rehearsal runs. Wait until it is over.")
    task = asyncio.create_task(_rehearse(pool, version, players, told))
    running.add(task)
    task.add_done_callback(running.discard)


def told_of(version: KeptVersion) -> dict[str, Any] | None:
    """What came of the last one; None: there was none."""
    told: dict[str, Any] | None = version.report.get("rehearsal")
    if told and told["state"] == "running":
        age = datetime.now(UTC) - datetime.fromisoformat(told["began"])
        if age.total_seconds() > SECONDS + 60:
            return told | dict(state="failed", said="It was cut off: its server died.")
    return told


async def _rehearse(pool: Pool, version: KeptVersion, players: int, told: Mapping[str, Any]) -> None:
    folder = Path(mkdtemp(prefix="networklab-rehearsal-"))
    came: dict[str, Any] = dict(state="failed", said="It was cut off: the server stopped.")
    try:
        await asyncio.to_thread(_make_room, folder)
        await lay_out_again(pool, version, folder / "study")
        came = await _run(folder, players)
    except Exception:
        logger.exception("a rehearsal of %s, version %d, failed", version.title, version.number)
        came = dict(state="failed", said="It could not be run. Whoever runs the server finds why in its log.")
    finally:
        await asyncio.to_thread(shutil.rmtree, folder, True)
        ended = dict(ended=datetime.now(UTC).isoformat())
        async with pool.connection() as conn:
            await put_rehearsal(conn, version, {**told, **came, **ended})


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
