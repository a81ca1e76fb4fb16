from networklab import Room


def payoff(room: Room) -> dict[int, int]:
    """The lower claim for both; of two that differ 2 more for the lower, and 2 less for the higher."""
    claims = room.said("claim")
    lower, higher = min(claims.values(), default=0), max(claims.values(), default=0)
    moved = 0 if lower == higher else 2
    return {slot: lower + (moved if claim == lower else -moved) for slot, claim in claims.items()}
