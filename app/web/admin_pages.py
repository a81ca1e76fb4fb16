"""The researcher's side: log in, watch, act, take the data."""

from __future__ import annotations

import asyncio
import re
from datetime import UTC, datetime

from litestar import get, post
from litestar.connection import ASGIConnection
from litestar.exceptions import NotFoundException, PermissionDeniedException
from litestar.response import Redirect, Response, Stream

from app.database.connections import snapshot
from app.export import export, payments
from app.export.csv_stream import written
from app.players import notes
from app.players.people import new_token
from app.sessions import sessions
from app.sessions.actions import ACTIONS
from app.sessions.sessions import SessionError
from app.study.model.study import Study
from app.web import accounts
from app.web.accounts import Researcher
from app.web.auth import ADMIN_COOKIE, Limit, address_of, cookie
from app.web.lab import Query, lab_of
from app.web.monitor.dashboard import tick_context
from app.web.monitor.figures import read_server
from app.web.monitor.ticks import read_tick
from app.web.responses import page, problem

wrong_passwords = Limit(most=10, seconds=60)
wrong_addresses = Limit(most=30, seconds=60)
hashing = asyncio.Semaphore(1)  # argon2 takes memory and a core


class NotLoggedIn(Exception):
    """The page belongs to a researcher and no log-in came with the request."""


async def logged_in(connection: ASGIConnection) -> Researcher:  # type: ignore[type-arg]
    """Raises `NotLoggedIn`."""
    key = connection.cookies.get(ADMIN_COOKIE, "")
    if key:
        async with lab_of(connection).pool.connection() as conn:
            account = await accounts.account_of(conn, key)
        if account is not None:
            return account
    raise NotLoggedIn


async def owner(connection: ASGIConnection) -> str:  # type: ignore[type-arg]
    """The name of an account that may change something. Raises `NotLoggedIn`, and a 403 for one that only watches."""
    account = await logged_in(connection)
    if account.observes:
        raise PermissionDeniedException(
            "Your account watches and changes nothing. Ask an owner of the session to do this."
        )
    return account.name


@get("/login")
async def login_form(request: Query, key: str = "", to: str = "/admin") -> Response[str] | Redirect:
    """With `key`, a link that logs in by itself, once, and goes on to one of our pages."""
    if not key:
        return page("admin/login.html", dict(problem="", name=""))
    async with lab_of(request).pool.connection() as conn:
        name = await accounts.use_link(conn, key)
        if name is not None:
            return _welcome(request, await accounts.log_in(conn, name), to)
    sentence = "This link has been used or is too old. Log in with your name and password."
    return page("admin/login.html", dict(problem=sentence, name=""), 403)


@post("/login")
async def login(request: Query) -> Response[str] | Redirect:
    lab, form = lab_of(request), await request.form()
    name, password = str(form.get("name", "")).strip(), str(form.get("password", ""))
    source = f"{address_of(request)} {name}"
    wrong_passwords.check(source)
    wrong_addresses.check(address_of(request))
    async with lab.pool.connection() as conn:
        stored = await accounts.password_hash(conn, name)
    async with hashing:
        matches = await asyncio.to_thread(accounts.password_matches, stored, password)
    if not matches:
        wrong_passwords.fail(source)
        wrong_addresses.fail(address_of(request))
        sentence = "Name and password do not fit together. `networklab admin add NAME` gives a new password."
        return page("admin/login.html", dict(problem=sentence, name=name), 403)
    async with lab.pool.connection() as conn:
        return _welcome(request, await accounts.log_in(conn, name))


@post("/logout")
async def logout(request: Query) -> Redirect:
    async with lab_of(request).pool.connection() as conn:
        await accounts.log_out(conn, request.cookies.get(ADMIN_COOKIE, ""))
    return Redirect("/admin/login", status_code=303, headers=cookie(ADMIN_COOKIE, "", False, 0))


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


async def study_of(request: Query, session_id: str) -> Study:
    """Raises a 404 for a session that is not there."""
    lab = lab_of(request)
    async with lab.pool.connection() as conn:
        try:
            await sessions.find_session(conn, session_id)
        except SessionError as error:
            raise NotFoundException(str(error)) from None
    return await lab.studies.of(session_id)


def _welcome(request: Query, key: str, to: str = "/admin") -> Redirect:
    ours = to if re.fullmatch(r"/admin(/[\w/-]*)?", to) else "/admin"
    return Redirect(ours, status_code=303, headers=cookie(ADMIN_COOKIE, key, lab_of(request).config.secure))


HANDLERS = [login_form, login, logout, session_list, session_page, act, export_zip, payments_csv]
