"""A researcher logs in and out; who guesses passwords is held off before anything is done for them."""

from __future__ import annotations

import re

from litestar import get, post
from litestar.response import Redirect, Response

from app.database.connections import Connection
from app.study.model.fields import first
from app.web.access import accounts, attempts, logins
from app.web.access.attempts import Limit, network_of
from app.web.auth import ADMIN_COOKIE, address_of, cookie_in, own_cookie, too_many
from app.web.forms import form_of
from app.web.lab import Query, lab_of
from app.web.researchers import NOBODY
from app.web.responses import page

BY_ADDRESS = Limit("log in from an address", 30, 60)
BY_NAME_THERE = Limit("log in with a name from an address", 10, 60)
BY_NAME = Limit("log in with a name", 100, 60)


@get("/login", needs=NOBODY)
async def login_form(request: Query, key: str = "", to: str = "/admin") -> Response[str] | Redirect:
    """With `key`, a link that logs in by itself, once, and goes on to one of our pages."""
    if not key:
        return page("admin/login.html", dict(problem="", name=""))
    async with lab_of(request).pool.connection() as conn:
        name = await logins.use_link(conn, key)
        if name is not None:
            return await welcome(request, conn, name, to)
    sentence = "This link has been used or is too old. Log in with your name and password."
    return page("admin/login.html", dict(problem=sentence, name=""), 403)


@post("/login", needs=NOBODY)
async def login(request: Query) -> Response[str] | Redirect:
    lab, form = lab_of(request), await form_of(request)
    name, password = first(form, "name").strip(), first(form, "password")
    async with lab.pool.connection() as conn:
        await count_try(request, conn, name)
        stored = await accounts.password_hash(conn, name)
    if not await lab.hashing.matches(stored, password):
        sentence = (
            "Name and password do not fit together. `networklab admin password NAME` gives a new password."
        )
        return page("admin/login.html", dict(problem=sentence, name=name[:100]), 403)
    async with lab.pool.connection() as conn:
        await forget_tries(request, conn, name)
        return await welcome(request, conn, name)


@post("/logout", needs=NOBODY)
async def logout(request: Query) -> Redirect:
    async with lab_of(request).pool.connection() as conn:
        await logins.end_login(conn, cookie_in(dict(request.scope["headers"]), ADMIN_COOKIE))
    return Redirect("/admin/login", status_code=303, headers=own_cookie(request, ADMIN_COOKIE, "", 0))


async def count_try(request: Query, conn: Connection, name: str) -> None:
    """Raises a 429, before any work, for too many from one address, for one name there, or for one name everywhere.

    The last of these lets each address have its first try: whoever guesses elsewhere keeps nobody out here.
    """
    network = network_of(address_of(request))
    for limit, source in (
        (BY_ADDRESS, (network,)),
        (BY_NAME_THERE, (name, network)),
        (BY_NAME, (name,)),
    ):
        tries = await attempts.count(conn, limit, *source)
        if tries.count > limit.most:
            raise too_many(tries.wait)
        if limit is BY_NAME_THERE and tries.count == 1:
            return


async def forget_tries(request: Query, conn: Connection, name: str) -> None:
    """It was no guess."""
    network = network_of(address_of(request))
    await attempts.forget(conn, BY_NAME_THERE, name, network)
    await attempts.take_back(conn, BY_ADDRESS, network)


async def welcome(request: Query, conn: Connection, name: str, to: str = "/admin") -> Redirect:
    """A log-in, and on to one of our pages."""
    key = await logins.log_in(conn, name, address_of(request), request.headers.get("user-agent", ""))
    ours = to if re.fullmatch(r"/admin(/[\w/-]*)?", to) else "/admin"
    return Redirect(ours, status_code=303, headers=own_cookie(request, ADMIN_COOKIE, key))


HANDLERS = [login_form, login, logout]
