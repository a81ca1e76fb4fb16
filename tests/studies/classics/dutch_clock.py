from networklab import Accept, Move, Room

WORTH = (100, 80, 60)


def worth(room: Room) -> dict[int, int]:
    return {slot: WORTH[slot - 1] for slot in room.slots}


def take(room: Room, move: Move) -> Accept:
    return Accept({"slot": move.slot, "price": move.clock}, end=True)


def hammer(room: Room) -> dict[str, int]:
    return {"paid": room.state["price"]} if room.state else {}


def payoff(room: Room) -> dict[int, int]:
    sold = room.state or {"slot": 0, "price": 0}
    return {slot: worth(room)[slot] - sold["price"] if slot == sold["slot"] else 0 for slot in room.slots}
