from networklab import Room


def payoff(room: Room) -> dict[int, int]:
    """A stag takes both; a hare anybody can catch alone."""
    prey = room.said("prey")
    both = list(prey.values()) == ["Stag", "Stag"]
    return {slot: 3 if hunted == "Hare" else 10 * both for slot, hunted in prey.items()}
