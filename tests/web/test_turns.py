"""Stories of those who ask for much at once: others are answered meanwhile."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager

import httpx
import pytest

from app.database.connections import connect
from app.web.access.attempts import count
from app.web.auth import ADMIN_COOKIE
from app.web.credentials import BY_ADDRESS
from app.web.session_pages import TABS
from tests.house.house import House
from tests.house.programs import AT, token_of
from tests.house.server import Server
from tests.house.waits import until

WAITING = (
    "select pid, query_start from pg_stat_activity"
    " where wait_event_type = 'Lock' and datname = current_database()"
)
EXPORTS = f"{WAITING} and application_name = 'networklab export'"


@asynccontextmanager
async def held(house: House, *queries: str) -> AsyncIterator[None]:
    """Postgres is as slow with these as it can be."""
    conn = await connect(house.database, "story")
    try:
        async with conn.transaction():
            for query in queries:
                await conn.execute(query.encode())
            yield
    finally:
        await conn.close()


def visitor(server: Server, cookies: Mapping[str, str] = {}) -> httpx.AsyncClient:
    limits = httpx.Limits(max_connections=200)
    return httpx.AsyncClient(base_url=server.base, cookies=dict(cookies), timeout=60, limits=limits)


def test_whoever_tries_to_log_in_many_times_at_once_keeps_nobody_from_the_database(house: House) -> None:
    server, session = house.serve(), house.open()
    house.do(lambda conn: count(conn, BY_ADDRESS, "127.0.0.1"))

    async def story() -> None:
        async with visitor(server) as guesser, visitor(server) as player:
            tries = []
            async with held(house, "select from attempt for update"):
                form = {"name": "grace", "password": "wrong"}
                for _ in range(40):
                    tries.append(asyncio.create_task(guesser.post("/admin/login", data=form)))
                waiting = await until(lambda: len(now := house.sql(WAITING)) >= 2 and now, "tries that wait")
                assert (await player.get(f"/join/{session.tokens['R1']}")).status_code == 200
                assert set(waiting) <= set(house.sql(WAITING)), "none was given up meanwhile"
            found = Counter([(await one).status_code for one in tries])
            assert set(found) <= {403, 429, 503}, found

    house.tell(story())


@pytest.mark.parametrize("many", [pytest.param(30, marks=pytest.mark.slow), 5])
def test_of_many_exports_and_replays_a_few_are_made_at_once_and_a_few_wait(house: House, many: int) -> None:
    server, session = house.serve(), house.open()
    here = f"/admin/sessions/{session.id}"
    key = house.researcher(server).cookies[ADMIN_COOKIE]

    async def story() -> None:
        async with visitor(server, {ADMIN_COOKIE: key}) as ada, visitor(server) as player:
            asked = {}
            async with held(house, "lock table event in access exclusive mode"):
                for what in ("export.zip", "replay"):
                    asked[what] = [asyncio.create_task(ada.get(f"{here}/{what}")) for _ in range(many)]
                waiting = await until(
                    lambda: len(now := house.sql(EXPORTS)) == 2 and now, "exports that wait"
                )
                assert (await player.get(f"/join/{session.tokens['R1']}")).status_code == 200
                assert set(waiting) == set(house.sql(EXPORTS)), (
                    "a few of them, and none was given up meanwhile"
                )
            for all_ in asked.values():
                answers = [await one for one in all_]
                found = Counter(one.status_code for one in answers)
                assert found[200] >= 2 and set(found) <= {200, 503}, found
            assert (await ada.get(f"{here}/replay")).status_code == 200

    house.tell(story())


def test_a_session_is_opened_while_all_turns_of_exports_are_taken(shared: House, server: Server) -> None:
    session, token = shared.open(), token_of(shared, "ada")
    here, head = f"{AT}/sessions/{session.id}", {"Authorization": f"Bearer {token}"}
    new = {"list": "label,type\nEve,red\n"}

    async def story() -> None:
        async with visitor(server) as reads:
            async with held(shared, "lock table public.message in access exclusive mode"):
                asked = [asyncio.create_task(reads.get(f"{here}/verify", headers=head)) for _ in range(8)]
                await until(lambda: len(shared.sql(WAITING)) >= 2, "all turns of a process taken")
                for nth in range(3):  # by a connection of its own, to one of two processes
                    key = head | {"Idempotency-Key": f"while they wait {nth}"}
                    async with visitor(server) as opens:
                        opened = await opens.post(f"{here}/again", json=new, headers=key, timeout=20)
                    assert opened.status_code == 201, opened.text
                assert not any(one.done() for one in asked), "none had given up its turn"
            await asyncio.gather(*asked)

    shared.tell(story())


def test_one_log_in_has_so_many_dashboards_open_and_no_more(shared: House, server: Server) -> None:
    session = shared.open()
    key = shared.researcher(server).cookies[ADMIN_COOKIE]

    async def story() -> None:
        async with visitor(server, {ADMIN_COOKIE: key}) as ada, AsyncExitStack() as opened:
            found = Counter[int]()
            for _ in range(2 * TABS + 2):  # of two processes
                address = f"/admin/sessions/{session.id}/live"
                found[(await opened.enter_async_context(ada.stream("GET", address))).status_code] += 1
            assert found[200] >= TABS and found[429] >= 2 and set(found) == {200, 429}, found

    shared.tell(story())
