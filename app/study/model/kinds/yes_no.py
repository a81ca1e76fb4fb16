"""Yes or no, stored as "yes" or "no"."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from app.study.languages.texts import Sentence
from app.study.model.fields import Field, FieldError, Kind

YES, NO = "yes", "no"


class YesNo(Kind):
    called = "yes or no"
    __slots__ = ()
    also_called: ClassVar[tuple[str, ...]] = ("bool", "boolean", "yes/no", "yesno")
    is_group = True
    is_radio: ClassVar[bool] = True
    when_empty = Sentence("Please choose yes or no.")
    words: ClassVar[Mapping[str, str]] = {YES: Sentence("Yes"), NO: Sentence("No")}

    def answers(self, field: Field) -> tuple[str, ...]:
        return (YES, NO)

    def take(self, field: Field, text: str) -> str:
        if text.lower() not in (YES, NO):
            raise FieldError(self.when_empty)
        return text.lower()

    def type_of(self, field: Field) -> Any:
        return bool

    def value(self, field: Field, stored: str) -> Any:
        return stored == YES

    def stored(self, field: Field, value: Any) -> str:
        if not isinstance(value, bool):
            raise ValueError(f"`{field.name}` must be True or False, and is {value!r}")
        return YES if value else NO

    def guess(self, field: Field, chance: random.Random, others: Sequence[int]) -> str:
        return chance.choice(self.answers(field))

    def slip(self, field: Field, chance: random.Random) -> str:
        return "perhaps"


YES_NO = YesNo("yes_no")
