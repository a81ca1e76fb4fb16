"""The security log: what happened to accounts, log-ins, rights and data. Nobody changes it, and it can't be flooded."""

from __future__ import annotations

import heapq
import time
from collections import OrderedDict
from collections.abc import Collection, Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any, Literal

from psycopg.types.json import Jsonb

from app.database.connections import Connection
from app.database.queries import Queries, rows
from app.web.access import attempts
from app.web.access.attempts import Limit

SQL = Queries(__name__)
What = Literal[
    "logged_in",
    "log_in_failed",
    "held_off",
    "failures_not_logged",
    "logged_out",
    "log_ins_ended",
    "password_changed",
    "two_factor_on",
    "two_factor_off",
    "recovery_code_used",
    "account_added",
    "account_removed",
    "right_given",
    "right_taken",
    "opened_to_all",
    "exported",
    "page_read",
    "refused",
    "recruiter",
    "study_uploaded",
    "study_rehearsed",
    "study_right_given",
    "study_right_taken",
    "study_opened_to_all",
    "study_removed",
    "session_opened",
    "session_archived",
    "session_transferred",
    "token_made",
    "token_revoked",
    "wrong_token",
]
COMMAND_LINE = "command line"
FAILURES = Limit("failures that are logged", 300, 60)
REFUSALS = Limit("refusals of an account that are logged", 30, 3600)
LAST = 2**62  # no event has this number
MOST = 200
TOKEN: ContextVar[str] = ContextVar("TOKEN", default="")  # of the request at hand, by what it is called


@dataclass(frozen=True, slots=True)
class SecurityEvent:
    id: int
    at: datetime
    what: What
    account: str  # who did it, or whose name it was tried with; empty: nobody that there is
    session_id: str | None
    about: str  # the account, or the number of the player, that it was done to
    address: str
    data: dict[str, Any]


def by_token(name: str) -> None:
    """From here on this request is that of a program with this token, and so are the lines that it writes."""
    TOKEN.set(name)


async def write(
    conn: Connection,
    what: What,
    account: str,
    address: str = "",
    session_id: str | None = None,
    about: str = "",
    **data: object,
) -> None:
    given = dict(what=what, account=account, address=address, session_id=session_id, about=about)
    told = data | ({"by_token": TOKEN.get()} if TOKEN.get() else {})
    await conn.execute(SQL["write"], given | dict(data=Jsonb(told)))


async def write_failure(conn: Connection, what: What, account: str, address: str) -> None:
    """So many a minute, whatever many attackers from many addresses do; then one line that says so."""
    tries = await attempts.count(conn, FAILURES)
    if tries.count <= FAILURES.most:
        await write(conn, what, account, address)
    elif tries.count == FAILURES.most + 1:
        await write(conn, "failures_not_logged", "")


async def write_refusal(conn: Connection, account: str, address: str, session_id: str, page: str) -> None:
    """So many an hour of each account, and of these none is at the cost of another's line."""
    tries = await attempts.count(conn, REFUSALS, account)
    if tries.count <= REFUSALS.most:
        await write(conn, "refused", account, address, session_id, page=page)


async def read_all(
    conn: Connection, session_id: str | None = None, before: int = LAST, most: int = MOST
) -> list[SecurityEvent]:
    """The newest first."""
    return await rows(conn, SecurityEvent, SQL["read_all"], session_id=session_id, before=before, most=most)


async def read_own(
    conn: Connection,
    name: str,
    sessions: Collection[str],
    session_id: str | None = None,
    before: int = LAST,
    most: int = MOST,
) -> list[SecurityEvent]:
    """What this account did, what was done to it, and what happened in these sessions; the newest first."""
    given = dict(name=name, sessions=list(sessions), session_id=session_id, before=before, most=most)
    return await rows(conn, SecurityEvent, SQL["read_own"], **given)


def newest(found: Mapping[str, Sequence[SecurityEvent]], most: int) -> list[tuple[str, SecurityEvent]]:
    """So many of what each of several databases has, which stays in its own order, each with where it is."""
    each = ([(name, one) for one in events] for name, events in found.items())
    return list(islice(heapq.merge(*each, key=lambda one: one[1].at, reverse=True), most))


class Readers:
    """Who has just read whose page: a page that is open asks each second and is read once an hour."""

    def __init__(self, seconds: float = 3600.0, most: int = 10_000) -> None:
        self.seconds, self.most = seconds, most
        self.read: OrderedDict[tuple[int, int | str], float] = OrderedDict()  # log-in and page → when

    def begins(self, login_id: int, page: int | str) -> bool:
        """`page`: of a player, by their number, of a room, or of a session's answers, by its id."""
        now, key = time.monotonic(), (login_id, page)
        if now - self.read.get(key, -self.seconds) < self.seconds:
            return False
        self.read[key] = now
        self.read.move_to_end(key)
        if len(self.read) > self.most:
            self.read.popitem(last=False)
        return True
