"""A player’s cookie: whoever has one is known by it, and never for longer than a week."""

from __future__ import annotations

import time

import pytest

from app.web.signing import OVERLAP, WEEK, Keys, PlayerCookie

NOW = 1_800_000_000.0


def test_a_cookie_ends_after_its_week(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    keys, clock = Keys(b"secret"), [NOW]
    monkeypatch.setattr(time, "time", lambda: clock[0])
    cookie = keys.player_cookie(7, "abcdefgh")
    for clock[0] in (NOW, NOW + WEEK - 1):
        assert keys.read_player_cookie(cookie) == PlayerCookie(7, "abcdefgh", NOW)
    clock[0] = NOW + WEEK
    assert keys.read_player_cookie(cookie) is None


def test_one_of_the_version_before_counts_only_where_the_database_has_come_from_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    keys, clock = Keys(b"secret", renewed_at=NOW), [NOW]
    monkeypatch.setattr(time, "time", lambda: clock[0])
    cookie = keys.player_cookie(7, "abcdefgh")
    clock[0] = NOW + OVERLAP
    assert cookie != keys.player_cookie(7, "abcdefgh"), "it was given as the version before gave them"
    assert keys.read_player_cookie(cookie) == PlayerCookie(7, "abcdefgh", None)
    assert Keys(b"secret").read_player_cookie(cookie) is None
    clock[0] = NOW + WEEK
    assert keys.read_player_cookie(cookie) is None


def test_what_others_have_signed_is_nobodys() -> None:
    keys = Keys(b"secret")
    cookie = keys.player_cookie(7, "abcdefgh")
    assert keys.read_player_cookie(cookie) is not None, "as it was given"
    assert Keys(b"another").read_player_cookie(cookie) is None
    for other in (None, "", ".", cookie[:-1] + "é", cookie.replace("7", "8", 1)):
        assert keys.read_player_cookie(other) is None
