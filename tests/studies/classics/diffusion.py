from networklab import Room


def having(room: Room) -> set[int]:
    return {one.slot for one in room.all_said if one.name == "adopt" and one.value}


def reached(room: Room) -> set[int]:
    """It begins with the first slot, and goes on from whoever has it."""
    has = having(room)
    return {slot for slot in room.slots if slot not in has and has & {*room.neighbours(slot)}} if has else {1}


def spread(room: Room) -> dict[str, dict[int, bool]]:
    return {"has": {slot: slot in having(room) for slot in room.slots}}


def payoff(room: Room) -> dict[int, int]:
    return dict.fromkeys(having(room), 1)
