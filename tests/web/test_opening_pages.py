"""Stories of a new session that is opened in the browser: of a kept study, or of another session's study again."""

from __future__ import annotations

import asyncio
import base64
import html
import re
from concurrent.futures import ThreadPoolExecutor

import httpx
import psycopg
import pytest

from app.players.door import Places
from app.sessions.sessions import archive
from app.web.access.rights import give, open_to_all, take
from tests.house.house import House
from tests.house.programs import program
from tests.house.server import Server
from tests.house.studies import TALK, as_files, changed
from tests.house.uploads import client_of, upload
from tests.house.waits import PATIENCE, until
from tests.house.waves import AGAIN, FIRST, SECOND, all_of_day_one, as_bytes

TYPED = as_files(changed(TALK, "[[room]]", 'types = ["red", "blue"]\n[[room]]'))
NO_FILE = {"list": ("", b"")}


@pytest.fixture
def ada(shared: House, server: Server) -> httpx.Client:
    return client_of(shared, server, "ada")


def said(nth: int, **more: str) -> dict[str, str]:
    return {"form_key": f"{nth:012}", "name": "Pilot", "zone": "UTC", "who": "all"} | more


def words_of(answer: httpx.Response) -> str:
    return html.unescape(answer.text)


def opened_in(answer: httpx.Response) -> str:
    found = re.search(r'href="/admin/sessions/([a-z0-9]{8})"', answer.text)
    assert found, answer.text
    return found[1]


def test_a_session_is_opened_for_a_list_and_once_only(
    shared: House, server: Server, ada: httpx.Client
) -> None:
    with ada:
        here = upload(ada, TYPED, {"form_key": f"{41:012}"}).headers["location"] + "/open"
        form = ada.get(here)
        assert "This study seats by type: red, blue." in words_of(form) and 'value="Story"' in form.text
        people = said(42, pasted="label,type\nAna,red\nBo,red\n", who="me")
        opened = ada.post(here, data=people, files=NO_FILE)
        assert opened.status_code == 200, opened.text
        assert "The session is open for 2 people." in words_of(opened)
        links = re.search(r'href="data:text/csv;charset=utf-8;base64,([^"]*)"', opened.text)
        assert links
        _, first, second = base64.b64decode(html.unescape(links[1])).decode().splitlines()
        assert first.split(",")[1:3] == ["Ana", "red"]
        assert ada.get(f"/join/{second.split(',')[0]}").status_code == 200
        assert "no blue players" in words_of(opened), "with what can't fill"
        session = opened_in(opened)
        again = ada.post(here, data=people, files=NO_FILE)
        assert (again.status_code, again.headers["location"]) == (303, f"/admin/sessions/{session}")
        page = ada.get(here.removesuffix("/open"))
        assert f'href="/admin/sessions/{session}"' in page.text, "the version says which sessions it runs in"
        assert "version 1 of" in words_of(ada.get(f"/admin/sessions/{session}")), (
            "and the session, which version"
        )
    with client_of(shared, server, "ben") as ben:
        assert ben.get(f"/admin/sessions/{session}").status_code == 404, "only ada sees it"
    told = "select data from public.security_event where what = 'session_opened' and session_id = %s"
    assert shared.sql(told, session) == [({"people": 2, "door": False},)]


def test_a_double_click_opens_one_session_and_leads_to_it(
    shared: House, server: Server, ada: httpx.Client
) -> None:
    waiting = (
        "select 1 from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()"
        " and query like 'insert into session (%'"
    )
    with ada, ThreadPoolExecutor(2) as pool:
        here = upload(ada, as_files(TALK), {"form_key": f"{45:012}"}).headers["location"] + "/open"
        with psycopg.connect(shared.database) as conn:
            conn.execute("lock table public.session in share mode")
            both = [pool.submit(ada.post, here, data=said(46, door="yes"), files=NO_FILE) for _ in range(2)]
            asyncio.run(until(lambda: len(shared.sql(waiting)) == 2, "both on their way"))
        first, second = sorted((one.result() for one in both), key=lambda answer: answer.status_code)
    assert (first.status_code, second.status_code) == (200, 303), second.text
    assert second.headers["location"] == f"/admin/sessions/{opened_in(first)}"


def test_a_study_that_a_newer_check_would_refuse_is_to_be_checked_again_first(
    shared: House, server: Server, ada: httpx.Client
) -> None:
    with ada:
        to = upload(ada, as_files(changed(TALK, "Story", "Older")), {"form_key": f"{47:012}"}).headers[
            "location"
        ]
        newer = (
            "update public.kept_file set body = replace(convert_from(body, 'UTF8'), '\"ring\"', '\"rong\"')::bytea"
            " where study_id = %s and path = 'study.toml' returning 1"
        )
        assert shared.sql(newer, to.split("/")[3]) == [(1,)]
        for answer in (
            ada.get(f"{to}/open"),
            ada.post(f"{to}/open", data=said(48, door="yes"), files=NO_FILE),
        ):
            assert (answer.status_code, "check it again" in answer.text) == (409, True), answer.text
        session = shared.open(TALK, start=False)
        older = newer.replace("kept_file", "study_file").replace("study_id", "session_id")
        assert shared.sql(older, session.id) == [(1,)]
        assert ada.get(f"/admin/sessions/{session.id}").status_code == 200, "which goes on as it was"
        again = ada.get(f"/admin/sessions/{session.id}/again")
        assert (again.status_code, "finds more in its study" in again.text) == (409, True), again.text
    with program(shared, server) as client:
        again = client.post(
            f"/sessions/{session.id}/again", json={}, headers={"Idempotency-Key": "of this story"}
        )
        assert (again.status_code, "finds more in its study" in again.text) == (409, True), again.text


def test_a_session_is_opened_with_the_link_for_everybody_and_starts_by_itself(
    shared: House, server: Server, ada: httpx.Client
) -> None:
    with ada:
        here = upload(ada, as_files(TALK), {"form_key": f"{51:012}"}).headers["location"] + "/open"
        wish = said(
            52, door="yes", places="40", extra="20", at="2099-05-01T10:00", zone="Europe/Berlin", name=""
        )
        opened = ada.post(here, data=wish, files=NO_FILE)
        assert opened.status_code == 200, opened.text
        session = opened_in(opened)
        assert f"/s/{session}" in opened.text and "<svg" in opened.text
        assert "It begins by itself at 2099-05-01 08:00 UTC." in words_of(opened)
        assert ada.get(f"/s/{session}?PROLIFIC_PID={'a' * 24}").status_code == 200
    [(places, extra, name)] = shared.sql(
        "select d.places, d.extra::text, s.name from public.door d join public.session s on s.id = d.session_id"
        " where s.id = %s",
        session,
    )
    assert (places, float(extra), name) == (40, 0.2, "Story")


def test_what_does_not_fit_stands_beside_its_field_and_nothing_is_opened(
    shared: House, server: Server, ada: httpx.Client
) -> None:
    before = shared.sql("select count(*) from public.session")
    with ada:
        here = upload(ada, TYPED, {"form_key": f"{61:012}"}).headers["location"] + "/open"
        for wish, name, sentence in (
            (said(62), "list", "Nobody could come in: give a list"),
            (said(62, pasted="label,type\nAna,rde\n"), "list", "line 2 has the type “rde”"),
            (said(62, pasted="token,type\nt1,red\n"), "list", "somebody could guess"),
            (said(62, door="yes", places="many"), "places", "Places must be a whole number"),
            (said(62, door="yes", places="00000000010000000"), "places", "a whole number up to 100,000"),
            (said(62, door="yes", places="0" * 7 + "1" * 4_994), "places", "a whole number up to 100,000"),
            (said(62, door="yes", places="9", extra="00000010000"), "places", "a whole number up to 1,000"),
            (said(62, door="yes", places="0"), "places", "With no places nobody could come in"),
            (said(62, door="yes", extra="20"), "places", "Say how many there are"),
            (said(62, places="3", pasted="label,type\nAna,red\n"), "places", "Tick it, too"),
            (said(62, door="yes", at="2020-01-01T10:00"), "at", "has passed"),
            (said(62, door="yes", at="2099-01-01T10:00", zone="Mars"), "at", "“Mars” is no time zone"),
            (said(62, door="yes", name="x" * 300), "name", "too long"),
        ):
            answer = ada.post(here, data=wish, files=NO_FILE)
            assert answer.status_code == 422, answer.text
            beside = re.search(rf'id="wrong-{name}">([^<]*)<', answer.text)
            assert beside and sentence in html.unescape(beside[1]), answer.text
            assert html.escape(wish.get("pasted", "")).replace("&#34;", "&quot;") in answer.text, (
                "what was typed stays"
            )
        assert ada.post(here, data={"door": "yes"}, files=NO_FILE).status_code == 400
        broken = as_files(TALK.replace('"ring"', '"rong"'))
        cannot = upload(ada, broken, {"form_key": f"{63:012}"}).headers["location"]
        refused = ada.get(f"{cannot}/open")
        assert refused.status_code == 409 and f'href="{cannot}"' in refused.text, "it leads back"
        assert ada.post(f"{cannot}/open", data=said(64, door="yes"), files=NO_FILE).status_code == 409
    assert shared.sql("select count(*) from public.session") == before


def test_a_session_is_opened_again_with_its_study_and_settings(
    shared: House, server: Server, ada: httpx.Client
) -> None:
    session = shared.open(TALK, {}, start=False, places=Places(12))
    with ada:
        ada.get("/admin")
        shared.do(lambda conn: give(conn, session.id, "ada", "owner", "story"))
        here = f"/admin/sessions/{session.id}/again"
        form = ada.get(here).text
        assert (
            'value="12"' in form and re.search(r'value="me" checked', form) and 'value="yes" checked' in form
        )
        opened = ada.post(here, data=said(71, door="yes", places="12", who="me"), files=NO_FILE)
        assert opened.status_code == 200, opened.text
    both = "select count(distinct study_sha256) from public.session where id = any(%s)"
    assert shared.sql(both, [session.id, opened_in(opened)]) == [(1,)]


def test_a_second_wave_is_opened_on_the_page_and_only_of_a_session_that_one_may_go_on_from(
    shared: House, server: Server, ada: httpx.Client
) -> None:
    first = shared.open_files(as_bytes(FIRST), {"x": 3})
    offers = {"X1": (3, 7), "X2": (1, 2)}
    with ada:
        here = upload(ada, as_bytes(SECOND), {"form_key": f"{91:012}"}).headers["location"] + "/open"

        def refused(nth: int, **more: str) -> str:
            answer = ada.post(here, data=said(nth, **more), files=NO_FILE)
            assert answer.status_code == 422, answer.text
            return words_of(answer)

        assert "Nobody could be invited" in refused(92, before=first.id)
        shared.tell(all_of_day_one([shared.guest(server, first, label) for label in offers], offers))
        assert f'<option value="{first.id}"' in ada.get(here).text
        assert "“How it ended there” has “compelte”" in refused(93, before=first.id, outcomes="compelte")
        assert "Choose the session, too" in refused(94, outcomes="complete")
        assert "Leave the list out" in refused(95, before=first.id, pasted="label\nZoe\n")
        assert "There is no such session" in refused(96, before="nowhere1", door="yes")
        typo = {**SECOND, "pages/again.html": AGAIN.replace("earlier.offer", "earlier.ofer")}
        wrong = upload(ada, as_bytes(typo), {"form_key": f"{97:012}"}).headers["location"] + "/open"
        asked = ada.post(wrong, data=said(98, before=first.id), files=NO_FILE)
        assert (asked.status_code, "Did you mean <code>offer</code>?" in words_of(asked)) == (422, True), (
            asked.text
        )
        assert "and this session goes on from none" in words_of(
            ada.post(here, data=said(99, door="yes"), files=NO_FILE)
        )

        opened = ada.post(here, data=said(90, before=first.id), files=NO_FILE)
        assert "The session is open for 2 people." in words_of(opened), opened.text
        assert "lead here now." in words_of(opened) and "Day one is running." in words_of(opened)
        by_door = words_of(ada.post(here, data=said(88, before=first.id, door="yes"), files=NO_FILE))
        assert "is through there, by the same id, and nobody else. It must bring PROLIFIC_PID" in by_door, (
            by_door
        )
        second = opened_in(opened)
        labels = "select label from public.player where session_id = %s order by label"
        assert shared.sql(labels, second) == [("X1",), ("X2",)]
        assert f'value="{first.id}" selected' in ada.get(f"/admin/sessions/{second}/again").text
    shared.do(lambda conn: give(conn, first.id, "ada", "owner", "story"))
    with client_of(shared, server, "ben") as ben:
        assert first.id not in ben.get(here).text
        answer = ben.post(here, data=said(89, before=first.id), files=NO_FILE)
        assert (answer.status_code, "There is no such session" in words_of(answer)) == (422, True)


SECRET = changed(TALK, "Story", "Secret day")


def test_a_second_wave_has_the_rights_of_the_first_whoever_opens_it(
    shared: House, server: Server, ada: httpx.Client
) -> None:
    first = shared.open(SECRET, {"red": 1})
    assert shared.tell(shared.guest(server, first, "R1").sign_in()).status == 303
    again = f"/admin/sessions/{first.id}/again"
    carl, nina = (client_of(shared, server, name) for name in ("carl", "nina"))
    shared.do(lambda conn: give(conn, first.id, "ada", "owner", "story"))
    shared.do(lambda conn: give(conn, first.id, "carl", "colleague", "story"))
    with ada, carl, nina:
        here = upload(nina, as_files(TALK), {"form_key": f"{101:012}"}).headers["location"] + "/open"
        known = nina.post(here, data=said(102, pasted=f"token\n{first.tokens['R1']}\n"), files=NO_FILE)
        assert "in an open session that you are not on" in words_of(known) and "Secret day" not in known.text

        shared.act("close", first)
        wave = {"before": first.id, "outcomes": "lobby"}
        mine = carl.post(again, data=said(103, who="me", **wave), files=NO_FILE)
        assert (mine.status_code, "You are no owner" in words_of(mine)) == (422, True), mine.text
        assert carl.get(again).status_code == 200
        with psycopg.connect(shared.database) as conn:
            conn.execute("lock table public.study_file in access exclusive mode")
            other = said(104, before=first.id, outcomes="compelte")
            asked = carl.post(again, data=other, files=NO_FILE, timeout=PATIENCE)
            assert "which is no way to end" in words_of(asked), (
                "nothing of a study that is known is read again"
            )
        opened = carl.post(again, data=said(105, **wave), files=NO_FILE)
        assert opened.status_code == 200, re.findall('id="wrong[^<]*', words_of(opened))
        assert "who is on Secret day is on this session, as there, and nobody else is." in words_of(opened)
        second = opened_in(opened)
        on = "select account, role::text from public.session_right where session_id = %s order by account"
        assert shared.sql(on, second) == shared.sql(on, first.id) == [("ada", "owner"), ("carl", "colleague")]
        assert nina.get(f"/admin/sessions/{second}").status_code == 404
        links = f"/admin/sessions/{second}/links.csv"
        assert (carl.get(links).status_code, ada.get(links).status_code) == (403, 409), "none was made here"

        third = carl.get(f"/admin/sessions/{second}/again").text
        assert f'value="{first.id}" selected' in third and re.search('value="all" checked', third)
        shared.do(lambda conn: archive(conn, first.id))
        third = carl.get(f"/admin/sessions/{second}/again").text
        assert re.search(rf'value="{first.id}" selected>[^<]* · archived<', third)
        unchanged = carl.post(f"/admin/sessions/{second}/again", data=said(106, **wave), files=NO_FILE)
        assert "is on this session, as there" in words_of(unchanged), unchanged.text
        shared.do(lambda conn: take(conn, first.id, "carl", "story"))
        third = carl.get(f"/admin/sessions/{second}/again").text
        assert first.id not in third and "whose people you may not invite" in third
        assert 'id="outcomes" name="outcomes" value=""' in third, "and the form can be sent as it stands"

        shared.do(lambda conn: open_to_all(conn, second, "story"))
        rights = ada.get(f"/admin/sessions/{first.id}/rights").text
        assert re.search(rf'Everybody with an account is on <a href="/admin/sessions/{second}">', rights)
