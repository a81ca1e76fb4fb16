"""A story of what a session's transfer takes for kept."""

from __future__ import annotations

import asyncio

from app.database.clusters import be_named
from app.database.connections import Connection, connect
from app.database.embedded import Postgres
from app.sessions.transfers import are_here_for_good
from tests.house.database import make_template, new_database
from tests.house.waits import until

WAITS = "select pg_cancel_backend(pid) from pg_stat_activity where wait_event = 'SyncRep'"


def test_a_commit_that_no_standby_has_is_not_kept_for_good(own_postgres: Postgres) -> None:
    """Somebody ended its wait: it is in this database, and Postgres warns that it is nowhere else."""
    make_template(own_postgres)
    url = new_database(own_postgres)

    async def story() -> list[bool]:
        conn, other = await connect(url, "transfer"), await connect(url, "administrator")

        async def ends_the_wait() -> bool:
            return await (await other.execute(WAITS)).fetchone() is not None

        async def asks(conn: Connection) -> bool:
            while await are_here_for_good(conn, []):  # noqa: ASYNC110
                await asyncio.sleep(0)  # the new setting is heard of a moment later
            return False

        await be_named(conn, "east", ["main", "east"])
        alone = await are_here_for_good(conn, [])
        for line in ("alter system set synchronous_standby_names = 'nobody'", "select pg_reload_conf()"):
            await other.execute(line.encode())
        asked = asyncio.create_task(asks(conn))
        await until(ends_the_wait, "a commit that waits for a standby")
        found = [alone, await asked]
        await conn.close()
        await other.close()
        return found

    assert asyncio.run(story()) == [True, False]
