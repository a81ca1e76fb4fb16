"""One room of a thousand: from a deadline to the next step on every page, and what neighbours see of each other."""

from __future__ import annotations

import asyncio
import gc
import re
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

import uvloop

from app.sessions import actions
from app.study.model.study import Study
from app.study.reading import parse
from tests.bench.client import Connection, LivePage, connect, get, post
from tests.bench.crowd import Attendee, bring_in
from tests.bench.figure import Chapter, WrongAnswer, percentile, plain, under
from tests.bench.monitor import dashboards
from tests.bench.records import longest_gap
from tests.bench.stage import PROCESSES, Stage, memory
from tests.house.house import House, Opened
from tests.house.server import Server
from tests.house.studies import PAGE

PEOPLE = 1000
NEIGHBOURS = 6
ANSWERING, TALKS = 8.0, 20  # seconds over which the answers of a round come, and messages a second meanwhile
GUESS, SEEN = 14, 6  # seconds that the steps take
STUDY = f"""
title = "Thousand"
[[room]]
name = "all"
seats = {{any = {PEOPLE}}}
[network]
kind = "random_regular"
neighbours = {NEIGHBOURS}
[[step]]
page = "before"
limit = "1h"
ends = "deadline"
chat = "neighbours"
fields = [{{name = "first", ask = "Are you there?", kind = "integer", min = 0, max = 99}}]
[[step]]
page = "guess"
limit = "{GUESS}s"
repeat = %d
ends = "deadline"
chat = "neighbours"
fields = [{{name = "belief", ask = "How many are there?", kind = "integer", min = 0, max = 99999}}]
show = [{{field = "belief", of = "neighbours", round = "now"}}]
[[step]]
page = "seen"
limit = "{SEEN}s"
repeat = %d
ends = "deadline"
chat = "neighbours"
fields = [{{name = "sure", ask = "How sure are you?", kind = "integer", min = 0, max = 100}}]
show = [{{field = "belief", of = "neighbours", round = "last"}}]
"""
HOW = f"""{PEOPLE:,} players in one room, each with {NEIGHBOURS} neighbours (`random_regular`), have their pages
open over {PROCESSES} processes. A round is two steps, which end at their deadlines: at one, everybody answers within
{ANSWERING:.0f} s and sees what the neighbours answer as it comes, while {TALKS} messages a second are written; the next
one shows it again. A page has the next step when its form has come by the stream: since the deadline in the database,
on one clock. An answer is on a neighbour's page when its number is, since the moment before it went out; a message
likewise. Meanwhile a dashboard is open on each process, and a researcher opens the room's page each second."""
FORM = re.compile(rb'id="form-p(\d+)"')
KEY = re.compile(rb'id="form-key" name="form_key" value="([^"]+)"')
WORD_KEY = re.compile(rb'id="message-key" name="form_key" value="([^"]+)"')
VALUE = re.compile(rb">(\d{5})</td>")
MARK = re.compile(rb"bench-(\d+)-")


@dataclass(slots=True)
class Seen:
    """What came to the pages, and when: on the clock of time.perf_counter()."""

    steps: dict[int, dict[str, float]] = field(
        default_factory=dict
    )  # position → label → when its form was there
    keys: dict[str, str] = field(default_factory=dict)  # label → of the form that is open
    word_keys: dict[str, str] = field(default_factory=dict)  # … of messages
    answers: dict[int, dict[str, float]] = field(default_factory=dict)  # number → label → when
    talks: dict[int, dict[str, float]] = field(default_factory=dict)
    answered: dict[int, tuple[str, float]] = field(
        default_factory=dict
    )  # number → whose, and when it went out
    said: dict[int, tuple[str, float]] = field(default_factory=dict)
    pages: list[float] = field(default_factory=list)  # milliseconds of the researcher's page
    sent: int = 0  # bytes
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    def see(self, label: str, message: bytes, now: float) -> None:
        self.sent += len(message)
        if found := FORM.search(message):
            position, key = int(found[1]), KEY.search(message)
            self.steps.setdefault(position, {}).setdefault(label, now)
            if key:
                self.keys[label] = key[1].decode()
            self.changed.set()
        if key := WORD_KEY.search(message):
            self.word_keys[label] = key[1].decode()
        for number in VALUE.findall(message):
            self.answers.setdefault(int(number), {}).setdefault(label, now)
        for mark in MARK.findall(message):
            self.talks.setdefault(int(mark), {}).setdefault(label, now)

    async def all_at(self, position: int, seconds: float) -> None:
        """Returns when every page has this step; raises when some have not by then."""
        try:
            async with asyncio.timeout(seconds):
                while len(self.steps.get(position, ())) < PEOPLE:
                    self.changed.clear()
                    await self.changed.wait()
        except TimeoutError:
            have = len(self.steps.get(position, ()))
            raise WrongAnswer(f"{have} pages of {PEOPLE} had step {position} after {seconds:.0f} s") from None


def run(stage: Stage) -> Chapter:
    rounds = stage.runs
    with stage.house("thousand") as house:
        server = house.serve(processes=PROCESSES)
        pages = {f"pages/{name}.html": PAGE.encode() for name in ("before", "guess", "seen")}
        study = parse({"study.toml": (STUDY % (rounds, rounds)).encode()} | pages)
        session = house.open_study(study, {"any": PEOPLE})
        crowd = uvloop.run(bring_in(server.base, session, messages=True))
        admin = "; ".join(f"{name}={value}" for name, value in house.researcher(server).cookies.items())
        with dashboards(house, server, session) as ticks:
            began = time.perf_counter()
            seen = uvloop.run(_play(house, server, session, study, crowd, admin))
            gap = max(longest_gap(found, began, time.perf_counter()) for found in ticks.values())
        resident = [memory(pid) for pid in house.workers()]
        tied = _tied(house, session)
        late = _late(house, session, seen)
        server.stop()
    answers, talks = _delays(seen.answers, seen.answered, tied), _delays(seen.talks, seen.said, tied)
    by_step = [[one for position in late for one in late[position]]] if stage.quick else _by_round(late)
    figures = (
        under(
            "from a deadline to the next step on a page, p50",
            [percentile(one, 0.5) for one in by_step],
            "ms",
            1000,
        ),
        under("… p99", [percentile(one, 0.99) for one in by_step], "ms", 1000),
        under("… the last page", [max(one) for one in by_step], "ms", 1000),
        plain("an answer on a neighbour's page, p50", [percentile(answers, 0.5)], "ms"),
        under("… p99", [percentile(answers, 0.99)], "ms", 300),
        plain("a message on a neighbour's page, p50", [percentile(talks, 0.5)], "ms"),
        under("… p99", [percentile(talks, 0.99)], "ms", 300),
        under("longest gap between two ticks of either dashboard", [gap], "s", 1.5),
        plain("the researcher's page of the room, p50", [percentile(seen.pages, 0.5)], "ms"),
        plain("… the slowest", [max(seen.pages)], "ms"),
        plain(
            "sent to all pages, a page and second", [seen.sent / PEOPLE / (rounds * (GUESS + SEEN))], "bytes"
        ),
        plain("memory of each server process", resident, "MB"),
    )
    return Chapter("A room of a thousand", figures, HOW)


async def _play(
    house: House, server: Server, session: Opened, study: Study, crowd: Sequence[Attendee], admin: str
) -> Seen:
    seen, base = Seen(), server.base
    pages = []
    for nth in range(0, len(crowd), 50):
        pages += await asyncio.gather(*(_open_page(base, one, seen) for one in crowd[nth : nth + 50]))
    free: list[Connection] = []
    gc.collect()
    gc.freeze()
    room_id = house.sql("select id from room where session_id = %s", session.id)[0][0]
    await asyncio.to_thread(
        house.do, lambda conn: actions.advance(conn, session.id, study, room_id, 0, "bench")
    )
    await seen.all_at(1, 30)
    looks = asyncio.create_task(_look(base, f"/admin/sessions/{session.id}/rooms/{room_id}", admin, seen))
    last = len(study.plan) - 1
    for position in range(1, last + 1, 2):
        talk = asyncio.create_task(_talk(base, free, crowd, seen, position))
        await _answer(base, free, crowd, seen, position)
        await talk
        await seen.all_at(position + 1, GUESS + 15)
        if position + 2 <= last:
            await seen.all_at(position + 2, SEEN + 15)
    looks.cancel()
    ended = sum(page.ended for page in pages)
    for connection in [*pages, *free]:
        connection.close()
    if ended:
        raise WrongAnswer(f"{ended} streams ended")
    return seen


async def _open_page(base: str, attendee: Attendee, seen: Seen) -> LivePage:
    request = get(base, "/play/live", attendee.cookie, "text/event-stream")
    page = await connect(
        base, lambda: LivePage(request, lambda message, now: seen.see(attendee.label, message, now))
    )
    await page.opened
    return page


async def _answer(
    base: str, free: list[Connection], crowd: Sequence[Attendee], seen: Seen, position: int
) -> None:
    started, asked = time.perf_counter(), []
    for nth in range(PEOPLE):
        who = crowd[nth * 37 % PEOPLE]
        number = 10_000 * position + nth
        await asyncio.sleep(started + nth * ANSWERING / PEOPLE - time.perf_counter())  # the pace of people
        form = {"form_key": seen.keys[who.label], "belief": str(number)}
        seen.answered[number] = who.label, time.perf_counter()
        asked.append(asyncio.create_task(_post(base, free, post(base, "/play/records", form, who.cookie))))
    await asyncio.gather(*asked)


async def _talk(
    base: str, free: list[Connection], crowd: Sequence[Attendee], seen: Seen, position: int
) -> None:
    started, asked = time.perf_counter(), []
    for nth in range(int(ANSWERING * TALKS)):
        who = crowd[nth * 41 % PEOPLE]
        number = 10_000 * position + nth
        await asyncio.sleep(started + nth / TALKS - time.perf_counter())  # the pace of people
        form = {"form_key": seen.word_keys[who.label], "body": f"bench-{number}-"}
        seen.said[number] = who.label, time.perf_counter()
        asked.append(asyncio.create_task(_post(base, free, post(base, "/play/messages", form, who.cookie))))
    await asyncio.gather(*asked)


async def _look(base: str, path: str, cookie: str, seen: Seen) -> None:
    connection = await connect(base, Connection)
    while True:
        reply = await connection.ask(get(base, path, cookie))
        if reply.status != 200:
            raise WrongAnswer(f"the researcher's page was answered with {reply.status}")
        seen.pages.append(1000 * reply.seconds)
        await asyncio.sleep(1)  # as often as it looks by itself


async def _post(base: str, free: list[Connection], request: bytes) -> None:
    connection = free.pop() if free else await connect(base, Connection)
    reply = await connection.ask(request)
    for _ in range(30):
        if reply.status != 503:
            break
        await asyncio.sleep(float(reply.headers[b"retry-after"]))  # as the page does
        reply = await connection.ask(request)
    free.append(connection)
    if reply.status != 200:
        raise WrongAnswer(f"a form was answered with {reply.status}: {reply.body.decode()[:300]}")


def _tied(house: House, session: Opened) -> dict[str, set[str]]:
    """Label → labels of those who see that player."""
    query = """select seen.label, sees.label from tie
        join player seen on seen.room_id = tie.room_id and seen.slot = tie.to_slot
        join player sees on sees.room_id = tie.room_id and sees.slot = tie.from_slot
        where tie.session_id = %s"""
    found: dict[str, set[str]] = {}
    for one, other in house.sql(query, session.id):
        found.setdefault(one, set()).add(other)
    return found


def _late(house: House, session: Opened, seen: Seen) -> dict[int, list[float]]:
    """Position → milliseconds from the deadline of the step before it to each page."""
    query = """select (data->>'position')::int, data->>'deadline' from event join log on log.id = event.log_id
        where event.session_id = %s and log.room_id is not null and name in ('step_opened', 'deadline_moved')"""
    offset = time.time() - time.perf_counter()
    ends = {
        position: datetime.fromisoformat(at).timestamp() - offset
        for position, at in house.sql(query, session.id)
    }
    return {
        position: [1000 * (at - ends[position - 1]) for at in seen.steps[position].values()]
        for position in seen.steps
        if position > 1
    }


def _by_round(late: dict[int, list[float]]) -> list[list[float]]:
    return [[*late[position], *late.get(position + 1, [])] for position in sorted(late) if position % 2 == 0]


def _delays(
    came: dict[int, dict[str, float]], sent: dict[int, tuple[str, float]], tied: dict[str, set[str]]
) -> list[float]:
    """Milliseconds to each neighbour's page."""
    found = []
    for number, (label, at) in sent.items():
        lacking = tied[label] - {*came.get(number, ())}
        if lacking:
            raise WrongAnswer(f"what {label} said ({number}) did not come to {len(lacking)} neighbours")
        found += [1000 * (came[number][other] - at) for other in tied[label]]
    return found
