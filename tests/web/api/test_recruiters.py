"""Stories of who is approved and paid by a program: by what it has looked at, and each once."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

import pytest

from tests.house.house import House
from tests.house.programs import program
from tests.house.prolific import FakeProlific
from tests.house.recruited import by_label, recruited
from tests.house.server import Server


@pytest.fixture
def fake() -> Iterator[FakeProlific]:
    with FakeProlific().running() as fake:
        yield fake


def test_a_program_pays_what_it_has_looked_at_and_each_once(
    shared: House, server: Server, fake: FakeProlific
) -> None:
    told = recruited(shared, fake, ["1.25", "2"])
    here = f"/sessions/{told.id}/recruiter"
    with program(shared, server) as client:
        now = client.get(here).json()
        assert now["recruiter"] == "Prolific" and len(now["people"]) == 2 and now["payouts"] == []
        assert {one["standing"] for one in now["people"]} == {"awaiting_review"}, now["people"]
        due = client.get(f"{here}/pay").json()
        assert [one["amount"] for one in due["lines"]] == ["1.25", "2.00"] and due["amount"] == "3.25"
        shown = dict(digest=due["digest"], amount=due["amount"])
        for said, status, words in (
            ({}, 422, "digest"),
            (dict(digest=due["digest"]), 422, "amount"),
            (shown | dict(amount="3.26"), 409, "the lines sum up to 3.25"),
            *(
                (shown | dict(amount=one), 409, "is no amount")
                for one in ("all", "sNaN", "1e9999999999", "٣.25")
            ),
            (shown | dict(digest="0" * 32), 409, "has changed since this was shown"),
        ):
            answer = client.post(f"{here}/pay", json=said)
            assert answer.status_code == status and words in answer.json()["detail"], answer.text
        assert told.payouts() == [], "nobody was paid yet"
        paid = client.post(f"{here}/pay", json=shown)
        assert paid.status_code == 201 and paid.json()["payouts"][0]["amount"] == "3.25", paid.text
        assert client.post(f"{here}/pay", json=shown).json() == paid.json()
        told.go_on(2)
        again = client.post(f"{here}/pay", json=shown)
        assert again.status_code == 200 and [one["state"] for one in again.json()["payouts"]] == ["settled"]
        assert client.get(f"{here}/pay").json()["lines"] == []
        [payout] = client.get(here).json()["payouts"]
        assert {one["state"] for one in payout["lines"]} == {"paid"}
        already = client.post(f"{here}/settle", json={"payout": payout["payout"], "paid": True})
        assert already.status_code == 200 and "paid already; nothing changed" in already.json()["said"]
        unasked = client.post(f"{here}/settle", json={"payout": payout["payout"], "paid": False})
        assert unasked.status_code == 409 and "yours to say" in unasked.json()["detail"]
        shown = client.get(f"{here}/review").json()
        assert {one["verdict"] for one in shown["lines"]} == {"approve"}
        done = client.post(f"{here}/review", json={"digest": shown["digest"]})
        assert done.json() == {"approved": 2, "screened_out": 0}
        again = client.post(f"{here}/review", json={"digest": shown["digest"]})
        assert again.status_code == 200 and again.json() == done.json(), again.text
        assert client.post(f"{here}/look").status_code == 200
        wrong = client.post(here, json={"study": "none"})
        assert wrong.status_code == 409 and "is no study of Prolific" in wrong.json()["detail"]
        assert "forgotten" in client.post(f"{here}/forget").json()["said"]
    assert (
        by_label(fake.received(), 2) == {"P1": Decimal("1.25"), "P2": Decimal(2)} and fake.asked["pay"] == 1
    )
    logged = "select data->>'done' from public.security_event where session_id = %s and account = 'ada' order by id"
    assert [done for (done,) in shared.sql(logged, told.id)] == ["paid", "reviewed", "token forgotten"]


def test_a_bonus_that_came_to_nothing_is_due_again_and_then_the_same_lines_pay_once_more(
    shared: House, server: Server, fake: FakeProlific
) -> None:
    told = recruited(shared, fake, ["1.25"])
    here = f"/sessions/{told.id}/recruiter/pay"
    with program(shared, server) as client:
        due = client.get(here).json()
        shown = dict(digest=due["digest"], amount=due["amount"])
        fake.fail("prepare", "400")
        assert client.post(here, json=shown).status_code == 201
        told.go_on()
        assert [one.state for one in told.payouts()] == ["refused"]
        assert client.post(here, json=shown).status_code == 201, "it is due, and was looked at"
        told.go_on(2)
        assert client.post(here, json=shown).status_code == 200
    assert by_label(fake.received(), 1) == {"P1": Decimal("1.25")} and fake.asked["pay"] == 1
