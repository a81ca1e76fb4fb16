"""A click on the button of a page that asks nothing, stored as "yes": somebody has read it and goes on."""

from __future__ import annotations

import random
from collections.abc import Sequence

from app.study.model.fields import Field
from app.study.model.kinds.yes_no import YES, YesNo


class Click(YesNo):
    called = "a click"
    __slots__ = ()
    also_called = ()
    is_group = False
    labels_itself = True
    has_right_answer = False
    may_be_unknown = False

    def answers(self, field: Field) -> tuple[str, ...]:
        return (YES,)

    def read(self, field: Field, raw: Sequence[str]) -> str:
        """Whatever comes with the form: that it came is the answer."""
        return YES

    def guess(self, field: Field, chance: random.Random, others: Sequence[int]) -> str:
        return YES

    def slip(self, field: Field, chance: random.Random) -> str:
        return ""


CLICK = Click("click")
CLICKED = "clicked"


def clicked(button: str) -> Field:
    """What is asked on a page that asks nothing but a click on its button, which says so."""
    return Field(CLICKED, button, CLICK)
