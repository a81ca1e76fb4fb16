"""What a player may answer, what is stored for it, and what they read when it does not fit."""

from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from app.study.model.fields import Field, FieldError
from app.study.model.forms import read_answers, typed
from app.study.model.kinds.known import KINDS
from app.study.model.study import MOST_SEATS


def field(kind: str, low: str | None = None, high: str | None = None, **more: object) -> Field:
    limits = {"min": low and Decimal(low), "max": high and Decimal(high)}
    return Field(**({"name": "q", "ask": "?", "kind": KINDS[kind]} | limits | more))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("kind", "raw", "stored"),
    [
        ("integer", " 007 ", "7"), ("integer", "+5", "5"), ("integer", "-0", "0"), ("integer", "４２", "42"),
        ("integer", "−3", "-3"), ("integer", "٤٢", "42"), ("number", "۱٫۵", "1.5"),
        ("number", "3,5", "3.5"), ("number", "3.50", "3.5"), ("number", ".5", "0.5"), ("number", "5.", "5"),
        ("number", "100", "100"), ("number", "-0.0", "0"), ("number", "0,125", "0.125"),
        ("number", "1.000", "1"), ("number", "３，５", "3.5"),
        ("text", " a\r\nb\rc ", "a\nb\nc"), ("text", "👩‍👩‍👧 é", "👩‍👩‍👧 é"),
        ("text", "x" * 2000, "x" * 2000),
        ("yes_no", "Yes", "yes"), ("yes_no", "no", "no"), ("tick", "yes", "yes"), ("tick", "on", "yes"),
    ],
)  # fmt: skip
def test_an_answer_is_stored_in_one_way(kind: str, raw: str, stored: str) -> None:
    assert field(kind).read([raw]) == stored
    assert field(kind).read([raw, raw]) == stored


@pytest.mark.parametrize(
    ("asked", "raw", "sentence"),
    [
        (field("integer", "18", "120"), "17", "Please give a whole number from 18 to 120."),
        (field("integer", "18", "120"), "121", "Please give a whole number from 18 to 120."),
        (field("integer", "18", "120"), "old", "Please give a whole number from 18 to 120."),
        (field("integer", "18", "120"), "18.0", "Please give a whole number from 18 to 120."),
        (field("integer", "18"), "-18", "Please give a whole number that is 18 or more."),
        (field("integer", None, "18"), "19", "Please give a whole number that is 18 or less."),
        (field("integer"), "9" * 5000, "Please give a whole number."),
        (field("integer"), "5²", "Please give a whole number."),
        (field("integer"), "", "Please answer this question."),
        (field("integer"), "1\n2", "Please give a whole number."),
        (field("number", "0", "1"), "1.01", "Please give a number from 0 to 1."),
        (field("number"), "nan", "Please give a number."),
        (field("number"), "inf", "Please give a number."),
        (field("number"), "1e999", "Please give a number."),
        (field("number"), "1_000", "Please give a number."),
        (field("number"), ".", "Please give a number."),
        (field("number"), "1,000", "Please write it without a comma for thousands, such as 1500 or 1.5."),
        (field("text"), "x" * 2001, "Please shorten this to 2,000 characters; it has 2,001 now."),
        (field("text", "3", "5"), "ab", "Please write at least 3 characters; it has 2 now."),
        (field("text", "3", "5"), "abcdef", "Please shorten this to 5 characters; it has 6 now."),
        (field("text"), "a\0b", "Please remove the hidden control characters from your answer."),
        (field("text"), "a\ud800b", "Please remove the hidden control characters from your answer."),
        (field("text"), " \n ", "Please answer this question."),
        (field("choice", options=("a", "b")), "c", "Please choose one of the answers."),
        (field("choice", options=("a", "b")), "", "Please choose one of the answers."),
        (field("scale", "1", "7"), "8", "Please give a whole number from 1 to 7."),
        (field("scale", "1", "7"), "", "Please choose one of the numbers."),
        (field("slider", "0", "100"), "-1", "Please give a whole number from 0 to 100."),
        (field("yes_no"), "maybe", "Please choose yes or no."),
        (field("tick"), "", "Please tick this box to go on."),
        (field("tick"), "no", "Please tick this box to go on."),
        (field("tick", required=False), "perhaps", "Please tick this box to go on."),
    ],
)  # fmt: skip
def test_an_answer_that_does_not_fit_gets_a_kind_sentence(asked: Field, raw: str, sentence: str) -> None:
    with pytest.raises(FieldError) as error:
        asked.read([raw])
    assert str(error.value) == sentence


def test_an_optional_field_may_stay_empty_but_not_be_wrong() -> None:
    optional = field("integer", "1", "5", required=False)
    assert optional.read([]) == optional.read([""]) == optional.read([" "]) == ""
    with pytest.raises(FieldError):
        optional.read(["6"])
    with pytest.raises(FieldError, match="one answer only"):
        optional.read(["1", "2"])


ANSWERS = st.one_of(
    st.text(),
    st.integers().map(str),
    st.decimals(allow_nan=True, allow_infinity=True).map(str),
    st.from_regex(r"[+-]?[0-9]{0,6}[.,]?[0-9]{0,6}", fullmatch=True),
    st.sampled_from(["yes", "NO", "a", "b ", "７", "1,5"]),
)


@given(st.sampled_from([*KINDS]), ANSWERS, st.booleans())
def test_reading_what_was_stored_changes_nothing(kind: str, raw: str, required: bool) -> None:
    asked = field(kind, required=required, options=("a", "b"))
    try:
        stored = asked.read([raw])
    except FieldError:
        return
    assert asked.read([stored]) == stored
    assert "\r" not in stored
    assert "\0" not in stored
    stored.encode()


def test_what_is_said_of_each_is_one_value_by_slot_and_nobody_may_be_passed_over() -> None:
    wish = field("each", options=("keep", "break"))
    points = field("each", "0", "10", required=False)
    form = {"q": ["3", "12"], "q-12": ["keep"], "q-3": [" break "], "q2-3": ["no"]}
    assert read_answers([wish], form) == ({"q": '{"3":"break","12":"keep"}'}, {})
    assert wish.read(['{"3":"break","12":"keep"}']) == '{"3":"break","12":"keep"}'
    assert wish.said_of('{"3":"break"}') == {3: "break"} and wish.shown('{"3":"break"}') == "3: break"
    assert typed([wish], form) == {"q": '{"3":"break","12":"keep"}'}
    assert typed([wish], {"q": ["3", "12"], "q-3": ["break"]}) == {"q": '{"3":"break"}'}
    assert read_answers([points], {"q": ["3", "12"], "q-3": ["٤"]}) == ({"q": '{"3":"4"}'}, {})
    assert read_answers([wish], {}) == ({"q": ""}, {})  # nobody was there to be asked about
    for said in ({"q-3": ["keep"]}, {"q-3": ["keep"], "q-12": ["leave"]}, {"q-3": ["keep", "break"]}):
        values, errors = read_answers([wish], {"q": ["3", "12"]} | said)
        assert not values and str(errors["q"]) == "Please answer for each of them."
    last = str(MOST_SEATS)  # in the largest room
    assert read_answers([wish], {"q": [last], f"q-{last}": ["keep"]}) == ({"q": f'{{"{last}":"keep"}}'}, {})
    beyond = [f"{MOST_SEATS + 1} keep", f"{'9' * 5_000} keep", "٣ keep", "² keep"]
    packed = ["1001", "99999999999999", "1_0", "٣", " 3 ", "0", "x"]
    beyond += [f'{{"{slot}":"keep"}}' for slot in packed] + ['{"3":"keep","03":"break"}']
    for raw in (["0 keep"], ["x keep"], *([one] for one in beyond), ["{"], ["[1]"], ['{"3":1}', "{}"]):
        with pytest.raises(FieldError):
            wish.read(raw)
    with pytest.raises(FieldError):
        points.read(["3", "3 11"])


def test_a_place_that_is_no_number_is_none_as_the_form_comes_back() -> None:
    order = field("ranking", options=("red", "blue"))
    for said in ("9" * 5_000, "٣", "²", "-1", "999"):
        back = typed([order], {"q": [f"{said} red", "2 blue"]})["q"]
        assert order.kind.place(back, "red") is None, said[:9]
        assert order.kind.place(back, "blue") == 2


@given(st.integers(-(10**17), 10**17), st.integers(0, 6))
def test_a_number_keeps_its_value_exactly(digits: int, places: int) -> None:
    value = Decimal(digits).scaleb(-places)
    assume(len(f"{value:f}") <= 18)
    assert Decimal(field("number").read([f"{value:f}"])) == value
    if places > 3:
        assert Decimal(field("number").read([f"{value:f}".replace(".", ",")])) == value


def test_where_decimals_follow_a_comma_a_point_for_thousands_is_no_decimal_point() -> None:
    german = field("number", point=",")
    for written, value in (
        ("1,5", "1.5"),
        ("1.5", "1.5"),
        ("1,500", "1.5"),
        ("0.125", "0.125"),
        ("1500", "1500"),
    ):
        assert german.read([written]) == value, written
        assert german.read([german.shown(value)]) == value
    for written in ("1.500", "-1.500", "12.345.678,9"):
        with pytest.raises(FieldError):
            german.read([written])
    assert field("number").read(["1.500"]) == "1.5" and german.shown("1234.567") == "1234,567"
    assert field("text", point=",").shown("3.5") == "3.5"


CHOICES = field("choices", "1", "2", options=("a, b", "c", "7"))
RANKING = field("ranking", options=("red", "two words", "3"))


@pytest.mark.parametrize(
    ("asked", "raw", "stored"),
    [
        (CHOICES, ["7", "a, b"], '["a, b","7"]'),
        (CHOICES, ["c"], '["c"]'),
        (CHOICES, ["c", "c"], '["c"]'),
        (RANKING, ["2 red", "1 two words", "3 3"], '["two words","red","3"]'),
    ],
)
def test_several_answers_are_one_value_that_reads_back(asked: Field, raw: list[str], stored: str) -> None:
    assert asked.read(raw) == stored == asked.read([stored])
    assert asked.items(stored) == json.loads(stored)
    shown = typed([asked], {"q": raw})["q"]  # as it stands in the form again
    assert asked.items(shown) == raw
    if asked.kind == "ranking":
        places = {option: asked.place(shown, option) for option in asked.options}
        assert places == {option: asked.place(stored, option) for option in asked.options}
        assert sorted(filter(None, places.values())) == [1, 2, 3]


@pytest.mark.parametrize(
    ("asked", "raw", "sentence"),
    [
        (CHOICES, [], "choose one of the answers"),
        (CHOICES, ["a, b", "c", "7"], "at most 2"),
        (field("choices", "2", options=("a", "b")), ["a"], "at least 2"),
        (CHOICES, ["d"], "choose one of the answers"),
        (CHOICES, ['["d"]'], "choose one of the answers"),
        (RANKING, ["1 red", "1 two words", "3 3"], "a place of its own"),
        (RANKING, ["1 red", "2 two words", ""], "a place of its own"),
        (RANKING, ["1 red", "2 red", "3 3"], "a place of its own"),
        (RANKING, ["1 red", "2 two words", "3 3", "4 red"], "a place of its own"),
        (RANKING, ["", "", ""], "a place of its own"),
    ],
)
def test_several_answers_that_do_not_fit_are_refused(asked: Field, raw: list[str], sentence: str) -> None:
    with pytest.raises(FieldError, match=sentence):
        asked.read(raw)
    optional = replace(asked, required=False)
    assert optional.read([]) == "" == optional.read([""])
