"""Everybody of a session at their place in a room."""

from __future__ import annotations

from collections.abc import Mapping

from tests.house.guests import Guest, seated, sign_everyone_in
from tests.house.house import House, Opened
from tests.house.server import Server


async def at_the_table(
    house: House, server: Server, session: Opened, entry: Mapping[str, str] = {}
) -> dict[int, Guest]:
    """Everybody, by slot. `entry`: what each says at the door."""
    guests = {label: house.guest(server, session, label) for label in session.tokens}
    await sign_everyone_in(list(guests.values()), entry=entry)
    for guest in guests.values():
        await seated(guest)
    slots = house.sql("select slot, label from player where session_id = %s order by slot", session.id)
    return {slot: guests[label] for slot, label in slots}
