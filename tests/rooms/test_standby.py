"""Who comes when all rooms are full waits on standby: paid, told so, and next in line for a place that becomes free."""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from typing import Any

import pytest

from app.database.connections import Connection, connect, open_pool
from app.players.players import Arrival, sign_in
from app.replay.check import check as replay_check
from app.rooms import dropouts, lobby
from app.rooms.seating import BUSY_LOOK
from app.study.reading import check, parse
from app.study.syntax.mistakes import StudyError
from tests.house.crowd import come
from tests.house.desk import desk
from tests.house.guests import seated
from tests.house.house import House, Opened
from tests.house.pages import words
from tests.house.server import Server
from tests.house.studies import as_files, changed
from tests.house.waits import until

STUDY = """
title = "Full house"
[[room]]
name = "pair"
seats = {any = 2}
count = 1
[lobby]
max_wait = "10m"
pay_per_minute = 0.15
[standby]
places = 2
until = "5m"
[dropout]
silent = "60s"
then = ["nudge", "standby", "smaller"]
[pay]
outcomes = {standby = 0.50}
[[step]]
page = "talk"
limit = "5m"
fields = [{name = "belief", ask = "How sure?", kind = "integer"}]
"""


def study(toml: str = STUDY) -> dict[str, bytes]:
    return as_files(toml)


def people(house: House, session: Opened) -> dict[str, tuple[Any, ...]]:
    """Label → status, outcome, and whether they stand by."""
    found = house.sql(
        "select label, status::text, outcome, standby_until is not null from player where session_id = %s",
        session.id,
    )
    return {label: tuple(rest) for label, *rest in found}


def look(house: House, session: Opened, files: dict[str, bytes] | None = None) -> None:
    """What the conductor does when the lobby is due."""

    async def work(conn: Connection) -> None:
        await lobby.seat(conn, session.id, parse(files or study()))

    house.do(work)


def test_a_standby_that_never_happens_is_told_before() -> None:
    assert check(study()) == []
    with pytest.raises(StudyError, match="`places` is missing"):
        parse(study(changed(STUDY, "places = 2\n")))
    for old, new, sentence in (
        ("count = 1\n", "", "Room `pair` has no `count`"),
        ('"nudge", "standby", "smaller"', '"nudge", "smaller"', "Nobody takes a place that becomes free"),
        ("pay_per_minute = 0.15\n", "", "Whoever stands by is not paid for the time."),
    ):
        [note] = check(study(changed(STUDY, old, new)))
        assert sentence in note.sentence and not note.grave


def test_who_stands_by_is_told_so_takes_the_place_of_who_leaves_and_is_paid_when_nobody_needs_them(
    shared: House, server: Server
) -> None:
    house, session = shared, shared.open_files(study(), {"any": 5})
    guests = [house.guest(server, session, label) for label in session.tokens]
    first, second, third, fourth, fifth = guests
    ada = desk(house, server, session)

    async def story() -> None:
        for guest in guests:
            await guest.sign_in()
        await seated(first)
        await until(lambda: people(house, session)[fourth.label][2], "two on standby")
        text = await ada.shows("Standby 2 of 2 places")
        assert "Lobby · 1 waiting" in text and re.search(r"2 any paid to wait until [\d:–]+ UTC", text)
        text = words(await ada.page("/replay"))
        assert "Lobby · 1 waiting" in text and "Standby 2 of 2 places 2 any paid to wait until" in text
        assert people(house, session) == {
            first.label: ("playing", None, False),
            second.label: ("playing", None, False),
            third.label: ("waiting", None, True),
            fourth.label: ("waiting", None, True),
            fifth.label: ("waiting", None, False),  # there are two places
        }
        assert "You are on standby." not in await fifth.page()
        page = await third.page()
        assert "You are on standby." in page and "Your waiting is paid" in page and "You’re in." not in page
        async with fourth.watching() as stream:
            assert "You are on standby." in stream.text
            async with third.watching() as next_one:
                await first.browser.post("/play/leave", {})
                await next_one.until(lambda text: "How sure?" in text, "the place that became free")
        assert people(house, session)[third.label] == ("playing", None, False)
        house.sql("update room set deadline = now() where session_id = %s", session.id)
        await until(lambda: people(house, session)[third.label][0] == "finished", "the end of the room")

        def nobody_needs_them() -> bool:
            house.sql("update lobby set due_at = now() where session_id = %s", session.id)
            return people(house, session)[fourth.label][:2] == ("left", "standby")

        await until(nobody_needs_them, "the end of standing by")
        page = await fourth.page()
        await ada.shows("Standby 0 of 2 places")
        assert "Thank you for standing by." in page and "STANDBY" in page and "0.5" in page
        assert "It stands for the time you waited, which is paid." in page

    house.tell(story())
    assert house.contradictions(session) == []
    assert house.read(lambda conn: replay_check(conn, session.id)).differences == []


def test_nobody_stands_by_for_longer_than_the_study_says_and_a_pause_does_not_count(house: House) -> None:
    session = house.open_files(study(), {"any": 4})

    come(house, session, *session.tokens)
    look(house, session)
    standing = [label for label, (_, _, stands_by) in people(house, session).items() if stands_by]
    assert len(standing) == 2
    [(before,)] = house.sql("select min(standby_until) from player")
    house.act("pause", session)
    house.act("resume", session)
    [(after,)] = house.sql("select min(standby_until) from player")
    assert after > before and house.read(lambda conn: replay_check(conn, session.id)).differences == []

    house.sql("update player set standby_until = now() where label = %s", standing[0])
    look(house, session)

    assert people(house, session)[standing[0]][:2] == ("left", "standby")
    assert people(house, session)[standing[1]][0] == "waiting"
    house.act("close", session)
    look(house, session)
    assert people(house, session)[standing[1]][:2] == ("left", "standby")


TRIO = changed(STUDY, 'name = "pair"\nseats = {any = 2}', 'name = "trio"\nseats = {any = 3}')


def test_a_place_that_was_empty_before_anybody_stood_by_is_taken_by_who_comes_and_the_others_read_it(
    shared: House, server: Server
) -> None:
    house, session = shared, shared.open_files(study(TRIO), {"any": 5})
    guests = [house.guest(server, session, label) for label in session.tokens]
    first, second, third, fourth, fifth = guests

    async def story() -> None:
        for guest in (first, second, third):
            await guest.sign_in()
        await seated(third)
        async with second.watching() as neighbour:
            await first.browser.post("/play/leave", {})
            await neighbour.until(lambda text: "has left; the group goes on." in text, "who has left")
            await fourth.sign_in()
            assert "How sure?" in await seated(fourth), "they never stood by: the place was there"
            await neighbour.until(
                lambda text: "had left; somebody else goes on in that place now." in text, "who goes on"
            )
        page = await third.page()
        assert "somebody else goes on in that place now." in page and "has left" not in page
        await fifth.sign_in()
        await until(lambda: people(house, session)[fifth.label][2], "nothing is empty any more")
        assert (await fourth.answer({"belief": "5"})).status == 200

    house.tell(story())
    [(left, place)] = house.sql(
        """select p.label, n.label from player p join player n on (n.room_id, n.slot) = (p.room_id, p.slot)
        where p.session_id = %s and p.replaced and not n.replaced""",
        session.id,
    )
    assert (left, place) == (first.label, fourth.label)
    told = house.sql(
        """select e.name, coalesce(e.data->>'then', e.data->>'was_empty'), e.data->>'before'
        from event e join log l on l.id = e.log_id
        where e.session_id = %s and l.room_id is not null and e.name in ('player_left', 'player_replaced')
        order by e.seq""",
        session.id,
    )
    assert told == [("player_left", "smaller", None), ("player_replaced", "true", first.label)]
    assert house.contradictions(session) == []
    assert house.read(lambda conn: replay_check(conn, session.id)).differences == []


def leave(house: House, session: Opened, label: str, files: dict[str, bytes]) -> None:
    [(player_id,)] = house.sql("select id from player where label = %s", label)

    async def work(conn: Connection) -> None:
        await dropouts.withdraw(conn, player_id, parse(files))

    house.do(work)


def test_a_room_that_is_busy_is_looked_at_again_and_nobody_waits_for_it(house: House) -> None:
    files = study(TRIO)
    session = house.open_files(files, {"any": 4})
    first, *others, late = session.tokens
    come(house, session, first, *others)
    look(house, session, files)
    leave(house, session, first, files)
    come(house, session, late)

    async def while_busy() -> None:
        async with await connect(house.database, "hook") as other, other.transaction():
            await other.execute("select from room for update")
            conn = await connect(house.database, "story")
            async with conn.transaction():
                await lobby.seat(conn, session.id, parse(files))
            await conn.close()

    house.tell(while_busy())
    assert people(house, session)[late] == ("waiting", None, True)
    [(wait,)] = house.sql("select extract(epoch from due_at - clock_timestamp())::float8 from lobby")
    assert wait < BUSY_LOOK
    look(house, session, files)
    assert people(house, session)[late] == ("playing", None, False)


@pytest.mark.parametrize(
    ("old", "new", "taken"),
    [
        (
            'fields = [{name = "belief"',
            'dropout = {then = ["nudge", "smaller"]}\nfields = [{name = "belief"',
            False,
        ),
        ('[standby]\nplaces = 2\nuntil = "5m"\n', "", True),
        ('then = ["nudge", "standby", "smaller"]', 'then = ["nudge", "standby", "bot"]', False),
        ("count = 1", "count = 2", False),
    ],
    ids=[
        "the step says otherwise",
        "who only waits comes too",
        "a bot keeps its place",
        "a room of their own",
    ],
)
def test_an_empty_place_is_taken_where_the_open_step_says_so_by_whom_no_other_room_takes(
    house: House, old: str, new: str, taken: bool
) -> None:
    files = study(changed(TRIO, old, new))
    session = house.open_files(files, {"any": 4})
    first, *others, late = session.tokens
    come(house, session, first, *others)
    look(house, session, files)
    leave(house, session, first, files)
    assert people(house, session)[first] == ("left", "withdrawn", False)
    come(house, session, late)

    look(house, session, files)

    assert (people(house, session)[late][0] == "playing") == taken
    assert house.contradictions(session) == []
    assert house.read(lambda conn: replay_check(conn, session.id)).differences == []


def test_of_racing_processes_one_gives_an_empty_place_to_one_person(house: House) -> None:
    files = study(TRIO.replace("count = 1", "count = 4").replace("places = 2", "places = 1"))
    session = house.open_files(files, {"any": 18})
    labels = list(session.tokens)
    come(house, session, *labels[:12])
    look(house, session, files)
    for (label,) in house.sql("select label from player where slot = 2"):
        leave(house, session, label, files)

    async def race() -> None:
        async with open_pool(house.database, 6) as pool:

            async def process(label: str) -> None:
                async with pool.connection() as conn:
                    await sign_in(conn, [Arrival(session.tokens[label], {})])
                    async with conn.transaction():
                        await lobby.seat(conn, session.id, parse(files))

            await asyncio.gather(*map(process, labels[12:]))

    house.tell(race())
    late = [people(house, session)[label] for label in labels[12:]]
    assert Counter(late) == {
        ("playing", None, False): 4,
        ("waiting", None, True): 1,
        ("waiting", None, False): 1,
    }
    taken = house.sql(
        "select slot, count(*) from player where status = 'playing' group by slot order by slot"
    )
    assert taken == [(1, 4), (2, 4), (3, 4)]
    assert house.contradictions(session) == []
    assert house.read(lambda conn: replay_check(conn, session.id)).differences == []
