"""Two share a sum, and have until the deadline to agree: after Roth, Murnighan & Schoumaker (1988)."""

from networklab import Accept, Move, Refuse, Room

SUM = 20


def claim(room: Room, move: Move) -> Accept | Refuse:
    """Whoever asks for no more than what the other’s claim leaves has taken it: each gets what that claim says."""
    claims, mine = dict(room.state or {}), move.values["mine"]
    [other] = [slot for slot in room.slots if slot != move.slot]
    if claims.get(move.slot) == mine:
        return Refuse("That is what you ask for already.")
    claims[move.slot] = mine
    if other not in claims or mine + claims[other] > SUM:
        return Accept(state=claims)
    claims[move.slot] = SUM - claims[other]
    return Accept(state=claims, results={"got": claims}, end=True)


def earned(room: Room) -> dict[int, int]:
    return room.said("got")
