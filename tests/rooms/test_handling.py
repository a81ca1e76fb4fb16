"""Stories of what comes of moves: one after the other within a room, once, whoever does it and whoever dies."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Any

import pytest

from app.database.connections import Connection, snapshot
from app.rooms import handling, rooms
from app.rooms.handling import MovesTaken
from app.rooms.receipts import Receipt
from app.study.hooks.pool import Hooks
from app.study.model.study import Study
from tests.house.conducting import conduct
from tests.house.house import House, Opened
from tests.house.market import CASH, a_market, cash, handled, left_by_a_dead_process, make

PLAYER = "select id from player where session_id = %s and slot = %s"


async def a_turn(conn: Connection, hooks: Hooks, study: Study, room_id: int) -> MovesTaken:
    """What a process finds out of all that waits, and has not stored yet."""
    async with snapshot(conn):
        [standing], waiting = await handling.read(conn, [room_id])
        room = await handling.room_for(conn, study, standing)
    return await handling.take_turn(partial(hooks.ask, study), study, room, standing, waiting[room_id])


def test_of_two_processes_that_found_the_same_one_stores_it_and_the_other_looks_again(house: House) -> None:
    session, study, players, room_id = a_market(house)
    make(house, study, players[1], 60, 2)
    make(house, study, players[1], 60, 3)

    async def work(conn: Connection) -> list[bool]:
        hooks = Hooks()
        try:
            one = await a_turn(conn, hooks, study, room_id)
            other = await a_turn(conn, hooks, study, room_id)
            return [*await handling.put(conn, [one]), *await handling.put(conn, [other])]
        finally:
            await hooks.retire(0)

    assert house.read(work) == [True, False]
    assert handled(house, session) == [(1, "give", True), (2, "give", False)], (
        "the second can't be paid any more"
    )
    assert cash(house, session) == {1: CASH - 60, 2: CASH + 60}
    told = house.sql("select data->>'sentence' from event where name = 'move_made' order by seq")
    assert told == [(None,), ("You can’t pay that.",)]
    assert house.contradictions(session) == []


def test_what_came_meanwhile_is_handled_after_it_and_nothing_of_a_room_that_has_gone_on(house: House) -> None:
    session, study, players, room_id = a_market(house)
    make(house, study, players[1], 1, 2)

    async def work(conn: Connection) -> None:
        hooks = Hooks()
        try:
            first = await a_turn(conn, hooks, study, room_id)
            await left_by_a_dead_process(conn, study, players[2], values={"amount": "2", "whom": "3"})
            assert await handling.put(conn, [first]) == [True]
            second = await a_turn(conn, hooks, study, room_id)
            assert [waiting.player_id for waiting, _ in second.lines] == [players[2]]
            await conn.execute(b"update room set position = 1, step = 'after'")
            assert await handling.put(conn, [second]) == [False]
        finally:
            await hooks.retire(0)

    house.read(work)
    assert handled(house, session) == [(1, "give", True), (2, "give", False)], "it was over for the second"
    [(said,)] = house.sql(
        "select data->>'sentence' from event where name = 'move_made' and data->>'nth' = '2'"
    )
    assert said == ""


def test_a_deadline_handles_what_was_there_before_it(house: House) -> None:
    session, study, players, _ = a_market(house)
    make(house, study, players[1], 10, 2)
    make(house, study, players[2], 110, 3)
    house.sql("update room set deadline = clock_timestamp()")
    late = make(house, study, players[3], 10, 2)
    assert late.late
    conduct(house)
    assert house.sql("select step from room") == [("after",)]
    assert handled(house, session) == [(1, "give", True), (2, "give", True)]
    assert cash(house, session) == {1: CASH - 10, 2: 0, 3: CASH + 110}
    log = "select name from event e join log l on l.id = e.log_id where room_id > 0 order by seq desc limit 3"
    assert house.sql(log) == [("step_opened",), ("move_made",), ("move_made",)]
    assert house.contradictions(session) == []


@pytest.mark.parametrize("thinks", [False, True])
def test_a_pause_that_begins_after_the_room_was_claimed_ends_no_step_over_what_was_accepted(
    house: House, thinks: bool
) -> None:
    session, study, players, room_id = a_market(house)
    make(house, study, players[1], 10, 2)
    house.sql("update room set deadline = clock_timestamp()")

    async def ends(conn: Connection) -> bool:
        hooks = Hooks()

        async def asked(*what: Any) -> Any:
            found = await hooks.ask(study, *what)
            if thinks:
                await asyncio.to_thread(house.act, "pause", session)
            return found

        try:
            async with conn.transaction():
                assert await rooms.claim_due(conn, session.id, [], True, 1, only=room_id)
                if not thinks:
                    await asyncio.to_thread(house.act, "pause", session)
                return await handling.settle(conn, asked, study, room_id)
        finally:
            await hooks.retire(0)

    assert house.read(ends) is False
    assert handled(house, session) == [(None, "give", None)]
    house.act("resume", session)
    conduct(house)
    assert house.sql("select step from room") == [("after",)]
    assert handled(house, session) == [(1, "give", True)]
    assert house.contradictions(session) == []


def test_a_room_that_ends_without_a_conductor_leaves_no_move_open(house: House) -> None:
    session, study, players, _ = a_market(house)
    make(house, study, players[1], 10, 2)
    house.act("close", session)
    assert handled(house, session) == [(1, "give", False)] and cash(house, session) == {}
    assert house.contradictions(session) == []


def test_a_pause_does_not_count_and_a_move_knows_when_it_came(house: House) -> None:
    _, study, players, _ = a_market(house)
    house.sql("update opened_step set at = at - interval '100 s'")
    house.sql("update room set opened_at = opened_at - interval '100 s'")
    make(house, study, players[1], 10, 2)
    house.sql("update session set status = 'paused', paused_at = clock_timestamp() - interval '30 s'")
    house.sql("update room set deadline = deadline - interval '30 s'")
    [session_id] = [id for (id,) in house.sql("select id from session")]
    house.act("resume", Opened(session_id, {}))
    make(house, study, players[1], 10, 2)
    [(before,), (after,)] = house.sql("select since from move order by record_id")
    assert 100 <= before < 110 and 70 <= after < 80


def test_two_at_once_of_one_person_are_two_moves(house: House) -> None:
    session, study, players, _ = a_market(house)

    async def both(conn: Connection) -> None:
        for amount in ("1", "1"):
            stored = await left_by_a_dead_process(
                conn, study, players[1], values={"amount": amount, "whom": "2"}
            )
            assert isinstance(stored, Receipt)

    house.read(both)
    assert house.sql("select version from record order by id") == [(1,), (2,)]
    assert len(handled(house, session)) == 2
