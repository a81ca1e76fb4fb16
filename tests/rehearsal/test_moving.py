"""What a bot sends from a page: any of the moves that it offers, or an answer to the form that stands there."""

from __future__ import annotations

import random

from app.rehearsal.moving import something_to_send
from tests.house.market import market


def form(move: str, position: int) -> str:
    key = f"7.{position}.move:a&amp;b.c"
    return f'<input type="hidden" id="move-key-{move}" name="form_key" value="{key}">'


def test_of_the_moves_on_a_page_any_is_made_with_what_it_asks() -> None:
    study, page = market(), form("give", 0) + form("stop", 0)
    sent = [something_to_send(study, page, random.Random(seed)) for seed in range(20)]
    assert {where for where, _ in filter(None, sent)} == {"/play/moves"}
    assert {tuple(said) for _, said in filter(None, sent)} == {
        ("move", "form_key", "amount", "whom"),
        ("move", "form_key"),
    }
    assert all(said["form_key"] == "7.0.move:a&b.c" for _, said in filter(None, sent))


def test_a_page_that_asks_nothing_gets_nothing() -> None:
    assert something_to_send(market(), "<p>Wait.</p>", random.Random(1)) is None
    assert something_to_send(market(), form("sing", 0), random.Random(1)) is None
