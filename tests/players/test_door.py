"""People whom the door makes: each has the next label that is free, and nobody else is looked at for it."""

from __future__ import annotations

from app.database.connections import Connection, connect
from app.players.door import Newcomer, Places, make
from app.study.reading import parse
from tests.house.house import House
from tests.house.studies import PAIR, as_files

MANY = 3000
# As if so many had come by it
MADE = """with made as (
    insert into player (session_id, label, type, token_hash, door_id, by_door)
    select %(id)s, 'd-' || nth, 'red', sha256(nth::text::bytea), 'p' || nth, nth
    from generate_series(1, %(many)s) as nth
)
update door set made = %(many)s where session_id = %(id)s"""
READ = "select seq_tup_read + idx_tup_fetch from pg_stat_xact_user_tables where relname = 'player'"


def test_whoever_comes_by_it_after_thousands_gets_the_next_label_and_nobody_else_is_read_for_it(
    house: House,
) -> None:
    study = parse(as_files(PAIR))
    session = house.open_study(study, {"red": 1}, places=Places())

    async def comes(conn: Connection, *ids: str) -> list[str]:
        found = await make(conn, session.id, study, [Newcomer(id, {}) for id in ids])
        labels = "select label from player where id = any(%s) order by by_door"
        return [label for (label,) in await (await conn.execute(labels, [[*found.values()]])).fetchall()]

    async def story() -> None:
        conn = await connect(house.database, "story")
        await conn.execute(MADE, dict(id=session.id, many=MANY))
        await conn.execute("analyze player")
        async with conn.transaction():
            assert await comes(conn, "a", "b") == [f"d-{MANY + 1}", f"d-{MANY + 2}"]
            [(read,)] = await (await conn.execute(READ)).fetchall()
            assert read < 50, f"{read} rows for two people"
        taken = "update player set label = %s where session_id = %s and by_door is null"
        await conn.execute(taken, [f"d-{MANY + 3}", session.id])
        async with conn.transaction():
            assert await comes(conn, "c", "d") == [f"d-{MANY + 4}", f"d-{MANY + 5}"], (
                "a list has the one before"
            )
        await conn.close()

    house.tell(story())
