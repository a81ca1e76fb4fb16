"""The market that ships: what comes of an offer, by hand, and two periods from the link to the payments."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from app.config import PROJECT
from app.export.verify import verify
from app.rehearsal.bots import Bot
from app.rehearsal.habits import Habits
from app.replay import check
from app.study.hooks.networklab import Accept, Move, Offer, Refuse, Room, Said, Seat, Wait
from app.study.hooks.pool import Hooks
from app.study.model.study import Study
from app.study.reading import parse, read_folder
from tests.house.files import tables_of
from tests.house.guests import Guest
from tests.house.hooks import as_kept, call_hook
from tests.house.house import House, Opened
from tests.house.market import move
from tests.house.rounds import unlike_joins
from tests.house.server import Server

FILES = read_folder(PROJECT / "studies" / "market")
UNITS = {1: 130, 2: 30, 3: 110, 4: 50}  # of buyers and sellers, who take turns
BOOK: dict[str, Any] = {"bids": [], "asks": [], "deals": []}


def quick() -> Study:
    """Two periods of four people, the second of which lasts until its time is up."""
    toml = FILES["study.toml"].decode()
    for old, new in (
        ("repeat  = 5", "repeat  = 2"),
        ("repeat = 5", "repeat = 2"),
        ('"15s"', '"1s"'),
        ('"2m"', '"1h"'),
        ("any = 10", "any = 4"),
    ):
        assert toml.count(old) == 1, old
        toml = toml.replace(old, new)
    return parse(FILES | {"study.toml": toml.encode()})


def room(state: Any = None, left: int = 0) -> Room:
    said = [Said("market", 1, slot, "unit", unit) for slot, unit in UNITS.items()]
    said += [Said("market", 1, slot, "role", "buyer" if slot % 2 else "seller") for slot in UNITS]
    seats = tuple(Seat(slot, f"Player {slot}", "", plays=slot != left) for slot in UNITS)
    return Room("market-1", "market", 1, 7, "market", 1, 5, seats, all_said=tuple(said), state=state)


def trade(*offers: tuple[int, int | None], state: Any = None, left: int = 0) -> list[Accept | Refuse]:
    """What comes of each of these: a slot and its price, or none where it takes its offer back."""

    async def call() -> list[Accept | Refuse]:
        hooks, found, kept = Hooks(), list[Accept | Refuse](), state
        try:
            for slot, price in offers:
                name = "withdraw" if price is None else "bid" if slot % 2 else "ask"
                made = Move(slot, name, {} if price is None else {"price": price})
                found.append(as_kept(await hooks.call(parse(FILES), "trade", room(kept, left), made)))
                if isinstance(found[-1], Accept):
                    kept = found[-1].state
        finally:
            await hooks.retire(0)
        return found

    return asyncio.run(call())


def offer(slot: int, price: int) -> dict[str, int]:
    return {"slot": slot, "price": price}


def test_offers_stand_best_first_and_one_of_somebody_replaces_the_one_before() -> None:
    *_, last = trade((1, 60), (3, 70), (2, 95), (4, 90), (1, 70), (4, 99))
    assert isinstance(last, Accept) and not last.end
    assert last.state["bids"] == (offer(3, 70), offer(1, 70)), "of the same the older one is first"
    assert last.state["asks"] == (offer(2, 95), offer(4, 99))
    assert last.results == {"offer": {4: "99"}}


def test_an_offer_that_reaches_the_best_one_trades_at_the_price_that_stood_there() -> None:
    _, _, found = trade((2, 60), (4, 55), (1, 80))
    # 130 − 55 for the buyer, 55 − 50 for the seller; the ask of 60 stays.
    assert found == Accept(
        {"bids": (), "asks": (offer(2, 60),), "deals": ({"buyer": 1, "seller": 4, "price": 55},)},
        {"profit": {1: 75, 4: 5}, "offer": {1: "none", 4: "none"}},
    )
    _, found, again = trade((1, 80), (2, 40), (2, 90))
    assert isinstance(found, Accept) and found.results["profit"] == {1: 50, 2: 50}, "at 80, where it stood"
    assert again == Refuse("You have traded your unit of this period.")


def test_the_period_is_over_when_everybody_of_one_side_has_traded() -> None:
    *_, last = trade((1, 80), (2, 80), (4, 100), (3, 100))
    assert isinstance(last, Accept) and last.end and len(last.state["deals"]) == 2


def trader(
    slot: int, turn: int, book: dict[str, Any] | None = None, left: float = 120.0, profit: bool = False
) -> Any:
    """What a bot in this slot does with its page."""
    said = [Said("market", 1, slot, "unit", UNITS[slot])]
    said += [Said("market", 1, slot, "profit", 10)] if profit else []
    seats = tuple(Seat(one, f"Player {one}", "", bot=one == slot) for one in UNITS)
    offers = (Offer("bid" if slot % 2 else "ask"), Offer("withdraw"))
    page = Room("", "", 0, turn, "market", 1, 5, seats, all_said=tuple(said), state=book)
    page = replace(page, offers=offers, turn=turn, at=120 - left, left=left)
    return call_hook(parse(FILES), "trader", page, slot, ())


@pytest.mark.slow
def test_a_bot_never_offers_at_a_loss_comes_nearer_as_time_runs_out_and_takes_what_it_would_have_asked_for() -> (
    None
):
    for turn in range(0, 12, 2):
        early, late = trader(1, turn).values["price"], trader(1, turn, left=1).values["price"]
        assert 85 <= early <= 130 and 125 <= late <= 130
        assert 30 <= trader(2, turn).values["price"] <= 75
    assert trader(1, 0, {**BOOK, "asks": [offer(2, 60)]}) == Move(1, "bid", {"price": 60})
    assert trader(2, 0, {**BOOK, "bids": [offer(1, 99)]}) == Move(2, "ask", {"price": 99})
    assert isinstance(trader(1, 1), Wait) and trader(1, 0, profit=True) is None


def test_nobody_trades_at_a_loss_or_takes_back_what_does_not_stand_or_trades_with_who_has_left() -> None:
    assert trade((1, 131), (2, 29), (1, None)) == [
        Refuse("You would lose by that: your unit is worth 130."),
        Refuse("You would lose by that: your unit costs 30."),
        Refuse("You have no offer that stands."),
    ]
    _, back = trade((1, 80), (1, None))
    assert back == Accept({**BOOK, "bids": (), "asks": (), "deals": ()}, {"offer": {1: "none"}})
    [stands] = trade((1, 90), state={**BOOK, "asks": [offer(2, 40)]}, left=2)
    assert isinstance(stands, Accept) and stands.state["bids"] == (offer(1, 90),)


def test_it_runs_from_the_link_to_the_payments(shared: House, server: Server) -> None:
    study = quick()
    session = shared.open_study(study, {"x": 4})
    tables: dict[str, list[dict[str, str]]] = {}

    async def story() -> None:
        by_unit = await at_the_market(shared, server, session)
        for unit, name, price, said in (
            *((130, "bid", 80, "Done."), (30, "ask", 60, "Done.")),  # at 80: 50 and 50
            *(
                (110, "bid", 40, "Done."),
                (50, "ask", 100, "Done."),
                (110, "bid", 100, "Done."),
            ),  # at 100: 10 and 50
        ):
            assert said in (await move(by_unit[unit], name, {"price": str(price)})).text
        for guest in by_unit.values():
            await guest.shows("Period 2 of 2")
        for unit, name, values, said in (
            (130, "bid", {"price": "131"}, "You would lose by that: your unit is worth 130."),
            (30, "ask", {"price": "70"}, "Done."),
            (110, "bid", {"price": "60"}, "Done."),
            (110, "withdraw", {}, "Done."),
            (130, "bid", {"price": "90"}, "Done."),  # at 70: 60 and 40
        ):
            assert said in (await move(by_unit[unit], name, values)).text
        shared.sql(
            "update room set deadline = clock_timestamp() where session_id = %s and status = 'playing'",
            session.id,
        )
        for guest in by_unit.values():
            await guest.shows("MARKET-DONE")
        tables.update(
            await tables_of(
                shared, session.id, "players", "moves", "results", "payments", "history", "codebook"
            )
        )

    shared.tell(story())
    units = {row["player"]: int(row["value"]) for row in tables["results"] if row["name"] == "unit"}
    paid = {units[row["player"]]: (Decimal(row["earned"]), row["total"]) for row in tables["payments"]}
    # Points are worth 2 cents: 50 + 60, 50 + 40, 10, 50.
    assert {unit: earned for unit, (earned, _) in paid.items()} == {
        130: Decimal("2.20"), 30: Decimal("1.80"), 110: Decimal("0.20"), 50: Decimal("1.00"),
    }  # fmt: skip
    assert [
        (
            row["round"],
            units[row["player"]],
            row["move"],
            row["price"],
            row["nth"],
            row["accepted"],
            row["sentence"],
        )
        for row in tables["moves"]
    ] == [
        ("1", 130, "bid", "80", "1", "true", ""),
        ("1", 30, "ask", "60", "2", "true", ""),
        ("1", 110, "bid", "40", "3", "true", ""),
        ("1", 50, "ask", "100", "4", "true", ""),
        ("1", 110, "bid", "100", "5", "true", ""),
        ("2", 130, "bid", "131", "1", "false", "You would lose by that: your unit is worth 130."),
        ("2", 30, "ask", "70", "2", "true", ""),
        ("2", 110, "bid", "60", "3", "true", ""),
        ("2", 110, "withdraw", "", "4", "true", ""),
        ("2", 130, "bid", "90", "5", "true", ""),
    ]
    of_moves = {row["record"] for row in tables["moves"]}
    assert {row["value"] for row in tables["history"] if row["record"] in of_moves} >= {
        '{"price":"80"}',
        "{}",
    }
    assert {row["column"] for row in tables["codebook"] if row["file"] == "moves.csv"} >= {"nth", "price"}
    verdict = asyncio.run(verify(shared.database, session.id, study))
    assert verdict.ok, str(verdict)
    checked = shared.read(lambda conn: check.check(conn, session.id))
    assert not checked.differences, str(checked)
    assert not shared.contradictions(session)
    assert unlike_joins(shared, session.id, study) == []


async def at_the_market(house: House, server: Server, session: Opened) -> dict[int, Guest]:
    """Everybody has passed the quiz and sits there, by what a unit is worth to them or costs them."""
    guests = {label: house.guest(server, session, label) for label in session.tokens}
    for guest in guests.values():
        assert (await guest.sign_in({"age": "30"})).status == 303
        assert (await guest.answer({"profit": "20"})).status == 200
    for guest in guests.values():
        await guest.shows('action="/play/moves"')
    units = house.sql(
        """select p.label, t.value from player p join result t on t.room_id = p.room_id and t.slot = p.slot
        where p.session_id = %s and t.name = 'unit'""",
        session.id,
    )
    return {int(unit): guests[label] for label, unit in units}


def test_bots_trade_as_people_do_and_hold_a_receipt_of_each_move(shared: House, server: Server) -> None:
    toml = (
        FILES["study.toml"].decode().replace("repeat  = 5", "repeat  = 1").replace("repeat = 5", "repeat = 1")
    )
    toml = toml.replace('"15s"', '"1s"').replace('"2m"', '"5s"').replace("any = 10", "any = 4")
    study = parse(FILES | {"study.toml": toml.encode()})
    session = shared.open_study(study, {"x": 4})
    bots = [
        Bot(
            server.base,
            token,
            study,
            Habits(talk=0, double_click=0.2, fallible=False),
            label,
            speed=40,
            seed=label,
        )
        for label, token in session.tokens.items()
    ]

    async def story() -> None:
        async with asyncio.timeout(60):
            assert {*await asyncio.gather(*(bot.play() for bot in bots))} == {"MARKET-DONE"}

    shared.tell(story())
    assert [wrong for bot in bots for wrong in bot.diary.wrongs] == []
    told = [one for bot in bots for one in bot.diary.told if one.values[0][0] in ("bid", "ask", "withdraw")]
    [(made, handled)] = shared.sql("select count(*), count(nth) from move where session_id = %s", session.id)
    assert made == handled >= 4 and len({one.receipt for one in told}) >= made
    verdict = asyncio.run(verify(shared.database, session.id, study))
    assert verdict.ok, str(verdict)
