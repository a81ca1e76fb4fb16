"""Stories of live pages: what reaches whom, once and in order, whatever breaks in between."""

from __future__ import annotations

import asyncio
import re
import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from pathlib import Path

import psycopg

from app.database.connections import connect
from app.database.embedded import Postgres
from app.database.queries import SQL_FOLDER
from app.rehearsal.browser import Browser, WireError
from tests.house.crowd import come, seat
from tests.house.guests import Guest, Stream, hidden_fields, seated, sign_everyone_in
from tests.house.house import House, Opened
from tests.house.pages import words
from tests.house.server import Server
from tests.house.studies import PAGE, ROOM_TALK, TALK
from tests.house.waits import PATIENCE, until

CROWD = (
    ROOM_TALK[: ROOM_TALK.index("[[room]]")]
    + """
[[room]]
name = "crowd"
seats = {any = 12}
"""
    + ROOM_TALK[ROOM_TALK.index("[lobby]") :]
)
LISTENER = "networklab listener"


async def a_ring(house: House, session: Opened, *servers: Server) -> list[Guest]:
    """Four people in one room, in the order of their slots, so that each is tied to the one before and after."""
    labels = list(session.tokens)[:4]
    guests = [house.guest(servers[n % len(servers)], session, label) for n, label in enumerate(labels)]
    await sign_everyone_in(guests)
    for guest in guests:
        await seated(guest)
    return in_order_of_slots(house, session, guests)


def in_order_of_slots(house: House, session: Opened, guests: list[Guest]) -> list[Guest]:
    slots = dict(house.sql("select label, slot from player where session_id = %s", session.id))
    ties = house.sql("select from_slot, to_slot from tie where session_id = %s", session.id)
    assert set(ties) >= {(1, 2), (2, 3), (3, 4), (4, 1)} and (1, 3) not in ties and (2, 4) not in ties
    return sorted(guests, key=lambda guest: slots[guest.label])


@asynccontextmanager
async def all_watching(guests: list[Guest]) -> AsyncIterator[list[Stream]]:
    async with AsyncExitStack() as stack:
        yield [await stack.enter_async_context(guest.watching()) for guest in guests]


CHATTY = "1000"  # messages of one person within ten seconds: nobody is asked to wait


async def says(guest: Guest, count: int, name: str, more: str = "") -> list[str]:
    """One after the other; what the server could not take is sent again with the same form."""
    form = await guest.form("/play/messages")
    bodies = [f"{name} says {number}{more}" for number in range(count)]
    for body in bodies:
        await until(partial(_said, guest, {**form, "body": body}), f"an answer to {body}", 60)
    return bodies


async def _said(guest: Guest, form: dict[str, str]) -> bool:
    try:
        answer = await guest.browser.post("/play/messages", form)
    except WireError:
        return False
    assert answer.status in (200, 503), answer.text
    return answer.status == 200


def newest_form(stream: Stream) -> dict[str, str]:
    """The hidden fields of the form that the page shows now."""
    return hidden_fields(next(one for one in reversed(stream.raw) if "<form" in one), "/play/records")


def as_logged(house: House) -> list[str]:
    found = house.sql(
        "select m.body from event e join message m on m.id = (e.data->>'message')::bigint"
        " where e.name = 'message_sent' order by e.log_id, e.seq"
    )
    return [body for (body,) in found]


def kill_listeners(database: str) -> int:
    with psycopg.connect(database, autocommit=True) as conn:
        killed = conn.execute(
            "select pg_terminate_backend(pid, 5000) from pg_stat_activity"
            " where application_name = %s and datname = current_database()",
            [LISTENER],
        ).fetchall()
    return len(killed)


# Who hears what


def test_a_message_reaches_the_neighbours_and_the_dashboard_and_nobody_else(
    shared: House, server: Server
) -> None:
    session = shared.open(people={"red": 4, "blue": 4})
    ada = shared.researcher(server)

    async def story() -> None:
        guests = [shared.guest(server, session, label) for label in session.tokens]
        for guest in guests:  # one at a time: the first two of each type share a room
            await guest.sign_in()
        names = dict(shared.sql("select label, name from player join room on room.id = room_id"))
        first = [guest for guest in guests if names[guest.label] == "mixed-1"]
        others = [guest for guest in guests if names[guest.label] == "mixed-2"]
        assert len(first) == len(others) == 4
        others = in_order_of_slots(shared, session, others)
        speaker, left, opposite, right = in_order_of_slots(shared, session, first)
        async with all_watching([speaker, left, opposite, right, *others]) as streams:
            assert (await speaker.say("The bridge closes <b>tomorrow</b>")).status == 200
            for stream in (streams[0], streams[1], streams[3]):
                await stream.until(lambda text: "The bridge closes" in text, "the message")
                assert stream.talk == ["The bridge closes <b>tomorrow</b>"]
                assert "closes &lt;b&gt;tomorrow" in stream.raw[-1] and "<b>tomorrow" not in stream.raw[-1]
            assert 'class="own"' in streams[0].raw[-1] and 'class="own"' not in streams[1].raw[-1]
            # Those who must not get it are there, and get what comes after it.
            await others[0].say("We heard nothing")
            for guest in guests:
                assert (await guest.answer({"belief": "50"})).status == 200
            for stream in streams:
                await stream.until(lambda text: "round 2 of 3" in text, "the next round")
            assert "The bridge closes" not in streams[2].text and streams[2].talk == []
            for stream, hears in zip(streams[4:], (True, True, False, True), strict=True):
                assert stream.talk == (["We heard nothing"] if hears else [])
                assert "The bridge closes" not in stream.text
        assert "The bridge closes" not in await opposite.page()
        page = (await ada.get(f"/admin/sessions/{session.id}")).text
        assert "messages 2 " in words(page)

    shared.tell(story())


def test_a_private_message_reaches_one_neighbour_and_somebody_untied_cannot_be_reached(
    shared: House, server: Server
) -> None:
    session = shared.open()

    async def story() -> None:
        speaker, left, opposite, right = await a_ring(shared, session, server)
        async with all_watching([left, opposite, right]) as streams:
            refused = await speaker.say("for you", to=3)
            assert refused.status == 422 and "not connected with that person" in refused.text
            for wrong in (1, 5, 99999):
                assert (await speaker.say("for nobody", to=wrong)).status == 422
            assert (await speaker.say("between us", to=2)).status == 200
            await streams[0].until(lambda text: "between us" in text, "the private message")
            assert "privately" in streams[0].text
            await right.say("to my neighbours")
            await opposite.say("to mine")
            for stream in streams:
                await stream.until(lambda text: "to mine" in text, "a later message")
            assert streams[0].talk == ["between us", "to mine"]
            assert streams[1].talk == ["to my neighbours", "to mine"]
            assert streams[2].talk == ["to my neighbours", "to mine"]
        assert shared.sql("select count(*) from message") == [(3,)]

    shared.tell(story())


def test_where_the_talk_is_for_the_room_everybody_hears_it_and_anybody_can_be_spoken_to(
    shared: House, server: Server
) -> None:
    session = shared.open(ROOM_TALK)

    async def story() -> None:
        speaker, left, opposite, right = await a_ring(shared, session, server)
        async with all_watching([speaker, left, opposite, right]) as streams:
            arabic, emoji = "\u200fمرحبا بالعالم (1)", "👩🏽‍🚀 & <3 \"q\" 'q'"
            assert (await speaker.say("only you", to=3)).status == 200
            assert (await speaker.say(arabic)).status == 200
            assert (await left.say(emoji)).status == 200
            for stream in streams:
                await stream.until(lambda text: "👩🏽‍🚀" in text, "the last message")
            assert streams[2].talk == streams[0].talk == ["only you", arabic, emoji]
            assert streams[1].talk == streams[3].talk == [arabic, emoji]
        # A page that is opened later shows the same.
        async with all_watching([opposite, right]) as streams:
            assert [stream.talk for stream in streams] == [["only you", arabic, emoji], [arabic, emoji]]

    shared.tell(story())


# Each message once, in order


def test_messages_from_two_servers_stand_in_one_order_on_every_page_and_after_a_reload(
    shared: House, server: Server, other_server: Server
) -> None:
    session = shared.open(CROWD, {"red": 12})
    servers = server, other_server

    async def story() -> None:
        guests = [shared.guest(servers[n % 2], session, label) for n, label in enumerate(session.tokens)]
        await sign_everyone_in(guests)
        for guest in guests:
            await seated(guest)
        async with all_watching(guests[:2]) as streams:
            await asyncio.gather(*(says(guest, 10, guest.label) for guest in guests))
            for stream in streams:
                await stream.until(lambda _, stream=stream: len(stream.talk) >= 120, "all messages")  # type: ignore[misc]
            order = as_logged(shared)
            assert len(order) == 120 and streams[0].talk == streams[1].talk == order
        # Who comes later reads them in the order in which they were shown.
        async with guests[2].watching() as later:
            assert later.talk == order

    shared.tell(story())


def test_a_stream_cut_in_the_middle_of_200_messages_shows_each_once_and_in_order(house: House) -> None:
    session, server = house.open(), house.serve(NETWORKLAB_MESSAGES_AT_ONCE=CHATTY)

    async def story() -> None:
        reader, one, _, other = await a_ring(house, session, server)
        page = Stream()
        talking = asyncio.gather(says(one, 100, "one"), says(other, 100, "other"))
        for seen in (20, 70, 120, 170):
            async with reader.watching(page):
                await page.until(lambda _, seen=seen: len(page.talk) >= seen, f"message {seen}")  # type: ignore[misc]
        await talking
        async with reader.watching(page):
            await page.until(lambda _: len(page.talk) >= 200, "all messages")
        assert page.snapshots == 5
        assert page.talk == as_logged(house) and len(page.talk) == 200

    house.tell(story())


def test_a_killed_listener_loses_no_message_and_doubles_none(house: House) -> None:
    session = house.open()
    server = house.serve(NETWORKLAB_MESSAGES_AT_ONCE=CHATTY)

    async def story() -> None:
        reader, one, _, other = await a_ring(house, session, server)
        async with reader.watching() as page:
            talking = asyncio.gather(says(one, 100, "one"), says(other, 100, "other"))
            for seen in (20, 80, 140):
                await page.until(lambda _, seen=seen: len(page.talk) >= seen, f"message {seen}")  # type: ignore[misc]
                # The one killed before may not have its follower yet: messages come without it, too, only later.
                await until(lambda: kill_listeners(house.database) == 1, "a listener to kill")
            await talking
            await page.until(lambda _: len(page.talk) >= 200, "all messages")
            assert page.talk == as_logged(house) and len(page.talk) == 200
            assert not page.ended  # it was always the same stream

    house.tell(story())


def test_a_restart_of_postgres_loses_no_message_and_doubles_none(
    own_postgres: Postgres, tmp_path: Path
) -> None:
    house = House(own_postgres.dsn, tmp_path)
    server = house.serve(NETWORKLAB_MESSAGES_AT_ONCE=CHATTY)
    session = house.open()

    async def story() -> None:
        reader, one, _, other = await a_ring(house, session, server)
        async with reader.watching() as page:
            talking = asyncio.gather(says(one, 100, "one"), says(other, 100, "other"))
            await page.until(lambda _: len(page.talk) >= 60, "the first messages")
            await asyncio.to_thread(own_postgres.stop)
            assert not talking.done()
            await asyncio.to_thread(own_postgres.start)
            await talking
            await page.until(lambda _: len(page.talk) >= 200, "all messages")
            assert page.talk == as_logged(house) and len(page.talk) == 200

    try:
        house.tell(story())
    finally:
        house.leave()


class SlowBrowser(Browser):
    """Takes very little that it has not read yet, so that the server notices at once when it stops reading."""

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        link = socket.socket()
        link.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        link.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, 536)
        link.setblocking(False)
        await asyncio.get_running_loop().sock_connect(link, (self.host, self.port))
        return await asyncio.open_connection(sock=link, limit=1024)


def test_a_page_that_does_not_keep_up_gets_a_snapshot_and_misses_nothing(house: House) -> None:
    session, server = house.open(), house.serve(NETWORKLAB_MESSAGES_AT_ONCE=CHATTY)

    async def story() -> None:
        reader, one, _, other = await a_ring(house, session, server)
        reader.goes_to(server, SlowBrowser)
        async with reader.watching() as slow, one.watching() as quick:
            slow.reading.clear()
            await says(other, 160, "other", " " + "𝔏" * 900)
            await says(one, 40, "one")
            await quick.until(lambda _: len(quick.talk) >= 40, "the messages to somebody who keeps up")
            assert len(slow.talk) < 100
            slow.reading.set()
            await slow.until(lambda _: len(slow.talk) >= 200, "all messages")
            assert slow.snapshots >= 2  # it did overflow
            assert slow.talk == as_logged(house) and len(slow.talk) == 200

    house.tell(story())


def test_a_notification_that_is_lost_costs_a_moment_and_no_message(house: House) -> None:
    silent, count = re.subn(
        r"pg_notify\('networklab', ", "concat('lost', ", (SQL_FOLDER / "triggers.sql").read_text()
    )
    assert count >= 1
    house.sql(silent)
    session = house.open()
    server = house.serve()

    async def story() -> None:
        reader, one, *_ = await a_ring(house, session, server)
        listening = await connect(house.database, "eavesdropper")
        await listening.execute("listen networklab")
        async with reader.watching() as page:
            await says(one, 5, "one")
            await page.until(lambda _: len(page.talk) >= 5, "all messages, by the poll")
            assert page.talk == as_logged(house)
        await listening.execute("select pg_notify('networklab', 'the only one')")
        heard = [one.payload async for one in listening.notifies(timeout=PATIENCE, stop_after=1)]
        await listening.close()
        assert heard == ["the only one"]

    house.tell(story())


# Pages that change by themselves


def test_the_lobby_shows_who_comes_and_turns_into_the_room_without_a_reload(
    shared: House, server: Server
) -> None:
    session = shared.open(start=False)

    async def story() -> None:
        first, *others = [shared.guest(server, session, label) for label in ("R1", "B1", "R2", "B2")]
        await first.sign_in()
        async with first.watching() as page:
            assert "You are the only one waiting." in page.text and "has not started yet" in page.text
            await others[0].sign_in()
            await page.until(lambda text: "people are waiting." in text, "the second arrival")
            await asyncio.to_thread(shared.act, "start", session)
            await page.until(lambda _: page.snapshots == 2, "the start")
            assert "has not started yet" not in page.newest()
            # A connection of the pool breaks just when the next arrival is to be shown.
            shared.sql(
                "select pg_terminate_backend(pid) from pg_stat_activity"
                " where application_name = 'networklab pages' and datname = current_database()"
            )
            await asyncio.to_thread(come, shared, session, "R2")
            await asyncio.to_thread(seat, shared, session)
            await page.until(lambda text: "3 of 4" in text, "the third arrival")
            async with asyncio.timeout(PATIENCE):
                while (await others[2].sign_in()).status == 503:
                    pass
            await page.until(lambda text: 'action="/play/records"' in text, "the room")
            assert "You talk with" in page.text

    shared.tell(story())


def test_who_has_waited_too_long_sees_their_code_without_a_reload(shared: House, server: Server) -> None:
    session = shared.open(CROWD.replace('max_wait = "5m"', 'max_wait = "1s"'))

    async def story() -> None:
        guest = shared.guest(server, session, "R1")
        await guest.sign_in()
        async with guest.watching() as page:
            await page.until(lambda text: "There was no group for you in time" in text, "the way out")
            assert 'hx-target="#live" hx-swap="delete"' in page.raw[-1]  # it need not listen any more
        [(code,)] = shared.sql("select code from player where status = 'left' and outcome = 'lobby'")
        assert f'id="code">{code}<' in page.newest()

    shared.tell(story())


def test_pause_resume_and_close_show_on_the_pages_of_those_who_wait_and_who_play(
    shared: House, server: Server
) -> None:
    session = shared.open(people={"red": 3, "blue": 2})

    async def story() -> None:
        guests = [shared.guest(server, session, label) for label in ("R1", "R2", "B1", "B2", "R3")]
        for guest in guests:
            await guest.sign_in()
        async with all_watching([guests[0], guests[4]]) as (playing, waiting):
            assert 'action="/play/records"' in playing.text and 'id="wait"' in waiting.text
            await asyncio.to_thread(shared.act, "pause", session)
            await playing.until(
                lambda text: "The session is paused. The clock stands still" in text, "the pause"
            )
            await waiting.until(lambda text: "Your waiting time stands still" in text, "the pause")
            await asyncio.to_thread(shared.act, "resume", session)
            await playing.until(lambda _: "paused" not in playing.newest(), "going on")
            await waiting.until(lambda _: "stands still" not in waiting.newest(), "going on")
            await asyncio.to_thread(shared.act, "close", session)
            await playing.until(lambda text: "ended by the researchers" in text, "the end")
            await waiting.until(lambda text: "There was no group for you in time" in text, "the end")

    shared.tell(story())


def test_answers_steps_somebody_leaving_and_the_end_show_without_a_reload(
    shared: House, server: Server
) -> None:
    session = shared.open(
        TALK.replace("[[step]]", '[finish]\nredirect = "https://example.org/?cc={code}"\n[[step]]')
    )

    async def story() -> None:
        first, second, third, fourth = await a_ring(shared, session, server)
        async with first.watching() as page, third.watching() as other:
            assert "0 of 2 neighbours have answered" in page.text and "round 1 of 3" in page.text
            await second.answer({"belief": "1"})
            await page.until(lambda text: "1 of 2 neighbours have answered" in text, "the neighbour's answer")
            assert (await fourth.browser.post("/play/leave", {})).status == 303
            await page.until(lambda text: "1 of 1 neighbour has answered" in text, "the one who left")
            await first.answer({"belief": "2"})
            await third.answer({"belief": "3"})
            await page.until(lambda text: "round 2 of 3" in text, "the second round")
            assert "0 of 1 neighbour has answered" in page.newest()
            # The form that came by the stream works like one from a page.
            form = newest_form(page)
            assert (await first.answer({"belief": "4"}, form)).headers["receipt"]
            await second.answer({"belief": "5"})
            await third.answer({"belief": "6"}, newest_form(other))
            for stream in (page, other):
                await stream.until(lambda text: "round 3 of 3" in text, "the third round")
            for guest in (first, second, third):
                await guest.answer({"belief": "7"})
            for stream in (page, other):
                await stream.until(lambda text: "Thank you. You are done." in text, "the end")
        [(code,)] = shared.sql("select distinct code from player where status = 'finished'")
        assert f'id="code">{code}<' in page.newest() and f"https://example.org/?cc={code}" in page.newest()
        said = shared.sql("select value from record where field = 'belief' order by value")
        assert [value for (value,) in said] == ["1", "2", "3", "4", "5", "6", "7", "7", "7"]

    shared.tell(story())


def test_a_mistake_in_a_studys_page_strands_nobody_and_leaves_the_other_studies_alone(
    shared: House, server: Server
) -> None:
    page = PAGE + "{% block before %}{{ 1 // (2 - place.room.round) }}{% endblock %}"
    broken = shared.open(page=page)
    session = shared.open()

    async def story() -> None:
        guests = await a_ring(shared, broken, server)
        one, other, *_ = await a_ring(shared, session, server)
        async with other.watching() as stream, guests[0].watching() as failing:
            for guest in guests:
                await guest.answer({"belief": "1"})
            await failing.until(lambda text: "round 2 of 3" in text, "the round that the page breaks in")
            assert 'name="belief"' in failing.newest() and not failing.ended
            await guests[0].answer({"belief": "2"})  # on our own page for the step
            await one.say("we go on")
            await stream.until(lambda text: "we go on" in text, "a message in the other study")
        assert "starting another" not in server.log.read_text()

    shared.tell(story())
