"""Tokens of the HTTP interface: rows that can be taken back. What a program says is random; the row has its digest.

A new password and a removal of the account end them, as they end its log-ins (sql/triggers.sql).
"""

from __future__ import annotations

import hashlib
import re
import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, get_args

from app.database.connections import Connection
from app.database.queries import Queries, row, rows, value
from app.web.access import security

SQL = Queries(__name__)
Scope = Literal["read", "all"]
SCOPES: tuple[Scope, ...] = get_args(Scope)
PREFIX = "networklab_"  # whoever finds one in a program, or a scanner for secrets, sees what it is
MADE = re.compile(PREFIX + r"[\w-]{43}", re.ASCII)
LONGEST_NAME = 100
MOST = 50  # of an account
DAYS, MOST_DAYS = 90, 366


class ApiTokenError(Exception):
    """A token that can't be made or revoked; the text says why and what to do."""


@dataclass(frozen=True, slots=True)
class TokenFound:
    """Whom a token stands for."""

    id: int
    account: str
    name: str
    scope: Scope
    observes: bool  # the account
    expired: bool


@dataclass(frozen=True, slots=True)
class ApiToken:
    id: int
    account: str
    name: str
    scope: Scope
    made_at: datetime
    expires_at: datetime
    used_at: datetime | None  # to the minute
    used_from: str  # the address then
    expired: bool


async def make(
    conn: Connection, account: str, name: str, scope: Scope, days: int, by: str, address: str = ""
) -> str:
    """What the program is to say, which nobody can read again. Raises `ApiTokenError`."""
    if not name or not name.isprintable() or len(name) > LONGEST_NAME or name != name.strip():
        raise ApiTokenError(f"Say what the token is for, in 1 to {LONGEST_NAME} plain characters.")
    if not 1 <= days <= MOST_DAYS:
        raise ApiTokenError(f"A token lasts 1 to {MOST_DAYS} days.")
    await conn.execute(SQL["forget_old"], dict(account=account))
    if await value(conn, SQL["how_many"], account=account) >= MOST:
        raise ApiTokenError(f"The account has {MOST} tokens, which are the most. Revoke one first.")
    token = PREFIX + secrets.token_urlsafe(32)
    new = dict(digest=_digest(token), account=account, called=name, scope=scope, days=days)
    if await value(conn, SQL["make"], **new) is None:
        raise ApiTokenError(
            f"There is no account “{account[:100]}”. `networklab admin list` lists those there are."
        )
    await security.write(conn, "token_made", by, address, about=account, name=name, scope=scope, days=days)
    return token


def looks_like_one(token: str) -> bool:
    """What does not was never made: nobody has to be asked."""
    return MADE.fullmatch(token) is not None


async def find(conn: Connection, token: str, address: str) -> TokenFound | None:
    """Also one that has expired, which says so."""
    return await row(conn, TokenFound, SQL["find"], digest=_digest(token), address=address)


async def tokens_of(conn: Connection, account: str | None = None) -> list[ApiToken]:
    """Of one account, or all; the newest first."""
    return await rows(conn, ApiToken, SQL["tokens_of"], account=account)


async def revoke(conn: Connection, id: int, by: str, account: str | None = None, address: str = "") -> str:
    """What it was for. `account`: whose it has to be; None: anybody's. Raises `ApiTokenError`."""
    found = await (await conn.execute(SQL["revoke"], dict(id=id, account=account))).fetchone()
    if found is None:
        raise ApiTokenError("There is no such token any more. The list has those there are.")
    whose, name = found
    await security.write(conn, "token_revoked", by, address, about=whose, name=name)
    return str(name)


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()
