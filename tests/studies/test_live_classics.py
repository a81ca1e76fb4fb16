"""Classics in which people act at any time, and one of two days: what they pay, reckoned by hand."""

from __future__ import annotations

import asyncio
import re
from decimal import Decimal
from pathlib import Path

import pytest

from app.export.verify import verify
from app.study.reading import check, parse
from tests.house.classics import files_of
from tests.house.files import Tables, tables_of
from tests.house.guests import Guest, sign_everyone_in
from tests.house.house import House, Opened
from tests.house.market import move
from tests.house.server import Server
from tests.house.shell import Shell
from tests.house.waves import goes_on


async def at_their_places(house: House, server: Server, session: Opened) -> dict[int, Guest]:
    """Everybody, by slot, where they may make moves."""
    guests = {label: house.guest(server, session, label) for label in session.tokens}
    await sign_everyone_in(list(guests.values()))
    for guest in guests.values():
        await guest.shows('action="/play/moves"')
    slots = house.sql("select slot, label from player where session_id = %s order by slot", session.id)
    return {slot: guests[label] for slot, label in slots}


def time_is_up(house: House, session: Opened) -> None:
    house.sql("update room set deadline = clock_timestamp() where session_id = %s", session.id)


def times_left(messages: list[str]) -> list[float]:
    """Each time that only the clock of a page was set: the seconds that it shows."""
    found = re.findall(r'hx-target="#until".*?data-until="(\d+)" data-now="(\d+)"', "".join(messages))
    return [(int(until) - int(now)) / 1000 for until, now in found]


def holds(house: House, session: Opened, files: dict[str, bytes]) -> None:
    assert [str(one) for one in check(files) if one.grave] == []
    verdict = asyncio.run(verify(house.database, session.id, parse(files)))
    assert verdict.ok, str(verdict)
    assert not house.contradictions(session)


@pytest.mark.slow
def test_in_an_english_auction_the_last_bid_wins_and_is_paid(shared: House, server: Server) -> None:
    files = files_of("english")
    session = shared.open_study(parse(files), {"x": 3})
    bids = (
        (3, 50, "Done."),
        (2, 50, "Somebody bids 50 already."),
        (2, 70, "Done."),
        (2, 75, "Yours is the highest bid."),
        (1, 81, "Done."),
    )

    async def story() -> Tables:
        three = await at_their_places(shared, server, session)
        async with three[1].watching() as page:
            for slot, price, told in bids:
                assert told in (await move(three[slot], "bid", {"price": str(price)})).text
            # The clock of each page starts anew with each bid, and the page stays: somebody may be typing there.
            await page.until(lambda _: len(times_left(page.raw)) == 3, "the clock, three times")
            assert all(0 < seconds <= 10 for seconds in times_left(page.raw)) and page.snapshots == 1
        [(ten_seconds,)] = shared.sql(
            "select deadline < clock_timestamp() + interval '10 s' from room where session_id = %s",
            session.id,
        )
        assert ten_seconds
        time_is_up(shared, session)
        for guest in three.values():
            assert "81" in await guest.shows("The price")
            await guest.answer({})
        for guest in three.values():
            await guest.shows("CLASSIC-DONE")
        return await tables_of(shared, session.id, "payments", "moves", "players")

    tables = shared.tell(story())
    slots = {row["player"]: int(row["slot"]) for row in tables["players"]}
    # The first slot has it, worth 100, for 81; at a cent a point.
    paid = {slots[row["player"]]: row["total"] for row in tables["payments"]}
    assert paid == {1: "1.19", 2: "1.00", 3: "1.00"}
    accepted = [(int(row["slot"]), int(row["price"])) for row in tables["moves"] if row["accepted"] == "true"]
    assert accepted == [(3, 50), (2, 70), (1, 81)]
    holds(shared, session, files)


def open_for(house: House, session: Opened, seconds: float) -> None:
    """As if the step, of which all has just opened, had opened so long ago."""
    earlier = "clock_timestamp() - make_interval(secs => %s)"
    house.sql(
        "update opened_step set at = {} where session_id = %s".replace("{}", earlier), seconds, session.id
    )
    house.sql(  # with an event, as pages are told
        "update room set began = {}, deadline = deadline + interval '1 ms' where session_id = %s".replace(
            "{}", earlier
        ),
        *(seconds, session.id),
    )


@pytest.mark.slow
def test_at_an_english_clock_the_last_who_is_in_pays_what_it_showed_as_the_others_went(
    shared: House, server: Server
) -> None:
    files = files_of("english_clock")
    session = shared.open_study(parse(files), {"x": 3})

    async def story() -> Tables:
        three = await at_their_places(shared, server, session)
        page = await three[1].page()
        assert 'data-values="50\n51\n52\n' in page and '\n119\n120"' in page
        open_for(shared, session, 24.1)  # twelve times two seconds: it shows 62
        await three[2].shows(">62</b>")  # also by whoever loads the page anew
        assert "Done." in (await move(three[3], "out")).text
        assert "You are out already." in (await move(three[3], "out")).text
        open_for(shared, session, 64.1)
        assert "Done." in (await move(three[2], "out")).text
        for guest in three.values():
            assert ">82<" in await guest.shows('id="form-key"')
            await guest.answer({})
        for guest in three.values():
            await guest.shows("CLASSIC-DONE")
        return await tables_of(shared, session.id, "payments", "moves", "players")

    tables = shared.tell(story())
    went = [(row["slot"], row["clock"]) for row in tables["moves"] if row["accepted"] == "true"]
    assert went == [("3", "62"), ("2", "82")]
    slots = {row["player"]: int(row["slot"]) for row in tables["players"]}
    # The first is left, and pays 82 of what is worth 100; at a cent a point.
    paid = {slots[row["player"]]: row["total"] for row in tables["payments"]}
    assert paid == {1: "1.18", 2: "1.00", 3: "1.00"}
    holds(shared, session, files)


@pytest.mark.slow
def test_at_a_dutch_clock_the_first_who_takes_it_pays_what_it_showed(shared: House, server: Server) -> None:
    files = files_of("dutch_clock")
    session = shared.open_study(parse(files), {"x": 3})

    async def story() -> Tables:
        three = await at_their_places(shared, server, session)
        open_for(shared, session, 30.1)  # fifteen times two seconds: two less each time
        assert "Done." in (await move(three[2], "take")).text
        for guest in three.values():
            assert ">70<" in await guest.shows('id="form-key"')
            await guest.answer({})
        for guest in three.values():
            await guest.shows("CLASSIC-DONE")
        return await tables_of(shared, session.id, "payments", "moves", "players")

    tables = shared.tell(story())
    assert [(row["slot"], row["clock"]) for row in tables["moves"]] == [("2", "70")]
    slots = {row["player"]: int(row["slot"]) for row in tables["players"]}
    # The second has it, worth 80, for 70; at a cent a point.
    paid = {slots[row["player"]]: row["total"] for row in tables["payments"]}
    assert paid == {1: "1.00", 2: "1.10", 3: "1.00"}
    holds(shared, session, files)
    shared.sql("update move set clock = '72' where session_id = %s", session.id)
    verdict = asyncio.run(verify(shared.database, session.id, parse(files)))
    assert "the clock showed 70" in str(verdict)


@pytest.mark.slow
def test_what_is_given_by_the_second_is_paid_by_the_second(shared: House, server: Server) -> None:
    files = files_of("continuous")
    session = shared.open_study(parse(files), {"x": 2})

    async def story() -> Tables:
        pair = await at_their_places(shared, server, session)
        assert "Done." in (await move(pair[1], "give", {"points": "10"})).text
        ten_seconds_ago = "update opened_step set at = at - interval '10 s' where session_id = %s"
        shared.sql(ten_seconds_ago, session.id)
        assert "Done." in (await move(pair[1], "give", {"points": "0"})).text
        time_is_up(shared, session)
        for guest in pair.values():
            await guest.shows("CLASSIC-DONE")
        return await tables_of(shared, session.id, "payments", "moves", "players")

    tables = shared.tell(story())
    slots = {row["player"]: int(row["slot"]) for row in tables["players"]}
    earned = {slots[row["player"]]: Decimal(row["earned"]) for row in tables["payments"]}
    begins, ends = (Decimal(row["seconds"]) for row in tables["moves"])
    # 30 seconds with 10 points each. While the first gives them all, they have 8 in place of 10, and the other 18.
    gave = ends - begins
    assert 10 < gave < 20
    cent = Decimal("0.01")
    assert abs(earned[1] - (300 - 2 * gave) * cent) <= cent
    assert abs(earned[2] - (300 + 8 * gave) * cent) <= cent
    holds(shared, session, files)


@pytest.mark.slow
def test_whoever_finished_the_first_wave_comes_to_the_second_which_knows_what_they_said(
    shared: House, server: Server, tmp_path: Path
) -> None:
    first, second = files_of("wave_one"), files_of("wave_two")
    session = shared.open_study(parse(first), {"x": 3})

    async def day_one() -> None:
        guests = [shared.guest(server, session, label) for label in session.tokens]
        await sign_everyone_in(guests)
        for guest, wish in zip(guests, ("60", "30", "0"), strict=True):
            assert (await guest.answer({"wish": wish})).status == 200
        for guest in guests[:2]:  # the third never says how old they are
            assert (await guest.answer({"age": "30"})).status == 200
            await guest.shows("CLASSIC-DONE")

    shared.tell(day_one())
    told = goes_on(
        Shell(shared, tmp_path), session, files={name: body.decode() for name, body in second.items()}
    )
    assert told["players"] == 2
    again = Opened(told["session"], session.tokens)
    shared.act("start", again)

    async def day_two() -> Tables:
        guests = [shared.guest(server, again, label) for label in ("X1", "X2")]
        await sign_everyone_in(guests)
        for guest, given in zip(guests, ("50", "40"), strict=True):
            await guest.shows('name="given"')
            assert (await guest.answer({"given": given})).status == 200
        for guest in guests:
            await guest.shows("CLASSIC-DONE")
        return await tables_of(shared, again.id, "payments", "results", "players")

    tables = shared.tell(day_two())
    # 50 of 100 points given and 40 got, and the other way round; at a cent each, beside the base of the second wave.
    assert {row["label"]: row["total"] for row in tables["payments"]} == {"X1": "1.90", "X2": "2.10"}
    labels = {row["player"]: row["label"] for row in tables["players"]}
    more = {labels[row["player"]]: row["value"] for row in tables["results"] if row["name"] == "more"}
    assert more == {"X1": "-10", "X2": "10"}
    holds(shared, again, second)
