"""Stories of several databases behind one server: a session lies whole in one, and is found by whatever leads there."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.database.clusters import be_named
from app.database.connections import Connection, connect
from app.database.embedded import Postgres
from app.players.door import Places
from app.players.links import links_again, with_tokens
from app.players.people import Person
from app.web.access.accounts import put_account, remove_account
from app.web.access.api_tokens import make
from app.web.access.copies import copy_accounts
from app.web.access.rights import give
from app.web.signing import read_keys
from tests.house.clusters import Clusters, locked, two_databases, two_postgres
from tests.house.guests import Guest
from tests.house.house import House
from tests.house.moving import Mover
from tests.house.studies import ROOM_TALK
from tests.house.waits import until


@pytest.fixture
def clusters(postgres: Postgres, tmp_path: Path) -> Iterator[Clusters]:
    with two_databases(postgres, tmp_path) as found:
        yield found


@pytest.fixture
def apart_clusters(postgres: Postgres, own_postgres: Postgres, tmp_path: Path) -> Iterator[Clusters]:
    """`east` has a Postgres of its own: `own_postgres`."""
    with two_postgres(postgres, own_postgres, own_postgres, tmp_path) as found:
        yield found


def test_people_play_in_both_with_ids_and_links_from_before_and_new_ones(clusters: Clusters) -> None:
    before = {name: house.open(ROOM_TALK) for name, house in clusters.houses.items()}
    server = clusters.serve(2)
    now = {name: house.open(ROOM_TALK) for name, house in clusters.houses.items()}
    assert [one.id.partition("-")[0] for one in now.values()] == ["main", "east"]
    assert not any("-" in one.id for one in before.values())

    async def story() -> None:
        for name, house in clusters.houses.items():
            for session in (before[name], now[name]):
                guests = [clusters.main.guest(server, session, label) for label in ("R1", "R2", "B1", "B2")]
                for guest in guests:
                    assert (await guest.sign_in()).status in (200, 303)
                await guests[0].shows("How sure are you?")
                assert (await guests[0].answer({"belief": "40"})).status == 200
                neighbour = guests[1]
                async with neighbour.watching() as stream:
                    assert (await guests[0].say(f"in {name}")).status == 200
                    await stream.until(lambda text, name=name: f"in {name}" in text, "what was said")  # type: ignore[misc]
                assert not house.contradictions(session)

    clusters.main.tell(story())
    for name, house in clusters.houses.items():
        said = {body for (body,) in house.sql("select body from message")}
        assert said == {f"in {name}"}, "each in its own"


def researchers_of(clusters: Clusters) -> str:
    """The first one's accounts: grace, who makes a token, and otto. The token."""

    async def work(conn: Connection) -> str:
        for name in ("grace", "otto"):
            await put_account(conn, name, "correct horse battery")
        return await make(conn, "grace", "scripts", "all", 30, "story")

    return clusters.main.do(work)


def test_a_log_in_counts_in_all_of_them_and_a_right_where_its_session_is(clusters: Clusters) -> None:
    here = clusters.main.open()
    server = clusters.serve()
    token = researchers_of(clusters)
    there = clusters.east.open()
    grace, otto = (clusters.main.researcher(server, name) for name in ("grace", "otto"))

    async def story() -> None:
        assert (await grace.get(f"/admin/sessions/{there.id}")).status == 200, "at once, before it was copied"
        page = (await grace.get("/admin")).text
        assert page.count('href="/admin/sessions/') == 2 and there.id in page
        assert (await otto.get(f"/admin/sessions/{there.id}")).status == 200
        programs = await grace.get("/api/v1/sessions", headers={"Authorization": f"Bearer {token}"})
        assert there.id in programs.text and programs.text.count('"session":') == 2
        one = await grace.get(f"/api/v1/sessions/{there.id}", headers={"Authorization": f"Bearer {token}"})
        assert '"status":"running"' in one.text
        both = await grace.get(f"/admin/compare?a={here.id}&b={there.id}")
        assert both.status == 200 and "Both ran the same study, file by file." in both.text
        assert f'href="/admin/sessions/{there.id}"' in both.text
        asked = f"/api/v1/compare?first={there.id}&second={here.id}"
        sides = await grace.get(asked, headers={"Authorization": f"Bearer {token}"})
        assert [one["session"] for one in json.loads(sides.text)["sessions"]] == [there.id, here.id]
        started = await grace.post(f"/admin/sessions/{there.id}/pause", {})
        assert started.status in (200, 303)
        assert clusters.east.sql("select status::text from session where id = %s", there.id) == [("paused",)]

        await asyncio.to_thread(
            clusters.east.do, lambda conn: give(conn, there.id, "grace", "owner", "story")
        )
        assert (await otto.get(f"/admin/sessions/{there.id}")).status == 404
        assert there.id not in (await otto.get("/admin")).text
        assert (await otto.get(f"/admin/compare?a={here.id}&b={there.id}")).status == 404
        noted = (await grace.get("/admin/security")).text
        assert "session east-" in noted and ", in east" in noted and ", in main" in noted
        await asyncio.to_thread(clusters.main.do, lambda conn: remove_account(conn, "grace"))

        async def out() -> bool:
            return (await grace.get(f"/admin/sessions/{there.id}/here")).status != 204

        await until(out, "the end of grace's log-in")
        assert not clusters.east.sql("select from session_right"), "what was theirs went with them"
        assert (
            await grace.get(f"/api/v1/sessions/{there.id}", headers={"Authorization": f"Bearer {token}"})
        ).status == 401

    clusters.main.tell(story())


def test_accounts_that_a_database_had_before_it_was_one_of_several_stay(clusters: Clusters) -> None:
    async def work(conn: Connection) -> None:
        await put_account(conn, "local", "correct horse battery")
        await put_account(conn, "grace", "another old password")

    clusters.east.do(work)
    mine = clusters.east.open()
    clusters.east.do(lambda conn: give(conn, mine.id, "local", "owner", "story"))
    clusters.east.do(lambda conn: give(conn, mine.id, "grace", "colleague", "story"))
    server = clusters.serve()
    researchers_of(clusters)
    grace = clusters.main.researcher(server, "grace")

    async def story() -> None:
        assert (await grace.get(f"/admin/sessions/{mine.id}")).status == 200
        assert clusters.east.sql("select account from session_right order by 1") == [("grace",), ("local",)]

    clusters.main.tell(story())


def test_who_has_the_name_of_somebody_removed_has_none_of_their_rights(clusters: Clusters) -> None:
    def copied(first: House, other: House) -> bool:
        async def work(conn: Connection) -> bool:
            there = await connect(other.database, "story")
            try:
                return await copy_accounts(conn, there)
            finally:
                await there.close()

        return first.read(work)

    main, east = clusters.main, clusters.east
    hashed = "select name, copied, password_hash like '$argon2%%' from account"
    main.do(lambda conn: put_account(conn, "grace", "correct horse battery"))
    assert copied(main, east) and east.sql(hashed) == [("grace", True, False)]
    mine = east.open()
    east.do(lambda conn: give(conn, mine.id, "grace", "owner", "story"))
    assert not copied(main, east)
    main.do(lambda conn: remove_account(conn, "grace"))
    main.do(lambda conn: put_account(conn, "grace", "battery horse correct"))
    assert copied(main, east) and not copied(main, east)
    assert east.sql("select account from session_right") == []
    copied(east, main)  # as where somebody has named them in another order
    assert main.sql(hashed) == [("grace", False, True)]


def test_an_address_that_no_session_has_says_nothing_of_the_databases(clusters: Clusters) -> None:
    server = clusters.serve()
    researchers_of(clusters)
    session = clusters.east.open(ROOM_TALK)
    grace, guest = clusters.main.researcher(server, "grace"), clusters.main.guest(server, session, "R1")

    async def story() -> None:
        digest = "0" * 64
        for path in (
            "/s/%00",
            "/join/%00",
            "/join/x?in=%00",
            "/play/files/x/%00",
            f"/play/files/{digest}/%00",
        ):
            assert 400 <= (await guest.browser.get(path)).status < 500, path
            assert (await grace.get(f"/admin/sessions/{session.id}")).status == 200, path
            assert "does not answer" not in (await grace.get("/admin")).text, path

    clusters.main.tell(story())


def test_one_is_away_its_pages_say_so_and_all_else_goes_on(
    apart_clusters: Clusters, own_postgres: Postgres
) -> None:
    clusters = apart_clusters
    server = clusters.serve()
    researchers_of(clusters)
    here, there = clusters.main.open(ROOM_TALK), clusters.east.open(ROOM_TALK)
    grace = clusters.main.researcher(server, "grace")

    async def story() -> None:
        ours = [clusters.main.guest(server, here, label) for label in ("R1", "R2", "B1", "B2")]
        theirs = [clusters.main.guest(server, there, label) for label in ("R1", "R2", "B1", "B2")]
        for guest in (*ours, *theirs):
            assert (await guest.sign_in()).status in (200, 303)
        await theirs[0].shows("How sure are you?")
        kept = await theirs[0].form()
        own_postgres.stop()

        async def told() -> bool:
            return "goes on by itself" in (await theirs[1].browser.get("/play")).text

        await until(told, "the page that waits")
        waits = await theirs[1].browser.get("/play")
        assert "goes on by itself" in waits.text and waits.headers["refresh"] == "5"
        assert (await ours[0].answer({"belief": "40"})).status == 200
        assert (await ours[1].say("we go on")).status == 200
        page = (await grace.get("/admin")).text
        assert here.id in page and there.id not in page and "east does not answer" in page
        assert "east does not answer" in (await grace.get("/admin/security")).text
        assert "database east does not answer" in (await grace.get(f"/admin/sessions/{there.id}")).text
        assert (await grace.get(f"/admin/sessions/{here.id}")).status == 200
        figures = (await grace.get("/metrics")).text
        assert 'networklab_cluster_there{cluster="east"} 0' in figures
        assert re.search(
            r'networklab_forms_acknowledged_total\{cluster="main",process="[^"]+"\} 1\n', figures
        )
        assert figures.count("process_cpu_seconds_total{") == 1
        ready = await grace.get("/health/ready")
        assert (ready.status, ready.text) == (200, "main ready\neast not ready\n")
        stranger = Guest(server.base, "nobodyhasthistoken")
        assert (await stranger.browser.get("/join/nobodyhasthistoken")).status == 503
        stranger.leave()

        own_postgres.start()
        await theirs[0].shows("How sure are you?")
        assert (await theirs[0].answer({"belief": "60"}, kept)).status == 200
        assert (await grace.get(f"/admin/sessions/{there.id}")).status == 200

    clusters.main.tell(story())


def test_the_first_is_away_and_whoever_is_logged_in_goes_on(
    postgres: Postgres, own_postgres: Postgres, tmp_path: Path
) -> None:
    with two_postgres(own_postgres, postgres, own_postgres, tmp_path) as clusters:
        server = clusters.serve()
        researchers_of(clusters)
        here, there = clusters.main.open(ROOM_TALK), clusters.east.open(ROOM_TALK)
        grace, otto = (clusters.main.researcher(server, name) for name in ("grace", "otto"))

        async def story() -> None:
            assert (await grace.get(f"/admin/sessions/{there.id}")).status == 200
            own_postgres.stop()

            async def told() -> bool:
                return "main does not answer" in (await grace.get(f"/admin/sessions/{here.id}")).text

            await until(told, "the page that waits")
            assert (await grace.get(f"/admin/sessions/{there.id}")).status == 200
            assert (await grace.post(f"/admin/sessions/{there.id}/pause", {})).status in (200, 303)
            page = (await grace.get("/admin")).text
            assert there.id in page and "main does not answer" in page
            assert "main does not answer" in (await grace.get("/admin/security")).text
            also = await asyncio.to_thread(clusters.east.open, ROOM_TALK)
            sides = (await grace.get(f"/admin/compare?a={there.id}&b={also.id}")).text
            assert "not known while the database main does not answer" in sides
            assert (await grace.get("/admin/studies")).status == 503
            otto.cookies = {"networklab_admin": "unknown"}
            assert (await otto.get(f"/admin/sessions/{there.id}")).status == 503, "nobody can say"
            own_postgres.start()

            async def back() -> bool:
                return (await grace.get(f"/admin/sessions/{here.id}")).status == 200

            await until(back, "the first one")

        clusters.main.tell(story())


def test_a_server_begins_without_one_and_takes_it_in_when_it_comes(
    apart_clusters: Clusters, own_postgres: Postgres
) -> None:
    clusters = apart_clusters
    there = clusters.east.open(ROOM_TALK)
    clusters.main.do(lambda conn: be_named(conn, "main", ["main", "east"]))
    clusters.east.leave()
    own_postgres.stop()
    server = clusters.serve()
    assert "database east does not answer" in server.log.read_text()
    here = clusters.main.open(ROOM_TALK)

    async def story() -> None:
        one, other = clusters.main.guest(server, here, "R1"), clusters.main.guest(server, there, "R1")
        assert (await one.sign_in()).status in (200, 303)
        assert (await other.browser.get(f"/join/{other.token}")).status == 503
        own_postgres.start()

        async def back() -> bool:
            return (await other.browser.get(f"/join/{other.token}")).status == 200

        await until(back, "the other one")
        assert (await other.sign_in()).status in (200, 303)

    clusters.main.tell(story())


def test_a_link_for_everybody_and_a_file_of_links_say_where_they_lead(clusters: Clusters) -> None:
    server = clusters.serve()
    study = ROOM_TALK.replace("[[room]]", "[door]\nanonymous = true\n[[room]]", 1)
    session = clusters.east.open(study, [Person("", "ada", "red")], places=Places(None))
    again = clusters.east.do(lambda conn: links_again(conn, session.id))
    [ada] = with_tokens([Person("", "ada", "red")], again)

    async def story() -> None:
        guest = Guest(server.base, ada.token)
        assert (await guest.browser.get(f"/s/{session.id}")).status == 200
        own = await guest.browser.get(f"/join/{ada.token}?in={session.id}")
        assert own.status == 200 and f"in={session.id}" not in own.text, "one session knows it"
        assert (await guest.browser.post(f"/join/{ada.token}?in={session.id}", {})).status in (200, 303)
        guest.leave()

    clusters.main.tell(story())


def test_the_security_log_goes_back_through_all_databases_and_leaves_nothing_out(clusters: Clusters) -> None:
    server = clusters.serve()
    researchers_of(clusters)
    grace = clusters.main.researcher(server, "grace")
    for name, house, many, apart in (("main", clusters.main, 150, 2), ("east", clusters.east, 300, 1)):
        house.sql(
            "insert into security_event (at, what, account, address) select now() - make_interval(secs => nth * %s),"
            " 'logged_out', 'grace', %s || nth from generate_series(%s, 1, -1) nth",
            *(apart, f"{name}-", many),
        )

    async def story() -> None:
        page, told = "/admin/security", list[str]()
        while page:
            text = (await grace.get(page)).text
            told += re.findall(r"from ((?:main|east)-\d+), in (?:main|east)", text)
            earlier = re.search(r'href="([^"]+)">Earlier ones', text)
            page = earlier[1] if earlier else ""
        assert len(told) == len({*told}) == 450
        assert told[:3] in (["east-1", "main-1", "east-2"], ["east-1", "east-2", "main-1"])
        assert (
            "Nothing is written down here" in (await grace.get("/admin/security?before=main:0,east:0")).text
        )
        assert "main-1," in (await grace.get("/admin/security?before=x:y,:,-")).text

    clusters.main.tell(story())


def test_whatever_leads_to_a_session_leads_on_when_it_has_moved(clusters: Clusters) -> None:
    server = clusters.serve(2)
    token = researchers_of(clusters)
    session = clusters.main.open(ROOM_TALK)
    grace = clusters.main.researcher(server, "grace")
    guests = [clusters.main.guest(server, session, label) for label in ("R1", "R2", "B1", "B2")]
    as_program = {"Authorization": f"Bearer {token}"}

    async def story() -> None:
        for guest in guests:
            assert (await guest.sign_in()).status in (200, 303)
        await guests[0].shows("How sure are you?")
        assert (await guests[0].answer({"belief": "40"})).status == 200
        await asyncio.to_thread(clusters.main.act, "close", session)
        over = await guests[0].shows('id="code"')
        assert (await grace.get(f"/admin/sessions/{session.id}")).status == 200
        told = await asyncio.to_thread(Mover(clusters).moves, session.id, "east")
        assert told["rows"]["player"] and not clusters.main.sql("select from session")

        assert code_in(await guests[0].page()) == code_in(over), "by the cookie of the database before"
        again = Guest(server.base, session.tokens["R1"])
        link = f"/join/{again.token}?in={session.id}"
        assert (await again.browser.post(link, {})).status in (200, 303)
        assert code_in(await again.page()) == code_in(over)
        again.leave()
        assert (await grace.get(f"/admin/sessions/{session.id}")).status == 200
        page = (await grace.get("/admin")).text
        assert page.count(f'href="/admin/sessions/{session.id}"') == 1
        listed = await grace.get("/api/v1/sessions", headers=as_program)
        assert listed.text.count(session.id) == 1
        verified = await grace.get(f"/api/v1/sessions/{session.id}/verify", headers=as_program)
        assert '"ok":true' in verified.text
        assert (await grace.post(f"/admin/sessions/{session.id}/archive", {})).status in (200, 303)
        assert clusters.east.sql("select archived_at is not null from session") == [(True,)]

    clusters.main.tell(story())


def test_players_who_have_all_connections_of_one_do_not_make_it_one_that_is_away(clusters: Clusters) -> None:
    server = clusters.serve(NETWORKLAB_POOL_SIZE="2")
    researchers_of(clusters)
    session, other = clusters.east.open(ROOM_TALK), clusters.main.open(ROOM_TALK)
    grace = clusters.main.researcher(server, "grace")
    waiting = "select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'"

    async def is_listed() -> bool:
        return session.id in (await grace.get("/admin")).text

    async def story() -> None:
        await until(is_listed, "grace's account is known in east, too")
        guests = [clusters.main.guest(server, session, label) for label in ("R1", "R2", "B1", "B2")]
        for guest in guests:
            assert (await guest.sign_in()).status in (200, 303)
        await guests[0].shows("How sure are you?")
        async with locked(clusters.east, "draft"):
            coming = [asyncio.create_task(guest.browser.get("/play")) for guest in guests]
            await until(lambda: clusters.east.sql(waiting) == [(2,)], "all of the pool")
            page = (await grace.get("/admin")).text
            assert "east does not answer" in page and other.id in page and session.id not in page
        page = (await grace.get("/admin")).text
        assert "does not answer" not in page and session.id in page, "nothing was wrong with it"
        assert {(await one).status for one in coming} == {200}

    clusters.main.tell(story())


def test_the_key_of_one_database_is_worth_nothing_in_another(clusters: Clusters) -> None:
    server = clusters.serve()
    session = clusters.main.open(ROOM_TALK)
    keys = {name: house.read(read_keys) for name, house in clusters.houses.items()}

    async def story() -> None:
        guest = clusters.main.guest(server, session, "R1")
        assert (await guest.sign_in()).status in (200, 303)
        [(player,)] = clusters.main.sql("select id from player where label = 'R1'")
        for name, status in (("main", 200), ("east", 403)):
            guest.browser.cookies = {"networklab_player": keys[name].player_cookie(player, session.id)}
            assert (await guest.browser.get("/play")).status == status, name
        guest.leave()

    clusters.main.tell(story())


def test_what_was_done_to_a_session_before_it_moved_is_shown_to_whose_it_is(clusters: Clusters) -> None:
    server = clusters.serve()
    researchers_of(clusters)
    mover, session = Mover(clusters), clusters.main.open(ROOM_TALK)
    clusters.main.do(lambda conn: give(conn, session.id, "grace", "owner", "story"))
    clusters.main.act("close", session)
    mover.moves(session.id, "east")
    grace, otto = (clusters.main.researcher(server, name) for name in ("grace", "otto"))

    async def story() -> None:
        for path in ("/admin/security", f"/admin/sessions/{session.id}/security"):
            text = (await grace.get(path)).text
            [line] = re.findall(r"<li>(?:(?!</li>).)*put grace on the session.*?</li>", text, re.DOTALL)
            assert ", in main<" in line, path
            assert "moved the session from the database main to east" in text and ", in east<" in text
        assert session.id not in (await otto.get("/admin/security")).text
        assert (await otto.get(f"/admin/sessions/{session.id}/security")).status == 404

    clusters.main.tell(story())
    told = mover.type("admin", "log", "--session", session.id, "--json").stdout.splitlines()
    noted = {(one["what"], one["database"]) for one in map(json.loads, told)}
    assert {
        ("right_given", "main"),
        ("session_transferred", "main"),
        ("session_transferred", "east"),
    } <= noted


def code_in(page: str) -> str:
    found = re.search(r'id="code">([^<]+)<', page)
    assert found, page
    return found[1]
