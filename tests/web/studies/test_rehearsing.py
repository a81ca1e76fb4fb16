"""Stories of a rehearsal that is watched: people come, its server dies, the database is away."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

from app.database.connections import Connection, open_pool
from app.study.shelf import (
    CheckReport,
    KeptVersion,
    Upload,
    begin_rehearsal,
    keep_study,
    put_rehearsal,
    see_rehearsal,
    versions_of,
)
from app.web.studies.rehearsing import SEEN, told_of, watched
from tests.house.guests import sign_everyone_in
from tests.house.house import House
from tests.house.server import Server
from tests.house.studies import TALK, as_files

FOUND = CheckReport(dict(ok=True, mistakes=[]), "1")
EARLIER = (datetime.now(UTC) - timedelta(minutes=5)).isoformat()


async def kept(conn: Connection, name: str) -> KeptVersion:
    await keep_study(conn, name, name, Upload(as_files(TALK), "Talk", "a story", FOUND), "ada")
    [version] = await versions_of(conn, name)
    return version


def test_a_rehearsal_whose_server_died_blocks_no_other_and_one_that_is_seen_does(house: House) -> None:
    async def story(conn: Connection) -> None:
        version = await kept(conn, "left")
        told: dict[str, Any] = dict(state="running", by="ada", players=2, began=EARLIER)
        await put_rehearsal(conn, version, told)
        await see_rehearsal(conn, version, EARLIER)
        assert not await begin_rehearsal(conn, version, told, SEEN), "it was seen just now"
        [version] = await versions_of(conn, "left")
        seen = told_of(version)
        assert seen and seen["state"] == "running"
        await put_rehearsal(conn, version, told)
        [version] = await versions_of(conn, "left")
        died = told_of(version)
        assert died and died["said"] == "It was cut off: its server died."
        assert await begin_rehearsal(conn, version, told, SEEN)

    house.do(story)


def test_a_rehearsal_ends_as_people_come(shared: House, server: Server) -> None:
    session = shared.open(start=False)
    shared.tell(sign_everyone_in([shared.guest(server, session, label) for label in session.tokens]))
    ended = asyncio.Event()

    async def plays() -> dict[str, Any]:
        never: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        try:
            return await never
        finally:
            ended.set()

    async def story() -> dict[str, Any]:
        async with open_pool(shared.database, 1) as pool:
            async with pool.connection() as conn:
                version = await kept(conn, "watched")
            return await watched(pool, version, EARLIER, plays(), look=0.01)

    came = shared.tell(story())
    assert came["said"].startswith("It was ended: people came."), came
    assert ended.is_set(), "nothing of it goes on"
