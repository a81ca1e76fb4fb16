"""A researcher logs in and out; who guesses passwords is held off."""

from __future__ import annotations

import asyncio
import re

from litestar import get, post
from litestar.response import Redirect, Response

from app.web import accounts
from app.web.auth import ADMIN_COOKIE, Limit, address_of, cookie
from app.web.lab import Query, lab_of
from app.web.responses import page

wrong_passwords = Limit(most=10, seconds=60)
wrong_addresses = Limit(most=30, seconds=60)
hashing = asyncio.Semaphore(1)  # argon2 takes memory and a core


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


def _welcome(request: Query, key: str, to: str = "/admin") -> Redirect:
    ours = to if re.fullmatch(r"/admin(/[\w/-]*)?", to) else "/admin"
    return Redirect(ours, status_code=303, headers=cookie(ADMIN_COOKIE, key, lab_of(request).config.secure))


HANDLERS = [login_form, login, logout]
