"""Stories of a researcher who starts, pauses, resumes and closes a session."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta

import pytest

from app.database.connections import Connection, connect
from app.export import payments
from app.export.verify import verify
from app.players import quotas
from app.players.quotas import Guest
from app.replay import check
from app.rooms import decisions, parts, rooms
from app.sessions import actions, arrivals, mending
from app.sessions.conductor import SWEEP
from app.sessions.sessions import SessionError
from app.study.stored import read_study
from tests.house.alone import BEFORE, SURVEY, Alone, open_alone
from tests.house.conducting import conduct
from tests.house.crowd import age, come, seat
from tests.house.house import House
from tests.house.studies import TALK, changed
from tests.house.waits import until


def test_a_pause_moves_every_deadline_and_every_wait_by_exactly_its_length(house: House) -> None:
    session = house.open(TALK, {"red": 7, "blue": 6})
    come(house, session, "R1", "R2", "B1", "B2", "R3")
    age(house, session, 100, "R1", "R2")
    age(house, session, 90, "R3")
    seat(house, session)
    house.act("pause", session)
    # The pause began a minute ago; R4 and two pairs came in the middle of it.
    house.sql("update session set paused_at = paused_at - interval '60s'")
    house.sql("update room set opened_at = opened_at - interval '100s'")
    house.sql("update opened_step set at = at - interval '100s'")
    come(house, session, "R4", "R5", "R6", "B3", "B4")
    assert seat(house, session) == 0, "somebody was seated during a pause"

    before = _times(house)
    [(paused_at,)] = house.sql("select paused_at from session")

    [(earliest,)] = house.sql("select clock_timestamp()")
    house.act("resume", session)
    after = _times(house)
    resumed_at = after["R4"]  # who came during the pause has waited only since it ended
    assert earliest < resumed_at < house.sql("select clock_timestamp()")[0][0]
    assert (resumed_at - paused_at).total_seconds() > 60
    for name in ("mixed-1", "R3"):
        assert after[name] - before[name] == resumed_at - paused_at
    assert after["B4"] == resumed_at
    assert seat(house, session) == 4
    assert house.contradictions(session) == []


def test_a_step_that_opened_when_a_pause_had_begun_has_its_time_and_no_more(house: House) -> None:
    session = house.open(TALK, {"red": 3, "blue": 2})
    come(house, session, "R1", "R2", "R3", "B1", "B2")
    seat(house, session)
    house.act("pause", session)
    # Its room is older; somebody was deciding on it as the pause began, a minute ago.
    house.sql("update session set paused_at = paused_at - interval '60s'")
    house.sql("update room set opened_at = opened_at - interval '100s'")
    before = _times(house)["mixed-1"]
    house.act("resume", session)
    assert _times(house)["mixed-1"] - before < timedelta(seconds=30)


def test_nothing_is_due_during_a_pause(house: House) -> None:
    session = house.open(TALK, {"red": 3, "blue": 2})
    come(house, session, "R1", "R2", "R3", "B1", "B2")
    seat(house, session)
    house.act("pause", session)
    house.sql("update room set deadline = now() - interval '1s'")
    house.sql("update lobby set due_at = now() - interval '1s'")
    before = _times(house)

    assert conduct(house) == SWEEP
    assert house.sql("select round from room") == [(1,)]
    assert _times(house) == before

    house.act("resume", session)
    house.sql("update room set deadline = now() - interval '1s'")
    assert 0 < conduct(house) < 60
    assert house.sql("select round from room") == [(2,)]


def test_every_action_done_twice_is_done_once(house: House) -> None:
    session = house.open(TALK, {"red": 3, "blue": 2}, start=False)
    come(house, session, "R1", "R2", "R3", "B1", "B2")
    events = "select name from event where name like 'session_%' order by seq"

    assert "seating begins" in house.act("start", session)
    assert "nothing changed" in house.act("start", session)
    seat(house, session)
    assert "every deadline waits" in house.act("pause", session)
    [(paused_at,)] = house.sql("select paused_at from session")
    assert "nothing changed" in house.act("pause", session)
    assert house.sql("select paused_at from session") == [(paused_at,)]
    house.act("resume", session)
    shifted = _times(house)
    assert "nothing changed" in house.act("resume", session)
    assert _times(house) == shifted
    assert "everyone who came has a code" in house.act("close", session)
    closed = house.sql("select label, status::text, code, finished_at from player order by label")
    assert "nothing changed" in house.act("close", session)
    assert house.sql("select label, status::text, code, finished_at from player order by label") == closed
    assert {(status, code) for _, status, code, _ in closed} == {("finished", "COMPLETE"), ("left", "LOBBY")}
    for action in ("start", "pause", "resume"):
        with pytest.raises(SessionError, match="is closed"):
            house.act(action, session)

    assert house.sql(events) == [(f"session_{name}",) for name in ("started", "paused", "resumed", "closed")]
    assert house.contradictions(session) == []


def _times(house: House) -> dict[str, datetime]:
    """Deadlines by room, waits by player."""
    return dict(
        house.sql(
            """select name, deadline from room
            union all select label, waiting_since from player where status = 'waiting'"""
        )
    )


PAID = TALK.replace('max_wait = "5m"', 'max_wait = "5m"\npay_per_minute = 0.60')


def test_waiting_counts_from_the_start_and_is_paid_from_coming(house: House) -> None:
    session = house.open(PAID, {"red": 3, "blue": 1}, start=False)
    come(house, session, "R1", "R2", "B1")
    age(house, session, 900, "R1", "R2", "B1")  # at 9:45 for 10:00
    seat(house, session)
    conduct(house)
    assert house.sql("select distinct status::text from player where label <> 'R3'") == [("waiting",)]
    house.act("start", session)
    [(started_at, waits)] = house.sql(
        "select started_at, array_agg(distinct waiting_since) from session, player where waiting_since is not null"
        " group by 1"
    )
    assert waits == [started_at]
    conduct(house)
    assert house.sql("select distinct status::text from player where label <> 'R3'") == [("waiting",)]
    come(house, session, "R3")
    seat(house, session)
    [(since,)] = house.sql("select waiting_since from player where label = 'R3'")
    assert since > started_at, "who comes later waits from coming"

    age(house, session, 300, "R1", "R2", "B1")
    house.sql("update lobby set due_at = now()")
    conduct(house)
    assert house.sql("select label, status::text, outcome from player where label = 'R1'") == [
        ("R1", "left", "lobby")
    ]
    assert house.contradictions(session) == []
    house.act("close", session)

    async def paid(conn: Connection) -> list[tuple[str, ...]]:
        study = await read_study(conn, session.id)
        return [line async for line in payments.payment_rows(conn, session.id, study)]

    mine = next(line for line in house.do(paid) if "R1" in line)
    assert float(mine[10]) >= 0.6 * 20, "a quarter of an hour before the start, and five minutes after it"


def test_the_log_tells_from_when_waiting_counts(house: House) -> None:
    session = house.open(PAID, {"red": 3, "blue": 2}, start=False)
    come(house, session, "R1", "R2")
    seat(house, session)
    come(house, session, "B1")  # and no seating has logged it yet
    house.act("start", session)
    come(house, session, "R3", "B2")
    seat(house, session)
    checked = house.read(lambda conn: check.check(conn, session.id))
    assert not checked.differences, checked.differences


def test_a_session_that_nobody_starts_sends_those_home_who_came_too_early_paid(house: House) -> None:
    short = PAID.replace('max_wait = "5m"', 'max_wait = "5m"\nmax_early = "30m"')
    session = house.open(short, {"red": 2}, start=False)
    come(house, session, "R1", "R2")
    age(house, session, 1800, "R1")
    seat(house, session)
    assert house.sql("select label, status::text, code from player order by label") == [
        ("R1", "left", "LOBBY"),
        ("R2", "waiting", None),
    ]
    [(seconds,)] = house.sql("select extract(epoch from due_at - now())::float8 from lobby")
    assert 1790 < seconds <= 1800


def test_a_session_starts_by_itself_at_its_time_and_only_once(house: House) -> None:
    session = house.open(TALK, {"red": 2, "blue": 2}, start=False)
    house.sql("update session set start_at = now() + interval '2 hours'")
    come(house, session, "R1", "R2", "B1", "B2")
    age(house, session, 7000, "R1")  # hours before a start that is known
    seat(house, session)
    conduct(house)
    assert house.sql("select distinct status::text from player") == [("waiting",)]
    house.sql("update session set start_at = now()")
    conduct(house)
    conduct(house)
    assert house.sql("select status::text from session") == [("running",)]
    assert house.sql("select data->>'by' from event where name = 'session_started'") == [(None,)]
    assert house.sql("select distinct status::text from player") == [("playing",)]


def test_whoever_comes_during_a_pause_has_all_the_time_of_their_page_once_it_is_over(house: House) -> None:
    alone = open_alone(house, toml=changed(SURVEY, 'page = "about"', 'page = "about"\nlimit = "2m"'))
    first = alone.comes("R1")
    house.act("pause", alone.opened)
    house.sql("update session set paused_at = paused_at - interval '60s'")
    house.sql("update room set opened_at = opened_at - interval '70s'")
    house.sql("update opened_step set at = at - interval '70s'")
    second = alone.comes("R2")
    before = dict(house.sql("select player_id, deadline from room"))
    house.act("resume", alone.opened)
    after = dict(house.sql("select player_id, deadline from room"))
    assert after[first] - before[first] > timedelta(seconds=60)
    assert after[second] - before[second] < timedelta(seconds=30)
    [(left,)] = house.sql("select deadline - resumed_at from room, session where player_id = %s", second)
    assert timedelta(0) <= left - timedelta(minutes=2) < timedelta(seconds=2)


def test_whoever_goes_on_alone_at_the_moment_of_the_close_has_a_code_and_no_page(house: House) -> None:
    alone = open_alone(house)
    ann, ben, cat = (alone.comes(label) for label in ("R1", "R2", "R3"))
    for one in (ann, ben, cat):
        alone.through(one, *BEFORE)
    alone.seat()
    for one in (ann, ben):
        alone.says(one, {"belief": "7"}, goes_on=False)

    async def story() -> None:
        moving = await connect(house.database, "moving")
        async with moving.transaction():
            for due in await rooms.claim_due(moving, alone.session_id, [], True, 9):
                await decisions.move_on(moving, alone.hooks, alone.study, due)
            closing = asyncio.create_task(asyncio.to_thread(house.act, "close", alone.opened))
            blocked = "select 1 from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()"
            await until(lambda: house.sql(blocked), "it waits for the room that is being moved")
        assert "2 people were still at [[after]]" in await closing
        await moving.close()

    house.tell(story())
    assert [alone.status(one) for one in (ann, ben, cat)] == ["finished complete"] * 2 + ["left lobby"]
    assert house.sql("select name from room where status = 'playing'") == []
    holds(alone)


def test_whoever_came_in_with_a_process_that_died_then_is_out_with_the_close(house: House) -> None:
    alone = open_alone(house, toml=SURVEY)

    async def comes(conn: Connection, label: str) -> int:
        [(number,)] = await (await conn.execute("select id from player where label = %s", [label])).fetchall()
        await quotas.come_in(conn, alone.session_id, alone.study, [Guest(number, {})])
        return int(number)

    ann, ben = (house.do(lambda conn, label=label: comes(conn, label)) for label in ("R1", "R2"))  # type: ignore[misc]
    house.read(lambda conn: arrivals.begin_late(conn, alone.session_id, alone.study, ben))
    house.act("close", alone.opened)
    house.read(lambda conn: arrivals.begin_late(conn, alone.session_id, alone.study, ann))
    assert [alone.status(one) for one in (ann, ben)] == ["left closed"] * 2
    assert house.sql("select player_id, status::text from room") == [(ben, "ended")]
    holds(alone)
    house.sql(
        "update player set status = 'before', outcome = null, code = null, finished_at = null where id = %s",
        ann,
    )
    house.read(lambda conn: arrivals.begin_late(conn, alone.session_id, alone.study, ann))
    assert alone.status(ann) == "left closed", "whom an older version has left so"


def test_whoever_is_taken_out_alone_has_the_code_that_was_chosen_and_goes_on_nowhere(house: House) -> None:
    for toml in (None, SURVEY):
        alone = open_alone(house, 3) if toml is None else open_alone(house, 3, toml)
        who = [alone.comes(label) for label in ("R1", "R2", "R3")]
        if toml:
            alone.says(who[2], {"mood": "3"})
        for one, outcome in zip(who, ("complete", "withdrawn", "lobby"), strict=True):
            said = take_out(alone, one, outcome)
            assert f"with the code for “{'complete' if toml and one == who[2] else outcome}”" in said
        third = "finished complete" if toml else "left lobby"
        assert [alone.status(one) for one in who] == ["left complete", "left withdrawn", third]
        assert (
            house.sql("select name from room where session_id = %s and status = 'playing'", alone.session_id)
            == []
        )
        assert alone.seat() == 0
        holds(alone)


def take_out(alone: Alone, player: int, outcome: str) -> str:
    return alone.house.do(
        lambda conn: actions.dismiss(conn, alone.session_id, alone.study, player, outcome, "ada")
    )


def test_nobody_is_given_up_who_has_answered_until_their_room_was_locked(house: House) -> None:
    alone = open_alone(house, 2, SURVEY)
    ann, _ = (alone.comes(label) for label in ("R1", "R2"))
    alone.says(ann, {"mood": "4"}, goes_on=False)
    house.sql("update room set deadline = now()")
    found = [
        house.do(lambda conn, room=room: parts.waits_on(conn, room, 0.0))  # type: ignore[misc]
        for (room,) in house.sql("select id from room order by player_id")
    ]
    assert found == [True, False], "nobody has given a sign, and Ann has answered"


def test_a_page_that_one_person_is_at_alone_is_moved_on_by_nobody_else(house: House) -> None:
    alone = open_alone(house, 1)
    ann = alone.comes("R1")
    other = house.open(TALK)
    [(room, position)] = house.sql("select id, position from room where player_id = %s", ann)
    with pytest.raises(SessionError, match="goes on alone and whom nobody waits for"):
        house.do(lambda conn: actions.advance(conn, alone.session_id, alone.study, room, position, "ada"))
    at = datetime.fromisoformat("2026-01-01T00:00:00+00:00")
    house.sql(
        "update room set stopped = jsonb_build_object('at', %s::text) where id = %s", at.isoformat(), room
    )
    for session_id, said in ((other.id, "nothing changed"), (alone.session_id, "tries again")):
        assert said in house.do(
            lambda conn, of=session_id: mending.retry(conn, of, room, at, "ada")  # type: ignore[misc]
        )


def holds(alone: Alone) -> None:
    assert alone.house.contradictions(alone.opened) == []
    told = alone.house.read(lambda conn: check.check(conn, alone.session_id))
    assert told.differences == []
    verdict = asyncio.run(verify(alone.house.database, alone.session_id, alone.study))
    assert verdict.ok, str(verdict)
