"""Which program asks: by the token in `Authorization: Bearer …`, and by nothing else. Its rights are its account's."""

from __future__ import annotations

from litestar.connection import ASGIConnection
from litestar.exceptions import (
    ClientException,
    NotAuthorizedException,
    PermissionDeniedException,
    TooManyRequestsException,
)
from litestar.handlers.base import BaseRouteHandler

from app.database.connections import Connection
from app.web.access import api_tokens, security
from app.web.access.api_tokens import PREFIX
from app.web.access.attempts import network_of
from app.web.access.logins import LoggedIn
from app.web.auth import address_of, too_many
from app.web.lab import ClusterAway, lab_of
from app.web.researchers import NotLoggedIn, let_in

HOW = f"Send `Authorization: Bearer {PREFIX}…`; the page of your account makes tokens."
UNKNOWN = f"There is no such token: it was revoked, or a new password ended it, or it was never one. {HOW}"
WHOLE = "A token that only reads can’t do this. Use one that may do whatever you may."


async def admitted_by_token(connection: ASGIConnection, handler: BaseRouteHandler) -> None:  # type: ignore[type-arg]
    """The guard of the interface. Raises a 401, a 429 for one more wrong token after too many, and as `let_in`."""
    _refuse_unknown_names(connection, handler)
    reads = connection.scope.get("method") in ("GET", "HEAD") and not handler.opt.get("whole")

    async def find(conn: Connection, token: str) -> LoggedIn | None:
        found = await api_tokens.find(conn, token, address_of(connection))
        if found is None:
            return None
        if found.expired:
            raise _unauthorized(f"This token has expired. {HOW}")
        if found.scope == "read" and not reads:
            raise PermissionDeniedException(WHOLE)
        security.by_token(found.name)
        return LoggedIn(0, found.account, found.observes)

    try:
        await let_in(connection, handler, _token_in, find)
    except NotLoggedIn:
        raise await _refused(connection) from None
    except ClusterAway:
        await _count_unsure(connection)
        raise


async def _refused(connection: ASGIConnection) -> NotAuthorizedException | TooManyRequestsException:  # type: ignore[type-arg]
    """Of a token that is none. Others say theirs from the same address: theirs are looked up whatever this one did."""
    lab, visitor = lab_of(connection), network_of(address_of(connection))
    if wait := lab.wrong_tokens.wait(visitor):
        return too_many(wait)
    wait = await lab.wrong_tokens.wrong(visitor)
    async with lab.pool.connection() as conn:
        await security.write_failure(conn, "wrong_token", "", address_of(connection))
    return too_many(wait) if wait else _unauthorized(UNKNOWN)


async def _count_unsure(connection: ASGIConnection) -> None:  # type: ignore[type-arg]
    """One that nobody knows where the session is, while those who may know it can't be asked, counts as a wrong one:
    else whoever guesses did so then without an end. Raises a 429, and `ClusterAway` where there is no counting."""
    lab, visitor = lab_of(connection), network_of(address_of(connection))
    if wait := lab.wrong_tokens.wait(visitor) or await lab.wrong_tokens.wrong(visitor):
        raise too_many(wait) from None


def _token_in(connection: ASGIConnection) -> str:  # type: ignore[type-arg]
    kind, _, token = connection.headers.get("authorization", "").partition(" ")
    if kind.lower() != "bearer" or not token.strip():
        raise _unauthorized(f"No token came with this. {HOW}")
    if not api_tokens.looks_like_one(token.strip()):
        raise _unauthorized(UNKNOWN)
    return token.strip()


def _unauthorized(sentence: str) -> NotAuthorizedException:
    return NotAuthorizedException(sentence, headers={"WWW-Authenticate": 'Bearer realm="NetworkLab"'})


def _refuse_unknown_names(connection: ASGIConnection, handler: BaseRouteHandler) -> None:  # type: ignore[type-arg]
    """A name that is mistyped must not pass for one that was left out. Raises a 400."""
    others = {*connection.path_params, "request", "data", "idempotency_key"}
    known = set(handler.parsed_fn_signature.parameters) - others
    if unknown := [name for name in connection.query_params if name not in known]:
        there = f"it takes {', '.join(f'`{name}`' for name in sorted(known))}" if known else "it takes none"
        raise ClientException(f"`{unknown[0][:100]}` is no parameter of this address: {there}.")
