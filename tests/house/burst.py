"""People who save one answer after the other while things break, and what must be left of that afterwards."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from app.rehearsal.browser import WireError
from tests.house.guests import Guest, seated, sign_everyone_in
from tests.house.house import House, Opened
from tests.house.server import Server
from tests.house.waits import until

# Rooms of two that stay at their step, so that each of 16 people can answer again and again.
BURST = """
title = "Burst"
[[room]]
name = "pair"
seats = {red = 1, blue = 1}
[[step]]
page = "talk"
limit = "1h"
ends = "deadline"
fields = [
    {name = "belief", ask = "How sure are you?", kind = "integer", min = 0, max = 100},
    {name = "why", ask = "Why?", kind = "text"},
]
"""
CROWD = {"red": 8, "blue": 8}
REST = 0.2  # seconds between two forms of somebody whom nobody waits for


class Writer:
    """Somebody who saves one answer after the other, notes each receipt, and never gives up on a form.

    Without a rest while a story waits for what they write; else they would keep from the machine what it waits for.
    """

    def __init__(self, guest: Guest) -> None:
        self.guest = guest
        self.receipts: list[tuple[str, str, dict[str, str]]] = []  # receipt, what was said, the form
        self.statuses: set[int] = set()
        self.broken = 0  # connections that broke under a form
        self.hurried = asyncio.Event()

    async def write(self, enough: asyncio.Event) -> None:
        form = await self.guest.form()
        while not enough.is_set():
            said = f"{self.guest.label} {len(self.receipts)}"
            form |= {"belief": str(len(self.receipts) % 101), "why": said}
            receipt, next_key = await self.save(form)
            self.receipts.append((receipt, said, form))
            form = {"form_key": next_key}
            with suppress(TimeoutError):
                await asyncio.wait_for(self.hurried.wait(), REST)

    async def save(self, form: dict[str, str]) -> tuple[str, str]:
        """Sends the same form until it has a receipt. Returns it, and the key of the next form."""
        receipt, next_key = await until(lambda: self._send(form), f"a receipt for {self.guest.label}", 120)
        return receipt, next_key

    async def _send(self, form: dict[str, str]) -> tuple[str, str] | None:
        try:
            answer = await self.guest.browser.post("/play/records", form)
        except WireError:
            self.broken += 1
            await asyncio.sleep(REST / 2)  # as long as nobody listens it breaks at once
            return None
        self.statuses.add(answer.status)
        if answer.status == 200:
            [next_key] = re.findall('name="form_key" value="([^"]+)"', answer.text)
            return answer.headers["receipt"], next_key
        assert answer.status == 503, answer.text
        assert "receipt" not in answer.headers
        return None


@asynccontextmanager
async def a_burst(house: House, session: Opened, server: Server) -> AsyncIterator[list[Writer]]:
    """People who write for as long as the story goes on, and then finish the form that they are at."""
    guests = [house.guest(server, session, label) for label in session.tokens]
    await sign_everyone_in(guests)
    await asyncio.gather(*(seated(guest) for guest in guests))
    writers, enough = [Writer(guest) for guest in guests], asyncio.Event()
    tasks = [asyncio.create_task(writer.write(enough)) for writer in writers]
    try:
        await everyone_has_written(writers, 3)
        yield writers
        enough.set()
        hurry(writers, True)
        async with asyncio.timeout(60):
            await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)


async def everyone_has_written(writers: list[Writer], more: int) -> None:
    """Wait until each has `more` receipts than now."""
    now = {writer: len(writer.receipts) for writer in writers}
    hurry(writers, True)
    await until(
        lambda: all(len(writer.receipts) >= now[writer] + more for writer in writers),
        f"{more} more receipts for everyone",
        60,
    )
    hurry(writers, False)


def hurry(writers: list[Writer], on: bool) -> None:
    for writer in writers:
        if on:
            writer.hurried.set()
        else:
            writer.hurried.clear()


def assert_kept(house: House, session: Opened, writers: list[Writer]) -> None:
    """Every receipt is in the database with what was said, and nothing is there twice or besides."""
    stored = {
        f"{','.join(map(str, ids))}:{digest}": said
        for ids, digest, said in house.sql(
            """select array_agg(id order by id),
                encode(sha256(convert_to(string_agg(
                    id || E'\\t' || field || E'\\t' || value || E'\\n', '' order by id), 'UTF8')), 'hex'),
                max(value) filter (where field = 'why')
            from record group by form"""
        )
    }
    told = {receipt: said for writer in writers for receipt, said, _ in writer.receipts}
    assert len(told) == sum(len(writer.receipts) for writer in writers)
    assert stored == told
    assert len(set(stored.values())) == len(stored), "something was stored twice"
    assert house.contradictions(session) == []


async def assert_again_the_same(house: House, writers: list[Writer], before: list[int]) -> None:
    """The last form that each had saved before the crash, sent again, gives the first receipt again."""
    for writer, count in zip(writers, before, strict=True):
        receipt, _, form = writer.receipts[count - 1]
        assert (await Writer(another_tab(house, writer.guest)).save(form))[0] == receipt


def another_tab(house: House, guest: Guest) -> Guest:
    """The same person on a connection of its own."""
    tab = Guest(guest.browser.base, guest.token, guest.label)
    tab.browser.cookies = dict(guest.browser.cookies)
    house.guests.append(tab)
    return tab
