from networklab import Room


def value(room: Room) -> int:
    return room.dice("value").randint(20, 100)


def estimate(room: Room) -> dict[int, int]:
    return {slot: value(room) + room.dice(f"noise {slot}").randint(-10, 10) for slot in room.slots}


def worth(room: Room) -> dict[str, dict[int, int]]:
    return {"worth": dict.fromkeys(room.slots, value(room))}


def payoff(room: Room) -> dict[int, int]:
    bids = room.said("bid")
    highest = [slot for slot in bids if bids[slot] == max(bids.values())]
    winner = room.dice("tie").choice(highest) if highest else 0
    return {slot: value(room) - bids[slot] if slot == winner else 0 for slot in room.slots}
