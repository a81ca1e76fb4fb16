"""One's own account: the password, the second factor, the log-ins that hold, and the tokens of one's programs."""

from __future__ import annotations

import asyncio
from typing import Any

from litestar import get, post
from litestar.response import Redirect, Response

from app.database.clusters import LARGEST_NUMBER
from app.study.digits import whole
from app.study.model.fields import Form, first
from app.web.access import accounts, api_tokens, logins, second_factor, security
from app.web.access.api_tokens import DAYS, LONGEST_NAME, MOST_DAYS, SCOPES, ApiTokenError
from app.web.access.passwords import PasswordError, new_hash
from app.web.auth import address_of
from app.web.credentials import right_password, welcome
from app.web.forms import form_of
from app.web.lab import Query, lab_of
from app.web.researchers import ACCOUNT, who_asks
from app.web.responses import page

HERE = "/admin/account"
WRONG = "This is not your password. Nothing was changed."


@get("/account", needs=ACCOUNT)
async def account_page(request: Query) -> Response[str]:
    return await _page(request)


@post("/account/password", needs=ACCOUNT)
async def change_password(request: Query) -> Response[str] | Redirect:
    """All other log-ins end; this one is made anew."""
    lab, who, form = lab_of(request), who_asks(request), await form_of(request)
    if not await right_password(request, who.name, first(form, "password")):
        return await _page(request, WRONG)
    try:
        hashed = await asyncio.to_thread(new_hash, who.name, first(form, "new"))
    except PasswordError as error:
        return await _page(request, str(error))
    if first(form, "new") != first(form, "again"):
        return await _page(request, "The new password is not the same twice. Nothing was changed.")
    async with lab.pool.connection() as conn, conn.transaction():
        await accounts.set_password(conn, who.name, hashed, who.name, address_of(request))
        return await welcome(request, conn, who.name, HERE)


@post("/account/logins", needs=ACCOUNT)
async def end_logins(request: Query) -> Response[str] | Redirect:
    """One of them, by its number, or all others."""
    who, form = who_asks(request), await form_of(request)
    which = first(form, "login")
    async with lab_of(request).pool.connection() as conn, conn.transaction():
        if which == "others":
            await logins.end_others(conn, who.name, who.login_id)
        elif (number := whole(which, LARGEST_NUMBER)) is None:
            return await _page(request, "The form does not say which log-in. Reload the page and try again.")
        elif not await logins.end_one(conn, who.name, number):
            return await _page(request, "That log-in has ended already.")
        else:
            which = str(number)
        await security.write(conn, "log_ins_ended", who.name, address_of(request), which=which)
    return Redirect(HERE, status_code=303)


@get("/account/two-factor", needs=ACCOUNT)
async def two_factor_form(request: Query) -> Response[str]:
    return _two_factor(request, second_factor.new_secret())


@post("/account/two-factor", needs=ACCOUNT)
async def turn_two_factor_on(request: Query) -> Response[str]:
    who, form = who_asks(request), await form_of(request)
    secret = first(form, "secret")
    if not await right_password(request, who.name, first(form, "password")):
        return _two_factor(request, secret, WRONG)
    async with lab_of(request).pool.connection() as conn, conn.transaction():
        codes = await second_factor.turn_on(conn, who.name, secret, first(form, "code"))
        if codes:
            await logins.end_others(conn, who.name, who.login_id)
            await security.write(conn, "two_factor_on", who.name, address_of(request))
    if not codes:
        sentence = "This is not the code that your app shows now. Is the clock of your phone right? Try the next one."
        return _two_factor(request, secret, sentence)
    return page("admin/recovery_codes.html", dict(who=who, codes=codes))


@post("/account/two-factor/off", needs=ACCOUNT)
async def turn_two_factor_off(request: Query) -> Response[str] | Redirect:
    who, form = who_asks(request), await form_of(request)
    if not await right_password(request, who.name, first(form, "password")):
        return await _page(request, WRONG)
    async with lab_of(request).pool.connection() as conn, conn.transaction():
        if await second_factor.turn_off(conn, who.name):
            await logins.end_others(conn, who.name, who.login_id)
            await security.write(conn, "two_factor_off", who.name, address_of(request))
    return Redirect(HERE, status_code=303)


@post("/account/tokens", needs=ACCOUNT)
async def make_token(request: Query) -> Response[str]:
    """The answer has the token, and no other does."""
    lab, who, form = lab_of(request), who_asks(request), await form_of(request)
    async with lab.pool.connection() as conn:
        has_password = bool(await accounts.password_hash(conn, who.name))
    if has_password and not await right_password(request, who.name, first(form, "password")):
        return await _page(request, "This is not your password. No token was made.", form)
    name, scope = first(form, "name").strip(), first(form, "scope")
    days, address = whole(first(form, "days").strip(), MOST_DAYS) or 0, address_of(request)
    if scope not in SCOPES:
        return await _page(request, "Say what the token may do.", form)
    try:
        async with lab.pool.connection() as conn, conn.transaction():
            token = await api_tokens.make(conn, who.name, name, scope, days, who.name, address)
    except ApiTokenError as error:
        return await _page(request, f"{error} No token was made.", form)
    context = dict(who=who, token=token, name=name, scope=scope, days=days, url=lab.config.public_url)
    return page("admin/token.html", context)


@post("/account/tokens/revoke", needs=ACCOUNT)
async def revoke_token(request: Query) -> Response[str] | Redirect:
    """It holds no longer, from the next request on."""
    who, form = who_asks(request), await form_of(request)
    number = whole(first(form, "token"), 2**62) or 0
    try:
        async with lab_of(request).pool.connection() as conn, conn.transaction():
            await api_tokens.revoke(conn, number, who.name, who.name, address_of(request))
    except ApiTokenError as error:
        return await _page(request, str(error))
    return Redirect(f"{HERE}#tokens", status_code=303)


async def _page(request: Query, problem: str = "", form: Form | None = None) -> Response[str]:
    """`form`: of a token that was not made."""
    who = who_asks(request)
    async with lab_of(request).pool.connection() as conn:
        context: dict[str, Any] = dict(
            who=who,
            problem=problem,
            logins=await logins.logins_of(conn, who.name),
            has_password=bool(await accounts.password_hash(conn, who.name)),
            two_factor=await second_factor.is_on(conn, who.name),
            codes_left=await second_factor.recovery_codes_left(conn, who.name),
            tokens=await api_tokens.tokens_of(conn, who.name),
        )
    said = {name: first(form or {}, name) for name in ("name", "scope", "days")}
    context |= dict(said=said, days=DAYS, most_days=MOST_DAYS, longest_name=LONGEST_NAME)
    return page("admin/account.html", context, 422 if problem else 200)


def _two_factor(request: Query, secret: str, problem: str = "") -> Response[str]:
    who = who_asks(request)
    if not second_factor.is_secret(secret):
        secret = second_factor.new_secret()
    context = dict(who=who, secret=secret, picture=second_factor.picture(who.name, secret), problem=problem)
    return page("admin/two_factor.html", context, 422 if problem else 200)


HANDLERS = [account_page, change_password, end_logins]
HANDLERS += [two_factor_form, turn_two_factor_on, turn_two_factor_off, make_token, revoke_token]
