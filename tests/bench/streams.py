"""Ten thousand open pages on one server process, each with an event a second."""

from __future__ import annotations

import asyncio
import gc
import re
import resource
import time
from collections.abc import Sequence

import uvloop

from app.server import allow_many_connections
from tests.bench.client import Connection, LivePage, connect, get, post
from tests.bench.crowd import Attendee, bring_in
from tests.bench.figure import Chapter, WrongAnswer, percentile, plain, under
from tests.bench.stage import Stage, memory

PEOPLE, ROOM = 10_000, 100
AT_ONCE = 100  # pages that connect at the same time
STUDY = f"""
title = "Streams"
[[room]]
name = "hundred"
seats = {{any = {ROOM}}}
[network]
kind = "ring"
[[step]]
page = "talk"
limit = "1h"
ends = "deadline"
chat = "room"
fields = [{{name = "belief", ask = "How sure are you?", kind = "integer", min = 0, max = 100}}]
"""
MARK = re.compile(rb"bench-(\d+)-")
HOW = f"""{{people}} players in rooms of {ROOM} have their pages open on one server process. In each room somebody
says something once a second, so each page gets one event a second. *Arrives* goes from the moment before the form
goes out to the moment at which it stands on a page, over all pages; each message must reach every page of its room
once and no other page; if not, nothing is measured. Memory is what the process keeps resident with all pages open
and after the messages, less what it kept before the first, by the number of pages. The client is one process on
the other core."""


def run(stage: Stage) -> Chapter:
    allow_many_connections()
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    people = 500 if stage.quick else min(PEOPLE, (most - 1000) // ROOM * ROOM)
    seconds = 3 if stage.quick else 15
    with stage.house("streams") as house:
        server = house.serve(processes=1)
        session = house.open(STUDY, {"any": people})
        crowd = uvloop.run(bring_in(server.base, session, messages=True))
        room_of = dict(house.sql("select label, room_id from player"))
        [pid] = house.workers()
        before = memory(pid)
        delays, used, after = uvloop.run(_watch(server.base, crowd, room_of, seconds, pid))
        server.stop()
    what = f"{people:,} pages on one process, one event a second each"
    figures = (
        under(f"{what}: memory of a page", [1000 * (after - before) / people], "KB", 40),
        plain("memory of the process", [after], "MB"),
        plain("a message arrives, p50", [percentile(delays, 0.5)], "ms"),
        plain("a message arrives, p99", [percentile(delays, 0.99)], "ms"),
        plain("processor time of the server process", [100 * used], "% of a core"),
        plain("events sent", [len(delays) / seconds], "events/s"),
    )
    return Chapter("Streams", figures, HOW.format(people=f"{people:,}"))


async def _watch(
    base: str, crowd: Sequence[Attendee], room_of: dict[str, int], seconds: int, pid: int
) -> tuple[list[float], float, float]:
    """Milliseconds of each arrival, the share of a core that the server used, and its megabytes at the end."""
    sent: dict[int, tuple[float, int]] = {}  # message → when, room
    seen: dict[int, set[str]] = {}
    delays: list[float] = []
    wrong: list[str] = []

    def watcher(label: str, room: int) -> LivePage:
        def see(message: bytes, now: float) -> None:
            for mark in MARK.findall(message):
                number = int(mark)
                at, meant_for = sent[number]
                if meant_for != room or label in seen[number]:
                    wrong.append(f"{label} saw message {number}")
                seen[number].add(label)
                delays.append(1000 * (now - at))

        return LivePage(requests[label], see)

    requests = {one.label: get(base, "/play/live", one.cookie, "text/event-stream") for one in crowd}
    gate = asyncio.Semaphore(AT_ONCE)

    async def opens(one: Attendee) -> LivePage:
        async with gate:
            page = await connect(base, lambda: watcher(one.label, room_of[one.label]))
            await page.opened
            return page

    pages = await asyncio.gather(*(opens(one) for one in crowd))
    gc.collect()
    gc.freeze()
    speakers = list({room_of[one.label]: one for one in crowd}.values())
    connections = [await connect(base, Connection) for _ in speakers]
    used, started = _cpu(pid), time.perf_counter()
    for second in range(seconds):
        asked = []
        for nth, (one, connection) in enumerate(zip(speakers, connections, strict=True)):
            # Spread over the second, as people are.
            await asyncio.sleep(started + second + nth / len(speakers) - time.perf_counter())
            number = second * len(speakers) + nth
            form = {"form_key": one.message_key, "body": f"bench-{number}-"}
            sent[number], seen[number] = (time.perf_counter(), room_of[one.label]), set()
            request = post(base, "/play/messages", form, one.cookie)
            asked.append(asyncio.create_task(connection.ask(request)))
        replies = await asyncio.gather(*asked)
        if any(reply.status != 200 for reply in replies):
            raise WrongAnswer("a message was refused")
    for _ in range(200):
        if all(len(labels) == ROOM for labels in seen.values()):
            break
        await asyncio.sleep(0.05)
    used = (_cpu(pid) - used) / (time.perf_counter() - started)
    missed = sum(ROOM - len(labels) for labels in seen.values())
    ended = sum(page.ended for page in pages)
    if wrong or missed or ended:
        raise WrongAnswer(f"{len(wrong)} events were wrong, {missed} were missed, {ended} streams ended")
    return delays, used, memory(pid)


def _cpu(pid: int) -> float:
    """Seconds of processor time of a process."""
    with open(f"/proc/{pid}/stat") as file:
        fields = file.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / 100
