"""What the rounds of the public goods game bring: Fehr & Gächter (2000)."""

from decimal import Decimal
from typing import Any

from networklab import Room

COST = (0, 1, 2, 4, 6, 9, 12, 16, 20, 25, 30)  # of 0 to 10 points for one person
NAMES = ("first", "second", "third")


def income(room: Room) -> dict[int, Decimal]:
    given = room.said("contribution")
    project = room.constants["rate"] * sum(given.values())
    return {slot: room.constants["endowment"] - given.get(slot, 0) + project for slot in room.slots}


def share(room: Room) -> dict[str, dict[int, Decimal]]:
    return {"income": income(room)}


def order(room: Room, slot: int) -> list[int]:
    """The others as this slot sees them: drawn anew in each round, so that nobody is known again."""
    others = [other for other in room.slots if other != slot]
    room.dice(f"others of {slot}").shuffle(others)
    return others


def others_gave(room: Room) -> dict[int, str]:
    given = room.said("contribution")
    return {slot: " · ".join(str(given.get(other, 0)) for other in order(room, slot)) for slot in room.slots}


def punish(room: Room) -> dict[str, dict[int, Any]]:
    received, cost = dict.fromkeys(room.slots, 0), dict.fromkeys(room.slots, 0)
    for slot in room.slots:
        for name, other in zip(NAMES, order(room, slot), strict=True):
            points = room.said(name).get(slot, 0)
            received[other] += points
            cost[slot] += COST[points]
    # Each point takes a tenth of the income, ten all of it.
    left = {slot: amount * (10 - min(10, received[slot])) / 10 for slot, amount in income(room).items()}
    net = {slot: left[slot] - cost[slot] for slot in room.slots}
    orders = {slot: " ".join(map(str, order(room, slot))) for slot in room.slots}
    return {"order": orders, "received": received, "net_income": net}


def net_income(room: Room) -> dict[int, Decimal]:
    return room.said("net_income")
