"""Accounts of the researcher's side. A new password and a removal end all their log-ins (sql/triggers.sql)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from app.database.connections import Connection
from app.database.queries import Queries, rows, value
from app.web.access import security
from app.web.access.logins import IDLE
from app.web.access.passwords import PasswordHash, new_hash
from app.web.access.security import COMMAND_LINE

SQL = Queries(__name__)


class AccountError(Exception):
    """What was asked of an account cannot be done; the text says why and what to do."""


@dataclass(frozen=True, slots=True)
class ListedAccount:
    """An account, for lists."""

    name: str
    observes: bool  # changes nothing, whatever rights it is given
    two_factor: bool
    has_password: bool  # not those that commands make for themselves
    created_at: datetime
    logins: int
    seen_at: datetime | None  # of those log-ins


async def put_account(conn: Connection, name: str, password: str, observes: bool = False) -> None:
    """Add an account, or give an existing one a new password and role. Raises `PasswordError`."""
    if not name or not name.isprintable() or len(name) > 100 or name != name.strip():
        raise AccountError("An account's name is 1 to 100 plain characters.")
    await conn.execute(
        SQL["put_account"], dict(name=name, password_hash=new_hash(name, password), observes=observes)
    )
    await security.write(conn, "account_added", COMMAND_LINE, about=name, observer=observes)


async def ensure_account(conn: Connection, name: str) -> None:
    """An account that a command logs in with by itself; no password opens it."""
    await conn.execute(SQL["ensure_account"], dict(name=name))


async def set_password(
    conn: Connection, name: str, password_hash: PasswordHash, by: str = COMMAND_LINE, address: str = ""
) -> None:
    if await value(conn, SQL["set_password"], name=name, password_hash=password_hash) is None:
        raise _nobody(name)
    await security.write(conn, "password_changed", by, address, about=name)


async def remove_account(conn: Connection, name: str) -> None:
    if await value(conn, SQL["remove_account"], name=name) is None:
        raise _nobody(name)
    await security.write(conn, "account_removed", COMMAND_LINE, about=name)


async def password_hash(conn: Connection, name: str) -> str | None:
    found: str | None = await value(conn, SQL["password_hash"], name=name)
    return found


async def list_accounts(conn: Connection) -> list[ListedAccount]:
    return await rows(conn, ListedAccount, SQL["list_accounts"], idle=IDLE)


def _nobody(name: str) -> AccountError:
    return AccountError(f"There is no account “{name[:100]}”. `networklab admin list` lists those there are.")
