"""Stories of a session told again from its logs: whole, at a moment, and where somebody meddled."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise

import pytest

from app import actions, clock, dropouts, notes, pay, rooms, sessions, slots
from app.arguments import Refusal
from app.db import Connection
from app.keys import Keys
from app.places import place_of
from app.replay import STATUSES, Span, Then, read_then
from app.replay_check import Checked, check
from app.replay_command import moment
from app.replay_places import Stage, page_then
from tests.house import House
from tests.lively import Lively, a_lively_session, open_lively


def checked(house: House, session_id: str) -> Checked:
    """On a connection in autocommit: the check opens its own transaction."""
    return house.read(lambda conn: check(conn, session_id))


def then_at(house: House, session_id: str, at: datetime) -> Then:
    return house.read(lambda conn: read_then(conn, session_id, at))


def close(house: House, session_id: str) -> None:
    house.do(lambda conn: sessions.close(conn, session_id, "ada"))


def an_eventful_session(house: House) -> Lively:
    """What can happen to a session, a room and a player, each at least once."""
    lively = open_lively(house, 14)
    session_id, study = lively.session_id, lively.study
    who = {label: lively.comes(label) for label in [*lively.tokens][:9]}
    assert lively.seat() == 8
    first, second, third, *_ = who.values()
    late = {label: lively.comes(label) for label in ("P10", "P11", "P12")} | {"P9": who["P9"]}
    heirs = [late["P11"], late["P9"], late["P10"]]

    async def act(conn: Connection) -> None:
        room = await _room_of(conn, first)
        await actions.extend(conn, session_id, room.id, room.deadline, 30, "ada")
        await actions.retype(conn, session_id, study, late["P10"], "red", "ada")
        await actions.dismiss(conn, session_id, study, late["P12"], "lobby", "ada")

    async def pause(conn: Connection) -> None:
        await sessions.pause(conn, session_id, "ada")

    async def resume(conn: Connection) -> None:
        await sessions.resume(conn, session_id, "ada")

    house.do(act)
    lively.answers(first, 1)
    house.do(pause)
    lively.comes("P13")
    house.do(resume)
    lively.seat()

    async def act_again(conn: Connection) -> None:
        room = await _room_of(conn, first)
        for leaves, takes in pairwise([first, *heirs]):
            await actions.replace(conn, session_id, study, leaves, takes, "withdrawn", "ada")
        await actions.advance(conn, session_id, study, room.id, 0, "ada")
        await actions.issue(conn, session_id, study, first, "complete", "ada")
        never = await _player(conn, session_id, "P14")
        await actions.issue(conn, session_id, study, never, "lobby", "ada")

    house.do(act_again)
    lively.answers(heirs[-1], 2)
    lively.answers(heirs[-1], 1)  # late
    house.do(lambda conn: lively.say(conn, heirs[-1], "Hello"))

    async def earn(conn: Connection) -> None:
        room = await _room_of(conn, third)
        await pay.earn(conn, room.id, 0, {slot: Decimal("1.25") for slot in range(1, 5)}, "payoff")

    house.do(earn)

    async def silent(conn: Connection) -> None:
        room = await _room_of(conn, third)
        playing = [seat for seat in (await rooms.view(conn, room.id)).seats if seat.status == "playing"]
        ids = [seat.player_id for seat in playing]
        await conn.execute(dropouts.SQL["nudge"], dict(player_ids=ids))
        await conn.execute(dropouts.SQL["take_back_nudge"], dict(player_id=ids[0]))
        await conn.execute(slots.SQL["set_bot"], dict(room_id=room.id, slot=playing[1].slot, bot=True))

    house.do(silent)
    lively.withdraws(second)

    async def end_one(conn: Connection) -> None:
        room = await _room_of(conn, third)
        await actions.end_room(conn, session_id, study, room.id, "ada")

    house.do(end_one)
    return lively


async def _room_of(conn: Connection, player: int) -> rooms.Room:
    [(room_id,)] = await (await conn.execute("select room_id from player where id = %s", [player])).fetchall()
    return await rooms.find_room(conn, room_id)


async def _player(conn: Connection, session_id: str, label: str) -> int:
    query = "select id from player where session_id = %s and label = %s"
    [(player_id,)] = await (await conn.execute(query, [session_id, label])).fetchall()
    return int(player_id)


def test_a_session_folded_from_its_logs_is_what_the_tables_say(house: House) -> None:
    for session_id in (an_eventful_session(house).session_id, a_lively_session(house)[0].session_id):
        found = checked(house, session_id)
        assert [str(one) for one in found.differences] == []
        assert found.records and found.messages
        close(house, session_id)
        assert [str(one) for one in checked(house, session_id).differences] == []


def test_each_place_where_table_and_log_part_is_named_with_what_both_say(house: House) -> None:
    lively = an_eventful_session(house)
    assert checked(house, lively.session_id).ok
    for change in (
        "alter table player disable trigger player_updated",
        "update player set type = 'green' where label = 'P5'",
        "update record set value = '99' where field = 'belief' and round = 1 and not late",
        "delete from record where field = 'belief' and late",
        "delete from event where name = 'step_opened'",
        "delete from message",
    ):
        house.sql(change)
    found = checked(house, lively.session_id)
    said = [str(one) for one in found.differences]
    assert said[0].startswith("the log of mixed-1, events: the log says nothing of event ")
    assert said[1] == "player P5, type: the log says red, the table says green"
    assert "room mixed-1, answered: the log says numbers 1, the table says numbers 10" in said
    assert any("sha256: the log says" in one for one in said)
    assert any("stored: the log says acknowledged, the table says nothing of" in one for one in said)
    assert said[-1] == "message 1, stored: the log says yes, the table says nothing"
    assert len(said) == 6


def test_the_fold_at_a_moment_is_what_was_so_then(house: House) -> None:
    """Between any two things that happen, what the tables say is noted; the log tells it again afterwards."""
    lively = open_lively(house, 9)
    noted: dict[datetime, tuple[object, ...]] = {}

    def note() -> None:
        [moment] = house.sql("select clock_timestamp()")
        noted[moment[0]] = _state(house, lively.session_id)

    who = []
    for label in lively.tokens:
        who.append(lively.comes(label))
        note()
    lively.seat()
    note()
    lively.answers(who[0], 1)
    note()
    house.do(lambda conn: sessions.pause(conn, lively.session_id, "ada"))
    note()
    house.do(lambda conn: sessions.resume(conn, lively.session_id, "ada"))
    note()
    lively.moves_to(who[0], 2)
    note()
    lively.withdraws(who[0])
    note()
    assert len(set(noted.values())) == len(noted)
    for at, state in noted.items():
        then = then_at(house, lively.session_id, at)
        waiting = [one for one in then.players.values() if one.status == "waiting"]
        rooms_then = tuple(
            (room.name, room.position, room.deadline, len(room.answered)) for room in then.rooms.values()
        )
        people = tuple((one.label, one.status, one.slot, one.waiting_since) for one in waiting)
        assert (then.status, then.stored, tuple(then.counts.values()), rooms_then, people) == state


def _state(house: House, session_id: str) -> tuple[object, ...]:
    [(status, records)] = house.sql(
        "select s.status::text, (select count(*) from record r where r.session_id = s.id) "
        "from session s where id = %s",
        session_id,
    )
    counts = dict(
        house.sql("select status::text, count(*) from player where session_id = %s group by 1", session_id)
    )
    seen = house.sql(
        "select r.name, r.position, r.deadline, count(distinct a.player_id) from room r left join record a "
        "on a.room_id = r.id and a.step = r.step and a.round = r.round and not a.late "
        "where r.session_id = %s group by r.id order by r.id",
        session_id,
    )
    people = house.sql(
        "select label, status::text, slot, waiting_since from player "
        "where session_id = %s and status = 'waiting' order by id",
        session_id,
    )
    return status, records, tuple(counts.get(one, 0) for one in STATUSES), tuple(seen), tuple(people)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("90", 90), ("2m", 120), ("14:01:30", 90), ("2026-11-24T14:00:05Z", 5), ("", 600), ("00:10", 36_600)],
)
def test_a_moment_can_be_said_in_several_ways(text: str, seconds: float) -> None:
    first = datetime(2026, 11, 24, 14, tzinfo=UTC)
    span = Span(first, first + timedelta(minutes=10))
    assert moment(text, span) - first == timedelta(seconds=seconds)


@pytest.mark.parametrize("text", ["soon", "-5", "25:00", "2026-13-01T00:00:00Z", "9" * 40, "١٢"])
def test_what_is_no_moment_is_refused_in_a_sentence(text: str) -> None:
    first = datetime(2026, 11, 24, 14, tzinfo=UTC)
    with pytest.raises(Refusal, match=r"is no moment; write seconds"):
        moment(text, Span(first, first))


def test_a_page_of_the_past_says_what_it_said_then(house: House) -> None:
    """The page of one who plays, writes, is written to and leaves, and of one who waits through a pause."""
    lively = open_lively(house, 9)
    who = [lively.comes(label) for label in lively.tokens]
    kept: list[tuple[datetime, dict[int, str]]] = []

    def keep() -> None:
        [(at,)] = house.sql("select clock_timestamp()")
        kept.append((at, {player: page_now(house, lively, player, at) for player in (who[0], who[8])}))

    keep()
    lively.seat()
    keep()
    lively.answers(who[0], 1, "12", "because")
    house.do(lambda conn: notes.ask(conn, lively.session_id, who[0], "Help!", "", "form-1"))
    keep()
    house.do(lambda conn: notes.write(conn, lively.session_id, None, "ada", "Hello all", "form-2"))
    house.do(lambda conn: lively.say(conn, who[0], "first"))
    lively.answers(who[0], 1, "13", "another because")
    keep()
    house.do(lambda conn: sessions.pause(conn, lively.session_id, "ada"))
    keep()
    house.do(lambda conn: sessions.resume(conn, lively.session_id, "ada"))
    lively.moves_to(who[0], 2)
    house.do(lambda conn: lively.say(conn, who[0], "second"))
    keep()
    lively.withdraws(who[0])
    keep()
    close(house, lively.session_id)
    keep()
    assert "another because" in kept[3][1][who[0]] and "another because" not in kept[5][1][who[0]]
    assert len({pages[who[0]] for _, pages in kept}) == len(kept) - 1  # the close no longer concerns them
    for at, pages in kept:
        for player, page in pages.items():
            assert page_of_the_past(house, lively, player, at) == page


def page_now(house: House, lively: Lively, player: int, at: datetime) -> str:
    async def read(conn: Connection) -> str:
        place = await place_of(conn, Keys(b"secret"), lively.study, player)
        assert place is not None
        with clock.standing_at(at):
            return _without_keys(place.html())

    return house.read(read)


def page_of_the_past(house: House, lively: Lively, player: int, at: datetime) -> str:
    async def read(conn: Connection) -> str:
        session = await sessions.find_session(conn, lively.session_id)
        then = await read_then(conn, lively.session_id, at)
        return _without_keys(await page_then(conn, Stage(session, lively.study, at, then), player))

    return house.read(read)


def _without_keys(page: str) -> str:
    return re.sub(r'name="form_key" value="[^"]*"', "", page)
