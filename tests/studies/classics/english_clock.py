from networklab import Accept, Move, Refuse, Room

WORTH = (100, 80, 60)


def worth(room: Room) -> dict[int, int]:
    return {slot: WORTH[slot - 1] for slot in room.slots}


def leaves(room: Room, move: Move) -> Accept | Refuse:
    out = room.state or ()
    if move.slot in out:
        return Refuse("You are out already.")
    return Accept([*out, move.slot], end=len(out) + 2 == len(room.slots))


def hammer(room: Room) -> dict[str, int]:
    """Whoever is left pays what the clock showed as the last of the others went, or as it was over."""
    return {"paid": room.clock}


def payoff(room: Room) -> dict[int, int]:
    left = [slot for slot in room.slots if slot not in (room.state or ())]
    return {slot: worth(room)[slot] - room.clock if left == [slot] else 0 for slot in room.slots}
