"""Stories of what the dashboard tells: who is there, what is stored, who waits for what, and what needs a look."""

from __future__ import annotations

import os
import re
import signal
from datetime import UTC, datetime

import pytest

from app.database.connections import connect
from app.players.people import Person
from app.players.presence import Spell, spells
from app.rehearsal.programs import program
from app.study.reading import parse
from app.web.monitor.dashboard import HEIGHT, WIDTH, room_items, wait_rows
from app.web.monitor.lights import Light, verdict
from app.web.monitor.ticks import RoomLine, Waiters
from tests.house.desk import desk, numbers
from tests.house.guests import seated, sign_everyone_in, watching
from tests.house.house import House
from tests.house.pages import words
from tests.house.server import Server
from tests.house.studies import LONG, PATIENT, as_files


def looked_at(page: str) -> str:
    """What the header says; where the machine is busy, there may be more than the story has lit."""
    return words(page).partition("next deadline in")[2].partition(" Pause")[0]


def test_whose_page_is_connected_is_seen_from_another_process_and_told_in_their_story(
    shared: House, server: Server, other_server: Server
) -> None:
    session = shared.open(LONG)
    ada = desk(shared, other_server, session)

    async def story() -> None:
        guests = [shared.guest(server, session, label) for label in session.tokens]
        first = guests[0]
        of_first = f"/players/{numbers(shared, session)[first.label]}"
        await first.browser.get(f"/join/{first.token}")
        await ada.shows("opened 1")
        await ada.shows("opened the link", of_first)
        await sign_everyone_in(guests)
        for guest in guests:
            await seated(guest)
        await ada.shows("pages live 0 of 4, at least 90%")
        assert "4 people are disconnected" in looked_at(await ada.page())
        await ada.shows("never connected", of_first)
        async with first.watching():
            await ada.shows("pages live 1 of 4")
            await ada.shows("Page connected", of_first)
            found = words(await ada.page("/players?connection=connected"))
            assert f"{first.label} red playing" in found and "1 found" in found
            assert "3 found" in words(await ada.page("/players?connection=away"))
            assert "mixed-1 playing talk 1 1 of 3 0 1 0 0 3 0 0" in words(await ada.page("/rooms"))
        text = await ada.shows("away since", of_first)
        assert text.index("page away") < text.index("page connected") < text.index("opened the link")
        assert "mixed-1 playing talk 1 1 of 3 0 0 0 0 4 0 0" in words(await ada.page("/rooms"))
        assert "No room fits" in words(await ada.page("/rooms?status=ended"))
        assert "1 found" in words(await ada.page("/rooms?find=mix&status=playing"))

    shared.tell(story())


def test_pages_of_a_process_that_died_count_as_away_and_a_reload_is_no_absence(house: House) -> None:
    session = house.open(LONG)
    server, other = house.serve(), house.serve()
    ada = desk(house, other, session)
    player = numbers(house, session)["R1"]

    async def story() -> None:
        guest = house.guest(server, session, "R1")
        await guest.sign_in()
        async with guest.watching():
            await ada.shows("pages live 1 of 1")
        async with guest.watching():
            await ada.shows("pages live 1 of 1")
            assert len(await spells_of(house, player)) == 1
            [pid] = [pid for pid in house.workers() if pid not in before]
            os.kill(pid, signal.SIGKILL)
            await ada.shows("pages live 0 of 1")
            [spell] = await spells_of(house, player)
            assert spell.until is not None
            assert spell.until > spell.since

    before = [pid for pid in house.workers() if _is_of(other, pid)]
    house.tell(story())


async def spells_of(house: House, player: int) -> list[Spell]:
    conn = await connect(house.database, "story")
    try:
        return await spells(conn, player)
    finally:
        await conn.close()


def _is_of(server: Server, pid: int) -> bool:
    """Whether this process belongs to that server."""
    found = program(pid)
    return found is not None and found.parent == server.popen.pid


def test_what_is_stored_is_held_against_what_was_acknowledged(shared: House, server: Server) -> None:
    session = shared.open(LONG)
    ada = desk(shared, server, session)

    async def story() -> None:
        guests = [shared.guest(server, session, label) for label in session.tokens]
        await sign_everyone_in(guests)
        for guest in guests:
            await seated(guest)
        form = await guests[0].form()
        for _ in range(3):  # the same form, acknowledged each time and stored once
            assert (await guests[0].answer({"belief": "5"}, form)).status == 200
        assert (await guests[1].answer({"belief": "6"})).status == 200
        await ada.shows("records stored 4 = acknowledged")
        shared.sql("update log set records = records - 1 where session_id = %s and records > 0", session.id)
        text = await ada.shows("1 LOST")
        assert "records stored 3" in text and "cknowledged records are missing" in looked_at(text)

    shared.tell(story())


def test_a_process_of_another_version_tells_of_other_figures_and_is_understood(house: House) -> None:
    session = house.open(LONG)
    server = house.serve()
    ada = desk(house, server, session)
    other = """insert into process (id, seen_at, figures)
        values ('elsewhere:1', now() + interval '1 minute', '{"answers": 3, "telepathy": 7}')"""
    assert "processes 1 all alive" in words(house.tell(ada.page()))
    house.sql(other)
    assert "processes 2 all alive" in words(house.tell(ada.page()))
    assert "telepathy" not in house.tell(ada.browser.get("/metrics")).text


def test_the_lobby_is_drawn_by_type_and_time_and_stands_still_in_a_pause(
    shared: House, server: Server
) -> None:
    session = shared.open(PATIENT, {"red": 3, "blue": 1})
    ada = desk(shared, server, session)

    async def story() -> None:
        await sign_everyone_in([shared.guest(server, session, label) for label in ("R1", "R2")])
        shared.sql("update player set waiting_since = waiting_since - interval '30 min' where label = 'R1'")
        text = await ada.shows("2 red 30:0")
        assert "pair needs 1 more blue" in text and "at most 2:00:00" in text
        assert (await ada.page()).count('width="4" height=') == 2  # one waits long, one has just come
        table = words(await ada.page("/players?status=waiting"))
        assert table.index("R1 red waiting since") < table.index("R2 red waiting since")
        await ada.do("/pause", {})
        shared.sql("update session set paused_at = paused_at - interval '10 min' where id = %s", session.id)
        await ada.shows("2 red 20:0")

    shared.tell(story())


def test_bars_of_the_lobby_fit_their_picture() -> None:
    waiters = [Waiters("red", 0, 5), Waiters("red", 5, 10), Waiters("red", 900, 1), Waiters("blue", 599, 2)]
    red, blue = wait_rows(waiters, 600)
    assert (red.people, red.longest, blue.people, blue.longest) == (16, 900, 2, 599)
    for row in (red, blue):
        assert all(0 <= x < WIDTH and 0 < height <= HEIGHT for x, height in row.bars)
    # Fifteen who have waited less than ten seconds stand in one bar, and it is the highest.
    assert len(red.bars) == 2 and red.bars[0] == (0.0, HEIGHT)


@pytest.mark.parametrize(("token", "end"), [("0123456789abcdef", "cdef"), ("short-token", "")])
def test_a_person_is_found_by_the_end_of_a_link_that_stays_secret(
    shared: House, server: Server, token: str, end: str
) -> None:
    session = shared.open(people=_two(token))
    ada = desk(shared, server, session)

    async def story() -> None:
        assert shared.sql("select token_end from player where label = 'Ana'") == [(end,)]
        for find in (token[-4:], token[-3:], token[-6:]):
            found = words(await ada.page(f"/players?find={find}"))
            assert ("Ana" in found) == bool(end), find
            assert "Ben" not in found
        assert "Ana" in words(await ada.page(f"/players?find={token}"))

    shared.tell(story())


def _two(token: str) -> list[Person]:
    return [Person(token, "Ana", "red"), Person("another-token-9876", "Ben", "red")]


def test_a_room_in_which_nobody_sits_yet_is_drawn() -> None:
    """As a moment of the past may have it, between the room and the first of its seats."""
    room = RoomLine(
        1, "pair-1", "pair", 1, "playing", 0, "talk", 1, datetime.now(UTC), False, None, [], [], 0
    )
    study = parse(as_files(LONG))
    assert "0 of 0 have answered" in room_items([room], study, {}, "/rooms/", keep=False)


def test_a_few_rooms_are_cards_with_names_and_what_was_said_last(shared: House, server: Server) -> None:
    session = shared.open(LONG)
    ada = desk(shared, server, session)

    async def story() -> None:
        guests = [shared.guest(server, session, label) for label in session.tokens]
        await sign_everyone_in(guests)
        for guest in guests:
            await seated(guest)
        assert "Nothing said yet" in await ada.shows(
            "mixed 1 1:00:00 left talk, round 1 of 3 0 of 4 answered"
        )
        await guests[0].say("Is the bridge open?")
        assert (await guests[1].answer({"belief": "6"})).status == 200
        text = await ada.shows(f"{guests[0].label} Is the bridge open?")
        assert "1 of 4 answered" in text and f"{guests[1].label} answered" in text
        shared.sql("update message set body = '', erased = true where session_id = %s", session.id)
        await ada.shows(f"{guests[0].label} (erased)")
        # Of a bot in a slot in which somebody had sat.
        bots = (
            "update message set body = 'On', erased = false, player_id = null, turn = 0 where session_id = %s"
        )
        shared.sql(bots, session.id)
        await ada.shows("bot On")

    shared.tell(story())


def test_a_wall_shows_a_room_what_is_for_all_and_no_name_no_word_and_nothing_of_the_server(
    shared: House, server: Server
) -> None:
    session = shared.open(LONG)
    ada = desk(shared, server, session)

    async def story() -> None:
        guests = [shared.guest(server, session, label) for label in session.tokens]
        async with watching(ada.browser, f"{ada.here}/live?wall=true") as wall:
            await sign_everyone_in(guests)
            for guest in guests:
                await seated(guest)
            await guests[0].say("Is the bridge open?")
            assert (await guests[1].answer({"belief": "6"})).status == 200
            await ada.shows("Is the bridge open?")
            await wall.until(lambda _: "1 message" in words(wall.raw[-1]), "the message, counted")
            for shown in (wall.raw[-1], await ada.page("?wall=true")):
                assert "4 are playing 1 room 2 answers saved 1 message" in words(shown)
                assert len(re.findall(r'<use href="#t\d-answered"', shown)) == 1 and shown.count("<use ") == 4
                for hidden in (*session.tokens, "bridge", "gauges", "Everything works", "Pause", "Log"):
                    assert f">{hidden}" not in shown and f" {hidden} " not in words(shown), hidden

    shared.tell(story())


def test_the_headline_says_what_is_the_matter_and_of_many_things_the_first_two() -> None:
    well = Light("disk", "9 GB", "at least 2 GB", True, "the disk is almost full")
    bad = [Light(name, "", "", False, f"{name} is odd") for name in ("one", "two", "three")]
    assert verdict([well]) == "Everything works"
    assert verdict([well, *bad]) == "One is odd, two is odd, and 1 more"
