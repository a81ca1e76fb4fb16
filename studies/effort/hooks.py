"""Sums, and what they bring: after Niederle & Vesterlund (2007)."""

import random
from decimal import Decimal
from typing import Any

from networklab import Room

TASKS = ("piece_rate", "tournament", "chosen")


def total(room: Room, task: str, round: int) -> tuple[list[int], int]:
    """What is to be added up, and what it makes: the same for all in the room, and others in each task."""
    dice = random.Random(f"{room.seed}/{task}/{round}")
    numbers = [dice.randint(10, 99) for _ in range(room.constants["many"])]
    return numbers, sum(numbers)


def item(room: Room) -> dict[int, str]:
    numbers, _ = total(room, room.step, room.round)
    return dict.fromkeys(room.slots, " + ".join(map(str, numbers)))


def before(room: Room) -> dict[int, str]:
    """How the last one was; nothing at the first."""
    _, made = total(room, room.step, room.round - 1)
    said = room.said("answer", step=room.step, round=room.round - 1)
    return {slot: "right" if answer == made else f"wrong, it made {made}" for slot, answer in said.items()}


def count(room: Room, task: str) -> dict[int, int]:
    said = [one for one in room.all_said if one.step == task and one.name == "answer"]
    right = [one.slot for one in said if one.value == total(room, task, one.round)[1]]
    return {slot: right.count(slot) for slot in room.slots}


def so_far(room: Room) -> dict[int, int]:
    return count(room, room.step) if room.round > 1 else {}


def mark(room: Room) -> dict[str, dict[int, bool]]:
    _, made = total(room, room.step, room.round)
    return {"right": {slot: answer == made for slot, answer in room.said("answer").items()}}


def wins(room: Room, slot: int, task: str) -> bool:
    """Whether slot has more than each of the others had in the second task; chance decides among equals."""
    others = count(room, "tournament") | {slot: count(room, task)[slot]}
    best = [one for one in others if others[one] == max(others.values())]
    return room.dice(task).choice(best) == slot


def settle(room: Room) -> dict[str, Any]:
    """One of the three tasks is paid, the same for all four."""
    paid = room.dice("which task").choice((1, 2, 3))
    task, earned = TASKS[paid - 1], {}
    piece, prize = room.constants["piece"], room.constants["prize"]
    for slot, right in count(room, task).items():
        competes = paid == 2 or (paid == 3 and room.said("way", step="choose").get(slot) == "As a tournament")
        each = piece if not competes else prize if wins(room, slot, task) else Decimal(0)
        earned[slot] = right * each
    return {task: count(room, task) for task in TASKS} | {"paid": paid, "earned": earned}


def earned(room: Room) -> dict[int, Decimal]:
    return room.said("earned")
