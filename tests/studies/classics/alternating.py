from networklab import Room


def agreed(room: Room) -> bool:
    return any(one.name == "reply" and one.value == "I accept" for one in room.all_said)


def part(room: Room, role: str) -> set[int]:
    return set() if agreed(room) else {slot for slot, dealt in room.said("role").items() if dealt == role}


def proposer(room: Room) -> set[int]:
    return part(room, "proposer")


def responder(room: Room) -> set[int]:
    return part(room, "responder") if room.said("offer") else set()


def pie(room: Room) -> dict[int, int]:
    left = int(room.constants["whole"] * room.constants["shrink"] ** (room.round - 1))
    return dict.fromkeys(room.slots, left)


def payoff(room: Room) -> dict[int, int]:
    if "I accept" not in room.said("reply").values():
        return dict.fromkeys(room.slots, 0)
    [(first, offer)] = room.said("offer").items()
    return {slot: pie(room)[slot] - offer if slot == first else offer for slot in room.slots}
