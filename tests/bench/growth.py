"""What grows with what: players, processes, the size of rooms, the time that a flush takes."""

from __future__ import annotations

import asyncio
import gc
import shutil
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TypeVar

import uvloop

from app.rehearsal.gauges import Gauges
from app.rehearsal.programs import cpu
from app.web.processes import allow_many_connections
from tests.bench.client import Connection, connect, post
from tests.bench.crowd import Attendee, bring_in
from tests.bench.disk import slow_flushes
from tests.bench.figure import Chapter, WrongAnswer, percentile, plain, under
from tests.bench.load import Load, Plan, post_records, wrk
from tests.bench.plot import Plot, Series
from tests.bench.records import FIELD, STUDY, check
from tests.bench.stage import PROCESSES, Stage, set_up
from tests.bench.streams import STUDY as TALK
from tests.bench.streams import Pages
from tests.house.house import House, Opened
from tests.house.server import Server

PLAYERS: tuple[int, ...] = (50, 200, 700, 1500, 3000, 6000, 10_000)
SERVERS: tuple[int, ...] = (1, 2, 4)
ROOMS: tuple[int, ...] = (4, 20, 100)
FAST, SLOW = "fast disk", "2 ms flush"
PATIENCE = 30  # times that somebody comes again who was told to
THINK = 8  # seconds from one form of a player to the next
PEOPLE = 400  # who share the load at saturation …
WIDTH = 200  # … on so many connections
TALKERS = 600  # divided by each size of a room
PACE = 50  # messages a second
FIRST = 500_000_000  # values of our own forms; those of wrk are below
HOW = """Four things grow, one at a time, on {disks}.
Players: so many people send their entry form at the same moment, each on an open connection, and all are placed in
rooms of four by then (asked of the database); who is told that the server is busy (503) comes again after the second
that it asks for, as the page does; then all have their pages open, and each sends a form every {think}
seconds for {seconds} seconds, at a steady pace whatever the server does, to {processes} server processes. Processes:
{load} posts the forms of {people} players on {width} connections as fast as they are answered. Every receipt is
computed again from the table. Rooms: {talkers} people have their pages open, {pace} messages a second go to everybody
in the sender's room, and each must stand once on each of its pages and on no other; the time goes from the moment
before the form goes out to each page. One run each.
How to read it: the last one is placed later in proportion to the people, as each costs the server the same, until more
come at once than a process lets wait (the queue of each is bounded) and some are sent round again; answers
stay flat for as long as there is a core left, and the picture of the processors says who takes them; more processes
than cores that are free for them only take turns; a message to a larger room is rendered once, and what grows is
the number of pages that it is sent to. A slow flush adds its time to each answer and takes little of what can be
stored in a second, since what comes meanwhile is committed together."""
NO_COMPILER = " (no slow disk: there is no C compiler here, `cc`, to make flushes slow with)"


@dataclass(frozen=True, slots=True)
class Disk:
    name: str
    stage: Stage
    house: House


@dataclass(frozen=True, slots=True)
class Herd:
    """So many players on one disk. Milliseconds, but for `placed`, and shares of a core."""

    disk: str
    players: int
    placed: float  # seconds, until the last one is
    refused: int  # sign-ins that were told to come again a second later
    answers: list[float]
    used: dict[str, float]


@dataclass(frozen=True, slots=True)
class Flood:
    disk: str
    processes: int
    rate: float  # forms a second
    p50: float
    p99: float
    used: dict[str, float]


@dataclass(frozen=True, slots=True)
class Talk:
    disk: str
    size: int  # of the rooms
    delays: list[float]


M = TypeVar("M", Herd, Flood, Talk)


def run(stage: Stage) -> Chapter:
    allow_many_connections()
    seconds = 2 if stage.quick else 8
    steps = slice(2) if stage.quick else slice(None)
    players, processes, rooms = PLAYERS[steps], SERVERS[steps], ROOMS[steps]
    herds: list[Herd] = []
    floods: list[Flood] = []
    talks: list[Talk] = []
    with ExitStack() as stack:
        disks = [Disk(FAST, stage, stack.enter_context(stage.house("growth")))]
        if shutil.which("cc"):
            with slow_flushes(stage.home):
                slow = stack.enter_context(set_up(stage.quick))
            disks.append(Disk(SLOW, slow, stack.enter_context(slow.house("growth"))))
        for disk in disks:
            server = disk.house.serve(processes=PROCESSES)
            herds += [_herd(disk, server, count, seconds) for count in players]
            talks += [_talk(disk, server, size, seconds) for size in rooms]
            server.stop()
            floods += _floods(disk, processes, seconds)
    how = HOW.format(
        disks="two disks, one of which makes each flush take 2 ms longer (`tests/bench/slow_flush.c`)"
        if len(disks) > 1
        else f"one disk{NO_COMPILER}",
        think=THINK,
        seconds=seconds,
        processes=PROCESSES,
        load="wrk" if wrk() else "our own Python client, which takes much of the processors itself,",
        people=PEOPLE,
        width=WIDTH,
        talkers=TALKERS,
        pace=PACE,
    )
    return _chapter(herds, floods, talks, how)


def _chapter(herds: Sequence[Herd], floods: Sequence[Flood], talks: Sequence[Talk], how: str) -> Chapter:
    largest = max((herd for herd in herds if herd.disk == FAST), key=lambda herd: herd.players)
    broad = max((talk for talk in talks if talk.disk == FAST), key=lambda talk: talk.size)
    best = max((flood for flood in floods if flood.disk == FAST), key=lambda flood: flood.rate)
    figures = (
        under(f"{largest.players:,} people at once: the last one is placed", [largest.placed], "s", 10),
        under(
            f"{largest.players:,} people, a form every {THINK} s each: answer, p99",
            [percentile(largest.answers, 0.99)],
            "ms",
            100,
        ),
        under(
            f"a message to all in rooms of {broad.size}: on a page, p99",
            [percentile(broad.delays, 0.99)],
            "ms",
            100,
        ),
        plain(f"{largest.players:,} people at once: told to come again", [largest.refused], "answers"),
        plain("processes that answer the most forms", [best.processes], "processes"),
    )
    plots = (
        Plot(
            "growth-placed",
            "The last one is placed",
            "s",
            "players at once",
            _by_disk(herds, lambda herd: (herd.players, herd.placed)),
        ),
        Plot(
            "growth-answers",
            f"Answer to a form, each player one every {THINK} s",
            "ms",
            "players",
            _by_disk(herds, lambda herd: (herd.players, percentile(herd.answers, 0.5)), "p50, ")
            | _by_disk(herds, lambda herd: (herd.players, percentile(herd.answers, 0.99)), "p99, "),
        ),
        Plot(
            "growth-processors",
            "Processor time meanwhile, fast disk",
            "% of a core",
            "players",
            _used([(herd.players, herd.used) for herd in herds if herd.disk == FAST]),
        ),
        Plot(
            "growth-processes",
            f"Forms acknowledged, {WIDTH} connections, as fast as it goes",
            "forms/s",
            "server processes",
            _by_disk(floods, lambda flood: (flood.processes, flood.rate)),
        ),
        Plot(
            "growth-processes-answers",
            f"Answer to a form, {WIDTH} connections, as fast as it goes",
            "ms",
            "server processes",
            _by_disk(floods, lambda flood: (flood.processes, flood.p50), "p50, ")
            | _by_disk(floods, lambda flood: (flood.processes, flood.p99), "p99, "),
        ),
        Plot(
            "growth-processes-processors",
            "Processor time meanwhile, as fast as it goes, fast disk",
            "% of a core",
            "server processes",
            _used([(flood.processes, flood.used) for flood in floods if flood.disk == FAST]),
        ),
        Plot(
            "growth-rooms",
            f"A message to all in the room is on a page, {PACE} messages a second",
            "ms",
            "people in a room",
            _by_disk(talks, lambda talk: (talk.size, percentile(talk.delays, 0.5)), "p50, ")
            | _by_disk(talks, lambda talk: (talk.size, percentile(talk.delays, 0.99)), "p99, "),
        ),
    )
    return Chapter("Growth", figures, how, plots)


def _by_disk(
    found: Sequence[M], point: Callable[[M], tuple[float, float]], name: str = ""
) -> dict[str, Series]:
    disks = dict.fromkeys(one.disk for one in found)
    return {f"{name}{disk}": [point(one) for one in found if one.disk == disk] for disk in disks}


def _used(found: Sequence[tuple[int, dict[str, float]]]) -> dict[str, Series]:
    return {who: [(at, used[who]) for at, used in found] for who in found[0][1]}


def _herd(disk: Disk, server: Server, players: int, seconds: int) -> Herd:
    house = disk.house
    session = house.open(STUDY % (FIELD % "f0"), {"any": players - players % 4})
    forms = [post(server.base, f"/join/{token}", {}) for token in session.tokens.values()]
    placed, refused = uvloop.run(_arrive(server.base, forms))
    _all_placed(house, session)
    meter = Meter(disk, server, load=True)
    first = FIRST + 10_000 * players
    receipts, answers = uvloop.run(_answer(server.base, session, seconds, first, meter))
    last = first + len(answers)
    check(house, Load(seconds, 0, 0, receipts, first, last), 0)
    house.act("close", session)
    return Herd(disk.name, players, placed, refused, answers, meter.used())


async def _arrive(base: str, forms: Sequence[bytes]) -> tuple[float, int]:
    """Seconds until the last one is placed, and how often somebody had to come again, as their page does it."""
    refused = 0

    async def one(connection: Connection, form: bytes) -> None:
        nonlocal refused
        for _ in range(PATIENCE):
            reply = await connection.ask(form)
            if reply.status != 503:
                break
            refused += 1
            await asyncio.sleep(float(reply.headers[b"retry-after"]))  # as the server asked them to
        if reply.status != 303:
            raise WrongAnswer(f"a sign-in was answered with {reply.status}")

    connections = await asyncio.gather(*(connect(base, Connection) for _ in forms))
    gc.collect()
    gc.freeze()
    started = time.perf_counter()
    await asyncio.gather(*(one(*pair) for pair in zip(connections, forms, strict=True)))
    took = time.perf_counter() - started
    for connection in connections:
        connection.close()
    return took, refused


def _all_placed(house: House, session: Opened) -> None:
    query = "select count(*) filter (where slot is not null), count(*) from player where session_id = %s"
    [(placed, all_)] = house.sql(query, session.id)
    if placed != all_ or house.contradictions(session):
        raise WrongAnswer(f"{placed} of {all_} are placed, or the database contradicts itself")


async def _answer(
    base: str, session: Opened, seconds: int, first: int, meter: Meter
) -> tuple[list[str], list[float]]:
    """Receipts, and milliseconds of each answer."""
    crowd = await bring_in(base, session)
    pages = Pages({})
    await pages.join(base, crowd)
    free = [await connect(base, Connection) for _ in range(min(100, len(crowd)))]
    receipts: list[str] = []
    answers: list[float] = []

    async def one(attendee: Attendee, number: int) -> None:
        connection = free.pop() if free else await connect(base, Connection)
        form = {"form_key": attendee.record_key, "f0": str(number)}
        reply = await connection.ask(post(base, "/play/records", form, attendee.cookie))
        free.append(connection)
        if reply.status != 200:
            raise WrongAnswer(f"a form was answered with {reply.status}")
        receipts.append(reply.headers[b"receipt"].decode())
        answers.append(1000 * reply.seconds)

    gc.collect()
    gc.freeze()
    pace = len(crowd) / THINK
    meter.start()
    started = time.perf_counter()
    asked = []
    for nth in range(int(pace * seconds)):
        await asyncio.sleep(started + nth / pace - time.perf_counter())  # the pace is what is measured
        # Those in one room have neighbouring labels: a step that shares no divisor with the crowd spreads them.
        asked.append(asyncio.create_task(one(crowd[nth * 37 % len(crowd)], first + nth)))
    await asyncio.gather(*asked)
    meter.stop()
    if any(page.ended for page in pages.open):
        raise WrongAnswer("streams ended")
    pages.close()
    for connection in free:
        connection.close()
    return receipts, answers


def _floods(disk: Disk, processes: Sequence[int], seconds: int) -> list[Flood]:
    house, plan, found = disk.house, None, []
    for lap, count in enumerate(processes):
        server = house.serve(processes=count)
        if plan is None:
            session = house.open(STUDY % (FIELD % "f0"), {"any": PEOPLE})
            crowd = uvloop.run(bring_in(server.base, session))
        plan = Plan(server.base, crowd, ["f0"], house.folder)
        post_records(plan, WIDTH, 1, 2 * lap)  # warms up what every process needs once
        meter = Meter(disk, server, load=False)
        meter.start()
        load = post_records(plan, WIDTH, seconds, 2 * lap + 1)
        meter.stop()
        check(house, load, WIDTH)
        server.stop()
        found.append(
            Flood(disk.name, count, len(load.receipts) / load.seconds, load.p50, load.p99, meter.used())
        )
    return found


def _talk(disk: Disk, server: Server, size: int, seconds: int) -> Talk:
    house = disk.house
    session = house.open(TALK % size, {"any": TALKERS})

    async def story() -> Pages:
        crowd = await bring_in(server.base, session, messages=True)
        rooms = house.sql("select label, room_id from player where session_id = %s", session.id)
        pages = Pages(dict(rooms))
        await pages.join(server.base, crowd)
        await pages.talk(server.base, crowd, PACE, seconds)
        pages.close()
        return pages

    pages = uvloop.run(story())
    house.act("close", session)
    return Talk(
        disk.name,
        size,
        [1000 * (now - said.sent) for said in pages.said.values() for now in said.seen.values()],
    )


class Meter:
    """How much of a core each takes between `start` and `stop`."""

    def __init__(self, disk: Disk, server: Server, load: bool) -> None:
        self.workers = disk.house.workers()
        self.gauges, self.load = Gauges(server.base, disk.stage.postgres.pid), load

    def start(self) -> None:
        self.before = self._read()

    def stop(self) -> None:
        self.after = self._read()

    def used(self) -> dict[str, float]:
        """Percents of one core."""
        seconds = self.after["at"] - self.before["at"]
        return {
            who: 100 * (self.after[who] - self.before[who]) / seconds for who in self.before if who != "at"
        }

    def _read(self) -> dict[str, float]:
        found = {
            "at": time.perf_counter(),
            "server": sum(cpu(pid) for pid in self.workers),
            "Postgres": self.gauges.postgres_cpu() or 0.0,
        }
        return found | {"load": time.process_time()} if self.load else found
