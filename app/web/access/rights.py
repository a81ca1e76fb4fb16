"""Who is on a session, and as what, by the rules of granting.py. Without a word on it everybody with an account is."""

from __future__ import annotations

from dataclasses import dataclass

from app.database.connections import Connection
from app.database.queries import Queries, rows, value
from app.web.access.granting import Granting, RightQueries

SQL = Queries(__name__)
SESSIONS = Granting(
    asks=RightQueries(
        right_on=SQL["right_on"],
        rights_of=SQL["rights_of"],
        given_on=SQL["given_on"],
        lock=SQL["lock_session"],
        give=SQL["give"],
        take=SQL["take"],
        take_all=SQL["take_all"],
        restrict=SQL["restrict"],
        owned_by_nobody=SQL["owned_by_nobody"],
    ),
    roles=("owner", "colleague", "observer"),
    logged=("right_given", "right_taken", "opened_to_all"),
    about=lambda id, name: dict(session_id=id, about=name),
    unknown="There is no session “{}”. `networklab sessions` lists those there are.",
    only_watches="The account {} only watches. Let it be an observer.",
    lacks_owner="A session that not everybody sees has an owner. Make somebody else its owner first.",
    not_given="{} was given no right on this session.",
    opened="Everybody with an account sees {} now.",
)
right_on, rights_of, given_on = SESSIONS.right_on, SESSIONS.rights_of, SESSIONS.given_on
give, take, open_to_all = SESSIONS.give, SESSIONS.take, SESSIONS.open_to_all


@dataclass(frozen=True, slots=True)
class GoesOn:
    """A session that goes on from another one."""

    id: str
    name: str


async def everybodys_later(conn: Connection, session_id: str) -> list[GoesOn]:
    """Sessions that go on from this one, with its people and what they said, on which everybody with an account is."""
    return await rows(conn, GoesOn, SQL["everybodys_later"], session_id=session_id)


async def give_as_on(conn: Connection, session_id: str, other_id: str, by: str) -> bool:
    """To a session that was just opened, the rights on another one. Whether there are any: that may be everybody's."""
    if await value(conn, SQL["give_as_on"], session_id=session_id, other_id=other_id, by=by) is None:
        return False
    for one in await given_on(conn, session_id):
        await SESSIONS.note_given(conn, session_id, by, one.account, role=one.role, files=one.takes_files)
    return True
