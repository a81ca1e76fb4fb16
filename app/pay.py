"""Pay: what a player earns, as far as it is certain while they play."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal

from app.players import Player
from app.study import Study

CENT = Decimal("0.01")
FOR_FINISHING = (None, "complete", "partner_left", "closed")  # outcomes that are paid like it; None: none yet


@dataclass(frozen=True, slots=True)
class Pay:
    """In the study's currency. `base` is for finishing; where `since` is set, `waiting` grows from then on."""

    base: Decimal
    waiting: Decimal
    a_minute: Decimal
    since: datetime | None

    @property
    def total(self) -> Decimal:
        return self.base + self.waiting


def pay_of(study: Study, player: Player, now: datetime) -> Pay | None:
    """None where the study says nothing of pay. Waiting is paid by the second, from signing in to a seat or a code."""
    rate = study.lobby.pay_per_minute
    if player.signed_in_at is None or not (study.pay.base or rate):
        return None
    until = player.seated_at or player.finished_at or now
    seconds = max(0, int((until - player.signed_in_at).total_seconds()))
    waiting = (rate * seconds / 60).quantize(CENT, ROUND_HALF_UP)
    base = study.pay.base if player.outcome in FOR_FINISHING else Decimal(0)
    waits = player.status == "waiting" and bool(rate)
    return Pay(base, waiting, rate, player.signed_in_at if waits else None)
