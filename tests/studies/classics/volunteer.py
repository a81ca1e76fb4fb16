from networklab import Room


def payoff(room: Room) -> dict[int, int]:
    volunteers = room.said("volunteer")
    benefit = 100 if True in volunteers.values() else 0
    return {slot: benefit - 40 * volunteers.get(slot, False) for slot in room.slots}
