"""The one link for everybody: all of them at once, each of them twice, some with a link that is broken."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import uvloop

from app.export.verify import verify
from app.players.door import Places
from app.study.reading import parse
from tests.bench.client import Connection, Reply, connect, get, post
from tests.bench.figure import Chapter, Figure, WrongAnswer, percentile, plain, under
from tests.bench.stage import PROCESSES, Stage
from tests.house.house import House, Opened
from tests.house.server import Server
from tests.house.studies import PAGE

EVERYBODY = 700
BROKEN = (
    "",
    "PROLIFIC_PID=",
    "PROLIFIC_PID={{%PROLIFIC_PID%}}",
    "PROLIFIC_PID=A&PROLIFIC_PID=B",
    "PROLIFIC_PID=x",
)
ASTRAY = EVERYBODY // 10
STUDY = b"""
title = "Everybody"
[entry]
fields = [{name = "age", ask = "Your age", kind = "integer", min = 18, max = 99}]
[[room]]
name = "four"
seats = {red = 2, blue = 2}
[[step]]
page = "talk"
limit = "10m"
fields = [{name = "belief", ask = "How sure?", kind = "integer"}]
"""
HOW = """{everybody} people come by the one link of a session at the same moment, each with an id of a recruiter and
each twice, on two connections that are open already; whose two forms are answered asks for their page, and again where
the server is busy; beside them {astray} come, each twice as well, with a link whose id is missing, empty, a
placeholder, given twice or none. The server's {processes} processes know nothing of each other. Afterwards the
database is asked: there are exactly {everybody} players, one for each id and with it; each pair of connections has the
same one's page; each broken link got its sentence and made nobody; nobody waits who could have been seated; and
`verify` agrees."""


@dataclass(frozen=True, slots=True)
class Crowd:
    seconds: float  # from the first form to the last page
    forms: list[float]  # milliseconds
    broken: list[float]
    players: int


def run(stage: Stage) -> Chapter:
    with stage.house("door") as house:
        server = house.serve(processes=PROCESSES)
        crowds = [_crowd(house, server) for _ in range(stage.runs)]
        server.stop()
    what = f"{EVERYBODY} at once, each twice, {ASTRAY} astray"
    figures: tuple[Figure, ...] = (
        plain(f"{what}: players", sorted({one.players for one in crowds}), "people"),
        under(f"{what}: the last one has their page", [one.seconds for one in crowds], "s", 2.0),
        plain(f"{what}: form answered, p50", [percentile(one.forms, 0.5) for one in crowds], "ms"),
        plain(f"{what}: form answered, p99", [percentile(one.forms, 0.99) for one in crowds], "ms"),
        plain(f"{what}: broken link answered, p99", [percentile(one.broken, 0.99) for one in crowds], "ms"),
    )
    return Chapter("Door", figures, HOW.format(everybody=EVERYBODY, astray=ASTRAY, processes=PROCESSES))


def _crowd(house: House, server: Server) -> Crowd:
    study = parse({"study.toml": STUDY, "pages/talk.html": PAGE.encode()})
    opened = house.open_study(study, people={}, places=Places())
    ids = [f"{nth:024x}" for nth in range(EVERYBODY)]
    forms = [post(server.base, f"/s/{opened.id}?PROLIFIC_PID={id}&STUDY_ID=s", {"age": "34"}) for id in ids]
    lost = [get(server.base, f"/s/{opened.id}?{BROKEN[nth % len(BROKEN)]}") for nth in range(ASTRAY)]
    seconds, came, astray = uvloop.run(_arrive(server.base, forms, lost))
    _check(house, opened, ids, came, astray)
    verdict = asyncio.run(verify(house.database, opened.id, study))
    if not verdict.ok:
        raise WrongAnswer(str(verdict))
    house.act("close", opened)
    answers = [1000 * answer.seconds for twice, _ in came for answer in twice]
    return Crowd(seconds, answers, [1000 * one.seconds for one in astray], len(ids))


Came = tuple[tuple[Reply, Reply], Reply]  # what the form was answered with, twice, and the page after it


async def _arrive(base: str, forms: list[bytes], lost: list[bytes]) -> tuple[float, list[Came], list[Reply]]:
    """Seconds to the last page; what came of each form, and of each broken link."""
    connections = await asyncio.gather(*(connect(base, Connection) for _ in 2 * [*forms, *lost]))

    async def come(connection: Connection, other: Connection, form: bytes) -> tuple[Came, float]:
        twice = await asyncio.gather(_answered(connection, form), _answered(other, form))
        page = await _answered(connection, get(base, "/play", twice[0].cookie))
        return ((twice[0], twice[1]), page), time.perf_counter()

    many = len(forms)
    started = time.perf_counter()
    both = asyncio.gather(*map(come, connections[:many], connections[many : 2 * many], forms))
    others = zip(connections[2 * many :], 2 * lost, strict=True)
    astray = asyncio.gather(*(connection.ask(link) for connection, link in others))
    came = await both
    for_broken = await astray
    for connection in connections:
        connection.close()
    return max(at for _, at in came) - started, [one for one, _ in came], list(for_broken)


async def _answered(connection: Connection, request: bytes) -> Reply:
    """As a page does it: asked again where the server is busy."""
    reply = await connection.ask(request)
    while reply.status == 503:
        await asyncio.sleep(float(reply.headers[b"retry-after"]))  # as the server asked them to
        reply = await connection.ask(request)
    return reply


def _check(
    house: House, opened: Opened, ids: Sequence[str], came: Sequence[Came], astray: Sequence[Reply]
) -> None:
    """Raises WrongAnswer."""
    found = house.sql(
        "select door_id, given, id, status::text, type from player where session_id = %s", opened.id
    )
    known = {
        door_id: player_id for door_id, given, player_id, *_ in found if given["PROLIFIC_PID"] == door_id
    }
    if len(found) != EVERYBODY or known.keys() != {*ids}:
        raise WrongAnswer(
            f"{EVERYBODY} came, and there are {len(found)} players, {len(known)} of them with their id"
        )
    for id, (twice, page) in zip(ids, came, strict=True):
        theirs = {answer.cookie.partition("=")[2].partition(".")[0] for answer in twice}
        statuses = [*(answer.status for answer in twice), page.status]
        if theirs != {str(known[id])} or statuses != [303, 303, 200]:
            raise WrongAnswer(f"{id}, player {known[id]}, has pages of {theirs}, answered with {statuses}")
    said = Counter((one.status, b"For the researcher who tries this link" in one.body) for one in astray)
    if said != {(400, True): 2 * ASTRAY}:
        raise WrongAnswer(f"broken links were answered with {said}")
    waiting = Counter(type_ for *_, status, type_ in found if status == "waiting")
    if min(waiting["red"], waiting["blue"]) >= 2 or house.contradictions(opened):
        raise WrongAnswer(f"a room could have been filled from those who wait: {waiting}")
