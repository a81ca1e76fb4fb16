from decimal import Decimal

from networklab import Room


def common(room: Room) -> dict[int, Decimal]:
    given = room.said("given")
    share = Decimal("0.75") * sum(given.values())
    return {slot: 20 - given.get(slot, 0) + share for slot in room.slots}


def sold(room: Room) -> dict[int, int]:
    price = room.said("price")
    lowest = [slot for slot in price if price[slot] == min(price.values())]
    return {slot: price[slot] if lowest == [slot] else 0 for slot in room.slots}
