"""Who is asking: cookies, the guard against cross-site posts, and what whoever guesses is told."""

from __future__ import annotations

import re
import time
from urllib.parse import SplitResult, urlsplit

from litestar.connection import ASGIConnection
from litestar.exceptions import PermissionDeniedException, TooManyRequestsException
from litestar.handlers.base import BaseRouteHandler

from app.config import Config
from app.study.languages.texts import Sentence
from app.web.lab import lab_of
from app.web.signing import WEEK, Keys, PlayerCookie

PLAYER_COOKIE = "networklab_player"
ADMIN_COOKIE = "networklab_admin"
HOST_ONLY = "__Host-"  # before the name: taken over TLS only, and no other host of the domain can set it
RawHeaders = dict[bytes, bytes]  # as ASGI has them, names in lower case
DAY = 24 * 3600  # seconds
PATH = re.compile(r"https?://[^/?#]*(/[^?#]*)")


class NotSignedIn(Exception):
    """The page belongs to a player and no player's cookie came with the request."""


class OtherPlayer(NotSignedIn):
    """The page that asks is one player's, and the browser goes on as another."""


async def same_site(connection: ASGIConnection, _: BaseRouteHandler) -> None:  # type: ignore[type-arg]
    """The guard of every form. Raises a 403."""
    if connection.scope.get("method") not in ("GET", "HEAD", "OPTIONS"):
        check_site(dict(connection.scope["headers"]), connection.app.state.config)


def check_site(headers: RawHeaders, config: Config) -> None:
    """A form must come from our own pages: browsers say where from, and other programs carry nobody else's cookies.

    Raises a 403. Cookies are SameSite=Lax besides, for browsers too old to send `Sec-Fetch-Site`.
    """
    site = headers.get(b"sec-fetch-site")
    if site is not None:
        if site in (b"same-origin", b"none"):
            return
    else:
        origin = headers.get(b"origin")
        if origin is None:
            return
        netloc = told_address(origin.decode("latin-1")).netloc
        if netloc and netloc in (
            headers.get(b"host", b"").decode("latin-1"),
            urlsplit(config.public_url).netloc,
        ):
            return
    raise PermissionDeniedException(
        detail=Sentence("This form was sent from another site. Open your own link and try again.")
    )


async def no_players_page(connection: ASGIConnection, _: BaseRouteHandler) -> None:  # type: ignore[type-arg]
    """The guard of the researcher's side: no script or form of a page on which a study's own words stand is answered.

    Such a page is kept from asking by its policy (responses.py); this is for where that is lost on the way. Links may
    lead here from anywhere. Raises a 403.
    """
    headers = dict(connection.scope["headers"])
    asked_from = PATH.match(headers.get(b"referer", b"").decode("latin-1"))
    is_link = connection.scope.get("method") in ("GET", "HEAD") and not (
        b"hx-request" in headers or headers.get(b"sec-fetch-dest") == b"empty"
    )
    if not is_link and asked_from and not is_of_researchers(asked_from[1]):
        raise PermissionDeniedException(
            detail="Only a researcher’s own pages can ask for this. Go on from the list of sessions."
        )


def is_of_researchers(path: str) -> bool:
    return path.startswith(("/admin/", "/dev/")) or path in ("/admin", "/dev")


def is_of_programs(path: str) -> bool:
    """The HTTP interface for scripts: no cookie counts there."""
    return path.startswith("/api/") or path == "/api"


def told_address(text: str) -> SplitResult:
    """What a head says where somebody comes from; nothing for what is no address, such as half an IPv6 one."""
    try:
        return urlsplit(text)
    except ValueError:
        return urlsplit("")


def player_of(connection: ASGIConnection) -> tuple[int, str]:  # type: ignore[type-arg]
    """Player and session from the signed cookie, without the database. Raises `NotSignedIn`."""
    return _named(dict(connection.scope["headers"]), _signed_in(connection))


def player_in(headers: RawHeaders, keys: Keys) -> tuple[int, str]:
    """The same by the keys of one database. Raises `OtherPlayer` where the page that asks says that it is somebody
    else's."""
    return _named(headers, keys.read_player_cookie(cookie_in(headers, PLAYER_COOKIE)))


def _named(headers: RawHeaders, found: PlayerCookie | None) -> tuple[int, str]:
    if found is None:
        raise NotSignedIn
    check_whose(headers.get(b"player", b"").decode("latin-1"), found.player_id)
    return found.player_id, found.session_id


def check_whose(named: str, player_id: int) -> None:
    """`named`: whose page it is that asks, as it says; empty where it says nothing. Raises `OtherPlayer`."""
    if named and named != str(player_id):
        raise OtherPlayer


def renewed_cookie(connection: ASGIConnection) -> dict[str, str]:  # type: ignore[type-arg]
    """The headers that give a player's cookie anew; none where it is of today.

    For who is still in the session: the cookie of everybody else ends a week after they were last in it.
    """
    lab = lab_of(connection)
    found = _signed_in(connection)
    if found is None or (found.at is not None and time.time() < found.at + DAY):
        return {}
    key = lab.keys.player_cookie(found.player_id, found.session_id)
    return own_cookie(connection, PLAYER_COOKIE, key)


def _signed_in(connection: ASGIConnection) -> PlayerCookie | None:  # type: ignore[type-arg]
    """By the key of the database that the session is in, or of one from which it has moved; no other's counts: whoever
    has that could be anybody in all of them."""
    cookie = cookie_in(dict(connection.scope["headers"]), PLAYER_COOKIE)
    found, labs = lab_of(connection).keys.read_player_cookie(cookie), connection.app.state.labs
    if found is not None or labs is None:
        return found
    read = ((name, lab.keys.read_player_cookie(cookie)) for name, lab in labs.there.items())
    return next((one for name, one in read if one and one.session_id in labs.moved.get(name, {})), None)


def cookie_in(headers: RawHeaders, name: str) -> str:
    """Its value; empty without one. Under its bare name, too: over plain HTTP there is no other, and the version
    before gave no other."""
    found = ""
    for one in headers.get(b"cookie", b"").decode("latin-1").split(";"):
        called, _, value = one.strip().partition("=")
        if called == HOST_ONLY + name:
            return value
        if called == name and not found:
            found = value
    return found


def is_secure(connection: ASGIConnection) -> bool:  # type: ignore[type-arg]
    """Over TLS, as join links say, or as a proxy says that is trusted (`FORWARDED_ALLOW_IPS`)."""
    return bool(connection.app.state.config.secure) or connection.scope["scheme"] == "https"


def cookie(name: str, value: str, secure: bool, max_age: int = int(WEEK)) -> dict[str, str]:
    """The header that sets it. Litestar's Cookie makes the same text in a tenth of all that a sign-in costs."""
    text = f"{name}={value}; HttpOnly; Max-Age={max_age}; Path=/; SameSite=lax"
    return {"Set-Cookie": f"{text}; Secure" if secure else text}


def own_cookie(
    connection: ASGIConnection,  # type: ignore[type-arg]
    name: str,
    value: str,
    max_age: int = int(WEEK),
) -> dict[str, str]:
    """The headers that set one that says who somebody is: over TLS it is this host's alone."""
    secure = is_secure(connection)
    plain = cookie(name, value, secure, max_age)
    if not secure:
        return plain
    # Two headers of one name: while processes are replaced, those of the version before know the bare name alone.
    return plain | {"set-cookie": cookie(HOST_ONLY + name, value, secure, max_age)["Set-Cookie"]}


def address_of(connection: ASGIConnection) -> str:  # type: ignore[type-arg]
    return connection.client.host if connection.client else "unknown"


def too_many(seconds: int) -> TooManyRequestsException:
    """A 429 for who has failed too often and may try again after so many seconds."""
    said: str = Sentence("Too many wrong tries from here. Wait a minute, then try again.")
    if seconds > 60:  # of codes, whose limit is a researcher's
        said = f"Too many wrong tries. Wait {-(-seconds // 60)} minutes, then try again."
    return TooManyRequestsException(detail=said, headers={"Retry-After": str(seconds)})
