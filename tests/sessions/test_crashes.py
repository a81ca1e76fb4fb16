"""Stories of what is killed in the middle: what was acknowledged is on disk, once, and everybody goes on."""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path

import psycopg
import pytest

from app.database.connections import connect
from app.database.embedded import Postgres
from app.database.running import migrate_at
from app.rehearsal.browser import Browser
from tests.house.burst import (
    BURST,
    CROWD,
    Writer,
    a_burst,
    another_tab,
    assert_again_the_same,
    assert_kept,
    everyone_has_written,
)
from tests.house.crowd import come, seat
from tests.house.guests import seated
from tests.house.house import House, Opened
from tests.house.studies import TALK
from tests.house.waits import PATIENCE, until


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
    house.forked = False
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


def test_a_postgres_killed_in_a_burst_loses_no_record_and_nobody_is_stuck(
    own_postgres: Postgres, tmp_path: Path
) -> None:
    house = House(own_postgres.dsn, tmp_path)
    asyncio.run(migrate_at(own_postgres.dsn))
    everybody = house.open(BURST, {"red": 9, "blue": 9})
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
                looking = asyncio.create_task(another_tab(house, writers[0].guest).browser.get("/play"))
                await asyncio.to_thread(own_postgres.start)
                assert (await looking).status in (200, 503)
                await everyone_has_written(writers, 3)
            await assert_again_the_same(house, writers, before)
        latecomers = [
            house.guest(server, everybody, label) for label in everybody.tokens.keys() - crowd.tokens
        ]
        for guest in latecomers:
            async with asyncio.timeout(PATIENCE):
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


def test_rooms_that_a_killed_conductor_had_in_its_hands_are_moved_on_by_another(house: House) -> None:
    session = house.open(TALK, {"red": 6, "blue": 6})

    async def story() -> None:
        holder = await connect(house.database, "holder")
        await holder.execute(
            "set idle_in_transaction_session_timeout = 0"
        )  # a second server may take its time
        await holder.execute("begin")
        await holder.execute("select id from log where room_id is not null order by id for update")
        first = await asyncio.to_thread(house.serve)
        # It has claimed the rooms, and waits for their logs to write into.
        await until(lambda: _conductors(house, "Lock"), "a conductor in the middle of its work")
        second = await asyncio.to_thread(house.serve)
        await until(lambda: len(_conductors(house)) == 2, "the other conductor")
        # It waits for so long at a time, and then anew; the second meanwhile finds nothing that it could claim.
        await until(lambda: _conductors(house, "Lock"), "the first in the middle of its work still")
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
            " and datname = current_database()"
        )
        if waiting_for in (None, kind)
    ]


def _seat_everyone(house: House, session: Opened) -> None:
    come(house, session, *session.tokens)
    assert seat(house, session) == len(session.tokens)


def test_a_listener_whose_backend_is_killed_listens_again(house: House) -> None:
    server = house.serve()
    listeners = (
        "select pid from pg_stat_activity where application_name = 'networklab listener'"
        " and datname = current_database()"
    )

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
