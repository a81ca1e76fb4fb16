import random

from networklab import Room


def urn(room: Room) -> str:
    return random.Random(f"urn {room.seed}").choice(("Red", "Blue"))


def turn(room: Room) -> set[int]:
    return {room.slots[room.round - 1]}


def signal(room: Room) -> dict[int, str]:
    """Two of three balls have the urn's colour."""
    other = "Blue" if urn(room) == "Red" else "Red"
    [slot] = turn(room)
    return {slot: room.dice(f"ball {slot}").choice((urn(room), urn(room), other))}


def reveal(room: Room) -> dict[str, dict[int, str]]:
    return {"urn": dict.fromkeys(room.slots, urn(room))}


def payoff(room: Room) -> dict[int, int]:
    return {slot: int(said == urn(room)) for slot, said in room.said("guess").items()}
