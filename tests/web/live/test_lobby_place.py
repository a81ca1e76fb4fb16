"""Stories of hundreds who ask what their lobby is like: one reads for all, and nobody is told of before they came."""

from __future__ import annotations

import asyncio

import psycopg

from app.database.connections import Connection, Pool, open_pool, snapshot
from app.rooms import lobby
from app.study.model.study import Study
from app.study.stored import read_study
from app.web.live.lobby_place import Lobbies, LobbyNow
from app.web.live.moment import OneMoment
from tests.house.crowd import come, seat
from tests.house.house import House, Opened

MANY = 6


async def ask(lobbies: Lobbies, conn: Connection, session: Opened, study: Study) -> LobbyNow:
    async with snapshot(conn):
        _, seq = await lobby.session_log(conn, session.id)
        return await lobbies.at(OneMoment(conn, is_held=True), session.id, study, seq)


def test_who_asks_at_the_same_moment_is_told_what_one_has_read_and_never_less_than_they_know(
    house: House,
) -> None:
    session = house.open(people={"red": 4})
    come(house, session, "R1", "R2")
    seat(house, session)

    async def story() -> None:
        lobbies = Lobbies()

        async def one(pool: Pool, study: Study) -> LobbyNow:
            async with pool.connection() as conn:
                return await ask(lobbies, conn, session, study)

        async with open_pool(house.database, MANY) as pool:
            async with pool.connection() as conn:
                study = await read_study(conn, session.id)
            found = await asyncio.gather(*(one(pool, study) for _ in range(10 * MANY)))
            assert {id(now) for now in found} == {id(found[0])} and found[0].waiting == 2
            await asyncio.to_thread(come, house, session, "R3")
            await asyncio.to_thread(seat, house, session)
            again = await asyncio.gather(*(one(pool, study) for _ in range(10 * MANY)))
            assert {id(now) for now in again} == {id(again[0])} and again[0].waiting == 3
            assert len(again[0].turns) == 3 and found[0].turns == {}, "more than the two places for red"

    house.tell(story())


def test_where_who_reads_for_others_fails_one_of_them_reads(house: House) -> None:
    session = house.open(people={"red": 2})
    come(house, session, "R1")
    seat(house, session)

    async def story() -> None:
        lobbies = Lobbies()
        async with open_pool(house.database, MANY) as pool, pool.connection() as held:
            study = await read_study(held, session.id)
            async with pool.connection() as first, pool.connection() as second:
                _, seq = await lobby.session_log(second, session.id)
                await held.execute("begin")
                await held.execute("lock table player in access exclusive mode")
                reads = asyncio.create_task(
                    lobbies.at(OneMoment(first, is_held=True), session.id, study, seq)
                )
                await asyncio.sleep(0)  # the first task begins, of which nobody is told
                waits = asyncio.create_task(
                    lobbies.at(OneMoment(second, is_held=True), session.id, study, seq)
                )
                await held.execute("select pg_terminate_backend(%s)", [first.info.backend_pid])
                try:
                    await reads
                    raise AssertionError("the one who read has lost the connection")
                except psycopg.OperationalError:
                    await held.execute("rollback")
                assert (await waits).waiting == 1

    house.tell(story())
