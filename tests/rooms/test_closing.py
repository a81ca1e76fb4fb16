"""Stories of steps that are over so long after the last move: each that counts puts their end off."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from app.database.connections import Connection
from app.export.verify import verify
from app.rooms import handling
from app.rooms.closing import Closing
from app.sessions import actions
from app.sessions.mending import mend
from app.study.hooks.pool import Hooks
from app.study.model.study import Study
from app.study.reading import parse
from tests.house.conducting import conduct
from tests.house.crowd import come, seat
from tests.house.house import House, Opened
from tests.house.market import HOOKS, handled, left_by_a_dead_process, market

LEFT = "select extract(epoch from deadline - clock_timestamp())::float from room"


def a_quiet_market(house: House) -> tuple[Opened, Study, dict[int, int]]:
    """It is over 15 s after the last move, and after an hour at the latest. No server is there."""
    study = market(3, **{'limit = "1h"\non_move': 'limit = "1h"\nquiet = "15s"\non_move'})
    session = house.open_study(study, {"x": 3})
    come(house, session, *session.tokens)
    assert seat(house, session) == 1 or house.sql("select 1 from room where session_id = %s", session.id)
    return (
        session,
        study,
        dict(house.sql("select slot, id from player where session_id = %s", session.id)),
    )


def make(house: House, study: Study, player_id: int, amount: int, to: int) -> None:
    values = {"amount": str(amount), "whom": str(to)}
    house.read(lambda conn: left_by_a_dead_process(conn, study, player_id, values=values))


def handle(house: House, study: Study, meanwhile: Callable[[], None] | None = None) -> None:
    """`meanwhile`: done when a hook has said what comes of a move, and it is not stored yet."""

    async def work(conn: Connection) -> None:
        hooks = Hooks()

        async def ask(hook: str, read: Callable[[Any], Any], *values: Any) -> Any:
            answer = await hooks.ask(study, hook, read, *values)
            if meanwhile:
                await asyncio.to_thread(meanwhile)
            return answer

        try:
            for (room_id,) in await (await conn.execute(b"select id from room")).fetchall():
                await handling.settle(conn, ask, study, room_id)
        finally:
            await hooks.retire(0)

    house.read(work)


def move_on(house: House, session: Opened, study: Study) -> None:
    [(room_id,)] = house.sql("select id from room")
    house.do(lambda conn: actions.advance(conn, session.id, study, room_id, 0, "ada"))


def more(house: House, session: Opened, seconds: int, given: int = 0) -> None:
    [(room_id,)] = house.sql("select id from room")
    told = house.do(lambda conn: actions.extend(conn, session.id, room_id, 0, given, seconds, "ada"))
    assert f"has {seconds} seconds more" in told


def left(house: House) -> float:
    seconds: float = house.sql(LEFT)[0][0]
    return seconds


def lasts(house: House) -> float:
    """Seconds from the beginning of the step to its end, whenever one asks."""
    ends = "select extract(epoch from max(deadline) - max(at))::float from room join opened_step on room_id = room.id"
    seconds: float = house.sql(ends)[0][0]
    return round(seconds, 3)


def later(house: House, seconds: int) -> None:
    """As if all had happened that much earlier."""
    house.sql("update opened_step set at = at - make_interval(secs => %s)", seconds)
    house.sql("update room set deadline = deadline - make_interval(secs => %s)", seconds)


def problems(house: House, session: Opened, study: Study) -> tuple[str, ...]:
    verdict = asyncio.run(verify(house.database, session.id, study))
    return next(one.rows for one in verdict.checks if one.name == "steps_end_when_it_is_quiet")


def test_the_first_move_brings_the_end_nearer_and_each_further_one_puts_it_off() -> None:
    closing = Closing(quiet=15, most=40, until=40, begun=False)
    untils = []
    for at in (2.0, 10.0, 24.5, 39.0):
        assert not closing.is_past(at)
        closing.hear(at)
        untils.append(closing.until)
    assert untils == [17, 25, 39.5, 40], "never beyond the limit"
    assert closing.is_past(40.5) and not closing.is_past(40.0)


def test_what_a_researcher_gave_stays() -> None:
    closing = Closing(quiet=15, most=100, until=90, begun=True)
    closing.hear(20)
    assert closing.until == 90
    closing.hear(80)
    assert closing.until == 95


def test_where_no_move_moves_the_deadline_none_is_past_it() -> None:
    assert not Closing(quiet=0, most=10, until=10, begun=True).is_past(11)


def test_a_move_that_counts_sets_the_deadline_in_its_own_transaction_and_a_refused_one_does_not(
    house: House,
) -> None:
    session, study, players = a_quiet_market(house)
    make(house, study, players[1], 110, 2)
    handle(house, study)
    assert left(house) > 3500, "nobody can pay that, so nothing has happened"
    make(house, study, players[1], 10, 2)
    handle(house, study)
    assert 5 < left(house) <= 15
    later(house, 10)
    make(house, study, players[2], 200, 2)
    handle(house, study)
    assert left(house) < 5
    make(house, study, players[2], 10, 3)
    handle(house, study)
    assert 10 < left(house) <= 15
    assert [accepted for _, _, accepted in handled(house, session)] == [False, True, False, True]
    of_room = (
        "select name from event e join log l on l.id = e.log_id where room_id > 0 order by seq desc limit 2"
    )
    assert house.sql(of_room) == [("deadline_moved",), ("move_made",)]
    assert house.contradictions(session) == []


def test_a_move_that_came_in_time_puts_the_end_off_however_late_it_is_handled(house: House) -> None:
    session, study, players = a_quiet_market(house)
    make(house, study, players[1], 10, 2)
    handle(house, study)
    make(house, study, players[2], 10, 3)
    house.sql("update room set deadline = clock_timestamp()")
    make(house, study, players[3], 10, 1)  # while it is not known whether the one before counts
    conduct(house)
    assert house.sql("select step from room") == [("market",)] and 5 < left(house) <= 15
    assert [accepted for _, _, accepted in handled(house, session)] == [True, True, True]
    assert house.contradictions(session) == []


def test_a_move_that_came_after_the_last_one_had_run_out_is_not_asked_about(house: House) -> None:
    session, study, players = a_quiet_market(house)
    make(house, study, players[1], 10, 2)
    handle(house, study)
    make(house, study, players[2], 10, 3)
    later(house, 20)
    make(house, study, players[3], 10, 1)
    conduct(house)
    assert house.sql("select step from room") == [("after",)]
    assert [accepted for _, _, accepted in handled(house, session)] == [True, True, False]
    told = "select data->>'sentence' from event where name = 'move_made' and not (data->>'accepted')::boolean"
    assert house.sql(told) == [("",)], "it was over by then"
    assert house.contradictions(session) == []


def test_it_lasts_no_longer_than_its_limit_and_what_a_researcher_adds(house: House) -> None:
    session, study, players = a_quiet_market(house)
    make(house, study, players[1], 10, 2)
    handle(house, study)
    later(house, 3588)
    house.sql("update room set deadline = clock_timestamp() + interval '6 s'")
    make(house, study, players[2], 10, 3)
    handle(house, study)
    assert lasts(house) == 3600, "an hour, and no more"
    more(house, session, 60)
    make(house, study, players[3], 10, 1)
    handle(house, study)
    assert lasts(house) == 3660, "what was given stays"
    later(house, 60)
    make(house, study, players[1], 10, 2)
    handle(house, study)
    assert lasts(house) == 3660


def test_a_step_that_was_moved_on_is_over_whatever_waits_to_be_handled(house: House) -> None:
    session, study, players = a_quiet_market(house)
    make(house, study, players[1], 10, 2)
    handle(house, study)
    make(house, study, players[2], 10, 3)
    move_on(house, session, study)
    make(house, study, players[3], 10, 1)
    handle(house, study)
    assert left(house) < 0, "the one that came in time counts, and nobody has got time by it"
    assert [accepted for _, _, accepted in handled(house, session)] == [True, True, False]
    assert house.contradictions(session) == []


def test_a_step_that_is_moved_on_while_a_hook_thinks_stays_so_until_a_researcher_extends_it(
    house: House,
) -> None:
    session, study, players = a_quiet_market(house)
    make(house, study, players[1], 10, 2)
    handle(house, study, meanwhile=lambda: move_on(house, session, study))
    assert left(house) < 0
    more(house, session, 5)
    assert 0 < left(house) <= 5
    make(house, study, players[2], 10, 3)
    handle(house, study)
    assert 5 < left(house) <= 15, "it goes on as before"
    later(house, 20)
    move_on(house, session, study)
    assert left(house) < -4, "it had been over for a while"
    assert house.contradictions(session) == []


def test_what_a_researcher_adds_while_a_hook_thinks_stays_and_each_further_move_is_no_hindrance(
    house: House,
) -> None:
    session, study, players = a_quiet_market(house)
    make(house, study, players[1], 10, 2)
    handle(house, study, meanwhile=lambda: more(house, session, 30))
    assert 40 < left(house) <= 45, "15 s after the first move, and what was given while that was handled"
    make(house, study, players[2], 10, 3)
    handle(house, study, meanwhile=lambda: more(house, session, 60, 30))
    assert 100 < left(house) <= 105
    make(house, study, players[3], 10, 1)
    handle(house, study)
    more(house, session, 120, 90)
    [(room_id,)] = house.sql("select id from room")
    again = house.do(lambda conn: actions.extend(conn, session.id, room_id, 0, 90, 120, "ada"))
    assert "nothing changed" in again, "a double click"
    assert 220 < left(house) <= 225
    assert house.contradictions(session) == []


def test_what_a_move_in_time_has_earned_is_there_after_its_hook_has_failed_and_is_mended(
    house: House,
) -> None:
    session, study, players = a_quiet_market(house)
    make(house, study, players[1], 10, 2)
    handle(house, study)
    later(house, 10)
    house.read(lambda conn: left_by_a_dead_process(conn, study, players[2], "breaks"))
    later(house, 6)
    conduct(house)  # 16 s after the step opened: its deadline has passed
    later(house, 60)
    house.sql(
        """update room set stopped = stopped || jsonb_build_object('at',
        (stopped->>'at')::timestamptz - interval '60 s')"""
    )
    works = HOOKS.replace('raise ValueError("it is broken")', "return Accept()")
    mended = parse({**study.files, "hooks.py": works.encode()})
    house.do(lambda conn: actions.pause(conn, session.id, "ada"))
    house.do(lambda conn: mend(conn, session.id, mended, "ada"))
    house.do(lambda conn: actions.resume(conn, session.id, "ada"))
    conduct(house)
    assert house.sql("select step from room") == [("market",)] and 0 < left(house) <= 9
    assert [accepted for _, _, accepted in handled(house, session)] == [True, True]
    assert house.contradictions(session) == []


def test_a_move_that_counted_later_than_it_could_is_found(house: House) -> None:
    session, study, players = a_quiet_market(house)
    for amount in (10, 11, 12):
        make(house, study, players[1], amount, 2)
    handle(house, study)
    assert problems(house, session, study) == ()
    house.sql("update move set since = since + (array[10, 0, 20])[nth]")
    assert problems(house, session, study) == (), "the one in between was made before the one before it"
    house.sql("update move set since = since + 6 where nth = 3")
    [told] = problems(house, session, study)
    assert "at a step that was over after 15 s" in told
