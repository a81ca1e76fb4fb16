"""A new session as a researcher asks for it: by the command line or on a page, one way to open it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from app.database.connections import Connection
from app.players.door import Places
from app.players.people import Person
from app.players.players import also_invited_to
from app.sessions.sessions import Session, SessionError, open_session
from app.sessions.waves import Wave, go_on
from app.study.model.study import Study
from app.study.own_files import has_scripts
from app.web.access.rights import give


@dataclass(frozen=True, slots=True)
class NewSession:
    """`places`: of the link for everybody; None: there is none. `owners`: the accounts that the session is of; without
    one everybody with an account sees it. `form`: by which it was asked for on a page; "" by none."""

    study: Study
    people: Sequence[Person] = ()
    name: str | None = None
    start_at: datetime | None = None
    places: Places | None = None
    owners: Sequence[str] = ()
    wave: Wave | None = None
    form: str = ""


@dataclass(frozen=True, slots=True)
class JustOpened:
    """`shared`: other open sessions, and how many of these people are in each."""

    session: Session
    people: int
    shared: Sequence[tuple[str, int]]


def elsewhere(shared: Sequence[tuple[str, int]]) -> list[str]:
    """Of people who are in other open sessions, too."""
    return [
        f"{many} of these tokens are also in the open session “{name}”; their links lead to the new one, unless they"
        " are in the other already"
        for name, many in shared
    ]


async def open_wanted(conn: Connection, new: NewSession, by: str) -> JustOpened:
    session = await open_session(conn, new.study, new.people, new.name, new.start_at, new.places, new.form)
    again = await go_on(conn, session.id, new.wave) if new.wave else ()
    for owner in new.owners:
        await give(conn, session.id, owner.strip(), "owner", by)
    return JustOpened(
        session, len(new.people) + len(again), await also_invited_to(conn, session.id, new.people)
    )


def refuse_scripts(study: Study, play_url: str | None) -> None:
    """Where there is no address for them. Raises SessionError."""
    if has_scripts(study.files) and play_url is None:
        raise SessionError(
            "This study has scripts, which run on an address without a dashboard. Set NETWORKLAB_PLAY_URL to another"
            " host name that leads to this server, and start the server with it too."
        )
