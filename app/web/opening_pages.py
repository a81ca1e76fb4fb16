"""A new session from the browser: of a kept study, or again of the study of another session, with its settings."""

from __future__ import annotations

import asyncio
import base64
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from litestar import get, post
from litestar.datastructures import FormMultiDict
from litestar.exceptions import ClientException, NotFoundException
from litestar.response import Redirect, Response

from app.database.connections import Connection
from app.players.door import Places, places_of
from app.players.links import as_csv, door_link, links_again, warning_of, with_tokens
from app.players.lists import PeopleError
from app.players.people import Listed
from app.players.tokens import new_token
from app.sessions.going_on import ON_PAGE, Before, find_before, notes_without
from app.sessions.sessions import OpenedAlready, Session, SessionError, find_session, list_sessions, opened_by
from app.sessions.starts import start_time
from app.sessions.waves import wave_of
from app.study import shelf
from app.study.model.study import Study
from app.study.reading import check, parse
from app.study.syntax.mistakes import StudyError
from app.web.access import rights, security
from app.web.auth import address_of
from app.web.drawn import qr_picture
from app.web.forms import whole
from app.web.lab import Query, lab_of
from app.web.new_sessions import JustOpened, NewSession, elsewhere, open_wanted, refuse_scripts
from app.web.researchers import ACTS, MAKES, study_of, who_asks
from app.web.responses import page
from app.web.sent_lists import LARGEST_LIST, SentList, form_with_list, known_by, list_in, read_list

LONGEST_NAME = 200
MOST_PLACES, MOST_EXTRA = 100_000, 1000  # people, and so many % more


@dataclass(slots=True)
class OpeningForm:
    """What the form says, as it says it, and beside which of its fields something is wrong."""

    said: defaultdict[str, str]
    sent: SentList | None = None
    wrong: dict[str, str] = field(default_factory=dict)

    def says(self, name: str) -> str:
        return self.said.get(name, "").strip()


@dataclass(frozen=True, slots=True)
class Origin:
    """Which study it is of, and where the form stands."""

    study: Study
    here: str
    back: str
    title: str
    said: Mapping[str, str]  # as the form stands at first


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
    async with lab.pool.connection() as conn:
        versions = await shelf.versions_of(conn, study_id)
        found = next((one for one in versions if one.number == number), None)
        if found is None or not found.can_run:
            raise NotFoundException(
                "There is no such study here that can run. Go on from the list of studies."
            )
        files = await shelf.files_of(conn, found)
    back = f"/admin/studies/{study_id}/versions/{number}"
    lab.readings.check()
    try:
        async with lab.readings:
            study = await asyncio.to_thread(parse, files)
    except StudyError:
        raise ClientException(
            "NetworkLab is newer than this study’s check, and finds more. Check it again, on the study’s page, first.",
            status_code=409,
        ) from None
    said = dict(name=study.title, door="" if study.types else "yes", who="all", zone="UTC")
    return Origin(study, f"{back}/open", back, f"{found.title}, version {number}", said)


async def _of_session(request: Query, session_id: str) -> Origin:
    study = await study_of(request, session_id)
    async with lab_of(request).pool.connection() as conn:
        session, places = await find_session(conn, session_id), await places_of(conn, session_id)
        wave = await wave_of(conn, session_id)
        restricted = bool(await rights.given_on(conn, session_id))
    said = dict(name=session.name, who="me" if restricted else "all", zone="UTC")
    if places is not None:
        said |= dict(
            door="yes", places=str(places.most or ""), extra=f"{100 * places.extra:.0f}".removeprefix("0")
        )
    if wave is not None:
        said |= dict(before=wave.session_id, outcomes=", ".join(wave.outcomes))
    back = f"/admin/sessions/{session_id}"
    return Origin(study, f"{back}/again", back, f"{session.name}, again", said)


async def _form(request: Query, origin: Origin, wanted: OpeningForm | None = None) -> Response[str]:
    wanted = wanted or OpeningForm(defaultdict(str, origin.said))
    url = lab_of(request).config.public_url
    context = dict(
        who=who_asks(request), origin=origin, study=origin.study, said=wanted.said, wrong=wanted.wrong
    )
    async with lab_of(request).pool.connection() as conn:
        context["earlier"] = await _may_go_on_from(conn, who_asks(request).name)
    context |= dict(form_key=wanted.says("form_key") or new_token(12), warning=warning_of(url))
    return page("admin/opening.html", context, 422 if wanted.wrong else 200)


async def _open(request: Query, origin: Origin) -> Response[str] | Redirect:
    lab, who, form = lab_of(request), who_asks(request), await form_with_list(request)
    wanted = OpeningForm(_texts(form), await list_in(form))
    known = known_by(
        form, repr(sorted(wanted.said.items())).encode() + (wanted.sent.content if wanted.sent else b"")
    )
    if opened := await _before(request, known):
        return opened
    lab.exports.check()
    async with lab.exports:
        listed = await _listed(wanted, origin.study)
    places, start_at = _places(wanted), _start(wanted)
    async with lab.pool.connection() as conn:
        before = await _earlier(conn, wanted, origin.study, who.name)
    try:
        refuse_scripts(origin.study, lab.config.play_url)
    except SessionError as error:
        wanted.wrong["form"] = str(error)
    if wanted.wrong:
        return await _form(request, origin, wanted)
    owners = [who.name] if wanted.says("who") == "me" else []
    new = NewSession(
        origin.study,
        listed.people,
        wanted.says("name") or None,
        start_at,
        places,
        owners,
        before.wave if before else None,
        known,
    )
    try:
        async with lab.pool.connection() as conn, conn.transaction():
            made = await open_wanted(conn, new, who.name)
            told: dict[str, Any] = dict(people=made.people, door=places is not None)
            await security.write(
                conn, "session_opened", who.name, address_of(request), made.session.id, **told
            )
            return await _opened(request, conn, origin, made, listed, before)
    except SessionError as error:
        if isinstance(error, OpenedAlready) and (opened := await _before(request, known)):
            return opened
        wanted.wrong["form"] = str(error)
        return await _form(request, origin, wanted)


async def _before(request: Query, known: str) -> Redirect | None:
    """To the session that this very form has opened; None: it has not come yet."""
    async with lab_of(request).pool.connection() as conn:
        session_id = await opened_by(conn, known)
    return Redirect(f"/admin/sessions/{session_id}", status_code=303) if session_id else None


async def _opened(
    request: Query,
    conn: Connection,
    origin: Origin,
    made: JustOpened,
    listed: Listed,
    before: Before | None,
) -> Response[str]:
    """The links of a list stand on this page and on no other."""
    session, url, study = made.session, lab_of(request).config.public_url, origin.study
    places = await places_of(conn, session.id)
    notes = [*listed.notes, *elsewhere(made.shared)]
    notes += before.notes if before else notes_without(study, ON_PAGE)
    if places is None:
        come = [one.type for one in before.through if one.has_link] if before else None
        types = Counter(come if come is not None else [one.type for one in listed.people])
        notes += await asyncio.to_thread(_shown_by_people, study, types)
    context: dict[str, Any] = dict(
        who=who_asks(request), session=session, study=study, many=made.people, links="", before=before
    )
    if listed.people:
        people = with_tokens(listed.people, await links_again(conn, session.id))
        context["links"] = base64.b64encode(as_csv(people, url).encode()).decode()
    link = door_link(session.id, url) if places is not None else ""
    context |= dict(door_link=link, door_picture=qr_picture(link) if link else "", warning=warning_of(url))
    return page("admin/opened.html", context | dict(notes=notes))


def _shown_by_people(study: Study, types: Counter[str]) -> list[str]:
    """Not a refusal: a pilot with a handful of people is a good idea, though some rooms can't fill then."""
    known = check(study.files)
    return [one.sentence for one in check(study.files, types) if one not in known]


def _texts(form: FormMultiDict) -> defaultdict[str, str]:
    """Empty where nothing was said."""
    return defaultdict(str, {name: one for name, one in form.multi_items() if isinstance(one, str)})


async def _listed(wanted: OpeningForm, study: Study) -> Listed:
    if wanted.sent is None:
        if not wanted.says("door") and not wanted.says("before"):
            wanted.wrong["list"] = (
                "Nobody could come in: give a list, or tick the link for everybody, or both, or let it go on from"
                " another session."
            )
        return Listed(())
    try:
        return await asyncio.to_thread(read_list, wanted.sent, study)
    except PeopleError as error:
        wanted.wrong["list"] = str(error)
        return Listed(())


async def _may_go_on_from(conn: Connection, name: str) -> list[Session]:
    """The sessions whose people this account may invite again, and whose answers it may have, newest first."""
    mine = await rights.rights_of(conn, name)
    return [one for one in await list_sessions(conn) if _may_invite_from(mine.get(one.id))]


def _may_invite_from(right: rights.Right | None) -> bool:
    return right is not None and right.acts and right.files


async def _earlier(conn: Connection, wanted: OpeningForm, study: Study, name: str) -> Before | None:
    """What it goes on from; None: from nothing, or from what it can't."""
    session_id, outcomes = wanted.says("before"), wanted.says("outcomes")
    if not session_id:
        if outcomes:
            wanted.wrong["before"] = "Choose the session, too, or say nothing of how it ended there."
        return None
    if not _may_invite_from(await rights.right_on(conn, session_id, name)):
        wanted.wrong["before"] = (
            "There is no such session whose people you may invite and whose answers you may have."
        )
    elif wanted.sent is not None:
        wanted.wrong["list"] = (
            "Those who were in the session before are invited. Leave the list out, and add others later, on the"
            " session’s page."
        )
    else:
        try:
            return await find_before(
                conn, session_id, outcomes or None, study, bool(wanted.says("door")), ON_PAGE
            )
        except (SessionError, StudyError) as error:
            wanted.wrong["before"] = str(error)
    return None


def _places(wanted: OpeningForm) -> Places | None:
    """Of the link for everybody; None: there is none."""
    most, extra = wanted.says("places"), wanted.says("extra").rstrip("% ")
    if not wanted.says("door"):
        if most or extra:
            wanted.wrong["places"] = "Places are of the link for everybody. Tick it, too, or leave them out."
        return None
    for text, what, limit in (
        (most, "Places", MOST_PLACES),
        (extra, "The share of extra ones", MOST_EXTRA),
    ):
        if text and whole(text, limit) is None:
            wanted.wrong["places"] = (
                f"{what} must be a whole number up to {limit:,}, or nothing: “{text[:40]}” is none."
            )
            return None
    if most and not int(most):
        wanted.wrong["places"] = "With no places nobody could come in. Write 1 or more, or nothing."
    elif extra and int(extra) and not most:
        wanted.wrong["places"] = "The share is of the places. Say how many there are, or leave it out."
    return (
        None if "places" in wanted.wrong else Places(int(most) if most else None, Decimal(extra or 0) / 100)
    )


def _start(wanted: OpeningForm) -> datetime | None:
    if len(wanted.says("name")) > LONGEST_NAME or not wanted.says("name").isprintable():
        wanted.wrong["name"] = (
            f"The name is too long, or has what can’t be seen: {LONGEST_NAME} letters at the most."
        )
    if not wanted.says("at"):
        return None
    try:
        return start_time(wanted.says("at"), wanted.says("zone"))
    except SessionError as error:
        wanted.wrong["at"] = str(error)
        return None


HANDLERS = [opening_page, open_version, again_page, open_again]
