"""Behind a proxy that speaks TLS: what it says counts, if it is ours; and cookies that no neighbour can set."""

from __future__ import annotations

import httpx

from app.web.auth import ADMIN_COOKIE, HOST_ONLY, PLAYER_COOKIE
from app.web.hindrances import PLAIN_COOKIE
from tests.house.house import House
from tests.house.studies import TALK

TLS = {"X-Forwarded-Proto": "https", "X-Forwarded-For": "192.0.2.7"}


def signed_in(base: str, token: str, headers: dict[str, str]) -> list[str]:
    """What the browser of somebody who signs in is told to keep."""
    answer = httpx.post(f"{base}/join/{token}", headers=headers)
    assert answer.status_code == 303
    kept: list[str] = answer.headers.get_list("set-cookie")
    return kept


def test_what_a_trusted_proxy_says_counts(house: House) -> None:
    session = house.open(TALK)
    tokens = list(session.tokens.values())
    trusting = house.serve(NETWORKLAB_METRICS_TOKEN="sesame")
    wary = house.serve(FORWARDED_ALLOW_IPS="192.0.2.1")
    said = house.serve(NETWORKLAB_URL="https://lab.example", FORWARDED_ALLOW_IPS="192.0.2.1")
    (plain,) = signed_in(trusting.base, tokens[0], {})
    assert plain.startswith(f"{PLAYER_COOKIE}=") and "Secure" not in plain
    (forged,) = signed_in(wary.base, tokens[1], TLS)
    assert "Secure" not in forged, "anybody can write such a head"
    for base, token, headers in ((trusting.base, tokens[2], TLS), (said.base, tokens[3], {})):
        old, new = signed_in(base, token, headers)
        assert old.startswith(f"{PLAYER_COOKIE}=") and new.startswith(f"{HOST_ONLY}{PLAYER_COOKIE}=")
        for one in (old, new):
            assert "; Secure" in one and "; Path=/;" in one and "; HttpOnly" in one and "Domain" not in one
            assert "; SameSite=lax" in one
    # Each name is enough, for players and for researchers; the one that no neighbour can set counts more.
    value = new.partition(";")[0].partition("=")[2]
    for cookies, status in (
        (f"{HOST_ONLY}{PLAYER_COOKIE}={value}", 200),
        (f"{PLAYER_COOKIE}={value}", 200),
        (f"{PLAYER_COOKIE}=made.up.x; {HOST_ONLY}{PLAYER_COOKIE}={value}", 200),
        (f"{PLAYER_COOKIE}={value}; {HOST_ONLY}{PLAYER_COOKIE}=made.up.x", 403),
    ):
        assert httpx.get(f"{said.base}/play", headers={"Cookie": cookies}).status_code == status, cookies
    # What a browser without scripts is told to keep, too.
    mine = {"Cookie": f"{PLAYER_COOKIE}={value}"}
    kept = httpx.get(f"{said.base}/play?plain=true", headers=mine).headers.get_list("set-cookie")
    assert [one.partition("=")[0] for one in kept] == [PLAIN_COOKIE, HOST_ONLY + PLAIN_COOKIE]
    assert all("; Secure" in one for one in kept)
    for name in (PLAIN_COOKIE, HOST_ONLY + PLAIN_COOKIE):
        seen = httpx.get(f"{said.base}/play", headers={"Cookie": f"{mine['Cookie']}; {name}=1"})
        assert "plain=false" in seen.text, "the way back to scripts"
    key = house.researcher(said).cookies[ADMIN_COOKIE]
    for name in (ADMIN_COOKIE, HOST_ONLY + ADMIN_COOKIE):
        assert httpx.get(f"{said.base}/admin", headers={"Cookie": f"{name}={key}"}).status_code == 200
    ended = httpx.post(f"{said.base}/admin/logout", headers={"Cookie": f"{HOST_ONLY}{ADMIN_COOKIE}={key}"})
    assert [one.partition("=")[0] for one in ended.headers.get_list("set-cookie")] == [
        ADMIN_COOKIE,
        HOST_ONLY + ADMIN_COOKIE,
    ]
    assert httpx.get(f"{said.base}/admin", headers={"Cookie": f"{ADMIN_COOKIE}={key}"}).status_code == 303
    # A browser that was here over TLS comes in no other way.
    for base, headers, strict in (
        (trusting.base, {}, False),
        (trusting.base, TLS, True),
        (wary.base, TLS, False),
        (said.base, {}, True),
    ):
        answer = httpx.get(f"{base}/", headers=headers)
        assert ("strict-transport-security" in answer.headers) is strict
    # The figures are for this machine, and for whoever has the token.
    from_elsewhere, token = {"X-Forwarded-For": "192.0.2.7"}, "Authorization"
    for headers, status in (
        ({}, 200),
        (from_elsewhere, 403),
        ({"X-Forwarded-For": "127.0.0.1, 192.0.2.7"}, 403),
        ({"X-Forwarded-For": "no address"}, 403),
        (from_elsewhere | {token: "Bearer sesame"}, 200),
        (from_elsewhere | {token: "Bearer None"}, 403),
        (from_elsewhere | {token: "Bearer \u00e9"}, 403),
    ):
        raw = [(name.encode(), value.encode()) for name, value in headers.items()]
        answer = httpx.get(f"{trusting.base}/metrics", headers=raw)
        assert answer.status_code == status, headers
        assert ("networklab_streams" in answer.text) is (status == 200)
        assert status == 200 or "NETWORKLAB_METRICS_TOKEN" in answer.text
