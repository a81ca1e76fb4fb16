"""Whose link it is that was opened, and how often somebody may open one that is nobody's."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated
from urllib.parse import quote, urlencode

from litestar.params import Parameter

from app.players import players
from app.players.links import SESSION
from app.players.players import Player
from app.web.access.attempts import network_of
from app.web.auth import address_of, too_many
from app.web.lab import Query, lab_of
from app.web.play_page import OtherSession

Token = Annotated[str, Parameter(max_length=200)]


class UnknownToken(Exception):
    """A link that leads nowhere."""


async def invited(request: Query, token: str) -> Sequence[Player]:
    """Whose link it is: one person, in each session that knows it, first in that to which it leads now."""
    hold_off(request)
    async with lab_of(request).pool.connection() as conn:
        found = await players.all_by_token(conn, token, meant_by(request))
    if not found:
        raise await unknown_token(request)
    return found


def way_in(token: str, session_id: str = "", then: str = "") -> str:
    """The address of a link of somebody's own, and what stands `then`. `session_id`: see `meant_by`."""
    meant = f"?{urlencode({SESSION: session_id})}" if session_id else ""
    return f"/join/{quote(token, safe='')}{then}{meant}"


def meant_by(request: Query) -> str:
    """The session that a link names, where several know its token; "" where it names none."""
    return str(request.query_params.get(SESSION, ""))[:40]


async def others_of(request: Query, found: Sequence[Player]) -> list[OtherSession]:
    """What else the link of somebody is good for, besides the first of these."""
    here, *others = found
    lab, told = lab_of(request), list[OtherSession]()
    for one in others:
        has_been, is_shut = one.status != "invited", one.session_status == "closed"
        if has_been or not is_shut or one.id > here.id:
            what = "been" if has_been else "shut" if is_shut else "open"
            told.append(OtherSession(what, one.session_id, (await lab.studies.of(one.session_id)).title))
    return told


def hold_off(request: Query) -> None:
    """Before the link is looked up: whoever guesses learns nothing more, not even from a right one."""
    if wait := lab_of(request).guesses.wait(network_of(address_of(request))):
        raise too_many(wait)


async def unknown_token(request: Query) -> Exception:
    wait = await lab_of(request).guesses.wrong(network_of(address_of(request)))
    return too_many(wait) if wait else UnknownToken()
