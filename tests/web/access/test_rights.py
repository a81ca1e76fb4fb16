"""Stories of who is on a session: given, changed and taken, on the page and on the command line."""

from __future__ import annotations

import asyncio
import html
from functools import partial

import httpx
import pytest

from app.database.connections import Connection
from app.web.access.accounts import put_account
from app.web.access.granting import RightsError
from app.web.access.logins import log_in
from app.web.access.rights import SESSIONS, give, given_on, open_to_all, right_on, take
from app.web.auth import ADMIN_COOKIE
from tests.house.guests import watching
from tests.house.house import House, Opened
from tests.house.server import Server
from tests.house.uploads import answer_to_late


def staff(house: House) -> None:
    async def work(conn: Connection) -> None:
        for name in ("olga", "carl", "wanda"):
            await put_account(conn, name, "a long password", observes=name == "wanda")

    house.do(work)


def roles(house: House, session: Opened) -> dict[str, str]:
    async def work(conn: Connection) -> dict[str, str]:
        found = {name: await right_on(conn, session.id, name) for name in ("olga", "carl", "wanda")}
        return {name: one.role for name, one in found.items() if one}

    return house.do(work)


def test_a_session_is_everybodys_until_somebody_is_named_and_always_somebodys_then(shared: House) -> None:
    staff(shared)
    session = shared.open(start=False)
    assert roles(shared, session) == {"olga": "owner", "carl": "owner", "wanda": "observer"}

    def refused(work: object, words: str) -> None:
        with pytest.raises(RightsError, match=words):
            shared.do(work)  # type: ignore[arg-type]

    refused(lambda conn: give(conn, session.id, "carl", "colleague", "story"), "has an owner")
    refused(lambda conn: give(conn, session.id, "nobody", "owner", "story"), "no account “nobody”")
    refused(lambda conn: give(conn, session.id, "wanda", "owner", "story"), "only watches")
    refused(lambda conn: give(conn, "unknown", "olga", "owner", "story"), "no session “unknown”")
    assert len(roles(shared, session)) == 3, "nothing of it is kept"
    shared.do(lambda conn: give(conn, session.id, "olga", "owner", "story"))
    assert roles(shared, session) == {"olga": "owner"}
    shared.do(lambda conn: give(conn, session.id, "carl", "observer", "story", takes_files=True))
    shared.do(lambda conn: give(conn, session.id, "carl", "colleague", "story", takes_files=True))
    [_, carl] = shared.do(lambda conn: given_on(conn, session.id))
    assert carl.role == "colleague" and carl.files and not carl.takes_files
    refused(lambda conn: give(conn, session.id, "olga", "colleague", "story"), "has an owner")
    refused(lambda conn: take(conn, session.id, "olga", "story"), "has an owner")

    async def olga_leaves_an_owner_who_only_watches(conn: Connection) -> None:
        await give(conn, session.id, "carl", "owner", "story")
        await put_account(conn, "carl", "a long password", observes=True)
        assert session.id not in await SESSIONS.owned_by_nobody(conn)
        await take(conn, session.id, "olga", "story")

    refused(olga_leaves_an_owner_who_only_watches, "has an owner")
    refused(lambda conn: take(conn, session.id, "wanda", "story"), "was given no right")
    shared.do(lambda conn: take(conn, session.id, "carl", "story"))
    assert roles(shared, session) == {"olga": "owner"}
    # A removal is never refused: whom it leaves without an owner the command says.
    shared.sql("delete from account where name = 'olga'")
    assert roles(shared, session) == {}, "and not everybody’s"
    shared.do(lambda conn: open_to_all(conn, session.id, "story"))
    assert roles(shared, session) == {"carl": "owner", "wanda": "observer"}


def test_an_owner_says_on_a_page_who_is_on_the_session(shared: House, server: Server) -> None:
    staff(shared)
    session = shared.open(start=False)
    here = f"/admin/sessions/{session.id}/rights"
    cookies = {ADMIN_COOKIE: shared.do(lambda conn: log_in(conn, "olga"))}
    with httpx.Client(base_url=server.base, cookies=cookies) as olga:
        assert "Everybody with an account is on this session" in olga.get(here).text
        olga.post(here, data={"account": "olga", "role": "owner"})  # Only I see it
        assert roles(shared, session) == {"olga": "owner"}
        olga.post(here, data={"role": "everybody"})
        assert set(roles(shared, session)) == {"olga", "carl", "wanda"}
        given = olga.post(here, data={"account": "carl", "role": "colleague"})
        assert (given.status_code, given.headers["location"]) == (303, here)
        assert roles(shared, session) == {"olga": "owner", "carl": "colleague"}
        page = html.unescape(olga.get(here).text)
        assert "olga</b> (you)" in page and "by olga" in page
        for form, words in (
            ({"account": "olga", "role": "nobody"}, "has an owner"),
            ({"account": "olga", "role": "observer"}, "has an owner"),
            ({"account": "wanda", "role": "owner"}, "only watches"),
            ({"account": "nobody", "role": "owner"}, "no account “nobody”"),
            ({"account": "carl", "role": "king"}, "is no right here"),
            ({}, "is no right here"),
        ):
            wrong = olga.post(here, data=form)
            assert wrong.status_code == 422 and words in html.unescape(wrong.text), form
        olga.post(here, data={"account": "wanda", "role": "observer", "files": "yes"})
        assert "observer, with files" in olga.get(here).text
        olga.post(here, data={"account": "carl", "role": "owner"})
        left = olga.post(here, data={"account": "olga", "role": "nobody"})
        assert left.headers["location"] == "/admin" and olga.get(here).status_code == 404
        assert session.id not in olga.get("/admin").text


def test_who_is_taken_off_while_a_form_comes_says_nothing_by_it(shared: House, server: Server) -> None:
    staff(shared)
    session = shared.open(start=False)
    here = f"/admin/sessions/{session.id}/rights"
    cookies = {ADMIN_COOKIE: shared.do(lambda conn: log_in(conn, "carl"))}
    with httpx.Client(base_url=server.base, cookies=cookies) as carl:
        for left, status in (("colleague", 403), ("nobody", 404)):

            async def given(conn: Connection, role: str) -> None:
                await SESSIONS.say(conn, session.id, "olga", "owner", "story")
                await SESSIONS.say(conn, session.id, "carl", role, "story")

            shared.do(lambda conn: given(conn, "owner"))
            form = carl.build_request("POST", here, data={"account": "carl", "role": "owner"})
            late = answer_to_late(form, partial(shared.do, partial(given, role=left)))
            assert late.startswith(f"HTTP/1.1 {status} "), (left, late)
            assert roles(shared, session).get("carl") == (left if status == 403 else None), left


def test_an_open_dashboard_ends_for_who_is_taken_off_the_session(shared: House, server: Server) -> None:
    session = shared.open(start=False)
    ada, grace = shared.researcher(server), shared.researcher(server, "grace")
    shared.do(lambda conn: give(conn, session.id, "ada", "owner", "story"))
    shared.do(lambda conn: give(conn, session.id, "grace", "observer", "story"))
    here = f"/admin/sessions/{session.id}"

    async def story() -> None:
        async with watching(ada, f"{here}/live") as hers, watching(grace, f"{here}/live") as board:
            await asyncio.to_thread(shared.do, lambda conn: take(conn, session.id, "grace", "story"))
            await board.until(lambda text: "has ended" in text and board.ended, "its end")
            seen = len(hers.messages)
            await hers.until(lambda _: len(hers.messages) > seen + 1, "the owner’s next ticks")
        gone = await grace.get(here, {"HX-Request": "true"})
        assert gone.status == 404 and gone.headers["hx-redirect"] == "/admin"

    shared.tell(story())
