"""A board is drawn with the moves as they were shown last: it says what one that is drawn anew says."""

from __future__ import annotations

from dataclasses import replace

from app.rooms.moves import Made, MoveBoard
from app.rooms.rooms import RoomView, Seat, Seats
from app.study.model.networks import Ties
from app.web.live.boards import ShownMoves, board_html
from tests.house.market import market

OWN = b"{% for one in moves %}{{ one.seat.alias }} {{ one.nth }} {{ one.values.amount }} {{ one.said }};{% endfor %}"


def test_a_board_that_was_drawn_before_says_of_each_move_what_one_that_is_drawn_anew_says() -> None:
    study = market()
    study = replace(study, files={**study.files, "pages/_move_made.html": OWN})
    position, kept = study.plan[0], ShownMoves()
    made = [
        Made(nth, 1 + nth % 3, "give", {"amount": str(nth), "whom": "2"}, float(nth)) for nth in range(1, 6)
    ]
    seats = Seats(Seat(slot, f"Player {slot}", "any", slot, "playing", False) for slot in (1, 2, 3))

    def view(moves: list[Made], seats: Seats = seats) -> RoomView:
        return RoomView(None, seats, Ties([]), None, MoveBoard(None, tuple(moves)))  # type: ignore[arg-type]

    def is_the_same(one: RoomView) -> str:
        drawn = board_html(study, position, one, kept)
        assert drawn == board_html(study, position, one)
        return drawn

    first = is_the_same(view(made[:4]))
    assert "Player 2 4 4" in first
    before = dict(kept.by_nth)
    is_the_same(view(made[1:]))
    assert kept.by_nth.keys() == {2, 3, 4, 5} and all(kept.by_nth[nth] is before[nth] for nth in (2, 3, 4))
    others = Seats(replace(seat, alias=f"Number {seat.slot}") for seat in seats)
    assert "Number 2 4 4" in is_the_same(view(made[1:], others)), "somebody else sits there"
    again = [Made(1, 3, "give", {"amount": "9", "whom": "1"}, 0.5)]  # of another step
    assert "Player 3 1 9" in is_the_same(view(again))
    assert kept.by_nth.keys() == {1}
