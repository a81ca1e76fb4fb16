"""From a message to the neighbours' open pages, while hundreds of pages are open."""

from __future__ import annotations

import asyncio
import gc
import re
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

import uvloop

from tests.bench.client import Connection, LivePage, connect, get, post
from tests.bench.crowd import Attendee, bring_in
from tests.bench.figure import Chapter, Figure, WrongAnswer, percentile, plain, under
from tests.bench.stage import PROCESSES, Stage, memory
from tests.house.house import House

PEOPLE = 700
PACE = 50  # messages a second
STUDY = """
title = "Live"
[[room]]
name = "four"
seats = {any = 4}
[network]
kind = "ring"
[[step]]
page = "talk"
limit = "1h"
ends = "deadline"
chat = "neighbours"
fields = [{name = "belief", ask = "How sure are you?", kind = "integer", min = 0, max = 100}]
"""
MARK = re.compile(rb"bench-(\d+)-")
SNAPSHOT = b'hx-target="#page"'
Watch = Callable[[str, bytes, float], None]  # label, message, when
HOW = f"""{PEOPLE} players in rooms of four (a ring: each has two neighbours) have their pages open over
{PROCESSES} processes. {PACE} messages a second go out, each from another player. All times are of one clock, in
the one process that sends and watches: *sent* is the moment before the form goes out, *answered* the moment at
which the sender's answer is here; the commit lies between the two. Each message must reach the pages of both
neighbours and of the sender exactly once, and no other page; if one doesn't, nothing is measured. Memory is what
each server process keeps resident, with all pages open, after the messages."""


@dataclass(slots=True)
class Sent:
    sender: str
    sent: float = 0.0
    answered: float = 0.0
    seen: dict[str, float] = field(default_factory=dict)  # label → when it came to that page
    seen_by_three: asyncio.Event = field(default_factory=asyncio.Event)


def run(stage: Stage) -> Chapter:
    seconds = 5 if stage.quick else 20
    with stage.house("live") as house:
        server = house.serve(processes=PROCESSES)
        session = house.open(STUDY, {"any": PEOPLE})
        crowd = uvloop.run(bring_in(server.base, session, messages=True))
        neighbours = _neighbours(house, session.id)
        runs = []
        for number in range(stage.runs):
            first = number * PACE * seconds
            told = uvloop.run(_talk(server.base, crowd, range(first, first + PACE * seconds)))
            _check(told, neighbours)
            runs.append(told)
        resident = [memory(pid) for pid in house.workers()]
        server.stop()
    from_sent = [_delays(told, neighbours, lambda one: one.sent) for told in runs]
    from_answer = [_delays(told, neighbours, lambda one: one.answered) for told in runs]
    answers = [[1000 * (one.answered - one.sent) for one in told.values()] for told in runs]
    what = f"a message reaches a neighbour's page, {PEOPLE} pages open, {PACE} messages/s"
    figures: list[Figure] = [
        under(f"{what}: from sent, p50", [percentile(run, 0.5) for run in from_sent], "ms", 20),
        under(f"{what}: from sent, p99", [percentile(run, 0.99) for run in from_sent], "ms", 100),
        plain(f"{what}: from answered, p50", [percentile(run, 0.5) for run in from_answer], "ms"),
        plain(f"{what}: from answered, p99", [percentile(run, 0.99) for run in from_answer], "ms"),
        plain("the sender's answer, p50", [percentile(run, 0.5) for run in answers], "ms"),
        plain("the sender's answer, p99", [percentile(run, 0.99) for run in answers], "ms"),
        plain("memory of each server process", resident, "MB"),
    ]
    return Chapter("Live pages", tuple(figures), HOW)


def _neighbours(house: House, session_id: str) -> dict[str, set[str]]:
    """Label → labels of those who see that player."""
    query = """select sender.label, hearer.label from tie
        join player sender on sender.room_id = tie.room_id and sender.slot = tie.to_slot
        join player hearer on hearer.room_id = tie.room_id and hearer.slot = tie.from_slot
        where tie.session_id = %s"""
    found: dict[str, set[str]] = {}
    for sender, hearer in house.sql(query, session_id):
        found.setdefault(sender, set()).add(hearer)
    return found


async def _talk(base: str, crowd: Sequence[Attendee], numbers: range) -> dict[int, Sent]:
    told: dict[int, Sent] = {}
    twice: list[tuple[int, str]] = []

    def watch(label: str, message: bytes, now: float) -> None:
        for mark in MARK.findall(message):
            number = int(mark)
            if number not in told:
                continue  # of an earlier run, in a snapshot
            if label in told[number].seen and SNAPSHOT not in message:
                twice.append((number, label))
            told[number].seen.setdefault(label, now)
            if len(told[number].seen) == 3:
                told[number].seen_by_three.set()

    pages = [await _open_page(base, attendee, watch) for attendee in crowd]
    free: list[Connection] = []  # the senders share them; each sends its own cookie
    gc.collect()
    gc.freeze()
    started = time.perf_counter()
    asked = []
    for nth, number in enumerate(numbers):
        # Neighbouring labels may sit in one room: a step that shares no divisor with the crowd spreads them.
        sender = crowd[nth * 37 % len(crowd)]
        told[number] = Sent(sender.label)
        await asyncio.sleep(started + nth / PACE - time.perf_counter())  # the pace is what is measured
        asked.append(asyncio.create_task(_say(base, free, sender, number, told[number])))
    await asyncio.gather(*asked)
    with suppress(TimeoutError):
        async with asyncio.timeout(10):
            for one in told.values():
                await one.seen_by_three.wait()
    ended = sum(page.ended for page in pages)
    for connection in [*pages, *free]:
        connection.close()
    if twice or ended:
        raise WrongAnswer(f"{len(twice)} messages were shown twice, {ended} streams ended")
    return told


async def _open_page(base: str, attendee: Attendee, watch: Watch) -> LivePage:
    request = get(base, "/play/live", attendee.cookie, "text/event-stream")
    page = await connect(
        base, lambda: LivePage(request, lambda message, now: watch(attendee.label, message, now))
    )
    await page.opened
    return page


async def _say(base: str, free: list[Connection], sender: Attendee, number: int, sent: Sent) -> None:
    connection = free.pop() if free else await connect(base, Connection)
    form = {"form_key": sender.message_key, "body": f"bench-{number}-"}
    request = post(base, "/play/messages", form, sender.cookie)
    sent.sent = time.perf_counter()
    reply = await connection.ask(request)
    sent.answered = time.perf_counter()
    free.append(connection)
    if reply.status != 200:
        raise WrongAnswer(f"a message was answered with {reply.status}: {reply.body.decode()[:300]}")


def _check(told: dict[int, Sent], neighbours: dict[str, set[str]]) -> None:
    for number, one in told.items():
        expected = neighbours[one.sender] | {one.sender}
        if set(one.seen) != expected:
            raise WrongAnswer(
                f"message {number} of {one.sender} should be seen by {sorted(expected)}, not by {sorted(one.seen)}"
            )


def _delays(
    told: dict[int, Sent], neighbours: dict[str, set[str]], since: Callable[[Sent], float]
) -> list[float]:
    """Milliseconds to each neighbour's page; below 0 if it was there before `since`."""
    return [
        1000 * (one.seen[hearer] - since(one)) for one in told.values() for hearer in neighbours[one.sender]
    ]
