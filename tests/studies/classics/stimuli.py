import random

from networklab import Room

WORDS = {"PLUM": True, "GLOVE": True, "WINTER": True, "BLARP": False, "TROFE": False, "KLINT": False}


def shown(room: Room, slot: int) -> str:
    """Which word comes in this round: all of them, in an order of one's own."""
    return random.Random(f"{room.seed}/{slot}").sample(list(WORDS), len(WORDS))[room.round - 1]


def word(room: Room) -> dict[int, str]:
    return {slot: shown(room, slot) for slot in room.slots}


def points(room: Room) -> dict[int, int]:
    return {slot: int(said == WORDS[shown(room, slot)]) for slot, said in room.said("real").items()}
