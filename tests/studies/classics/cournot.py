from networklab import Room


def payoff(room: Room) -> dict[int, int]:
    units = room.said("units")
    price = 60 - sum(units.values())
    return {slot: price * units.get(slot, 0) for slot in room.slots}
