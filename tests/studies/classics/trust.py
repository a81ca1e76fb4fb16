from networklab import Room


def sent(room: Room) -> int:
    return next(iter(room.said("sent", step="send").values()), 0)


def came(room: Room) -> dict[int, int]:
    return {slot: 3 * sent(room) for slot, role in room.said("role").items() if role == "receiver"}


def payoff(room: Room) -> dict[int, int]:
    back = next(iter(room.said("returned").values()), 0)
    roles = room.said("role")
    return {
        slot: 100 - sent(room) + back if roles[slot] == "sender" else 3 * sent(room) - back
        for slot in room.slots
    }
