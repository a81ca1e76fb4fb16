"""A session opened by what somebody asks for, on a page or by a program: judged in whole, and then opened once."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from app.players.door import places_of
from app.players.links import door_link, links_again, with_tokens
from app.players.people import Person
from app.sessions.going_on import ON_PAGE, Before, notes_without
from app.sessions.sessions import (
    OpenedAlready,
    Session,
    SessionError,
    find_session,
    opened_by,
    people_expected,
)
from app.study.model.study import Study
from app.study.reading import check
from app.web.access import rights, security
from app.web.auth import address_of
from app.web.lab import ClusterAway, Lab, Query, lab_of
from app.web.labs import Labs, brought
from app.web.new_sessions import NewSession, elsewhere, open_wanted, refuse_scripts
from app.web.opening_forms import OpeningForm, before_in, listed_in, places_in, start_in
from app.web.researchers import must_be_on, who_asks


@dataclass(frozen=True, slots=True)
class OpenedSession:
    """`now`: by this very request; else by the same that came before, of which no more is told."""

    session: Session
    now: bool
    door_link: str = ""  # "": there is none
    people: Sequence[Person] = ()  # of a list, with their tokens
    many: int = 0  # with those who go on
    notes: Sequence[str] = ()
    before: Before | None = None


async def open_by(request: Query, study: Study, wanted: OpeningForm, known: str) -> OpenedSession | None:
    """None: something is `wrong` with what is wanted, which says what. `known`: by what it is known if it comes
    again."""
    who = who_asks(request)
    lab, opened = await _lab_for(request, wanted, known)
    if lab is None or opened:
        return opened
    with suppress(ClusterAway):  # whoever is known there already opens it all the same
        await brought(request, lab)  # an account of this very moment
    lab.lists.check()
    async with lab.lists:
        listed = await listed_in(wanted, study)
    places, start_at = places_in(wanted), start_in(wanted)
    before = await before_in(lab, wanted, study, who.name)
    try:
        refuse_scripts(study, lab.config.play_url)
    except SessionError as error:
        wanted.wrong["form"] = str(error)
    if wanted.wrong:
        return None
    owners = [who.name] if wanted.says("who") == "me" else []
    name = wanted.says("name") or None
    new = NewSession(study, listed.people, name, start_at, places, owners, before, known)
    fits = [] if places else await asyncio.to_thread(_shown_by_people, new)
    try:
        async with lab.pool.connection() as conn, conn.transaction():
            made = await open_wanted(conn, new, who.name)
            told: dict[str, Any] = dict(people=made.people, door=places is not None)
            await security.write(
                conn, "session_opened", who.name, address_of(request), made.session.id, **told
            )
            notes = [*listed.notes, *elsewhere(made.shared, await rights.rights_of(conn, who.name))]
            people = with_tokens(listed.people, await links_again(conn, made.session.id))
    except SessionError as error:
        if isinstance(error, OpenedAlready) and (opened := await _opened_in(request, lab, known)):
            return opened
        wanted.wrong["form"] = str(error)
        return None
    notes += [*made.notes, *(before.notes if before else notes_without(study, ON_PAGE)), *fits]
    link = door_link(made.session.id, lab.config.public_url) if places else ""
    return OpenedSession(made.session, True, link, people, made.people, notes, before)


async def _lab_for(
    request: Query, wanted: OpeningForm, known: str
) -> tuple[Lab | None, OpenedSession | None]:
    """Where it is to be opened, and the session that this very request has opened, which may be elsewhere.

    Of several databases that of the session before, or the one that is named, or else the one with most room; None
    where something is wrong with that. Raises `ClusterAway` where nobody can say.
    """
    labs: Labs | None = request.app.state.labs
    named, before = wanted.says("cluster"), wanted.says("before")
    if named and (labs is None or named not in labs.config.clusters):
        wanted.wrong["cluster"] = f"There is no database called “{named[:40]}” here. Leave it out."
        return None, None
    if labs is None:
        lab = lab_of(request)
    elif before or named:
        lab = labs.lab(await labs.of_session(before) if before else named)
    else:
        for one in labs.present().values():
            if opened := await _opened_in(request, one, known):
                return one, opened
        if away := labs.away:
            raise ClusterAway(*away)
        return labs.lab(await roomiest(labs)), None
    return lab, await _opened_in(request, lab, known)


async def roomiest(labs: Labs) -> str:
    """Of the databases that answer the one where the fewest people are in, or expected. Raises `ClusterAway`."""

    async def expected(lab: Lab) -> int:
        async with lab.pool.connection() as conn:
            return await people_expected(conn)

    found = await labs.ask_all(expected)
    if not found:
        raise ClusterAway(*labs.config.clusters)
    return min(found, key=lambda name: found[name])


async def _opened_in(request: Query, lab: Lab, known: str) -> OpenedSession | None:
    """None: it has not come yet. Raises a 404 for who is not on that session any more."""
    async with lab.pool.connection() as conn:
        session_id = await opened_by(conn, known)
    if session_id is None:
        return None
    await must_be_on(request, session_id, lab)
    async with lab.pool.connection() as conn:
        session, has_door = (
            await find_session(conn, session_id),
            await places_of(conn, session_id) is not None,
        )
    return OpenedSession(session, False, door_link=door_link(session_id, lab.config.public_url) * has_door)


def _shown_by_people(new: NewSession) -> list[str]:
    """Not a refusal: a pilot with a handful of people is a good idea, though some rooms can't fill then."""
    come = [one.type for one in new.before.through if one.has_link] if new.before else None
    types = Counter(come if come is not None else [one.type for one in new.people])
    known = check(new.study.files)
    return [one.sentence for one in check(new.study.files, types) if one not in known]
