"""A new session from the browser: of a kept study, or again of the study of another session, with its settings."""

from __future__ import annotations

import asyncio
import base64
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from litestar import get, post
from litestar.datastructures import FormMultiDict
from litestar.response import Redirect, Response

from app.database.connections import Connection
from app.players.door import places_of
from app.players.links import as_csv, door_link, links_again, warning_of, with_tokens
from app.players.tokens import new_token
from app.sessions.going_on import ON_PAGE, notes_without
from app.sessions.sessions import OpenedAlready, SessionError, find_session, opened_by
from app.sessions.waves import wave_of
from app.study import shelf
from app.study.model.study import Study
from app.study.reading import check, parse
from app.study.syntax.mistakes import StudyError
from app.web.access import rights, security
from app.web.auth import address_of
from app.web.drawn import qr_picture
from app.web.lab import Query, lab_of
from app.web.new_sessions import JustOpened, NewSession, elsewhere, open_wanted, refuse_scripts
from app.web.opening_forms import (
    OpeningForm,
    before_in,
    listed_in,
    may_go_on_from,
    may_invite_from,
    places_in,
    start_in,
)
from app.web.researchers import ACTS, MAKES, study_of, who_asks
from app.web.responses import SentOn, page
from app.web.sent_lists import LARGEST_LIST, form_with_list, known_by, list_in
from app.web.studies.finding import find_version


@dataclass(frozen=True, slots=True)
class Origin:
    """Which study it is of, and where the form stands."""

    study: Study
    here: str
    back: str
    title: str
    said: Mapping[str, str]  # as the form stands at first
    lacks_before: bool = False  # it went on from a session whose people whoever asks may not invite


@get("/studies/{study_id:str}/versions/{number:int}/open", needs=MAKES)
async def opening_page(request: Query, study_id: str, number: int) -> Response[str]:
    return await _form(request, await _of_version(request, study_id, number))


@post("/studies/{study_id:str}/versions/{number:int}/open", needs=MAKES, request_max_body_size=LARGEST_LIST)
async def open_version(request: Query, study_id: str, number: int) -> Response[str] | Redirect:
    return await _open(request, await _of_version(request, study_id, number))


@get("/sessions/{session_id:str}/again", needs=ACTS)
async def again_page(request: Query, session_id: str) -> Response[str]:
    return await _form(request, await _of_session(request, session_id))


@post("/sessions/{session_id:str}/again", needs=ACTS, request_max_body_size=LARGEST_LIST)
async def open_again(request: Query, session_id: str) -> Response[str] | Redirect:
    """The same study once more, in a session of its own."""
    return await _open(request, await _of_session(request, session_id))


async def _of_version(request: Query, study_id: str, number: int) -> Origin:
    lab = lab_of(request)
    found, _ = await find_version(request, study_id, number)
    back = f"/admin/studies/{study_id}/versions/{number}"
    if not found.can_run:
        raise SentOn(409, "This version can’t run yet: its page says what the check found.", back)
    async with lab.pool.connection() as conn:
        files = await shelf.files_of(conn, found)
    lab.readings.check()
    try:
        async with lab.readings:
            study = await asyncio.to_thread(parse, files)
    except StudyError:
        raise SentOn(
            409,
            "NetworkLab is newer than this study’s check, and finds more. Check it again, on the study’s page, first.",
            back,
        ) from None
    said = dict(name=study.title, door="" if study.types else "yes", who="all", zone="UTC")
    return Origin(study, f"{back}/open", back, f"{found.title}, version {number}", said)


async def _of_session(request: Query, session_id: str) -> Origin:
    study, name = await study_of(request, session_id), who_asks(request).name
    async with lab_of(request).pool.connection() as conn:
        session, places = await find_session(conn, session_id), await places_of(conn, session_id)
        wave = await wave_of(conn, session_id)
        may = wave is not None and may_invite_from(await rights.right_on(conn, wave.session_id, name))
        is_mine = bool(await rights.given_on(conn, session_id))
        as_before = wave is not None and may and bool(await rights.given_on(conn, wave.session_id))
    said = dict(name=session.name, who="me" if is_mine and not as_before else "all", zone="UTC")
    if places is not None:
        said |= dict(
            door="yes", places=str(places.most or ""), extra=f"{100 * places.extra:.0f}".removeprefix("0")
        )
    if wave is not None and may:
        said |= dict(before=wave.session_id, outcomes=", ".join(wave.outcomes))
    back = f"/admin/sessions/{session_id}"
    return Origin(study, f"{back}/again", back, f"{session.name}, again", said, wave is not None and not may)


async def _form(request: Query, origin: Origin, wanted: OpeningForm | None = None) -> Response[str]:
    wanted = wanted or OpeningForm(defaultdict(str, origin.said))
    url = lab_of(request).config.public_url
    context = dict(
        who=who_asks(request), origin=origin, study=origin.study, said=wanted.said, wrong=wanted.wrong
    )
    async with lab_of(request).pool.connection() as conn:
        context["earlier"] = await may_go_on_from(conn, who_asks(request).name)
    context |= dict(form_key=wanted.says("form_key") or new_token(12), warning=warning_of(url))
    return page("admin/opening.html", context, 422 if wanted.wrong else 200)


async def _open(request: Query, origin: Origin) -> Response[str] | Redirect:
    lab, who, form = lab_of(request), who_asks(request), await form_with_list(request)
    wanted = OpeningForm(_texts(form), await list_in(form))
    known = known_by(
        form, repr(sorted(wanted.said.items())).encode() + (wanted.sent.content if wanted.sent else b"")
    )
    if opened := await _opened_already(request, known):
        return opened
    lab.exports.check()
    async with lab.exports:
        listed = await listed_in(wanted, origin.study)
    places, start_at = places_in(wanted), start_in(wanted)
    before = await before_in(lab, wanted, origin.study, who.name)
    try:
        refuse_scripts(origin.study, lab.config.play_url)
    except SessionError as error:
        wanted.wrong["form"] = str(error)
    if wanted.wrong:
        return await _form(request, origin, wanted)
    owners = [who.name] if wanted.says("who") == "me" else []
    name = wanted.says("name") or None
    new = NewSession(origin.study, listed.people, name, start_at, places, owners, before, known)
    fits = [] if places else await asyncio.to_thread(_shown_by_people, new)
    try:
        async with lab.pool.connection() as conn, conn.transaction():
            made = await open_wanted(conn, new, who.name)
            told: dict[str, Any] = dict(people=made.people, door=places is not None)
            await security.write(
                conn, "session_opened", who.name, address_of(request), made.session.id, **told
            )
            notes = [*listed.notes, *elsewhere(made.shared, await rights.rights_of(conn, who.name))]
            notes += [*made.notes, *(before.notes if before else notes_without(origin.study, ON_PAGE)), *fits]
            return await _opened(request, conn, new, made, notes)
    except SessionError as error:
        if isinstance(error, OpenedAlready) and (opened := await _opened_already(request, known)):
            return opened
        wanted.wrong["form"] = str(error)
        return await _form(request, origin, wanted)


async def _opened_already(request: Query, known: str) -> Redirect | None:
    """To the session that this very form has opened; None: it has not come yet."""
    async with lab_of(request).pool.connection() as conn:
        session_id = await opened_by(conn, known)
    return Redirect(f"/admin/sessions/{session_id}", status_code=303) if session_id else None


async def _opened(
    request: Query, conn: Connection, new: NewSession, made: JustOpened, notes: Sequence[str]
) -> Response[str]:
    """The links of a list stand on this page and on no other."""
    session, url = made.session, lab_of(request).config.public_url
    context: dict[str, Any] = dict(who=who_asks(request), session=session, study=new.study, links="")
    context |= dict(many=made.people, before=new.before, notes=notes)
    if new.people:
        people = with_tokens(new.people, await links_again(conn, session.id))
        context["links"] = base64.b64encode(as_csv(people, url).encode()).decode()
    link = door_link(session.id, url) if new.places else ""
    context |= dict(door_link=link, door_picture=qr_picture(link) if link else "", warning=warning_of(url))
    return page("admin/opened.html", context)


def _shown_by_people(new: NewSession) -> list[str]:
    """Not a refusal: a pilot with a handful of people is a good idea, though some rooms can't fill then."""
    come = [one.type for one in new.before.through if one.has_link] if new.before else None
    types = Counter(come if come is not None else [one.type for one in new.people])
    known = check(new.study.files)
    return [one.sentence for one in check(new.study.files, types) if one not in known]


def _texts(form: FormMultiDict) -> defaultdict[str, str]:
    """Empty where nothing was said."""
    return defaultdict(str, {name: one for name, one in form.multi_items() if isinstance(one, str)})


HANDLERS = [opening_page, open_version, again_page, open_again]
