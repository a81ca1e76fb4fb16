"""Stories of moves over real HTTP: each is on disk and handled once, or refused, and whoever made it is told which."""

from __future__ import annotations

import asyncio
import re
from functools import partial

import pytest
from playwright.sync_api import expect

from app.study.reading import parse
from tests.house.guests import Guest
from tests.house.house import House, Opened
from tests.house.market import (
    CASH,
    FILES,
    all_handled,
    cash,
    give,
    handled,
    keys,
    market,
    move,
    slot_of,
    talking,
    trading,
)
from tests.house.server import Server
from tests.house.stage import DESK, PHONE, Stage, expect_state
from tests.house.waits import apart, until


def a_tab(house: House, guest: Guest) -> Guest:
    """Of the same person: it asks beside the others."""
    tab = Guest(guest.browser.base, guest.token, guest.label)
    tab.browser.cookies = guest.browser.cookies
    house.guests.append(tab)
    return tab


def a_market(house: House, server: Server, seats: int = 3) -> tuple[Opened, list[Guest]]:
    session = house.open_study(market(seats), {"x": seats})
    return session, [house.guest(server, session, label) for label in session.tokens]


def test_a_move_has_its_receipt_and_is_handled_once_however_often_it_is_clicked(
    shared: House, server: Server
) -> None:
    session, guests = a_market(shared, server)

    async def story() -> None:
        await trading(shared, session, guests)
        ann, me = guests[0], slot_of(shared, session, guests[0].label)
        key, to = (await keys(ann))["give"], me % 3 + 1
        first, second = await asyncio.gather(give(ann, 7, to, key), give(ann, 7, to, key))
        assert first.status == second.status == 200 and "Done." in first.text and "Done." in second.text
        assert first.headers["receipt"] == second.headers["receipt"]
        assert handled(shared, session) == [(1, "give", True)]
        assert cash(shared, session) == {me: CASH - 7, to: CASH + 7}
        other = await give(ann, 7, to)
        assert other.headers["receipt"] != first.headers["receipt"], "the same again, under another key"
        assert cash(shared, session) == {me: CASH - 14, to: CASH + 14}
        found = shared.sql(
            "select name, version from result where session_id = %s and slot = %s", session.id, me
        )
        assert found == [("cash", 2)]
        assert re.search(r'id="move-key-give"[^>]*hx-swap-oob="true"', first.text), "its form has a new key"

    shared.tell(story())
    assert shared.contradictions(session) == []


def test_a_refusal_stands_beside_the_form_of_whoever_made_the_move_and_nowhere_else(
    shared: House, server: Server
) -> None:
    session, guests = a_market(shared, server)

    async def story() -> None:
        await trading(shared, session, guests)
        ann, ben, _ = guests
        me, his = (slot_of(shared, session, one.label) for one in (ann, ben))
        async with ann.watching() as hers, ben.watching() as others:
            said = await give(ann, 99, his)
            assert "Done." in said.text
            said = await give(ann, 2, his)
            assert said.status == 200 and "You can’t pay that." in said.text and "receipt" in said.headers
            await hers.until(lambda text: "You can’t pay that." in text, "her refusal, in her stream")
            assert 'hx-target="#moved-give"' in hers.text
            assert "Done." in (await give(ben, 1, me)).text
            await others.until(lambda text: text.count('hx-target="#moves"') == 2, "what both of them did")
            assert "can’t pay" not in others.text
        assert handled(shared, session) == [(1, "give", True), (2, "give", False), (3, "give", True)]
        page = await move(ann, "give", {"amount": "5", "whom": str(his)}, scripts=False)
        assert page.status == 422 and "<html" in page.text, "without scripts it is the whole page"
        assert re.search(
            r'id="moved-give"[^>]*><span class="problem" role="alert">You can’t pay that', page.text
        )
        assert "can’t pay" not in await ben.page() and "can’t pay" not in await ann.page()
        accepted = await move(ben, "give", {"amount": "1", "whom": str(me)}, scripts=False)
        assert (accepted.status, accepted.headers["location"]) == (303, "/play")
        wrong = await give(ann, 500, his)
        assert wrong.status == 422 and "field-m0-give-amount" in wrong.text and "500" in wrong.text
        assert len(handled(shared, session)) == 5, "what is no answer is nothing that could be handled"

    shared.tell(story())


def test_whoever_may_not_make_a_move_is_refused_where_it_is_written(shared: House, server: Server) -> None:
    session, guests = a_market(shared, server)

    async def story() -> None:
        await trading(shared, session, guests)
        offered = {guest: await keys(guest) for guest in guests}
        rich = next(guest for guest in guests if "boast" in offered[guest])
        poor = next(guest for guest in guests if "boast" not in offered[guest])
        said = await move(poor, "boast", key=offered[poor]["give"])
        assert "You can’t do that here." in said.text and "receipt" in said.headers
        assert (await move(rich, "boast", key=offered[rich]["give"])).text.startswith("Done.")
        assert handled(shared, session) == [(1, "boast", False), (2, "boast", True)]
        for key in ((await keys(rich))["give"], (await rich.form("/play/help"))["form_key"]):
            assert (await move(poor, "stop", key=key)).status == 409, "a key of somebody, or something, else"
        assert (await move(rich, "sings", key=offered[rich]["give"])).status == 409

        await asyncio.to_thread(shared.act, "pause", session)
        paused = await move(rich, "stop", key=offered[rich]["stop"])
        assert paused.status == 409 and "paused" in paused.text and "receipt" not in paused.headers
        await asyncio.to_thread(shared.act, "resume", session)
        assert len(handled(shared, session)) == 2

        assert (await poor.browser.post("/play/leave", {})).status == 303
        left = await move(poor, "stop", key=offered[poor]["stop"])
        assert left.status == 409 and len(handled(shared, session)) == 2

        shared.sql("update room set deadline = clock_timestamp() where session_id = %s", session.id)
        await rich.shows("It is over.")
        late = await move(rich, "stop", key=offered[rich]["stop"])
        assert late.status == 200 and "It was over when this came" in late.text and "receipt" in late.headers
        assert len(handled(shared, session)) == 2, "it is stored, and never handled"
        found = shared.sql("select late from record where session_id = %s order by id", session.id)
        assert found == [(False,), (False,), (True,)]
        await asyncio.to_thread(shared.act, "close", session)
        over = await move(rich, "stop", key=offered[rich]["give"])
        assert over.status == 409 and "receipt" not in over.headers

    shared.tell(story())
    assert shared.contradictions(session) == []


def test_a_move_may_end_the_step(shared: House, server: Server) -> None:
    session, guests = a_market(shared, server)

    async def story() -> None:
        await trading(shared, session, guests)
        assert "Done." in (await move(guests[0], "stop")).text
        for guest in guests:
            await guest.shows("It is over.")

    shared.tell(story())
    [(data,)] = shared.sql("select data from event where session_id = %s and name = 'move_made'", session.id)
    assert data["ends"] and data["nth"] == 1
    assert shared.contradictions(session) == []


def test_a_hook_that_fails_stops_its_room_alone_and_what_came_before_stands(
    shared: House, server: Server
) -> None:
    session = shared.open_study(market(2), {"x": 4})
    guests = [shared.guest(server, session, label) for label in session.tokens]

    async def story() -> None:
        await trading(shared, session, guests)
        seats = dict(shared.sql("select label, room_id from player where session_id = %s", session.id))
        first = [guest for guest in guests if seats[guest.label] == seats[guests[0].label]]
        second = [guest for guest in guests if guest not in first]
        to = {guest: slot_of(shared, session, guest.label) % 2 + 1 for guest in guests}
        assert "Done." in (await give(first[0], 7, to[first[0]])).text
        key = (await keys(first[1]))["give"]
        said = await move(first[0], "breaks")
        assert said.status == 200 and "receipt" in said.headers and "One moment" in said.text
        await first[1].shows("Your group can’t go on just yet.")
        said = await give(first[1], 1, to[first[1]], key)
        assert said.status == 409 and "receipt" not in said.headers
        assert "Done." in (await give(second[0], 7, to[second[0]])).text, "the other room goes on"
        assert handled(shared, session) == [(1, "give", True), (1, "give", True), (None, "breaks", None)]

    shared.tell(story())


def test_two_processes_handle_what_comes_at_once_one_after_the_other(
    shared: House, server: Server, other_server: Server
) -> None:
    house, session = shared, shared.open_study(market(4), {"x": 4})
    servers = [server, other_server]
    guests = [house.guest(servers[nth % 2], session, label) for nth, label in enumerate(session.tokens)]

    async def story() -> None:
        await trading(house, session, guests)
        slots = {guest: slot_of(house, session, guest.label) for guest in guests}
        offered = [(guest, (await keys(guest))["give"]) for guest in guests]
        said = await asyncio.gather(
            *(
                give(a_tab(house, guest), amount, slots[guest] % 4 + 1, key)
                for amount in range(1, 11)
                for guest, key in offered
            )
        )
        assert {one.status for one in said} == {200}
        assert len({one.headers["receipt"] for one in said}) == 40
        await all_handled(house, session, 40)

    house.tell(story())
    assert [nth for nth, *_ in handled(house, session)] == [*range(1, 41)]
    states = house.sql(
        "select data->'state' from event where session_id = %s and name = 'move_made' order by seq",
        session.id,
    )
    last = next(state for (state,) in reversed(states) if state)
    assert dict(last["map"]) == cash(house, session), "what the study keeps is what the results say"
    assert sum(cash(house, session).values()) == 4 * CASH, "nothing is made and nothing is lost"
    assert house.contradictions(session) == []


def test_all_see_the_same_of_moves_and_each_alone_what_is_theirs(shared: House, server: Server) -> None:
    session, guests = a_market(shared, server)

    def boards(raw: list[str]) -> list[str]:
        found = re.findall(r'<hx-partial hx-target="#moves".*?</hx-partial>', "\n".join(raw), re.DOTALL)
        return [one for one in found if "<b>" in one]

    async def story() -> None:
        await trading(shared, session, guests)
        ann, ben, cem = guests
        his = slot_of(shared, session, ben.label)
        async with ann.watching() as hers, ben.watching() as theirs, cem.watching() as others:
            streams = hers, theirs, others
            assert "Done." in (await give(ann, 13, his)).text
            for stream in streams:
                await until(partial(boards, stream.raw), "a board")
            assert boards(hers.raw) == boards(theirs.raw) == boards(others.raw)
            await hers.until(lambda text: ">87<" in text, "what she has left")
            await theirs.until(lambda text: ">113<" in text, "what he has now")
            assert ">113<" not in hers.text and ">87<" not in theirs.text
            assert not any(number in others.text for number in (">87<", ">113<"))
            assert 'hx-target="#shown"' not in others.text.partition('hx-target="#moves"')[2]
        again = await ann.page()
        assert ">87<" in again and "<b>13</b>" in again, "whoever comes back sees the present"
        async with cem.watching() as stream:
            assert "<b>13</b>" in stream.text and ">113<" not in stream.text

    shared.tell(story())


def test_a_study_draws_its_moves_itself(shared: House, server: Server) -> None:
    own = "{% for slot, has in state.items() %}{{ seats[slot - 1].alias }}: {{ has }}; {% endfor %}"
    own = f"{{% if state %}}<p>{own}{{{{ moves[-1].values.amount + 1 }}}}</p>{{% endif %}}"
    files = FILES | {"pages/_move_made.html": own.encode()}
    session = shared.open_study(parse(files), {"x": 3})
    guests = [shared.guest(server, session, label) for label in session.tokens]

    async def story() -> None:
        await trading(shared, session, guests)
        async with guests[2].watching() as stream:
            me = slot_of(shared, session, guests[0].label)
            await give(guests[0], 13, me % 3 + 1)
            await stream.until(lambda text: "; 14</p>" in text, "the study's own drawing")
        assert ": 87; " in await guests[1].page()

    shared.tell(story())


def test_a_move_of_one_role_is_offered_to_it_alone_and_refused_to_whoever_makes_it_all_the_same(
    shared: House, server: Server
) -> None:
    session = shared.open_study(talking(), {"x": 2})
    guests = [shared.guest(server, session, label) for label in session.tokens]

    async def story() -> None:
        await trading(shared, session, guests)
        offered = {guest: await keys(guest) for guest in guests}
        quiet = next(guest for guest in guests if "hush" in offered[guest])
        [loud] = [guest for guest in guests if "hush" not in offered[guest]]
        assert "Not so loud: hush!" in (await move(quiet, "hush", key=offered[quiet]["hush"])).text
        said = await move(loud, "hush", key=offered[loud]["say"])
        assert "You can’t do that here." in said.text and "receipt" in said.headers
        answer = await move(loud, "say", {"loud": "1", "words": "hello"}, offered[loud]["say"])
        assert answer.text.startswith("Done.")
        await quiet.shows("hello")
        assert handled(shared, session) == [(1, "hush", False), (2, "hush", False), (3, "say", True)]

    shared.tell(story())


@pytest.mark.browser
def test_moves_are_made_one_after_the_other_and_what_is_typed_stays_while_others_move(stage: Stage) -> None:
    session = apart(lambda: stage.house.open_study(market(2), {"x": 2}))
    pages = []
    for label, size in (("X1", PHONE), ("X2", DESK)):
        page = stage.page(size)
        page.goto(stage.link(session, label))
        page.get_by_role("button", name="Come in").click()
        expect_state(page, "Live")
        pages.append(page)
    ann, ben = pages
    expect(ann.locator("#moves")).to_contain_text("Nothing yet.")
    to = str(apart(lambda: slot_of(stage.house, session, "X2")))
    ben.get_by_label("How much?").fill("42")
    for nth, amount in enumerate(("10", "5"), 1):
        ann.get_by_label("How much?").fill(amount)
        ann.get_by_label("To whom?").fill(to)
        ann.get_by_role("button", name="Give it").click()
        expect(ben.locator("#moves tr")).to_have_count(nth)
        expect(ann.locator("#moved-give")).to_have_text("Done.")
    expect(ann.locator("#shown")).to_contain_text("85")
    expect(ben.locator("#shown")).to_contain_text("115")
    expect(ben.get_by_label("How much?")).to_have_value("42")
    ann.get_by_label("How much?").fill("99")
    ann.get_by_role("button", name="Give it").click()
    expect(ann.locator("#moved-give .problem")).to_have_text("You can’t pay that.")
    expect(ben.locator("#page")).not_to_contain_text("pay that")
    stage.bear("status of 422")
    ann.get_by_label("How much?").fill("500")
    ann.get_by_role("button", name="Give it").click()
    expect(ann.locator("#move-give .error")).to_be_visible()
    expect(ann.get_by_label("How much?")).to_have_value("500")
    ann.get_by_label("How much?").fill("1")
    ann.get_by_role("button", name="Give it").click()
    expect(ann.locator("#moved-give")).to_have_text("Done.")
    ben.get_by_role("button", name="End it for all").click()
    for page in pages:
        expect(page.locator("#step")).to_contain_text("It is over.")
