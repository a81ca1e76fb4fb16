"""Log-ins: rows that can be taken back. What the cookie has is random; the row has its hash."""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from app.database.connections import Connection
from app.database.queries import Queries, row, rows, value

SQL = Queries(__name__)
HOURS = 24 * 7  # that a log-in lasts at most
IDLE = 12  # hours after which one that nobody used has ended; an open page uses it
BROWSERS = {"Edg": "Edge", "OPR": "Opera", "Firefox": "Firefox", "Chrome": "Chrome", "Safari": "Safari"}
SYSTEMS = ("iPhone", "iPad", "Android", "Windows", "Mac OS", "Linux")


@dataclass(frozen=True, slots=True)
class LoggedIn:
    """Who a cookie stands for."""

    login_id: int
    name: str
    observes: bool


@dataclass(frozen=True, slots=True)
class Login:
    id: int
    made_at: datetime
    seen_at: datetime  # to the minute
    address: str
    browser: str
    expires_at: datetime


async def log_in(
    conn: Connection, name: str, address: str = "", browser: str = "", once: bool = False
) -> str:
    """A new key for the cookie; with `once`, for a link that logs in one time within the next hours.

    `browser`: as it names itself.
    """
    key = secrets.token_urlsafe(24)
    named = in_words(browser)
    await conn.execute(
        SQL["add_login"],
        dict(key_hash=_hash(key), name=name, once=once, hours=HOURS, address=address, browser=named),
    )
    return key


async def find_login(conn: Connection, key: str) -> LoggedIn | None:
    return await row(conn, LoggedIn, SQL["find_login"], key_hash=_hash(key), idle=IDLE)


async def use_link(conn: Connection, key: str) -> str | None:
    """The account that a one-time link belongs to; the link is void from now on."""
    found: str | None = await value(conn, SQL["use_link"], key_hash=_hash(key))
    return found


async def end_login(conn: Connection, key: str) -> str | None:
    """Whose it was; None for one that had ended."""
    found: str | None = await value(conn, SQL["end_login"], key_hash=_hash(key))
    return found


async def end_one(conn: Connection, name: str, id: int) -> bool:
    """Whether it was one of this account's."""
    return await value(conn, SQL["end_one"], name=name, id=id) is not None


async def end_others(conn: Connection, name: str, id: int) -> None:
    """All of the account but this one, links included."""
    await conn.execute(SQL["end_others"], dict(name=name, id=id))


async def logins_of(conn: Connection, name: str) -> list[Login]:
    """Those that hold, the last used first."""
    return await rows(conn, Login, SQL["logins_of"], name=name, idle=IDLE)


async def still_open(conn: Connection, pages: Collection[tuple[int, str]]) -> set[tuple[int, str]]:
    """Of these log-ins and the sessions that they look at, those that hold."""
    ids, sessions = [id for id, _ in pages], [session for _, session in pages]
    cursor = await conn.execute(SQL["still_open"], dict(ids=ids, sessions=sessions, idle=IDLE))
    return {(id, session) for id, session in await cursor.fetchall()}


def _hash(key: str) -> bytes:
    return hashlib.sha256(key.encode()).digest()


def in_words(browser: str) -> str:
    """“Firefox on Windows”; what names itself otherwise is kept as it is, if it is short."""
    name = next((words for sign, words in BROWSERS.items() if f"{sign}/" in browser), "")
    system = next((one for one in SYSTEMS if one in browser), "")
    if not name:
        return re.sub(r"[^ -~]", "", browser)[:60]
    return f"{name} on {system}" if system else name
