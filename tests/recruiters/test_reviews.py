"""Stories of who is approved and who is screened out, by how it ended for them here."""

from __future__ import annotations

import pytest

from app.database.connections import Connection
from app.recruiters import reviews
from app.recruiters.recruiter import RecruitingError
from app.recruiters.recruitment import the_recruitment
from app.recruiters.reviews import Proposed
from app.study.stored import read_study
from tests.house.house import House
from tests.house.prolific import FakeProlific
from tests.house.recruited import TOML, Recruited, recruited, submission


@pytest.mark.parametrize("how", ["", "cut_before", "cut_after", "500", "429"])
def test_whoever_is_done_is_approved_and_whoever_was_turned_away_is_screened_out(
    shared: House, fake: FakeProlific, how: str
) -> None:
    told = some(shared, fake)
    found = proposed(told)
    assert {one.label: one.verdict for one in found.lines} == {
        "P1": "approve",
        "P2": "screen_out",
        "P3": "by_hand",
        "P4": "approve",
    }
    assert [one.differs for one in found.lines] == [
        "",
        "handed in DONE1, not FULL1",
        "handed in DONE1, not OUT1",
        "",
    ]
    confirm(told, found)
    confirm(told, found)
    assert len(done(told)) == 3, "twice asks for them once"
    with pytest.raises(RecruitingError, match="nobody to approve"):
        confirm(told, Proposed(found.lines[:1]))
    if how:
        fake.fail("approve", how)
        fake.fail("transition", how)
    told.go_on(3)
    told.look()
    assert [fake.submissions[submission(nth)]["status"] for nth in (1, 2, 3, 4)] == [
        "APPROVED",
        "SCREENED OUT",
        "AWAITING REVIEW",
        "APPROVED",
    ]
    assert {one.label: one.state for one in done(told)} == {"P1": "done", "P2": "done", "P4": "done"}
    assert {one.label for one in proposed(told).lines} == {"P3"}


def test_what_they_refuse_says_why_and_what_has_changed_is_shown_again(
    shared: House, fake: FakeProlific
) -> None:
    told = some(shared, fake)
    found = proposed(told)
    fake.submissions[submission(4)]["status"] = "RETURNED"
    told.look()
    with pytest.raises(RecruitingError, match="has changed since"):
        confirm(told, found)
    confirm(told, proposed(told))
    fake.fail("approve", "400", 9)
    told.go_on(2)
    [refused] = [one for one in done(told) if one.state == "refused"]
    assert (refused.label, refused.said) == ("P1", "Prolific refuses: “Error As told”.")


def test_one_whom_they_refuse_keeps_no_other_from_being_approved(shared: House, fake: FakeProlific) -> None:
    told = some(shared, fake)
    confirm(told, proposed(told))
    gone = fake.submissions.pop(submission(4))
    told.go_on(2)
    fake.submissions[submission(4)] = gone
    told.look()
    assert {one.label: (one.state, one.said) for one in done(told)} == {
        "P1": ("done", ""),
        "P2": ("done", ""),
        "P4": ("refused", "Prolific refuses: “Error Not these submissions”."),
    }


def test_who_returned_it_meanwhile_is_not_told_of_as_approved(shared: House, fake: FakeProlific) -> None:
    told = some(shared, fake)
    confirm(told, proposed(told))
    fake.submissions[submission(4)]["status"] = "RETURNED"
    told.go_on(2)
    told.look()
    assert {one.label: (one.state, one.said) for one in done(told)} == {
        "P1": ("done", ""),
        "P2": ("done", ""),
        "P4": ("refused", "Their submission is returned there by now."),
    }


def test_whom_the_study_pays_less_than_the_reward_is_not_approved_for_all_of_it(
    shared: House, fake: FakeProlific
) -> None:
    told = recruited(
        shared, fake, ["0", "0"], TOML.replace("base = 4.50", "base = 4.50\noutcomes = {lobby = 0.50}")
    )
    shared.sql(
        "update player set outcome = 'lobby', code = 'LOBBY1' where session_id = %s and label = 'P2'", told.id
    )
    first, second = proposed(told).lines
    assert (first.verdict, second.verdict) == ("approve", "by_hand")
    assert second.why == "the study pays £0.50 for lobby: approving would bring the whole reward"


def some(house: House, fake: FakeProlific) -> Recruited:
    """P1 and P4 are done; P2 came when it was full, P3 withdrew."""
    told = recruited(house, fake, ["0"] * 4)
    for label, outcome, code in (("P2", "full", "FULL1"), ("P3", "withdrawn", "OUT1")):
        house.sql(
            "update player set outcome = %s, code = %s where session_id = %s and label = %s",
            outcome,
            code,
            told.id,
            label,
        )
    return told


def proposed(told: Recruited) -> Proposed:
    async def work(conn: Connection) -> Proposed:
        study = await read_study(conn, told.id)
        return await reviews.proposed(conn, await the_recruitment(conn, told.id), study)

    return told.house.do(work)


def confirm(told: Recruited, found: Proposed) -> None:
    async def work(conn: Connection) -> None:
        study = await read_study(conn, told.id)
        recruitment = await the_recruitment(conn, told.id)
        await reviews.confirm_reviews(conn, recruitment, study, found.digest, "story")

    told.house.do(work)


def done(told: Recruited) -> list[reviews.Review]:
    return told.house.read(lambda conn: reviews.reviews_of(conn, told.id))
