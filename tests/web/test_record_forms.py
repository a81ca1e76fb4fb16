"""Stories of record forms: what is stored where each change is saved by itself, and what whoever sends one is told."""

from __future__ import annotations

import asyncio
import time

import psycopg

from app.database.connections import Connection
from app.sessions import actions
from app.study.stored import read_study
from tests.house.guests import Guest, seated, sign_everyone_in
from tests.house.house import House, Opened
from tests.house.server import Server

STUDY = """
title = "By itself"
[[room]]
name = "pair"
seats = {any = 2}
[[step]]
page = "talk"
limit = "60s"
ends = "deadline"
save = "change"
fields = [
    {name = "colour", ask = "Colour?", kind = "choice", options = ["red", "blue"]},
    {name = "number", ask = "Number?", kind = "integer", min = 0, max = 9},
    {name = "why", ask = "Why?", kind = "text", required = false},
]
"""


async def a_room(house: House, server: Server, session: Opened) -> list[Guest]:
    guests = [house.guest(server, session, label) for label in session.tokens]
    await sign_everyone_in(guests)
    for guest in guests:
        await seated(guest)
    return guests


def stored(house: House, session: Opened) -> list[tuple[str, str, int]]:
    return house.sql(
        "select field, value, version from record where session_id = %s order by field, version", session.id
    )


def test_each_change_is_saved_by_itself_though_other_questions_want_an_answer(
    shared: House, server: Server
) -> None:
    session = shared.open(STUDY, {"x": 2})

    async def story() -> None:
        [ann, _] = await a_room(shared, server, session)
        said = await ann.answer({"colour": "red", "number": "", "why": ""})
        assert (said.status == 200 and "Receipt" in said.headers) or "receipt" in said.headers
        assert stored(shared, session) == [("colour", "red", 1), ("why", "", 1)]
        wrong = await ann.answer({"colour": "red", "number": "12", "why": ""})
        assert wrong.status == 422 and len(stored(shared, session)) == 2
        whole = await ann.answer({"colour": "red", "number": "", "why": "", "form-whole": "1"})
        assert whole.status == 422 and "Please" in whole.text, "who presses the button is told what lacks"
        assert (await ann.answer({"colour": "red", "number": "3", "why": ""})).status == 200
        assert ("number", "3", 1) in stored(shared, session)

    shared.tell(story())


def test_half_an_answer_is_kept_and_does_not_end_the_step(shared: House, server: Server) -> None:
    session = shared.open(STUDY.replace('ends = "deadline"', ""), {"x": 2})

    async def story() -> None:
        guests = await a_room(shared, server, session)
        for guest in guests:
            said = await guest.answer({"colour": "red", "number": "", "why": ""})
            assert said.status == 202 and "saved once every question has an answer" in said.text
        assert stored(shared, session) == []
        assert all(["0 of 1" in await guest.page() for guest in guests])
        for guest in guests:
            assert (await guest.answer({"colour": "red", "number": "1", "why": ""})).status == 200
        for guest in guests:
            await guest.shows('id="code"')

    shared.tell(story())


def test_where_answering_ends_a_step_a_browser_without_scripts_is_led_on_and_who_is_out_hears_the_truth(
    shared: House, server: Server
) -> None:
    study = STUDY.replace('ends = "deadline"', "").replace('save = "change"', "")
    session = shared.open(study, {"x": 2})
    whole = {"colour": "red", "number": "1", "why": ""}

    async def story() -> None:
        [ann, bob] = await a_room(shared, server, session)
        form = await bob.form()
        plain = await ann.browser.post(
            "/play/records", {**await ann.form(), **whole}, {"Accept": "text/html"}
        )
        assert plain.status == 303 and plain.headers["location"] == "/play"
        assert (await bob.browser.post("/play/leave", {})).status == 303
        said = await bob.answer(whole, form)
        assert said.status == 409 and "so it is not stored" in said.text

    shared.tell(story())


NOTHING = """
title = "Nothing is asked"
[[room]]
name = "one"
seats = {any = 1}
[[step]]
page = "talk"
limit = "60s"
"""


def test_a_form_of_a_page_that_asks_nothing_is_refused_with_a_sentence(shared: House, server: Server) -> None:
    session = shared.open(NOTHING, {"x": 1})

    async def story() -> None:
        [ann] = await a_room(shared, server, session)
        said = await ann.answer({})
        assert said.status == 409 and "You are not asked this here, so it is not stored." in said.text
        assert stored(shared, session) == []

    shared.tell(story())


def test_what_the_server_took_to_store_a_late_answer_does_not_count_against_whoever_sent_it_in_time(
    shared: House, server: Server
) -> None:
    session = shared.open(STUDY.replace('save = "change"', "repeat = 2"), {"x": 2})

    async def story() -> None:
        [ann, _] = await a_room(shared, server, session)
        form, first_tried = await ann.form(), time.monotonic()
        [(room,)] = shared.sql("select id from room where session_id = %s", session.id)

        async def move_on(conn: Connection) -> None:
            await actions.advance(conn, session.id, await read_study(conn, session.id), room, 0, "story")

        await asyncio.to_thread(shared.do, move_on)
        early = time.monotonic() - first_tried  # it was tried so much before the step was over, or less
        with psycopg.connect(shared.database) as holds:
            holds.execute("select id from room where id = %s for update", [room])
            ago = f"{time.monotonic() - first_tried:.3f}"
            sent = asyncio.ensure_future(
                ann.browser.post(
                    "/play/records", {**form, "number": "3", "colour": "red"}, {"Tried-Ago": ago}
                )
            )
            await asyncio.sleep(early + 0.5)  # the fault itself: storing takes longer than that
        said = await sent
        assert said.status == 200 and "was sent in time" in said.text

    shared.tell(story())
