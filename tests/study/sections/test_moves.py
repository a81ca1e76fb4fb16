"""Moves as a study says them: who may do what at a step, and what its hook and pages may ask of it."""

from __future__ import annotations

from app.study.model.moves import MoveForm
from app.study.model.study import Study
from app.study.reading import check, parse
from tests.house.studies import as_files, changed

MARKET = """
title = "Market"
language = "de"
[[room]]
name = "market"
seats = {any = 4}
[role]
deal = {buyer = 1, seller = 1}
[[step]]
page = "talk"
repeat = 3
limit = "3m"
on_move = "trade"
results = [{name = "cash", ask = "Your cash", kind = "number"}]
show = [{field = "cash", of = "me", round = "now"}]
[[step.move]]
name = "bid"
only = {role = "buyer"}
fields = [
    {name = "price", ask = "Your price", kind = "number", min = 0, max = 10},
    {name = "why", ask = "Why?", kind = "text", required = false},
]
[[step.move]]
name = "accept"
button = "Take it"
[[step]]
page = "talk"
name = "after"
limit = "1m"
"""
HOOKS = """
from networklab import Accept, Move, Refuse, Room


def trade(room: Room, move: Move) -> Accept | Refuse:
    if move.name == "bid" and move.values["price"] > 9:
        return Refuse("You can’t pay that.")
    kept = room.state or {"bids": []}
    seconds = [one.at for one in room.moves]
    return Accept(state={"bids": [*kept["bids"], move.slot]}, results={"cash": {move.slot: 1}}, end=not seconds)
"""


def study(toml: str = MARKET) -> Study:
    return parse(as_files(toml, HOOKS))


def test_a_step_says_what_players_may_do_at_any_time_while_it_is_open() -> None:
    files = as_files(MARKET, HOOKS) | {
        "pages/_move_made.html": b"{{ seats | length }} {{ state }} {{ moves }}"
    }
    assert [one for one in check(files) if one.grave] == []
    trade, after = study().steps
    assert study().has_moves and (trade.on_move, trade.ends, trade.fields) == ("trade", "deadline", ())
    bid, accept = trade.moves
    assert (bid.name, bid.button, [one.name for one in bid.fields]) == ("bid", "bid", ["price", "why"])
    assert (accept.name, accept.button, accept.fields, accept.only) == ("accept", "Take it", (), {})
    assert (
        trade.move_named("accept") == accept and trade.move_named("cash") is after.move_named("bid") is None
    )
    assert bid.is_for({"role": "buyer", "frame": "gain"}) and not bid.is_for({"role": "seller"})
    assert bid.fields[0].point == ","  # as German has it
    assert [one.name for one in trade.computed] == ["cash"] and trade.is_live


def test_what_a_move_says_is_one_record_in_the_order_of_its_fields() -> None:
    bid, accept = study().steps[0].moves
    written = bid.written({"why": "weil „so“", "price": "2.5"})
    assert written == '{"price":"2.5","why":"weil „so“"}'
    assert bid.values_in(written) == {"price": "2.5", "why": "weil „so“"}
    assert bid.values_in(bid.written({"price": "2"})) == {"price": "2"}
    assert accept.written({}) == "{}" and accept.values_in("{}") == {}


def test_what_is_no_record_of_a_move_says_nothing() -> None:
    bid = MoveForm("bid", "Bid", study().steps[0].moves[0].fields)
    for written in ("", "2.5", "[1]", '{"price":2}', '{"other":"2"}', "{", "[" * 5000):
        assert bid.values_in(written) == {}, written


def test_a_page_of_what_everybody_sees_is_shown_only_where_there_are_moves() -> None:
    plain = changed(MARKET[: MARKET.index("[[step.move]]")], 'on_move = "trade"', 'on_end = "trade"')
    files = as_files(plain, "def trade(room):\n    return {}\n") | {"pages/_move_made.html": b"{{ seats }}"}
    [note] = [one for one in check(files) if one.file == "pages/_move_made.html"]
    assert (note.grave, note.sentence) == (False, "No step shows this page.")


def test_what_no_question_of_a_move_can_have_is_told_of_moves() -> None:
    old = 'kind = "text", required = false'
    for new, sentence in (
        (
            'kind = "choice", options = ["a", "b"], dont_know = true',
            "Nobody has to move, so a move can’t say",
        ),
        ('kind = "choice", options = ["a", "b"], order = "random"', "What a move says stands in the order"),
    ):
        [wrong] = [one for one in check(as_files(changed(MARKET, old, new), HOOKS)) if one.grave]
        assert wrong.sentence.startswith(sentence)
