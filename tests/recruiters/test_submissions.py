"""Stories of where people are with the recruiter, of whom it is told, and of what goes when somebody is erased."""

from __future__ import annotations

import time

import pytest

from app.database.connections import Connection
from app.export.person import OnePerson, in_words
from app.recruiters.recruitment import recruitment_of
from app.recruiters.submissions import people_there
from app.sessions.erasing import erase, sweep
from app.sessions.sessions import SessionError
from app.study.stored import read_study
from tests.house.house import House
from tests.house.prolific import FakeProlific
from tests.house.recruited import Recruited, participant, recruited, submission


def standings(told: Recruited) -> dict[str, str | None]:
    found = told.house.read(lambda conn: people_there(conn, told.id))
    return {one.label: one.standing for one in found}


def test_everybody_is_where_the_recruiter_says_and_strangers_are_only_counted(
    shared: House, fake: FakeProlific
) -> None:
    told = recruited(shared, fake, ["0"] * 3)
    fake.submissions[submission(1)]["status"] = "TIMED-OUT"
    fake.submissions[submission(2)]["status"] = "RETURNED"
    fake.add("5" * 24, participant(2), "ACTIVE")  # came again, by another submission than their link named
    fake.add("7" * 24, "8" * 24, "RESERVED")
    del fake.submissions[submission(3)]
    fake.add("9" * 24, participant(3), "AWAITING REVIEW")
    told.look()
    assert standings(told) == {"P1": "timed_out", "P2": "returned", "P3": "awaiting_review"}
    found = shared.read(lambda conn: recruitment_of(conn, told.id))
    assert found is not None and found.not_here == 2
    assert found.standings == dict(timed_out=1, returned=1, active=1, reserved=1, awaiting_review=1)
    kept = shared.sql("select string_agg(s::text, ' ') from submission s where session_id = %s", told.id)
    assert participant(1) not in str(kept) and "8" * 24 not in str(kept)


def test_a_long_list_is_read_whole_and_after_the_time_that_they_ask_for(
    shared: House, fake: FakeProlific
) -> None:
    told = recruited(shared, fake, ["0"])
    for nth in range(600):
        fake.add(f"{nth:024x}", f"{nth + 5000:024x}", "RETURNED")
    fake.most_listed = 100  # whatever is asked for
    fake.fail("list", "429", Retry_After="1")
    began = time.monotonic()
    told.look()
    found = shared.read(lambda conn: recruitment_of(conn, told.id))
    assert found is not None and found.problem == "" and time.monotonic() - began > 1
    assert found.standings == dict(awaiting_review=1, returned=600) and found.not_here == 600


def test_they_are_asked_each_minute_and_not_for_ever(shared: House, fake: FakeProlific) -> None:
    told = recruited(shared, fake, ["0"], close=False)

    def next_look() -> float | None:
        told.look()
        [(seconds,)] = shared.sql(
            "select extract(epoch from look_at - looked_at)::float8 from recruiting where session_id = %s",
            told.id,
        )
        return None if seconds is None else round(seconds)

    assert next_look() == 60
    shared.act("close", told.session)
    assert next_look() == 600
    shared.sql("update session set closed_at = now() - interval '22 days' where id = %s", told.id)
    assert next_look() is None
    fake.fail("list", "500", 9)
    shared.sql("update recruiting set look_at = now() where session_id = %s", told.id)
    told.look()
    [(failures, waits)] = shared.sql(
        "select failures, look_at > now() + interval '50 seconds' from recruiting where session_id = %s",
        told.id,
    )
    assert (failures, waits) == (1, True)


@pytest.mark.parametrize(
    ("how", "sentence"),
    [
        ("401", "Prolific does not know this token. Copy it again from your account there."),
        ("500", "Prolific has a fault: it answered 500."),
        ("302", "Prolific has a fault: it answered 302."),
        ("404", "Prolific knows of no such thing: “Error As told”."),
    ],
)
def test_a_look_that_comes_to_nothing_changes_nothing_and_says_why(
    shared: House, fake: FakeProlific, how: str, sentence: str
) -> None:
    told = recruited(shared, fake, ["0"])
    before = standings(told)
    fake.fail("study", how, 9, Location="http://127.0.0.1:9/elsewhere")
    told.look()
    found = shared.read(lambda conn: recruitment_of(conn, told.id))
    assert found is not None and found.problem == sentence and found.failures == 1
    assert standings(told) == before and fake.asked["list"] == 1


def test_who_is_erased_is_nobody_with_the_recruiter_either(shared: House, fake: FakeProlific) -> None:
    told = recruited(shared, fake, ["1.00", "1.00"])
    told.confirm()
    with pytest.raises(SessionError, match="has to know who it is"):
        shared.do(lambda conn: erase(conn, told.id, "story", "asked", label="P1"))
    told.go_on(2)
    number = told.lines()["P1"].player_id
    study = shared.do(lambda conn: read_study(conn, told.id))
    words = shared.do(lambda conn: in_words(conn, study, OnePerson(number, "P1")))
    assert "their submission there: awaiting review, with the code DONE1" in words
    assert "a bonus of 1.00 GBP: paid" in words

    async def gone(conn: Connection) -> None:
        await erase(conn, told.id, "story", "asked", label="P1")

    shared.do(gone)
    shared.read(sweep)
    told.look()
    [left] = [label for label, standing in standings(told).items() if standing]
    assert left == "P2"
    kept = str(
        shared.sql(
            "select s::text from submission s where session_id = %(id)s union all"
            " select p::text || b from payout p join bonus b on b.payout_id = p.id where session_id = %(id)s union all"
            " select r::text from review r where session_id = %(id)s union all"
            " select r::text from recruiting r where session_id = %(id)s".replace("%(id)s", f"'{told.id}'")
        )
    )
    assert submission(1) not in kept and submission(2) in kept
    assert len(told.lines()) == 2, "that they were paid stays"
