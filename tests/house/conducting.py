"""A conductor of the story's own: what a process does once a second, done once and to its end."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from app.database.connections import Connection, open_pool
from app.sessions.conductor import Conductor
from app.study.stored import Studies
from tests.house.house import House


def conduct(house: House) -> float:
    """By a process that is born and ends with it. Returns the seconds until it would look again."""

    async def work(conn: Connection) -> float:
        async with a_conductor(house.database) as conductor:
            wait = await conductor.move_on(conn, [], everywhere=True)
            await follow(conductor, conn)
            return wait

    return house.read(work)


@asynccontextmanager
async def a_conductor(url: str) -> AsyncIterator[Conductor]:
    """Its hooks' processes and its connections end with it."""
    async with open_pool(url, 1) as pool:
        conductor = Conductor(url, Studies(pool))
        try:
            yield conductor
        finally:
            await conductor.hooks.retire(0)
            conductor.deciding.hands.drop()
            conductor.acting.hands.drop()


async def follow(conductor: Conductor, conn: Connection) -> None:
    """All that comes of what was done: what is being decided, and what that gives a hint of."""
    await conductor.deciding.settled()
    await conductor.acting.settled()
    while hinted := conductor.hinted:
        conductor.hinted = set()
        await conductor.move_on(conn, hinted, everywhere=False)
        await conductor.deciding.settled()
