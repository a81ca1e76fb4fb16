"""Clocks: a number that rises or falls by itself while a step is open, as the price in an auction does.

Pages draw it from when the step opened, and what it was as somebody moved is told from when their move was stored:
nobody has to send it anywhere.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal

from app.study.model.fields import Field, plain_number

MOST = 1000  # values in one step
FASTEST = 0.2  # seconds between two
LONGEST = 10 * MOST  # values that a page draws at most, where a researcher has given a step more time
LENGTHS = 20  # of steps, of which is kept what pages draw


@dataclass(frozen=True, slots=True)
class Clock:
    """`start` at first, and `step` more (less, where that is below 0) each `every` seconds, until it comes to `end`.

    `field` is what it is called, and how it is written.
    """

    field: Field
    start: Decimal
    step: Decimal
    every: float
    end: Decimal | None = None
    known: dict[float, str] = dataclasses.field(default_factory=dict, init=False, repr=False, compare=False)

    def at(self, seconds: float) -> Decimal:
        """What it shows so long after its step opened, without pauses."""
        return self._after(round(max(0.0, seconds) * 1e6) // round(self.every * 1e6))

    def value(self, seconds: float) -> int | Decimal:
        """The same as hooks get it: an int where it never is anything else."""
        return self.read(self.at(seconds))

    def read(self, shown: str | Decimal) -> int | Decimal:
        """What was stored of it, or is to be, as hooks get it."""
        parts = (self.start, self.step, self.end or Decimal(0))
        whole = all(one == one.to_integral_value() for one in parts)
        return int(shown) if whole else Decimal(shown)

    def stored(self, seconds: float) -> str:
        return plain_number(self.at(seconds))

    def written(self, value: str | Decimal) -> str:
        """As people read it, with as many decimals as it ever has."""
        parts = (self.start, self.step, self.end or Decimal(0))
        finest = max(-int(one.as_tuple().exponent) for one in parts)
        return self.field.kind.shown(self.field, f"{Decimal(value):.{max(0, finest)}f}")

    def all_within(self, seconds: float) -> list[str]:
        """What it shows one after the other within this time, as people read it."""
        return [self.written(self._after(nth)) for nth in range(self.many_within(seconds))]

    def drawn_within(self, seconds: float) -> str:
        """The same, a line for each, as every page has it: they are not written anew for each of them."""
        if seconds not in self.known:
            if len(self.known) == LENGTHS:
                self.known.clear()
            self.known[seconds] = "\n".join(self.all_within(min(seconds, LONGEST * self.every)))
        return self.known[seconds]

    def many_within(self, seconds: float) -> int:
        many = round(seconds * 1e6) // round(self.every * 1e6) + 1
        if self.end is None:
            return many
        steps = ((self.end - self.start) / self.step).to_integral_value(ROUND_CEILING)
        return min(many, int(steps) + 1)

    def _after(self, steps: int) -> Decimal:
        value = self.start + self.step * steps
        if self.end is None:
            return value
        return min(value, self.end) if self.step > 0 else max(value, self.end)
