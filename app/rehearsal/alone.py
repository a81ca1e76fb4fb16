"""What somebody who is a program does at solo steps that may be the end of it for them, and whether it is to be."""

from __future__ import annotations

import random
from collections.abc import Mapping

from app.rehearsal.diary import Diary
from app.study.model.plausible import DECLINES, WRONG, not_right
from app.study.model.steps import Step
from app.study.model.study import Position, Study


class Solo:
    """One person's, who makes up their mind once. Not `fallible`: takes part, and gets all right."""

    def __init__(self, study: Study, diary: Diary, chance: random.Random, fallible: bool) -> None:
        self.diary, self.chance, self.fallible = diary, chance, fallible
        asked = [step.name for step in study.before if step.decline]
        self.declined = {name for name in asked if fallible and chance.random() < DECLINES}

    def declines(self, step: Step) -> bool:
        """Then that is how it is to end for them."""
        if step.name not in self.declined:
            return False
        self.diary.meant = step.decline
        self.diary.did("declined")
        return True

    def slip(self, step: Step) -> dict[str, str]:
        """What they get wrong this time, where answers are right or wrong."""
        if not step.attempts or not self.fallible or self.chance.random() >= WRONG:
            return {}
        field = self.chance.choice(step.checked)
        wrong = not_right(field, self.chance)
        return {field.name: wrong} if wrong else {}

    def sends(self, position: Position, posted: Mapping[str, str]) -> None:
        """Whoever has these wrong for the last time is out, and may see that before the form is answered."""
        step = position.step
        if step.attempts and step.wrong_in({one.name: one.read([posted[one.name]]) for one in step.checked}):
            self.diary.did("got something wrong")
            if position.round == step.attempts and step.fails:
                self.diary.meant = step.fails
