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

from app.players.door import OF_BROWSER
from app.rehearsal.alone import Solo
from app.rehearsal.answers import Answers, asked_on
from app.rehearsal.browser import Browser, Reply, WireError
from app.rehearsal.counts import Counts
from app.rehearsal.diary import Diary
from app.rehearsal.doorstep import Doorstep
from app.rehearsal.habits import Habits
from app.rehearsal.held_receipts import HeldReceipts
from app.rehearsal.misfits import Misfits
from app.rehearsal.moving import Moving
from app.rehearsal.own_bot import Insight, OwnBot
from app.rehearsal.page import PageSeen
from app.rehearsal.sending import FROM_PAGE, Sending
from app.rehearsal.talking import Talking
from app.study.hooks.pool import Hooks
from app.study.model.steps import BEFORE
from app.study.model.study import Position, Study

PATIENCE = 5.0  # seconds that a page may stand still after its deadline
SIGNS = 5.0  # seconds between two signs of life of somebody who thinks, as the page gives them
TRIES = 3  # of answers, where a form is refused


class Bot:
    """`speed` divides everything that a person takes time for. `records` is how many it makes in the whole plan, by
    saving forms again where the study asks for fewer. With `hooks` it answers by the study's own `bot`, if any, and
    with `insight` it does what a step's own says. It comes by the address `way`, by its own link if none is given.
    """

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
        hooks: Hooks | None = None,
        way: str = "",
        insight: Insight | None = None,
    ) -> None:
        self.token, self.study, self.habits, self.speed = token, study, habits, speed
        self.way = way or f"/join/{token}"
        self.records = study.records_per_player if records is None else records
        self.chance = random.Random(seed or token)
        self.diary = Diary(label or token)
        self.counts = counts or Counts()
        self.sending = Sending(base, self.diary, self.counts, self.chance)
        self.browser = self.sending.browser
        self.doorstep = Doorstep(study, self.chance, habits.fallible)
        self.solo = Solo(study, self.diary, self.chance, habits.fallible)
        self.answers = Answers(study, self.diary, self.chance, hooks, self.solo)
        self.answers.entry, self.diary.meant = self.doorstep.entry, self.doorstep.meant
        self.page = PageSeen(self.diary, patience)
        self.patience = patience
        self.held = HeldReceipts(self.diary)
        self.misfits = Misfits(self.diary, self.sending, seed or token, habits.misfits)
        self.moving = Moving(self.page, self.sending, self.held, habits, self.chance, self._think)
        self.talking = Talking(
            self.page, self.sending, habits, self.chance, insight is None or not insight.hurry
        )
        self.own = insight and OwnBot(
            insight, study, self.page, self.moving, self.talking, self.chance, self._think
        )
        self.made = 0  # records
        self.due = 0  # records of the positions at which it has acted
        self.acted: set[int] = set()  # positions in the plan at which it has begun to act
        self.acting: set[asyncio.Task[None]] = set()
        self.watching: asyncio.Task[None] | None = None
        self.clicking = False  # it is about to say that it is ready
        self.away = 0.0  # seconds that its locked phone stays away
        self.over = False  # left without a word

    @property
    def here(self) -> bool:
        return self.page.code is None and not self.over

    async def play(self) -> str | None:
        """From the link to the code, whatever breaks on the way. Returns the code, "" from a closed door."""
        try:
            await self._pause(self.habits.comes)
            self.diary.came = time.monotonic()
            self.counts.came += 1
            while self.here:
                with suppress(WireError):
                    await self._come_in()
                    while self.here:
                        await self._watch()
                        await self._pause(self.chance.uniform(0.2, 1.0))
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

    async def _come_in(self) -> None:
        await self.sending.ask("door", "GET", self.way)
        await self._pause(self.chance.uniform(*self.habits.entry))
        entry = self.doorstep.form()
        while (answer := await self._knock(entry)).status == 422 and self.doorstep.may_try_again():
            await self._pause(self.chance.uniform(*self.habits.entry))
            entry = self.doorstep.form()
        if answer.status == 410:
            self.page.code = ""
            return
        if answer.status != 303:
            raise WireError(f"the sign-in was answered with {answer.status}")
        if self.diary.signed_in is None:
            self.diary.signed_in = time.monotonic()
        await self.sending.ask("page", "GET", "/play")

    async def _knock(self, entry: dict[str, str]) -> Reply:
        if self.diary.label.startswith(OF_BROWSER):
            entry = entry | {"visit": self.token}  # as the form has one that tells its browser from others
        if self.chance.random() < self.habits.double_click:
            self.diary.did("signed in twice at once")
            await self.sending.beside(self.way, entry)
        return await self.sending.ask("sign-in", "POST", self.way, entry)

    async def _watch(self) -> None:
        """Until the stream ends, the phone locks or everything is over. Raises WireError where it is refused."""
        self.away = 0.0
        self.watching = asyncio.create_task(self._follow(self.browser, self.page))
        try:
            await asyncio.wait([self.watching])
        finally:
            self.watching.cancel()
        self.page.loses(not self.away and not self.watching.cancelled())
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
        if page.asks_ready and not self.clicking:
            self.clicking = True
            self._do(self._say_ready())
        if before == "room" and page.place in ("alone", "done"):
            self.counts.playing -= 1
        self.counts.alone += (page.place == "alone") - (before == "alone")
        if page.nudged:
            self._do(self._say_here({"nudged": "1"}))
        if page.place in ("room", "alone") and page.asked is not None and page.asked not in self.acted:
            self.acted.add(page.asked)
            self._do(self._act(self.study.plan[page.asked]))

    def _do(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self.acting.add(task)
        task.add_done_callback(self._did)

    def _did(self, task: asyncio.Task[None]) -> None:
        self.acting.discard(task)
        if not task.cancelled() and (error := task.exception()):
            self.diary.wrong(0, f"the bot itself failed: {error!r}")

    async def _say_ready(self) -> None:
        await self._pause(self.chance.uniform(1.0, 4.0))
        with suppress(WireError):
            await self.sending.ask("ready", "POST", "/play/here", {"ready": "1"})
        self.clicking = False

    async def _second_tab(self) -> None:
        """The same player in another tab: it shows the same, and what it sees is held against the same rules."""
        self.diary.did("opened a second tab")
        tab, page = self.sending.another(), PageSeen(self.diary, self.patience)
        with suppress(TimeoutError):
            async with asyncio.timeout(None if self.habits.keeps_tab else self.chance.uniform(4.0, 20.0)):
                while page.code is None:
                    with suppress(WireError):
                        await self._follow(tab, page)
                    await asyncio.sleep(self.chance.uniform(0.2, 0.6))

    async def _act(self, position: Position) -> None:
        """Think, perhaps say something, answer; a bot that is too slow finds itself at the next step."""
        habits, step = self.habits, position.step
        if habits.drops_at is not None and position.index + 1 > habits.drops_at * len(self.study.plan):
            await self._drop()
            return
        if self.solo.declines(step):
            await self._think(self.chance.uniform(*habits.think))
            await self._leave({"form_key": self.page.keys.get("form-key", ""), "decline": "yes"})
            return
        think = self.chance.uniform(*habits.think)
        messages = math.floor(habits.talk + self.chance.random()) if step.chat != "none" else 0
        own = self.own if step.bot else None
        if own:
            messages = 0
            self._do(own.go_on(position))
        with suppress(WireError):
            for _ in range(messages):
                await self._think(think / (messages + 1))
                await self.talking.say(position)
            await self._think(think / (messages + 1))
            if self.chance.random() < habits.locks:
                self._lock()
            # This step's share of the records that it is to make: more than one save of it is an update. What could
            # not be said at a step that went on without it is not made up for at the next.
            share = self._up_to(position.index + 1) - self._up_to(position.index)
            self.due = min(self.due, self.made) + share
            tries = TRIES
            while step.fields and tries and self._is_at(position):
                status = await self._answer(position)
                if status == 200 and self.made >= self.due:
                    break
                tries -= status == 422
            if not own:
                await self.moving.go_on(position)

    def _up_to(self, positions: int) -> int:
        """How many records belong to so many positions of the plan: to each as many as it asks for, or times that where
        nobody goes on by answering."""
        asked = [len(one.step.fields) for one in self.study.plan]
        once = [many if one.step.is_solo else 0 for many, one in zip(asked, self.study.plan, strict=True)]
        times = max(1.0, (self.records - sum(once)) / max(sum(asked) - sum(once), 1))
        alone = sum(once[:positions])
        return alone + math.ceil(times * (sum(asked[:positions]) - alone))

    def _is_at(self, position: Position) -> bool:
        return self.page.here == position.index

    async def _think(self, seconds: float) -> None:
        """Somebody who thinks scrolls and types, and a page that is to know tells of it."""
        left = seconds / self.speed
        self.diary.thought += left
        while self.page.gives_signs and left > SIGNS:
            await asyncio.sleep(SIGNS)
            left -= SIGNS
            await self._say_here({})
        if left > 0:
            await asyncio.sleep(left)

    async def _say_here(self, form: dict[str, str]) -> None:
        with suppress(WireError):
            await self.sending.once(self.browser, "POST", "/play/here", form)

    async def _drop(self) -> None:
        if self.habits.without_a_word:
            self.diary.did("left without a word")
            self.over = True
            if self.watching:
                self.watching.cancel()
            return
        self.diary.did("withdrew")
        await self._leave({})

    async def _leave(self, form: dict[str, str]) -> None:
        with suppress(WireError):
            await self.sending.ask("leave", "POST", "/play/leave", form)

    def _lock(self) -> None:
        if self.watching:
            self.diary.did("locked the phone")
            self.away = self.chance.uniform(*self.habits.away) / self.speed
            self.watching.cancel()

    async def _answer(self, position: Position) -> int:
        """The status of what came of it."""
        fields, key = asked_on(position, self.page), self.page.keys["form-key"]
        values, by_hook = await self.answers.at(position, self.page)
        form = {"form_key": key, **values}
        await self.misfits.before(position, fields, form)
        self.solo.sends(position, values)
        if self.chance.random() < self.habits.cut:
            self.diary.did("lost the connection under a form")
            self.diary.broken += 1
            with suppress(WireError):
                await self.sending.another().hang_up("/play/records", form, FROM_PAGE)
        twice = self.chance.random() < self.habits.double_click
        other = asyncio.create_task(self.sending.beside("/play/records", form)) if twice else None
        answer = await self.sending.ask("records", "POST", "/play/records", form)
        if answer.status != 200:
            if other:
                await other
            self.diary.refused += answer.status == 422
            return answer.status
        said = tuple((field.name, field.read([values[field.name]])) for field in fields)
        self.held.note(key, said, answer)
        self.answers.stored(position, self.page, dict(said))
        if position.step.during == BEFORE:
            self.diary.through = time.monotonic()
        self.made += len(fields)
        self.diary.by_hook += by_hook
        self.diary.by_chance += len(fields) - by_hook
        self.counts.records += len(fields)
        self.counts.acts["decided"] += position.step.computes
        self.counts.acts["alone"] += position.step.is_solo
        self.page.take_keys(answer.text)
        if other:
            self.diary.did("clicked twice")
            if again := await other:
                self.held.note(key, said, again)
        if self.chance.random() < self.habits.back:
            self.diary.did("went back and sent a form again")
            if again := await self.sending.beside("/play/records", form):
                self.held.note(key, said, again)
        return answer.status

    async def _pause(self, seconds: float) -> None:
        await asyncio.sleep(max(0.0, seconds / self.speed))
