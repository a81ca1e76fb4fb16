from networklab import Room


def payoff(room: Room) -> dict[int, int]:
    claims = room.said("claim")
    return claims if sum(claims.values()) <= 100 else dict.fromkeys(room.slots, 0)
