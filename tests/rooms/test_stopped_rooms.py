"""Stories of rooms that a hook has stopped: the time for which they stand still is theirs, whatever it was."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from uuid import uuid4

import pytest

from app.database.connections import Connection
from app.rooms import messages
from app.rooms.messages import NewMessage
from app.sessions import mending
from app.study.model.study import Study
from app.study.reading import parse
from tests.house.conducting import a_conductor, conduct, follow
from tests.house.crowd import come, seat
from tests.house.house import House, Opened
from tests.house.studies import as_files
from tests.house.waits import until

STUDY = """
title = "Give"
[[room]]
name = "pair"
seats = {any = 2}
[[step]]
page = "talk"
name = "give"
limit = "10m"
chat = [{name = "all", on_message = "mediate"}]
fields = [{name = "given", ask = "How much do you give?", kind = "integer", min = 0, max = 10}]
on_end = "share"
results = [{name = "lasted", ask = "So long it lasted", kind = "number"}]
[[step]]
page = "talk"
name = "end"
limit = "1h"
"""
WORKS = """
from decimal import Decimal

def mediate(room, messages):
    return None

def share(room):
    return {"lasted": {slot: round(Decimal(room.at), 3) for slot in room.slots}}
"""
FAILS = """
import time

def mediate(room, messages):
    time.sleep(0.5)  # so that its room can go on meanwhile
    return 7

def share(room):
    return 7
"""
LATER = """
update room set deadline = deadline - %(by)s::interval, opened_at = opened_at - %(by)s::interval,
    stopped = stopped || jsonb_build_object('at', (stopped->>'at')::timestamptz - %(by)s::interval);
update opened_step set at = at - %(by)s::interval;
update session set paused_at = paused_at - %(by)s::interval
"""


class Pair:
    """Two who sit in a room, and no server is there."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.study: Study = parse(as_files(STUDY, FAILS))
        self.session: Opened = house.open_study(self.study, {"x": 2})
        come(house, self.session, *self.session.tokens)
        seat(house, self.session)
        [(self.room_id,)] = house.sql("select id from room")

    def say(self) -> None:
        [(player,)] = self.house.sql("select id from player where slot = 1")
        talk = self.study.steps[0].channels[0]
        new = NewMessage(player, self.room_id, None, "give", talk, "Hello", str(uuid4()))
        assert isinstance(self.house.do(lambda conn: messages.store(conn, [new]))[0], int)

    def answer(self) -> None:
        self.house.sql(
            """insert into record (session_id, player_id, room_id, step, round, field, value, version, late, form)
            select session_id, id, room_id, 'give', 1, 'given', '3', 1, false, gen_random_uuid() from player"""
        )

    def decide(self, alone: bool) -> None:
        async def work(conn: Connection) -> None:
            async with a_conductor(self.house.database) as conductor:
                if alone:
                    await conductor.deciding.decide(self.session.id, self.room_id, [self.room_id], True)
                else:
                    await conductor.move_on(conn, [self.room_id], everywhere=True)
                await follow(conductor, conn)

        self.house.read(work)

    def later(self, seconds: int) -> None:
        for line in LATER.split(";"):
            self.house.sql(line.replace("%(by)s", f"'{seconds} s'"))

    def mend(self) -> None:
        mended = parse(as_files(STUDY, WORKS))
        self.house.do(lambda conn: mending.mend(conn, self.session.id, mended, "ada"))

    def mend_at_once(self) -> None:
        self.house.do(lambda conn: mending.retry(conn, self.session.id, self.room_id, self._stop(), "ada"))

    def _stop(self) -> datetime:
        [(at,)] = self.house.sql("select (stopped->>'at')::timestamptz from room")
        assert isinstance(at, datetime)
        return at

    def stopped(self) -> bool:
        return bool(self.house.sql("select 1 from room where stopped is not null"))

    @property
    def left(self) -> float:
        [(seconds,)] = self.house.sql(
            "select extract(epoch from deadline - clock_timestamp())::float from room"
        )
        return float(seconds)

    @property
    def lasted(self) -> Decimal:
        [(value,)] = self.house.sql("select distinct value from result where name = 'lasted'")
        return Decimal(value)


def test_a_step_that_a_hook_has_stopped_while_it_was_open_has_the_time_again(house: House) -> None:
    pair = Pair(house)
    pair.say()
    conduct(house)
    assert pair.stopped()
    pair.later(900)
    house.act("pause", pair.session)
    pair.mend()
    house.act("resume", pair.session)
    assert not pair.stopped() and 590 < pair.left < 600
    pair.answer()
    conduct(house)
    assert house.sql("select step from room") == [("end",)] and pair.lasted < 10, "nor does it count as open"
    assert house.contradictions(pair.session) == []


def test_a_hook_that_fails_just_after_a_pause_began_takes_nothing_of_the_time(house: House) -> None:
    pair = Pair(house)
    house.act("pause", pair.session)
    pair.later(60)
    house.sql(  # it was asked before the pause, and fails a minute later
        "update room set stopped = jsonb_build_object('hook', 'mediate', 'at', clock_timestamp())"
    )
    pair.later(60)
    house.act("resume", pair.session)
    pair.later(60)
    pair.mend_at_once()
    assert 595 < pair.left <= 600, (
        "a minute of pause, one in which it was stopped too, and one without a pause"
    )
    [(open_for,)] = house.sql(
        "select extract(epoch from clock_timestamp() - at - stood_still)::float from opened_step"
    )
    assert 0 <= open_for < 5

    house.act("pause", pair.session)
    pair.later(60)
    house.sql("update room set stopped = jsonb_build_object('hook', 'mediate', 'at', clock_timestamp())")
    pair.later(60)
    pair.mend()
    house.act("resume", pair.session)
    assert 590 < pair.left <= 600, "mended before the pause was over"


@pytest.mark.parametrize("alone", [False, True])
@pytest.mark.parametrize("early", [False, True])
def test_how_long_a_step_has_lasted_is_the_same_whenever_its_end_is_decided_on(
    house: House, alone: bool, early: bool
) -> None:
    pair = Pair(house)
    pair.later(300 if early else 610)
    if early:
        pair.answer()
    pair.decide(alone)
    assert pair.stopped()
    pair.later(3600)
    house.act("pause", pair.session)
    pair.mend()
    house.act("resume", pair.session)
    pair.decide(alone)
    assert house.sql("select step from room") == [("end",)], "it goes on at once"
    assert 300 <= pair.lasted < 305 if early else 599 < pair.lasted < 601
    assert 3590 < pair.left <= 3600


def test_a_room_that_has_gone_on_is_not_stopped_by_what_failed_at_the_step_before(house: House) -> None:
    pair = Pair(house)
    pair.say()

    async def work(conn: Connection) -> None:
        async with a_conductor(house.database) as conductor:
            conductor.acting.want(pair.session.id)
            thinks = """select 1 from pg_stat_activity where datname = current_database()
                and application_name = 'networklab bots' and state = 'idle in transaction'"""
            await until(lambda: house.sql(thinks), "the mediator thinks")
            await conn.execute(b"update room set position = 1, step = 'end'")
            await conductor.acting.settled()

    house.read(work)
    assert not pair.stopped()
