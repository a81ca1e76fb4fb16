"""Stories of people who go through pages alone, and of the researchers who watch them."""

from __future__ import annotations

import asyncio

from app.database.connections import connect
from tests.house.desk import desk, numbers
from tests.house.guests import Guest
from tests.house.house import House, Opened
from tests.house.pages import words
from tests.house.server import Server
from tests.house.solo import SOLO, SURVEY, solo_files
from tests.house.studies import changed
from tests.house.waits import until

HTML = {"Accept": "text/html"}
FAILS = """
def look(room):
    raise ValueError("four")
"""


async def at_quiz(guest: Guest) -> None:
    await guest.sign_in({"age": "30"})
    await guest.answer({"agree": "yes"})
    await guest.answer({})
    assert "page 3 of 3" in await guest.page()


async def in_lobby(guest: Guest) -> None:
    await at_quiz(guest)
    await guest.answer({"size": "2"})


def alone_rooms(house: House, session: Opened, label: str) -> list[int]:
    found = house.sql(
        "select r.id from room r join player p on p.id = r.player_id where p.session_id = %s and label = %s"
        " order by r.id",
        *(session.id, label),
    )
    return [room for (room,) in found]


def test_the_answer_to_a_form_is_the_next_page_with_and_without_scripts(
    shared: House, server: Server
) -> None:
    session = shared.open_files(solo_files(), {"x": 2})
    htmx, plain = (shared.guest(server, session, label) for label in session.tokens)

    async def story() -> None:
        await htmx.sign_in({"age": "30"})
        form = await htmx.form()
        reply = await htmx.browser.post("/play/records", {**form, "agree": "yes"}, {"HX-Request": "true"})
        assert "The rules" in reply.text and "page 2 of 3" in reply.text and reply.headers["receipt"]
        assert "until it goes on" not in reply.text
        again = await htmx.browser.post("/play/records", {**form, "agree": "yes"}, {"HX-Request": "true"})
        assert again.headers["receipt"] == reply.headers["receipt"] and "page 2 of 3" in again.text

        await plain.sign_in({"age": "30"})
        form = await plain.form()
        reply = await plain.browser.post("/play/records", {**form, "agree": "yes"}, HTML)
        assert reply.status == 303
        assert "page 2 of 3" in (await plain.browser.get("/play", HTML)).text, "it is there already"

    shared.tell(story())


def test_whoever_can_not_go_on_yet_has_their_receipt_and_the_next_page_comes_by_itself(
    shared: House, server: Server
) -> None:
    session = shared.open_files(solo_files(), {"x": 1})
    ann = shared.guest(server, session, *session.tokens)

    async def story() -> None:
        await ann.sign_in({"age": "30"})
        form, [room] = await ann.form(), alone_rooms(shared, session, ann.label)
        async with ann.watching() as stream, await connect(shared.database, "slow") as slow:
            async with slow.transaction():
                # As where a hook takes its time: it can be answered, and nobody can move it.
                await slow.execute(b"select from room where id = %s for share", [room])
                async with asyncio.timeout(8):
                    reply = await ann.browser.post(
                        "/play/records", {**form, "agree": "yes"}, {"HX-Request": "true"}
                    )
                assert reply.headers["receipt"] and ">Saved.<" in reply.text and "The rules" not in reply.text
                page = (await ann.browser.get("/play?plain=true", HTML)).text
                assert 'http-equiv="refresh" content="5;' in page, "nor does it wait for ever without scripts"
            await stream.until(lambda text: "The rules" in text, "the next page")

    shared.tell(story())


def test_the_lobby_counts_who_is_still_on_the_way_as_they_come_and_go(shared: House, server: Server) -> None:
    session = shared.open_files(solo_files(), {"x": 3})
    ann, ben, cat = (shared.guest(server, session, label) for label in session.tokens)

    async def story() -> None:
        await in_lobby(ann)
        assert "on the way" not in await ann.page()
        async with ann.watching() as stream:
            await ben.sign_in({"age": "30"})  # which no log tells
            await stream.until(lambda text: "One more person is on the way." in text, "one")
            await cat.sign_in({"age": "30"})
            await stream.until(lambda text: "2 more people are on their way." in text, "two")
            news = {"HX-Request": "true"}
            tag = (await ann.browser.get("/play", news)).headers["etag"]
            await ben.browser.post("/play/leave", {})
            await stream.until(lambda text: "One more person is on the way." in text[-2000:], "one again")
            assert (await ann.browser.get("/play", news)).headers["etag"] != tag
        shared.sql(
            "update player set signed_in_at = signed_in_at - interval '5 min' where session_id = %s",
            session.id,
        )
        shared.sql(
            "delete from sign where player_id in (select id from player where session_id = %s)", session.id
        )

        async def alone() -> bool:
            return "on the way" not in await ann.page()

        await until(alone, "nobody on the way whose page has not been there for minutes")

    shared.tell(story())


def test_researchers_see_where_everybody_is_and_rooms_only_where_people_are_together(
    shared: House, server: Server, other_server: Server
) -> None:
    session = shared.open_files(solo_files(), {"x": 4})
    ada, ids = desk(shared, other_server, session), numbers(shared, session)
    ann, ben, cat, dan = (shared.guest(server, session, label) for label in session.tokens)

    async def story() -> None:
        await at_quiz(cat)
        await dan.sign_in({"age": "30"})
        await in_lobby(ann)
        text = await ada.shows("before 2")
        assert "waiting 1" in text and "Lobby · 1 waiting · 2 on the way" in text and "0 rooms" in text
        assert "2 are still at the pages before the lobby" in text
        await in_lobby(ben)
        for guest in (ann, ben):
            await guest.shows("How sure are you?")
            await guest.answer({"belief": "7"})
        await ann.shows("How was it?")
        text = await ada.shows("after 2")
        assert "playing 0" in text and "1 room ·" in text and "after the room: their codes stand" in text
        found = words(await ada.page("/players?status=before"))
        assert "before at quiz 1" in found and "before at consent 1" in found and "2 found" in found
        assert "after at about 1, complete" in words(await ada.page("/players"))
        rooms = words(await ada.page("/rooms"))
        assert "1 found" in rooms and "pair-1 ended complete talk 1 1 of 1" in rooms
        story = words(await ada.page(f"/players/{ids[ann.label]}"))
        assert "Alone at about 1 , 1 of 2" in story and "goes on to pages alone (complete)" in story
        for said in (
            "agree = yes",
            "size = 2",
            "belief = 7",
            "consent 1 began",
            "quiz 1 began",
            "sat down in pair-1",
        ):
            assert said in story or said == "consent 1 began", said
        before, after = alone_rooms(shared, session, ann.label)
        for room in (before, after):
            answer = await ada.browser.get(f"{ada.here}/rooms/{room}")
            assert answer.status == 303 and answer.headers["location"].endswith(f"/players/{ids[ann.label]}")

        told = await ada.do(f"/players/{ids[cat.label]}/dismiss", {"outcome": "screened_out"})
        assert "has left with the code for “screened_out”" in told.text
        assert "With your answers you can’t" in await cat.page() or "ended your part" in await cat.page()
        told = await ada.do(f"/players/{ids[ben.label]}/issue", {"outcome": "withdrawn"})
        assert "is in the session" in words(told.text)
        acts = words(await ada.page(f"/players/{ids[ben.label]}"))
        assert "They get the code for complete, with which their room ended" in acts
        told = await ada.do(f"/players/{ids[ben.label]}/dismiss", {"outcome": "withdrawn"})
        assert "the code for “complete”" in told.text, "that stands"
        assert "DONE" in await ben.page()
        told = await ada.do("/close", {})
        assert "DONE" in await ann.page(), "what was reached stands"
        assert "ended before you could be in a group." in await dan.page()

    shared.tell(story())


def test_what_a_hook_stops_alone_is_shown_and_tried_again(
    shared: House, server: Server, other_server: Server
) -> None:
    toml = changed(SOLO, "attempts = 2", 'attempts = 2\non_end = "look"')
    session = shared.open_files(solo_files(toml) | {"hooks.py": FAILS.encode()}, {"x": 1})
    ada, ids = desk(shared, other_server, session), numbers(shared, session)
    [guest] = [shared.guest(server, session, label) for label in session.tokens]
    of_guest = f"/players/{ids[guest.label]}"

    async def story() -> None:
        await at_quiz(guest)
        await guest.answer({"size": "4"})
        page = words(await guest.shows("You can’t go on just yet."))
        assert "group" not in page
        text = await ada.shows("A hook has stopped 1 person")
        assert "people stopped 1" in text and "0 rooms" in text
        assert "stopped at quiz 1" in words(await ada.page("/players"))
        page = words(await ada.page(of_guest))
        assert "A hook has stopped" in page and "in look : ValueError: four" in page
        [room] = alone_rooms(shared, session, guest.label)
        retry = f"/rooms/{room}/retry"
        told = await ada.do(retry, await ada.form(of_guest, retry))
        assert "tries again" in told.text

    shared.tell(story())


def test_a_survey_speaks_of_no_group_from_the_link_to_the_code(
    shared: House, server: Server, other_server: Server
) -> None:
    session = shared.open_files(solo_files(SURVEY), {"x": 2})
    ada = desk(shared, other_server, session)
    guest, leaver = (shared.guest(server, session, label) for label in session.tokens)
    only_after = shared.open_files(
        solo_files('title = "Last"\n' + SURVEY[SURVEY.index("[[after]]") :]), {"x": 1}
    )
    quitter = shared.guest(server, only_after, "X1")

    async def story() -> None:
        pages = [(await guest.browser.get(f"/join/{guest.token}")).text]
        await guest.sign_in()
        for answers in ({}, {"size": "2"}, {"mood": "5"}, {}):
            pages += [await guest.page(), (await guest.browser.get("/play/privacy")).text]
            if "/play/records" in pages[-2]:
                await guest.answer(answers)
        assert "You are done." in words(pages[-2]) and "3 answers" in words(pages[-1])
        for page in pages:
            assert not any(one in words(page) for one in ("group", "wait", "lobby", "neighbour")), words(page)
        await leaver.sign_in()
        await leaver.browser.post("/play/leave", {})
        assert "You have left the study." in await leaver.page()
        await quitter.sign_in()
        await quitter.browser.post("/play/leave", {})
        assert "You have left the study." in await quitter.page(), "though there was nothing before"
        board = await ada.shows("finished 1")
        assert "before 0" in board and "after 0" in board and "left 1" in board
        assert not any(one in board for one in ("Lobby", "rooms", "playing")), board

    shared.tell(story())
