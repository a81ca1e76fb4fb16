"""Ten thousand open pages on one server process, each with an event a second."""

from __future__ import annotations

import asyncio
import gc
import re
import resource
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import uvloop

from app.rehearsal.programs import cpu
from app.web.processes import allow_many_connections
from app.web.streams import QUIET
from tests.bench.client import Connection, LivePage, connect, get, post
from tests.bench.crowd import Attendee, bring_in
from tests.bench.figure import Chapter, WrongAnswer, at_least, percentile, plain, under
from tests.bench.plot import Plot
from tests.bench.stage import PROCESSES, Stage, memory, set_up
from tests.house.house import House

PEOPLE, ROOM = 10_000, 100
SPARE = 500  # file descriptors that a process needs for other things
IDLE = 15  # seconds
AT_ONCE = 100  # pages that connect at the same time
STUDY = """
title = "Streams"
[[room]]
name = "some"
seats = {any = %d}
[network]
kind = "ring"
[[step]]
page = "talk"
limit = "1h"
ends = "deadline"
chat = "room"
fields = [{name = "belief", ask = "How sure are you?", kind = "integer", min = 0, max = 100}]
"""
MARK = re.compile(rb"bench-(\d+)-")
HOW = """{people} players in rooms of {room} have their pages open on one server process{capped}. In each room somebody
says something once a second, by a form over HTTP that this process answers too, so each page gets one event a second;
the rooms take turns within the second, as people do. *Arrives* goes from the commit (Postgres notes when it begins
to write it: `track_commit_timestamp`) to the moment at which the message stands on a page, over all pages; each
message must reach every page of its room once, and no other page; if not, nothing is measured. What a sign of life
costs is measured before, in {idle} s in which nothing else happens, against as many without any page. Memory is what
the process keeps resident with all pages open and after the messages, less what it kept after the first hundred pages
had come and gone, by the number of pages; what the kernel keeps for each connection is not in it. The pages are one
Python process on the other core, which it shares with Postgres: part of the time to arrive is its own."""


@dataclass(slots=True)
class Said:
    room: int
    sent: float  # on the clock of time.perf_counter()
    seen: dict[str, float] = field(default_factory=dict)  # label → when it came to that page


@dataclass(slots=True)
class Pages:
    """Open pages, and what stood on them."""

    room_of: Mapping[str, int]
    open: list[LivePage] = field(default_factory=list)
    said: dict[int, Said] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)

    async def join(self, base: str, crowd: Sequence[Attendee]) -> None:
        gate = asyncio.Semaphore(AT_ONCE)

        async def opens(one: Attendee) -> LivePage:
            request = get(base, "/play/live", one.cookie, "text/event-stream")
            async with gate:
                page = await connect(
                    base, lambda: LivePage(request, lambda text, now: self._see(one.label, text, now))
                )
                await page.opened
                return page

        self.open += await asyncio.gather(*(opens(one) for one in crowd))

    def _see(self, label: str, message: bytes, now: float) -> None:
        for mark in MARK.findall(message):
            number = int(mark)
            said = self.said.get(number)
            if said is None or said.room != self.room_of[label] or label in said.seen:
                self.wrong.append(f"{label} saw message {number}")
            else:
                said.seen[label] = now

    async def talk(self, base: str, crowd: Sequence[Attendee], pace: int, seconds: int) -> None:
        """So many messages a second, one room after the other. Raises WrongAnswer if not all is as it should be."""
        sizes: dict[int, int] = {}
        for one in crowd:
            sizes[self.room_of[one.label]] = sizes.get(self.room_of[one.label], 0) + 1
        members: dict[int, list[Attendee]] = {}
        for one in crowd:
            members.setdefault(self.room_of[one.label], []).append(one)
        rooms = list(
            members.values()
        )  # whose people take turns: nobody may say more than some things at once
        free: list[Connection] = []

        async def say(one: Attendee, number: int) -> None:
            connection = free.pop() if free else await connect(base, Connection)
            form = {"form_key": one.message_key, "body": f"bench-{number}-"}
            request = post(base, "/play/messages", form, one.cookie)
            self.said[number] = Said(self.room_of[one.label], time.perf_counter())
            reply = await connection.ask(request)
            free.append(connection)
            if reply.status != 200:
                raise WrongAnswer(f"a message was answered with {reply.status}")

        gc.collect()
        gc.freeze()
        started, first = time.perf_counter(), len(self.said)
        asked = []
        for nth in range(pace * seconds):
            await asyncio.sleep(started + nth / pace - time.perf_counter())  # the pace is what is measured
            turn, room = divmod(nth, len(rooms))
            speaker = rooms[room][turn % len(rooms[room])]
            asked.append(asyncio.create_task(say(speaker, first + nth)))
        await asyncio.gather(*asked)
        deadline = time.perf_counter() + 10
        while missed := sum(sizes[said.room] - len(said.seen) for said in self.said.values()):
            if time.perf_counter() > deadline:
                break
            await asyncio.sleep(0.05)  # a page that looked at each event for this would be slower
        ended = sum(page.ended for page in self.open)
        if self.wrong or missed or ended:
            raise WrongAnswer(
                f"{len(self.wrong)} events were where they should not be, {missed} were missed, {ended} streams ended"
            )
        for connection in free:
            connection.close()

    def close(self) -> None:
        for page in self.open:
            page.close()


def run(stage: Stage) -> Chapter:
    allow_many_connections()
    allowed = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    wanted = 500 if stage.quick else PEOPLE
    people = min(wanted, (allowed - SPARE) // ROOM * ROOM)
    capped = f" (no more, since a process may open only {allowed:,} files here)" if people < wanted else ""
    seconds = 3 if stage.quick else 15
    with (
        set_up(stage.quick, {"track_commit_timestamp": "on"}) as timed,
        timed.house("streams") as house,
    ):
        session = house.open(STUDY % ROOM, {"any": people})
        server = house.serve(processes=PROCESSES)
        crowd = uvloop.run(bring_in(server.base, session, messages=True))
        server.stop()
        # A process that has grown by signing people in would hide part of what their pages take.
        server = house.serve(processes=1)
        [pid] = house.workers()
        held, idle, used, pages = uvloop.run(_measure(server.base, crowd, _rooms(house), seconds, pid))
        delays = _since_commit(house, pages)
        after = memory(pid)
        server.stop()
    what = f"{people:,} pages on one process, one event a second each"
    bare = held[0][1]
    figures = (
        at_least("pages open on one process", [people], "pages", PEOPLE),
        under(f"{what}: memory of a page", [1000 * (after - bare) / people], "KB", 40),
        plain("memory of the process", [after], "MB"),
        under("a message arrives after its commit, p50", [percentile(delays, 0.5)], "ms", 20),
        under("a message arrives after its commit, p99", [percentile(delays, 0.99)], "ms", 100),
        plain("processor time of the server process", [100 * used], "% of a core"),
        plain(
            "a sign of life to a page that is quiet: processor time of the server process", [1e6 * idle], "µs"
        ),
        plain("events on pages", [len(delays) / seconds], "events/s"),
    )
    plots = (
        Plot(
            "streams-memory",
            "Memory of one server process by open pages",
            "MB",
            "pages",
            {"resident": [*((float(count), size) for count, size in held), (float(people), after)][:-1]},
        ),
        Plot(
            "streams-arrival",
            "From a commit to the pages, with all of them open",
            "ms",
            "share of the events, %",
            {
                "arrives within": [
                    (share, percentile(delays, share / 100))
                    for share in (1, 10, 25, 50, 75, 90, 95, 98, 99, 99.9)
                ]
            },
        ),
    )
    how = HOW.format(idle=IDLE, people=f"{people:,}", room=ROOM, capped=capped)
    return Chapter("Streams", figures, how, plots)


async def _measure(
    base: str, crowd: Sequence[Attendee], room_of: Mapping[str, int], seconds: int, pid: int
) -> tuple[list[tuple[int, float]], float, float, Pages]:
    """The server's megabytes by open pages, seconds of a core for a sign of life, the share of a core for the talk."""
    first = Pages(room_of)
    await first.join(base, crowd[:ROOM])
    first.close()
    await asyncio.sleep(0.5)  # nothing tells that the server has let go of their memory
    alone = await _idle(pid)
    pages, held = Pages(room_of), [(0, memory(pid))]
    part = len(crowd) // 5
    for start in range(0, len(crowd), part):
        await pages.join(base, crowd[start : start + part])
        held.append((len(pages.open), memory(pid)))
    idle = (await _idle(pid) - alone) / (len(crowd) / QUIET)
    used, started = cpu(pid), time.perf_counter()
    await pages.talk(base, crowd, len(crowd) // ROOM, seconds)
    used = (cpu(pid) - used) / (time.perf_counter() - started)
    return held, idle, used, pages


async def _idle(pid: int) -> float:
    """The share of a core that the server uses while nothing happens."""
    used, started = cpu(pid), time.perf_counter()
    await asyncio.sleep(IDLE)  # that nothing happens is what is measured
    return (cpu(pid) - used) / (time.perf_counter() - started)


def _rooms(house: House) -> dict[str, int]:
    return dict(house.sql("select label, room_id from player"))


def _since_commit(house: House, pages: Pages) -> list[float]:
    """Milliseconds from each commit to each page."""
    clocks = time.time() - time.perf_counter()
    query = "select body, extract(epoch from pg_xact_commit_timestamp(xmin))::float8 from message"
    committed = {int(body.split("-")[1]): at - clocks for body, at in house.sql(query)}
    return [
        1000 * (now - committed[number]) for number, said in pages.said.items() for now in said.seen.values()
    ]
