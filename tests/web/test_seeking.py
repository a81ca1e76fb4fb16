"""Stories of what no name says where it is: who makes up ids by the thousand takes nothing from anybody else."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from pathlib import Path

import psycopg
import pytest

from app.database.clusters import where_are
from app.database.embedded import Postgres
from app.players.people import Person
from app.rehearsal.browser import Browser
from app.web.access.accounts import put_account
from app.web.access.api_tokens import PREFIX, make
from app.web.access.guesses import UNSURE_LINKS, WRONG_TOKENS
from app.web.seeking import MOST, OneQuestion
from tests.house.clusters import Clusters, locked, two_databases, two_postgres
from tests.house.guests import Guest
from tests.house.house import House
from tests.house.studies import ROOM_TALK
from tests.house.waits import until

MANY = 120


@pytest.fixture
def clusters(postgres: Postgres, tmp_path: Path) -> Iterator[Clusters]:
    with two_databases(postgres, tmp_path) as found:
        yield found


def test_what_many_ask_at_once_is_asked_once_and_what_has_just_come_is_found(house: House) -> None:
    session, asked = house.open(), list[int]()

    async def ask(ids: Sequence[str]) -> dict[str, bool]:
        asked.append(len(ids))
        conn = await psycopg.AsyncConnection.connect(house.database, autocommit=True)
        try:
            return {one: found.here for one, found in (await where_are(conn, ids)).items()}
        finally:
            await conn.close()

    async def story() -> None:
        sought = OneQuestion(ask)
        first = asyncio.create_task(sought.find("made up first"))
        await until(lambda: asked, "the first question")
        others = [f"made up {nth}" for nth in range(MOST - 1)] * 2
        found = await asyncio.gather(*map(sought.find, [*others, session.id]))
        assert found == [False] * len(others) + [True] and not await first
        assert asked == [1, MOST]
        later = await asyncio.to_thread(house.open)
        assert await sought.find(later.id)
        await asyncio.to_thread(house.sql, "alter table session rename to elsewhere")
        gone = [asyncio.create_task(sought.find(one)) for one in ("a", "b")]
        for one in gone:
            with pytest.raises(psycopg.Error):
                await one
        await asyncio.to_thread(house.sql, "alter table elsewhere rename to session")
        assert await sought.find(session.id), "it asks again after a question that failed"

    house.tell(story())


def test_who_makes_up_ids_takes_one_place_of_each_database_and_people_play_on(clusters: Clusters) -> None:
    server = clusters.serve()
    here = clusters.main.open(ROOM_TALK)
    waiting = (
        "select count(*) filter (where query ~ 'g.token_hash'),"
        " count(*) filter (where query ~ 'asked .id.')"
        " from pg_stat_activity"
        " where datname = current_database() and wait_event_type = 'Lock'"
    )

    async def story() -> None:
        guests = [clusters.main.guest(server, here, label) for label in ("R1", "R2", "B1", "B2")]
        for guest in guests:
            assert (await guest.sign_in()).status in (200, 303)
        await guests[0].shows("How sure are you?")
        strangers = [Browser(server.base) for _ in range(MANY)]
        async with locked(clusters.east):
            sent = [
                asyncio.create_task(one.get(f"/s/madeup{nth}" if nth % 2 else f"/join/madeup{nth}"))
                for nth, one in enumerate(strangers)
            ]
            assert (await guests[0].answer({"belief": "40"})).status == 200
            assert (await guests[1].say("they make up ids")).status == 200

            def places() -> list[tuple[int, int]] | None:
                """That tokens have, and ids."""
                [(tokens, ids)] = clusters.east.sql(waiting)
                return [(tokens, ids)] if tokens and ids else None

            assert await until(places, "both questions") == [(1, 1)]
        assert {(await one).status for one in sent} <= {404, 429}, "nobody had to be turned away as busy"

        for one in strangers:
            one.close()

    clusters.main.tell(story())


def test_a_token_that_nobody_had_is_found_as_soon_as_somebody_has_it(clusters: Clusters) -> None:
    server = clusters.serve()

    async def story() -> None:
        guest = Guest(server.base, "a-token-that-is-to-come")
        for _ in range(3):
            assert (await guest.browser.get(f"/join/{guest.token}")).status == 404
        people = [Person(guest.token, "ada", "red")]
        await asyncio.to_thread(clusters.east.open, ROOM_TALK, people)
        assert (await guest.browser.get(f"/join/{guest.token}")).status == 200
        guest.leave()

    clusters.main.tell(story())


def test_whose_session_says_nothing_is_found_by_their_cookie_alone(clusters: Clusters) -> None:
    session = clusters.east.open(ROOM_TALK)
    assert "-" not in session.id
    server = clusters.serve()

    async def story() -> None:
        guests = [clusters.main.guest(server, session, label) for label in ("R1", "R2", "B1", "B2")]
        for guest in guests:
            assert (await guest.sign_in()).status in (200, 303)
        await guests[0].shows("How sure are you?")
        server.stop()
        again = await asyncio.to_thread(clusters.serve)
        guests[0].goes_to(again)
        async with locked(clusters.main):
            assert "How sure are you?" in await guests[0].page()
            assert (await guests[0].answer({"belief": "40"})).status == 200
            assert "does not say" not in again.log.read_text(), "nobody else was asked"
        forged = Browser(again.base)
        forged.cookies = {"networklab_player": f"1.1.{session.id}.made-up"}
        assert (await forged.get("/play")).status == 403
        forged.close()

    clusters.main.tell(story())


def test_links_and_tokens_that_nobody_can_judge_now_are_counted_as_well(
    postgres: Postgres, own_postgres: Postgres, tmp_path: Path
) -> None:
    with two_postgres(own_postgres, postgres, own_postgres, tmp_path) as clusters:
        server = clusters.serve()
        clusters.main.do(lambda conn: put_account(conn, "grace", "correct horse battery"))
        token = clusters.main.do(lambda conn: make(conn, "grace", "scripts", "all", 30, "story"))
        there = clusters.east.open(ROOM_TALK)

        async def story() -> None:
            program = Browser(server.base)

            async def says(token: str) -> int:
                told = {"Authorization": f"Bearer {token}"}
                return (await program.get(f"/api/v1/sessions/{there.id}", told)).status

            assert await says(token) == 200, "it is copied there, by whoever comes first"
            own_postgres.stop()

            async def away() -> bool:
                return (await program.get("/join/mine")).status == 503

            def counted() -> int:
                found = clusters.east.sql("select count from attempt where what = %s", UNSURE_LINKS.what)
                return int(found[0][0]) if found else 0

            await until(away, "the first one to be away")
            before = counted()
            for nth in range(2):
                for _ in range(3):
                    assert (await program.get(f"/join/guess{nth}")).status == 503, "it comes again by itself"
            assert counted() == before + 2
            clusters.east.sql(
                "update attempt set count = %s where what = %s", UNSURE_LINKS.most - 1, UNSURE_LINKS.what
            )
            assert (await program.get("/join/another")).status == 503
            assert (await program.get("/join/one-more")).status == 429

            assert {await says(f"{PREFIX}{'a' * 43}") for _ in range(WRONG_TOKENS.most)} == {503}
            assert await says(f"{PREFIX}{'a' * 43}") == 429
            assert await says(token) == 200, "theirs is looked up whatever another from there does"
            program.close()

        clusters.main.tell(story())
