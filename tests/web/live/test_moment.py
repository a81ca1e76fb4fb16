"""Stories of what a page is made of: of one moment, whatever others write meanwhile, and of no more than it needs."""

from __future__ import annotations

from pathlib import Path

from app.database.connections import Connection, open_pool
from app.players.players import Player, find_player
from app.rooms import records
from app.rooms.records import Answer, form_id
from app.rooms.rooms import RoomView
from app.study.stored import Studies
from app.web.live.moment import OneMoment, at_one_moment
from app.web.live.places import RoomPlace
from app.web.live.shared import Shared, Views
from app.web.live.whereabouts import place_of
from app.web.signing import Keys
from tests.house.crowd import come, seat
from tests.house.house import House
from tests.house.studies import TALK

SAID = (("belief", "50"),)


async def answer(conn: Connection, player_id: int, room_id: int) -> None:
    await records.store(conn, [Answer(player_id, room_id, "talk", 1, SAID, form_id(player_id, "key", SAID))])


def two_in_a_room(house: House) -> tuple[str, int, int, int]:
    session = house.open(TALK, {"red": 2, "blue": 2})
    come(house, session, *session.tokens)
    seat(house, session)
    (ann, room_id), (ben, _), *_ = house.sql("select id, room_id from player order by id")
    return session.id, room_id, ann, ben


def test_a_room_that_goes_on_between_two_statements_is_read_again_with_whoever_is_in_it(house: House) -> None:
    _, room_id, ann, ben = two_in_a_room(house)
    held: list[bool] = []

    async def story(conn: Connection) -> tuple[Player, RoomView]:
        async def read(moment: OneMoment) -> tuple[Player, RoomView]:
            held.append(moment.is_held)
            player = await find_player(moment.conn, ann)
            assert player is not None
            if not moment.is_held:
                await answer(conn, ben, room_id)
            return player, await Views().of(moment, player)

        return await at_one_moment(conn, read)

    player, view = house.read(story)
    assert view.seat_of[ben].answered and player.here_seq == view.room.seq
    assert held == [False, True]


def test_the_page_of_who_is_new_in_a_room_takes_one_statement_and_has_what_was_said_once_it_was(
    house: House, tmp_path: Path
) -> None:
    session_id, room_id, ann, ben = two_in_a_room(house)
    asked = tmp_path / "asked"

    async def story(_: Connection) -> None:
        async with open_pool(house.database, 2) as pool, pool.connection() as conn:
            shared = Shared(Keys(b"secret"), Studies(pool))
            await shared.studies.of(session_id)

            async def page(player_id: int) -> tuple[RoomPlace, int]:
                with asked.open("wb") as file:
                    conn.pgconn.trace(file.fileno())
                    place = await place_of(conn, shared, session_id, player_id)
                    conn.pgconn.untrace()
                assert isinstance(place, RoomPlace)
                said = asked.read_text().splitlines()
                return place, sum(line.split("\t")[3:4] in (["Execute"], ["Query"]) for line in said)

            first, many = await page(ann)
            assert (first.saved, many) == (0, 2), "they, and the room"
            second, many = await page(ben)
            assert (second.saved, many) == (0, 1), "the room has been read for the other one"
            await answer(conn, ben, room_id)
            place, many = await page(ben)
            assert (place.saved, place.values) == (1, {"belief": "50"})
            assert many > 2, "what was said is read in a transaction"

    house.read(story)
