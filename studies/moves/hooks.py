"""A cooperation game on a network that its players rewire (Rand, Arbesman & Christakis 2011)."""

from itertools import combinations

from networklab import Room

COST = 50  # points, for each neighbour that one gives to
GAIN = 100  # points, from each neighbour who gives
SHARE = 0.3  # of all pairs whose tie is up for decision after a round: 0.1 makes a viscous network
GIVE = "Give to all"


def points(room: Room) -> dict[str, dict[int, int]]:
    """What each slot gained and paid in this round."""
    givers = {slot for slot, move in room.said("move").items() if move == GIVE}
    return {"points": {slot: _points(slot, _near(room, slot), givers) for slot in room.slots}}


def payoff(room: Room) -> dict[int, int]:
    return points(room)["points"]


def offers(room: Room) -> dict[int, tuple[int, ...]]:
    """Some pairs are drawn from all who play, and one of the two, drawn as well, decides on their tie."""
    dice = room.dice("offers")
    pairs = list(combinations([seat.slot for seat in room.seats if seat.plays], 2))
    found: dict[int, tuple[int, ...]] = {}
    for pair in dice.sample(pairs, round(SHARE * len(pairs))):
        one, other = dice.sample(pair, 2)
        found[one] = (*found.get(one, ()), other)
    return found


def deciding(room: Room) -> bool | set[int]:
    """Who is asked about ties; nobody after the last round."""
    return room.round < room.rounds and set(offers(room))


def rewire(room: Room) -> list[tuple[int, int]]:
    """The next round's ties: those of this one, changed where somebody who was offered a tie decided on it."""
    ties = {tuple(sorted((tie.from_slot, tie.to_slot))) for tie in room.ties}
    wishes = room.said("tie")
    for slot, others in room.said("offers").items():
        for other in others:
            wish = wishes.get(slot, {}).get(other)
            change = {"Connected": ties.add, "Not connected": ties.discard}.get(wish)
            if change:
                change(tuple(sorted((slot, other))))
    return sorted(ties)


def _near(room: Room, slot: int) -> set[int]:
    return {other for other in room.neighbours(slot) if room.seat(other).plays}


def _points(slot: int, near: set[int], givers: set[int]) -> int:
    return GAIN * len(near & givers) - COST * len(near) * (slot in givers)
