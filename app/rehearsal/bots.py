"""A bot is a player: it opens its link, fills in the form, watches its page and does what the page asks."""

from __future__ import annotations

import asyncio
import html
import random
import re
from contextlib import suppress
from dataclasses import dataclass

from app.rehearsal.answers import WORDS, plausible
from app.rehearsal.wire import Answer, Browser, WireError
from app.study import Study

PARTIAL = re.compile(r'<hx-partial hx-target="(#[\w-]+)"[^>]*>(.*?)</hx-partial>', re.DOTALL)
HIDDEN = re.compile(r'<input type="hidden" id="(form-key|message-key)" name="form_key" value="([^"]*)"')
CODE = re.compile(r'id="code">([^<]*)<')


@dataclass(frozen=True, slots=True)
class Pace:
    """How a bot behaves. Times in seconds."""

    think: tuple[float, float] = (2.0, 8.0)  # between seeing a step and answering it
    talk: float = 0.35  # chance of a message at each step


class Bot:
    def __init__(self, base: str, token: str, study: Study, pace: Pace, seed: str) -> None:
        self.browser = Browser(base)
        self.token, self.study, self.pace = token, study, pace
        self.chance = random.Random(seed)
        self.keys: dict[str, str] = {}  # of the forms on its page
        self.answered: set[str] = set()  # form keys it has answered
        self.acting: set[asyncio.Task[None]] = set()
        self.code: str | None = None

    async def play(self) -> str | None:
        """From the link to the code, whatever breaks on the way. Returns the code."""
        try:
            while self.code is None:
                with suppress(WireError):
                    await self._sign_in()
                    await self._watch()
                await asyncio.sleep(self.chance.uniform(0.2, 1.0))
        finally:
            for task in self.acting:
                task.cancel()
            self.browser.close()
        return self.code

    async def _sign_in(self) -> None:
        await self.browser.get(f"/join/{self.token}")
        entry = {field.name: plausible(field, self.chance) for field in self.study.entry}
        answer = await self._send(f"/join/{self.token}", entry)
        if answer.status == 410:
            self.code = ""

    async def _watch(self) -> None:
        async for message in self.browser.stream("/play/live"):
            for target, content in PARTIAL.findall(message):
                self._see(target, content)
            if self.code is not None:
                return

    def _see(self, target: str, content: str) -> None:
        if target == "#page":
            self.keys.clear()
        if found := CODE.search(content):
            self.code = html.unescape(found[1])
        self.keys |= {name: html.unescape(value) for name, value in HIDDEN.findall(content)}
        step = self.keys.get("form-key", "").rpartition(".")[0].rpartition(".")[0]
        if target in ("#page", "#step") and step and step not in self.answered:
            self.answered.add(step)
            task = asyncio.create_task(self._act(step))
            self.acting.add(task)
            task.add_done_callback(self.acting.discard)

    async def _act(self, step: str) -> None:
        """Think, perhaps say something, answer; a bot that is too slow finds itself at the next step."""
        position = self.study.plan[int(step.rpartition(".")[2])]
        think = self.chance.uniform(*self.pace.think)
        with suppress(WireError):
            if (
                position.step.chat != "none"
                and "message-key" in self.keys
                and self.chance.random() < self.pace.talk
            ):
                await asyncio.sleep(think / 2)
                think /= 2
                await self._say(self.chance.choice(WORDS))
            await asyncio.sleep(think)
            if position.step.fields and self.keys.get("form-key", "").startswith(step + "."):
                values = {field.name: plausible(field, self.chance) for field in position.step.fields}
                await self._send("/play/records", {"form_key": self.keys["form-key"], **values})

    async def _say(self, body: str) -> None:
        answer = await self._send("/play/messages", {"form_key": self.keys["message-key"], "body": body})
        self.keys |= {name: html.unescape(value) for name, value in HIDDEN.findall(answer.text)}

    async def _send(self, address: str, form: dict[str, str]) -> Answer:
        """As the page does it: the same form again until it was answered."""
        for wait in (0.5, 1.0, 2.0, 4.0, 4.0, 4.0):
            try:
                answer = await self.browser.post(address, form, {"HX-Request": "true"})
                if answer.status != 503:
                    return answer
            except WireError:
                pass
            await asyncio.sleep(wait * self.chance.uniform(0.8, 1.2))
        raise WireError(f"{address} gave no answer")
