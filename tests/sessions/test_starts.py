"""Stories of a session that starts by itself: how a researcher writes when, moves it, and calls it off."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from app.database import clock
from app.replay import check
from app.sessions import actions
from app.sessions.sessions import SessionError
from app.sessions.starts import StartError, said, start_time
from tests.house.conducting import conduct
from tests.house.crowd import age, come, seat
from tests.house.house import House
from tests.house.studies import TALK

BERLIN = "Europe/Berlin"


@pytest.mark.parametrize(
    ("text", "zone", "sentence"),
    [
        ("soon", BERLIN, "“soon” is no date and time"),
        ("25:00", BERLIN, "“25:00” is no date and time"),
        ("9999-12-31T23:30", "-10:00", "is no date and time"),
        ("2099-12-01T10:00", "", "says no offset"),
        ("10:00", "", "says no offset"),
        ("2099-12-01T10:00", "Europe/Atlantis", "“Europe/Atlantis” is no time zone"),
        ("2099-12-01T10:00", "../../etc/passwd", "is no time zone"),
        ("2099-12-01T10:00", "Europe", "is no time zone"),
        ("2099-12-01T10:00+01:00", BERLIN, "has an offset already"),
        ("2019-12-01T10:00", BERLIN, "has passed"),
        (
            "2040-03-25T02:30",
            BERLIN,
            "There is no 2040-03-25 02:30 in Europe/Berlin: the clocks are put forward",
        ),
        ("2040-03-25T02:30", BERLIN, "Is it 2040-03-25T03:30 that is meant?"),
        ("2040-10-28T02:30", BERLIN, "comes twice in Europe/Berlin"),
        ("2040-10-28T02:30", BERLIN, "give the offset, +02:00 for the first, +01:00 for the second"),
    ],
)
def test_a_time_that_is_none_is_refused_with_what_to_write(text: str, zone: str, sentence: str) -> None:
    with pytest.raises(StartError) as refused:
        start_time(text, zone)
    assert sentence in str(refused.value)


def test_a_time_is_meant_in_its_zone_and_said_in_it() -> None:
    summer = datetime(2040, 7, 1, 8, 0, tzinfo=UTC)
    for text, zone in (
        ("2040-07-01T10:00", BERLIN),
        ("2040-07-01T10:00+02:00", ""),
        ("2040-07-01T08:00Z", ""),
    ):
        assert start_time(text, zone) == summer
    assert (
        said(start_time("2040-07-01T10:00", BERLIN))
        == "2040-07-01 10:00 Europe/Berlin (2040-07-01 08:00 UTC)"
    )
    assert said(summer) == "2040-07-01 08:00 UTC"
    first, second = (start_time("2040-10-28T02:30", offset) for offset in ("+02:00", "+01:00"))
    assert second - first == timedelta(hours=1)
    soon = start_time("10:00", BERLIN)
    assert f"{soon.astimezone(ZoneInfo(BERLIN)):%H:%M}" == "10:00"
    assert timedelta(0) < soon - clock.now() <= timedelta(hours=25)


def test_a_start_is_moved_and_called_off_and_nobody_has_waited_before(shared: House) -> None:
    early = TALK.replace('max_wait = "5m"', 'max_wait = "5m"\nmax_early = "30m"')
    session = shared.open(early, {"red": 3}, start=False)

    def move(hours: float | None) -> str:
        at = None if hours is None else clock.now() + timedelta(hours=hours)
        return shared.do(lambda conn: actions.move_start(conn, session.id, at, "ada"))

    def standing() -> list[tuple[str, ...]]:
        return shared.sql(
            "select label, status::text from player where session_id = %s order by label", session.id
        )

    assert "starts by itself at" in move(2)
    come(shared, session, "R1", "R2")
    age(shared, session, 7000, "R1")  # two hours before a start that is known
    seat(shared, session)
    move(3)
    waits = [("R1", "waiting"), ("R2", "waiting"), ("R3", "invited")]
    assert seat(shared, session) == 0 and standing() == waits
    came_before = shared.do(lambda conn: actions.start(conn, session.id, by=""))
    assert "nothing changed" in came_before, "a process that had read the start before it was moved"

    # Nobody's time ran while the start was known: without one it begins now, and does not end for R1 at once.
    assert "does not start by itself any more" in move(None)
    assert "nothing changed" in move(None)
    come(shared, session, "R3")
    seat(shared, session)
    assert {status for _, status in standing()} == {"waiting"}
    [(least,)] = shared.sql(
        "select extract(epoch from l.due_at - now())::float8 from lobby l where session_id = %s", session.id
    )
    assert 1700 < least <= 1800, "seconds to the end of `max_early`"

    move(1)
    shared.sql("update session set start_at = now() where id = %s", session.id)
    conduct(shared)
    assert shared.sql("select status::text from session where id = %s", session.id) == [("running",)]
    with pytest.raises(SessionError, match="has started already"):
        move(1)
    told = shared.read(lambda conn: check.check(conn, session.id))
    # R1 was made older than their log says where that had been written by then.
    assert [one for one in told.differences if one.what != "player R1"] == []
    moves = shared.sql(
        "select data ? 'start_at', data ? 'was_at', data ? 'waits_from', data->>'by' from event"
        " where session_id = %s and name = 'start_moved' order by seq",
        session.id,
    )
    assert moves == [
        (True, False, False, "ada"),
        (True, True, False, "ada"),
        (False, True, True, "ada"),
        (True, False, False, "ada"),
        (True, True, False, None),
    ]
    shared.act("close", session)
    with pytest.raises(SessionError, match="is closed"):
        move(1)
