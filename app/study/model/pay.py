"""What players are paid, as a study says it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from app.study.model.outcomes import FOR_FINISHING


@dataclass(frozen=True, slots=True)
class Pay:
    """What players are paid, in `currency` (ISO 4217; empty: in no named one).

    `base` is for finishing, and `outcomes` has what else the ways to end bring, by outcome. What `score` hooks give is
    money, or points where `per_point` says what one is worth; all of it counts as `least` at least, as `most` at most.
    `participant` is the field of the entry form that asks for the recruiter's id; without one the label is it.
    """

    base: Decimal = Decimal(0)
    currency: str = ""
    outcomes: Mapping[str, Decimal] = field(default_factory=dict)
    per_point: Decimal | None = None
    least: Decimal = Decimal(0)
    most: Decimal | None = None
    participant: str = ""

    def for_outcome(self, outcome: str) -> Decimal:
        return self.outcomes.get(outcome, self.base if outcome in FOR_FINISHING else Decimal(0))
