import random

from networklab import Room


def payoff(room: Room) -> dict[int, int]:
    """One of the rounds is paid: 100 points to the matcher where both sides are the same, else to the other."""
    if room.round != random.Random(f"paid {room.seed}").randint(1, room.rounds):
        return dict.fromkeys(room.slots, 0)
    wins = "matcher" if len({*room.said("side").values()}) == 1 else "mismatcher"
    return {slot: 100 * (role == wins) for slot, role in room.said("role").items()}
