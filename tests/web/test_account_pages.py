"""Stories of one's own account: the password, the log-ins that hold, and a second factor."""

from __future__ import annotations

import html
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pyotp
import pytest
from playwright.sync_api import expect

from app.web.access.accounts import put_account
from app.web.access.logins import log_in
from app.web.auth import ADMIN_COOKIE
from tests.house.house import House
from tests.house.pages import words
from tests.house.server import Server
from tests.house.stage import DESK, Stage
from tests.house.stage import log_in as log_in_there

PASSWORD, ANOTHER = "a long password", "quite another one"


@pytest.fixture
def ida(shared: House, server: Server) -> Iterator[httpx.Client]:
    shared.do(lambda conn: put_account(conn, "ida", PASSWORD))
    shared.sql("update account set totp_secret = null where name = 'ida'")
    shared.sql("delete from attempt")
    with httpx.Client(base_url=server.base, timeout=30) as client:
        client.cookies.set(ADMIN_COOKIE, shared.do(lambda conn: log_in(conn, "ida")))
        yield client


def text(answer: httpx.Response) -> str:
    return words(html.unescape(answer.text))


def opens(server: Server, key: str) -> bool:
    return httpx.get(f"{server.base}/admin/account", cookies={ADMIN_COOKIE: key}).status_code == 200


@contextmanager
def log_in_by_form(server: Server, password: str) -> Iterator[httpx.Client]:
    browser = {"User-Agent": "Mozilla Firefox/140.0 (Windows)"}
    with httpx.Client(base_url=server.base, timeout=30, headers=browser) as client:
        client.post("/admin/login", data={"name": "ida", "password": password})
        yield client


def app_code(secret: str, steps: int = 0) -> str:
    return pyotp.TOTP(secret).generate_otp(int(time.time()) // 30 + steps)


def test_somebody_changes_their_password_and_is_logged_in_here_alone(
    shared: House, server: Server, ida: httpx.Client
) -> None:
    elsewhere = shared.do(lambda conn: log_in(conn, "ida"))
    before = ida.cookies[ADMIN_COOKIE]
    for form, sentence in (
        ({"password": "wrong", "new": ANOTHER, "again": ANOTHER}, "not your password"),
        ({"password": PASSWORD, "new": "password1234", "again": "password1234"}, "easy to guess"),
        ({"password": PASSWORD, "new": ANOTHER, "again": "mistyped"}, "not the same twice"),
        ({}, "not your password"),
    ):
        refused = ida.post("/admin/account/password", data=form)
        assert refused.status_code == 422 and sentence in text(refused), form
    assert opens(server, elsewhere)
    changed = ida.post(
        "/admin/account/password", data={"password": PASSWORD, "new": ANOTHER, "again": ANOTHER}
    )
    assert (changed.status_code, changed.headers["location"]) == (303, "/admin/account")
    after = changed.cookies[ADMIN_COOKIE]
    assert opens(server, after) and not opens(server, before) and not opens(server, elsewhere)
    with log_in_by_form(server, PASSWORD) as old, log_in_by_form(server, ANOTHER) as new:
        assert ADMIN_COOKIE not in old.cookies and opens(server, new.cookies[ADMIN_COOKIE])


def test_all_log_ins_are_shown_and_each_can_be_ended(
    shared: House, server: Server, ida: httpx.Client
) -> None:
    assert "Nowhere else" in text(ida.get("/admin/account"))
    with log_in_by_form(server, PASSWORD) as other:
        key = other.cookies[ADMIN_COOKIE]
    others = [shared.do(lambda conn: log_in(conn, "ida")) for _ in range(2)]
    page = ida.get("/admin/account").text
    assert page.count(">End this one<") == 3 and page.count("this one</span>") == 1
    assert "Firefox on Windows" in page and "from 127.0.0.1" in page
    [(number,)] = shared.sql("select id from login where account = 'ida' and browser like 'Firefox%%'")
    grace = shared.do(lambda conn: log_in(conn, "grace"))
    [(hers,)] = shared.sql("select max(id) from login where account = 'grace'")
    assert ida.post("/admin/account/logins", data={"login": str(hers)}).status_code == 422
    assert ida.post("/admin/account/logins", data={"login": "x"}).status_code == 422
    assert opens(server, grace) and opens(server, key)
    ended = ida.post("/admin/account/logins", data={"login": str(number)})
    assert ended.status_code == 303 and not opens(server, key) and all(opens(server, one) for one in others)
    ida.post("/admin/account/logins", data={"login": "others"})
    assert not any(opens(server, one) for one in others) and ida.get("/admin/account").status_code == 200


def test_a_new_log_in_takes_the_place_of_the_one_that_the_browser_had(
    server: Server, ida: httpx.Client
) -> None:
    before = ida.cookies[ADMIN_COOKIE]
    ida.post("/admin/login", data={"name": "ida", "password": "mistyped"})
    assert opens(server, before), "nobody logged in"
    entered = ida.post("/admin/login", data={"name": "ida", "password": PASSWORD})
    assert opens(server, entered.cookies[ADMIN_COOKIE]) and not opens(server, before)


def test_a_password_is_hidden_as_it_is_typed_and_password_managers_know_which_it_is(
    ida: httpx.Client,
) -> None:
    found = dict[str, list[str]]()
    for address in ("/admin/login", "/admin/account", "/admin/account/two-factor"):
        for field in re.findall(r"<input[^>]*password[^>]*>", ida.get(address).text):
            assert 'type="password"' in field and "onpaste" not in field, field
            found.setdefault(address, []).extend(re.findall(r'autocomplete="([\w-]+)"', field))
    assert found == {
        "/admin/login": ["current-password"],
        "/admin/account": ["current-password", "new-password", "new-password", "current-password"],
        "/admin/account/two-factor": ["current-password"],
    }


def turn_on(ida: httpx.Client) -> tuple[str, list[str]]:
    """Secret and recovery codes."""
    page = ida.get("/admin/account/two-factor").text
    secret = re.findall('name="secret" value="([A-Z2-7]{32})"', page)[0]
    assert "<svg" in page and secret[:4] in page
    wrong = ida.post(
        "/admin/account/two-factor", data={"secret": secret, "code": "000000", "password": PASSWORD}
    )
    assert wrong.status_code == 422 and secret in wrong.text, "the app has read that one"
    done = ida.post(
        "/admin/account/two-factor",
        data={"secret": secret, "code": app_code(secret, -1), "password": PASSWORD},
    )
    codes = re.findall(r"<code>([a-z0-9]{4}-[a-z0-9]{4}-[a-z0-9]{4})</code>", done.text)
    assert done.status_code == 201 or done.status_code == 200
    assert len(set(codes)) == 10
    return secret, codes


def test_with_a_second_factor_the_password_is_not_enough_and_no_code_is_taken_twice(
    shared: House, server: Server, ida: httpx.Client
) -> None:
    elsewhere = shared.do(lambda conn: log_in(conn, "ida"))
    secret, codes = turn_on(ida)
    assert not opens(server, elsewhere) and "10 recovery codes are left" in text(ida.get("/admin/account"))

    @contextmanager
    def half() -> Iterator[httpx.Client]:
        with log_in_by_form(server, PASSWORD) as client:
            assert not opens(server, client.cookies[ADMIN_COOKIE]), "half a log-in is none"
            assert client.get("/admin").headers["location"] == "/admin/login"
            assert 'name="code"' in client.get("/admin/login/code").text
            yield client

    def give(client: httpx.Client, code: str) -> int:
        return client.post("/admin/login/code", data={"code": code}).status_code

    with half() as one, half() as two, half() as three:
        used = app_code(secret)
        assert give(one, "123 456") == 403 and give(one, used) == 303
        assert opens(server, one.cookies[ADMIN_COOKIE])
        assert give(two, used) == 403 and give(two, app_code(secret, -1)) == 403, "used, and older than that"
        assert give(two, codes[0].upper()) == 303 and opens(server, two.cookies[ADMIN_COOKIE])
        assert give(three, codes[0]) == 403 and give(three, codes[1].replace("-", "")) == 303
    assert "8 recovery codes are left" in text(ida.get("/admin/account"))
    shared.sql("delete from attempt")
    with half() as guesser:
        assert [give(guesser, f"{n:06}") for n in range(7)] == [403] * 7
        last = guesser.post("/admin/login/code", data={"code": app_code(secret, 1)})
        assert last.status_code == 403 and "too many tries" in last.text
    for _ in range(2):  # the password again and again gives no more tries than the account has
        with half() as guesser:
            statuses = [give(guesser, f"{n:06}") for n in range(5)]
    assert statuses[-1] == 429
    wrong = ida.post("/admin/account/two-factor/off", data={"password": "wrong"})
    assert wrong.status_code == 422
    assert ida.post("/admin/account/two-factor/off", data={"password": PASSWORD}).status_code == 303
    with log_in_by_form(server, PASSWORD) as whole:
        assert opens(server, whole.cookies[ADMIN_COOKIE])


def test_an_account_that_a_command_made_has_no_password_to_change(shared: House, server: Server) -> None:
    shared.sql("insert into account (name, password_hash) values ('robot', '') on conflict do nothing")
    key = shared.do(lambda conn: log_in(conn, "robot"))
    with httpx.Client(base_url=server.base, cookies={ADMIN_COOKIE: key}) as robot:
        assert "has no password" in text(robot.get("/admin/account"))
        assert robot.post("/admin/account/password", data={"password": ""}).status_code == 422
    assert httpx.post(f"{server.base}/admin/login", data={"name": "robot", "password": ""}).status_code == 403


@pytest.mark.browser
def test_each_open_page_goes_to_the_log_in_page_when_its_log_in_ends(stage: Stage) -> None:
    session = stage.open()
    stage.guests(session, "P1", "P2", "P3", "P4")
    [(player, room)] = stage.house.sql(
        "select id, room_id from player where session_id = %s and label = 'P1'", session.id
    )
    place = f"/admin/sessions/{session.id}"
    own = ["/admin", "/admin/account", "/admin/account/two-factor", "/admin/security"]
    of_session = [
        "",
        "/players",
        f"/players/{player}",
        "/rooms",
        f"/rooms/{room}",
        "/replay",
        "/rights",
        "/security",
    ]
    addresses = [*own, *(f"{place}{part}" for part in of_session)]
    desk = stage.page(DESK)
    stage.bear("403")
    for first in range(0, len(addresses), 4):  # of more tabs at once a small machine's browser dies
        log_in_there(stage, desk)
        pages = []
        for address in addresses[first : first + 4]:
            page = desk.context.new_page()
            page.goto(f"{stage.server.base}{address}")
            expect(page.locator("header.bar")).to_be_visible()
            pages.append(page)
        stage.house.sql("delete from login where account = 'ada'")
        for page in pages:
            page.bring_to_front()
            ended = page.get_by_text(
                "This page has ended."
            )  # of the dashboard, whose stream may say so first
            expect(page.get_by_label("Password", exact=True).or_(ended)).to_be_visible()
            if ended.is_visible():
                page.get_by_role("link", name="Go on").click()
            expect(page).to_have_url(f"{stage.server.base}/admin/login")
            page.close()
        desk.bring_to_front()
