"""Stories of a room that is read for one page and shown on others: whatever happens in it, all are told of it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from app.database.connections import Connection, snapshot
from app.players.players import find_player
from app.rooms import messages, records, rooms
from app.rooms.messages import NewMessage
from app.rooms.records import Answer, form_id
from app.rooms.rooms import RoomView
from app.sessions import actions
from app.study.stored import read_study
from app.web.live.moment import OneMoment
from app.web.live.shared import Views
from tests.house.crowd import come, seat
from tests.house.house import House
from tests.house.studies import NEAR, TALK


async def looked_at(conn: Connection, views: Views, player_id: int) -> tuple[RoomView, RoomView]:
    """As the pages have it, and as it is."""
    async with snapshot(conn):
        player = await find_player(conn, player_id)
        assert player is not None and player.room_id is not None
        return await views.of(OneMoment(conn, is_held=True), player), await rooms.view(conn, player.room_id)


def test_a_room_that_is_kept_is_the_room_whatever_has_happened_in_it(house: House) -> None:
    session = house.open(TALK, {"red": 3, "blue": 2})
    come(house, session, *session.tokens)
    seat(house, session)
    found = house.sql("select id, room_id from player where room_id is not null order by type desc")
    (ann, room_id), (ben, _), *_ = found
    [(waits,)] = house.sql("select id from player where status = 'waiting'")
    views = Views()

    async def happen(conn: Connection) -> None:
        study = await read_study(conn, session.id)

        async def act(name: str) -> None:
            await actions.ACTIONS[name](conn, session.id, "ada")

        async def answer() -> None:
            said = (("belief", "50"),)
            await records.store(conn, [Answer(ann, room_id, "talk", 1, said, form_id(ann, "key", said))])

        async def say() -> None:
            form = form_id(ann, "another", (("body", "Hello"),))
            await messages.store(conn, [NewMessage(ann, room_id, None, "talk", NEAR, "Hello", form)])

        async def extend() -> None:
            await actions.extend(conn, session.id, room_id, 0, 0, 30, "ada")

        happens: list[Callable[[], Awaitable[object]]] = [
            answer,
            say,
            lambda: act("pause"),
            lambda: act("resume"),
            extend,
            lambda: actions.replace(conn, session.id, study, ann, waits, "dropped", "ada"),
            lambda: actions.advance(conn, session.id, study, room_id, 0, "ada"),
            lambda: actions.end_room(conn, session.id, study, room_id, "ada"),
        ]
        before = happened = None
        seats = (await looked_at(conn, views, ben))[0].seats
        for one in happens:
            kept, now = await looked_at(conn, views, ben)
            assert kept == now != before, one
            assert views.kept[room_id][-1].seats is kept.seats
            again, now = await looked_at(conn, views, ben)
            assert again == now and again.seats is kept.seats, "it was not read again"
            if happened in (answer, say):
                same = [seat is other for seat, other in zip(kept.seats, seats, strict=True)]
                assert sum(same) >= len(same) - 1, "nor what is as it was, where little has happened"
            before, happened, seats = now, one, kept.seats
            async with conn.transaction():
                await one()
        out = await find_player(conn, ben)
        assert out is not None and (out.room_id, out.here_id) == (room_id, None), "it has ended for them"

    house.read(happen)
