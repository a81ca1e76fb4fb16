"""What is right to answer, where a question has a right answer."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

LONGEST_TEXT = 100  # characters: a longer one fits no pattern, however long that would take to find


@dataclass(frozen=True, slots=True)
class Correct:
    """One of `answers`, as they are stored; or a number from `min` to `max`; or a text that `pattern` fits as a whole,
    whatever its capitals. `example` is one that is right.
    """

    example: str
    answers: tuple[str, ...] = ()
    min: Decimal | None = None
    max: Decimal | None = None
    pattern: str = ""

    def takes(self, value: str, same: Callable[[str, str], bool]) -> bool:
        """`value` is as it is stored; `same` says whether two of them are the same answer."""
        if not value:
            return False
        if self.answers:
            return any(same(value, one) for one in self.answers)
        if self.pattern:
            fits = len(value) <= LONGEST_TEXT and re.fullmatch(self.pattern, value, re.IGNORECASE)
            return bool(fits)
        number = Decimal(value)
        return (self.min is None or number >= self.min) and (self.max is None or number <= self.max)

    @property
    def words(self) -> str:
        """For the codebook."""
        if self.answers:
            return " | ".join(self.answers)
        if self.pattern:
            return f"fits {self.pattern}"
        if self.min is not None and self.max is not None:
            return f"{self.min} to {self.max}"
        return f"{self.min} or more" if self.min is not None else f"{self.max} or less"
