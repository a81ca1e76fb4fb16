"""A room's seats, one of which changes."""

from __future__ import annotations

import random
from dataclasses import replace

from app.rooms.rooms import Seat, Seats

KNOWN = ("by_slot", "by_player", "asked", "waited_for", "heard", "gone", "refilled")


def test_seats_of_which_one_changes_say_what_seats_would_that_are_made_of_the_same() -> None:
    chance = random.Random(1)
    seats = Seats(Seat(slot, f"P{slot}", "any", 100 + slot, "playing", False) for slot in range(1, 9))
    for _ in range(300):
        for name in chance.sample(KNOWN, 4):
            getattr(seats, name)
        before = chance.choice(seats)
        change = chance.choice(
            (
                *(
                    {"answered": True},
                    {"answered": False},
                    {"asked": False},
                    {"asked": True},
                    {"status": "left"},
                ),
                *({"status": "playing"}, {"bot": True}, {"bot": False}, {"refilled": True}, {"nudged": True}),
                {"player_id": chance.choice((None, 200 + before.slot, 300 + before.slot))},
            )
        )
        seats = seats.with_changed(before, replace(before, **change))
        anew = Seats(tuple(seats))
        assert {name: getattr(seats, name) for name in KNOWN} == {name: getattr(anew, name) for name in KNOWN}
        seats = Seats(seats) if chance.random() < 0.1 else seats


def test_seats_that_are_not_all_there_are_found_by_what_they_are() -> None:
    seats = Seats(Seat(slot, f"P{slot}", "any", slot, "playing", False) for slot in (2, 3))
    assert [seat.answered for seat in seats.with_changed(seats[1], replace(seats[1], answered=True))] == [
        False,
        True,
    ]
