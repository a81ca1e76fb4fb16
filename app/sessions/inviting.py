"""Inviting: more people into a session that is open or running."""

from __future__ import annotations

from collections.abc import Sequence

from psycopg.errors import UniqueViolation

from app.database.connections import Connection
from app.database.queries import Queries, value
from app.players import players
from app.players.people import Person, There
from app.players.tokens import hashed
from app.sessions import sessions, waves
from app.sessions.sessions import Session, SessionError
from app.study.stored import read_study

SQL = Queries(__name__)


async def who_is_there(conn: Connection, session_id: str) -> There:
    """For the list of those who are to be added. Raises SessionError."""
    _refuse_closed(await sessions.find_session(conn, session_id))
    found = await (await conn.execute(SQL["labels_there"], dict(session_id=session_id))).fetchall()
    return There(frozenset(label for label, _ in found), sum(is_listed for _, is_listed in found))


async def added_by(conn: Connection, session_id: str, form: str) -> Sequence[int]:
    """The numbers of those whom this form has added; empty where it has not come yet."""
    return await value(conn, SQL["added_by"], session_id=session_id, form=form) or ()


async def add_people(
    conn: Connection, session_id: str, people: Sequence[Person], by: str, form: str = ""
) -> bool:
    """All of them, or nobody; a form that comes again changes nothing, and the answer is False.

    Raises SessionError where the session is closed, or has one of them already.
    """
    session = await sessions.lock_as(conn, session_id, by)
    if form and await added_by(conn, session_id, form):
        return False
    _refuse_closed(session)
    await conn.execute(SQL["set_form"], dict(form=form))
    hashes = [hashed(person.token) for person in people if person.token]
    there = dict(session_id=session_id, labels=[person.label for person in people], hashes=hashes)
    found = await (await conn.execute(SQL["same_people"], there)).fetchone()
    if found:
        [label] = found
        raise SessionError(
            f"“{label}” is in {session.name} already, by label or by token. Nobody was added: take that line out of the"
            " list if it is the same person, or else change it."
        )
    try:
        await players.invite(conn, session_id, people)
    except UniqueViolation:  # somebody came in by the door meanwhile
        raise SessionError(
            "Somebody else got one of these labels just now. Nobody was added: try again."
        ) from None
    return True


async def invite_finished(conn: Connection, session_id: str, by: str) -> tuple[Session, int]:
    """Of the session that this one goes on from, those who are through since then; how many.

    Raises SessionError where it goes on from none, or is closed, or has one of their labels already.
    """
    session, wave = await sessions.lock_as(conn, session_id, by), await waves.wave_of(conn, session_id)
    _refuse_closed(session)
    if wave is None:
        raise SessionError(
            f"{session.name} goes on from no other session: `open --from` makes one that does."
        )
    before = await read_study(conn, wave.session_id)
    try:
        async with conn.transaction():
            return session, len(await waves.invite_through(conn, session_id, wave, before))
    except UniqueViolation:
        raise SessionError(
            f"Somebody who was added to {session.name} has the label or the token of one who is through since. Nobody"
            " was invited: give `networklab add --players` a list of the others."
        ) from None


def _refuse_closed(session: Session) -> None:
    if session.status == "closed":
        raise SessionError(
            f"{session.name} is closed: nobody comes in any more. Open a new session for these people."
        )
