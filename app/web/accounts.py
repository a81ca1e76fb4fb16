"""Accounts of the researcher's side: passwords as argon2 hashes, log-ins that can be taken back."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from app.database.connections import Connection
from app.database.queries import Queries, row, value

SQL = Queries(__name__)
HOURS = 24 * 7  # that a log-in lasts


@dataclass(frozen=True, slots=True)
class Researcher:
    name: str
    observes: bool  # sees everything, changes nothing


async def put_account(conn: Connection, name: str, password: str, observes: bool = False) -> None:
    """Add an account, or give an existing one a new password and role."""
    await conn.execute(
        SQL["put_account"],
        dict(name=name, password_hash=PasswordHasher().hash(password), observes=observes),
    )


async def password_hash(conn: Connection, name: str) -> str | None:
    found: str | None = await value(conn, SQL["password_hash"], name=name)
    return found


def password_matches(stored: str | None, password: str) -> bool:
    """Takes about 50 ms of one core, for a name that does not exist too: run it in a thread, outside a transaction."""
    try:
        return PasswordHasher().verify(stored or _nobody(), password) and stored is not None
    except (VerificationError, InvalidHashError):
        return False


async def log_in(conn: Connection, name: str, once: bool = False) -> str:
    """A new key for the cookie; with `once`, for a link that logs in one time within the next hours."""
    key = secrets.token_urlsafe(24)
    await conn.execute(SQL["add_login"], dict(key_hash=_hash(key), name=name, once=once, hours=HOURS))
    return key


async def account_of(conn: Connection, key: str) -> Researcher | None:
    return await row(conn, Researcher, SQL["find_login"], key_hash=_hash(key))


async def use_link(conn: Connection, key: str) -> str | None:
    """The account that a one-time link belongs to; the link is void from now on."""
    found: str | None = await value(conn, SQL["use_link"], key_hash=_hash(key))
    return found


async def log_out(conn: Connection, key: str) -> None:
    await conn.execute(SQL["log_out"], dict(key_hash=_hash(key)))


@cache
def _nobody() -> str:
    return PasswordHasher().hash(secrets.token_hex())


def _hash(key: str) -> bytes:
    return hashlib.sha256(key.encode()).digest()
