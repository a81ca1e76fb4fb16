"""At one's own pace the next item is drawn as somebody comes to it, by what they have said so far."""

from __future__ import annotations

import asyncio

from app.database.connections import Connection, open_pool
from app.export.verify import verify
from app.rehearsal.trial import try_study
from app.rooms import stopped_rooms
from app.study.reading import check, parse
from app.study.stored import Studies
from app.web.live.shared import Shared
from app.web.live.whereabouts import place_shown
from app.web.signing import Keys
from tests.house.album import Album
from tests.house.house import House
from tests.house.server import Server
from tests.house.studies import as_files, changed
from tests.house.table import at_the_table
from tests.house.waits import until

STAIRS = """
title = "Stairs"
[[room]]
name = "pair"
seats = {any = 2}
[[step]]
page = "talk"
name = "stairs"
repeat = 40
wait_for = "none"
within = "10m"
fields = [{name = "said", ask = "Twice that is?", kind = "integer", required = false}]
show = [{hook = "item", ask = "Now", kind = "integer"}, {hook = "verdict", ask = "The last was"}]
score = "points"
[dropout]
silent = "5m"
then = ["bot"]
"""
HOOKS = """
def item(room):
    'Twice as much after a right answer, one less after a wrong one; everything that was said is looked at.'
    assert len({one.slot for one in room.all_said if one.name == "said"}) < 2, "others have said something"
    hard = dict.fromkeys(room.slots, 8)
    for round in range(1, room.round):
        for slot, answer in room.said("said", round=round).items():
            was = room.said("item", round=round)[slot]
            hard[slot] = was * 2 if answer == was * 2 else was - 1
    assert all(hard.values()), "no further down"
    return hard


def verdict(room):
    if room.round == 1:
        return {}
    was, said = room.said("item", round=room.round - 1), room.said("said", round=room.round - 1)
    return {slot: "right" if said[slot] == was[slot] * 2 else "wrong" for slot in said}


def points(room):
    return {slot: 1 for slot in room.said("said")}
"""
STUDY = parse(as_files(STAIRS, HOOKS))
DRAWN = "select round, slot, name, value from result where session_id = %s and made_by like 'hook%%' order by 1, 2, 3"


def test_each_goes_up_and_down_by_themselves(shared: House, server: Server) -> None:
    session = shared.open_study(STUDY, {"x": 2})
    [albums, looks] = [list[Album](), list[str]()]

    async def story() -> None:
        table = await at_the_table(shared, server, session)
        ids = [
            one
            for (one,) in shared.sql("select id from player where session_id = %s order by slot", session.id)
        ]
        albums.append(await asyncio.to_thread(Album, shared, session.id, STUDY, ids))
        async with table[1].watching() as stream:
            await table[1].answer({"said": "16"})
            await stream.until(lambda text: "round 2 of 40" in text, "the next page")
            assert "right" in stream.newest() and ">16<" in stream.newest()
            await asyncio.to_thread(albums[0].keep)
            await table[1].answer({"said": "3"})
            await stream.until(lambda text: "round 3 of 40" in text, "the one after it")
            assert "wrong" in stream.newest() and ">15<" in stream.newest()
        await table[2].answer({"said": "1"})
        # A researcher who looks before the player draws nothing, and the same look twice draws once.
        looks.append(
            await asyncio.to_thread(shared.read, lambda conn: _look(shared, conn, session.id, ids[1]))
        )
        twice = await asyncio.gather(table[2].page(), table[2].page(), table[2].page())
        assert all(">7<" in page and "round 2 of 40" in page for page in twice)
        await asyncio.to_thread(albums[0].keep)

    shared.tell(story())
    assert "the next page is about to open" in looks[0]
    assert shared.sql(DRAWN, session.id) == [
        *((1, 1, "item", "8"), (1, 2, "item", "8")),
        *((2, 1, "item", "16"), (2, 1, "verdict", "right"), (2, 2, "item", "7"), (2, 2, "verdict", "wrong")),
        *((3, 1, "item", "15"), (3, 1, "verdict", "wrong")),
    ]
    albums[0].look_at_again()
    shared.act("close", session)
    assert asyncio.run(verify(shared.database, session.id, STUDY)).ok


async def _look(house: House, conn: Connection, session_id: str, player_id: int) -> str:
    async with open_pool(house.database, 1) as pool:
        place = await place_shown(conn, Shared(Keys(b"secret"), Studies(pool)), session_id, player_id)
    assert place is not None
    return place.html()


def test_a_hook_that_fails_there_stops_the_room_and_is_asked_again(shared: House, server: Server) -> None:
    session = shared.open_study(STUDY, {"x": 2})

    async def story() -> None:
        table = await at_the_table(shared, server, session)
        for nth in range(1, 9):  # down to nothing
            await table[1].answer({"said": "1"})
            if nth < 8:
                await table[1].shows(f"round {nth + 1} of 40")
        assert "Your group can’t go on just yet." in await table[1].page()
        await table[2].shows("Your group can’t go on just yet.")

        why = "select stopped->>'sentence', stopped->>'at' from room where session_id = %s and stopped is not null"
        [(sentence, first)] = await asyncio.to_thread(shared.sql, why, session.id)
        assert sentence == "AssertionError: no further down"
        await asyncio.to_thread(shared.do, lambda conn: stopped_rooms.retry(conn, session.id))
        assert "Your group can’t go on just yet." in await table[1].page()
        [(_, then)] = await asyncio.to_thread(shared.sql, why, session.id)
        assert then > first

    shared.tell(story())


def test_a_bot_draws_for_itself(shared: House, server: Server) -> None:
    toml = changed(STAIRS, "seats = {any = 2}", 'seats = {any = 2}\nbots_after = "0s"')
    session = shared.open_study(parse(as_files(changed(toml, "repeat = 40", "repeat = 3"), HOOKS)), {"x": 1})

    async def story() -> None:
        table = await at_the_table(shared, server, session)
        said = "select round, value from result where session_id = %s and slot <> %s and name = %s order by round"
        [me] = table
        await until(lambda: len(shared.sql(said, session.id, me, "said")) == 3, "the bot's answers")
        items = shared.sql(said, session.id, me, "item")
        assert [round for round, _ in items] == [1, 2, 3] and items[1][1] in ("7", "16")

    shared.tell(story())


def test_check_goes_all_pages_with_one_and_the_first_with_the_others() -> None:
    sound = changed(HOOKS, "all(hard.values())", "room.round <= 40")
    files = as_files(STAIRS, sound)
    assert [one for one in asyncio.run(try_study(parse(files))) if one.grave] == [] == check(files)
    broken = as_files(STAIRS, changed(sound, "room.round <= 40", "room.round < 40"))
    told = [one.sentence for one in asyncio.run(try_study(parse(broken))) if one.grave]
    assert told and all("`item` fails" in sentence for sentence in told)
