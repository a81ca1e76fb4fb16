"""Stories of the hub: who comes while it reads misses nothing, and a log's reader skips nothing."""

from __future__ import annotations

import asyncio
from uuid import uuid4

import psycopg
import pytest

from app.database.connections import connect, open_pool
from app.database.events import Event, events_after
from app.rooms import messages, rooms
from app.rooms.messages import NewMessage
from app.study.stored import Studies
from app.web.live.feeds import Live
from app.web.live.hub import Hub
from app.web.live.page import Page
from app.web.signing import read_keys
from tests.house.crowd import come, seat
from tests.house.guests import Guest, seated
from tests.house.house import House
from tests.house.server import Server
from tests.house.studies import NEAR, ROOM_TALK
from tests.house.waits import until

APPEND = b"""select append_events(
    array[%s::bigint], array[%s::text], array[null::bigint], array[%s::jsonb])"""


def test_a_page_that_joins_just_before_the_news_takes_it_from_nobody_else(house: House) -> None:
    session = house.open()
    come(house, session, *session.tokens)
    assert seat(house, session) == 4
    people = [
        player for (player,) in house.sql("select id from player where status = 'playing' order by slot")
    ]
    assert len(people) == 4
    [(room,)] = house.sql("select id from room")

    async def story() -> None:
        async with open_pool(house.database, 2) as pool, pool.connection() as conn:
            studies = Studies(pool)
            live = Live(house.database, pool, await read_keys(conn), studies)
            early, late = Page(people[0], session.id), Page(people[2], session.id)
            assert b"round 1 of 3" in await live.snapshot(early)
            async with conn.transaction():
                await messages.store(
                    conn,
                    [NewMessage(people[1], room, None, "talk", NEAR, "hello both", str(uuid4()))],
                )
                study = await studies.of(session.id)
                await rooms.advance(conn, study, [(room, study.plan[1])])
            snapshot = await live.snapshot(late)  # it comes between the events and the hub's look at them
            assert b"hello both" in snapshot and b"round 2 of 3" in snapshot
            hub = asyncio.create_task(live.hub.run())
            try:
                await until(
                    lambda: len(early.queue) > 1, "the second round, on the page that was there before"
                )
                assert b"hello both" in early.queue[0] and b"round 2 of 3" in early.queue[1]
                assert not late.queue and not late.stale  # it has it already
            finally:
                hub.cancel()
                await asyncio.wait([hub])
                live.hub.line.drop()

    house.tell(story())


def test_who_comes_back_while_the_hub_is_reading_gets_all_that_came_or_is_told_to_look_again(
    house: House,
) -> None:
    session = house.open()
    house.act("pause", session)
    [(log,)] = house.sql("select id from log")

    async def story() -> None:
        handed_on: list[int] = []

        async def publish(events: list[Event]) -> None:
            handed_on.extend(event.seq for event in events)

        hub = Hub(house.database, publish)
        running = asyncio.create_task(hub.run())
        try:
            hub.watch(log, 0)
            await until(lambda: handed_on == [1, 2], "the start and the pause")
            await asyncio.to_thread(house.act, "resume", session)
            with psycopg.connect(house.database) as lock:
                lock.execute("lock table event in access exclusive mode")
                hub.hint([log])
                await until(
                    lambda: house.sql(WAITING_FOR_A_LOCK, "networklab hub") == [(1,)], "the hub's reading"
                )
                # The only page goes and comes back with what it read of the log before the pause.
                hub.forget(log)
                hub.watch(log, 1)
                accepted = hub.cursors[log] <= 1
                handed_on.clear()
            await until(lambda: 3 in handed_on, "the resumption")
            assert not accepted or handed_on == [2, 3]
            assert not accepted  # so the page reads again, and comes with a newer number
            hub.forget(log)
            hub.watch(log, 2)
            assert hub.cursors[log] <= 2
        finally:
            running.cancel()
            await asyncio.wait([running])
            hub.line.drop()

    house.tell(story())


WAITING_FOR_A_LOCK = (
    "select count(*) from pg_stat_activity where application_name = %s"
    " and datname = current_database() and wait_event_type = 'Lock'"
)


def test_a_logs_numbers_have_no_gap_and_a_reader_never_skips_one_whatever_happens_at_once(
    shared: House,
    server: Server,
    other_server: Server,
) -> None:
    session = shared.open(ROOM_TALK, {"red": 12, "blue": 12})
    servers = server, other_server

    async def read(stop: asyncio.Event) -> dict[int, list[int]]:
        """Asks again and again for what is after the last that it has seen, as the hub does."""
        conn = await connect(shared.database, "reader")
        seen: dict[int, list[int]] = {}
        while True:
            last = stop.is_set()
            for (log,) in await (
                await conn.execute("select id from log where session_id = %s", [session.id])
            ).fetchall():
                seen.setdefault(log, [])
            cursors = {log: max(seqs, default=0) for log, seqs in seen.items()}
            for event in await events_after(conn, cursors, 500):
                seen[event.log_id].append(event.seq)
            if last:
                await conn.close()
                return seen

    async def play(guest: Guest) -> None:
        await guest.sign_in()
        await seated(guest)
        for number in range(3):
            talk, form = await guest.form("/play/messages"), await guest.form()
            sent = [guest.browser.post("/play/messages", {**talk, "body": f"{guest.label} {number}"})]
            sent += [guest.answer({"belief": str(number + version)}, form) for version in range(2)]
            for answer in [await one for one in sent]:
                assert answer.status in (200, 409, 422)

    async def story() -> None:
        guests = [shared.guest(servers[n % 2], session, label) for n, label in enumerate(session.tokens)]
        stop = asyncio.Event()
        reading = asyncio.create_task(read(stop))
        await asyncio.gather(*(play(guest) for guest in guests))
        await asyncio.to_thread(shared.act, "close", session)  # nothing moves on by itself any more
        stop.set()
        seen = await reading
        stored = dict(shared.sql("select id, last_seq from log"))
        assert len(stored) >= 7 and sum(stored.values()) > 200
        assert seen == {log: list(range(1, last + 1)) for log, last in stored.items()}
        assert shared.contradictions(session) == []

    shared.tell(story())


def test_what_is_written_here_is_handed_on_with_its_commit_and_what_can_not_be_is_looked_at(
    house: House,
) -> None:
    house.open()
    [(log, seq)] = house.sql("select id, last_seq from log")

    async def story() -> None:
        handed_on: list[int] = []

        async def publish(events: list[Event]) -> None:
            handed_on.extend(event.seq - seq for event in events)

        hub = Hub(house.database, publish)
        hub.watch(log, seq)
        hub.hinted.clear()
        conn = await connect(house.database, "story")

        async def write(name: str = "room_stopped", what: str = "{}") -> set[int]:
            """What the hub is to look at after that."""
            async with hub.telling(lambda: [log]) as then, conn.pipeline():
                await conn.execute(APPEND, [log, name, what])
                await then(conn, [])
                assert len(handed_on) < 2, "nothing is said before it is committed"
            looked_at = set(hub.hinted)
            hub.hinted.clear()
            return looked_at

        try:
            assert await write() == set() and handed_on == [1] and hub.cursors == {log: seq + 1}
            hub.reading = {log: seq + 1}
            assert await write() == {log} and handed_on == [1], "it is on its way to the hub already"
            hub.reading = {}
            assert await write("message_sent") == {log} and handed_on == [1], "what was said is to be read"
            with pytest.raises(psycopg.DataError):
                await write(what="nonsense")
            assert set(hub.hinted) == {log} and handed_on == [1]
            await hub._look(hub.hinted)
            assert handed_on == [1, 2, 3], "all of it, once and in order"
        finally:
            hub.line.drop()
            await conn.close()

    house.tell(story())
