from networklab import Accept, Move, Refuse, Room

WORTH = (100, 80, 60)


def worth(room: Room) -> dict[int, int]:
    return {slot: WORTH[slot - 1] for slot in room.slots}


def bid(room: Room, move: Move) -> Accept | Refuse:
    stands = room.state or {"slot": 0, "price": 0}
    if move.values["price"] <= stands["price"]:
        return Refuse(f"Somebody bids {stands['price']} already.")
    if move.slot == stands["slot"]:
        return Refuse("Yours is the highest bid.")
    return Accept({"slot": move.slot, "price": move.values["price"]})


def hammer(room: Room) -> dict[str, int]:
    return {"paid": room.state["price"]} if room.state else {}


def payoff(room: Room) -> dict[int, int]:
    if not room.state:
        return dict.fromkeys(room.slots, 0)
    winner, price = room.state["slot"], room.state["price"]
    return {slot: worth(room)[slot] - price if slot == winner else 0 for slot in room.slots}
