from collections import Counter

from networklab import Room


def payoff(room: Room) -> dict[int, int]:
    sides = room.said("side")
    many = Counter(sides.values())
    return {slot: int(slot in sides and 2 * many[sides[slot]] > len(sides)) for slot in room.slots}
