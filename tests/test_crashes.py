"""Stories of what is killed in the middle: what was acknowledged is on disk, once, and everybody goes on."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import psycopg
import pytest

from app import lobby, players
from app.db import Connection, connect, migrate
from app.embedded import Postgres
from app.rehearsal.wire import Browser, WireError
from app.sessions import read_study
from tests.house import TALK, Guest, House, Opened, Server, seated, sign_everyone_in, until

# Rooms of two that stay at their step, so that each of 30 people can answer again and again.
BURST = """
title = "Burst"
[[room]]
name = "pair"
seats = {red = 1, blue = 1}
[[step]]
page = "talk"
limit = "1h"
ends = "deadline"
fields = [
    {name = "belief", ask = "How sure are you?", kind = "integer", min = 0, max = 100},
    {name = "why", ask = "Why?", kind = "text"},
]
"""
CROWD = {"red": 15, "blue": 15}


class Writer:
    """Somebody who saves one answer after the other, notes each receipt, and never gives up on a form."""

    def __init__(self, guest: Guest) -> None:
        self.guest = guest
        self.receipts: list[tuple[str, str, dict[str, str]]] = []  # receipt, what was said, the form
        self.statuses: set[int] = set()
        self.broken = 0  # connections that broke under a form

    async def write(self, enough: asyncio.Event) -> None:
        form = await self.guest.form()
        while not enough.is_set():
            said = f"{self.guest.label} {len(self.receipts)}"
            form |= {"belief": str(len(self.receipts) % 101), "why": said}
            receipt, next_key = await self.save(form)
            self.receipts.append((receipt, said, form))
            form = {"form_key": next_key}

    async def save(self, form: dict[str, str]) -> tuple[str, str]:
        """Sends the same form until it has a receipt. Returns it, and the key of the next form."""
        while True:
            try:
                answer = await self.guest.browser.post("/play/records", form)
            except WireError:
                self.broken += 1
                await asyncio.sleep(0.02)
                continue
            self.statuses.add(answer.status)
            if answer.status == 200:
                [next_key] = re.findall('name="form_key" value="([^"]+)"', answer.text)
                return answer.headers["receipt"], next_key
            assert answer.status == 503, answer.text
            assert "receipt" not in answer.headers
            await asyncio.sleep(0.02)


@asynccontextmanager
async def a_burst(house: House, session: Opened, server: Server) -> AsyncIterator[list[Writer]]:
    """30 people who write for as long as the story goes on, and then finish the form that they are at."""
    guests = [house.guest(server, session, label) for label in session.tokens]
    await sign_everyone_in(guests)
    await asyncio.gather(*(seated(guest) for guest in guests))
    writers, enough = [Writer(guest) for guest in guests], asyncio.Event()
    tasks = [asyncio.create_task(writer.write(enough)) for writer in writers]
    try:
        await everyone_has_written(writers, 3)
        yield writers
        enough.set()
        async with asyncio.timeout(30):
            await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)


async def everyone_has_written(writers: list[Writer], more: int) -> None:
    """Wait until each has `more` receipts than now."""
    now = {writer: len(writer.receipts) for writer in writers}
    await until(
        lambda: all(len(writer.receipts) >= now[writer] + more for writer in writers),
        f"{more} more receipts for everyone",
        30,
    )


def assert_kept(house: House, session: Opened, writers: list[Writer]) -> None:
    """Every receipt is in the database with what was said, and nothing is there twice or besides."""
    stored = {
        f"{','.join(map(str, ids))}:{digest}": said
        for ids, digest, said in house.sql(
            """select array_agg(id order by id),
                encode(sha256(convert_to(string_agg(
                    id || E'\\t' || field || E'\\t' || value || E'\\n', '' order by id), 'UTF8')), 'hex'),
                max(value) filter (where field = 'why')
            from record group by form"""
        )
    }
    told = {receipt: said for writer in writers for receipt, said, _ in writer.receipts}
    assert len(told) == sum(len(writer.receipts) for writer in writers)
    assert stored == told
    assert len(set(stored.values())) == len(stored), "something was stored twice"
    assert house.contradictions(session) == []


async def assert_again_the_same(house: House, writers: list[Writer], before: list[int]) -> None:
    """The last form that each had saved before the crash, sent again, gives the first receipt again."""
    for writer, count in zip(writers, before, strict=True):
        receipt, _, form = writer.receipts[count - 1]
        assert (await Writer(_another(house, writer.guest)).save(form))[0] == receipt


def test_a_server_killed_in_a_burst_of_records_loses_none_that_it_acknowledged(house: House) -> None:
    session = house.open(BURST, CROWD)
    server = house.serve(processes=2)

    async def story() -> list[Writer]:
        async with a_burst(house, session, server) as writers:
            before = [len(writer.receipts) for writer in writers]
            victims = house.workers()
            server.popen.kill()
            for pid in victims:
                os.kill(pid, signal.SIGKILL)
            await asyncio.to_thread(server.kill)
            await until(lambda: all(writer.broken for writer in writers), "the end of each connection")
            await asyncio.to_thread(house.serve, 2, server.port)
            await everyone_has_written(writers, 3)
            await assert_again_the_same(house, writers, before)
        return writers

    assert_kept(house, session, house.tell(story()))


def test_a_server_process_killed_in_a_burst_is_replaced_and_the_other_goes_on(house: House) -> None:
    session = house.open(BURST, CROWD)
    server = house.serve(processes=2)

    async def story() -> list[Writer]:
        async with a_burst(house, session, server) as writers:
            before = [len(writer.receipts) for writer in writers]
            first_two = house.workers()
            assert len(first_two) == 2
            for victim in first_two:
                os.kill(victim, signal.SIGKILL)
                await everyone_has_written(writers, 3)
                await until(lambda: len(house.workers()) == 2, "another process in place of the one killed")
            # Everybody was on one of the two.
            assert all(writer.broken for writer in writers)
            await assert_again_the_same(house, writers, before)
        assert server.popen.poll() is None
        return writers

    assert_kept(house, session, house.tell(story()))


@pytest.fixture
def own_postgres() -> Iterator[Postgres]:
    with tempfile.TemporaryDirectory(prefix="networklab-crash-") as home:
        Path(home).chmod(0o755)
        with Postgres(Path(home)) as postgres:
            yield postgres


def test_a_postgres_killed_in_a_burst_loses_no_record_and_nobody_is_stuck(
    own_postgres: Postgres, tmp_path: Path
) -> None:
    house = House(own_postgres.dsn, tmp_path)
    asyncio.run(_migrate(own_postgres.dsn))
    everybody = house.open(BURST, {"red": 16, "blue": 16})
    crowd = Opened(everybody.id, {label: everybody.tokens[label] for label in list(everybody.tokens)[1:-1]})
    server = house.serve(processes=2)

    async def story() -> list[Writer]:
        async with a_burst(house, crowd, server) as writers:
            before = [len(writer.receipts) for writer in writers]
            for how in (signal.SIGKILL, signal.SIGQUIT):  # the second is what pg_ctl calls immediate
                pid = own_postgres.pid
                assert pid is not None
                os.kill(pid, how)
                await until(lambda: own_postgres.pid is None, "the end of Postgres")
                with pytest.raises(psycopg.OperationalError):
                    house.sql("select 1")
                looking = asyncio.create_task(_another(house, writers[0].guest).browser.get("/play"))
                await asyncio.to_thread(own_postgres.start)
                assert (await looking).status in (200, 503)
                await everyone_has_written(writers, 3)
            await assert_again_the_same(house, writers, before)
        latecomers = [
            house.guest(server, everybody, label) for label in everybody.tokens.keys() - crowd.tokens
        ]
        for guest in latecomers:
            async with asyncio.timeout(30):
                while (await guest.sign_in()).status != 303:
                    pass
        await asyncio.gather(*(seated(guest) for guest in latecomers))
        return writers

    try:
        writers = house.tell(story())
        # The table of processes is emptied by a crash; each process is there again with its next tick.
        asyncio.run(until(lambda: len(house.workers()) == 2, "the figures of both processes"))
        assert_kept(house, everybody, writers)
    finally:
        house.leave()


async def _migrate(url: str) -> None:
    conn = await connect(url, "tests")
    await migrate(conn)
    await conn.close()


def _another(house: House, guest: Guest) -> Guest:
    """The same person on a connection of its own."""
    tab = Guest(guest.browser.base, guest.token, guest.label)
    tab.browser.cookies = dict(guest.browser.cookies)
    house.guests.append(tab)
    return tab


def test_rooms_that_a_killed_conductor_had_in_its_hands_are_moved_on_by_another(house: House) -> None:
    session = house.open(TALK, {"red": 6, "blue": 6})

    async def story() -> None:
        holder = await connect(house.database, "holder")
        await holder.execute("begin")
        await holder.execute("select id from log where room_id is not null order by id for update")
        first = await asyncio.to_thread(house.serve)
        # It has claimed the rooms, and waits for their logs to write into.
        await until(lambda: _conductors(house, "Lock"), "a conductor in the middle of its work")
        second = await asyncio.to_thread(house.serve)
        await until(lambda: len(_conductors(house)) == 2, "the other conductor")
        assert len(_conductors(house, "Lock")) == 1, "the second waits for the first"

        victims = set(house.workers())
        first.popen.kill()
        await asyncio.to_thread(first.kill)
        assert len(victims & set(house.workers())) == 1
        assert house.sql("select name, round from room order by name") == [
            ("mixed-1", 1),
            ("mixed-2", 1),
            ("mixed-3", 1),
        ]
        await holder.execute("rollback")
        await holder.close()

        await until(lambda: house.sql("select distinct round from room") == [(2,)], "round 2 in every room")
        assert second.popen.poll() is None

    _seat_everyone(house, session)
    # Their time is up, which no trigger tells anybody.
    house.sql("alter table room disable trigger user")
    house.sql("update room set deadline = now()")
    house.sql("alter table room enable trigger user")
    house.tell(story())
    opened = house.sql(
        """select count(*), count(distinct log_id) from event join log on log.id = log_id
        where name = 'step_opened' and room_id is not null"""
    )
    assert opened == [(3, 3)]
    assert house.contradictions(session) == []


def _conductors(house: House, waiting_for: str | None = None) -> list[tuple[int]]:
    return [
        (pid,)
        for pid, kind in house.sql(
            "select pid, wait_event_type from pg_stat_activity where application_name = 'networklab conductor'"
        )
        if waiting_for in (None, kind)
    ]


def _seat_everyone(house: House, session: Opened) -> None:
    async def work(conn: Connection) -> None:
        for token in session.tokens.values():
            await players.sign_in(conn, [players.Arrival(token, {})])
        assert await lobby.seat(conn, session.id, await read_study(conn, session.id)) == len(session.tokens)

    house.do(work)


def test_a_listener_whose_backend_is_killed_listens_again(house: House) -> None:
    server = house.serve()
    listeners = "select pid from pg_stat_activity where application_name = 'networklab listener'"

    async def story() -> None:
        [(before,)] = house.sql(listeners)
        house.sql("select pg_terminate_backend(%s, 5000)", before)
        [(after,)] = await until(lambda: house.sql(listeners), "another listener")
        assert after != before
        browser = Browser(server.base)
        house.browsers.append(browser)

        async def ready() -> bool:
            return (await browser.get("/health/ready")).status == 200

        await until(ready, "a server that is ready again")
        assert house.sql("select 1 from pg_stat_activity where pid = %s and query ilike 'listen %%'", after)

    house.tell(story())
