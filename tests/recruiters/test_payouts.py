"""Stories of bonuses that are paid through a recruiter that fails at each step: nobody twice, and nobody forgotten."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from decimal import Decimal

import psycopg
import pytest

from app.config import PROJECT, read_config
from app.database.connections import Connection, connect
from app.recruiters import bonuses, calls, payouts, recruitment
from app.recruiters.prolific import Prolific
from app.recruiters.recruiter import RecruitingError
from app.recruiters.turns import is_anything_due
from tests.house.house import House
from tests.house.prolific import TOKEN, FakeProlific
from tests.house.recruited import Recruited, by_label, recruited, submission

EARNED = ("1.25", "0", "2.005")  # of the last half a penny more, rounded up; the second gets nothing
OWED = {"P1": Decimal("1.25"), "P2": Decimal(0), "P3": Decimal("2.01")}
# What is cut, and when
CUTS = [(kind, how) for kind in ("submission", "prepare", "pay") for how in ("cut_before", "cut_after")]
NO_MONEY = ("NaN", "sNaN", "Infinity", -125, 1e30)
FAULTS = [
    *CUTS,
    ("submission", "500"),
    ("prepare", "500"),
    ("pay", "429"),
    ("prepare", "429"),
    ("pay", "503"),
]


def test_each_is_paid_once_to_the_cent_and_the_log_says_so(shared: House, fake: FakeProlific) -> None:
    told = recruited(shared, fake, EARNED)
    [number] = told.confirm()
    told.go_on(2)
    assert by_label(fake.received(), 3) == OWED
    assert told.states() == {"P1": "paid", "P3": "paid"}
    [payout] = told.payouts()
    assert (payout.id, payout.state, payout.amount) == (number, "settled", Decimal("3.26"))
    assert fake.asked["pay"] == 1 and fake.tokens == {f"Token {TOKEN}"}
    with pytest.raises(RecruitingError, match="Nothing is due"):
        told.confirm()
    logged = shared.sql(
        "select name, data from event where session_id = %s and name like 'recruiter%%' order by seq", told.id
    )
    assert logged == [
        ("recruiter_asked", dict(what="pay", people=2, amount="3.26", currency="GBP", by="story")),
        ("recruiter_answered", dict(what="pay", how="settled", people=2, amount="3.26", currency="GBP")),
    ]
    assert shared.contradictions(told.session) == []


def test_what_is_paid_is_what_was_shown_and_the_base_on_top_where_that_is_asked_for(
    shared: House, fake: FakeProlific
) -> None:
    told = recruited(shared, fake, EARNED)
    shown = told.due()
    shared.sql("update earning set amount = 7 where session_id = %s and amount = 1.25", told.id)
    with pytest.raises(RecruitingError, match="has changed since this was shown"):
        told.confirm(shown)
    assert told.payouts() == []
    told.confirm()
    told.go_on(2)
    assert told.due(whole=True).lines == (), "whoever hands in gets the base by the code, and not once more"
    fake.submissions[submission(2)]["status"] = "RETURNED"
    fake.submissions[submission(3)]["status"] = "TIMED-OUT"
    told.look()
    whole = told.due(whole=True)
    assert {one.label: one.amount for one in whole.lines} == {
        "P2": Decimal("4.50"),
        "P3": Decimal("4.50"),
    }
    told.confirm(whole)
    told.go_on(2)
    assert by_label(fake.received(), 3) == {"P1": Decimal(7), "P2": Decimal("4.50"), "P3": Decimal("6.51")}
    assert told.due(whole=True).lines == ()


@pytest.mark.parametrize(
    ("kind", "how", "is_slow"),
    [(*one, False) for one in FAULTS] + [(*one, True) for one in FAULTS if one[0] == "pay"],
)
def test_whatever_breaks_nobody_is_paid_twice_or_forgotten(
    shared: House, fake: FakeProlific, kind: str, how: str, is_slow: bool
) -> None:
    """Each call once cut before or after it was carried out, or answered with a fault; what was paid is listed late."""
    told = recruited(shared, fake, EARNED)
    fake.is_slow = is_slow
    told.confirm()
    fake.fail(kind, how, times=4)  # what only reads is asked three times
    told.go_on(7)
    fake.list_all()
    told.go_on(2)
    never_came = kind == "pay" and how in ("cut_before", "503")
    assert fake.faults[kind].times <= (3 if kind == "pay" else 0), "the fault has happened"
    assert fake.asked["pay"] == (5 if how == "429" and kind == "pay" else 1)
    if not never_came:
        assert by_label(fake.received(), 3) == OWED
        assert told.states() == {"P1": "paid", "P3": "paid"}
        return
    # They never heard of it, which nobody can know here: after half an hour both figures are the researcher's.
    assert fake.received() == {} and told.states() == {"P1": "open", "P3": "open"}
    with pytest.raises(RecruitingError, match="Nothing is due"):
        told.confirm()
    told.half_an_hour_later()
    told.go_on()
    assert [one.state for one in told.payouts()] == ["unclear"]
    assert {label: (one.amount, one.listed) for label, one in told.lines().items()} == {
        label: (OWED[label], Decimal(0)) for label in ("P1", "P3")
    }
    settle(told, paid=False)
    fake.faults.clear()
    told.confirm()
    told.go_on(2)
    fake.list_all()
    told.go_on()
    assert by_label(fake.received(), 3) == OWED and told.states() == {"P1": "paid", "P3": "paid"}


def test_whom_they_do_not_tell_of_keeps_nobody_waiting_and_is_the_researchers_to_say(
    shared: House, fake: FakeProlific
) -> None:
    told = recruited(shared, fake, EARNED)
    told.confirm()
    told.go_on()
    fake.secret.add(submission(1))
    told.go_on()
    assert told.states() == {"P1": "open", "P3": "paid"} and told.payouts()[0].state == "accepted"
    assert told.payouts()[0].said.startswith("Prolific does not let this token do that: “")
    told.half_an_hour_later()
    told.go_on()
    assert told.payouts()[0].state == "unclear" and "Not yours to see" in told.lines()["P1"].said
    settle(told, paid=True)
    assert told.states() == {"P1": "paid", "P3": "paid"} and told.payouts()[0].state == "settled"


@pytest.mark.parametrize("how", ["401", "500", "no key"])
def test_patience_runs_out_also_where_nothing_can_be_asked(
    shared: House, fake: FakeProlific, how: str
) -> None:
    told = recruited(shared, fake, ["1.25"])
    told.confirm()
    told.go_on()
    if how == "no key":
        shared.sql("update recruiting set token = repeat('another', 9)::bytea where session_id = %s", told.id)
    else:
        fake.fail("submission", how, 99)
    told.half_an_hour_later()
    told.go_on()
    [payout] = told.payouts()
    assert payout.state == "unclear" and payout.said
    settle(told, paid=True)
    assert told.states() == {"P1": "paid"}


@pytest.mark.parametrize("state", ["paying", "accepted"])
def test_what_was_sent_is_the_researchers_to_say_in_the_end_also_where_the_token_is_forgotten(
    shared: House, fake: FakeProlific, state: str
) -> None:
    told = recruited(shared, fake, EARNED)
    fake.is_slow = True
    told.confirm()
    if state == "paying":
        fake.fail("pay", "cut_after")
    told.go_on()
    assert [one.state for one in told.payouts()] == [state]
    told.house.do(lambda conn: recruitment.forget(conn, told.id))
    here = told.config
    told.config = read_config({"PROLIFIC_URL": fake.base})
    told.go_on(2)
    assert [one.state for one in told.payouts()] == [state], "another process may have the token"
    assert not shared.read(lambda conn: is_anything_due(conn, told.config))
    with pytest.raises(RecruitingError, match="what is sent is yours half an hour later"):
        settle(told, paid=True)
    told.half_an_hour_later()
    shared.sql("update payout set try_at = now() where session_id = %s", told.id)
    assert shared.read(lambda conn: is_anything_due(conn, told.config))
    told.go_on(2)
    [payout] = told.payouts()
    assert payout.state == "unclear" and payout.said.startswith("There is no token of Prolific.")
    assert not shared.read(lambda conn: is_anything_due(conn, told.config)), "and nothing goes on for ever"
    settle(told, paid=True)
    assert told.states() == {"P1": "paid", "P3": "paid"}
    told.config = here
    with pytest.raises(RecruitingError, match="Nothing is due"):
        told.confirm()
    fake.list_all()
    assert by_label(fake.received(), 3) == OWED and fake.asked["pay"] == 1


def test_whom_they_do_not_tell_of_before_paying_is_held_and_the_others_are_paid(
    shared: House, fake: FakeProlific
) -> None:
    told = recruited(shared, fake, EARNED)
    told.confirm()
    fake.fail("pay", "429")
    told.go_on()  # prepared with both
    fake.secret.add(submission(1))
    told.go_on(3)
    assert told.states() == {"P1": "held", "P3": "paid"} and told.payouts()[0].state == "settled"
    assert "Not yours to see” Look there what was paid, and say it." in told.lines()["P1"].said.replace(
        ".", "", 1
    )
    assert by_label(fake.received(), 3) == {"P1": 0, "P2": 0, "P3": Decimal("2.01")}
    settle(told, False, told.lines()["P1"].player_id)
    told.confirm()
    told.go_on(2)
    assert [one.state for one in told.payouts()] == ["refused", "settled"], "of the only one nothing is told"
    fake.secret.clear()
    told.confirm()
    told.go_on(2)
    assert by_label(fake.received(), 3) == OWED


def test_a_token_that_they_do_not_know_holds_nobody(shared: House, fake: FakeProlific) -> None:
    told = recruited(shared, fake, EARNED)
    told.confirm()
    fake.fail("submission", "401", times=1)
    told.go_on()
    assert told.states() == {"P1": "unpaid", "P3": "unpaid"} and told.payouts()[0].state == "refused"
    told.confirm()
    told.go_on(2)
    assert by_label(fake.received(), 3) == OWED


def test_whoever_may_have_the_base_by_the_code_is_not_paid_it_where_they_do_not_say_what_it_brings(
    shared: House, fake: FakeProlific
) -> None:
    told = recruited(shared, fake, EARNED)
    fake.study = {name: value for name, value in fake.study.items() if name != "reward"}
    fake.submissions[submission(2)]["status"] = "RETURNED"
    told.look()
    assert told.due().unsure == () and [one.label for one in told.due().lines] == ["P1", "P3"]
    whole = told.due(whole=True)
    assert [(one.label, one.amount) for one in whole.lines] == [("P2", Decimal("4.50"))]
    assert whole.unsure == ("P1", "P3"), "they handed in, and may have the base"
    told.confirm(whole)
    told.go_on(2)
    fake.study = fake.study | {"reward": 0}
    told.look()
    assert {one.label: one.amount for one in told.due(whole=True).lines} == {
        "P1": Decimal("5.75"),
        "P3": Decimal("6.51"),
    }, "nothing by the code is said, and so the base is due"


def test_a_slow_answer_is_no_reason_to_ask_again(
    shared: House, fake: FakeProlific, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = recruited(shared, fake, EARNED)
    told.confirm()
    monkeypatch.setattr(calls, "LONGEST", 0.5)  # seconds; nobody waits for thirty here
    fake.fail("pay", "hang_after")
    told.go_on(2)
    assert by_label(fake.received(), 3) == OWED and fake.asked["pay"] == 1
    assert told.states() == {"P1": "paid", "P3": "paid"}


def test_two_processes_that_both_think_it_is_their_turn_pay_once(shared: House, fake: FakeProlific) -> None:
    """As where the connection of one has died, and with it its turn, without its knowing."""
    told = recruited(shared, fake, EARNED)
    [number] = told.confirm()

    async def at_once(conn: Connection) -> None:
        payout = await payouts.find_payout(conn, number)

        async def one() -> None:
            own, recruiter = await connect(shared.database, "story"), Prolific(fake.base, TOKEN)
            try:
                await payouts.go_on(own, recruiter, payout)
            finally:
                await recruiter.close()
                await own.close()

        await asyncio.gather(*(one() for _ in range(4)))

    shared.read(at_once)
    told.go_on()
    assert fake.asked["prepare"] > 1 and fake.asked["pay"] == 1
    assert by_label(fake.received(), 3) == OWED and told.states() == {"P1": "paid", "P3": "paid"}


def test_killed_in_the_middle_of_the_call_that_pays_it_is_never_made_again(
    shared: House, fake: FakeProlific
) -> None:
    told = recruited(shared, fake, EARNED)
    fake.is_slow = True
    fake.fail("pay", "hang_after")
    command = subprocess.Popen(
        [sys.executable, "-m", "app", "recruiter", told.id, "pay", "--yes"],
        env=os.environ | environ(told) | {"PYTHONPATH": str(PROJECT)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        assert fake.hanging.wait(60), "the call that pays"
    finally:
        command.send_signal(signal.SIGKILL)
        command.wait()
    assert [one.state for one in told.payouts()] == ["paying"]
    told.go_on()
    assert told.states() == {"P1": "open", "P3": "open"}
    fake.list_all()
    told.go_on()
    assert by_label(fake.received(), 3) == OWED and fake.asked["pay"] == 1
    assert told.states() == {"P1": "paid", "P3": "paid"}


def test_what_they_list_and_nobody_here_knows_of_is_left_to_the_researcher(
    shared: House, fake: FakeProlific
) -> None:
    told = recruited(shared, fake, EARNED)
    fake.submissions[submission(1)]["bonus_payments"] = [125]  # from a file, by hand
    fake.submissions[submission(3)]["bonus_payments"] = [99.0]  # for something else
    told.confirm()
    told.go_on()
    assert fake.paid == [] and told.states() == {"P1": "held", "P3": "held"}
    assert "lists 1.25 as paid, and 0.00 was paid from here" in told.lines()["P1"].said
    first, third = (told.lines()[label].player_id for label in ("P1", "P3"))
    settle(told, True, first)
    settle(told, False, third)
    assert settle(told, True, first) == ("1 bonus is noted as paid already; nothing changed.", False)
    assert settle(told, False, third) == ("1 bonus is noted as not paid already; nothing changed.", False)
    for player_id, paid in ((first, False), (third, True)):
        with pytest.raises(RecruitingError, match="yours to say"):
            settle(told, paid, player_id)
    told.confirm()
    told.go_on(2)
    assert by_label(fake.received(), 3) == {"P1": 0, "P2": 0, "P3": Decimal("2.01")}
    with pytest.raises(RecruitingError, match="Nothing is due"):
        told.confirm()


def test_whom_they_list_with_less_than_was_paid_is_paid_once_a_researcher_says_so(
    shared: House, fake: FakeProlific
) -> None:
    told = recruited(shared, fake, ["1.25"])
    told.confirm()
    told.go_on(2)
    fake.submissions[submission(1)]["bonus_payments"] = []  # they took it back
    shared.sql("update earning set amount = 2.25 where session_id = %s", told.id)
    told.confirm()
    told.go_on()
    assert "lists 0.00 as paid, and 1.25 was paid from here" in told.lines()["P1"].said
    settle(told, paid=False)
    told.confirm()
    told.go_on(2)
    assert told.states() == {"P1": "paid"} and fake.received()[submission(1)] == Decimal("2.25")


def test_what_was_prepared_with_somebody_who_is_left_out_since_is_never_paid(
    shared: House, fake: FakeProlific
) -> None:
    told = recruited(shared, fake, EARNED)
    told.confirm()
    fake.fail("pay", "429")
    told.go_on()
    fake.submissions[submission(3)]["bonus_payments"] = [201]  # by hand, as it took long
    fake.fail("prepare", "503")
    told.go_on()
    assert told.states() == {"P1": "open", "P3": "held"} and fake.paid == []
    told.go_on(2)
    assert by_label(fake.received(), 3) == {"P1": Decimal("1.25"), "P2": 0, "P3": 0}
    assert told.states() == {"P1": "paid", "P3": "held"}


def test_what_is_no_sum_of_money_is_told_as_that_and_never_taken_for_one(
    shared: House, fake: FakeProlific
) -> None:
    told = recruited(shared, fake, ["1"] * 6)
    for nth, odd in enumerate(NO_MONEY, 1):
        fake.submissions[submission(nth)]["bonus_payments"] = [odd]
    told.confirm()
    told.go_on(2)
    assert by_label(fake.received(), 6) == {f"P{nth}": int(nth == 6) for nth in range(1, 7)}
    assert told.states() == {f"P{nth}": "paid" if nth == 6 else "held" for nth in range(1, 7)}
    for nth in range(1, 6):
        said = told.lines()[f"P{nth}"].said
        assert said.startswith("Prolific gives a bonus that is no sum of money, ") and said.endswith(
            "and say it."
        )
        fake.submissions[submission(nth)]["bonus_payments"] = []
        settle(told, False, told.lines()[f"P{nth}"].player_id)
    for odd in NO_MONEY:
        fake.total = odd
        told.confirm()
        told.go_on()
        [last, *_] = told.payouts()
        assert last.state == "refused" and "sum of bonuses that is no sum of money" in last.said, odd
    fake.total = None
    told.confirm()
    told.go_on()  # they have it, and it is not listed yet
    fake.submissions[submission(1)]["bonus_payments"] = ["sNaN"]
    told.go_on()
    assert told.states() == {"P1": "open"} | {f"P{nth}": "paid" for nth in range(2, 7)}
    fake.submissions[submission(1)]["bonus_payments"] = [100]
    told.go_on()
    assert set(told.states().values()) == {"paid"} and fake.asked["pay"] == 2


def test_a_study_of_theirs_with_odd_numbers_is_told_of_and_nobody_is_paid_in_money_that_they_do_not_name(
    shared: House, fake: FakeProlific
) -> None:
    told = recruited(shared, fake, ["1"])
    problem = "select problem from recruiting where session_id = %s"
    for what, odds in (("reward", NO_MONEY), ("total_available_places", (-1, 10**15))):
        for odd in odds:
            fake.study = fake.study | {what: odd}
            told.look()
            [(said,)] = shared.sql(problem, told.id)
            assert "no sum of money" in said or "can’t be" in said, (what, odd, said)
        fake.study = fake.study | {what: 10}
    fake.study = fake.study | {"presentment_currency_code": None}
    told.look()
    assert shared.sql(problem, told.id) == [("",)]
    with pytest.raises(RecruitingError, match="does not say in which currency its study pays"):
        told.due()


def test_who_did_not_take_part_is_left_out_and_the_others_are_paid(shared: House, fake: FakeProlific) -> None:
    told = recruited(shared, fake, EARNED)
    told.confirm()
    gone = fake.submissions.pop(submission(1))
    told.go_on(2)
    assert told.states() == {"P1": "held", "P3": "paid"} and "no such submission" in told.lines()["P1"].said
    # The call that prepares names them, too, where the look before did not find out.
    settle(told, False, told.lines()["P1"].player_id)
    fake.submissions[submission(1)] = gone
    told.confirm()
    fake.fail("prepare", "400")
    told.go_on()
    assert [one.state for one in told.payouts()] == ["refused", "settled"]
    assert told.states()["P1"] == "unpaid"
    told.confirm()
    told.go_on(2)
    assert by_label(fake.received(), 3) == OWED


def test_two_hundred_are_paid_by_a_call_and_one_call_after_the_other(
    shared: House, fake: FakeProlific
) -> None:
    told = recruited(shared, fake, ["0.10"] * 201)
    fake.is_slow = True
    assert len(told.confirm()) == 2
    told.go_on(2)
    assert fake.asked["pay"] == 1, "the second waits for the first"
    for _ in range(2):
        fake.list_all()
        told.go_on(2)
    assert [len(lines) for lines in fake.bulks.values()] == [200, 1]
    assert set(fake.received().values()) == {Decimal("0.10")} and len(fake.received()) == 201
    assert {one.state for one in told.payouts()} == {"settled"}


def test_postgres_itself_refuses_a_second_bonus_on_its_way(shared: House, fake: FakeProlific) -> None:
    told = recruited(shared, fake, EARNED)
    [number] = told.confirm()
    with pytest.raises(psycopg.errors.UniqueViolation, match="one_bonus_of_a_player_on_its_way"):
        shared.sql(
            "with again as (insert into payout (session_id, study_id, currency, people, amount, by)"
            " select session_id, study_id, currency, people, amount, by from payout where id = %s returning id)"
            " insert into bonus (payout_id, player_id, submission_id, amount)"
            " select (select id from again), player_id, submission_id, amount from bonus where payout_id = %s",
            number,
            number,
        )


def settle(told: Recruited, paid: bool, player_id: int | None = None) -> tuple[str, bool]:
    number = told.payouts()[0].id
    return told.house.do(lambda conn: bonuses.settle(conn, told.id, number, player_id, paid, "story"))


def environ(told: Recruited) -> dict[str, str]:
    return {
        "DATABASE_URL": told.house.database,
        "PROLIFIC_URL": told.fake.base,
        "PROLIFIC_TOKEN": TOKEN,
    }
