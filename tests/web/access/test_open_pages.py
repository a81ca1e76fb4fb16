"""Stories of access that is taken back: log-ins and what is open end within a second, whoever ends them."""

from __future__ import annotations

import asyncio

import httpx
import pytest

from app.rehearsal.browser import Browser, WireError
from app.web.access.accounts import put_account, remove_account, set_password
from app.web.access.passwords import new_hash
from app.web.auth import ADMIN_COOKIE
from tests.house.guests import watching
from tests.house.house import House
from tests.house.server import Server

ANOTHER = "staple horse correct"


def end(house: House, browser: Browser, name: str) -> None:
    """In the way that the account is named for."""
    if name == "logs out":
        httpx.post(f"{browser.base}/admin/logout", cookies=browser.cookies)
    elif name == "new password":
        house.do(lambda conn: set_password(conn, name, new_hash(name, ANOTHER)))
    elif name == "added again":
        house.do(lambda conn: put_account(conn, name, ANOTHER, True))
    elif name == "removed":
        house.do(lambda conn: remove_account(conn, name))
    else:
        house.sql("update account set password_hash = 'another' where name = %s", name)


def test_an_open_dashboard_ends_with_its_log_in_and_nobody_elses_does(house: House) -> None:
    session = house.open(start=False)
    server = house.serve(processes=2)
    here = f"/admin/sessions/{session.id}"
    names = ["logs out", "new password", "added again", "removed", "by hand", "no word comes"]
    browsers = {name: house.researcher(server, name) for name in names}
    grace = house.researcher(server, "grace")

    async def story() -> None:
        async with watching(grace, f"{here}/live") as others:
            for name, browser in browsers.items():
                async with watching(browser, f"{here}/live") as board:
                    if name == "no word comes":
                        house.sql("alter table login disable trigger login_deleted")
                    await asyncio.to_thread(end, house, browser, name)
                    await board.until(lambda text: "This page has ended" in text, f"the end of {name}")
                    assert 'hx-target="body"' in board.raw[-1]
                    await board.until(lambda _, board=board: board.ended, "nothing more")  # type: ignore[misc]
                with pytest.raises(WireError, match="403"):
                    async with watching(browser, f"{here}/live"):
                        pass
            seen = len(others.messages)
            await others.until(lambda _: len(others.messages) > seen + 1, "grace’s next ticks")

    house.tell(story())
    key = browsers["new password"].cookies[ADMIN_COOKIE]
    with httpx.Client(base_url=server.base, cookies={ADMIN_COOKIE: key}) as copy:
        assert copy.get(here).headers["location"] == "/admin/login"
        piece = copy.get(here, headers={"HX-Request": "true"})
        assert (piece.status_code, piece.headers["hx-redirect"]) == (403, "/admin/login")
        assert "Your log-in has ended" in piece.text and "<main" not in piece.text


def test_a_log_in_that_nobody_uses_ends_and_an_open_page_uses_it(shared: House, server: Server) -> None:
    session = shared.open(start=False)
    olive = shared.researcher(server, "olive")
    here = f"/admin/sessions/{session.id}"

    def used_now() -> bool:
        found = shared.sql("select seen_at > now() - interval '1 minute' from login where account = 'olive'")
        return found == [(True,)]

    def change(what: str) -> None:
        shared.sql(f"update login set {what} where account = 'olive'")  # noqa: S608

    async def story() -> None:
        async with watching(olive, f"{here}/live") as board:
            change("seen_at = now() - interval '11 hours'")
            await board.until(lambda _: used_now(), "the open page counting as use")
            change("seen_at = now() - interval '13 hours'")  # as if this machine had slept
            await board.until(lambda text: "This page has ended" in text, "its end")
        assert (await olive.get(here)).status == 303
        change("seen_at = now() - interval '11 hours'")
        assert (await olive.get(here)).status == 200 and used_now()
        change("expires_at = now()")
        assert (await olive.get(here)).status == 303

    shared.tell(story())


def test_a_log_in_of_the_version_before_goes_on(shared: House, server: Server) -> None:
    """Its processes write rows without what this one adds; nobody is thrown out by a rolling restart."""
    session = shared.open(start=False)
    shared.do(lambda conn: put_account(conn, "abe", ANOTHER))
    shared.sql(
        "insert into login (key_hash, account, once, expires_at)"
        " values (sha256('old key'), 'abe', false, now() + interval '6 days')"
    )
    with httpx.Client(base_url=server.base, cookies={ADMIN_COOKIE: "old key"}) as client:
        assert client.get(f"/admin/sessions/{session.id}").status_code == 200
