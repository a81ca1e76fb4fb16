"""Over every kind of question: what a bot answers is taken, what does not fit is refused with a sentence, and what is
stored reads back as it was, with its line in the codebook.
"""

from __future__ import annotations

import json
import random
import re
from collections import Counter
from dataclasses import replace
from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.export import codebook
from app.study.hooks.networklab import Question, pack, unpack
from app.study.languages.catalogues import LANGUAGES
from app.study.languages.texts import texts_in
from app.study.model.fields import DONT_KNOW, Field, FieldError
from app.study.model.forms import read_answers, typed
from app.study.model.kinds.known import KINDS
from app.study.model.kinds.rows import Rows
from app.study.model.pictures import of_numbers
from app.study.model.plausible import plausible
from app.study.reading import check, parse
from app.web import templates
from tests.house.questions import question_files

STUDY = parse(question_files())
ASKED = {field.name: field for step in STUDY.before for field in step.fields}
OTHERS = (2, 5)  # slots that a question about others is about
FIELDS = st.sampled_from([*ASKED.values()])
CHANCE = st.integers(0, 10_000).map(random.Random)


def test_the_study_asks_every_kind_and_check_says_only_that_no_script_gives_data() -> None:
    assert {field.kind for field in ASKED.values()} >= {*KINDS} - {"each"}
    [note] = check(question_files())
    assert note.sentence == "No [pages] script puts anything into `clicks`, so it stays empty."
    toml = question_files()["study.toml"].replace(b'kind = "data"', b'kind = "data", required = true')
    [wrong] = [one for one in check(question_files() | {"study.toml": toml}) if one.grave]
    assert wrong.sentence.startswith("What a script gives is never required")


@given(FIELDS, CHANCE)
def test_what_a_bot_answers_is_stored_and_reads_back_as_it_was(field: Field, chance: random.Random) -> None:
    posted = plausible(field, chance, OTHERS)
    values, errors = read_answers([field], {field.name: [posted]})
    stored = values[field.name]
    assert not errors and (stored or not field.required)
    assert field.read([stored]) == field.read([field.in_form(stored)]) == stored
    if field.says(stored):
        given = unpack(pack(field.kind.value(field, stored)))
        assert field.kind.stored(field, given) == stored
        assert field.shown(stored)


@given(FIELDS.filter(lambda field: bool(field.dont_know)), CHANCE, st.sampled_from(["", "-dont_know"]))
def test_that_one_does_not_know_is_an_answer_whatever_else_was_typed(
    field: Field, chance: random.Random, suffix: str
) -> None:
    form = {field.name: [field.kind.guess(field, chance, ())]} if suffix else {}
    form[f"{field.name}{suffix}"] = [DONT_KNOW]
    assert read_answers([field], form) == ({field.name: DONT_KNOW}, {})
    assert typed([field], form) == {field.name: DONT_KNOW} and field.in_form(DONT_KNOW) == DONT_KNOW
    assert field.shown(DONT_KNOW) == field.dont_know and not field.says(DONT_KNOW)
    with pytest.raises(FieldError):
        replace(field, dont_know="", required=True).read([DONT_KNOW])


@given(FIELDS, CHANCE)
def test_what_does_not_fit_is_refused_with_a_sentence_in_each_language(
    field: Field, chance: random.Random
) -> None:
    wrong = field.kind.slip(field, chance)
    if not wrong:
        return
    values, errors = read_answers([field], {field.name: [wrong]})
    assert not values and errors[field.name].endswith((".", str(field.more.get("example"))))
    for language in LANGUAGES:
        assert "%(" not in texts_in(language).say(errors[field.name])
    with pytest.raises(FieldError):
        field.read([wrong])


@pytest.mark.parametrize("language", ["en", "de", "es"])
@pytest.mark.parametrize("name", ASKED)
def test_a_question_is_drawn_with_its_name_its_mistake_and_what_was_said(name: str, language: str) -> None:
    field, chance = ASKED[name], random.Random(1)
    macro = templates.environment_of(texts_in(language)).get_template("player/fields.html").module.field  # type: ignore[attr-defined]
    for value, error in (
        ("", None),
        (field.in_form(field.read([plausible(field, chance)])), None),
        (typed([field], {name: [field.kind.slip(field, chance)]})[name], "No."),
    ):
        drawn = str(macro(field, value, error, "p1"))
        assert f'name="{name}' in drawn and f'id="field-p1-{name}"' in drawn
        described = {id for ids in re.findall(r'aria-describedby="([^"]*)"', drawn) for id in ids.split()}
        ids = re.findall(r' id="([^"]*)"', drawn)
        assert described <= set(ids) and len(ids) == len(set(ids))
        assert (f"error-p1-{name}" in described) == bool(error and not field.kind.is_hidden)


@given(FIELDS.filter(lambda field: not field.kind.is_words), st.lists(CHANCE, min_size=1, max_size=8))
def test_a_picture_has_a_bar_for_whatever_was_said(field: Field, chances: list[random.Random]) -> None:
    said = [field.read([field.kind.guess(field, chance, OTHERS)]) for chance in chances]
    picture = field.kind.picture(field, Counter(said))
    assert picture.bars and all(0 <= bar.share <= 1 and bar.says for bar in picture.bars)
    assert len({bar.label for bar in picture.bars}) == len(picture.bars)
    if not (field.kind.holds_several or isinstance(field.kind, Rows)):
        assert abs(sum(bar.share for bar in picture.bars) - 1) < 1e-9


def test_a_bot_of_the_study_is_told_what_its_kind_alone_says() -> None:
    for one in ASKED.values():
        told = Question(one.name, one.kind, one.min, one.max, one.options, one.required, more=one.own_keys)
        assert unpack(json.loads(json.dumps(pack(told)))) == told
    assert ASKED["game"].own_keys == {"rows": ("The talk", "The waiting", "The pay")}
    assert ASKED["share"].own_keys["total"] == 100 and "written" not in ASKED["risk"].own_keys


def test_each_has_its_line_in_the_codebook() -> None:
    lines = [dict(zip(codebook.HEADER, one, strict=True)) for one in codebook.rows(STUDY)]
    for field in ASKED.values():
        [line] = [one for one in lines if (one["file"], one["field"]) == ("records.csv", field.name)]
        assert line["kind"] == field.kind and line["asked"] == field.ask
    of = {one["field"]: one for one in lines if one["file"] == "records.csv"}
    assert of["born"]["min"] == "1920-01-01" and of["up"]["min"] == "04:00"
    assert of["price"]["meaning"].endswith("this question, in EUR.")
    assert of["height"]["meaning"].endswith("this question, with at most 2 decimals, in m.")
    assert "this question, which fits [0-9]{5}, such as 50667; the questions" in of["plate"]["meaning"]


@given(st.integers(-50, 50), st.integers(0, 300), st.lists(st.integers(0, 300), min_size=1))
def test_whole_numbers_are_counted_in_parts_that_leave_none_out(low: int, span: int, said: list[int]) -> None:
    numbers = Counter(Decimal(low + one % (span + 1)) for one in said)
    bars = of_numbers(numbers, (Decimal(low), Decimal(low + span)), whole=True, written=str)
    assert len(bars) <= 12 and abs(sum(bar.share for bar in bars) - 1) < 1e-9
    ends = [[int(one) for one in bar.label.split(" – ")] for bar in bars]
    assert ends[0][0] == low and ends[-1][-1] == low + span
    assert all(before[-1] + 1 == after[0] for before, after in pairwise(ends))
    for bar, (lower, *upper) in zip(bars, ends, strict=True):
        here = sum(count for one, count in numbers.items() if lower <= one <= (upper or [lower])[0])
        assert bar.says.startswith(f"{here} (")
