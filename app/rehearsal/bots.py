"""A bot of a rehearsal is a player: it opens its link, fills in the form, watches its page and does what that asks.

Those that play in a room in somebody's place, within the server, are rooms/bots.py.
"""

from __future__ import annotations

import asyncio
import math
import random
import time
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any

from app.rehearsal.browser import Browser, Reply, WireError
from app.rehearsal.counts import Counts
from app.rehearsal.diary import Diary, Exchange, Sent, Told
from app.rehearsal.habits import Habits
from app.rehearsal.page import PageSeen
from app.rooms.receipts import as_kept, digest
from app.study.model.kinds.text import WORDS
from app.study.model.plausible import plausible, plausible_all
from app.study.model.study import Position, Study

FROM_PAGE = {"HX-Request": "true", "Sec-Fetch-Site": "same-origin"}
WAITS = (0.5, 1.0, 2.0, 4.0)  # seconds before the same form is sent again, as the page does it
PATIENCE = 5.0  # seconds that a page may stand still after its deadline


class Bot:
    """`speed` divides everything that a person takes time for; `records` is how many it makes in the whole plan."""

    def __init__(
        self,
        base: str,
        token: str,
        study: Study,
        habits: Habits,
        label: str = "",
        speed: float = 1.0,
        records: int | None = None,
        seed: str = "",
        counts: Counts | None = None,
        patience: float = PATIENCE,
    ) -> None:
        self.browser = Browser(base)
        self.token, self.study, self.habits, self.speed = token, study, habits, speed
        self.records = study.records_per_player if records is None else records
        self.chance = random.Random(seed or token)
        self.diary = Diary(label or token)
        self.counts = counts or Counts()
        self.page = PageSeen(self.diary, patience)
        self.patience = patience
        self.receipts: dict[tuple[str, tuple[tuple[str, str], ...]], str] = {}
        self.made = 0  # records
        self.acted: set[int] = set()  # positions in the plan at which it has begun to act
        self.acting: set[asyncio.Task[None]] = set()
        self.watching: asyncio.Task[None] | None = None
        self.away = 0.0  # seconds that its locked phone stays away
        self.over = False  # left without a word

    @property
    def here(self) -> bool:
        return self.page.code is None and not self.over

    @property
    def enough(self) -> bool:
        """It has nothing more to do but to wait for the end."""
        return not self.here or self.made >= self.records

    async def play(self) -> str | None:
        """From the link to the code, whatever breaks on the way. Returns the code, "" from a closed door."""
        try:
            await self._pause(self.habits.comes)
            self.diary.came = time.monotonic()
            self.counts.came += 1
            while self.here:
                with suppress(WireError):
                    await self._come_in()
                    await self._stay()
                await asyncio.sleep(self.chance.uniform(0.2, 0.6))
        finally:
            for task in self.acting:
                task.cancel()
            self.browser.close()
            self.page.disconnects()
        self.diary.gone, self.diary.code = self.over, self.page.code
        self.counts.over += 1
        if self.page.code is not None:
            self.diary.done = time.monotonic()
            self.counts.done += 1
        return self.page.code

    async def _stay(self) -> None:
        while self.here:
            await self._watch()
            await self._pause(self.chance.uniform(0.2, 1.0))

    async def _come_in(self) -> None:
        await self._ask("door", "GET", f"/join/{self.token}")
        await self._pause(self.chance.uniform(*self.habits.entry))
        entry = {field.name: plausible(field, self.chance) for field in self.study.entry}
        if self.chance.random() < self.habits.double_click:
            self.diary.did("signed in twice at once")
            await self._beside("/join/" + self.token, entry)
        answer = await self._ask("sign-in", "POST", f"/join/{self.token}", entry)
        if answer.status == 410:
            self.page.code = ""
            return
        if answer.status != 303:
            raise WireError(f"the sign-in was answered with {answer.status}")
        if self.diary.signed_in is None:
            self.diary.signed_in = time.monotonic()
        await self._ask("page", "GET", "/play")

    async def _watch(self) -> None:
        """Until the stream ends, the phone locks or everything is over. Raises WireError where it is refused."""
        self.away = 0.0
        self.watching = asyncio.create_task(self._follow(self.browser, self.page))
        try:
            await asyncio.wait([self.watching])
        finally:
            self.watching.cancel()
        if self.away:
            await asyncio.sleep(self.away)
        elif not self.watching.cancelled() and (error := self.watching.exception()):
            self.diary.broken += 1
            raise error

    async def _follow(self, browser: Browser, page: PageSeen) -> None:
        page.connects()
        try:
            async for message in browser.stream("/play/live"):
                before = page.place
                page.show(message)
                if page is self.page:
                    self._react(before)
                if page.code is not None:
                    return
                if self.habits.stalls and self.chance.random() < 0.05:
                    self.diary.did("read nothing for a while")
                    await asyncio.sleep(self.chance.uniform(1.0, 4.0))
        finally:
            page.disconnects()

    def _react(self, before: str) -> None:
        page = self.page
        if page.place == "room" and self.diary.seated is None:
            self.diary.seated = time.monotonic()
            self.counts.playing += 1
            if self.habits.second_tab:
                self._do(self._second_tab())
        if before == "room" and page.place == "done":
            self.counts.playing -= 1
        if page.place == "room" and page.position not in self.acted and not self.enough:
            self.acted.add(page.position)
            self._do(self._act(self.study.plan[page.position]))

    def _do(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self.acting.add(task)
        task.add_done_callback(self._did)

    def _did(self, task: asyncio.Task[None]) -> None:
        self.acting.discard(task)
        if not task.cancelled() and (error := task.exception()):
            self.diary.wrong(0, f"the bot itself failed: {error!r}")

    async def _second_tab(self) -> None:
        """The same player in another tab: it shows the same, and what it sees is held against the same rules."""
        self.diary.did("opened a second tab")
        tab, page = self._another(), PageSeen(self.diary, self.patience)
        with suppress(WireError, TimeoutError):
            async with asyncio.timeout(self.chance.uniform(4.0, 20.0)):
                await self._follow(tab, page)

    async def _act(self, position: Position) -> None:
        """Think, perhaps say something, answer; a bot that is too slow finds itself at the next step."""
        habits, step = self.habits, position.step
        if habits.drops_at is not None and position.index >= habits.drops_at * len(self.study.plan):
            await self._drop()
            return
        think = self.chance.uniform(*habits.think)
        messages = math.floor(habits.talk + self.chance.random()) if step.chat != "none" else 0
        with suppress(WireError):
            for _ in range(messages):
                await self._pause(think / (messages + 1))
                await self._say(step.name, position.round)
            await self._pause(think / (messages + 1))
            if self.chance.random() < habits.locks:
                self._lock()
            # This step's share of the records that it is to make: more than one save of it is an update.
            due, before = self._due(position.index + 1), self._due(position.index)
            here = self.made
            while step.fields and self.made - here < due - before and self._is_at(position):
                await self._answer(position)
        if position.index + 1 == len(self.study.plan):
            self.made = max(self.made, self.records)

    def _due(self, positions: int) -> int:
        """How many records belong to so many positions of the plan."""
        return math.ceil(self.records * positions / len(self.study.plan))

    def _is_at(self, position: Position) -> bool:
        return PageSeen.step_of(self.page.keys.get("form-key", "")) == position.index

    async def _drop(self) -> None:
        if self.habits.without_a_word:
            self.diary.did("left without a word")
            self.over = True
            if self.watching:
                self.watching.cancel()
            return
        self.diary.did("withdrew")
        with suppress(WireError):
            await self._ask("leave", "POST", "/play/leave", {})

    def _lock(self) -> None:
        if self.watching:
            self.diary.did("locked the phone")
            self.away = self.chance.uniform(*self.habits.away) / self.speed
            self.watching.cancel()

    async def _answer(self, position: Position) -> None:
        fields = position.step.fields
        key = self.page.keys["form-key"]
        values = plausible_all(fields, self.page.others, self.chance)
        form = {"form_key": key, **values}
        if self.chance.random() < self.habits.cut:
            self.diary.did("lost the connection under a form")
            self.diary.broken += 1
            with suppress(WireError):
                await self._another().hang_up("/play/records", form, FROM_PAGE)
        twice = self.chance.random() < self.habits.double_click
        other = asyncio.create_task(self._beside("/play/records", form)) if twice else None
        answer = await self._ask("records", "POST", "/play/records", form)
        if answer.status != 200:
            if other:
                await other
            self.made += len(fields) if answer.status in (409, 422) else 0  # that step is over for this one
            return
        said = tuple((field.name, field.read([values[field.name]])) for field in fields)
        self._note_receipt(key, said, answer)
        self.made += len(fields)
        self.counts.records += len(fields)
        self.page.take_keys(answer.text)
        if other:
            self.diary.did("clicked twice")
            if again := await other:
                self._note_receipt(key, said, again)
        if self.chance.random() < self.habits.back:
            self.diary.did("went back and sent a form again")
            if again := await self._beside("/play/records", form):
                self._note_receipt(key, said, again)

    def _note_receipt(self, key: str, said: tuple[tuple[str, str], ...], answer: Reply) -> None:
        if answer.status != 200:
            return
        receipt = answer.headers.get("receipt", "")
        first = self.receipts.setdefault((key, said), receipt)
        kept = as_kept(receipt)
        if not receipt:
            self.diary.wrong(1, "an answer was taken without a receipt")
        elif first != receipt:
            self.diary.wrong(3, f"the same form has two receipts, {first[:40]} and {receipt[:40]}")
        elif kept is None or kept.digest != digest(
            (number, *one) for number, one in zip(kept.records, said, strict=False)
        ):
            self.diary.wrong(1, f"the receipt {receipt[:40]}… does not say what was sent")
        else:
            self.diary.told.append(Told(receipt, key, said, time.monotonic()))

    async def _say(self, step: str, round: int) -> None:
        if "message-key" not in self.page.keys:
            return
        body = f"{self.chance.choice(WORDS)} ({self.diary.label}·{step} {round}·{len(self.diary.sent) + 1})"
        form = {"form_key": self.page.keys["message-key"], "body": body}
        started = time.monotonic()
        self.diary.sent[body] = Sent(started)
        if self.chance.random() < self.habits.cut:
            self.diary.did("lost the connection under a message")
            with suppress(WireError):
                await self._another().hang_up("/play/messages", form, FROM_PAGE)
        answer = await self._ask("messages", "POST", "/play/messages", form)
        if answer.status == 200:
            self.counts.messages += 1
            self.diary.sent[body] = Sent(started, time.monotonic())
            self.page.take_keys(answer.text)
        elif answer.status < 500:
            del self.diary.sent[body]  # its group had ended meanwhile

    async def _ask(self, kind: str, method: str, address: str, form: dict[str, str] | None = None) -> Reply:
        """As a page does it: the same again until it was answered."""
        started, tries = time.monotonic(), 0
        while True:
            answer = None
            try:
                answer = await self._send(self.browser, method, address, form)
            except WireError:
                self.diary.broken += 1
            tries += 1
            if answer and answer.status not in (502, 503, 504):
                seconds = time.monotonic() - started
                self.diary.asks.append(Exchange(kind, started, seconds, tries))
                if method == "POST":
                    self.counts.latencies.append(seconds)
                return answer
            if answer:
                self.counts.busy += 1
            await asyncio.sleep(WAITS[min(tries, len(WAITS)) - 1] * self.chance.uniform(0.5, 1.0))

    async def _send(self, browser: Browser, method: str, address: str, form: dict[str, str] | None) -> Reply:
        if method == "GET":
            answer = await browser.get(address)
        else:
            headers = FROM_PAGE if address.startswith("/play/") and address != "/play/leave" else {}
            answer = await browser.post(address, form or {}, headers)
        self.diary.statuses[answer.status] = self.diary.statuses.get(answer.status, 0) + 1
        place = address.replace(self.token, "…")
        if answer.status == 503 and "retry-after" not in answer.headers:
            self.diary.wrong(7, f"{place} was refused with 503 and no word about when to come again")
        elif answer.status >= 500 and answer.status not in (502, 503, 504):
            self.diary.wrong(7, f"{place} broke with {answer.status}")
        return answer

    async def _beside(self, address: str, form: dict[str, str]) -> Reply | None:
        """The same form on a connection of its own, once."""
        browser = self._another()
        try:
            return await self._send(browser, "POST", address, form)
        except WireError:
            return None
        finally:
            browser.close()

    def _another(self) -> Browser:
        browser = Browser(self.browser.base)
        browser.cookies = self.browser.cookies
        return browser

    async def _pause(self, seconds: float) -> None:
        if seconds / self.speed > 0:
            await asyncio.sleep(seconds / self.speed)
