"""Whose number is nearest to two thirds of the mean wins: Nagel (1995)."""

from decimal import ROUND_DOWN, Decimal
from typing import Any

from networklab import Question, Room

PRIZE = Decimal(10)
CENT = Decimal("0.01")


def nearest(room: Room) -> dict[str, dict[int, Decimal]]:
    """Those who are nearest share the prize, in whole cents. Whoever has not guessed is not in the mean."""
    guesses = room.said("guess")
    if not guesses:
        return {"mean": {}, "target": {}, "won": dict.fromkeys(room.slots, Decimal(0))}
    total, many = sum(guesses.values(), Decimal(0)), len(guesses)
    # Exact: the distance to 2/3 of the mean, times three times the number of people.
    away = {slot: abs(3 * many * guess - 2 * total) for slot, guess in guesses.items()}
    winners = [slot for slot, distance in away.items() if distance == min(away.values())]
    share = (PRIZE / len(winners)).quantize(CENT, ROUND_DOWN)
    mean, target = (total / many).quantize(CENT), (2 * total / (3 * many)).quantize(CENT)
    return {
        "mean": dict.fromkeys(room.slots, mean),
        "target": dict.fromkeys(room.slots, target),
        "won": {slot: share if slot in winners else Decimal(0) for slot in room.slots},
    }


def prize(room: Room) -> dict[int, Decimal]:
    return room.said("won")


def play(room: Room, slot: int, questions: tuple[Question, ...]) -> dict[str, Any]:
    """A bot: it thinks one or two steps ahead of a hundred's half, and later of what the target was."""
    steps = room.dice(f"bot {slot}").choice((1, 2))
    before = (
        room.said("target", round=room.round - 1).get(slot, Decimal(50)) if room.round > 1 else Decimal(50)
    )
    answers = {"guess": (before * Decimal(2) ** steps / Decimal(3) ** steps).quantize(CENT), "clear": True}
    return {one.name: answers[one.name] for one in questions}
