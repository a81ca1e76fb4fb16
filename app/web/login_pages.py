"""A researcher logs in and out."""

from __future__ import annotations

from litestar import get, post
from litestar.response import Redirect, Response

from app.study.model.fields import first
from app.web.access import logins, second_factor, security
from app.web.auth import ADMIN_COOKIE, address_of, cookie_in, own_cookie
from app.web.credentials import ours, right_code, right_password, welcome
from app.web.forms import form_of
from app.web.lab import Query, lab_of
from app.web.researchers import NOBODY
from app.web.responses import page

HALF = 300  # seconds in which the code has to follow the password


@get("/login", needs=NOBODY)
async def login_form(request: Query, key: str = "", to: str = "/admin") -> Response[str] | Redirect:
    """With `key`, a link that logs in by itself, once, and goes on to one of our pages."""
    if not key:
        return page("admin/login.html", dict(problem="", name=""))
    async with lab_of(request).pool.connection() as conn:
        name = await logins.use_link(conn, key)
        if name is not None:
            return await welcome(request, conn, name, to)
        if await logins.find_login(conn, _key(request)):  # whoever it has logged in asks for the page again
            return Redirect(ours(to), status_code=303)
    sentence = (
        "This link has been used or is too old. Log in with your name and password, or where the demo printed it,"
        " start the demo again for a new one."
    )
    return page("admin/login.html", dict(problem=sentence, name=""), 403)


@post("/login", needs=NOBODY)
async def login(request: Query) -> Response[str] | Redirect:
    lab, form = lab_of(request), await form_of(request)
    name, password = first(form, "name").strip(), first(form, "password")
    if not await right_password(request, name, password):
        sentence = (
            "Name and password do not fit together. Try again; if the password is lost, whoever runs the server gives"
            " a new one, by `networklab admin password NAME`."
        )
        return page("admin/login.html", dict(problem=sentence, name=name[:100]), 403)
    async with lab.pool.connection() as conn:
        if not await second_factor.is_on(conn, name):
            return await welcome(request, conn, name)
        half = await second_factor.begin_half(conn, name)
    headers = own_cookie(request, ADMIN_COOKIE, half, HALF)
    return Redirect("/admin/login/code", status_code=303, headers=headers)


@get("/login/code", needs=NOBODY)
async def code_form(request: Query) -> Response[str] | Redirect:
    async with lab_of(request).pool.connection() as conn:
        name = await second_factor.half_of(conn, _key(request))
    if name is None:
        return Redirect("/admin/login", status_code=303)
    return page("admin/code.html", dict(problem="", name=name))


@post("/login/code", needs=NOBODY)
async def give_code(request: Query) -> Response[str] | Redirect:
    half, code = _key(request), first(await form_of(request), "code")
    async with lab_of(request).pool.connection() as conn:
        name = await second_factor.try_half(conn, half)
        if name is None:
            sentence = "This took too long, or too many tries. Log in again."
            return page("admin/login.html", dict(problem=sentence, name=""), 403)
        if not await right_code(request, conn, name, code):
            sentence = (
                "This is not the code that your app shows now, or it was used already. Wait for the next one."
            )
            return page("admin/code.html", dict(problem=sentence, name=name), 403)
        await second_factor.end_half(conn, half)
        return await welcome(request, conn, name)


@post("/logout", needs=NOBODY)
async def logout(request: Query) -> Redirect:
    async with lab_of(request).pool.connection() as conn:
        name = await logins.end_login(conn, _key(request))
        if name is not None:
            await security.write(conn, "logged_out", name, address_of(request))
    return Redirect("/admin/login", status_code=303, headers=own_cookie(request, ADMIN_COOKIE, "", 0))


def _key(request: Query) -> str:
    return cookie_in(dict(request.scope["headers"]), ADMIN_COOKIE)


HANDLERS = [login_form, login, code_form, give_code, logout]
