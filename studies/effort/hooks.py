"""Sums, and what they bring: after Niederle & Vesterlund (2007)."""

import random
from decimal import Decimal
from typing import Any

from networklab import Room

TASKS = ("piece_rate", "tournament", "chosen")


def numbers(room: Room, round: int) -> list[int]:
    """The same for everybody in the room, and others in each task."""
    dice = random.Random(f"{room.seed}/{room.step}/{round}")
    return [dice.randint(10, 99) for _ in range(room.constants["many"])]


def item(room: Room) -> dict[int, str]:
    return dict.fromkeys(room.slots, " + ".join(map(str, numbers(room, room.round))))


def solution(room: Room) -> dict[int, int]:
    return dict.fromkeys(room.slots, sum(numbers(room, room.round - 1))) if room.round > 1 else {}


def mark(room: Room) -> dict[str, dict[int, bool]]:
    right = sum(numbers(room, room.round))
    return {"right": {slot: answer == right for slot, answer in room.said("answer").items()}}


def count(room: Room, task: str) -> dict[int, int]:
    right = [one.slot for one in room.all_said if one.step == task and one.name == "right" and one.value]
    return {slot: right.count(slot) for slot in room.slots}


def wins(room: Room, slot: int, task: str) -> bool:
    """Whether slot has more than each of the others had in the second task; chance decides among equals."""
    others = count(room, "tournament") | {slot: count(room, task)[slot]}
    best = [one for one in others if others[one] == max(others.values())]
    return room.dice(task).choice(best) == slot


def settle(room: Room) -> dict[str, Any]:
    """One of the three tasks is paid, the same for all four."""
    paid = room.dice("which task").choice((1, 2, 3))
    task = TASKS[paid - 1]
    piece, prize = room.constants["piece"], room.constants["prize"]
    earned = {}
    for slot, right in count(room, task).items():
        competes = paid == 2 or (paid == 3 and room.said("way", step="choose").get(slot) == "As a tournament")
        each = piece if not competes else prize if wins(room, slot, task) else Decimal(0)
        earned[slot] = right * each
    return {task: count(room, task) for task in TASKS} | {"paid": paid, "earned": earned}


def earned(room: Room) -> dict[int, Decimal]:
    return room.said("earned")
