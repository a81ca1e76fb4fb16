"""Stories of tokens: made, shown once, used, revoked, and over with the password under which they were made."""

from __future__ import annotations

import html
import re

import httpx

from app.web.access import api_tokens
from app.web.access.accounts import put_account, remove_account
from app.web.access.api_tokens import PREFIX
from app.web.access.logins import log_in
from app.web.auth import ADMIN_COOKIE
from tests.house.house import House
from tests.house.pages import words
from tests.house.programs import saying, token_of
from tests.house.server import Server

PASSWORD = "a long password"
MINE = {"name": "the pilot’s figures", "scope": "read", "days": "30", "password": PASSWORD}


def holds(server: Server, token: str) -> bool:
    with saying(server, token) as client:
        return client.get("/sessions").status_code == 200


def test_somebody_makes_a_token_on_their_page_sees_it_once_and_revokes_it(
    shared: House, server: Server
) -> None:
    shared.do(lambda conn: put_account(conn, "toni", PASSWORD))
    other = token_of(shared, "a neighbour")
    with httpx.Client(base_url=server.base, timeout=30) as client:
        client.cookies.set(ADMIN_COOKIE, shared.do(lambda conn: log_in(conn, "toni")))
        for change, sentence in (
            ({"password": "wrong"}, "not your password"),
            ({"name": " "}, "what the token is for"),
            ({"name": "a" * 101}, "1 to 100 plain characters"),
            ({"days": "0"}, "1 to 366 days"),
            ({"days": "9" * 5000}, "1 to 366 days"),
            ({"scope": "everything"}, "what the token may do"),
        ):
            refused = client.post("/admin/account/tokens", data=MINE | change)
            assert refused.status_code == 422 and sentence in words(html.unescape(refused.text)), change
        assert api_tokens_of(shared, "toni") == []
        made = client.post("/admin/account/tokens", data=MINE)
        [token] = set(re.findall(PREFIX + r"[\w-]{43}", made.text))
        assert holds(server, token)
        session = shared.open(start=False)
        with saying(server, token) as reads:
            reads.get(f"/sessions/{session.id}/files/players.csv", headers={"X-Forwarded-For": "192.0.2.77"})
        log = words(client.get("/admin/security").text)
        assert "toni (by the token “the pilot’s figures”)" in log, log
        page = client.get("/admin/account").text
        assert re.search(r"last used [\d: -]+ UTC from 192\.0\.2\.77", page)
        assert "the pilot’s figures" in page and token not in page and "last used" in page
        assert "made a token for “the pilot’s figures” that only reads, for 30 days" in words(
            client.get("/admin/security").text
        )
        [(number,)] = shared.sql("select id from api_token where account = 'a neighbour'")
        for nobodys in (str(number), "", "x", "9" * 50):
            refused = client.post("/admin/account/tokens/revoke", data={"token": nobodys})
            assert refused.status_code == 422 and "no such token" in refused.text
        assert holds(server, other) and holds(server, token)
        [own] = api_tokens_of(shared, "toni")
        assert client.post("/admin/account/tokens/revoke", data={"token": str(own)}).status_code == 303
        assert not holds(server, token) and holds(server, other)
        assert "revoked the token for “the pilot’s figures”" in words(client.get("/admin/security").text)


def api_tokens_of(house: House, name: str) -> list[int]:
    return [one.id for one in house.do(lambda conn: api_tokens.tokens_of(conn, name))]


def test_nothing_that_is_stored_is_the_token(shared: House) -> None:
    token = token_of(shared, "thea")
    [(stored,)] = shared.sql("select string_agg(t::text, ' ') from api_token t where account = 'thea'")
    assert token not in stored and token.removeprefix(PREFIX) not in stored


def test_a_new_password_a_removal_and_its_day_end_a_token(shared: House, server: Server) -> None:
    token, aged = token_of(shared, "tess"), token_of(shared, "tess")
    assert holds(server, token) and holds(server, aged)
    shared.sql(
        "update api_token set expires_at = now() - interval '1 s' where id = (select max(id) from api_token)"
    )
    with saying(server, aged) as client:
        over = client.get("/sessions")
    assert over.status_code == 401 and "has expired" in over.json()["detail"] and holds(server, token)
    shared.do(lambda conn: put_account(conn, "tess", "another long password"))
    assert not holds(server, token) and api_tokens_of(shared, "tess") == []
    token = token_of(shared, "tess")
    assert holds(server, token)
    shared.do(lambda conn: remove_account(conn, "tess"))
    assert not holds(server, token)
