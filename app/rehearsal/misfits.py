"""Misfits: now and then somebody types what does not fit, as people do. It is refused with a sentence."""

from __future__ import annotations

import random
from collections.abc import Collection, Iterator, Mapping, Sequence

from app.rehearsal.diary import Diary, Misfit, Wrong
from app.rehearsal.sending import Sending
from app.study.model.fields import Field
from app.study.model.study import Position

SENTENCE = ('class="error"', 'class="problem"')  # beside the question, or above them all


class Misfits:
    """One person's. `often`: of forms, those before which they try one that does not fit."""

    def __init__(self, diary: Diary, sending: Sending, seed: str, often: float) -> None:
        self.diary, self.sending, self.often = diary, sending, often
        self.chance = random.Random(f"misfits {seed}")

    async def before(self, position: Position, fields: Sequence[Field], form: Mapping[str, str]) -> None:
        """The form with one answer that its kind does not take; then the person types it again."""
        if self.chance.random() >= self.often:
            return
        slips = [(one.name, typed) for one in fields if (typed := one.kind.slip(one, self.chance))]
        if not slips:
            return
        name, typed = self.chance.choice(slips)
        slip = Misfit(self.diary.label, position.step.name, position.round, name, typed)
        answer = await self.sending.ask("slips", "POST", "/play/records", {**form, name: typed})
        shown = f"`{typed[:40]}` for `{name}` at step {slip.step}, round {slip.round},"
        if answer.status == 200:
            self.diary.wrong(9, f"{shown} was taken")
        elif answer.status == 422:  # else the step went on meanwhile
            self.diary.misfits.append(slip)
            if not any(one in answer.text for one in SENTENCE):
                self.diary.wrong(9, f"{shown} was refused without a sentence")


def stored(slips: Sequence[Misfit], records: Collection[tuple[str, str, int, str, str]]) -> Iterator[Wrong]:
    """Those that are stored all the same. `records`: label, step, round, field and value of each."""
    known = {*records}
    for one in slips:
        if (one.label, one.step, one.round, one.field, one.typed.strip()) in known:
            where = f"`{one.field}` of {one.label} at step {one.step}, round {one.round}"
            yield Wrong(9, f"{where} is `{one.typed[:40]}`, which was refused")
