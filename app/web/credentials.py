"""Who somebody says that they are: a password, a code. Tries are counted before anything is done, and noted."""

from __future__ import annotations

import re

from litestar.response import Redirect

from app.database.connections import Connection
from app.web.access import accounts, attempts, logins, second_factor, security
from app.web.access.attempts import Limit, network_of
from app.web.auth import ADMIN_COOKIE, address_of, cookie_in, own_cookie, too_many
from app.web.lab import Query, lab_of

BY_ADDRESS = Limit("log in from an address", 30, 60)
BY_NAME_THERE = Limit("log in with a name from an address", 10, 60)
BY_NAME = Limit("log in with a name", 100, 60)
CODES = Limit("codes of an account", 10, 600)  # whoever gives one knows the password


async def right_password(request: Query, name: str, password: str) -> bool:
    """Raises a 429 for who has tried too often, and `Busy`."""
    lab = lab_of(request)
    if wait := lab.held_off.wait(network_of(address_of(request))):
        raise too_many(wait)
    lab.counting.check()
    async with lab.counting, lab.pool.connection() as conn:
        await _count_try(request, conn, name)
        stored = await accounts.password_hash(conn, name)
    right = await lab.hashing.matches(stored, password)
    network = network_of(address_of(request))
    async with lab.pool.connection() as conn:
        if right:  # it was no guess
            await attempts.forget(conn, BY_NAME_THERE, name, network)
            await attempts.take_back(conn, BY_ADDRESS, network)
        else:
            known = name if stored is not None else ""  # it may be a password in the wrong field
            await security.write_failure(conn, "log_in_failed", known, address_of(request))
    return right


async def right_code(request: Query, conn: Connection, name: str, code: str) -> bool:
    """Of the app, or a recovery code, used up now. Raises a 429."""
    tries = await attempts.count(conn, CODES, name)
    if tries.count > CODES.most:
        await _hold_off(request, conn, name, tries.count == CODES.most + 1)
        raise too_many(tries.wait)
    given = await second_factor.takes(conn, name, code)
    if given is None:
        await security.write_failure(conn, "log_in_failed", name, address_of(request))
        return False
    await attempts.forget(conn, CODES, name)
    if given == "recovery code":
        left = await second_factor.recovery_codes_left(conn, name)
        await security.write(conn, "recovery_code_used", name, address_of(request), left=left)
    return True


async def welcome(request: Query, conn: Connection, name: str, to: str = "/admin") -> Redirect:
    """A log-in in the place of the one that this browser had, and on to one of our pages."""
    if before := cookie_in(dict(request.scope["headers"]), ADMIN_COOKIE):
        await logins.end_login(conn, before)
    browser = request.headers.get("user-agent", "")
    key = await logins.log_in(conn, name, address_of(request), browser)
    await security.write(conn, "logged_in", name, address_of(request), browser=logins.in_words(browser))
    return Redirect(ours(to), status_code=303, headers=own_cookie(request, ADMIN_COOKIE, key))


def ours(to: str) -> str:
    """A page of ours that a link names; the first one where it names none."""
    return to if re.fullmatch(r"/admin(/[\w/-]*)?", to) else "/admin"


async def _count_try(request: Query, conn: Connection, name: str) -> None:
    """Raises a 429 for too many from one address, for one name there, or for one name everywhere.

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
            if limit is BY_ADDRESS:
                lab_of(request).held_off.hold(network, tries)
            await _hold_off(request, conn, name, tries.count == limit.most + 1)
            raise too_many(tries.wait)
        if limit is BY_NAME_THERE and tries.count == 1:
            return


async def _hold_off(request: Query, conn: Connection, name: str, first: bool) -> None:
    """Noted as it begins, and no more until it is over."""
    if first:
        known = name if await accounts.password_hash(conn, name) is not None else ""
        await security.write_failure(conn, "held_off", known, address_of(request))
