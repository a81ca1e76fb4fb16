"""Sign-in to seated: everybody at the same moment."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import uvloop

from tests.bench.client import Connection, Reply, connect, post
from tests.bench.figure import Chapter, Figure, WrongAnswer, at_least, percentile, plain, under
from tests.bench.game import with_open_fallback
from tests.bench.stage import PROCESSES, Stage
from tests.house.house import House, Opened
from tests.house.server import Server
from tests.house.studies import RUMOUR

STREAM = 4000  # people who sign in one after the other …
LANES = 100  # … on so many connections
CROWD = {"red": 330, "blue": 290, "green": 80}
EVERYBODY = sum(CROWD.values())
ENTRY = {"age": "34", "news": "Every week"}
HOW = """{everybody} people (330 red, 290 blue, 80 green) send their entry form at the same moment, each on a
connection of their own that is open already, to a session of `studies/rumour` that has started. The answer
comes after the seating that follows the sign-in has committed, so the last answer is the moment at which the
last is placed. As the study stands, rooms of two red and two blue take 580 of them at once, and the other 120
wait for the fallback, which opens to those who have waited 90 seconds; then the same with a fallback that is
open from the start, so that all {everybody} are placed. Afterwards the database is asked: everybody is
waiting or playing, nobody has two slots, no slot is empty, each type sits where it may, and no room could
have been filled from those who still wait. Then {stream} people come one after the other on {lanes} connections,
to a session whose door is open and that has not started, so that all of them wait in its lobby. The client is
one Python process with ready-made bytes."""


@dataclass(frozen=True, slots=True)
class Herd:
    seconds: float  # from the first form to the last answer
    latencies: list[float]  # milliseconds
    placed: int
    rooms: int


def run(stage: Stage) -> Chapter:
    figures: list[Figure] = []
    with stage.house("signin") as house:
        server = house.serve(processes=PROCESSES)
        at_once = with_open_fallback(house.folder)
        for folder, name in ((RUMOUR, "as the study stands"), (at_once, "fallback open from the start")):
            herds = [_herd(house, server, folder) for _ in range(1 if stage.quick else 5)]
            placed = sorted({herd.placed for herd in herds})
            rooms = sorted({herd.rooms for herd in herds})
            what = f"{EVERYBODY} at once, {name}"
            figures += [
                under(f"{what}: the last one is placed", [herd.seconds for herd in herds], "s", 1.0),
                plain(f"{what}: answer, p50", [percentile(herd.latencies, 0.5) for herd in herds], "ms"),
                plain(f"{what}: answer, p99", [percentile(herd.latencies, 0.99) for herd in herds], "ms"),
                plain(f"{what}: placed", placed, "people"),
                plain(f"{what}: rooms", rooms, "rooms"),
            ]
        streams = [_stream(house, server) for _ in range(stage.runs)]
        what = f"{STREAM:,} one after the other, {LANES} connections"
        figures += [
            at_least(f"{what}: signed in", [STREAM / seconds for seconds, _ in streams], "people/s", 2000),
            plain(f"{what}: answer, p50", [percentile(found, 0.5) for _, found in streams], "ms"),
            plain(f"{what}: answer, p99", [percentile(found, 0.99) for _, found in streams], "ms"),
        ]
        server.stop()
    return Chapter(
        "Sign-in", tuple(figures), HOW.format(everybody=EVERYBODY, stream=f"{STREAM:,}", lanes=LANES)
    )


def _herd(house: House, server: Server, folder: Path) -> Herd:
    opened = house.open_folder(folder, CROWD)
    forms = [post(server.base, f"/join/{token}", ENTRY) for token in opened.tokens.values()]
    seconds, latencies = uvloop.run(_arrive(server.base, forms))
    placed, rooms = _check(house, opened)
    house.act("close", opened)
    return Herd(seconds, latencies, placed, rooms)


def _stream(house: House, server: Server) -> tuple[float, list[float]]:
    """Seconds from the first form to the last answer, and each answer's milliseconds."""
    opened = house.open_folder(RUMOUR, {"red": STREAM}, start=False)
    forms = [post(server.base, f"/join/{token}", ENTRY) for token in opened.tokens.values()]

    async def lane(forms: list[bytes]) -> list[Reply]:
        connection = await connect(server.base, Connection)
        replies = [await connection.ask(form) for form in forms]
        connection.close()
        return replies

    async def lanes() -> list[list[Reply]]:
        return await asyncio.gather(*(lane(forms[nth::LANES]) for nth in range(LANES)))

    started = time.perf_counter()
    replies = [reply for replies in uvloop.run(lanes()) for reply in replies]
    seconds = time.perf_counter() - started
    logged = house.sql(
        """select (select count(*) from player where session_id = %s and status = 'waiting'),
        (select count(*) from event where session_id = %s and name = 'player_signed_in')""",
        *(opened.id, opened.id),
    )
    _all_in(replies)
    if logged != [(STREAM, STREAM)] or house.contradictions(opened):
        raise WrongAnswer(f"of {STREAM} who signed in so many wait and so many are logged: {logged}")
    house.act("close", opened)
    return seconds, [1000 * reply.seconds for reply in replies]


async def _arrive(base: str, forms: list[bytes]) -> tuple[float, list[float]]:
    connections = await asyncio.gather(*(connect(base, Connection) for _ in forms))
    started = time.perf_counter()
    asked = [connection.ask(form) for connection, form in zip(connections, forms, strict=True)]
    replies = await asyncio.gather(*asked)
    seconds = time.perf_counter() - started
    for connection in connections:
        connection.close()
    _all_in(replies)
    return seconds, [1000 * reply.seconds for reply in replies]


def _all_in(replies: Sequence[Reply]) -> None:
    wrong = [reply for reply in replies if reply.status != 303 or not reply.cookie]
    if wrong:
        raise WrongAnswer(f"{len(wrong)} sign-ins failed; the first was answered with {wrong[0].status}")


def _check(house: House, opened: Opened) -> tuple[int, int]:
    """Nobody is forgotten, nobody sits twice, nobody waits who could have been placed. Returns placed and rooms."""
    counts = dict(
        house.sql(
            "select status::text, count(*) from player where session_id = %s group by status", opened.id
        )
    )
    waiting = dict(
        house.sql(
            "select type, count(*) from player where session_id = %s and status = 'waiting' group by type",
            opened.id,
        )
    )
    rooms: int = house.sql("select count(*) from room where session_id = %s", opened.id)[0][0]
    contradictions = house.contradictions(opened)
    if contradictions or counts.get("waiting", 0) + counts.get("playing", 0) != EVERYBODY:
        raise WrongAnswer(f"after sign-in there are {counts}; contradictions: {contradictions[:3]}")
    if min(waiting.get("red", 0), waiting.get("blue", 0)) >= 2:
        raise WrongAnswer(f"a mixed room could have been filled from those who wait: {waiting}")
    return counts["playing"], rooms
