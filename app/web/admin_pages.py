"""The researcher's pages of the sessions: watch, act, take the data."""

from __future__ import annotations

from datetime import UTC, datetime

from litestar import get, post
from litestar.exceptions import NotFoundException
from litestar.response import Redirect, Response, Stream
from litestar.types import ASGIApp, Receive, Scope, Send

from app.database.connections import snapshot
from app.export import export, payments
from app.export.csv_stream import written
from app.players import notes
from app.players.people import new_token
from app.sessions import sessions
from app.sessions.actions import ACTIONS
from app.sessions.sessions import SessionError
from app.web.lab import Query, lab_of
from app.web.monitor.dashboard import tick_context
from app.web.monitor.figures import read_server
from app.web.monitor.ticks import read_tick
from app.web.researchers import NotLoggedIn, logged_in, owner, study_of
from app.web.responses import page, problem
from app.web.streams import refuse, send_stream


@get("/")
async def session_list(request: Query) -> Response[str]:
    account = await logged_in(request)
    async with lab_of(request).pool.connection() as conn:
        found = await sessions.list_sessions(conn)
    return page("admin/sessions.html", dict(sessions=found, account=account.name))


@get("/sessions/{session_id:str}")
async def session_page(request: Query, session_id: str, wall: bool = False) -> Response[str]:
    """`wall`: big figures for a projector, and nothing to click."""
    lab, who = lab_of(request), await logged_in(request)
    study = await study_of(request, session_id)
    async with lab.pool.connection() as conn:
        tick = await read_tick(conn, session_id, await read_server(conn))
        banner = await notes.banner_of(conn, session_id)
    context = dict(who=who, wall=wall, banner=banner, form_key=new_token(12))
    return page("admin/session.html", context | tick_context(tick, study))


@get("/sessions/{session_id:str}/live")
async def session_live(request: Query, session_id: str) -> ASGIApp:
    """The dashboard's tick, once a second. (A raw handler cannot have parameters in its path: Litestar 2.25.)"""
    lab, refusal = lab_of(request), 0
    try:
        await logged_in(request)
        await study_of(request, session_id)  # a tick, which is rendered with it, must not wait for it
    except NotLoggedIn:
        refusal = 403
    except NotFoundException:
        refusal = 404

    async def stream(scope: Scope, receive: Receive, send: Send) -> None:
        if refusal:
            await refuse(send, refusal)
            return
        board = lab.ticker.watch(session_id)
        try:
            await send_stream(receive, send, board.messages())
        finally:
            lab.ticker.unwatch(session_id)

    return stream


@post("/sessions/{session_id:str}/{action:str}")
async def act(request: Query, session_id: str, action: str) -> Response[str] | Redirect:
    lab, name = lab_of(request), await owner(request)
    if action not in ACTIONS:
        raise NotFoundException(f"A session has no action “{action}”.")
    await study_of(request, session_id)
    try:
        async with lab.pool.connection() as conn, conn.transaction():
            await ACTIONS[action](conn, session_id, name)
    except SessionError as error:
        return problem(request, 409, str(error), f"/admin/sessions/{session_id}")
    return Redirect(f"/admin/sessions/{session_id}", status_code=303)


@get("/sessions/{session_id:str}/export.zip")
async def export_zip(request: Query, session_id: str) -> Stream:
    lab = lab_of(request)
    await logged_in(request)
    study = await study_of(request, session_id)
    name = f"{session_id}-{datetime.now(UTC):%Y%m%d-%H%M%S}.zip"
    return Stream(
        export.zip_chunks(lab.url, session_id, study),
        media_type="application/zip",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


@get("/sessions/{session_id:str}/payments.csv")
async def payments_csv(request: Query, session_id: str) -> Response[bytes]:
    """The file of the export by itself, as it is now."""
    await logged_in(request)
    study = await study_of(request, session_id)
    async with lab_of(request).pool.connection() as conn, snapshot(conn):
        rows = payments.payment_rows(conn, session_id, study)
        content = b"".join([block async for block, _ in written(payments.PAYMENT, rows)])
    name = f"payments-{session_id}-{datetime.now(UTC):%Y%m%d-%H%M%S}.csv"
    return Response(
        content,
        media_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


HANDLERS = [session_list, session_page, session_live, act, export_zip, payments_csv]
