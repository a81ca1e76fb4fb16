"""Nobody writes more than others can read, however many processes they write to."""

from __future__ import annotations

import asyncio
import re
from functools import partial
from uuid import uuid4

from app.database.connections import Connection
from app.players import notes
from app.rehearsal.browser import Reply
from app.rooms import messages
from app.rooms.messages import NewMessage
from tests.house.crowd import come, seat
from tests.house.guests import Guest, Stream, seated, sign_everyone_in
from tests.house.house import House
from tests.house.server import Server
from tests.house.studies import LONG, NEAR
from tests.house.waits import until

ANEW = """
title = "Anew"
[[room]]
name = "pair"
seats = {any = 2}
[[step]]
page = "talk"
repeat = 2
limit = "1h"
chat = "room"
fields = [{name = "belief", ask = "How sure are you?", kind = "integer", min = 0, max = 100}]
[[step]]
page = "talk"
name = "anew"
repeat = 3
limit = "1h"
chat = "room"
talk = "fresh"
fields = [{name = "other", ask = "How sure are you now?", kind = "integer", min = 0, max = 100}]
"""
FROM_PAGE = {"HX-Request": "true"}
AT_ONCE = 30


def test_ten_messages_at_once_and_then_one_a_second(
    shared: House, server: Server, other_server: Server
) -> None:
    session = shared.open(LONG)
    guests = [shared.guest(server, session, label) for label in session.tokens]

    async def story() -> None:
        await sign_everyone_in(guests)
        one, other = guests[0], guests[1]
        await asyncio.gather(*(seated(guest) for guest in guests))
        form = await one.form("/play/messages")
        tabs = [Guest(base.base, one.token) for base in (server, other_server) for _ in range(AT_ONCE // 2)]
        for tab in tabs:
            tab.browser.cookies = dict(one.browser.cookies)
        said = [{**form, "body": f"word {nth}"} for nth in range(AT_ONCE)]
        answers = await asyncio.gather(
            *(
                tab.browser.post("/play/messages", text, FROM_PAGE)
                for tab, text in zip(tabs, said, strict=True)
            )
        )
        stored = shared.sql("select body from message where session_id = %s", session.id)
        taken = [text["body"] for text, answer in zip(said, answers, strict=True) if answer.status == 200]
        assert sorted(taken) == sorted(body for (body,) in stored) and len(taken) == messages.MOST
        late = [answer for answer in answers if answer.status != 200]
        assert {answer.status for answer in late} == {429}
        for answer in late:
            wait = int(answer.headers["retry-after"])
            assert 2 <= wait <= 10 and f"is sent again in {wait} seconds" in answer.text
        # Who writes little is heard meanwhile; and what was stored is stored if it comes again.
        assert (await other.say("I am here, too")).status == 200
        again = said[[answer.status for answer in answers].index(200)]
        assert (await one.browser.post("/play/messages", again, FROM_PAGE)).status == 200
        # A browser without scripts gets the words back, and the button to send them.
        unsent = said[[answer.status for answer in answers].index(429)]
        page = await one.browser.post("/play/messages", unsent, {"Accept": "text/html"})
        assert page.status == 429 and f">{unsent['body']}</textarea>" in page.text
        assert unsent["form_key"] in page.text and "then send it again" in page.text
        # A page that shows 429 sends again by itself, until it is its turn.
        shared.sql("update message set at = at - interval '9 seconds' where session_id = %s", session.id)
        answer = await until(lambda: _taken(one, unsent), "the message is taken")
        assert "form_key" in answer.text
        for tab in tabs:
            tab.leave()

    shared.tell(story())
    assert shared.contradictions(session) == []


def test_of_two_messages_of_one_person_that_are_stored_together_the_one_that_came_first_stands_first(
    shared: House,
) -> None:
    session = shared.open(LONG)
    come(shared, session, *session.tokens)
    seat(shared, session)
    [(one, room_id), (other, _)] = shared.sql(
        "select id, room_id from player where session_id = %s and slot in (1, 2) order by id", session.id
    )
    low, high = sorted(str(uuid4()) for _ in range(2))
    sent = [
        NewMessage(player, room_id, None, "talk", NEAR, body, form)
        for player, body, form in (
            (other, "first", high),
            (one, "beside", str(uuid4())),
            (other, "last", low),
        )
    ]

    async def together(conn: Connection) -> list[object]:
        return list(await messages.store(conn, sent))

    assert None not in shared.do(together)
    said = shared.sql("select body from message where player_id = %s order by id", other)
    assert said == [("first",), ("last",)]


def test_what_was_said_stays_from_round_to_round_until_a_talk_begins_anew(
    shared: House, server: Server
) -> None:
    session = shared.open(ANEW, {"p": 2})
    one, other = (shared.guest(server, session, label) for label in ("P1", "P2"))
    rounds = [("belief", ["one"]), ("belief", ["one", "two"]), ("other", ["three"]), ("other", ["four"])]

    async def story() -> None:
        await sign_everyone_in([one, other])
        await asyncio.gather(seated(one), seated(other))
        async with other.watching() as page:
            for nth, (field, said) in enumerate(rounds):
                await one.shows(f".{nth}.message:")
                await page.until(partial(_is_at, page, nth), f"round {nth} is there")
                assert page.talk == _said_on(await one.page()) == (["one"] if nth == 1 else [])
                await one.say(said[-1])
                await page.until(partial(_has, page, said), f"the page shows {said}")
                assert _said_on(await other.page()) == _said_on(await one.page()) == said
                await asyncio.gather(one.answer({field: "1"}), other.answer({field: "1"}))

    shared.tell(story())
    assert shared.contradictions(session) == []


def _is_at(page: Stream, nth: int, _: str) -> bool:
    return page.at == nth


def _has(page: Stream, said: list[str], _: str) -> bool:
    return page.talk == said


def _said_on(page: str) -> list[str]:
    return re.findall(r'<li id="m\d+".*?<span dir="auto">(.*?)</span></li>', page)


async def _taken(guest: Guest, text: dict[str, str]) -> Reply | None:
    answer = await guest.browser.post("/play/messages", text, FROM_PAGE)
    return answer if answer.status == 200 else None


def test_five_questions_in_a_minute(shared: House, server: Server, other_server: Server) -> None:
    session = shared.open(LONG)
    guest = shared.guest(server, session, "R1")

    async def story() -> None:
        await guest.sign_in()
        forms = [await guest.form("/play/help") for _ in range(12)]
        tabs = [Guest(base.base, guest.token) for base in (server, other_server) for _ in range(6)]
        for tab in tabs:
            tab.browser.cookies = dict(guest.browser.cookies)
        answers = await asyncio.gather(
            *(
                tab.browser.post("/play/help", {**form, "body": f"help {nth}"}, FROM_PAGE)
                for nth, (tab, form) in enumerate(zip(tabs, forms, strict=True))
            )
        )
        statuses = sorted(answer.status for answer in answers)
        assert statuses == [200] * notes.MOST + [429] * (12 - notes.MOST)
        (count,) = shared.sql("select count(*) from note where session_id = %s", session.id)
        assert count == (notes.MOST,)
        late = next(answer for answer in answers if answer.status == 429)
        assert 50 <= int(late.headers["retry-after"]) <= 60 and "What you typed is kept" in late.text
        for tab in tabs:
            tab.leave()

    shared.tell(story())
