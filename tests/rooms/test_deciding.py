"""Many rooms that decide at the same moment: each is moved on once, whatever the hooks of another one do."""

from __future__ import annotations

import asyncio
from typing import Any

from app.database.connections import Connection, connect
from app.players.players import Arrival, sign_in
from app.rooms import lobby
from app.study.stored import read_study
from tests.house.conducting import a_conductor, conduct
from tests.house.house import House, Opened
from tests.house.studies import as_files

GAME = """
title = "Give"
[[room]]
name = "pair"
seats = {any = 2}
[[step]]
page = "talk"
name = "give"
repeat = 2
limit = "10m"
fields = [{name = "given", ask = "How much do you give?", kind = "integer", min = 0, max = 10}]
on_end = "share"
score = "income"
results = [{name = "income", ask = "Your income", kind = "number"}]
"""
HOOKS = """
import time

def share(room):
    given = room.said("given")
    return {"income": {slot: 10 - given[slot] + sum(given.values()) for slot in given}}

def income(room):
    if room.number == 7:
        return {slot: 1 / 0 for slot in room.slots}
    if room.number == 9:
        time.sleep(0.8)  # it takes its time
    return room.said("income")
"""
ROOMS = 30
ANSWERS = """
insert into record (session_id, player_id, room_id, step, round, field, value, version, late, form)
select p.session_id, p.id, p.room_id, r.step, r.round, 'given', p.slot, 1, false, md5(p.id || '/' || r.position)::uuid
from player p join room r on r.id = p.room_id where p.session_id = %s and p.status = 'playing'
"""
OF_A_ROUND = ["results_stored", "player_earned", "player_earned", "step_opened"]


def all_answered(house: House, hooks: str) -> Opened:
    """Thirty pairs in which everybody has answered, and none has moved on."""
    session = house.open_files(as_files(GAME, hooks), {"any": 2 * ROOMS})

    async def come(conn: Connection) -> None:
        await sign_in(conn, [Arrival(token, {}) for token in session.tokens.values()])
        await lobby.seat(conn, session.id, await read_study(conn, session.id))

    house.do(come)
    house.sql(ANSWERS, session.id)
    return session


def rooms(house: House, session: Opened) -> dict[int, tuple[Any, ...]]:
    """By number: its round, and why it stopped."""
    found = house.sql(
        "select number, round, stopped->>'sentence' from room where session_id = %s order by number",
        session.id,
    )
    return {number: (round_, why) for number, round_, why in found}


def logs(house: House, session: Opened) -> dict[int, list[str]]:
    """By number of the room, what happened there since it opened."""
    found = house.sql(
        "select r.number, e.name from room r join log l on l.room_id = r.id join event e on e.log_id = l.id"
        " where r.session_id = %s and e.name = any(%s) order by r.number, e.seq",
        session.id,
        [*OF_A_ROUND, "room_stopped"],
    )
    told: dict[int, list[str]] = {number: [] for number in range(1, ROOMS + 1)}
    for number, name in found:
        told[number].append(name)
    return told


def test_of_many_rooms_each_is_moved_on_once_one_fails_alone_and_one_takes_its_time(house: House) -> None:
    session = all_answered(house, HOOKS)
    conduct(house)
    assert rooms(house, session) == {
        number: (1, "ZeroDivisionError: division by zero") if number == 7 else (2, None)
        for number in range(1, ROOMS + 1)
    }
    assert logs(house, session) == {
        number: ["room_stopped"] if number == 7 else OF_A_ROUND for number in range(1, ROOMS + 1)
    }, "each in its order, and nothing of the one that failed"
    found = house.sql("select slot, value, count(*)::int from result group by slot, value order by slot")
    assert found == [(1, "12", ROOMS - 1), (2, "11", ROOMS - 1)]
    assert house.sql("select sum(amount)::int from earning") == [((12 + 11) * (ROOMS - 1),)]
    assert not house.contradictions(session)


def test_what_the_database_refuses_of_one_room_is_refused_of_that_room_alone(house: House) -> None:
    session = all_answered(house, HOOKS.replace("1 / 0", "10**11").replace("0.8", "0"))
    house.sql("alter table earning add constraint not_of_one check (amount < 10000000000)")
    conduct(house)
    left = {number: found for number, found in rooms(house, session).items() if found != (2, None)}
    assert left == {7: (1, None)}, "it is tried again and again, and holds up nobody"
    house.sql("alter table earning drop constraint not_of_one")
    conduct(house)
    assert set(rooms(house, session).values()) == {(2, None)}
    assert set(map(tuple, logs(house, session).values())) == {tuple(OF_A_ROUND)}


def test_two_processes_share_the_rooms_and_leave_alone_what_another_one_has(house: House) -> None:
    session = all_answered(house, HOOKS.replace("1 / 0", "1").replace("0.8", "0"))
    held = b"select from room where status = 'playing' order by id limit 10 for update"

    async def story(conn: Connection) -> None:
        async with (
            await connect(house.database, "other") as other,
            a_conductor(house.database) as one,
            a_conductor(house.database) as two,
        ):
            async with other.transaction():
                await other.execute(held)
                await asyncio.gather(
                    one.move_on(conn, [], everywhere=True), two.move_on(await two.line.get(), [], True)
                )
                await asyncio.gather(one.deciding.settled(), two.deciding.settled())
                found = await conn.execute(b"select count(*)::int from room where round = 2")
                assert await found.fetchall() == [(ROOMS - 10,)], "those that nobody has"
            await one.move_on(conn, [], everywhere=True)
            await one.deciding.settled()
            two.line.drop()

    house.read(story)
    assert set(rooms(house, session).values()) == {(2, None)}
    assert set(map(tuple, logs(house, session).values())) == {tuple(OF_A_ROUND)}
    assert not house.contradictions(session)
