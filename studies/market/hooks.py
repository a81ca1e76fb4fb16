"""A continuous double auction: Smith (1962). Everybody has one unit to buy or to sell in each period."""

import random

from networklab import Accept, Move, Question, Refuse, Room, Wait

LADDERS = {"buyer": (130, 110, 90, 70, 50), "seller": (30, 50, 70, 90, 110)}  # balanced at 80: three trades
SIDES = {"buyer": ("bids", "asks", 1), "seller": ("asks", "bids", -1)}  # own and other offers, and a sign
NONE = "none"


def unit(room: Room) -> dict[int, int]:
    """What a unit is worth to each buyer, and costs each seller: by chance, and the same in all periods."""
    role, found = room.said("role"), dict[int, int]()
    for name, ladder in LADDERS.items():
        slots = [slot for slot in room.slots if role[slot] == name]
        random.Random(f"{room.seed}/{name}").shuffle(slots)
        found |= dict(zip(slots, ladder, strict=False))
    return found


def trade(room: Room, move: Move) -> Accept | Refuse:
    """The best offers stand first in the book. What reaches them trades at once, at the price that stood there."""
    role, units, slot = room.said("role"), room.said("unit"), move.slot
    book = room.state or {"bids": (), "asks": (), "deals": ()}
    own, other, sign = SIDES[role[slot]]
    if any(slot in (deal["buyer"], deal["seller"]) for deal in book["deals"]):
        return Refuse("You have traded your unit of this period.")
    rest = [one for one in book[own] if one["slot"] != slot]
    if move.name == "withdraw":
        if len(rest) == len(book[own]):
            return Refuse("You have no offer that stands.")
        return Accept({**book, own: rest}, {"offer": {slot: NONE}})
    price = move.values["price"]
    if sign * (price - units[slot]) > 0:
        what = "is worth" if sign > 0 else "costs"
        return Refuse(f"You would lose by that: your unit {what} {units[slot]}.")
    met = [one for one in book[other] if room.seat(one["slot"]).plays]  # who has left trades no more
    if not met or sign * (met[0]["price"] - price) > 0:
        offers = sorted([*rest, {"slot": slot, "price": price}], key=lambda one: -sign * one["price"])
        return Accept({**book, own: offers}, {"offer": {slot: str(price)}})
    price, partner = met[0]["price"], met[0]["slot"]
    buyer, seller = (slot, partner) if sign > 0 else (partner, slot)
    deals = [*book["deals"], {"buyer": buyer, "seller": seller, "price": price}]
    profit = {buyer: units[buyer] - price, seller: price - units[seller]}
    results = {"profit": profit, "offer": {buyer: NONE, seller: NONE}}
    everybody = len(deals) == min(list(role.values()).count(name) for name in LADDERS)
    return Accept({own: rest, other: met[1:], "deals": deals}, results, end=everybody)


def trader(room: Room, slot: int, questions: tuple[Question, ...]) -> Move | Wait | None:
    """Begins far from what its unit is worth and comes nearer as time runs out; takes what it would have asked for."""
    own, other, sign = SIDES["buyer" if "bid" in [one.name for one in room.offers] else "seller"]
    unit, dice = room.said("unit")[slot], room.dice(f"{slot}/{room.turn}")
    if slot in room.said("profit"):
        return None  # its unit is traded
    if room.turn % 2:
        return Wait(dice.randint(2, 8))
    book = room.state or {"bids": (), "asks": (), "deals": ()}
    margin = dice.randint(0, 5 + int(40 * room.left / (room.at + room.left)))
    price = min(max(unit - sign * margin, 1), 200)
    if book[other] and sign * (price - book[other][0]["price"]) >= 0:
        price = book[other][0]["price"]
    if {"slot": slot, "price": price} in book[own]:
        return Wait(dice.randint(2, 8))
    return Move(slot, "bid" if sign > 0 else "ask", {"price": price})


def earned(room: Room) -> dict[int, int]:
    return room.said("profit")
