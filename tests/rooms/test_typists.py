"""Who is typing: shown to those who would read it, on whichever server they are, to nobody else, and stored nowhere."""

from __future__ import annotations

import asyncio
import time
from contextlib import AsyncExitStack

from app.database.connections import connect
from app.database.listener import TYPING
from app.rooms.typists import OFTEN
from app.study.reading import parse
from tests.house.guests import PARTIAL, Stream, seated, sign_everyone_in
from tests.house.house import House, Opened
from tests.house.server import Server
from tests.house.studies import as_files
from tests.house.waits import PATIENCE

STUDY = """
title = "Typing"
[[room]]
name = "four"
seats = {red = 2, blue = 2}
[network]
kind = "edges"
edges = [[1, 2], [3, 4]]
[[step]]
page = "talk"
limit = "1h"
typing = true
chat = [
    {name = "all", title = "Everybody"},
    {name = "reds", title = "Your team", types = ["red"]},
    {name = "board", slots = [1, 4], read = "room"},
    {name = "picked", hook = "picked"},
    {name = "near", of = "neighbours"},
    {name = "two", of = "direct"},
    {name = "quiet", typing = false},
]
fields = [{name = "belief", ask = "How sure are you?", kind = "integer", min = 0, max = 100}]
[[step]]
page = "talk"
name = "over"
limit = "1h"
chat = "room"
fields = [{name = "end", ask = "Is it over?", kind = "yes_no"}]
"""
HOOKS = """
def picked(room):
    return {slot: slot in (2, 3) for slot in room.slots}
"""
LABELS = ("R1", "R2", "B1", "B2", "R3", "R4", "B3", "B4")
EVERYBODY = {1, 2, 3, 4}
LINE = "#typing-talk-"
LISTENERS = """select pid from pg_stat_activity
    where application_name = 'networklab listener' and datname = current_database() order by pid"""


def test_who_is_typing_stands_on_the_pages_of_those_who_would_read_it_on_any_server_and_of_nobody_else(
    shared: House, server: Server, other_server: Server
) -> None:
    session = shared.open_study(parse(as_files(STUDY, HOOKS)), {"red": 4, "blue": 4})
    everybody = [shared.guest(server, session, label) for label in LABELS]

    async def story() -> None:
        await sign_everyone_in(everybody)
        await asyncio.gather(*(seated(guest) for guest in everybody))
        # What no server can read, of a newer version perhaps, ends nobody who listens.
        listeners = shared.sql(LISTENERS)
        for odd in (
            "typing [1, 2, 3, 4, 5, 6, 7, 8]",
            'typing [[], 1, 0, "", null, 1, []]',
            "typing",
            "9" * 5000,
        ):
            shared.sql("select pg_notify('networklab', %s)", odd)
        seats = _seats(shared, session)
        first = min(room for room, _ in seats.values())
        reds = {slot for label, (room, slot) in seats.items() if room == first and label[0] == "R"}
        by_slot = {seats[guest.label][1]: guest for guest in everybody if seats[guest.label][0] == first}
        others = [guest for guest in everybody if seats[guest.label][0] != first]
        for guest in (by_slot[2], by_slot[4], others[0]):
            guest.goes_to(other_server)
        names = dict(shared.sql("select slot, alias from slot where room_id = %s", first))
        events = shared.sql("select count(*) from event where session_id = %s", session.id)
        reads = {
            "all": dict.fromkeys(EVERYBODY, EVERYBODY),
            "reds": dict.fromkeys(reds, reds),
            "board": dict.fromkeys((1, 4), EVERYBODY),
            "picked": {slot: {2, 3} for slot in (2, 3)},
            "near": {1: {2}, 2: {1}, 3: {4}, 4: {3}},
            "two:2": {1: {2}},
            "two:4": {3: {4}},
            "quiet": {},
        }
        async with AsyncExitStack() as stack:
            pages = {
                slot: await stack.enter_async_context(guest.watching()) for slot, guest in by_slot.items()
            }
            beside = [await stack.enter_async_context(guest.watching()) for guest in others]
            expected = {slot: set[tuple[str, str]]() for slot in EVERYBODY}
            said = 0
            for channel, readers in reads.items():
                name = channel.partition(":")[0]
                for writer in EVERYBODY:
                    assert (await by_slot[writer].types(channel)).status == 204
                    line, told = (
                        (f"{name}-{writer}" if ":" in channel else name),
                        f"{names[writer]} is typing…",
                    )
                    those = readers.get(writer, set()) - {writer}
                    for reader in those:
                        expected[reader].add((line, told))
                        await _comes(pages[reader], line, told)
                    if those:  # a message is what it leads to
                        said += 1
                        assert (await by_slot[writer].say("It is done", channel=channel)).status == 200
                    for reader in those:
                        await _comes(pages[reader], line, "")
            for guest in others:
                assert (await guest.say("And here", channel="all")).status == 200
            for page in beside:
                await page.until(lambda said: said.count("And here") == len(others), "their own talk")
            got = {slot: {line for line in _lines(page) if line[1]} for slot, page in pages.items()}
            assert got == expected
            assert all(not _lines(page) and "typing…" not in page.text for page in beside)
        assert shared.sql(LISTENERS) == listeners and len(listeners) >= 2
        # Nothing was stored but what they said.
        now = shared.sql("select count(*) from event where session_id = %s", session.id)
        assert now[0][0] - events[0][0] == said + len(others)

    shared.tell(story())


def test_a_line_ends_with_silence_and_with_the_step_and_comes_back_with_a_page(
    shared: House, server: Server
) -> None:
    session = shared.open_study(parse(as_files(STUDY, HOOKS)), {"red": 2, "blue": 2})
    guests = [shared.guest(server, session, label) for label in LABELS[:4]]

    async def story() -> None:
        await sign_everyone_in(guests)
        await asyncio.gather(*(seated(guest) for guest in guests))
        seats = _seats(shared, session)
        by_slot = {seats[guest.label][1]: guest for guest in guests}
        names = dict(
            shared.sql(
                "select slot, alias from slot join room on room.id = room_id where room.session_id = %s",
                session.id,
            )
        )
        old = {slot: await guest.form("/play/messages") for slot, guest in by_slot.items()}
        async with by_slot[1].watching() as page:
            assert (await by_slot[2].types("all")).status == 204
            await _comes(page, "all", f"{names[2]} is typing…")
            assert (await by_slot[3].types("all")).status == 204
            await _comes(page, "all", "2 people are typing…")
            async with by_slot[4].watching() as late:
                assert (LINE + "all", "2 people are typing…") in PARTIAL.findall(late.raw[0])
            await _comes(page, "all", "")  # nobody gives another sign
            assert (await by_slot[2].types("all")).status == 204
            await _comes(page, "all", f"{names[2]} is typing…")
            for guest in guests:
                assert (await guest.answer({"belief": "3"})).status == 200
            await page.until(lambda said: "Is it over?" in said, "the next step")
            seen = len(_lines(page))
            # A page of the step before gives signs that are nobody's any more.
            assert (await by_slot[2].types("all", old[2])).status == 204
            assert (await by_slot[2].say("At the next step")).status == 200
            await page.until(lambda said: "At the next step" in said, "a message at the next step")
            assert all(not told for _, told in _lines(page)[seen:])

    shared.tell(story())


def test_many_signs_of_one_person_are_told_once_in_a_while_and_say_nothing_of_what_was_typed(
    shared: House, server: Server
) -> None:
    session = shared.open_study(parse(as_files(STUDY, HOOKS)), {"red": 2, "blue": 2})
    guests = [shared.guest(server, session, label) for label in LABELS[:4]]

    async def story() -> None:
        await sign_everyone_in(guests)
        await asyncio.gather(*(seated(guest) for guest in guests))
        conn = await connect(shared.database, "story")
        await conn.execute("listen networklab")
        form, began = await guests[0].form("/play/messages"), time.monotonic()
        for _ in range(30):
            assert (await guests[0].types("all", form | {"body": "a secret"})).status == 204
        forged = await guests[1].form("/play/messages")
        assert (await guests[0].types("all", forged)).status == 204
        await conn.execute("select pg_notify('networklab', 'the end')")
        heard = list[str]()
        async for one in conn.notifies(timeout=PATIENCE):
            heard.append(one.payload)
            if one.payload == "the end":
                break
        assert (await guests[2].types("all")).status == 204
        async for one in conn.notifies(timeout=PATIENCE):
            heard.append(one.payload)
            if one.payload.startswith(TYPING):
                break
        await conn.close()
        signs = [one for one in heard if one.startswith(TYPING)]
        most = 3 + (time.monotonic() - began) // OFTEN
        assert 2 <= len(signs) <= most < 30 and "secret" not in "".join(heard), heard
        assert signs[-1].endswith("[[1, 5]]]")  # all four of the room, as one run of slots

    shared.tell(story())


def _lines(page: Stream) -> list[tuple[str, str]]:
    found = (one for message in page.messages for one in PARTIAL.findall(message))
    return [(target.removeprefix(LINE), told.strip()) for target, told in found if target.startswith(LINE)]


async def _comes(page: Stream, line: str, told: str) -> None:
    """The newest that this line says is this."""

    def is_there(_: str) -> bool:
        said = [words for where, words in _lines(page) if where == line]
        return bool(said) and said[-1] == told

    await page.until(is_there, f"“{told}” at {line}")


def _seats(house: House, session: Opened) -> dict[str, tuple[int, int]]:
    found = house.sql("select label, room_id, slot from player where session_id = %s", session.id)
    return {label: (room, slot) for label, room, slot in found}
