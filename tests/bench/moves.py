"""Seventy markets: from a move that is posted to the pages of all ten who trade there."""

from __future__ import annotations

import asyncio
import gc
import random
import re
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

import uvloop

from app.rehearsal.programs import family_cpu, programs
from tests.bench.client import Connection, LivePage, connect, get, post
from tests.bench.crowd import Attendee, bring_in
from tests.bench.figure import Chapter, Figure, WrongAnswer, percentile, plain, under
from tests.bench.stage import PROCESSES, Stage, memory
from tests.house.auction import CASH, GOODS, HOOKS, SEATS, STUDY
from tests.house.house import House, Opened

MARKETS = 70
PEOPLE = MARKETS * SEATS
PACES = (100, 200, 350)  # moves a second
AIM = 350
WARM_UP = 2  # seconds at the first pace before anything else is measured, with figures of their own
BOOK = """{% if state %}<table><tbody>
{% for price, slot in state.bids %}<tr><td>{{ price }}</td><th>{{ seats[slot - 1].alias }}</th></tr>{% endfor %}
{% for price, slot in state.offers %}<tr><th>{{ seats[slot - 1].alias }}</th><td>{{ price }}</td></tr>{% endfor %}
</tbody></table><p>{{ state.prices | join(" ") }}</p>{% endif %}
<p>{% for one in moves[-10:] %}{{ one.values.mark }} {% endfor %}</p>"""
PAGE = b'{% extends "player/_step_opened.html" %}'
MARK = re.compile(rb"bench-(\d+)-")
MADE = re.compile(rb'id="made" hidden value="(\d+)"')  # as of which move a board is
HOW = f"""{MARKETS} rooms of {SEATS}, each a double auction in a hook of 40 lines, with all pages open over
{PROCESSES} processes. So many moves a second go out, each from another player: bids and offers, of which many are
deals that change two people's cash and goods, and some are refused. All times are of one clock, in the one process that
sends and watches, which shares the two cores with the servers, the hooks and Postgres. *Sent* is the moment before a
move goes out; *on all pages* the moment at which the last of the {SEATS} pages has what the server has drawn of that
market after it; *answered* that at which whoever made it knows what came of it, or reads that it takes a moment, which
they do after two seconds. *The first* are those of the first {WARM_UP} seconds after everybody has sat down, before
which nobody has made a move; the other figures are of what comes after that, the slower paces first. Processor time is
that of all processes together. Before anything is measured: each move that was sent is stored and was handled once, its
room's moves are numbered without a gap, each accepted one came to all {SEATS} pages of its room and to no other, cash
and goods add up in each market, and what the hook keeps is what the results say.

A move goes through a form, a commit, a hook, another commit that reads the room's log as well, a drawing and the sends
to its pages, all of them in one process, to which the other hands over what comes to it. Under load each of these takes
more moves at a time, and so a move costs less at 350 a second than at 100. What it waits for is where moves gather: for
up to 25 ms as they are stored.

Of what the servers take, a seventh each is drawing, putting together what a hook is asked with reading what it says,
and reading forms and answering them; a twelfth each the commits, and what the log tells. The rest is spread: nothing
else takes more than a twentieth."""


@dataclass(slots=True)
class Sent:
    room: int
    sent: float
    answered: float = 0.0
    accepted: bool = False
    late: bool = False  # answered before it was handled
    seen: dict[str, float] = field(default_factory=dict)  # label → when it came to that page


@dataclass(slots=True)
class Run:
    made: list[Sent]
    costs: dict[str, float]  # milliseconds of a processor for each move


def run(stage: Stage) -> Chapter:
    seconds = 4 if stage.quick else 10
    runs: dict[int, list[Run]] = {}
    with stage.house("moves") as house:
        server = house.serve(processes=PROCESSES)
        files = {"study.toml": STUDY.encode(), "hooks.py": HOOKS.encode(), "pages/market.html": PAGE}
        session = house.open_files(files | {"pages/_move_made.html": BOOK.encode()}, {"any": PEOPLE})
        crowd = uvloop.run(bring_in(server.base, session, form="/play/moves"))
        rooms = dict(house.sql("select label, room_id from player where session_id = %s", session.id))
        market, sent = Market(stage, house, session, server.base, crowd, rooms), 0
        first = market.measure(range(WARM_UP * PACES[0]), PACES[0])
        sent += len(first.made)
        for pace in PACES:
            for _ in range(stage.runs):
                found = market.measure(range(sent, sent + pace * seconds), pace)
                sent += len(found.made)
                runs.setdefault(pace, []).append(found)
        resident = [memory(pid) for pid in house.workers()]
        server.stop()
    return Chapter("Moves", tuple(_figures(first, runs, resident)), HOW)


def _figures(first: Run, runs: dict[int, list[Run]], resident: list[float]) -> Iterator[Figure]:
    worst = max(max(one.seen.values()) - one.sent for one in first.made if one.accepted)
    yield plain(
        f"the first, {PACES[0]} moves/s: from sent to on all pages, the slowest", [1000 * worst], "ms"
    )
    for pace, found in runs.items():
        what = f"{MARKETS} markets of {SEATS}, {pace} moves/s"
        shown = [
            [1000 * (max(one.seen.values()) - one.sent) for one in run.made if one.accepted] for run in found
        ]
        answers = [[1000 * (one.answered - one.sent) for one in run.made] for run in found]
        late = [100 * sum(one.late for one in run.made) / len(run.made) for run in found]
        for share, aim in ((0.5, 60), (0.99, 250)):
            name = f"{what}: from sent to on all pages, p{100 * share:.0f}"
            values = [percentile(one, share) for one in shown]
            yield under(name, values, "ms", aim) if pace == AIM else plain(name, values, "ms")
        for share in (0.5, 0.99):
            name = f"{what}: whoever made it is answered, p{100 * share:.0f}"
            yield plain(name, [percentile(one, share) for one in answers], "ms")
        yield plain(f"{what}: not handled within two seconds", late, "%")
        for who in found[0].costs:
            yield plain(f"{what}: processor time of {who}, a move", [run.costs[who] for run in found], "ms")
    yield plain("memory of each server process", resident, "MB")


@dataclass(frozen=True, slots=True)
class Market:
    stage: Stage
    house: House
    session: Opened
    base: str
    crowd: Sequence[Attendee]
    rooms: dict[str, int]

    def measure(self, numbers: range, pace: int) -> Run:
        """So many moves at that pace, and whether all of them, and all before them, came to what they should."""
        made, costs = uvloop.run(self._trade(numbers, pace))
        _check_pages(made)
        _check_tables(self.house, self.session, numbers.stop)
        return Run(made, costs)

    async def _trade(self, numbers: range, pace: int) -> tuple[list[Sent], dict[str, float]]:
        made: dict[int, Sent] = {}
        boards: dict[str, list[tuple[int, float]]] = {one.label: [] for one in self.crowd}
        shown, strays = set[int](), set[tuple[int, str]]()

        unread: list[tuple[str, bytes, float]] = []

        def watch(label: str, message: bytes, now: float) -> None:
            unread.append((label, message, now))  # it shares the cores with what is measured

        def read_all() -> None:
            for label, message, now in unread:
                boards[label] += [(int(nth), now) for nth in MADE.findall(message)]
                for mark in map(int, MARK.findall(message)):
                    if mark in made:  # not of an earlier run
                        shown.add(mark)
                        strays.update([(mark, label)] if self.rooms[label] != made[mark].room else [])
            unread.clear()

        pages = [await _open_page(self.base, attendee, watch) for attendee in self.crowd]
        free: list[Connection] = []  # they share them; each sends their own cookie
        chance = random.Random(numbers[0])
        gc.collect()
        gc.freeze()
        before, started = self.spent(), time.perf_counter()
        asked = []
        for nth, number in enumerate(numbers):
            # Neighbouring labels may sit in one room: a step that shares no divisor with the crowd spreads them.
            who = self.crowd[nth * 37 % len(self.crowd)]
            await asyncio.sleep(started + nth / pace - time.perf_counter())  # the pace is what is measured
            made[number] = Sent(self.rooms[who.label], time.perf_counter())
            move = {"move": chance.choice(("bid", "offer")), "price": str(chance.randint(30, 70))}
            asked.append(asyncio.create_task(_make(self.base, free, who, number, move, made[number])))
        await asyncio.gather(*asked)
        await self._see(made, boards, read_all)
        costs = {who: 1000 * (used - before[who]) / len(made) for who, used in self.spent().items()}
        ended = sum(page.ended for page in pages)
        for connection in [*pages, *free]:
            connection.close()
        if any(not made[mark].accepted for mark in shown):
            raise WrongAnswer("a move was shown that was refused")
        if strays or ended:
            raise WrongAnswer(f"{len(strays)} moves were shown in another room, {ended} streams ended")
        return list(made.values()), costs

    def spent(self) -> dict[str, float]:
        """Seconds of the processors so far."""
        workers, postgres = self.house.workers(), self.stage.postgres.pid
        assert postgres is not None
        found = list(programs())
        servers = [one for one in found if one.pid in workers]
        hooks = [one for one in found if one.parent in workers]
        parents = {one.pid for one in hooks}
        hooks += [
            one for one in found if one.parent in parents
        ]  # their forks; those that have ended are counted there
        used = sum(one.children_cpu for one in servers) + sum(one.cpu + one.children_cpu for one in hooks)
        own = sum(one.cpu for one in servers)
        return {"the servers": own, "their hooks": used, "Postgres": family_cpu(postgres)}

    async def _see(
        self,
        made: dict[int, Sent],
        boards: dict[str, list[tuple[int, float]]],
        read_all: Callable[[], None],
    ) -> None:
        """When each accepted move was on each page of its room: with the first board that is as of it, or later."""
        labels: dict[int, list[str]] = {}
        for label, room in self.rooms.items():
            labels.setdefault(room, []).append(label)
        found: dict[int, tuple[bool, int]] = {}
        with suppress(TimeoutError):
            async with asyncio.timeout(30):
                while len(found) < len(made) or not self._all_seen(found, made, boards):
                    read_all()
                    found = await asyncio.to_thread(self._outcomes, min(made))
                    await asyncio.sleep(0.1)  # nothing tells whoever asks the table
        for number, one in made.items():
            one.accepted, nth = found.get(number, (False, 0))
            for label in labels[one.room] if one.accepted else ():
                at = next((at for as_of, at in boards[label] if as_of >= nth), None)
                if at is not None:
                    one.seen[label] = at

    def _all_seen(
        self,
        found: dict[int, tuple[bool, int]],
        made: dict[int, Sent],
        boards: dict[str, list[tuple[int, float]]],
    ) -> bool:
        newest: dict[int, int] = {}
        for number, (accepted, nth) in found.items():
            room = made[number].room
            newest[room] = max(nth if accepted else 0, newest.get(room, 0))
        return all(
            boards[label] and boards[label][-1][0] >= newest.get(room, 0)
            for label, room in self.rooms.items()
        )

    def _outcomes(self, first: int) -> dict[int, tuple[bool, int]]:
        """The number of each from there on that was handled: whether it was accepted, and which of its room it is."""
        found = self.house.sql(
            """select split_part(r.value::jsonb->>'mark', '-', 2)::int as number, m.accepted, m.nth
            from move m join record r on r.id = m.record_id where m.session_id = %s and m.nth is not null""",
            self.session.id,
        )
        return {number: (accepted, nth) for number, accepted, nth in found if number >= first}


async def _open_page(base: str, attendee: Attendee, watch) -> LivePage:  # type: ignore[no-untyped-def]
    request = get(base, "/play/live", attendee.cookie, "text/event-stream")
    page = await connect(
        base, lambda: LivePage(request, lambda message, now: watch(attendee.label, message, now))
    )
    await page.opened
    return page


async def _make(
    base: str, free: list[Connection], who: Attendee, number: int, move: dict[str, str], sent: Sent
) -> None:
    connection = free.pop() if free else await connect(base, Connection)
    form = {"form_key": who.record_key, "mark": f"bench-{number}-", **move}
    sent.sent = time.perf_counter()
    reply = await connection.ask(post(base, "/play/moves", form, who.cookie))
    sent.answered = time.perf_counter()
    free.append(connection)
    if reply.status != 200 or b"receipt" not in reply.headers:
        raise WrongAnswer(f"a move was answered with {reply.status}: {reply.body.decode()[:300]}")
    sent.accepted, sent.late = b"Done." in reply.body, b"One moment" in reply.body


def _check_pages(made: Sequence[Sent]) -> None:
    accepted = [one for one in made if one.accepted]
    if len(accepted) < len(made) / 2:
        raise WrongAnswer(f"only {len(accepted)} of {len(made)} moves were accepted")
    lost = sum(len(one.seen) != SEATS for one in accepted)
    if lost:
        raise WrongAnswer(f"{lost} of {len(accepted)} moves did not come to all pages")


def _check_tables(house: House, session: Opened, sent: int) -> None:
    found = house.sql(
        """select count(*), count(*) filter (where nth is not null), count(*) = count(distinct record_id),
            (select count(*) from event where session_id = %(id)s and name = 'move_made'),
            (select count(*) from record where session_id = %(id)s),
            (select count(*) from (select max(nth) <> count(*) as gap from move group by room_id) g where gap)
        from move where session_id = %(id)s""".replace("%(id)s", f"'{session.id}'")
    )
    if found != [(sent, sent, True, sent, sent, 0)]:
        raise WrongAnswer(f"{sent} moves were sent, and the tables say {found}")
    sums = house.sql(
        """select room_id, sum(case when r.name = 'cash' then r.value::numeric - %s else 0 end),
            sum(case when r.name = 'goods' then r.value::numeric - %s else 0 end), count(*)
        from result r where session_id = %s group by room_id""",
        *(CASH, GOODS, session.id),
    )
    if not sums or any(cash or goods for _, cash, goods, _ in sums):
        raise WrongAnswer(f"cash or goods were made or lost: {sums[:5]}")
    kept = house.sql(
        """select distinct on (room_id) room_id, state from move
        where session_id = %s and state is not null order by room_id, nth desc""",
        session.id,
    )
    for room_id, state in kept:
        cash = dict(next(value["map"] for name, value in state["map"] if name == "cash"))
        results = house.sql("select slot, value from result where room_id = %s and name = 'cash'", room_id)
        if any(cash[slot] != int(value) for slot, value in results):
            raise WrongAnswer(f"what the hook keeps of room {room_id} is not what the results say")
