"""Quotas: everybody at the door at once, and fewer places than people."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from random import Random

import uvloop

from app.export.verify import verify
from app.players.quotas import quotas_of
from app.study.model.study import Study
from app.study.reading import parse
from tests.bench.client import Connection, Reply, connect, get, post
from tests.bench.figure import Chapter, Figure, WrongAnswer, percentile, plain, under
from tests.bench.stage import PROCESSES, Stage
from tests.house.house import House, Opened
from tests.house.server import Server
from tests.house.studies import PAGE

EVERYBODY = 700
STUDY = b"""
title = "Panel"
[entry]
fields = [
    {name = "age", ask = "Your age", kind = "integer", min = 18, max = 99},
    {name = "gender", ask = "You are", kind = "choice", options = ["woman", "man", "other"]},
]
[[quota]]
field = "gender"
is = "woman"
most = 150
[[quota]]
field = "gender"
is = "man"
most = 150
[[quota]]
field = "gender"
is = "other"
most = 50
[[room]]
name = "four"
seats = {any = 4}
[pay]
outcomes = {full = 0.20}
[[step]]
page = "talk"
limit = "10m"
fields = [{name = "belief", ask = "How sure?", kind = "integer"}]
"""
PLACES = 350  # those of all quotas: nobody counts in two, and of each there are more at the door
HOW = """{everybody} people send their entry form at the same moment, each on a connection of their own that is
open already, and each asks for their page as soon as the answer is there. The session has three quotas: 150 of the 233
women, 150 of the 350 men and 50 of the 117 others at the door, so exactly {places} can come in. The server's
{processes} processes know nothing of each other. A person's wait is from the form to the whole page: a room, the
lobby, or thanks and a code. Afterwards it is counted from what people said, not from what the server noted: each quota
is full to the last place and has not one more, everybody has a page, whoever was turned away has the code, and
`verify` agrees. (Quotas in which the same people count are in the story of 200 people and eight processes in
`tests/players/test_quotas.py`.)"""


@dataclass(frozen=True, slots=True)
class Door:
    seconds: float  # from the first form to the last page
    waits: list[float]  # milliseconds, from a form to its page
    answers: list[float]  # the same, to the form's own answer
    let_in: int


def run(stage: Stage) -> Chapter:
    with stage.house("quotas") as house:
        server = house.serve(processes=PROCESSES)
        doors = [_door(house, server, seed) for seed in range(stage.runs)]
        server.stop()
    what = f"{EVERYBODY} at once, 3 quotas"
    figures: tuple[Figure, ...] = (
        plain(f"{what}: let in, of {PLACES} places", sorted({door.let_in for door in doors}), "people"),
        under(f"{what}: the last one has their page", [door.seconds for door in doors], "s", 2.0),
        plain(f"{what}: form answered, p50", [percentile(door.answers, 0.5) for door in doors], "ms"),
        plain(f"{what}: form answered, p99", [percentile(door.answers, 0.99) for door in doors], "ms"),
        plain(f"{what}: from form to page, p50", [percentile(door.waits, 0.5) for door in doors], "ms"),
        plain(f"{what}: from form to page, p99", [percentile(door.waits, 0.99) for door in doors], "ms"),
    )
    return Chapter("Quotas", figures, HOW.format(everybody=EVERYBODY, places=PLACES, processes=PROCESSES))


def _door(house: House, server: Server, seed: int) -> Door:
    files = {"study.toml": STUDY, "pages/talk.html": PAGE.encode()}
    study = parse(files)
    opened = house.open_files(files, {"any": EVERYBODY})
    said = _entries(seed)
    forms = [
        post(server.base, f"/join/{token}", entry)
        for token, entry in zip(opened.tokens.values(), said, strict=True)
    ]
    started, answers = uvloop.run(_arrive(server.base, forms))
    door = _check(house, opened, study, started, answers)
    house.act("close", opened)
    return door


def _entries(seed: int) -> list[Mapping[str, str]]:
    """What everybody says: a third are women, half are men."""
    genders = ("woman", "man", "other", "man", "woman", "man")
    said: list[Mapping[str, str]] = [
        {"age": str(20 + nth % 40), "gender": genders[nth % 6]} for nth in range(EVERYBODY)
    ]
    Random(seed).shuffle(said)
    return said


async def _arrive(base: str, forms: Sequence[bytes]) -> tuple[float, list[tuple[Reply, Reply, float]]]:
    """When it began, and of each the answer, the page, and when the page was there."""
    connections = await asyncio.gather(*(connect(base, Connection) for _ in forms))

    async def come(connection: Connection, form: bytes) -> tuple[Reply, Reply, float]:
        answer = await connection.ask(form)
        page = await connection.ask(get(base, "/play", answer.cookie))
        return answer, page, time.perf_counter()

    started = time.perf_counter()
    found = await asyncio.gather(*map(come, connections, forms))
    for connection in connections:
        connection.close()
    return started, list(found)


def _check(
    house: House,
    opened: Opened,
    study: Study,
    started: float,
    answers: Sequence[tuple[Reply, Reply, float]],
) -> Door:
    """Counted from what people said. Raises WrongAnswer."""
    pages = [page.body for answer, page, _ in answers if answer.status == 303 and page.status == 200]
    thanked = sum(study.finish.codes["full"].encode() in page for page in pages)
    found = house.sql("select entry, status::text, outcome from player where session_id = %s", opened.id)
    inside = [entry for entry, status, _ in found if status in ("waiting", "playing")]
    turned_away = sum(outcome == "full" for *_, outcome in found)
    taken = Counter(nth for entry in inside for nth in quotas_of(study, entry))
    exact = [taken[nth] for nth in range(len(study.quotas))] == [quota.most for quota in study.quotas]
    if not exact or len(inside) != PLACES or turned_away != EVERYBODY - PLACES:
        raise WrongAnswer(f"{len(inside)} are in and {turned_away} were turned away; by quota: {dict(taken)}")
    if len(pages) != EVERYBODY or thanked != turned_away:
        raise WrongAnswer(
            f"{len(pages)} have a page; {thanked} of {turned_away} read that they came too late"
        )
    verdict = asyncio.run(verify(house.database, opened.id, study))
    if not verdict.ok:
        raise WrongAnswer(str(verdict))
    waits = [1000 * (answer.seconds + page.seconds) for answer, page, _ in answers]
    alone = [1000 * answer.seconds for answer, _, _ in answers]
    return Door(max(at for _, _, at in answers) - started, waits, alone, len(inside))
