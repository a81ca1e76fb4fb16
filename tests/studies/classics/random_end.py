from networklab import Room

PAY = {
    ("Cooperate", "Cooperate"): 200,
    ("Cooperate", "Defect"): 0,
    ("Defect", "Cooperate"): 300,
    ("Defect", "Defect"): 100,
}


def payoff(room: Room) -> dict[int, int]:
    said = room.said("choice")
    return {slot: PAY.get((said.get(slot, ""), said.get(3 - slot, "")), 0) for slot in room.slots}
