"""Lists of people on the researcher's side: more people into a session, and its links again."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Sequence
from dataclasses import dataclass

from litestar import get, post
from litestar.response import Response

from app.database.connections import Connection
from app.players.links import as_csv, links_again, warning_of, with_tokens
from app.players.lists import PeopleError
from app.players.people import Listed, Person
from app.sessions.inviting import add_people, added_by, who_is_there
from app.sessions.sessions import Session, SessionError, find_session
from app.web.access import security
from app.web.auth import address_of
from app.web.lab import Query, lab_of
from app.web.researchers import ACTS, OWNS, study_of, who_asks
from app.web.responses import page, problem
from app.web.sent_lists import LARGEST_LIST, SentList, form_with_list, known_by, list_in, read_list


@dataclass(frozen=True, slots=True)
class Added:
    """`now`: by this very request; else by the same that came before."""

    session: Session
    now: bool
    people: Sequence[Person]  # with their tokens, as far as they are known
    many: int
    notes: Sequence[str]


@post("/sessions/{session_id:str}/people", needs=ACTS, request_max_body_size=LARGEST_LIST)
async def add_list(request: Query, session_id: str) -> Response[str]:
    """From a file, or from what was pasted. The answer has the links of those who were added, and no other does."""
    to = f"/admin/sessions/{session_id}"
    try:
        added = await add_sent(request, session_id, *await _sent(request))
    except SessionError as error:
        return problem(request, 409, str(error), to)
    except PeopleError as error:
        return problem(request, 422, f"{error} Nobody was added.", to)
    url = lab_of(request).config.public_url
    links = base64.b64encode(as_csv(added.people, url, session_id).encode()).decode()
    context = dict(session=added.session, many=added.many, notes=added.notes, links=links)
    return page("admin/added.html", context | dict(who=who_asks(request), warning=warning_of(url)))


async def add_sent(request: Query, session_id: str, sent: SentList, form: str) -> Added:
    """`form`: by what it is known if it comes again; then nobody is added twice.

    Raises SessionError and PeopleError.
    """
    lab, who = lab_of(request), who_asks(request)
    study = await study_of(request, session_id)
    lab.lists.check()
    async with lab.pool.connection() as conn:
        if await added_by(conn, session_id, form):
            return await _added(request, conn, session_id, form)
        there = await who_is_there(conn, session_id)
    async with lab.lists:
        listed = await asyncio.to_thread(read_list, sent, study, there)
    async with lab.pool.connection() as conn:
        async with conn.transaction():
            added = await add_people(conn, session_id, listed.people, who.name, form)
        return await _added(request, conn, session_id, form, listed if added else None)


async def _added(
    request: Query, conn: Connection, session_id: str, form: str, listed: Listed | None = None
) -> Added:
    """Whom a form has added, with their links; without `listed` it has come again, and its own tokens are not known."""
    numbers, who = await added_by(conn, session_id, form), who_asks(request)
    again = await links_again(conn, session_id, numbers)
    people = with_tokens(listed.people, again) if listed else again.people
    notes = listed.notes if listed else (again.lacking,) if again.others else ()
    address = address_of(request)
    await security.write(conn, "exported", who.name, address, session_id, file="links of those added")
    return Added(await find_session(conn, session_id), listed is not None, people, len(numbers), notes)


@get("/sessions/{session_id:str}/links.csv", needs=OWNS)
async def links_csv(request: Query, session_id: str) -> Response[bytes] | Response[str]:
    return await send_links(request, session_id)


async def send_links(request: Query, session_id: str) -> Response[bytes] | Response[str]:
    """Those that can be made again."""
    lab = lab_of(request)
    await study_of(request, session_id)
    async with lab.pool.connection() as conn, conn.transaction():
        session, again = await find_session(conn, session_id), await links_again(conn, session_id)
        if again.people:
            name, address = who_asks(request).name, address_of(request)
            await security.write(conn, "exported", name, address, session_id, file="links")
    if not again.people:
        sentence = f"No link of {session.name} can be made again: {again.why}"
        return problem(request, 409, sentence, f"/admin/sessions/{session_id}")
    return Response(
        as_csv(again.people, lab.config.public_url, session_id).encode(),
        media_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="links-{session_id}.csv"'},
    )


async def _sent(request: Query) -> tuple[SentList, str]:
    """The list, and by what the form is known if it comes again.

    Raises PeopleError, and a 400 for what no page of ours sends.
    """
    form = await form_with_list(request)
    sent = await list_in(form)
    if sent is None:
        raise PeopleError("The form", "has no list", "choose a file, or paste the list, and send it again")
    return sent, known_by(form, sent.content)


HANDLERS = [add_list, links_csv]
