"""In front of the application where there are several databases: which lab a request is for, by what it carries.

A session's id, in the address or in a player's cookie; the token of a link, or a file, which are sought where they are;
and else the first, where accounts live. What is said here is all that handlers hear of it: `lab_of`.
"""

from __future__ import annotations

from contextlib import suppress
from urllib.parse import parse_qs

import psycopg
from litestar.datastructures import State
from litestar.enums import ScopeType
from litestar.types import ASGIApp, Receive, Scope, Send

from app.database import clock
from app.database.group_commit import Busy
from app.players.links import SESSION
from app.study.own_files import FOLDER, SERVED
from app.web.access.attempts import network_of
from app.web.access.guesses import UNSURE_LINKS, Doubted
from app.web.auth import PLAYER_COOKIE, RawHeaders, cookie_in
from app.web.lab import LAB, ClusterAway, Lab
from app.web.labs import Labs

OF_SESSIONS = ("/admin/sessions/", "/api/v1/sessions/", "/s/")
JOIN, PLAY, COMPARE = "/join/", "/play", {"/admin/compare": "a", "/api/v1/compare": "first"}
# Asked of all, or of none: whoever is logged in reads them also while the first is away.
OF_ALL = {
    "/",
    "/admin",
    "/admin/",
    "/admin/here",
    "/api/v1/sessions",
    "/admin/security",
    "/metrics",
    "/health/ready",
}
STREAM = "/live"  # at the end of the address of one, which waits by itself


class Front:
    def __init__(self, app: ASGIApp, state: State) -> None:
        self.app, self.state, self.doubted = app, state, Doubted()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == ScopeType.HTTP:
            labs: Labs = self.state.labs
            try:
                name = await _cluster_of(labs, scope, self.doubted)
                if (
                    scope["method"] == "GET"
                    and not scope["path"].endswith(STREAM)
                    and not labs.is_there(name)
                ):
                    raise ClusterAway(name)
                scope["state"][LAB] = labs.lab(name)
                clock.go_by(labs.clocks[name])
            except ClusterAway as away:
                scope["state"][LAB] = away
        await self.app(scope, receive, send)


def at_once(labs: Labs, headers: RawHeaders) -> Lab | None:
    """That of a player's cookie, if nobody has to be asked for it."""
    try:
        name = labs.of_cookie(cookie_in(headers, PLAYER_COOKIE))
    except ClusterAway:
        return None
    return None if name is None else labs.there.get(name)


async def _cluster_of(labs: Labs, scope: Scope, doubted: Doubted) -> str:
    """Raises `ClusterAway`."""
    path: str = scope["path"]
    for start in OF_SESSIONS:
        if path.startswith(start):
            return await labs.of_session(path.removeprefix(start).partition("/")[0])
    if path.startswith(JOIN):
        return await _of_link(labs, scope, path.removeprefix(JOIN).partition("/")[0], doubted)
    if path in COMPARE and (named := _said(scope, COMPARE[path])):
        return await labs.of_session(named)
    if path.startswith(PLAY):
        if cookie := cookie_in(dict(scope["headers"]), PLAYER_COOKIE):
            return labs.of_cookie(cookie) or await labs.of_session(
                cookie.rpartition(".")[0].rpartition(".")[2]
            )
        files, _, name = path.removeprefix(SERVED).partition("/")
        return await labs.of_files(files, FOLDER + name) if path.startswith(SERVED) else _any(labs)
    return _any(labs) if path in OF_ALL else labs.first


async def _of_link(labs: Labs, scope: Scope, token: str, doubted: Doubted) -> str:
    """By the session that it names, or else sought; not for who guesses, whom one that answers tells to wait."""
    named, client = _said(scope, SESSION), scope["client"]
    visitor = network_of(client[0] if client is not None else "unknown")
    counts = _counting(labs)
    if not named and counts is not None and counts.guesses.wait(visitor):
        return counts.config.cluster
    try:
        return await (labs.of_session(named) if named else labs.of_token(token))
    except ClusterAway:
        if (counts := _counting(labs)) is not None and doubted.is_new(visitor, token):
            with suppress(Busy, psycopg.Error, OSError):  # there is another to come
                await counts.guesses.wrong(visitor, UNSURE_LINKS)
        raise


def _counting(labs: Labs) -> Lab | None:
    """Where wrong links are counted that say nothing of where they lead."""
    present = labs.present()
    return present.get(labs.first) or next(iter(present.values()), None)


def _any(labs: Labs) -> str:
    return next(iter(labs.present()), labs.first)


def _said(scope: Scope, name: str) -> str:
    query = scope["query_string"].decode("latin-1")
    return parse_qs(query).get(name, [""])[0][:40] if query else ""
