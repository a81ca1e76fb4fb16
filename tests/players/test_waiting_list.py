"""A door that is full: who comes waits in line, and is let in when it is their turn; and what made-up ids can't do."""

from __future__ import annotations

import asyncio
import html
import re
from contextlib import AsyncExitStack

from app.database.connections import Connection, connect
from app.export.verify import verify
from app.players import waiting_list
from app.players.door import MOST_FROM_ONE, MOST_MADE, MOST_NAMES, Places
from app.rehearsal.browser import Browser, Reply
from app.replay.check import check as replay_check
from app.study.reading import parse
from tests.house.desk import desk
from tests.house.guests import hidden_fields, watching
from tests.house.house import House, Opened
from tests.house.pages import words
from tests.house.server import Server
from tests.house.studies import as_files, changed
from tests.house.waits import apart, until

STUDY = """
title = "Full house"
[entry]
fields = [{name = "age", ask = "Your age", kind = "integer", min = 18, max = 99}]
[[room]]
name = "many"
seats = {any = 40}
[[step]]
page = "talk"
limit = "1h"
fields = [{name = "belief", ask = "How sure?", kind = "integer", min = 0, max = 100}]
[pay]
base = 5
currency = "EUR"
outcomes = {full = 0.5}
[privacy]
erase = true
[finish.redirect]
full = "https://panel.example.org/full/{PROLIFIC_PID}?c={code}"
"""
NO_LINE = STUDY + '[door]\nmax_wait = "0s"\n'
AGE = {"age": "30"}
PLACE = re.compile(r'<p class="n num">(\d+)</p>\s*<p>is your place in line')


def pid(nth: int) -> str:
    return f"{nth:024x}"


def of(session: Opened, nth: int, more: str = "") -> str:
    return f"/s/{session.id}?PROLIFIC_PID={pid(nth)}{more}"


def opened(house: House, places: int | None, toml: str = STUDY) -> Opened:
    return house.open(toml, people={}, places=Places(places))


def browser(house: House, server: Server) -> Browser:
    one = Browser(server.base)
    house.browsers.append(one)
    return one


async def come(house: House, server: Server, session: Opened, nth: int, more: str = "") -> Browser:
    one = browser(house, server)
    answer = await one.post(of(session, nth, more), AGE)
    assert answer.status == 303, answer.text
    return one


async def leave(one: Browser) -> Reply:
    answer = await one.post("/play/leave", hidden_fields((await one.get("/play")).text, "/play/leave"))
    assert answer.status == 303, answer.text
    return answer


async def shows(one: Browser, what: str) -> str:
    page = ""

    async def there() -> bool:
        nonlocal page
        page = html.unescape((await one.get("/play")).text)
        return what in page

    await until(there, lambda: f"{what} on {words(page)[:800]}")
    return page


def people(house: House, session: Opened) -> dict[str, str]:
    """Status of each by id; who is in line is."""
    return dict(
        house.sql(
            """select door_id, case when status = 'invited' and in_line_until is not null then 'in line'
                else coalesce(outcome, status::text) end
            from player where session_id = %s and door_id is not null order by by_door""",
            session.id,
        )
    )


def line(house: House, session: Opened) -> list[str]:
    return [
        id
        for (id,) in house.sql(
            """select door_id from player where session_id = %s and status = 'invited' and in_line_until is not null
            order by in_line_since, id""",
            session.id,
        )
    ]


def are_connected(house: House, session: Opened) -> set[str]:
    return {
        id
        for (id,) in house.sql(
            """select p.door_id from connected c join player p on p.id = c.player_id and p.session_id = c.session_id
            where p.session_id = %s""",
            session.id,
        )
    }


def counted(house: House, session: Opened) -> dict[str, int]:
    return dict(house.sql("select why, times from door_count where session_id = %s", session.id))


def kept(house: House, session: Opened, toml: str = STUDY) -> None:
    assert house.contradictions(session) == []
    assert house.read(lambda conn: replay_check(conn, session.id)).differences == []
    verdict = asyncio.run(verify(house.database, session.id, parse(as_files(toml))))
    assert verdict.ok, str(verdict)


def test_places_that_come_back_go_to_the_first_in_line_each_to_one_and_to_nobody_who_comes_later(
    shared: House, server: Server, other_server: Server
) -> None:
    house, session, servers = shared, opened(shared, 4), (server, other_server)

    async def story() -> None:
        inside = [await come(house, servers[nth % 2], session, nth) for nth in range(1, 5)]
        waits = dict(
            zip(
                map(pid, range(5, 13)),
                await asyncio.gather(*(come(house, servers[nth % 2], session, nth) for nth in range(5, 13))),
                strict=True,
            )
        )
        before = line(house, session)
        assert sorted(before) == sorted(waits) and len(people(house, session)) == 12
        for nth, id in enumerate(before, 1):
            page = (await waits[id].get("/play")).text
            assert PLACE.findall(page) == [str(nth)], words(page)
        again = await browser(house, server).get(of(session, int(before[0], 16)))
        assert "Your place is kept." not in words(again.text) and "You are in line." in words(again.text)

        async with AsyncExitStack() as open_pages:
            streams = [
                await open_pages.enter_async_context(watching(waits[id], "/play/live")) for id in before
            ]
            first, fourth = streams[0], streams[3]
            await until(lambda: are_connected(house, session) >= set(before), "their pages")
            later = [come(house, servers[nth % 2], session, nth) for nth in range(13, 19)]
            await asyncio.gather(*(leave(one) for one in inside[:3]), *later)
            await first.until(lambda text: "You’re in" in text, "the first is let in")
            await fourth.until(
                lambda text: "is your place in line: you are the next." in text, "the fourth is the next now"
            )
        now = people(house, session)
        assert [id for id in before if now[id] == "waiting"] == before[:3]
        assert sorted(now.values()).count("waiting") == 4, "never more than there are places"
        assert all(now[pid(nth)] == "in line" for nth in range(13, 19))
        assert line(house, session)[:5] == before[3:]

        assert (await leave(waits[before[3]])).status == 303, "out of the line"
        page = words(await shows(waits[before[3]], "No place was free."))
        assert "FULL" in page and "Your pay: €0.50" in page, page
        assert people(house, session)[before[3]] == "full"
        apart(lambda: house.act("close", session))
        assert "FULL" in await shows(waits[before[4]], "No place was free.")

    house.tell(story())
    assert line(house, session) == []
    kept(house, session)


def test_of_many_who_look_at_once_one_lets_in_the_first_and_the_others_nobody(
    shared: House, server: Server
) -> None:
    """Six connections here, and the server's own."""
    house, session = shared, opened(shared, 2)
    study = parse(as_files(STUDY))

    async def look(conn: Connection) -> None:
        async with conn.transaction():
            await waiting_list.move_up(conn, session.id, study)

    async def story() -> None:
        inside = [await come(house, server, session, nth) for nth in range(1, 8)][:2]
        in_line = house.browsers[-5:]
        looking = [await connect(house.database, "story") for _ in range(6)]
        async with AsyncExitStack() as open_pages:
            for one in in_line:
                await open_pages.enter_async_context(watching(one, "/play/live"))
            await until(lambda: len(are_connected(house, session)) == 5, "their pages")
            for nth, one in enumerate(inside, 3):
                await leave(one)
                await asyncio.gather(*map(look, looking))
                now = people(house, session)
                assert [id for id, status in now.items() if status == "waiting"][-1] == pid(nth)
                assert list(now.values()).count("waiting") == 2 and len(line(house, session)) == 7 - nth
        for conn in looking:
            await conn.close()

    house.tell(story())


def test_whoever_has_closed_the_page_is_passed_over_and_keeps_their_turn(
    shared: House, server: Server
) -> None:
    house, session = shared, opened(shared, 1)
    ada = desk(house, server, session)

    async def story() -> None:
        ann, ben = [await come(house, server, session, nth) for nth in (1, 2)]
        house.sql(
            "update player set in_line_since = in_line_since - interval '1 min' where door_id = %s", pid(2)
        )
        await leave(ann)
        cat = await come(house, server, session, 3)
        async with watching(cat, "/play/live") as page:
            await page.until(lambda text: "You’re in" in text, "she is let in")
        assert line(house, session) == [pid(2)]
        await ada.shows("1 waits in line before the door, 0 of them with an open page")
        assert PLACE.findall((await ben.get("/play")).text) == ["1"]
        async with watching(ben, "/play/live") as page:
            await leave(cat)
            await page.until(lambda text: "You’re in" in text, "he is let in")

    house.tell(story())
    kept(house, session)


def test_whoever_is_still_at_the_pages_before_the_lobby_holds_a_place_and_gives_it_back(
    shared: House, server: Server
) -> None:
    asked = 'fields = [{name = "read", ask = "Read it?", kind = "yes_no"}]'
    before = f'[[before]]\npage = "talk"\nname = "first"\n{asked}\n[[step]]'
    house, session = shared, opened(shared, 1, changed(STUDY, "[[step]]", before))

    async def story() -> None:
        ann, ben = [await come(house, server, session, nth) for nth in (1, 2)]
        assert people(house, session) == {pid(1): "before", pid(2): "in line"}
        async with watching(ben, "/play/live") as page:
            await leave(ann)
            await page.until(lambda text: "Read it?" in text, "he is let in, and begins there")
        assert people(house, session)[pid(2)] == "before"

    house.tell(story())
    assert house.contradictions(session) == []


def test_nobody_waits_in_line_for_longer_than_the_study_says_but_for_a_pause(
    shared: House, server: Server
) -> None:
    house, session = shared, opened(shared, 1)
    wait = "select in_line_until - in_line_since from player where session_id = %s and door_id = %s"

    async def story() -> None:
        await come(house, server, session, 1)
        door = await browser(house, server).get(of(session, 2))
        said = words(door.text)
        assert (
            "All places are taken just now. You can wait in line" in said and "Nobody is before you." in said
        )
        assert "You wait at most 10 minutes." in said and ">FULL</p>" in door.text, "one click away"
        assert f'href="https://panel.example.org/full/{pid(2)}?c=FULL"' in door.text
        assert "Wait in line" in said and "you wait for your group" not in said
        ann, ben = [await come(house, server, session, nth) for nth in (2, 3)]
        assert "Whoever gets no place is paid €0.50" in words((await ann.get("/play")).text)
        apart(lambda: house.act("pause", session))
        for nth in (2, 3):  # as if it had begun an hour ago
            house.sql(
                """update player set in_line_since = in_line_since - interval '1 h',
                in_line_until = in_line_until - interval '1 h' where session_id = %s and door_id = %s""",
                session.id, pid(nth),
            )  # fmt: skip
        house.sql("update session set paused_at = paused_at - interval '1 h' where id = %s", session.id)
        assert "Your waiting time stands still" in words((await ann.get("/play")).text)
        apart(lambda: house.act("resume", session))
        (longer,) = house.sql(wait, session.id, pid(2))[0]
        assert longer.total_seconds() > 4000, "the pause is no waiting"
        house.sql("update player set in_line_until = clock_timestamp() where door_id = %s", pid(2))
        assert "FULL" in await shows(ann, "No place was free.")
        assert people(house, session) == {pid(1): "waiting", pid(2): "full", pid(3): "in line"}
        assert PLACE.findall((await ben.get("/play")).text) == ["1"]
        plain = browser(house, server)
        plain.cookies |= ben.cookies
        assert 'content="5;url=/play?still=true"' in (await plain.get("/play?plain=true")).text
        await plain.get("/play?still=true")
        connected = "select 1 from connected c join player p on p.id = c.player_id where p.door_id = %s"
        await until(lambda: house.sql(connected, pid(3)), "a page without scripts counts as there")

    house.tell(story())
    assert house.contradictions(session) == []


def test_more_places_let_the_line_in_at_once_and_fewer_throw_nobody_out(
    shared: House, server: Server
) -> None:
    house, session = shared, opened(shared, 2)
    ada = desk(house, server, session)

    async def story() -> None:
        guests = [await come(house, server, session, nth) for nth in range(1, 6)]
        async with AsyncExitStack() as open_pages:
            for one in guests[2:]:
                await open_pages.enter_async_context(watching(one, "/play/live"))
            await until(lambda: len(are_connected(house, session)) == 3, "their pages")
            text = await ada.shows("3 wait in line before the door")
            assert "Door · 5 came · 2 in · 0 of 2 complete Full. Whoever comes now waits in line" in text
            said = html.unescape((await ada.do("/places", {"places": "4"})).text)
            assert "2 of those who waited in line are in now. All places are taken now." in said
            assert list(people(house, session).values()) == [*4 * ["waiting"], "in line"]
            await shows(guests[3], "You’re in")
            said = html.unescape((await ada.do("/places", {"places": "3"})).text)
            assert (
                "4 are in, and nobody has to leave: the next comes in once 2 have left without coming to the end."
                in said
            )
            await ada.shows("There are fewer places than people in: the next comes in once 2 have left")
            await leave(guests[0])
            await ada.shows("1 withdrawn")
            assert people(house, session)[pid(5)] == "in line"
            await leave(guests[1])
            await come(house, server, session, 6)
            assert people(house, session)[pid(6)] == "in line", "behind who was there, though a place is free"
            await shows(guests[4], "You’re in")
            assert "many needs 37 more people" in await ada.shows("0 of 3 complete")

    house.tell(story())
    kept(house, session)


def test_whoever_finds_it_full_and_stands_in_no_line_leaves_no_row(shared: House, server: Server) -> None:
    house, session = shared, opened(shared, 1, NO_LINE)
    long, guessed = opened(shared, 1), opened(shared, 1, NO_LINE)

    async def story() -> None:
        inside = await come(house, server, session, 1)
        for answer in (
            await browser(house, server).get(of(session, 2)),
            await browser(house, server).post(of(session, 2), AGE),
        ):
            assert answer.status == 410 and ">FULL<" in answer.text
            assert (
                "All places are taken just now." in answer.text
                and "open your link again later" in answer.text
            )
            assert f'href="https://panel.example.org/full/{pid(2)}?c=FULL"' in answer.text
        assert people(house, session) == {pid(1): "waiting"}
        await until(lambda: counted(house, session) == {"full": 2}, "two visits")
        await leave(inside)
        await come(house, server, session, 2)
        assert people(house, session) == {pid(1): "withdrawn", pid(2): "waiting"}

        # The line has an end, too: as many people as places, or twenty
        for nth in range(1, 22):
            await come(house, server, long, nth)
        assert len(line(house, long)) == 20
        assert (await browser(house, server).post(of(long, 99), AGE)).status == 410
        house.sql(
            "update player set outcome = 'complete' where door_id = %s and session_id = %s", pid(1), long.id
        )
        over = await browser(house, server).get(of(long, 99))
        assert over.status == 410 and "No place is left: nobody else can come in." in over.text
        assert len(people(house, long)) == 21
        await until(lambda: line(house, long) == [], "that nobody waits in vain")

        # Who is told of nobody, as their id could be guessed, has a place all the same
        ben = browser(house, server)
        code = f"/s/{guessed.id}?survey_code="
        assert (await ben.post(f"{code}4711", AGE)).status == 303
        for id, status in (("4711", 303), ("4712", 410)):
            page = await browser(house, server).get(f"{code}{id}")
            assert page.status == 410 and "Have you been here before" in page.text, "of both the same"
            assert (await browser(house, server).post(f"{code}{id}", {})).status == status

    house.tell(story())
    kept(house, session, NO_LINE)


def test_made_up_ids_and_parameters_come_to_an_end(shared: House, server: Server) -> None:
    house, session = shared, opened(shared, None)
    ada = desk(house, server, session)

    async def story() -> None:
        many = "".join(f"&made_up_{nth}=1" for nth in range(10))
        await come(house, server, session, 1, f"{many}&wave=2&STUDY_ID=s")
        others = [f"n{nth}" for nth in range(MOST_NAMES - 15)]  # four more may come
        house.sql("update door set names = names || %s where session_id = %s", others, session.id)
        for nth in (2, 3):
            await come(house, server, session, nth, "".join(f"&late_{nth}_{one}=1" for one in range(9)))
        names = "select count(distinct n) from player, jsonb_object_keys(given) n where session_id = %s"
        assert house.sql(names, session.id) == [(2 + 11 + 4,)]
        brought = "select given ->> 'PROLIFIC_PID', given ->> 'wave' from player where door_id = %s"
        assert house.sql(brought, pid(1)) == [(pid(1), "2")]
        await until(lambda: counted(house, session).get("not kept"), "said to the researcher")
        await ada.shows("brought more by their links than is kept")

        far = {"X-Forwarded-For": "203.0.113.7"}
        assert (await browser(house, server).post(of(session, 4), AGE, far)).status == 303
        house.sql("update door_source set made = %s where session_id = %s", MOST_FROM_ONE, session.id)
        there = people(house, session)
        flood = await browser(house, server).post(of(session, 5), AGE, far)
        assert flood.status == 429 and flood.headers["retry-after"] == "600"
        assert (await browser(house, server).post(of(session, 4), AGE, far)).status == 303, "who is in"
        house.sql("update door set made = %s where session_id = %s", MOST_MADE, session.id)
        enough = await browser(house, server).post(of(session, 5), AGE)
        assert enough.status == 410 and "No place is left" in enough.text
        assert people(house, session) == there
        await ada.shows("the door has made as many people as it makes, 50,000")

    house.tell(story())


def test_whoever_was_erased_is_known_again_by_an_id_that_is_not_kept(shared: House, server: Server) -> None:
    house, session = shared, opened(shared, None)

    async def story() -> None:
        ann = await come(house, server, session, 1)
        await leave(ann)
        form = hidden_fields((await ann.get("/play/privacy")).text, "/play/privacy")
        await ann.post("/play/privacy", form | {"sure": "yes"})
        gone = "select door_digest is not null from player where session_id = %s and erased_at is not null"
        await until(lambda: house.sql(gone, session.id), "her erasure")
        assert house.sql(gone, session.id) == [(True,)] and people(house, session) == {}
        for answer in (
            await browser(house, server).get(of(session, 1)),
            await browser(house, server).post(of(session, 1), AGE),
        ):
            assert answer.status == 410 and "Nobody can come in by it again." in answer.text
        await come(house, server, session, 2)
        assert people(house, session) == {pid(2): "waiting"}
        apart(lambda: house.act("close", session))
        assert house.sql(gone, session.id) == [(False,)]

    house.tell(story())


def test_an_id_that_somebody_else_came_with_is_freed_and_nobody_is_paid_by_it_for_another(
    shared: House, server: Server
) -> None:
    house, session = shared, opened(shared, None)
    ada = desk(house, server, session)

    async def story() -> None:
        eve = await come(house, server, session, 1, "&wave=2")
        [(number,)] = house.sql("select id from player where session_id = %s", session.id)
        here = f"/players/{number}"
        assert "Their id is somebody else’s…" in await ada.page(here)
        said = html.unescape((await ada.do(f"{here}/free-id", {})).text)
        assert "The id of d-1 is nobody’s now: whoever comes with it comes in anew." in said
        assert "nothing changed" in html.unescape((await ada.do(f"{here}/free-id", {})).text)
        assert "Their id is somebody else’s…" not in await ada.page(here)
        owner = await come(house, server, session, 1)
        for one in (eve, owner):
            assert "You’re in" in (await one.get("/play")).text, "each in their own browser"
            await leave(one)
        paid = (await ada.browser.get(f"{ada.here}/payments.csv")).text.splitlines()
        assert [line.split(",")[0] for line in paid[1:]] == ["d-1", pid(1)]

    house.tell(story())
    given = "select given ->> 'PROLIFIC_PID', given ->> 'wave' from player where session_id = %s order by id"
    assert house.sql(given, session.id) == [(None, "2"), (pid(1), None)]
    logged = "select data from event where session_id = %s and name = 'id_freed'"
    assert house.sql(logged, session.id) == [({"by": "ada"},)]
    kept(house, session)
