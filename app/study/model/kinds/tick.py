"""A box to tick, stored as "yes". A required one must be ticked, such as a consent; an optional one may be "no"."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from app.study.languages.texts import Sentence
from app.study.model.fields import Field, FieldError, Unanswered
from app.study.model.kinds.yes_no import NO, YES, YesNo

TICKED = (YES, "on")  # the other is what browsers send of a box without a value


class TickBox(YesNo):
    called = "a box to tick"
    __slots__ = ()
    also_called = ("checkbox", "check", "box", "tickbox", "consent", "agree", "accept")
    is_group = False
    labels_itself = True
    has_right_answer = False
    may_be_unknown = False
    longest_ask = 5000  # what somebody agrees to may stand there
    when_empty = Sentence("Please tick this box to go on.")

    def answers(self, field: Field) -> tuple[str, ...]:
        return (YES,) if field.required else (YES, NO)

    def read(self, field: Field, raw: Sequence[str]) -> str:
        """A form says nothing of a box that is not ticked."""
        given = {text.strip().lower() for text in raw} - {""}
        if given <= {NO}:
            if field.required:
                raise Unanswered(self.when_empty)
            return NO
        if not given <= {*TICKED}:
            raise FieldError(self.when_empty)
        return YES

    def stored(self, field: Field, value: Any) -> str:
        said = super().stored(field, value)
        if field.required and said == NO:
            raise ValueError(f"`{field.name}` must be ticked, True, and is False")
        return said


TICK = TickBox("tick")
