from networklab import Room


def compare(room: Room) -> dict[str, dict[int, int]]:
    """By how much each gives more than they said in the first wave that they would."""
    given = room.said("given")
    return {"more": {slot: given[slot] - room.seat(slot).earlier.said("wish") for slot in given}}


def payoff(room: Room) -> dict[int, int]:
    given = room.said("given")
    return {slot: 100 - given.get(slot, 0) + given.get(3 - slot, 0) for slot in room.slots}
