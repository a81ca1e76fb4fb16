"""The doorstep: what somebody who is a program answers at the door, and how it is to end there for them by that."""

from __future__ import annotations

import random
from collections.abc import Iterator

from app.players.screening import screens_of
from app.study.model.entrance import ATTEMPT, DECLINE, PAGE, SCREENED_OUT
from app.study.model.fields import FieldError
from app.study.model.plausible import DECLINES, SCREENED, WRONG, not_right, plausible
from app.study.model.study import Study

DRAWS = 200  # of all answers, of which some should let somebody in


def welcome_answers(study: Study, chance: random.Random) -> dict[str, str]:
    """Plausible answers at the door, as they are posted, that nobody is screened out for, if such were found."""
    drawn: dict[str, str] = {}
    for _ in range(DRAWS):
        drawn = {field.name: plausible(field, chance) for field in study.entry}
        if not _is_screened(study, drawn):
            break
    return drawn


class Doorstep:
    """One person's. They make up their mind once, however often they come."""

    def __init__(self, study: Study, chance: random.Random, fallible: bool = True) -> None:
        self.study = study
        self.declines = fallible and bool(study.entrance.decline) and chance.random() < DECLINES
        anyhow = fallible and bool(study.screens) and chance.random() < SCREENED
        self.entry = (
            {field.name: plausible(field, chance) for field in study.entry}
            if anyhow
            else welcome_answers(study, chance)
        )
        self.slips = list(self._slips(chance)) if fallible else []
        self.attempt = 1

    @property
    def meant(self) -> str:
        """The outcome with which they are to leave at the door; "" where they may come in."""
        if self.declines:
            return self.study.entrance.decline
        if _is_screened(self.study, self.entry):
            return SCREENED_OUT
        return self.study.entrance.then if len(self.slips) == self.study.entrance.attempts else ""

    def form(self) -> dict[str, str]:
        above = {PAGE: self.study.entry_page} if self.study.entry_page else {}
        if self.declines:
            return above | {DECLINE: "yes"}
        slip = self.slips[self.attempt - 1] if self.attempt <= len(self.slips) else {}
        return above | ({ATTEMPT: str(self.attempt)} if self.study.checked else {}) | self.entry | slip

    def may_try_again(self) -> bool:
        """After a form that was not taken: whether another attempt was to be made."""
        self.attempt += 1
        return self.attempt <= min(len(self.slips) + 1, self.study.entrance.attempts)

    def _slips(self, chance: random.Random) -> Iterator[dict[str, str]]:
        """What they get wrong at each attempt until they get nothing wrong."""
        for _ in range(self.study.entrance.attempts if self.study.checked else 0):
            field = chance.choice(self.study.checked)
            wrong = not_right(field, chance)
            if not wrong or chance.random() >= WRONG:
                return
            yield {field.name: wrong}


def _is_screened(study: Study, posted: dict[str, str]) -> bool:
    try:
        entry = {field.name: field.read([posted[field.name]]) for field in study.entry}
    except FieldError:
        return False
    return bool(screens_of(study, entry))
