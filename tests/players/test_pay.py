"""Stories of what players earn, are told and are paid, and of what they typed and did not save yet."""

from __future__ import annotations

import asyncio
import csv
import html
import io
import json
import os
import re
import subprocess
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.database.connections import Connection
from app.export.payments import Booked, as_lines, in_bulk, participant
from app.export.verify import verify
from app.players import pay, players
from app.players.pay import Account, Earning, account_of, in_cents, pay_of
from app.players.players import Player
from app.sessions import actions
from app.study.hooks.answers import read_amount
from app.study.model.pay import Pay
from app.study.model.study import Study
from app.study.reading import check, parse
from app.study.stored import read_study
from tests.house.commands import run
from tests.house.guests import seated
from tests.house.house import House
from tests.house.server import Server
from tests.house.studies import PAGE, as_files

STUDY = """
title = "Paid"
[[room]]
name = "pair"
seats = {any = 2}
[lobby]
max_wait = "10m"
pay_per_minute = 0.15
[pay]
base = 4.50
currency = "EUR"
[[step]]
page = "talk"
limit = "60s"
chat = "neighbours"
fields = [{name = "belief", ask = "?", kind = "integer"}, {name = "why", ask = "?", kind = "text", required = false}]
"""
CAME = datetime(2026, 1, 1, 12, tzinfo=UTC)


@cache
def as_written() -> Study:
    return parse(as_files(STUDY))


def a_study(**pay: object) -> Study:
    return replace(as_written(), pay=replace(as_written().pay, **pay))  # type: ignore[arg-type]


def account(study: Study, player: Player, *amounts: str) -> Account:
    """Of somebody who earned these amounts, one at each end of the one step there is."""
    earnings = [Earning(0, Decimal(amount), "hook payoff", CAME) for amount in amounts]
    return account_of(study, player, earnings, CAME + timedelta(seconds=200))


def lines(account: Account) -> list[tuple[str, str]]:
    return [(line.reason, f"{line.amount:f}") for line in account.lines]


def a_player(status: str, seated: int | None = None, out: int | None = None, outcome: str = "") -> Player:
    def after(seconds: int | None) -> datetime | None:
        return None if seconds is None else CAME + timedelta(seconds=seconds)

    return Player(
        token_hash=b"",
        id=1,
        session_id="s",
        label="R1",
        type="",
        status=status,
        room_id=None if seated is None else 1,
        slot=None if seated is None else 1,
        signed_in_at=None if status == "invited" else CAME,
        waiting_since=CAME,
        seated_at=after(seated),
        finished_at=after(out),
        outcome=outcome or None,
        code=None,
        session_status="running",
    )


@pytest.mark.parametrize(
    ("player", "base", "waiting"),
    [
        (a_player("waiting"), "4.50", "0.50"),  # 200 s at 0.15 a minute
        (a_player("playing", seated=61), "4.50", "0.15"),  # 0.1525
        (a_player("playing", seated=62), "4.50", "0.16"),  # 0.155: half a cent is a cent
        (a_player("playing", seated=0), "4.50", "0.00"),
        (a_player("finished", seated=40, out=900, outcome="complete"), "4.50", "0.10"),
        (a_player("finished", seated=40, out=900, outcome="partner_left"), "4.50", "0.10"),
        (a_player("left", seated=40, out=900, outcome="withdrawn"), "0", "0.10"),
        (a_player("left", out=600, outcome="lobby"), "0", "1.50"),
    ],
)
def test_waiting_is_paid_by_the_second_and_finishing_once(player: Player, base: str, waiting: str) -> None:
    study = a_study()
    shown = pay_of(study, player, CAME + timedelta(seconds=200), earned=Decimal("1.005"))
    assert shown is not None
    told = (shown.base, shown.waiting, shown.bonus)
    assert told == (Decimal(base), Decimal(waiting), Decimal("1.01")), "each stands by itself"
    assert (shown.since is not None) == (player.status == "waiting")
    unpaid = replace(study, pay=Pay(), lobby=replace(study.lobby, pay_per_minute=Decimal(0)))
    assert pay_of(unpaid, player, CAME) is None
    assert pay_of(study, a_player("invited"), CAME) is None


DONE = a_player("finished", seated=7, out=900, outcome="complete")


def test_where_there_is_no_room_nobody_is_paid_for_waiting_for_one() -> None:
    toml = STUDY.replace('[[room]]\nname = "pair"\nseats = {any = 2}\n', "").replace("[[step]]", "[[after]]")
    survey = parse(as_files(toml.replace('chat = "neighbours"\n', "")))
    done = a_player("finished", out=900, outcome="complete")
    assert lines(account(survey, done)) == [("base", "4.50")]
    now = pay_of(survey, a_player("after"), CAME + timedelta(seconds=200))
    assert now is not None and now.waiting == 0 and now.since is None


def test_an_account_adds_up_by_hand() -> None:
    # 7 s at 0.15 a minute are 0.0175; a third and a third, to ten decimals, are 0.6666666666.
    done = account(a_study(), DONE, "0.3333333333", "0.3333333333")
    assert lines(done) == [
        ("waiting", "0.0175000000"),
        ("hook payoff", "0.3333333333"),
        ("hook payoff", "0.3333333333"),
        ("base", "4.50"),
        ("rounding", "-0.0041666666"),
    ]
    assert (done.total, done.base, done.waiting) == (Decimal("5.18"), Decimal("4.50"), Decimal("0.0175"))
    assert done.lines[0].seconds == 7
    # Half a cent is a cent, once: 0.005 and 0.0175 and 4.50 are 4.5225, and with 0.0025 more 4.525.
    assert account(a_study(), DONE, "0.005").total == Decimal("4.52")
    assert account(a_study(), DONE, "0.005", "0.0025").total == Decimal("4.53")


def test_nothing_is_rounded_nor_paid_for_the_end_before_it_comes() -> None:
    playing = account(a_study(), a_player("playing", seated=7), "0.4")
    assert lines(playing) == [("waiting", "0.0175000000"), ("hook payoff", "0.4")]
    assert account(a_study(), a_player("invited")).lines == ()


def test_points_are_worth_what_the_study_says() -> None:
    # 12.5 and -3.2 points at 0.05: 0.625 - 0.16 = 0.465; with 4.50 and 0.0175 that is 4.9825.
    points = account(a_study(per_point=Decimal("0.05")), DONE, "12.5", "-3.2")
    assert lines(points)[1:3] == [("hook payoff", "0.625"), ("hook payoff", "-0.160")]
    assert points.lines[1].points == Decimal("12.5") and points.total == Decimal("4.98")


def test_yen_have_no_cents() -> None:
    yen = a_study(base=Decimal(300), currency="JPY", per_point=Decimal("1.5"))
    assert account(yen, DONE, "3").total == 305  # 300 + 4.5 + 0.0175
    assert lines(account(yen, DONE, "3"))[-1] == ("rounding", "0.4825000000")


def test_what_is_earned_has_its_least_and_most_and_nobody_owes_anything() -> None:
    capped = a_study(most=Decimal(2), least=Decimal("0.5"))
    assert lines(account(capped, DONE, "1.9", "0.35"))[4:] == [
        ("most", "-0.25"),
        ("rounding", "0.0025000000"),
    ]
    assert account(capped, DONE, "1.9", "0.35").earned == 2
    assert account(capped, DONE, "0.2").earned == Decimal("0.5")
    assert account(capped, DONE).earned == 0  # who was never scored has no least
    assert account(a_study(), DONE, "-3").total == Decimal("4.52")  # without a `least` it is nothing
    so_far = [pay_of(capped, DONE, CAME, Decimal(earned)) for earned in ("-3", "0", "1.25", "7")]
    assert [one and one.bonus for one in so_far] == [Decimal(one) for one in ("0.5", "0", "1.25", "2")]
    show_up = a_study(least=Decimal(-3))
    assert account(show_up, DONE, "-1").total == Decimal("3.52")
    left = a_player("left", seated=7, out=900, outcome="withdrawn")  # no base that could be lost
    assert lines(account(show_up, left, "-1"))[1:] == [
        ("hook payoff", "-1"),
        ("base", "0"),
        ("least", "0.9825000000"),
    ]


@pytest.mark.parametrize(
    ("outcome", "paid"),
    [("complete", "4.50"), ("partner_left", "2.00"), ("lobby", "0.75"), ("withdrawn", "0")],
)
def test_each_way_to_end_has_its_pay(outcome: str, paid: str) -> None:
    study = a_study(outcomes={"partner_left": Decimal("2.00"), "lobby": Decimal("0.75")})
    done = account(study, a_player("left", out=60, outcome=outcome))
    assert done.base == Decimal(paid) and done.waiting == Decimal("0.15")


AMOUNTS = st.decimals(min_value=-10_000, max_value=10_000, places=10)
CENTS = st.decimals(min_value=0, max_value=1000, places=2)


@settings(max_examples=300, deadline=None)
@given(
    earned=st.lists(AMOUNTS, max_size=40),
    seconds=st.integers(0, 10_000),
    rate=st.decimals(min_value=0, max_value=5, places=4),
    per_point=st.none() | st.decimals(min_value="0.0001", max_value=20, places=6),
    bounds=st.tuples(CENTS, CENTS).map(sorted),
    currency=st.sampled_from(["", "EUR", "JPY", "KWD"]),
    outcome=st.sampled_from(["complete", "withdrawn"]),
)
def test_every_account_sums_to_a_payment_in_whole_coins(
    earned: list[Decimal],
    seconds: int,
    rate: Decimal,
    per_point: Decimal | None,
    bounds: Sequence[Decimal],
    currency: str,
    outcome: str,
) -> None:
    least, most = bounds
    study = a_study(currency=currency, per_point=per_point, least=least, most=most)
    study = replace(study, lobby=replace(study.lobby, pay_per_minute=rate))
    done = account(study, a_player("left", seated=seconds, out=20_000, outcome=outcome), *map(str, earned))
    parts = done.base + done.waiting + done.earned + done.rounding
    assert parts == done.total == in_cents(study, done.total) >= 0
    assert sum(Fraction(line.amount) for line in done.lines) == Fraction(done.total)
    assert not earned or least <= done.earned <= most
    assert abs(done.rounding) <= in_cents(study, Decimal(1)) / 2


@pytest.mark.parametrize(
    ("given_", "kept"),
    [
        (3, "3"),
        (Decimal("2.50"), "2.5"),
        (Decimal(10) / 3, "3.3333333333"),
        (Decimal("1e-11"), "0"),
        (-(10**6), "-1e6"),
    ],
)
def test_amounts_are_kept_to_ten_decimals(given_: Decimal | int, kept: str) -> None:
    assert read_amount(given_) == Decimal(kept)


@pytest.mark.parametrize(
    "wrong",
    [0.1, True, "3", None, Decimal("NaN"), Decimal("inf"), 10**12, Decimal("999999999999.99999999999")],
)
def test_what_is_no_amount_is_refused_with_a_sentence(wrong: object) -> None:
    with pytest.raises(ValueError, match=r"amount (must be a Decimal or an int|of money)"):
        read_amount(wrong)


def test_each_earns_for_the_steps_that_ended_while_they_sat_there(shared: House, server: Server) -> None:
    session = shared.open(STUDY.replace("limit", "repeat = 3\nlimit"), {"red": 3})
    one, other, third = (shared.guest(server, session, label) for label in session.tokens)

    async def story() -> None:
        for guest in (one, other):
            await guest.sign_in()
        await seated(one)
        await third.sign_in()

    shared.tell(story())
    found = shared.sql("select label, id, slot, room_id from player where session_id = %s", session.id)
    ids, slots = {label: id for label, id, _, _ in found}, {label: slot for label, _, slot, _ in found}
    [room] = {room for *_, room in found if room}

    def earn(position: int, **amounts: int) -> None:
        given = {slots[label]: Decimal(amount) / 4 for label, amount in amounts.items()}
        for _ in range(2):  # the second time changes nothing
            shared.do(lambda conn: pay.earn(conn, room, position, given, "hook payoff"))

    async def take_over(conn: Connection) -> str:
        study = await read_study(conn, session.id)
        return await actions.replace(conn, session.id, study, ids["R2"], ids["R3"], "partner_left", "ada")

    earn(0, R1=1, R2=2)
    shared.do(take_over)
    slots["R3"] = slots["R2"]
    earn(1, R1=3, R3=4)
    shared.do(lambda conn: players.leave(conn, [ids["R1"]], "withdrawn", as_written()))
    earn(2, R1=5, R3=6)  # nobody plays in R1's slot any more
    assert shared.sql(
        "select label, position, amount from earning e join player p on p.id = player_id order by label, position"
    ) == [
        ("R1", 0, Decimal("0.25")),
        ("R1", 1, Decimal("0.75")),
        ("R2", 0, Decimal("0.5")),
        ("R3", 1, Decimal(1)),
        ("R3", 2, Decimal("1.5")),
    ]
    earned = shared.do(lambda conn: pay.earned_in(conn, [room]))[room]
    assert earned == {slots["R1"]: 1, slots["R2"]: 3}
    log = shared.sql("select player_id, data from event where name = 'player_earned' order by seq")
    assert (ids["R1"], {"position": 0, "amount": "0.25", "reason": "hook payoff"}) in log and len(log) == 5
    assert not shared.contradictions(session)


@pytest.mark.parametrize(
    ("typed", "id"),
    [
        ("5f0c2b", "5f0c2b"),
        (" A1B2-c.d@e ", "A1B2-c.d@e"),
        ("", "R,1"),
        ("x,9\n5f0c2b,100.00", "R,1"),
        ("=1+1", "R,1"),
    ],
)
def test_what_a_player_typed_never_becomes_a_payment_of_its_own(typed: str, id: str) -> None:
    study, player = a_study(participant="prolific"), replace(DONE, label="R,1", code="DONE")
    one = Booked(
        player, participant(study, player.label, {"prolific": typed}), "", account(study, player, "1.005")
    )
    quoted = f'"{id}"' if "," in id else id
    assert as_lines(in_bulk([one, one], study)) == f"{quoted},1.02\n" * 2


GAME = """
title = "Give"
[entry]
fields = [{name = "prolific", ask = "Your Prolific ID", kind = "text", required = false}]
[[room]]
name = "pair"
seats = {any = 2}
[pay]
base = 4.50
currency = "EUR"
per_point = 0.05
participant = "prolific"
[[step]]
page = "talk"
repeat = 2
limit = "60s"
score = "payoff"
fields = [{name = "given", ask = "?", kind = "integer"}]
[finish]
codes = {complete = "DONE", withdrawn = "LEFT"}
"""
HOOKS = """
from decimal import Decimal

def payoff(room):
    given = room.said("given")
    return {slot: Decimal(sum(given.values())) / 3 - given[slot] for slot in given}
"""


def test_a_game_is_paid_to_the_cent_from_the_first_round_to_the_recruiter(
    shared: House, server: Server
) -> None:
    # Given 4 and 7: 11/3 - 4 = -0.3333333333 and 11/3 - 7 = -3.3333333333 points; then 1 and 20: 6 and -13.
    files = {"study.toml": GAME.encode(), "hooks.py": HOOKS.encode(), "pages/talk.html": PAGE.encode()}
    session = shared.open_files(files, {"red": 3})
    one, other, gone = (shared.guest(server, session, label) for label in session.tokens)
    admin, researcher = f"/admin/sessions/{session.id}", shared.researcher(server)

    async def story() -> None:
        await gone.sign_in()
        await gone.browser.post("/play/leave", {})
        await one.sign_in({"prolific": "5f0c2b"})
        await other.sign_in()
        await seated(one)
        async with one.watching() as stream:
            assert "€0.00</b> bonus so far" in stream.text
            await one.answer({"given": "4"})
            await other.answer({"given": "7"})
            await stream.until(lambda text: "round 2 of 2" in text, "the second round")
            await one.answer({"given": "1"})
            await other.answer({"given": "20"})
            await stream.until(lambda text: "DONE" in text, "the end")
            assert "-€0.02</b> bonus so far" not in stream.text, "nobody would be paid less than nothing"
        page = await one.page()
        assert 'Your pay: <b class="num">€4.78' in page  # 4.50 + 0.05 * 5.6666666667 = 4.783333333335
        assert "€4.50" in page and "-€0.016666666665" in page and "€0.30" in page
        assert "-€0.003333333335" in page, "the rounding is a line of its own"
        lost = await other.page()
        assert 'Your pay: <b class="num">€4.50' in lost and "Raised to the least" in lost, "the base is safe"
        assert "How your pay adds up" not in await gone.page()
        [(player,)] = shared.sql("select id from player where label = 'R1' and session_id = %s", session.id)
        assert "€4.78" in (await researcher.get(f"{admin}/players/{player}")).text
        paid = list(csv.DictReader(io.StringIO((await researcher.get(f"{admin}/payments.csv")).text)))
        assert [[*list(row.values())[:2], row["outcome"], row["total"], row["currency"]] for row in paid] == [
            ["5f0c2b", "0.28", "complete", "4.78", "EUR"],
            ["R2", "0.00", "complete", "4.50", "EUR"],
            ["R3", "0.00", "withdrawn", "0.00", "EUR"],
        ]

    shared.tell(story())
    study = parse(files)
    found = asyncio.run(verify(shared.database, session.id, study))
    assert found.ok, str(found)
    assert not shared.contradictions(session)

    def type_(*words: str) -> subprocess.CompletedProcess[str]:
        environ = os.environ | {"DATABASE_URL": shared.database}
        return run(["payments", session.id, *words], shared.folder, environ)

    printed = type_()
    assert printed.stdout == "5f0c2b,0.28\n"
    assert printed.stderr.startswith("1 bonus, €0.28 in all.")
    assert type_("--whole").stdout == "5f0c2b,4.78\nR2,4.50\n"
    to = shared.folder / "bonuses.csv"
    assert type_("--to", str(to)).returncode == 0 and to.read_text() == "5f0c2b,0.28\n"
    assert type_("--to", str(to)).returncode == 2, "nobody is paid twice by typing it twice"


@pytest.mark.parametrize(
    "settings_",
    [
        'currency = "EUR"\nbase = 4\nper_point = 0.0333',
        'currency = "JPY"\nbase = 300\nleast = -200\nmost = 500\noutcomes = {lobby = 50}',
        "base = 1.5\nleast = 0.5\nmost = 0.75",
    ],
)
def test_the_database_finds_the_same_payments_in_its_own_words(shared: House, settings_: str) -> None:
    files = {
        "study.toml": re.sub(r"\[pay\]\n.*\n.*\n", f"[pay]\n{settings_}\n", STUDY).encode(),
        "pages/talk.html": PAGE.encode(),
    }
    session = shared.open_files(files, {"red": 150})
    shared.sql("select setseed(0.7)")
    # None of them played: what is proved here is the sums alone.
    shared.sql(
        """update player set status = 'left', signed_in_at = now() - random() * interval '30 minutes',
        finished_at = now(), code = 'C', outcome = (array['complete', 'lobby', 'withdrawn'])[1 + id %% 3]
        where session_id = %s""",
        session.id,
    )
    shared.sql(
        """insert into earning (session_id, player_id, room_id, position, amount, reason)
        select session_id, id, 1, 0, round((random() * 800 - 400)::numeric / (1 + id %% 7), (id %% 11)::int),
            'hook ' || nth
        from player cross join generate_series(1, 3) as nth where session_id = %s and nth <= id %% 4""",
        session.id,
    )
    verdict = asyncio.run(verify(shared.database, session.id, parse(files)))
    payments = {check.name: check.rows for check in verdict.checks if "payments" in check.name}
    assert payments == {"payments_add_up": (), "payments_are_owed": ()}


@pytest.mark.parametrize(("language", "amount"), [("en", "€4.50"), ("de", "4,50\xa0€"), ("es", "4,50\xa0€")])
def test_the_pay_stands_on_every_page_as_the_language_writes_it(
    shared: House, server: Server, language: str, amount: str
) -> None:
    session = shared.open(f'language = "{language}"\n' + STUDY.lstrip(), {"red": 2})

    async def story() -> None:
        one, other = (shared.guest(server, session, label) for label in session.tokens)
        await one.sign_in()
        lobby = await one.page()
        assert amount in lobby and 'data-pay="0.15"' in lobby and 'data-currency="EUR"' in lobby
        await other.sign_in()
        room = await seated(one)
        assert amount in room and "data-pay" not in room
        await one.browser.post("/play/leave", {})
        left = await one.page()
        assert amount not in left

    shared.tell(story())


def test_check_knows_money() -> None:
    def told(line: str) -> str:
        toml = re.sub(r"\[pay\]\nbase = 4.50\ncurrency = \"EUR\"", f"[pay]\n{line}", STUDY)
        found = check(as_files(toml))
        return " ".join(f"{'' if one.grave else 'note: '}{one}" for one in found)

    assert told('base = 4.50\ncurrency = "EUR"') == ""
    assert "Did you mean `EUR`?" in told('currency = "eur"')
    assert "no code of a currency" in told('currency = "€"')
    assert "players don't pay" in told("base = -1")
    assert "bonus" in told("bonus = 3")
    assert told("outcomes = {lobby = 0.5, closed = 3}") == ""
    in_vain = told("per_point = 0.05\nleast = -2\nmost = 10")
    assert in_vain.count("note: ") == in_vain.count("No step has a `score`, so nobody earns anything") == 3
    assert "EUR has 2 decimals" in told('base = 4.505\ncurrency = "EUR"')
    assert "JPY has no decimals" in told('base = 4.5\ncurrency = "JPY"')
    assert "less than `least`" in told("least = 2\nmost = 1")
    assert "points would bring nothing" in told("per_point = 0")
    assert "Did you mean `lobby`?" in told("outcomes = {loby = 0.5}")
    assert "players don't pay" in told("outcomes = {lobby = -0.5}")


def test_what_is_typed_on_one_device_is_there_on_another(shared: House, server: Server) -> None:
    session = shared.open(STUDY, {"red": 2})

    async def story() -> None:
        one, other = (shared.guest(server, session, label) for label in session.tokens)
        await one.sign_in()
        await other.sign_in()
        await seated(one)
        key = (await one.form())["form_key"]
        draft = {"draft": "answers", "draft_key": key, "belief": "7", "why": 'so "be it"\n<b>'}
        for why in ("s", draft["why"]):  # the newest counts
            sent = await one.browser.post("/play/draft", draft | {"why": why})
            assert sent.status == 204
        page = (await one.browser.get("/play")).text
        [typed] = [json.loads(html.unescape(found)) for found in re.findall(r'data-typed="([^"]+)"', page)]
        assert typed["key"] == key
        assert sorted(typed["typed"]) == [["belief", "7"], ["why", draft["why"]]]
        assert 'data-typed="{' not in (await other.browser.get("/play")).text  # nobody else's
        async with one.watching() as stream:
            assert "so &#34;be it" not in stream.raw[0] and "be it" in stream.text  # as JSON in the attribute
        assert (await one.answer({"belief": "7"})).status == 200
        # It stays where it is, and belongs to a form that is no more.
        assert (await one.form())["form_key"] != key
        for wrong in ({"draft": "study"}, {}):
            assert (await one.browser.post("/play/draft", wrong)).status == 400
        stranger = shared.guest(server, session, next(iter(session.tokens)))
        assert (await stranger.browser.post("/play/draft", draft)).status == 403

    shared.tell(story())
    assert shared.sql("select count(*) from draft") == [(1,)]
