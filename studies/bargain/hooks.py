"""Two share a sum, and have until the deadline to agree: after Roth, Murnighan & Schoumaker (1988)."""

from networklab import Accept, Move, Question, Refuse, Room, Say, Wait

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


def haggle(room: Room, slot: int, questions: tuple[Question, ...]) -> Move | Say | Wait | None:
    """Asks for much, gives way as time runs out, never below half, and says why."""
    claims, wanted = dict(room.state or {}), SUM * 3 // 4
    wanted -= int((wanted - SUM // 2) * min(1, room.at / 120))
    [other] = [one for one in room.slots if one != slot]
    left = SUM - claims[other] if other in claims else None
    if left is not None and left >= wanted:
        return Move(slot, "claim", {"mine": left})  # that is an agreement
    if claims.get(slot) != wanted:
        return Move(slot, "claim", {"mine": wanted})
    said = sum(one.slot == slot for one in room.messages)
    if other in claims and said < 3 and room.messages and room.messages[-1].slot != slot:
        return Say(f"I want {wanted}: you would have {SUM - wanted} then.")
    if not said:
        return Say("Hello! What would you say is fair?")
    return Wait(room.dice(f"{slot}/{room.turn}").randint(5, 12))


def earned(room: Room) -> dict[int, int]:
    return room.said("got")
