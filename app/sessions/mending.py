"""What a hook has stopped tries again: as it is, or with another hooks.py and other pages for a paused session."""

from __future__ import annotations

import asyncio
from datetime import datetime

from app.database.connections import Connection
from app.database.queries import Queries
from app.rooms import stopped_rooms
from app.sessions import sessions
from app.sessions.sessions import SessionError
from app.study.hooks.uses import HOOKS_FILE
from app.study.model.study import Study
from app.study.pages import is_page
from app.study.reading import check
from app.study.stored import put_study, read_study
from app.study.syntax.mistakes import Mistake, StudyError

SQL = Queries(__name__)


async def retry(conn: Connection, session_id: str, room_id: int, at: datetime, by: str) -> str:
    """The room that stopped at `at`."""
    await sessions.lock_as(conn, session_id, by)
    if not await stopped_rooms.retry(conn, session_id, room_id, at):
        return "The room has been tried again already; nothing changed."
    return "The room tries again."


async def retry_seating(conn: Connection, session_id: str, at: datetime | None, by: str) -> str:
    """Seating that stopped at `at`; None: whenever it did."""
    await sessions.lock_as(conn, session_id, by)
    if not await stopped_rooms.retry_seating(conn, session_id, at):
        return "Seating has been tried again already; nothing changed."
    return "Seating tries again."


async def mend(conn: Connection, session_id: str, study: Study, by: str) -> str:
    """Put hooks.py and pages of `study` in the place of a paused session's; all rooms that wait try again. Twice does
    it once.

    The rest of the study must be as the session has it. The files as they were are kept, and exported. Raises
    StudyError with what is wrong now and was not: the session goes on with what an earlier version let it open with.
    """
    session = await sessions.lock_as(conn, session_id, by)
    before = await read_study(conn, session_id)
    changed = sorted(
        name for name in {*before.files, *study.files} if before.files.get(name) != study.files.get(name)
    )
    if not changed:
        return "All files are as in the session already; nothing changed."
    if session.status != "paused":
        raise SessionError(
            f"{session.name} is {session.status}. Pause it first: no hook may be half way through."
        )
    others = [name for name in changed if not _can_be_mended(name, before, study)]
    if others:
        raise SessionError(
            f"{others[0]} is not as in the session. Only {HOOKS_FILE} and the pages that it has can be mended while a"
            " session runs; `networklab export` has the study as it is there."
        )
    if wrong := await asyncio.to_thread(_newly_wrong, before, study):
        raise StudyError(wrong)
    for path in changed:
        await conn.execute(SQL["keep_before"], dict(session_id=session_id, path=path, by=by))
    await put_study(conn, session_id, study)
    await stopped_rooms.retry_seating(conn, session_id)
    tried = await stopped_rooms.retry(conn, session_id)
    again = f"{tried} rooms try again" if tried != 1 else "1 room tries again"
    what = changed[0] if len(changed) == 1 else f"{', '.join(changed[:-1])} and {changed[-1]}"
    return f"{session.name} has the new {what}; {again} when it is resumed."


def _newly_wrong(before: Study, study: Study) -> list[Mistake]:
    """A large study takes a second, in which others are to be served."""
    known = {mistake.sentence for mistake in check(before.files)}
    return [one for one in check(study.files) if one.grave and one.sentence not in known]


def _can_be_mended(name: str, before: Study, study: Study) -> bool:
    return name == HOOKS_FILE or (is_page(name) and name in before.files and name in study.files)
