"""`networklab demo`: an example study, live, with bots and one link for you."""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import random
import signal
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

import psycopg

from app.commands.arguments import count, port
from app.config import PROJECT, Config
from app.database.connections import Connection, connect
from app.database.running import database
from app.players.links import link_of, write_links
from app.players.people import Person, first_seats, made_up
from app.players.players import find_by_token
from app.players.tokens import new_token
from app.rehearsal.bots import Bot
from app.rehearsal.habits import Habits
from app.rehearsal.own_bot import Insight
from app.sessions.actions import start
from app.sessions.sessions import open_session
from app.study.hooks.pool import Hooks
from app.study.model.study import Study
from app.study.reading import parse, read_folder
from app.web.access.accounts import ensure_account
from app.web.access.logins import log_in
from app.web.processes import Processes, bind, bind_beside

EXAMPLE = PROJECT / "studies" / "rumour"
RESEARCHER = "demo"
ARRIVALS = 60.0  # seconds in which the bots come


@dataclass(frozen=True, slots=True)
class Demo:
    """A demo's session and who is in it. Kept in a file, so that a second start goes on with the first."""

    session: str
    study: str  # its fingerprint
    you: Person
    companions: tuple[Person, ...]  # bots that come when you come, so that your room fills at once
    others: tuple[Person, ...]

    @property
    def everyone(self) -> tuple[Person, ...]:
        return (self.you, *self.companions, *self.others)


def add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--players", type=count, default=24, metavar="N", help="bots that arrive (default 24)"
    )
    parser.add_argument("--port", type=port, help="where to listen (default 8000)")
    parser.add_argument("--study", type=Path, metavar="DIR", help="another study than the example")
    parser.add_argument("--no-bots", action="store_true", help="only the session and its links")


def run(options: argparse.Namespace, config: Config) -> int:
    study = parse(read_folder(options.study or EXAMPLE))
    listener = bind(config.host, config.port)
    beside = bind_beside(config.host, config.port) if config.play_url else None
    with database(config, watch=True) as url:
        cast, link = asyncio.run(_prepare(study, config, url, options.players))
        processes = Processes(1, listener, url, beside)
        processes.start()
        try:
            asyncio.run(_serve(study, cast, link, config, processes, url, not options.no_bots))
        finally:
            processes.stop()
    print("Stopped. Started again, the demo goes on where it was.")
    return 0


async def _prepare(study: Study, config: Config, url: str, bots: int) -> tuple[Demo, str]:
    """The session to go on with, or a new one; and a link that logs in to its dashboard once."""
    file = config.home / "demo.json"
    config.home.mkdir(parents=True, exist_ok=True)
    conn = await connect(url, "demo")
    try:
        async with conn.transaction():
            cast = _read_cast(file)
            if cast is None or not await _goes_on(conn, cast, study, bots):
                cast = await _open(conn, study, bots)
                _write_cast(file, cast)
            await ensure_account(conn, RESEARCHER)
            key = await log_in(conn, RESEARCHER, once=True)
    finally:
        await conn.close()
    write_links(config.home / "demo-links.csv", cast.everyone, config.public_url, cast.session)
    return cast, f"{config.public_url}/admin/login?key={key}&to=/admin/sessions/{cast.session}"


async def _goes_on(conn: Connection, cast: Demo, study: Study, bots: int) -> bool:
    """Whether that session still has something to show: the same study, you not done, bots that play or will."""
    if cast.study != study.sha256 or len(cast.everyone) != bots + 1:
        return False
    found = [await find_by_token(conn, person.token) for person in cast.everyone]
    if any(
        player is None or player.session_id != cast.session or player.session_status == "closed"
        for player in found
    ):
        return False
    you, *others = [player.status for player in found if player is not None]
    return you not in ("finished", "left") and any(status not in ("finished", "left") for status in others)


async def _open(conn: Connection, study: Study, bots: int) -> Demo:
    types = [type_ for type_, count in first_seats(study).items() for _ in range(count)]
    named = [type_ for type_ in study.types if type_ != "any"] or [""]
    types = [named[0] if type_ == "any" else type_ for type_ in types]
    around = itertools.cycle(types)
    you = Person(new_token(), "You", types[0], made_up(study, 0))
    companions = tuple(
        Person(new_token(), f"Friend {n}", type_, made_up(study, n))
        for n, type_ in enumerate(types[1 : bots + 1], 1)
    )
    others = tuple(
        Person(new_token(), f"Bot {n:02d}", next(around), made_up(study, bots + n))
        for n in range(1, bots - len(companions) + 1)
    )
    session = await open_session(conn, study, (you, *companions, *others), f"{study.title} demo")
    await start(conn, session.id, RESEARCHER)
    return Demo(session.id, study.sha256, you, companions, others)


async def _serve(
    study: Study, cast: Demo, link: str, config: Config, processes: Processes, url: str, play: bool
) -> None:
    stop = asyncio.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(name, stop.set)
    print(
        f"\n{study.title}: {len(cast.everyone) - 1} bots arrive within a minute, and one place is yours.\n\n"
        f"  Watch (logs you in, once)   {link}\n"
        f"  Play                        {link_of(cast.you, config.public_url, cast.session)}\n\n"
        f"Everybody's links: {config.home / 'demo-links.csv'}\n"
        "Ctrl-C stops everything; the data stays.\n",
        flush=True,
    )
    tasks = [asyncio.create_task(processes.keep_alive())]
    if play:
        base, insight = f"http://127.0.0.1:{config.port}", Insight(url, cast.session, Hooks(), hurry=True)
        tasks += [
            asyncio.create_task(_bot(base, person, study, delay, insight))
            for person, delay in zip(cast.others, _arrivals(len(cast.others)), strict=True)
        ]
        tasks.append(asyncio.create_task(_come_with_you(base, cast, study, url, insight)))
    await stop.wait()
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)


async def _come_with_you(base: str, cast: Demo, study: Study, url: str, insight: Insight) -> None:
    while True:
        with suppress(psycopg.Error):
            conn = await connect(url, "demo")
            try:
                you = await find_by_token(conn, cast.you.token)
            finally:
                await conn.close()
            if you is not None and you.status != "invited":
                break
        await asyncio.sleep(0.5)
    await asyncio.gather(
        *(_bot(base, person, study, 1.0 + n, insight) for n, person in enumerate(cast.companions))
    )


async def _bot(base: str, person: Person, study: Study, delay: float, insight: Insight) -> None:
    await asyncio.sleep(delay)
    await Bot(base, person.token, study, Habits(), person.label, insight=insight).play()


def _arrivals(count: int) -> Iterator[float]:
    """Seconds after which each comes: a few at once, then most in the middle of the minute."""
    chance = random.Random(count)
    return iter(
        sorted(0.5 if n < 4 else chance.triangular(0.5, ARRIVALS, ARRIVALS / 3) for n in range(count))
    )


def _read_cast(file: Path) -> Demo | None:
    try:
        kept = json.loads(file.read_text(encoding="utf-8"))
        groups = {name: tuple(Person(**person) for person in kept[name]) for name in ("companions", "others")}
        return Demo(session=kept["session"], study=kept["study"], you=Person(**kept["you"]), **groups)
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _write_cast(file: Path, cast: Demo) -> None:
    file.touch(0o600)
    file.write_text(json.dumps(asdict(cast)), encoding="utf-8")
