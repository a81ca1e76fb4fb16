"""A room that has a turn is read ahead: what is put together of that is what reading it again would give."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from app.database.connections import Connection
from app.rooms import handling
from app.rooms.ahead import NextTurns
from app.rooms.handling import MovesTaken
from app.study.hooks.pool import Hooks
from tests.house.house import House
from tests.house.market import a_market, make


def test_what_is_known_of_a_room_after_its_turn_is_what_reading_it_gives(house: House) -> None:
    session, study, players, room_id = a_market(house)
    for amount in (10, 20, 90):  # the last can't be paid
        make(house, study, players[1], amount, 2)

    async def story(conn: Connection) -> None:
        hooks, ahead = Hooks(), NextTurns()

        async def turn_of(many: int) -> MovesTaken:
            [standing], waiting = await handling.read(conn, [room_id])
            room = await handling.room_for(conn, study, standing)
            ask = partial(hooks.ask, study)
            return await handling.take_turn(ask, study, room, standing, waiting[room_id][:many])

        async def looked() -> None:
            [standing], waiting = await handling.read(conn, [room_id])
            ahead.keep(standing, waiting[room_id])

        try:
            await looked()  # before what the turn came to is stored
            turn = await turn_of(1)
            assert await handling.put(conn, [turn]) == [True]
            read = await handling.read(conn, [room_id])
            standing, waiting = ahead.after(turn) or (None, ())
            [again] = read[0]
            assert standing == replace(again, said=[(*one,) for one in again.said])
            assert waiting == read[1][room_id] and len(waiting) == 2
            assert all(ahead.has(room_id, one.record_id) for one in waiting)

            turn = await turn_of(1)
            assert await handling.put(conn, [turn]) == [True]
            await looked()  # after it
            read = await handling.read(conn, [room_id])
            assert ahead.after(turn) == (read[0][0], read[1][room_id])

            other = replace(turn, handled=turn.handled - 1)
            assert ahead.after(other) is None, "somebody else has handled one meanwhile"
            assert ahead.after(replace(turn, failure=turn.lines[0])) is None  # type: ignore[arg-type]
            assert ahead.after(replace(turn, until=5.0)) is None, "its deadline has to be read"
            turn = await turn_of(1)
            assert await handling.put(conn, [turn]) == [True]
            assert ahead.after(turn) is None and not ahead.read, "nothing waits any more"
        finally:
            await hooks.retire(0)

    house.read(story)
    assert house.sql("select accepted from move where room_id = %s order by nth", room_id) == [
        (True,),
        (True,),
        (False,),
    ]
    assert house.contradictions(session) == []
