"""People trade while servers, their processes and Postgres are killed: each move that was acknowledged counts once."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Sequence
from pathlib import Path

import pytest

from app.database.connections import Connection
from app.database.embedded import Postgres
from app.database.running import migrate_at
from app.export.verify import verify
from app.replay import check
from app.study.reading import parse
from tests.house.auction import (
    FILES,
    SEATS,
    Trader,
    assert_cash_and_goods_add_up,
    assert_each_handled_once,
    everyone_has_moved,
    trading,
)
from tests.house.house import House, Opened
from tests.house.waits import until

UNLIMITED = "1000000"  # moves of one person within ten seconds


def test_who_trades_as_the_server_processes_are_killed_has_each_move_handled_once(house: House) -> None:
    session = house.open_files(FILES, {"any": SEATS})
    server = house.serve(2, NETWORKLAB_MOVES_AT_ONCE=UNLIMITED)

    async def story() -> None:
        async with trading(house, session, server) as traders:
            for victim in house.workers():
                os.kill(victim, signal.SIGKILL)
            await everyone_has_moved(traders)
        assert all(trader.broken for trader in traders)
        await all_adds_up(house, session, traders)

    house.tell(story())


@pytest.mark.slow
def test_forty_who_trade_as_everything_is_killed_again_and_again_lose_nothing_and_gain_nothing(
    own_postgres: Postgres, tmp_path: Path
) -> None:
    house = House(own_postgres.dsn, tmp_path)
    asyncio.run(migrate_at(own_postgres.dsn))
    session = house.open_files(FILES, {"any": 4 * SEATS})
    server = house.serve(2, NETWORKLAB_MOVES_AT_ONCE=UNLIMITED)

    async def story() -> None:
        nonlocal server
        async with trading(house, session, server) as traders:
            for how in (signal.SIGKILL, signal.SIGQUIT, signal.SIGKILL):
                for victim in house.workers():
                    os.kill(victim, signal.SIGKILL)
                    await everyone_has_moved(traders)
                pid = own_postgres.pid
                assert pid is not None
                os.kill(pid, how)
                await until(lambda: own_postgres.pid is None, "the end of Postgres")
                await asyncio.to_thread(own_postgres.start)
                await everyone_has_moved(traders)
                await until(lambda: len(house.workers()) == 2, "the figures of both processes")
                victims = house.workers()
                server.popen.kill()
                for victim in victims:
                    os.kill(victim, signal.SIGKILL)
                await asyncio.to_thread(server.kill)
                server = await asyncio.to_thread(
                    house.serve, 2, server.port, NETWORKLAB_MOVES_AT_ONCE=UNLIMITED
                )
                await everyone_has_moved(traders)
        assert all(trader.broken for trader in traders)
        await all_adds_up(house, session, traders)

    try:
        house.tell(story(), 600)
    finally:
        house.leave()


async def all_adds_up(house: House, session: Opened, traders: Sequence[Trader]) -> None:
    unhandled = "select record_id from move where session_id = %s and nth is null"
    await until(lambda: not house.sql(unhandled, session.id), "the last move that nobody waits for", 30)
    assert_each_handled_once(house, session, traders)
    assert_cash_and_goods_add_up(house, session)
    assert house.contradictions(session) == []

    async def told_again(conn: Connection) -> check.Checked:
        return await check.check(conn, session.id)

    assert (await asyncio.to_thread(house.read, told_again)).differences == []
    verified = await verify(house.database, session.id, parse(FILES))
    assert verified.ok, str(verified)
