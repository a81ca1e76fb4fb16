"""What a bot does at a step with moves: any of those that its page offers, a few a minute, as long as that is open."""

from __future__ import annotations

import asyncio
import html
import random
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress

from app.rehearsal.browser import WireError
from app.rehearsal.habits import Habits
from app.rehearsal.held_receipts import HeldReceipts
from app.rehearsal.page import HIDDEN, MOVE, PageSeen, others_on, step_of
from app.rehearsal.sending import FROM_PAGE, Sending
from app.study.model.moves import MoveForm
from app.study.model.plausible import MOVES, plausible, plausible_all
from app.study.model.study import Position, Study

PATH = "/play/moves"


def a_move(study: Study, page: str, chance: random.Random) -> dict[str, str] | None:
    """Any that a page offers, as it is posted; None: there is none."""
    offered = [(name, html.unescape(key)) for name, key in MOVE.findall(page)]
    name, key = chance.choice(offered) if offered else ("", "")
    position = step_of(key)
    form = None if position is None else study.plan[position].step.move_named(name)
    return None if form is None else _posted(form, key, _values(form, chance))


def something_to_send(study: Study, page: str, chance: random.Random) -> tuple[str, dict[str, str]] | None:
    """Where to, and what: a move, or an answer to the form that stands there; None: it asks nothing."""
    if move := a_move(study, page, chance):
        return PATH, move
    key = dict(HIDDEN.findall(page)).get("form-key", "")
    position = step_of(key)
    if position is None:
        return None
    said = plausible_all(study.plan[position].step.fields, others_on(page), chance)
    return "/play/records", {"form_key": key, **said}


class Moving:
    """One person's. `think` lets them take their time, in seconds."""

    def __init__(
        self,
        page: PageSeen,
        sending: Sending,
        held: HeldReceipts,
        habits: Habits,
        chance: random.Random,
        think: Callable[[float], Awaitable[None]],
    ) -> None:
        self.page, self.sending, self.held, self.habits, self.chance = page, sending, held, habits, chance
        self.think, self.diary = think, sending.diary

    async def go_on(self, position: Position) -> None:
        """Until that page is gone, or offers nothing."""
        while offered := self._offered(position):
            await self.think(self.chance.expovariate(MOVES / 60))
            if form := self.chance.choice(offered) if self._offered(position) else None:
                await self._make(form)

    def _offered(self, position: Position) -> list[MoveForm]:
        if self.page.here != position.index:
            return []
        return [form for form in position.step.moves if form.name in self.page.moves]

    async def make_as(self, form: MoveForm, said: Mapping[str, str]) -> None:
        """This move, with values as they are stored, where the page offers it. Raises WireError."""
        if form.name in self.page.moves:
            values = {
                one.name: one.in_form(said[one.name]) if one.name in said else "" for one in form.fields
            }
            await self._make(form, values)

    async def _make(self, form: MoveForm, given: Mapping[str, str] | None = None) -> None:
        key = self.page.moves[form.name]
        values = _values(form, self.chance) if given is None else given
        posted = _posted(form, key, values)
        if self.chance.random() < self.habits.cut:
            self.diary.did("lost the connection under a move")
            self.diary.broken += 1
            with suppress(WireError):
                await self.sending.another().hang_up(PATH, posted, FROM_PAGE)
        twice = self.chance.random() < self.habits.double_click
        other = asyncio.create_task(self.sending.beside(PATH, posted)) if twice else None
        answer = await self.sending.ask("moves", "POST", PATH, posted)
        again = await other if other else None
        self.diary.refused += answer.status == 422
        if answer.status != 200:
            return
        stored = {one.name: one.read([values[one.name]]) for one in form.fields}
        said = ((form.name, form.written(stored)),)
        self.held.note(key, said, answer)
        if again:
            self.diary.did("clicked twice")
            self.held.note(key, said, again)
        self.diary.by_chance += given is None
        self.diary.by_hook += given is not None
        self.sending.counts.records += 1
        self.page.take_keys(answer.text)


def _values(form: MoveForm, chance: random.Random) -> dict[str, str]:
    return {one.name: plausible(one, chance) for one in form.fields}


def _posted(form: MoveForm, key: str, values: Mapping[str, str]) -> dict[str, str]:
    return {"move": form.name, "form_key": key, **values}
