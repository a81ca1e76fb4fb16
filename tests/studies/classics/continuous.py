from decimal import Decimal

from networklab import Accept, Move, Room


def sets(room: Room, move: Move) -> Accept:
    return Accept(results={"rate": {move.slot: move.values["points"]}})


def flow(room: Room) -> dict[int, Decimal]:
    """Each second brings what one keeps of 10 points, and 0.8 of what both give: from one move to the next."""
    given, earned, before = dict.fromkeys(room.slots, 0), dict.fromkeys(room.slots, Decimal(0)), Decimal(0)
    ends = (Decimal(room.constants["seconds"]), 0, 0)
    changes = [(Decimal(f"{one.at:.3f}"), one.slot, one.values["points"]) for one in room.moves]
    for at, slot, points in (*changes, ends):
        for one in room.slots:
            earned[one] += (at - before) * (10 - given[one] + Decimal("0.8") * sum(given.values()))
        before = at
        given[slot] = points
    return earned
