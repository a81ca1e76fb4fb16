"""A step with moves, of which several files tell their stories: people give each other what they have."""

from __future__ import annotations

import asyncio
import html
import re
from collections.abc import Mapping, Sequence
from functools import partial
from uuid import uuid4

from app.database.connections import Connection
from app.rehearsal.browser import Reply
from app.rooms import handling, moves
from app.rooms.messages import TooFast
from app.rooms.moves import NewMove, Refusal
from app.rooms.receipts import Receipt
from app.rooms.records import form_id
from app.study.hooks.pool import Hooks
from app.study.model.study import Study
from app.study.reading import parse
from tests.house.crowd import come, seat
from tests.house.guests import Guest
from tests.house.house import House, Opened
from tests.house.studies import PAGE
from tests.house.waits import until

MARKET = """
title = "Market"
[[treatment]]
name = "side"
levels = ["poor", "rich"]
by = "player"
within = "room"
[[room]]
name = "market"
seats = {any = 3}
[[step]]
page = "talk"
name = "market"
limit = "1h"
on_move = "trade"
results = [{name = "cash", ask = "Your cash", kind = "integer"}]
show = [{field = "cash", of = "me", round = "now"}]
[[step.move]]
name = "give"
button = "Give it"
fields = [
    {name = "amount", ask = "How much?", kind = "integer", min = 1, max = 100},
    {name = "whom", ask = "To whom?", kind = "integer", min = 1, max = 9},
]
[[step.move]]
name = "stop"
button = "End it for all"
[[step.move]]
name = "breaks"
button = "Break it"
[[step.move]]
name = "boast"
button = "Boast"
only = {side = "rich"}
[[step]]
page = "after"
limit = "1h"
ends = "deadline"
"""
HOOKS = """
from networklab import Accept, Refuse

def trade(room, move):
    cash = dict(room.state or {slot: 100 for slot in room.slots})
    if move.name == "stop":
        return Accept(end=True)
    if move.name == "breaks":
        raise ValueError("it is broken")
    if move.name == "boast":
        return Accept()
    amount, to = move.values["amount"], move.values["whom"]
    if cash[move.slot] < amount:
        return Refuse("You can’t pay that.")
    if to not in cash or to == move.slot:
        return Refuse("Give it to somebody else.")
    if not room.seat(to).plays:
        return Refuse("Nobody is there any more.")
    cash[move.slot] -= amount
    cash[to] += amount
    return Accept(state=cash, results={"cash": {move.slot: cash[move.slot], to: cash[to]}})
"""
CASH = 100  # of each, at first
FILES = {
    "study.toml": MARKET.encode(),
    "hooks.py": HOOKS.encode(),
    "pages/talk.html": PAGE.encode(),
    "pages/after.html": b'{% extends "player/_step_opened.html" %}{% block ask %}It is over.{% endblock %}',
}


def market(seats: int = 3, **changes: str) -> Study:
    """`changes`: other words in study.toml, by what stands there."""
    toml = MARKET.replace("any = 3", f"any = {seats}")
    for old, new in changes.items():
        assert old in toml
        toml = toml.replace(old, new)
    return parse(FILES | {"study.toml": toml.encode()})


def a_market(house: House, seats: int = 3) -> tuple[Opened, Study, dict[int, int], int]:
    """A session with one room: its study, slot → player, and the room's number. No server is there."""
    study = market(seats)
    session = house.open_study(study, {"x": seats})
    come(house, session, *session.tokens)
    assert seat(house, session) == 1 or house.sql("select 1 from room where session_id = %s", session.id)
    found = house.sql("select slot, id, room_id from player where session_id = %s", session.id)
    return session, study, {slot: player for slot, player, _ in found}, found[0][2]


def make(house: House, study: Study, player_id: int, amount: int, to: int) -> Receipt:
    values = {"amount": str(amount), "whom": str(to)}
    stored = house.read(lambda conn: left_by_a_dead_process(conn, study, player_id, values=values))
    assert isinstance(stored, Receipt)
    return stored


async def trading(house: House, session: Opened, guests: Sequence[Guest]) -> None:
    """All of them sit at the market."""
    for guest in guests:
        assert (await guest.sign_in()).status == 303
    for guest in guests:
        await guest.shows('action="/play/moves"')


async def keys(guest: Guest) -> dict[str, str]:
    """Move → the key of its form on a page that is read anew."""
    page = (await guest.browser.get("/play")).text
    return {
        name: html.unescape(key)
        for name, key in re.findall(r'id="move-key-(\w+)" name="form_key" value="([^"]+)"', page)
    }


async def move(
    guest: Guest, name: str, values: Mapping[str, str] = {}, key: str = "", scripts: bool = True
) -> Reply:
    """As a page does it; `key` of an earlier form, if it is that form again."""
    key = key or (await keys(guest))[name]
    headers = {"HX-Request": "true"} if scripts else {"Accept": "text/html"}
    return await guest.browser.post("/play/moves", {"move": name, "form_key": key, **values}, headers=headers)


async def give(guest: Guest, amount: int, to: int, key: str = "") -> Reply:
    return await move(guest, "give", {"amount": str(amount), "whom": str(to)}, key)


def slot_of(house: House, session: Opened, label: str) -> int:
    found = house.sql("select slot from player where session_id = %s and label = %s", session.id, label)
    slot: int = found[0][0]
    return slot


def handled(house: House, session: Opened) -> list[tuple[int | None, str, bool | None]]:
    """Each move as it stands in the table: as the how-manieth it was handled, its name, whether it was accepted."""
    found = house.sql(
        """select m.nth, r.field, m.accepted from move m join record r on r.id = m.record_id
        where m.session_id = %s order by m.nth nulls last, m.record_id""",
        session.id,
    )
    return [(nth, name, accepted) for nth, name, accepted in found]


def cash(house: House, session: Opened) -> dict[int, int]:
    """Slot → what the table of results says."""
    found = house.sql("select slot, value from result where session_id = %s and name = 'cash'", session.id)
    return {slot: int(value) for slot, value in found}


async def left_by_a_dead_process(
    conn: Connection, study: Study, player_id: int, name: str = "give", values: Mapping[str, str] = {}
) -> Receipt | Refusal | TooFast:
    """A move that is stored, and nobody is left who would handle it."""
    [stored] = await moves.store(conn, [await new_move(conn, study, player_id, name, values)])
    return stored


async def new_move(
    conn: Connection, study: Study, player_id: int, name: str = "give", values: Mapping[str, str] = {}
) -> NewMove:
    """As a player sends it, yet to be stored."""
    cursor = await conn.execute("select room_id from player where id = %s", [player_id])
    [(room_id,)] = await cursor.fetchall()
    form = study.plan[0].step.move_named(name)
    assert form is not None
    return NewMove(
        *(player_id, room_id, 0, "market", 1, name, form.written(values)),
        form_id(player_id, uuid4().hex, tuple(values.items())),
        study.plan[0].step.quiet > 0,
    )


async def all_handled(house: House, session: Opened, many: int) -> None:
    def done() -> bool:
        found = handled(house, session)
        return len(found) == many and all(nth is not None for nth, *_ in found)

    await until(
        lambda: asyncio.to_thread(done), lambda: f"{many} handled moves, not {handled(house, session)}"
    )


TALKING = """
title = "Say it"
[[room]]
name = "two"
seats = {any = 2}
[role]
deal = {loud = 1, quiet = 1}
[[step]]
page = "talk"
name = "market"
limit = "1h"
on_move = "hear"
results = [{name = "heard", ask = "You heard", kind = "text"}]
show = [{field = "heard", of = "me", round = "now"}]
[[step.move]]
name = "hush"
button = "Be quiet"
only = {role = "quiet"}
[[step.move]]
name = "say"
fields = [
    {name = "loud", ask = "How loud?", kind = "integer", min = 1, max = 9},
    {name = "words", ask = "What?", kind = "text"},
]
"""
HEARING = """
from networklab import Accept, Refuse

def hear(room, move):
    words = move.values.get("words", "hush")
    if move.name == "hush" or move.values["loud"] > 5:
        return Refuse(f"Not so loud: {words}!")
    heard = {slot: words for slot in room.slots if slot != move.slot}
    return Accept([*(room.state or ()), words], {"heard": heard})
"""


def talking() -> Study:
    """What people say with their moves is kept, quoted and computed from."""
    return parse({**FILES, "study.toml": TALKING.encode(), "hooks.py": HEARING.encode()})


def says(house: House, study: Study, player_id: int, words: str, loud: int = 1) -> None:
    """It is stored and handled, without a server."""

    async def work(conn: Connection) -> None:
        values = {"loud": str(loud), "words": words}
        assert isinstance(await left_by_a_dead_process(conn, study, player_id, "say", values), Receipt)
        cursor = await conn.execute("select room_id from player where id = %s", [player_id])
        [(room_id,)] = await cursor.fetchall()
        hooks = Hooks()
        try:
            async with conn.transaction():
                await handling.settle(conn, partial(hooks.ask, study), study, room_id)
        finally:
            await hooks.retire(0)

    house.read(work)
