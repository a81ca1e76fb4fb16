"""Another hooks.py for a paused session: the rooms that its hooks had stopped try again with it."""

from __future__ import annotations

from app.database.connections import Connection
from app.database.queries import Queries
from app.sessions import sessions, stopped_rooms
from app.sessions.sessions import SessionError
from app.sessions.studies import put_study, read_study
from app.study.hooks.uses import HOOKS_FILE
from app.study.model.study import Study

SQL = Queries(__name__)


async def mend(conn: Connection, session_id: str, study: Study, by: str) -> str:
    """Put the hooks.py of `study` in the place of a paused session's; all rooms that wait try again.

    The rest of the study must be as the session has it. The hooks as they were are kept, and exported.
    """
    session = await sessions.lock_as(conn, session_id, by)
    if session.status != "paused":
        raise SessionError(
            f"{session.name} is {session.status}. Pause it first: no hook may be half way through."
        )
    before = await read_study(conn, session_id)
    others = sorted(
        name
        for name in {*before.files, *study.files}
        if name != HOOKS_FILE and before.files.get(name) != study.files.get(name)
    )
    if others:
        raise SessionError(
            f"{others[0]} is not as in the session. Only {HOOKS_FILE} can be mended while a session runs;"
            " `networklab export` has the study as it is there."
        )
    if before.files.get(HOOKS_FILE) == study.files.get(HOOKS_FILE):
        raise SessionError(f"{HOOKS_FILE} is as in the session already; nothing changed.")
    await conn.execute(SQL["keep_before"], dict(session_id=session_id, path=HOOKS_FILE, by=by))
    await put_study(conn, session_id, study)
    tried = await stopped_rooms.retry_all(conn, session_id)
    again = f"{tried} rooms try again" if tried != 1 else "1 room tries again"
    return f"{session.name} has the new {HOOKS_FILE}; {again} when it is resumed."
