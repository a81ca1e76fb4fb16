from decimal import Decimal
from typing import Any

from networklab import Room


def nearest(room: Room) -> dict[str, Any]:
    guesses = room.said("guess")
    target = Decimal(2) / 3 * sum(guesses.values()) / max(len(guesses), 1)
    away = {slot: abs(guess - target) for slot, guess in guesses.items()}
    winners = [slot for slot in away if away[slot] == min(away.values())]
    return {"target": round(target, 2), "won": {slot: Decimal(100) / len(winners) for slot in winners}}


def prize(room: Room) -> dict[int, Decimal]:
    return room.said("won")
