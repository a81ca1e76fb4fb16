"""A double auction of ten, in which no cash or goods are made or lost, and people who trade while things break."""

from __future__ import annotations

import asyncio
import random
import re
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from app.rehearsal.browser import WireError
from app.study.hooks.networklab import unpack
from tests.house.guests import Guest
from tests.house.house import House, Opened
from tests.house.market import keys
from tests.house.server import Server
from tests.house.waits import until

SEATS = 10
CASH, GOODS = 1000, 10  # of each, at first
STUDY = f"""
title = "Markets"
[[room]]
name = "market"
seats = {{any = {SEATS}}}
[network]
kind = "complete"
[[step]]
page = "market"
limit = "1h"
on_move = "trade"
results = [
    {{name = "cash", ask = "Your cash", kind = "number"}},
    {{name = "goods", ask = "Your goods", kind = "integer"}},
]
show = [{{field = "cash", of = "me", round = "now"}}, {{field = "goods", of = "me", round = "now"}}]
[[step.move]]
name = "bid"
button = "Bid"
fields = [
    {{name = "price", ask = "Your price", kind = "integer", min = 1, max = 99}},
    {{name = "mark", ask = "Mark", kind = "text"}},
]
[[step.move]]
name = "offer"
button = "Offer"
fields = [
    {{name = "price", ask = "Your price", kind = "integer", min = 1, max = 99}},
    {{name = "mark", ask = "Mark", kind = "text"}},
]
"""
HOOKS = f"""
from networklab import Accept, Refuse


def trade(room, move):
    state = room.state or {{"cash": dict.fromkeys(room.slots, {CASH}), "goods": dict.fromkeys(room.slots, {GOODS}),
        "bids": (), "offers": (), "prices": ()}}
    cash, goods = dict(state["cash"]), dict(state["goods"])
    price, me, buys = move.values["price"], move.slot, move.name == "bid"
    if buys and cash[me] < price:
        return Refuse("You can’t pay that.")
    if not buys and not goods[me]:
        return Refuse("You have nothing left to sell.")
    mine, theirs = ("bids", "offers") if buys else ("offers", "bids")
    book = sorted(state[theirs], key=lambda one: one[0] if buys else -one[0])
    found = next((one for one in book if one[1] != me and (one[0] <= price if buys else one[0] >= price)
        and (goods[one[1]] if buys else cash[one[1]] >= one[0])), None)
    if found is None:
        own = [one for one in state[mine] if one[1] != me] + [(price, me)]
        return Accept(state={{**state, mine: own[-8:]}})
    buyer, seller = (me, found[1]) if buys else (found[1], me)
    cash[buyer] -= found[0]
    cash[seller] += found[0]
    goods[buyer] += 1
    goods[seller] -= 1
    rest = [one for one in state[theirs] if one != found]
    state = {{**state, "cash": cash, "goods": goods, theirs: rest, "prices": (*state["prices"], found[0])[-8:]}}
    two = (buyer, seller)
    return Accept(state=state, results={{"cash": {{one: cash[one] for one in two}},
        "goods": {{one: goods[one] for one in two}}}})
"""
PAGE = b'{% extends "player/_step_opened.html" %}'
FILES = {"study.toml": STUDY.encode(), "hooks.py": HOOKS.encode(), "pages/market.html": PAGE}


@dataclass(frozen=True, slots=True)
class Told:
    """What a trader was told of one move."""

    receipt: str
    mark: str
    accepted: bool | None  # None: that it takes a moment


@dataclass(slots=True)
class Trader:
    """Somebody who makes one move after the other, and never gives up on one that nobody has acknowledged."""

    guest: Guest
    chance: random.Random
    told: list[Told] = field(default_factory=list)
    broken: int = 0  # connections that broke under a move

    async def trade(self, enough: asyncio.Event) -> None:
        key = (await keys(self.guest))["bid"]
        while not enough.is_set():
            mark = f"{self.guest.label}-{len(self.told)}"
            form = {"move": self.chance.choice(("bid", "offer")), "price": str(self.chance.randint(30, 70))}
            form |= {"mark": mark, "form_key": key}
            what = f"a receipt for {mark}"
            receipt, accepted, key = await until(lambda form=form: self._send(form), what, 120)  # type: ignore[misc]
            self.told.append(Told(receipt, mark, accepted))

    async def _send(self, form: dict[str, str]) -> tuple[str, bool | None, str] | None:
        try:
            answer = await self.guest.browser.post("/play/moves", form, headers={"HX-Request": "true"})
        except WireError:
            self.broken += 1
            return None
        if answer.status == 200:
            [key] = re.findall('name="form_key" value="([^"]+)"', answer.text)
            known = None if "One moment" in answer.text else "Done." in answer.text
            return answer.headers["receipt"], known, key
        assert answer.status == 503, answer.text
        return None


@asynccontextmanager
async def trading(house: House, session: Opened, server: Server) -> AsyncIterator[list[Trader]]:
    """Everybody trades for as long as the story goes on, and then finishes the move that they are at."""
    guests = [house.guest(server, session, label) for label in session.tokens]
    for guest in guests:
        assert (await guest.sign_in()).status == 303
    for guest in guests:
        await guest.shows('action="/play/moves"')
    traders = [Trader(guest, random.Random(nth)) for nth, guest in enumerate(guests)]
    enough = asyncio.Event()
    tasks = [asyncio.create_task(trader.trade(enough)) for trader in traders]
    try:
        await everyone_has_moved(traders)
        yield traders
        enough.set()
        async with asyncio.timeout(60):
            await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)


async def everyone_has_moved(traders: Sequence[Trader], more: int = 3) -> None:
    """Each has so many receipts more than now."""
    now = [len(trader.told) for trader in traders]
    await until(
        lambda: all(len(one.told) >= before + more for one, before in zip(traders, now, strict=True)),
        f"{more} more receipts for everyone",
        60,
    )


def assert_each_handled_once(house: House, session: Opened, traders: Sequence[Trader]) -> None:
    """Each receipt is that of a move that is stored, which was handled once and came to what its trader was told."""
    stored = {
        f"{number}:{digest}": (mark, accepted)
        for number, digest, mark, accepted in house.sql(
            """select r.id, encode(sha256(convert_to(
                    r.id || E'\\t' || r.field || E'\\t' || r.value || E'\\n', 'UTF8')), 'hex'),
                r.value::jsonb->>'mark', m.accepted
            from record r join move m on m.record_id = r.id where r.session_id = %s and m.nth is not null""",
            session.id,
        )
    }
    told = {one.receipt: one for trader in traders for one in trader.told}
    assert stored.keys() == told.keys(), "what was acknowledged was handled, and nothing else"
    assert {mark for mark, _ in stored.values()} == {one.mark for one in told.values()}
    assert len({mark for mark, _ in stored.values()}) == len(stored), "something was stored twice"
    for receipt, (_, accepted) in stored.items():
        assert told[receipt].accepted in (None, accepted)
    gaps = house.sql(
        "select room_id from move where session_id = %s group by room_id having max(nth) <> count(*)",
        session.id,
    )
    assert gaps == [], "each room has numbered its own without a gap"


def assert_cash_and_goods_add_up(house: House, session: Opened) -> None:
    """And what the hook keeps is what the results say."""
    kept = house.sql(
        """select distinct on (room_id) room_id, state from move
        where session_id = %s and state is not null order by room_id, nth desc""",
        session.id,
    )
    assert kept
    for room_id, packed in kept:
        state = unpack(packed)
        for name, each in (("cash", CASH), ("goods", GOODS)):
            by_slot = state[name]
            assert sum(by_slot.values()) == each * SEATS, (room_id, name, state)
            results = house.sql(
                "select slot, value from result where room_id = %s and name = %s", room_id, name
            )
            assert results and all(by_slot[slot] == int(value) for slot, value in results), (room_id, name)
