import random

from networklab import Room


def payoff(room: Room) -> dict[int, int]:
    """As the last round ends: which one counts, drawn from the room's seed, the same for all."""
    if room.round < room.rounds:
        return dict.fromkeys(room.slots, 0)
    paid = random.Random(f"paid {room.seed}").randint(1, room.rounds)
    return {slot: room.said("points", round=paid).get(slot, 0) for slot in room.slots}
