"""Stories of the referee: whatever process stored a move, somebody says what comes of it."""

from __future__ import annotations

import asyncio

from app.database.connections import Connection, open_pool
from app.rooms import handling
from app.rooms.receipts import Receipt
from app.rooms.referee import Referee
from app.sessions import mending
from app.study.hooks.pool import AT_ONCE, Hooks
from app.study.reading import parse
from app.study.stored import Studies
from tests.house.crowd import come, seat
from tests.house.house import House
from tests.house.market import (
    CASH,
    all_handled,
    cash,
    give,
    handled,
    left_by_a_dead_process,
    market,
    move,
    new_move,
    slot_of,
    trading,
)
from tests.house.server import Server
from tests.house.waits import until


def test_what_a_killed_process_has_stored_another_handles_once(shared: House, server: Server) -> None:
    study = market()
    session = shared.open_study(study, {"x": 3})
    guests = [shared.guest(server, session, label) for label in session.tokens]

    async def story() -> None:
        await trading(shared, session, guests)
        ann = guests[0]
        me = slot_of(shared, session, ann.label)
        [(player_id,)] = shared.sql(
            "select id from player where session_id = %s and label = %s", session.id, ann.label
        )

        async def die(conn: Connection) -> None:
            values = {"amount": "10", "whom": str(me % 3 + 1)}
            await left_by_a_dead_process(conn, study, player_id, values=values)

        await asyncio.to_thread(shared.read, die)
        assert len(handled(shared, session)) == 1
        await all_handled(shared, session, 1)
        assert cash(shared, session) == {me: CASH - 10, me % 3 + 1: CASH + 10}
        assert "Done." in (await give(ann, 90, me % 3 + 1)).text
        assert [nth for nth, *_ in handled(shared, session)] == [1, 2]

    shared.tell(story())
    assert shared.contradictions(session) == []


def test_a_room_has_its_turn_as_a_move_is_stored_there_or_after_the_one_that_it_has(house: House) -> None:
    study = market()
    session = house.open_study(study, {"x": 3})
    come(house, session, *session.tokens)
    seat(house, session)
    [(player_id, me)] = house.sql(
        "select id, slot from player where session_id = %s order by id limit 1", session.id
    )

    async def story(conn: Connection) -> None:
        hooks = Hooks()
        async with open_pool(house.database, 1) as pool:
            referee = Referee(house.database, Studies(pool), hooks, 10, lambda _: None)
            await referee.studies.of(session.id)
            at_work = asyncio.create_task(referee.commit.run())  # and nobody looks for what is due
            try:
                values = {"amount": "10", "whom": str(me % 3 + 1)}
                coming = []
                for _ in range(2):  # who sits there has yet to be read as the first comes
                    new = await new_move(conn, study, player_id, values=values)
                    [stored] = await referee.store(conn, [new])
                    assert isinstance(stored, Receipt)
                    coming.append(referee.submit(session.id, new.room_id, stored.records[0]))
                    for standing in (await handling.read(conn, [new.room_id]))[0]:
                        await referee._learn(conn, standing)
                new = await new_move(conn, study, player_id, values=values)
                referee.due.clear()  # of the first, which is in the turn now
                assert new.room_id in referee.turns
                [stored] = await referee.store(conn, [new])
                assert isinstance(stored, Receipt)
                coming.append(referee.submit(session.id, new.room_id, stored.records[0]))
                assert not referee.due, "nobody has to read it again"
                outcomes = await asyncio.gather(*coming)
                assert all(one and one.accepted for one in outcomes)
                await referee.settled()
                assert not referee.due and not referee.ahead.read
            finally:
                at_work.cancel()
                await asyncio.wait([at_work])
                await hooks.retire(0)

    house.read(story)
    assert [nth for nth, *_ in handled(house, session)] == [1, 2, 3], "also of the one before and after it"


def test_a_room_is_left_for_a_while_to_whoever_has_stored_the_oldest_move_there(shared: House) -> None:
    study = market()
    session = shared.open_study(study, {"x": 3})
    come(shared, session, *session.tokens)
    seat(shared, session)
    [(player_id, me)] = shared.sql(
        "select id, slot from player where session_id = %s order by id limit 1", session.id
    )

    async def story(conn: Connection) -> None:
        hooks = Hooks()
        async with open_pool(shared.database, 1) as pool:
            referee = Referee(shared.database, Studies(pool), hooks, 10, lambda _: None)
            await referee.studies.of(session.id)
            at_work = asyncio.create_task(referee.run())
            try:
                values = {"amount": "10", "whom": str(me % 3 + 1)}
                first = await left_by_a_dead_process(conn, study, player_id, values=values)
                new = await new_move(conn, study, player_id, values=values)
                [stored] = await referee.store(conn, [new])
                assert isinstance(first, Receipt) and isinstance(stored, Receipt)
                outcome = referee.submit(session.id, new.room_id, stored.records[0])
                await until(lambda: new.room_id in referee.yielded, "a look at the room")
                assert not referee.turns and referee.yielded[new.room_id][0] == first.records[0]
                said = await outcome
                assert said and said.accepted, "whoever it was left to does nothing"
            finally:
                at_work.cancel()
                await asyncio.wait([at_work])
                await hooks.retire(0)

    shared.read(story)
    assert [nth for nth, *_ in handled(shared, session)] == [1, 2]


def test_a_bots_move_that_comes_while_its_room_is_read_or_begins_a_turn_waits_for_nobody(
    shared: House,
) -> None:
    study = market()
    session = shared.open_study(study, {"x": 3})
    come(shared, session, *session.tokens)
    seat(shared, session)
    [(player_id, me, room_id)] = shared.sql(
        "select id, slot, room_id from player where session_id = %s order by id limit 1", session.id
    )
    values = {"amount": "10", "whom": str(me % 3 + 1)}

    async def story(conn: Connection) -> None:
        hooks = Hooks()
        async with open_pool(shared.database, 1) as pool:
            referee = Referee(shared.database, Studies(pool), hooks, 10, lambda _: None)
            await referee.studies.of(session.id)
            at_work = asyncio.create_task(referee.commit.run())
            try:
                await left_by_a_dead_process(conn, study, player_id, values=values)
                referee.hint(session.id, room_id)
                reading = asyncio.create_task(referee._begin(referee._ready()))
                await asyncio.sleep(0)  # it has begun
                assert not referee.due and not referee.turns
                referee.hint(session.id, room_id)
                await reading
                assert room_id in referee.turns and room_id in referee.hinted
                await referee.settled()
                await left_by_a_dead_process(conn, study, player_id, values=values)
                await referee._begin(referee._ready())
                assert room_id in referee.turns and not referee.hinted
                await referee.settled()
                referee.hint(session.id, room_id)
                [stored] = await referee.store(conn, [await new_move(conn, study, player_id, values=values)])
                assert room_id in referee.turns and room_id in referee.hinted
                await referee.settled()
                vars(referee).pop("known")  # whatever goes wrong then
                [stored] = await referee.store(conn, [await new_move(conn, study, player_id, values=values)])
                assert isinstance(stored, Receipt), "it is stored, and handled later"
            finally:
                at_work.cancel()
                await asyncio.wait([at_work])
                referee.reading.drop()
                await hooks.retire(0)

    shared.read(story)
    assert [nth for nth, *_ in handled(shared, session)] == [1, 2, 3, None]


def test_a_step_that_a_move_has_ended_is_over_though_its_process_died(shared: House, server: Server) -> None:
    study = market()
    session = shared.open_study(study, {"x": 3})
    guests = [shared.guest(server, session, label) for label in session.tokens]

    async def story() -> None:
        await trading(shared, session, guests)
        assert "Done." in (await give(guests[0], 1, slot_of(shared, session, guests[0].label) % 3 + 1)).text
        shared.sql("update move set ends = true where session_id = %s", session.id)
        await guests[1].shows("It is over.")

    shared.tell(story())


def test_a_room_that_is_tried_again_goes_on_where_it_stopped_and_has_its_time(
    shared: House, server: Server
) -> None:
    study = market()
    session = shared.open_study(study, {"x": 3})
    guests = [shared.guest(server, session, label) for label in session.tokens]

    async def story() -> None:
        await trading(shared, session, guests)
        assert "One moment" in (await move(guests[0], "breaks")).text
        await guests[1].shows("Your group can’t go on just yet.")
        shared.sql(
            """update room set deadline = deadline - interval '10 min', stopped = stopped || jsonb_build_object('at',
            (stopped->>'at')::timestamptz - interval '10 min') where session_id = %s""",
            session.id,
        )
        await asyncio.to_thread(shared.act, "pause", session)
        files = {
            **study.files,
            "hooks.py": study.files["hooks.py"].replace(b"raise Value", b"return Accept() #"),
        }
        await asyncio.to_thread(shared.do, lambda conn: mending.mend(conn, session.id, parse(files), "ada"))
        assert handled(shared, session) == [(None, "breaks", None)], "in a pause everything stands still"
        await asyncio.to_thread(shared.act, "resume", session)
        await all_handled(shared, session, 1)
        assert handled(shared, session) == [(1, "breaks", True)]
        [(left,)] = shared.sql(
            "select extract(epoch from deadline - now()) from room where session_id = %s", session.id
        )
        assert 3500 < left < 3601, "it has the time again for which it stood still"

    shared.tell(story())


def test_an_open_page_has_what_a_clock_comes_to_in_the_time_that_a_researcher_adds(
    shared: House, server: Server
) -> None:
    ticks = 'limit = "90s"\nquiet = "80s"\nclock = {ask = "It is", from = 0, step = 1, every = "1s"}\non_move'
    session = shared.open_study(market(2, **{'limit = "1h"\non_move': ticks}), {"x": 2})
    (guest, other), ada = (
        [shared.guest(server, session, label) for label in session.tokens],
        shared.researcher(server),
    )
    of = f"/admin/sessions/{session.id}/rooms"

    async def story() -> None:
        await trading(shared, session, [guest, other])
        [(room_id,)] = shared.sql("select id from room where session_id = %s", session.id)
        async with guest.watching() as page:
            assert "\n90" in page.text and "\n91" not in page.text
            more = {"position": "0", "given": "0", "seconds": "30"}
            assert "Done." in (await give(guest, 1, slot_of(shared, session, other.label))).text
            said = await ada.post(f"{of}/{room_id}/extend", more)
            assert said.status in (200, 303)
            await page.until(lambda text: "\n109" in text, "what it comes to by then")

    shared.tell(story())


def test_a_hook_knows_who_has_left_by_the_next_move(shared: House, server: Server) -> None:
    session = shared.open_study(market(), {"x": 3})
    guests = [shared.guest(server, session, label) for label in session.tokens]

    async def story() -> None:
        await trading(shared, session, guests)
        his = slot_of(shared, session, guests[1].label)
        assert "Done." in (await give(guests[0], 1, his)).text
        assert (await guests[1].browser.post("/play/leave", {})).status == 303
        assert "Nobody is there any more." in (await give(guests[0], 1, his)).text

    shared.tell(story())


def test_hooks_wait_where_rooms_play_before_anybody_makes_a_move(shared: House) -> None:
    study = market()
    waits, plays = (shared.open_study(study, {"x": 3}) for _ in range(2))
    come(shared, plays, *plays.tokens)
    seat(shared, plays)

    async def story() -> None:
        hooks = Hooks()
        async with open_pool(shared.database, 1) as pool:
            referee = Referee(shared.database, Studies(pool), hooks, 10, lambda _: None)
            await referee.studies.of(waits.id)
            at_work = asyncio.create_task(referee.run())
            try:
                await until(lambda: referee.reading.conn is not None, "a first look")
                assert not hooks.started, "nobody plays there"
                await referee.studies.of(plays.id)
                await until(lambda: len(hooks.free.get(study.sha256, ())) == AT_ONCE, "hooks that wait")
            finally:
                at_work.cancel()
                await asyncio.wait([at_work])
                await hooks.retire(0)

    asyncio.run(story())
