"""Whose link it is that was opened, and how often somebody may open one that is nobody's."""

from __future__ import annotations

from typing import Annotated

from litestar.params import Parameter

from app.players import players
from app.players.players import Player
from app.web.access.attempts import network_of
from app.web.auth import address_of, too_many
from app.web.lab import Query, lab_of

Token = Annotated[str, Parameter(max_length=200)]


class UnknownToken(Exception):
    """A link that leads nowhere."""


async def invited(request: Query, token: str) -> Player:
    hold_off(request)
    async with lab_of(request).pool.connection() as conn:
        player = await players.find_by_token(conn, token)
    if player is None:
        raise await unknown_token(request)
    return player


def hold_off(request: Query) -> None:
    """Before the link is looked up: whoever guesses learns nothing more, not even from a right one."""
    if wait := lab_of(request).guesses.wait(network_of(address_of(request))):
        raise too_many(wait)


async def unknown_token(request: Query) -> Exception:
    wait = await lab_of(request).guesses.wrong(network_of(address_of(request)))
    return too_many(wait) if wait else UnknownToken()
