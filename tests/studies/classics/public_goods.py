from decimal import Decimal

from networklab import Room


def payoff(room: Room) -> dict[int, Decimal]:
    given = room.said("given")
    share = Decimal("1.8") * sum(given.values()) / len(room.slots)
    return {slot: 100 - given.get(slot, 0) + share for slot in room.slots}
