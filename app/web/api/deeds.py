"""What programs do to sessions: open one, add people, and press the buttons of its page. Twice does it once."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from litestar import post
from litestar.exceptions import HTTPException
from litestar.params import FromPath
from litestar.response import Response

from app.players.links import link_of
from app.players.people import Person
from app.sessions.mending import mend
from app.study.model.study import Study
from app.study.reading import parse
from app.web.access import rights
from app.web.api.bodies import (
    CREATES,
    LARGEST,
    BannerText,
    IdempotencyKey,
    KindToSeat,
    MaybeIdempotencyKey,
    MendedFiles,
    PeopleToAdd,
    PlacesByLink,
    SessionToOpen,
    StartMoment,
    StopMoment,
    known_by,
)
from app.web.api.doing import do, said_once
from app.web.api.shapes import AddedPeople, DoneDeed, JoinLink, SessionOpened
from app.web.lab import Query, lab_of
from app.web.list_pages import add_sent
from app.web.opening_forms import OpeningForm
from app.web.opening_pages import is_kept_to_some, study_again, study_of_version
from app.web.openings import open_by
from app.web.program_words import as_to_program
from app.web.researchers import ACTS, MAKES, study_of, who_asks
from app.web.sent_lists import LARGEST_LIST, SentList
from app.web.session_pages import SESSION_ACTIONS

FIELDS = dict(at="start_at", form="", places="places")  # of a page's form, by their names here


class NotOpened(Exception):
    """`wrong`: what, by the name of the field; what is about none has none."""

    def __init__(self, wrong: dict[str, str]) -> None:
        super().__init__(" ".join(wrong.values()))
        self.wrong = {FIELDS.get(name, name): as_to_program(said) for name, said in wrong.items()}


@post(
    "/studies/{study_id:str}/versions/{number:int}/sessions",
    needs=MAKES,
    request_max_body_size=LARGEST,
    **CREATES,
)
async def open_session_of_version(
    request: Query,
    study_id: FromPath[str],
    number: FromPath[int],
    data: SessionToOpen,
    idempotency_key: IdempotencyKey,
) -> Response[SessionOpened]:
    """A new session with its door open: people can sign in and wait. The answer has the join links of a list, which
    nobody can make again where the list has its own tokens. The same request once more answers 200, without them."""
    study, _ = await study_of_version(request, study_id, number)
    alone = await is_kept_to_some(request, study_id)
    return await _open(request, study, data, idempotency_key, alone)


@post(
    "/sessions/{session_id:str}/again",
    needs=ACTS,
    request_max_body_size=LARGEST,
    **CREATES,
)
async def open_session_again(
    request: Query, session_id: FromPath[str], data: SessionToOpen, idempotency_key: IdempotencyKey
) -> Response[SessionOpened]:
    """A new session of the study that this one runs, with settings of its own."""
    study = await study_again(request, session_id)
    async with lab_of(request).pool.connection() as conn:
        alone = bool(await rights.given_on(conn, session_id))
    return await _open(request, study, data, idempotency_key, alone)


@post(
    "/sessions/{session_id:str}/people",
    needs=ACTS,
    request_max_body_size=LARGEST,
    **CREATES,
)
async def add_people(
    request: Query, session_id: FromPath[str], data: PeopleToAdd, idempotency_key: IdempotencyKey
) -> Response[AddedPeople]:
    """More people into a session that is open or running. The same request once more adds nobody."""
    sent = _list(data.list)
    form = known_by(who_asks(request).name, idempotency_key, session_id.encode() + b"\0" + sent.content)
    added = await add_sent(request, session_id, sent, form)
    told = AddedPeople(
        added=added.many, links=_links(request, added.people, session_id), notes=[*added.notes]
    )
    return Response(told, status_code=201 if added.now else 200)


@post("/sessions/{session_id:str}/start", needs=ACTS, status_code=200)
async def start(request: Query, session_id: FromPath[str]) -> DoneDeed:
    """Seating begins. Again changes nothing, as with all of these."""
    return await _do(request, session_id, "start")


@post("/sessions/{session_id:str}/pause", needs=ACTS, status_code=200)
async def pause(request: Query, session_id: FromPath[str]) -> DoneDeed:
    """Everything stands still."""
    return await _do(request, session_id, "pause")


@post("/sessions/{session_id:str}/resume", needs=ACTS, status_code=200)
async def resume(request: Query, session_id: FromPath[str]) -> DoneDeed:
    """It goes on; every deadline moves by the length of the pause."""
    return await _do(request, session_id, "resume")


@post("/sessions/{session_id:str}/close", needs=ACTS, status_code=200)
async def close(request: Query, session_id: FromPath[str]) -> DoneDeed:
    """Nobody comes in any more, rooms end, everybody who came has a code. It can't be opened again."""
    return await _do(request, session_id, "close")


@post("/sessions/{session_id:str}/archive", needs=ACTS, status_code=200)
async def archive(request: Query, session_id: FromPath[str]) -> DoneDeed:
    """A closed session out of the list. Nothing is deleted."""
    return await _do(request, session_id, "archive")


@post("/sessions/{session_id:str}/unarchive", needs=ACTS, status_code=200)
async def unarchive(request: Query, session_id: FromPath[str]) -> DoneDeed:
    """Into the list again."""
    return await _do(request, session_id, "archive", back="yes")


@post("/sessions/{session_id:str}/start-time", needs=ACTS, status_code=200)
async def move_start(request: Query, session_id: FromPath[str], data: StartMoment) -> DoneDeed:
    """When it starts by itself."""
    return await _do(request, session_id, "move-start", at=data.at, zone=data.zone)


@post("/sessions/{session_id:str}/places", needs=ACTS, status_code=200)
async def change_places(request: Query, session_id: FromPath[str], data: PlacesByLink) -> DoneDeed:
    """How many are to come to the end by the link for everybody."""
    return await _do(request, session_id, "places", places=str(data.places or ""), extra=str(data.extra))


@post("/sessions/{session_id:str}/banner", needs=ACTS, status_code=200)
async def tell_everybody(
    request: Query, session_id: FromPath[str], data: BannerText, idempotency_key: MaybeIdempotencyKey = None
) -> DoneDeed:
    """A sentence on every player's page, in place of the one before. Without an `Idempotency-Key` each request is one
    more that was said."""
    form_key = said_once(request, idempotency_key, data.body)
    return await _do(request, session_id, "banner", body=data.body, form_key=form_key)


@post("/sessions/{session_id:str}/seat", needs=ACTS, status_code=200)
async def seat_now(request: Query, session_id: FromPath[str], data: KindToSeat) -> DoneDeed:
    """Rooms of this kind take those who wait, without their waiting any longer."""
    return await _do(request, session_id, "seat", kind=data.kind)


@post("/sessions/{session_id:str}/retry-seating", needs=ACTS, status_code=200)
async def retry_seating(request: Query, session_id: FromPath[str], data: StopMoment) -> DoneDeed:
    """Seating that a hook has stopped tries again."""
    return await _do(request, session_id, "retry-seating", at=data.at.isoformat())


@post("/sessions/{session_id:str}/mend", needs=ACTS, status_code=200, request_max_body_size=LARGEST)
async def mend_session(request: Query, session_id: FromPath[str], data: MendedFiles) -> DoneDeed:
    """Another `hooks.py`, or other pages, for a paused session: what a hook has stopped tries again as it is resumed.
    Files that are not named stay as they are."""
    lab, before = lab_of(request), await study_of(request, session_id)
    lab.readings.check()
    async with lab.readings:
        files = {name: text.encode() for name, text in data.files.items()}
        study = await asyncio.to_thread(parse, {**before.files, **files}, opened=True)
        async with lab.pool.connection() as conn, conn.transaction():
            said = await mend(conn, session_id, study, who_asks(request).name)
    return DoneDeed(session=session_id, said=said)


async def _do(request: Query, session_id: str, action: str, **said: str) -> DoneDeed:
    return await do(request, session_id, SESSION_ACTIONS[action], said)


async def _open(
    request: Query, study: Study, data: SessionToOpen, key: str, alone: bool
) -> Response[SessionOpened]:
    """`alone`: only who opens it sees it, unless the body says who does."""
    who, said = who_asks(request).name, data.said()
    sent = _list(data.list) if data.list.strip() else None
    at = f"{request.url.path.rstrip('/')} {study.sha256} {sorted(said.items())!r}"  # as it came, not as it is meant
    known = known_by(who, key, at.encode() + b"\0" + (sent.content if sent else b""))
    said["who"] = said["who"] or ("me" if alone and not data.before else "all")
    wanted = OpeningForm(defaultdict(str, said), sent)
    opened = await open_by(request, study, wanted, known)
    if opened is None:
        raise NotOpened(wanted.wrong)
    told = SessionOpened(
        session=opened.session.id,
        name=opened.session.name,
        players=opened.many if opened.now else None,
        door=opened.door_link or None,
        links=_links(request, opened.people, opened.session.id),
        notes=[*map(as_to_program, opened.notes)],
    )
    return Response(told, status_code=201 if opened.now else 200)


def _list(text: str) -> SentList:
    sent = SentList("The list", text.encode("utf-8"))
    if len(sent.content) > LARGEST_LIST:
        raise HTTPException(status_code=413, detail="The list is larger than 2 MB: add people in parts.")
    return sent


def _links(request: Query, people: Sequence[Person], session_id: str) -> list[JoinLink]:
    url = lab_of(request).config.public_url
    return [JoinLink(label=one.label, type=one.type, link=link_of(one, url, session_id)) for one in people]


HANDLERS: list[Any] = [open_session_of_version, open_session_again, add_people, start, pause, resume, close]
HANDLERS += [
    archive,
    unarchive,
    move_start,
    change_places,
    tell_everybody,
    seat_now,
    retry_seating,
    mend_session,
]
