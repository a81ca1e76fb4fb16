"""One offers, the other accepts or refuses: Güth, Schmittberger & Schwarze (1982), each deciding for both roles."""

from typing import Any

from networklab import Question, Room

SUM = 10
DIVIDES, ACCEPTS = "The one who divides", "The one who accepts or refuses"


def divide(room: Room) -> dict[str, dict[int, Any]]:
    """Chance says who divides. Whoever has not answered has nothing to offer, and refuses all."""
    first = room.dice("who divides").choice(room.slots)
    [second] = [slot for slot in room.slots if slot != first]
    offered = room.said("offer").get(first, 0)
    accepted = second in room.said("least") and offered >= room.said("least")[second]
    return {
        "part": {first: DIVIDES, second: ACCEPTS},
        "offered": dict.fromkeys(room.slots, offered),
        "accepted": dict.fromkeys(room.slots, accepted),
        "got": {first: SUM - offered, second: offered} if accepted else dict.fromkeys(room.slots, 0),
    }


def earned(room: Room) -> dict[int, int]:
    return room.said("got")


def play(room: Room, slot: int, questions: tuple[Question, ...]) -> dict[str, Any]:
    """A bot: it offers from three to five, accepts what it would offer less one, and finds everything clear."""
    offer = room.dice(f"bot {slot}").randint(3, 5)
    answers = {"offer": offer, "least": offer - 1, "clear": True}
    return {one.name: answers[one.name] for one in questions}
