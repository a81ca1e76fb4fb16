"""Who is in the group, who votes, and what a round brings: after Cinyabuguma, Page & Putterman (2005)."""

from decimal import Decimal

from networklab import Room


def expelled(room: Room) -> set[int]:
    """Voted out in any round before."""
    return {one.slot for one in room.all_said if one.name == "expelled" and one.value}


def members(room: Room) -> dict[int, bool]:
    out = expelled(room)
    return {slot: slot not in out for slot in room.slots}


def outsiders(room: Room) -> dict[int, bool]:
    return {slot: not inside for slot, inside in members(room).items()}


def here(room: Room) -> list[int]:
    """Those of the group who still play."""
    return [seat.slot for seat in room.seats if seat.plays and members(room)[seat.slot]]


def voters(room: Room) -> set[int]:
    return set(here(room)) if room.round < room.rounds and len(here(room)) > 2 else set()


def voted_on(room: Room) -> dict[int, tuple[int, ...]]:
    return {slot: tuple(other for other in here(room) if other != slot) for slot in here(room)}


def count(room: Room) -> dict[str, dict[int, bool]]:
    """Who more than half of the others who voted want out."""
    votes = room.said("vote")
    found = {}
    for slot in voters(room):
        said = [vote[slot] for voter, vote in votes.items() if voter != slot and slot in vote]
        found[slot] = 2 * said.count("goes") > len(said)
    return {"expelled": found}


def income(room: Room) -> dict[int, Decimal]:
    inside, given = members(room), room.said("contribution")
    points = {slot: room.constants["inside" if inside[slot] else "outside"] for slot in room.slots}
    put = {slot: Decimal(points[slot] * given.get(slot, 0)) / 100 for slot in room.slots}
    sums = {side: sum(put[slot] for slot in room.slots if inside[slot] is side) for side in (True, False)}
    return {
        slot: points[slot] - put[slot] + room.constants["rate"] * sums[inside[slot]] for slot in room.slots
    }


def share(room: Room) -> dict[str, dict[int, Decimal]]:
    return {"income": income(room)}
