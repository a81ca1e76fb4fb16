"""A new session as a researcher asks for it: by the command line or on a page, one way to open it."""

from __future__ import annotations

from collections.abc import Container, Sequence
from dataclasses import dataclass
from datetime import datetime

from app.database.connections import Connection
from app.players.door import Places
from app.players.people import Person
from app.players.players import Elsewhere, also_invited_to
from app.sessions.going_on import Before
from app.sessions.sessions import Session, SessionError, open_session
from app.sessions.waves import go_on
from app.study.model.study import Study
from app.study.own_files import has_scripts
from app.web.access.rights import give, give_as_on


@dataclass(frozen=True, slots=True)
class NewSession:
    """`places`: of the link for everybody; None: there is none. `owners`: the accounts that the session is of; without
    one, whoever is on the session `before` is on it, as there, and on a first one everybody with an account.
    `form`: by which it was asked for on a page; "" by none."""

    study: Study
    people: Sequence[Person] = ()
    name: str | None = None
    start_at: datetime | None = None
    places: Places | None = None
    owners: Sequence[str] = ()
    before: Before | None = None
    form: str = ""


@dataclass(frozen=True, slots=True)
class JustOpened:
    """`shared`: other open sessions, with how many of these people are in each. `notes`: who is on this one."""

    session: Session
    people: int
    shared: Sequence[Elsewhere]
    notes: Sequence[str]


def elsewhere(shared: Sequence[Elsewhere], on: Container[str] | None = None) -> list[str]:
    """Of people who are in other open sessions, too. `on`: those that whoever reads it may see; None: all."""
    return [
        f"{one.people} of these tokens are also in"
        f" {f'the open session “{one.name}”' if on is None or one.id in on else 'an open session that you are not on'};"
        " their links lead to the new one, unless they are in the other already"
        for one in shared
    ]


async def open_wanted(conn: Connection, new: NewSession, by: str) -> JustOpened:
    session = await open_session(conn, new.study, new.people, new.name, new.start_at, new.places, new.form)
    before, again, notes = new.before, list[int](), list[str]()
    if before:
        again = await go_on(conn, session.id, before.wave, before.study)
    for owner in new.owners:
        await give(conn, session.id, owner.strip(), "owner", by)
    if before and not new.owners and await give_as_on(conn, session.id, before.session.id, by):
        notes.append(f"who is on {before.session.name} is on this session, as there, and nobody else is")
    shared = await also_invited_to(conn, session.id, new.people)
    return JustOpened(session, len(new.people) + len(again), shared, notes)


def refuse_scripts(study: Study, play_url: str | None) -> None:
    """Where there is no address for them. Raises SessionError."""
    if has_scripts(study.files) and play_url is None:
        raise SessionError(
            "This study has scripts, which run on an address without a dashboard. Set NETWORKLAB_PLAY_URL to another"
            " host name that leads to this server, and start the server with it too."
        )
