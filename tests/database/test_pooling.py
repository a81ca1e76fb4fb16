"""Stories of a PgBouncer in transaction mode between the server and its database."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from app.config import ConfigError
from app.database.connections import connect, is_pooled
from app.database.pooling import look_at_pooler
from app.database.queries import value
from app.export.verify import verify
from app.study.stored import read_study
from tests.house.burst import BURST, a_burst, assert_kept, everyone_has_written
from tests.house.house import House
from tests.house.pooler import PROGRAM, Pooler, a_pooler

pytestmark = pytest.mark.skipif(PROGRAM is None, reason="pgbouncer is not installed")


@pytest.fixture
def pooler(database: str) -> Iterator[Pooler]:
    with a_pooler(database) as pooler:
        yield pooler


def look_from(url: str, past: str | None) -> None:
    async def look() -> None:
        conn = await connect(url, "story")
        try:
            await look_at_pooler(conn, past)
        finally:
            await conn.close()

    asyncio.run(look())


def test_a_server_behind_a_pooler_says_what_its_role_must_have_set(pooler: Pooler) -> None:
    with psycopg.connect(pooler.past, autocommit=True) as conn:
        conn.execute(f"alter role {pooler.role} set synchronous_commit = off".encode())
        conn.execute(f"alter role {pooler.role} set lock_timeout = '5s'".encode())  # shorter is as good
    with pytest.raises(
        ConfigError, match=r"hears of news\. Give NETWORKLAB_LISTENER_URL a direct connection"
    ):
        look_from(pooler.url, None)
    with pytest.raises(ConfigError, match="NETWORKLAB_LISTENER_URL leads through a pooler, too"):
        look_from(pooler.url, pooler.url)
    with pytest.raises(ConfigError) as said:
        look_from(pooler.url, pooler.past)
    assert f"alter role {pooler.role} set synchronous_commit = 'on';" in str(said.value)
    assert f"alter role {pooler.role} set idle_in_transaction_session_timeout = '15s';" in str(said.value)
    assert "lock_timeout" not in str(said.value) and "isolation" not in str(said.value)
    # What it says is all that is to be done.
    with psycopg.connect(pooler.past, autocommit=True) as conn:
        for statement in str(said.value).split(": ", 1)[1].split(" Then ")[0].strip().split("; "):
            conn.execute(statement.encode())
    pooler.ask("reconnect")
    look_from(pooler.url, pooler.past)
    look_from(pooler.past, None)


def test_nothing_of_one_connection_stays_for_another_behind_a_pooler(pooler: Pooler) -> None:
    """What is set, or prepared, on a backend would be there for whoever gets it next."""

    async def story() -> None:
        first, second = await connect(pooler.url, "story"), await connect(pooler.url, "story")
        direct = await connect(pooler.past, "story")
        assert is_pooled(first) and not is_pooled(direct)
        for _ in range(20):  # psycopg prepares what it has said five times
            for conn in (first, second):
                assert await value(conn, b"select 1 + %(n)s::integer", n=1) == 2
        assert await value(second, b"select count(*) from pg_prepared_statements") == 0
        assert await value(second, b"show lock_timeout") == "0"
        assert await value(direct, b"show lock_timeout") == "8s"
        for conn in (first, second, direct):
            await conn.close()

    asyncio.run(story())


def test_a_session_is_played_through_a_pooler_that_crashes_and_nothing_is_lost(
    pooler: Pooler, database: str, tmp_path: Path
) -> None:
    pooler.settle()
    house = House(database, tmp_path)
    try:
        session = house.open(BURST, {"red": 4, "blue": 4})
        server = house.serve(processes=2, DATABASE_URL=pooler.url, NETWORKLAB_LISTENER_URL=pooler.past)

        async def story() -> None:
            async with a_burst(house, session, server) as writers:
                await everyone_has_written(writers, 20)
                await asyncio.to_thread(pooler.crash)
                await everyone_has_written(writers, 20)
            assert_kept(house, session, writers)

        house.tell(story())
        study = house.do(lambda conn: read_study(conn, session.id))
        verdict = asyncio.run(verify(database, session.id, study))
        assert verdict.ok, str(verdict)
        names = {name for (name,) in house.sql("select distinct application_name from pg_stat_activity")}
        assert "networklab listener" in names, names
    finally:
        house.leave()
