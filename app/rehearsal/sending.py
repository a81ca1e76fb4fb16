"""How a bot's page sends: the same again until it was answered, and a word in the diary about each answer."""

from __future__ import annotations

import asyncio
import random
import time

from app.rehearsal.browser import Browser, Reply, WireError
from app.rehearsal.counts import Counts
from app.rehearsal.diary import Diary, Exchange

FROM_PAGE = {"HX-Request": "true", "Sec-Fetch-Site": "same-origin"}
WAITS = (0.5, 1.0, 2.0, 4.0)  # seconds before the same form is sent again, as the page does it
SECRET = ("/join/", "/s/")  # before a token or an id, which no diary repeats


class Sending:
    """One person's connections. A second tab, or a connection that breaks, is one of its own (`another`)."""

    def __init__(self, base: str, diary: Diary, counts: Counts, chance: random.Random) -> None:
        self.browser = Browser(base)
        self.diary, self.counts, self.chance = diary, counts, chance

    async def ask(self, kind: str, method: str, address: str, form: dict[str, str] | None = None) -> Reply:
        """As a page does it: the same again until it was answered."""
        started, tries = time.monotonic(), 0
        while True:
            answer = None
            try:
                answer = await self.once(self.browser, method, address, form)
            except WireError:
                self.diary.broken += 1
            tries += 1
            if answer and answer.status not in (502, 503, 504):
                seconds = time.monotonic() - started
                self.diary.asks.append(Exchange(kind, started, seconds, tries))
                if method == "POST":
                    self.counts.latencies.append(seconds)
                    self.counts.acts[kind] += 1
                return answer
            if answer:
                self.counts.busy += 1
            await asyncio.sleep(WAITS[min(tries, len(WAITS)) - 1] * self.chance.uniform(0.5, 1.0))

    async def once(self, browser: Browser, method: str, address: str, form: dict[str, str] | None) -> Reply:
        if method == "GET":
            answer = await browser.get(address)
        else:
            headers = FROM_PAGE if address.startswith("/play/") and address != "/play/leave" else {}
            answer = await browser.post(address, form or {}, headers)
        self.diary.statuses[answer.status] = self.diary.statuses.get(answer.status, 0) + 1
        place = next((f"{way}…" for way in SECRET if address.startswith(way)), address)
        if answer.status == 503 and "retry-after" not in answer.headers:
            self.diary.wrong(7, f"{place} was refused with 503 and no word about when to come again")
        elif answer.status >= 500 and answer.status not in (502, 503, 504):
            self.diary.wrong(7, f"{place} broke with {answer.status}")
        return answer

    async def beside(self, address: str, form: dict[str, str]) -> Reply | None:
        """The same form on a connection of its own, once."""
        browser = self.another()
        try:
            return await self.once(browser, "POST", address, form)
        except WireError:
            return None
        finally:
            browser.close()

    def another(self) -> Browser:
        browser = Browser(self.browser.base)
        browser.cookies = self.browser.cookies
        return browser
