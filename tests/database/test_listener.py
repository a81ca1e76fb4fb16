"""Stories of a listener whose connection freezes, or has nothing to tell."""

from __future__ import annotations

import asyncio
import os
import signal

from app.database.connections import Line
from app.database.listener import Listener
from tests.house.house import House
from tests.house.waits import PATIENCE, until

LISTENER = "networklab listener"


def test_a_frozen_listener_is_replaced_and_what_it_missed_is_looked_for(house: House) -> None:
    async def story() -> None:
        heard: asyncio.Queue[set[int]] = asyncio.Queue()
        connected: asyncio.Queue[None] = asyncio.Queue()
        listener = Listener(
            house.database, heard.put_nowait, lambda: connected.put_nowait(None), quiet=1, patience=0.5
        )
        task = asyncio.create_task(listener.run())
        frozen = 0
        try:
            async with asyncio.timeout(PATIENCE):
                await connected.get()
            [(frozen,)] = house.sql(
                "select pid from pg_stat_activity where application_name = %s and datname = current_database()",
                LISTENER,
            )
            house.sql("select pg_notify('networklab', '7')")
            async with asyncio.timeout(PATIENCE):
                assert await heard.get() == {7}
            os.kill(frozen, signal.SIGSTOP)
            house.sql("select pg_notify('networklab', '8')")
            async with asyncio.timeout(PATIENCE):
                await connected.get()  # whoever owns it reads everything again now
            assert heard.empty()
            house.sql("select pg_notify('networklab', '9')")
            async with asyncio.timeout(PATIENCE):
                assert await heard.get() == {9}
        finally:
            if frozen:
                os.kill(frozen, signal.SIGCONT)
            task.cancel()
            await asyncio.wait([task])

    house.tell(story())


def test_a_quiet_listener_keeps_its_connection(house: House) -> None:
    async def story() -> None:
        connected: asyncio.Queue[None] = asyncio.Queue()
        listener = Listener(house.database, lambda _: None, lambda: connected.put_nowait(None), quiet=1)
        task = asyncio.create_task(listener.run())
        try:
            async with asyncio.timeout(PATIENCE):
                await connected.get()
            [(pid, since)] = house.sql(PINGED, LISTENER)

            def pinged() -> bool:
                [(same, query_start)] = house.sql(PINGED, LISTENER)
                return bool(same == pid and query_start > since)

            await until(pinged, "a ping")
            assert listener.connections == 1
        finally:
            task.cancel()
            await asyncio.wait([task])

    house.tell(story())


PINGED = "select pid, query_start from pg_stat_activity where application_name = %s and datname = current_database()"


def test_what_a_process_tells_by_itself_is_passed_over(house: House) -> None:
    async def story() -> None:
        heard: asyncio.Queue[set[int]] = asyncio.Queue()
        own, other = Line(house.database, "own"), Line(house.database, "other")
        listener = Listener(house.database, heard.put_nowait, lambda: None, passes_over=own.is_to)
        task = asyncio.create_task(listener.run())
        try:
            async with asyncio.timeout(PATIENCE):
                await listener.connected.wait()
                await (await own.get()).execute("select pg_notify('networklab', '7')")
                await (await other.get()).execute("select pg_notify('networklab', '8')")
                assert await heard.get() == {8}
        finally:
            own.drop()
            other.drop()
            task.cancel()
            await asyncio.wait([task])

    house.tell(story())
