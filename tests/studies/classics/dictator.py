from networklab import Room


def payoff(room: Room) -> dict[int, int]:
    kept = next(iter(room.said("kept").values()), 0)
    return {slot: kept if role == "dictator" else 100 - kept for slot, role in room.said("role").items()}
