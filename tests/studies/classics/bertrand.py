from networklab import Room


def payoff(room: Room) -> dict[int, int]:
    """The cheapest sells one unit; who of the equally cheap, chance says."""
    price = room.said("price")
    cheapest = [slot for slot in price if price[slot] == min(price.values())]
    winner = room.dice("who sells").choice(cheapest) if cheapest else 0
    return {slot: price[slot] if slot == winner else 0 for slot in room.slots}
