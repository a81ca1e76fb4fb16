"""A story of a pool whose database goes away, and comes back: it is told once each time."""

from __future__ import annotations

import asyncio

import pytest

from app.database.connections import open_pool
from app.database.embedded import Postgres
from tests.house.waits import until


def test_a_database_that_goes_away_is_one_sentence_without_its_address(
    own_postgres: Postgres, caplog: pytest.LogCaptureFixture
) -> None:
    async def story() -> list[int]:
        told = []
        async with open_pool(own_postgres.dsn, 4) as pool:
            for _ in range(2):
                own_postgres.stop()
                pool.pop_stats()
                await pool.check()
                await until(lambda: pool.get_stats().get("connections_errors", 0) >= 3, "3 attempts")
                told.append(len(caplog.records))
                own_postgres.start()
                async with pool.connection() as conn:
                    await conn.execute("select 1")
        return told

    assert asyncio.run(story()) == [1, 2]
    assert {record.getMessage() for record in caplog.records} == {
        "the database hung up or is away: it is asked again until it answers"
    }
