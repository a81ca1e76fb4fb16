"""Stories of a number that changes by itself while a step is open, and of how long a step has been open."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from app.database.connections import open_pool
from app.sessions import actions
from app.study.model.clocks import LONGEST, Clock
from app.study.model.fields import Field
from app.study.model.kinds.number import NUMBER
from app.study.model.study import Study
from app.study.reading import parse
from app.study.stored import Studies
from app.web.live.feeds import Live
from app.web.live.page import Page
from app.web.signing import read_keys
from tests.house.conducting import conduct
from tests.house.crowd import come, seat
from tests.house.house import House, Opened
from tests.house.market import left_by_a_dead_process
from tests.house.studies import PAGE

STUDY = """
title = "Clock"
[[room]]
name = "pair"
seats = {any = 2}
[[step]]
page = "talk"
name = "market"
limit = "1h"
clock = {ask = "The price", from = 10, step = 0.5, every = "1s", to = 100}
on_move = "hear"
on_end = "tell"
results = [
    {name = "seconds", ask = "Open for", kind = "number"},
    {name = "price", ask = "The price", kind = "number"},
    {name = "at_once", ask = "At the move", kind = "number"},
]
[[step.move]]
name = "take"
[[step.move]]
name = "end"
[[step]]
page = "talk"
name = "after"
limit = "1h"
on_end = "tell_again"
results = [{name = "again", ask = "Open for", kind = "number"}]
"""
HOOKS = """
from decimal import Decimal

from networklab import Accept


def exact(seconds):
    return Decimal(f"{seconds:.6f}")


def hear(room, move):
    assert (room.at, room.clock) == (move.at, move.clock)
    return Accept(results={"at_once": {move.slot: room.clock}}, end=move.name == "end")


def tell(room):
    assert [one.clock for one in room.moves]
    every = dict.fromkeys(room.slots)
    return {"seconds": dict.fromkeys(every, exact(room.at)), "price": dict.fromkeys(every, room.clock)}


def tell_again(room):
    assert room.clock is None
    return {"again": dict.fromkeys(room.slots, exact(room.at))}
"""


def a_clock(house: House, toml: str = STUDY) -> tuple[Opened, Study, dict[int, int]]:
    files = {"study.toml": toml.encode(), "hooks.py": HOOKS.encode(), "pages/talk.html": PAGE.encode()}
    study = parse(files)
    session = house.open_study(study, {"x": 2})
    come(house, session, *session.tokens)
    assert seat(house, session) == 1 or house.sql("select 1 from room where session_id = %s", session.id)
    conduct(house)
    players = dict(house.sql("select slot, id from player where session_id = %s", session.id))
    return session, study, players


def make(house: House, study: Study, player_id: int, name: str) -> None:
    house.read(lambda conn: left_by_a_dead_process(conn, study, player_id, name))


def results(house: House, name: str) -> set[Decimal]:
    return {Decimal(value) for (value,) in house.sql("select value from result where name = %s", name)}


def test_it_rises_or_falls_by_steps_and_stops_where_it_is_to() -> None:
    up = Clock(Field("clock", "Price", NUMBER), Decimal(10), Decimal("0.5"), 0.3, Decimal("11.2"))
    assert [up.at(seconds) for seconds in (0, 0.29, 0.3, 0.6, 0.9, 100)] == [
        *(Decimal(10), Decimal(10), Decimal("10.5"), Decimal(11), Decimal("11.2"), Decimal("11.2"))
    ]
    assert up.all_within(60) == ["10.0", "10.5", "11.0", "11.2"], "as many decimals as it ever has"
    down = Clock(Field("clock", "Price", NUMBER), Decimal(100), Decimal(-2), 1.0, Decimal(20))
    assert (down.value(15.2), down.value(99)) == (70, 20) and isinstance(down.value(1), int)
    assert len(down.all_within(3600)) == 41 and down.all_within(3) == ["100", "98", "96", "94"]
    assert Clock(down.field, Decimal(0), Decimal(1), 1.0).all_within(2.5) == ["0", "1", "2"]
    endless = Clock(down.field, Decimal(0), Decimal(1), 1.0)
    assert endless.drawn_within(2.5) is endless.drawn_within(2.5) == "0\n1\n2", "the same for every page"
    assert len(endless.drawn_within(1e9).splitlines()) == LONGEST + 1


def test_a_move_takes_what_it_shows_as_it_is_stored_and_not_as_it_is_handled(house: House) -> None:
    session, study, players = a_clock(house)
    house.sql("update opened_step set at = clock_timestamp() - interval '20.1 s'")
    make(house, study, players[1], "take")
    house.sql("update opened_step set at = at - interval '100 s'")
    house.sql("update room set deadline = clock_timestamp()")
    conduct(house)
    assert results(house, "at_once") == {Decimal(20)}, "20 times half a point more than 10"
    assert house.sql("select clock from move") == [("20",)]
    assert house.sql("select data->>'clock' from event where name = 'move_made'") == [("20",)]
    assert house.contradictions(session) == []


def test_what_ends_a_step_says_how_long_it_was_open_and_it_is_stored(house: House) -> None:
    session, study, players = a_clock(house)
    house.sql("update opened_step set at = clock_timestamp() - interval '20.1 s'")
    make(house, study, players[1], "take")
    make(house, study, players[2], "end")
    house.sql("update opened_step set at = at - interval '100 s'")
    house.sql("update room set deadline = clock_timestamp()")
    conduct(house)
    [(ended,)] = house.sql("select since from move where ends")
    [(lasted,)] = house.sql("select lasted from opened_step where position = 0")
    assert lasted == ended and results(house, "seconds") == {Decimal(f"{ended:.6f}")}
    assert results(house, "price") == {Decimal(20)}, "as of the move that has ended it"
    # A step without a clock, which its deadline ends, and of which a pause took 30 seconds.
    house.sql("update opened_step set at = at - interval '90 s', stood_still = '30 s' where position = 1")
    house.sql("update room set deadline = clock_timestamp()")
    conduct(house)
    [again] = results(house, "again")
    assert 60 <= again < 70
    assert house.contradictions(session) == []


def test_where_a_researcher_gives_a_step_more_time_its_clock_goes_on_on_the_pages_too(house: House) -> None:
    short = STUDY.replace('limit = "1h"\nclock', 'limit = "100s"\nclock').replace(", to = 100", "")
    session, _, players = a_clock(house, short)

    async def page() -> bytes:
        async with open_pool(house.database, 2) as pool, pool.connection() as conn:
            live = Live(house.database, pool, await read_keys(conn), Studies(pool))
            try:
                return await live.snapshot(Page(players[1], session.id))
            finally:
                live.hub.line.drop()

    before = house.tell(page())
    assert b'60.0"' in before and b"60.5" not in before, (
        "10, and half a point more in each of a hundred seconds"
    )
    [(room_id, position)] = house.sql("select id, position from room")
    house.do(lambda conn: actions.extend(conn, session.id, room_id, position, 0, 20, "ada"))
    assert b'70.0"' in house.tell(page())


def test_a_pause_stops_the_clock_and_pages_and_moves_know_it_alike(house: House) -> None:
    session, _, _ = a_clock(house)
    apart = (
        "select extract(epoch from r.began - o.at - o.stood_still)::float,"
        " extract(epoch from clock_timestamp() - r.began)::float"
        " from room r join opened_step o on o.room_id = r.id"
    )
    [(before, gone)] = house.sql(apart)
    assert abs(before) < 0.05 and 0 <= gone < 20
    house.sql("update session set status = 'paused', paused_at = clock_timestamp() - interval '30 s'")
    house.sql(
        "update room set began = began - interval '30 s', deadline = deadline - interval '30 s',"
        " opened_at = opened_at - interval '30 s'"
    )
    house.sql("update opened_step set at = at - interval '30 s'")
    house.act("resume", session)
    [(after, gone)] = house.sql(apart)
    assert abs(after) < 0.05 and 0 <= gone < 20, "the pause is not counted"
    [(told,)] = house.sql(
        "select data->>'began' from event where name = 'deadline_moved' order by seq desc limit 1"
    )
    [(began,)] = house.sql("select began from room")
    assert datetime.fromisoformat(told) == began
