"""Who is asking: cookies, the guard against cross-site posts, limits on guessing."""

from __future__ import annotations

import time
from collections import OrderedDict
from urllib.parse import urlsplit

from litestar.connection import ASGIConnection
from litestar.datastructures import Cookie
from litestar.exceptions import PermissionDeniedException, TooManyRequestsException
from litestar.handlers.base import BaseRouteHandler

from app.lab import lab_of

PLAYER_COOKIE = "networklab_player"
ADMIN_COOKIE = "networklab_admin"
WEEK = 7 * 24 * 3600  # seconds


class NotSignedIn(Exception):
    """The page belongs to a player and no player's cookie came with the request."""


async def same_site(connection: ASGIConnection, _: BaseRouteHandler) -> None:  # type: ignore[type-arg]
    """A form must come from our own pages: browsers say where from, and other programs carry nobody else's cookies.

    Raises a 403. Cookies are SameSite=Lax besides, for browsers too old to send `Sec-Fetch-Site`.
    """
    if connection.scope.get("method") in ("GET", "HEAD", "OPTIONS"):
        return
    headers = connection.headers
    origin_site = headers.get("sec-fetch-site")
    if origin_site is not None:
        if origin_site in ("same-origin", "none"):
            return
    else:
        origin = headers.get("origin")
        if origin is None:
            return
        ours = {headers.get("host", ""), urlsplit(lab_of(connection).config.public_url).netloc}
        if urlsplit(origin).netloc and urlsplit(origin).netloc in ours:
            return
    raise PermissionDeniedException("This form was sent from another site. Open your own link and try again.")


def player_of(connection: ASGIConnection) -> tuple[int, str]:  # type: ignore[type-arg]
    """Player and session from the signed cookie, without the database. Raises `NotSignedIn`."""
    found = lab_of(connection).keys.read_player_cookie(connection.cookies.get(PLAYER_COOKIE))
    if found is None:
        raise NotSignedIn
    return found


def cookie(name: str, value: str, secure: bool, max_age: int = WEEK) -> Cookie:
    return Cookie(
        key=name, value=value, max_age=max_age, path="/", httponly=True, samesite="lax", secure=secure
    )


class Limit:
    """At most `most` failures from one source within `seconds`; it forgets the sources it saw first."""

    def __init__(self, most: int, seconds: float, sources: int = 10_000) -> None:
        self.most, self.seconds, self.sources = most, seconds, sources
        self.failures: OrderedDict[str, tuple[int, float]] = OrderedDict()

    def check(self, source: str) -> None:
        """Raises a 429 for a source that has failed too often."""
        count, since = self.failures.get(source, (0, 0.0))
        left = since + self.seconds - time.monotonic()
        if count >= self.most and left > 0:
            raise TooManyRequestsException(
                "Too many wrong tries from here. Wait a minute, then try again.",
                headers={"Retry-After": str(int(left) + 1)},
            )

    def fail(self, source: str) -> None:
        count, since = self.failures.pop(source, (0, 0.0))
        if time.monotonic() - since > self.seconds:
            count, since = 0, time.monotonic()
        self.failures[source] = (count + 1, since)
        if len(self.failures) > self.sources:
            self.failures.popitem(last=False)


def address_of(connection: ASGIConnection) -> str:  # type: ignore[type-arg]
    return connection.client.host if connection.client else "unknown"
