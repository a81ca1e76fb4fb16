"""What a hook says of a move, read: what counts, what is refused, what is kept, and what is nonsense."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest

from app.study.hooks.answers import LARGEST_STATE, Handled, read_made, read_move
from app.study.hooks.networklab import Accept, Move, Refuse, Room, Seat, pack, unpack
from app.study.hooks.pool import Nonsense
from app.study.model.fields import Field
from app.study.model.kinds.known import KINDS
from app.study.model.moves import MoveForm
from app.study.model.steps import Step

PRICE = Field("price", "Your price", KINDS["number"])
BID = MoveForm("bid", "Bid", (PRICE, Field("sure", "Sure?", KINDS["yes_no"], required=False)))
STEP = Step(
    "trade", "talk", moves=(BID,), on_move="trade", results=(Field("cash", "Your cash", KINDS["number"]),)
)


def read(answer: Any) -> Handled:
    """As it comes out of the hooks' process."""
    return read_move(STEP, unpack(json.loads(json.dumps(pack(answer)))), (1, 2))


def test_a_hook_gets_a_move_with_values_of_the_kinds_of_its_fields() -> None:
    made = read_made(BID, 2, BID.written({"price": "2.50", "sure": "yes"}), 3.25)
    assert made == Move(2, "bid", {"price": Decimal("2.50"), "sure": True}, 3.25)
    assert read_made(BID, 1, BID.written({"price": "2"}), 0.0).values == {"price": 2}
    room = Room("r-1", "r", 1, 1, "trade", 1, 1, (Seat(1, "Player 1", ""),), state={"a": [1]}, moves=(made,))
    assert unpack(pack(room)) == Room(
        *("r-1", "r", 1, 1, "trade", 1, 1, room.seats), state={"a": (1,)}, moves=(made,)
    )


def test_what_counts_has_a_state_and_results_and_may_end_the_step() -> None:
    assert read(Accept()) == Handled(True)
    state = {"z": Decimal("2.50"), "a": [1, None, True, ("x",)], 3: {}, "n": 10**30}
    found = read(Accept(state=state, results={"cash": {2: Decimal("1.5"), 1: None}}, end=True))
    assert (found.accepted, found.sentence, found.results, found.ends) == (
        True,
        "",
        {"cash": {2: "1.5"}},
        True,
    )
    kept = unpack(json.loads(json.dumps(found.state)))
    assert kept == {"z": Decimal("2.50"), "a": (1, None, True, ("x",)), 3: {}, "n": 10**30}
    assert (
        list(kept) == ["z", "a", 3, "n"] and str(kept["z"]) == "2.50"
    )  # neither order nor decimals are lost
    assert read(Accept(state={})).state is not None is read(Accept(state=None)).state  # nothing: as it was


def test_what_is_refused_says_why_in_one_sentence() -> None:
    assert read(Refuse(" C’est trop cher\u00a0! ")) == Handled(False, "C’est trop cher\u00a0!")


def test_a_state_is_kept_as_it_came_and_what_no_hook_could_send_is_refused() -> None:
    answer = pack(Accept(state={"bids": [(Decimal("1.50"), 1)]}))
    assert read_move(STEP, unpack(answer), (1, 2)).state is answer["with"][0], "nothing of it is made anew"
    odd: Any
    for odd in (
        {"float": "1"},
        {"decimal": 5},
        {"map": [[True, 1]]},
        {"map": [[1.5, 1]]},
        {"said": [[], []]},
    ):
        with pytest.raises(Nonsense, match="its state has"):
            read_move(STEP, unpack({"is": "Accept", "with": [{"map": [["a", [odd]]]}]}), (1, 2))
    for odd in (
        {"map": [[1, 2, 3]]},
        {"map": 5},
        {"decimal": "1", "map": []},
    ):  # as `judged` has it: nothing at all
        with pytest.raises((ValueError, TypeError)):
            read_move(STEP, unpack({"is": "Accept", "with": [[odd]]}), (1, 2))


def test_a_state_has_a_largest_size() -> None:
    largest = "é" * ((LARGEST_STATE - 2) // 2)
    assert read(Accept(state=largest)).state == largest
    with pytest.raises(Nonsense, match="its state has 65,538 bytes, and 65,536 is the most"):
        read(Accept(state=largest + "é"))


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (None, r"it must return Accept\(…\) or Refuse\(\"…\"\), and returned None"),
        (True, "and returned True"),
        ({"cash": {1: 2}}, "and returned {'cash'"),
        (Refuse(""), "Refuse takes a sentence for the player"),
        (Refuse(7), "and was given 7"),  # type: ignore[arg-type]
        (Refuse("a\nb"), "on one line"),
        (Refuse("x" * 301), "of at most 300 characters"),
        (Accept(end=1), "`end` must be True or False, and is 1"),  # type: ignore[arg-type]
        (Accept(state=1.5), "its state has 1.5 in it, which can't be kept: write a Decimal"),
        (Accept(state=[{1, 2}]), "which can't be kept: write plain values, lists and dicts"),
        (Accept(state={(1, 2): 3}), r"its state has the key \(1, 2\): write texts or whole numbers"),
        (Accept(state={True: 3}), "its state has the key True"),
        (Accept(state=["a\0b"]), "a text with a character in it that can't be kept"),
        (Accept(state={"\ud800": 1}), "a text with a character in it that can't be kept"),
        (Accept(state=[Seat(1, "Player 1", "")]), "which can't be kept"),
        (Accept(results={"case": {1: 2}}), "it computes `case`, but the step's `results` name cash"),
        (Accept(results={"cash": {3: 2}}), "3 is no slot of this room: it has 1, 2"),
        (Accept(results={"cash": {1: 0.5}}), "`cash` must be a number, int or Decimal, and is 0.5"),
        (Accept(results={"cash": 1}), "it must return {slot: value}, and returned 1"),  # type: ignore[dict-item]
        (Accept(results=[1]), r"it must return {name: {slot: value}}, and returned \(1,\)"),  # type: ignore[arg-type]
    ],
)
def test_nonsense_is_told_with_what_was_expected(answer: Any, told: str) -> None:
    with pytest.raises(Nonsense, match=told):
        read(answer)
