"""A new session from the browser: of a kept study, or again of the study of another session, with its settings."""

from __future__ import annotations

import asyncio
import base64
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from litestar import get, post
from litestar.datastructures import FormMultiDict
from litestar.response import Redirect, Response

from app.players.door import places_of
from app.players.links import as_csv, warning_of
from app.players.tokens import new_token
from app.sessions.sessions import Session, find_session
from app.sessions.waves import wave_of
from app.study import shelf
from app.study.model.study import Study
from app.study.reading import parse
from app.study.shelf import KeptVersion
from app.study.syntax.mistakes import StudyError
from app.web.access import rights, study_rights
from app.web.drawn import qr_picture
from app.web.lab import Lab, Query, lab_of
from app.web.labs import Labs, everywhere
from app.web.opening_forms import (
    OpeningForm,
    may_go_on_from,
    may_invite_from,
)
from app.web.openings import OpenedSession, open_by, roomiest
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
    study, found = await study_of_version(request, study_id, number)
    back = f"/admin/studies/{study_id}/versions/{number}"
    sees = "me" if await is_kept_to_some(request, study_id) else "all"
    said = dict(name=study.title, door="" if study.types else "yes", who=sees, zone="UTC")
    return Origin(study, f"{back}/open", back, f"{found.title}, version {number}", said)


async def is_kept_to_some(request: Query, study_id: str) -> bool:
    """Whether not everybody who may open sessions sees the study: then its session is not everybody's unasked."""
    async with lab_of(request).pool.connection() as conn:
        given = (await study_rights.all_given(conn)).get(study_id)
    return given is None or given.restricted


async def study_of_version(request: Query, study_id: str, number: int) -> tuple[Study, KeptVersion]:
    """Of one that can run. Raises a 404, and a 409 where a newer NetworkLab finds more in it."""
    lab = lab_of(request)
    found, _ = await find_version(request, study_id, number)
    back = f"/admin/studies/{study_id}/versions/{number}"
    if not found.can_run:
        raise SentOn(409, "This version can’t run yet: its page says what the check found.", back)
    async with lab.pool.connection() as conn:
        files = await shelf.files_of(conn, found)
    sentence = (
        "NetworkLab is newer than this study’s check, and finds more. First check it again, on its page."
    )
    return await _checked(request, files, sentence, back), found


async def _checked(request: Query, files: Mapping[str, bytes], sentence: str, back: str) -> Study:
    """As a session may be opened with it. Raises a 409 where this NetworkLab finds more than an older one."""
    lab = lab_of(request)
    lab.readings.check()
    try:
        async with lab.readings:
            return await asyncio.to_thread(parse, files)
    except StudyError:
        raise SentOn(409, sentence, back) from None


async def study_again(request: Query, session_id: str) -> Study:
    """The study of a session, for another one. Raises a 409 where a newer NetworkLab finds more in it."""
    study = await study_of(request, session_id)
    sentence = (
        "NetworkLab is newer than this session, and finds more in its study. Upload the study, mend what its check"
        " says, and open that."
    )
    return await _checked(request, study.files, sentence, f"/admin/sessions/{session_id}")


async def _of_session(request: Query, session_id: str) -> Origin:
    study, name = await study_again(request, session_id), who_asks(request).name
    back = f"/admin/sessions/{session_id}"
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
    return Origin(study, f"{back}/again", back, f"{session.name}, again", said, wave is not None and not may)


async def _form(request: Query, origin: Origin, wanted: OpeningForm | None = None) -> Response[str]:
    wanted = wanted or OpeningForm(defaultdict(str, origin.said))
    url = lab_of(request).config.public_url
    context = dict(
        who=who_asks(request), origin=origin, study=origin.study, said=wanted.said, wrong=wanted.wrong
    )
    context["earlier"] = await _may_go_on_from(request)
    labs: Labs | None = request.app.state.labs
    if labs is not None:
        context |= dict(clusters=[*labs.present()], roomy=await roomiest(labs))
    context |= dict(form_key=wanted.says("form_key") or new_token(12), warning=warning_of(url))
    return page("admin/opening.html", context, 422 if wanted.wrong else 200)


async def _may_go_on_from(request: Query) -> list[Session]:
    name = who_asks(request).name

    async def there(lab: Lab) -> list[Session]:
        async with lab.pool.connection() as conn:
            return await may_go_on_from(conn, name)

    found, _ = await everywhere(request, there)
    return [one for sessions in found.values() for one in sessions]


async def _open(request: Query, origin: Origin) -> Response[str] | Redirect:
    form = await form_with_list(request)
    wanted = OpeningForm(_texts(form), await list_in(form))
    said = repr(sorted(wanted.said.items())).encode() + (wanted.sent.content if wanted.sent else b"")
    opened = await open_by(request, origin.study, wanted, known_by(form, said))
    if opened is None:
        return await _form(request, origin, wanted)
    if not opened.now:
        return Redirect(f"/admin/sessions/{opened.session.id}", status_code=303)
    return _opened(request, origin, opened)


def _opened(request: Query, origin: Origin, opened: OpenedSession) -> Response[str]:
    """The links of a list stand on this page and on no other."""
    url, link = lab_of(request).config.public_url, opened.door_link
    links = (
        base64.b64encode(as_csv(opened.people, url, opened.session.id).encode()).decode()
        if opened.people
        else ""
    )
    context: dict[str, Any] = dict(who=who_asks(request), session=opened.session, study=origin.study)
    context |= dict(many=opened.many, links=links, before=opened.before, notes=opened.notes)
    context |= dict(door_link=link, door_picture=qr_picture(link) if link else "", warning=warning_of(url))
    return page("admin/opened.html", context)


def _texts(form: FormMultiDict) -> defaultdict[str, str]:
    """Empty where nothing was said."""
    return defaultdict(str, {name: one for name, one in form.multi_items() if isinstance(one, str)})


HANDLERS = [opening_page, open_version, again_page, open_again]
