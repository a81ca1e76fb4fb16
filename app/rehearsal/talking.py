"""What a bot writes to others: words by chance, or what its study's `bot` says."""

from __future__ import annotations

import random
import time
from contextlib import suppress

from app.rehearsal.browser import WireError
from app.rehearsal.diary import Sent
from app.rehearsal.habits import Habits
from app.rehearsal.page import PageSeen
from app.rehearsal.sending import FROM_PAGE, Sending
from app.study.hooks.networklab import Say
from app.study.model.kinds.text import WORDS
from app.study.model.study import Position

PATH = "/play/messages"
MARK = 60  # characters that stand behind a message, at most, so that the verdict knows it again


class Talking:
    """One person's. `marks`: each message says who wrote it as the how-manieth."""

    def __init__(
        self, page: PageSeen, sending: Sending, habits: Habits, chance: random.Random, marks: bool = True
    ) -> None:
        self.page, self.sending, self.habits, self.chance, self.marks = page, sending, habits, chance, marks
        self.diary = sending.diary

    async def say(self, position: Position, given: Say | None = None) -> None:
        """Where the page has a form for it. Raises WireError."""
        if "message-key" not in self.page.keys:
            return
        body = self._body(position, given)
        form = {"form_key": self.page.keys["message-key"], "body": body}
        if given is not None:
            form |= _where(given)
        elif self.page.areas:
            form |= self.chance.choice(self.page.areas)
        started = time.monotonic()
        self.diary.sent[body] = Sent(started)
        if self.chance.random() < self.habits.cut:
            self.diary.did("lost the connection under a message")
            with suppress(WireError):
                await self.sending.another().hang_up(PATH, form, FROM_PAGE)
        answer = await self.sending.ask("messages", "POST", PATH, form)
        if answer.status == 200:
            self.sending.counts.messages += 1
            self.diary.sent[body] = Sent(started, time.monotonic())
            self.page.take_keys(answer.text)
        elif answer.status < 500:
            del self.diary.sent[body]  # its group had ended meanwhile

    def _body(self, position: Position, given: Say | None) -> str:
        if given is not None and not self.marks:
            return given.body
        mark = f"({self.diary.label}·{position.step.name} {position.round}·{len(self.diary.sent) + 1})"
        if given is None:
            return f"{self.chance.choice(WORDS)} {mark}"
        channel = position.step.channel_named(given.channel)
        longest = channel.longest - MARK if channel else 0
        return f"{given.body[: max(longest, 0)]} {mark}".strip()


def _where(given: Say) -> dict[str, str]:
    if given.channel:
        return {"channel": f"{given.channel}:{given.to}" if given.to else given.channel}
    return {"to": str(given.to)} if given.to else {}
