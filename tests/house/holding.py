"""What holds of a session whatever was done in it: `verify`, its replay, and the queries that trust no constraint."""

from __future__ import annotations

from app.database.connections import Connection
from app.export.verify import verify
from app.replay import check as replay_check
from app.study.model.study import Study
from tests.house.house import House, Opened


def assert_all_holds(house: House, session: Opened, study: Study) -> None:
    async def work(conn: Connection) -> None:
        counted = await verify(house.database, session.id, study)
        assert counted.ok, [check for check in counted.checks if not check.ok]
        told = await replay_check.check(conn, session.id)
        assert told.ok, told.differences

    house.read(work)
    assert house.contradictions(session) == []
