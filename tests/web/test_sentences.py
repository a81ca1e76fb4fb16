"""Stories of sentences that are true for whoever reads them, whatever has happened to them and to others."""

from __future__ import annotations

import re
from uuid import uuid4

from app.config import PROJECT
from app.players.people import Person
from app.study.reading import parse
from tests.house.desk import desk, numbers
from tests.house.guests import Guest, seated, sign_everyone_in
from tests.house.house import House, Opened
from tests.house.pages import words
from tests.house.server import Server
from tests.house.staff import employ
from tests.house.studies import LONG, as_files
from tests.house.waits import until

TRUST = """
title = "Trust"
[[room]]
name = "pair"
seats = {any = 2}
[role]
deal = {sender = 1, receiver = 1}
[[step]]
page = "talk"
limit = "60s"
only = {role = "sender"}
chat = "neighbours"
fields = [{name = "sent", ask = "How much?", kind = "integer", min = 0, max = 10}]
[[step]]
page = "talk"
name = "back"
limit = "60s"
only = {role = "receiver"}
fields = [{name = "returned", ask = "How much back?", kind = "integer", min = 0, max = 30}]
"""
RING = """
title = "Ring"
types = ["red", "blue"]
[[room]]
name = "five"
seats = {any = 5}
[network]
kind = "ring"
[[step]]
page = "talk"
limit = "1h"
chat = "neighbours"
fields = [{name = "belief", ask = "How sure are you?", kind = "integer", min = 0, max = 100}]
"""
SHORT = """
title = "One page"
[[before]]
page = "talk"
fields = [{name = "belief", ask = "How sure are you?", kind = "integer", min = 0, max = 100}]
"""
HEADING = re.compile(r'<hx-partial hx-target="#talks-with"[^>]*>(.*?)</hx-partial>', re.DOTALL)
ALONE = "Nobody you were connected with is still here."


async def room_of(guests: list[Guest]) -> None:
    await sign_everyone_in(guests)
    for guest in guests:
        await seated(guest)


def test_who_waits_for_nobody_is_not_told_that_nobody_is_here(shared: House, server: Server) -> None:
    session = shared.open_files(as_files(TRUST), {"x": 2})
    guests = [shared.guest(server, session, label) for label in session.tokens]

    async def story() -> None:
        await sign_everyone_in(guests)

        async def opened() -> bool:
            return any(["How much?" in await guest.page() for guest in guests])

        await until(opened, "the first step")
        pages = {guest: await guest.page() for guest in guests}
        [sender] = [guest for guest, page in pages.items() if "How much?" in page]
        [receiver] = [guest for guest in guests if guest is not sender]
        assert ALONE not in pages[sender], "the receiver is here, and asked in the next step"
        assert "Nobody you are connected with is in this part" in pages[sender]
        assert "0 of 1 neighbour has answered" in pages[receiver]
        await leave(receiver)
        page = await sender.shows("has left; you go on alone.")
        assert ALONE in page and "You talk with" not in page
        assert "Nobody whom you talked with is still here" in page

    shared.tell(story())


def test_who_left_is_not_among_those_one_talks_with(
    shared: House, server: Server, other_server: Server
) -> None:
    session = shared.open(LONG, {"red": 3, "blue": 2})
    ada = desk(shared, other_server, session)

    async def story() -> None:
        guests = {label: shared.guest(server, session, label) for label in session.tokens}
        late = guests.pop("R3")
        await room_of(list(guests.values()))
        await late.sign_in()
        neighbours = {label: talks_with(await guest.page()) for label, guest in guests.items()}
        r1 = guests["R1"]
        [seen_by] = [
            label for label in ("R2", "B1", "B2") if alias(shared, session, "R1") in neighbours[label]
        ][:1]
        other = guests[seen_by]
        async with other.watching() as stream:
            await leave(r1)
            await stream.until(lambda text: f"{alias(shared, session, 'R1')} has left" in text, "who left")
            await stream.until(
                lambda text: any('hx-target="#talks-with"' in one for one in stream.raw), "the heading"
            )
        assert alias(shared, session, "R1") not in talks_with(await other.page())
        assert len(talks_with(await other.page())) == len(neighbours[seen_by]) - 1
        ids = numbers(shared, session)
        await ada.do(f"/players/{ids['R1']}/replace", {"newcomer": str(ids["R3"]), "outcome": "withdrawn"})
        page = await seated(late)
        assert "has left" not in page and "had left" not in page, "it is their own place"
        assert alias(shared, session, "R3") in talks_with(await other.page())
        assert "You have left the study." in await r1.page(), "they did, before anybody came"

    shared.tell(story())


def test_with_whom_one_still_talks_is_ones_own(shared: House, server: Server) -> None:
    """What a page shows as somebody has left is drawn once for many pages, but for this."""
    session = shared.open(RING, {"red": 3, "blue": 2})

    async def story() -> None:
        guests = {label: shared.guest(server, session, label) for label in session.tokens}
        await room_of(list(guests.values()))
        gone = guests.pop("R1")
        neighbours = {label: talks_with(await guest.page()) for label, guest in guests.items()}
        name = alias(shared, session, "R1")
        two = [label for label, names in neighbours.items() if name in names]
        assert len(two) == 2
        async with guests[two[0]].watching() as one, guests[two[1]].watching() as other:
            await leave(gone)
            for label, stream in zip(two, (one, other), strict=True):
                [left] = neighbours[label] - {name}
                await stream.until(lambda text: HEADING.search(text) is not None, "the heading")
                [told] = {words(found) for found in HEADING.findall("".join(stream.raw))}
                assert told == f"You talk with {left}", (label, told)

    shared.tell(story())


def alias(shared: House, session: Opened, label: str) -> str:
    """What the others in the room call them."""
    [(found,)] = shared.sql(
        """select s.alias from player p join slot s on s.room_id = p.room_id and s.slot = p.slot
        where p.session_id = %s and p.label = %s""",
        session.id,
        label,
    )
    return str(found)


def talks_with(page: str) -> set[str]:
    names = page.partition('<span id="talks-with">')[2].partition("</span>")[0]
    return set(words(names).removeprefix("You talk with ").replace(" and ", ", ").split(", "))


def test_a_room_that_was_ended_is_not_shown_as_one_that_went_through(
    shared: House, server: Server, other_server: Server
) -> None:
    session = shared.open(LONG)
    ada = desk(shared, other_server, session)

    async def story() -> None:
        guests = [shared.guest(server, session, label) for label in session.tokens]
        await room_of(guests)
        ids = numbers(shared, session)
        assert "round 1 of 3" in await ada.shows("mixed 1")
        out = f"/players/{ids['R1']}"
        await ada.do(f"{out}/dismiss", {"outcome": "withdrawn"})
        assert "The researchers have ended your part in the study." in await guests[0].page()
        assert "R1 left (withdrawn)" in await ada.shows("R1 left"), "though it is the room's log that has it"
        [(room,)] = shared.sql("select id from room where session_id = %s", session.id)
        form = await ada.form(f"/rooms/{room}", f"/rooms/{room}/end")
        await ada.do(f"/rooms/{room}/end", {**form, "outcome": "partner_left"})
        page = await ada.shows("ended early")
        assert "✓" not in page
        item = (await ada.page()).partition(f'id="room-{room}"')[2].partition("</li>")[0]
        assert 'value="0"' in item and "ended in talk" in item
        assert "1 of 3" in words(await ada.page("/rooms"))

    shared.tell(story())


def test_a_session_says_what_is_there_and_what_can_still_come(
    shared: House, server: Server, other_server: Server
) -> None:
    people = [Person(token=f"no-type-{name}-{uuid4().hex}", label=name, type="") for name in ("P1", "P2")]
    session = shared.open_study(parse(as_files(TRUST)), people, start=False)
    ada, [label, absent] = desk(shared, other_server, session), list(session.tokens)

    async def story() -> None:
        guest, ids = shared.guest(server, session, label), numbers(shared, session)
        at = f"/players/{ids[absent]}"
        assert "Rooms form when seating begins." in await ada.shows("seating has not begun")
        assert "No room has opened yet." in words(await ada.page("/rooms"))
        page = words(await ada.page(at))
        assert "Room none yet" in page and "they have not signed in" in page
        assert "They have not come in. With a code they can’t come in any more." in page
        await ada.do("/start", {})
        page = await ada.shows("It forms as soon as enough people wait.")
        assert "of the right types" not in page, "there are none"
        await guest.sign_in()
        assert "1 people" not in await ada.shows("1 person")
        assert "1 people" not in await ada.page("/replay") and "1 person" in words(await ada.page("/replay"))
        form = await ada.form("", "/banner")
        await ada.do("/banner", {**form, "body": "Soon"})
        assert "everybody got a note" in words(await ada.page("/replay"))
        await ada.do("/pause", {})
        assert "While everything stands still none opens." in await ada.shows("everything stands still")
        await ada.do("/close", {})
        page = await ada.shows("the door is shut")
        assert "No room has opened." in page and "It forms" not in page
        assert "No room has opened." in words(await ada.page("/rooms"))
        page = words(await ada.page(at))
        assert "Room none Page" in page or "none yet" not in page
        assert "they did not sign in" in page and "nobody can any more" in page

    shared.tell(story())


def test_a_session_names_its_next_step_while_nobody_can_come_and_once_all_are_through(
    shared: House, server: Server, other_server: Server
) -> None:
    empty, session = shared.open(SHORT, {}, start=False), shared.open(SHORT, {"any": 2})
    nobody, ada = desk(shared, other_server, empty), desk(shared, other_server, session)
    first, second = (shared.guest(server, session, label) for label in session.tokens)

    async def story() -> None:
        page = await nobody.page()
        assert "nobody can come in yet" in words(page) and "the door is open" not in words(page)
        assert ">Start</button>" in page and 'class="main">Start<' not in page, "one comes first: people"
        await sign_everyone_in([first, second])
        assert "All who came are through" not in words(await ada.page())
        assert (await first.answer({"belief": "6"})).status in (200, 303)
        assert "All who came are through" not in words(await ada.page())
        assert (await second.answer({"belief": "6"})).status in (200, 303)
        shown = await ada.shows("All who came are through Nobody else is invited. Close it")
        assert "next deadline" not in shown
        await ada.do("/close", {})
        assert "All who came are through" not in await ada.shows("It is over: what to do now")

    shared.tell(story())


def test_people_are_in_the_order_that_one_counts_in(shared: House, server: Server) -> None:
    labels = [f"P{n}" for n in (10, 2, 1)] + ["A11", "A9", "guest"]
    people = [Person(token=f"order-{name}-{uuid4().hex}", label=name, type="") for name in labels]
    session = shared.open_study(parse(as_files(TRUST)), people, start=False)
    ada = desk(shared, server, session)

    async def story() -> None:
        rows = re.findall(
            r'<tr id="person-\d+"><th scope="row"><a [^>]*>([^<]*)<', await ada.page("/players")
        )
        rows.remove("guest")  # before or after P, as the database compares words
        assert rows == ["A9", "A11", "P1", "P2", "P10"]

    shared.tell(story())


def test_where_nothing_is_asked_nobody_has_yet_to_answer(
    shared: House, server: Server, other_server: Server
) -> None:
    alone = """
title = "Look"
[[room]]
name = "one"
seats = {any = 1}
after = "1h"
[lobby]
max_wait = "2h"
[[step]]
page = "talk"
limit = "1h"
"""
    session = shared.open_files(as_files(alone), {"x": 1})
    ada = desk(shared, other_server, session)

    async def story() -> None:
        [label] = session.tokens
        guest = shared.guest(server, session, label)
        await guest.sign_in()
        said = await ada.do("/seat", {"kind": "one"})
        assert "1 person has sat down." in said.text
        await seated(guest)
        [(room,)] = shared.sql("select id from room where session_id = %s", session.id)
        page = words(await ada.page(f"/rooms/{room}"))
        assert "is shown it" in page and "yet to answer" not in page and "0 of 1" not in page
        page = words(await ada.page("/players"))
        assert "playing" in page and "yet to answer" not in page

    shared.tell(story())


def test_who_is_not_asked_has_nothing_to_answer(shared: House, server: Server, other_server: Server) -> None:
    session = shared.open_files(as_files(TRUST), {"x": 2})
    guests = [shared.guest(server, session, label) for label in session.tokens]
    ada = desk(shared, other_server, session)

    async def story() -> None:
        await sign_everyone_in(guests)
        page = await ada.shows("has yet to answer", "/players")
        assert page.count("playing") - 1 == 2 and page.count("has yet to answer") == 1, "the sender"

    shared.tell(story())


def test_a_researcher_is_not_sent_to_an_invitation(shared: House, server: Server) -> None:
    ada = shared.researcher(server)

    async def story() -> None:
        missing = await ada.get("/admin/nowhere", {"Accept": "text/html"})
        assert missing.status == 404 and "Go on from the list of sessions" in missing.text
        assert "invitation" not in missing.text
        assert "invitation" in (await ada.get("/nowhere", {"Accept": "text/html"})).text

    shared.tell(story())


def test_whatever_a_researcher_is_refused_leads_on(shared: House, server: Server) -> None:
    session = shared.open()
    employ(shared, session)
    here = f"/admin/sessions/{session.id}"
    otto, wanda = shared.researcher(server, "otto"), shared.researcher(server, "wanda")

    async def story() -> None:
        for browser, page, status, said, to, called in (
            (otto, "/admin/nowhere", 404, "There is no such page.", "/admin", "All sessions"),
            (
                otto,
                "/admin/sessions/nothere",
                404,
                "There is no session “nothere” that you are on.",
                "/admin",
                "All sessions",
            ),
            (otto, f"{here}/rights", 403, "Only an owner of the session may do this.", here, "The session"),
            (
                otto,
                f"{here}/export.zip",
                403,
                "You watch this session, without its files and payments.",
                here,
                "The session",
            ),
            (wanda, "/admin/studies", 403, "Your account only watches.", "/admin", "All sessions"),
            (wanda, f"{here}/replay?at=soon", 422, "“soon” is no time.", f"{here}/replay", "Go back"),
        ):
            answer = await browser.get(page, {"Accept": "text/html"})
            assert answer.status == status and f'<h1 class="ask">{said}</h1>' in answer.text, (
                page,
                answer.text,
            )
            assert f'href="{to}">{called}</a>' in answer.text, (page, answer.text)

    shared.tell(story())


def test_a_time_of_day_is_said_to_be_in_utc() -> None:
    """A researcher who reads 14:03 takes it for their own. (The preview's is: who writes a study sits before it.)"""
    silent = []
    for file in sorted((PROJECT / "templates").rglob("*.html")):
        source = file.read_text(encoding="utf-8")
        if "%H:%M" in source and "UTC" not in source and file.parent.name != "preview":
            silent.append(file.name)
    assert silent == []


async def leave(guest: Guest) -> None:
    assert (await guest.browser.post("/play/leave", {})).status in (200, 303)
    await until(lambda: _has_left(guest), "the way out")


async def _has_left(guest: Guest) -> bool:
    return "You have left the study." in await guest.page()
