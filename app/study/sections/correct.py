"""`correct` and `hint` of a field in study.toml: what is right to answer, and what whoever has it wrong is told."""

import json
import re
from dataclasses import replace
from decimal import ROUND_CEILING, Decimal

from app.study.model.correct import LONGEST_TEXT, Correct
from app.study.model.fields import Field, FieldError
from app.study.syntax.mistakes import did_you_mean
from app.study.syntax.patterns import pattern_mistake
from app.study.syntax.table import Table

ALONE = {  # keys of what somebody goes through alone: what to do with one in a [[step]]
    "attempts": "In a room nobody tries again: ask it in [[before]], on a page of its own.",
    "then": "In a room nobody is out by a wrong answer: ask it in [[before]], on a page of its own.",
    "decline": "Let people decline in [entry] or [[before]]; in a room everybody can leave.",
    "also": "Write it in [[after]], which comes when the room is over.",
}
RANGE_CURE = "Write correct = {min = 3, max = 5}, or one of them."


def with_correct(table: Table, field: Field, judged: bool, form: str) -> Field:
    """The field with what is right, if it says so, and the `hint`.

    `judged`: whoever has it wrong is told. `form`: where it stands.
    """
    hint = table.text("hint", default="", longest=500)
    for key in ("attempts", "then"):
        if table.has(key):
            given = table.value(key)
            sentence = f"`{key}` is about the whole form, and stands in {form} beside `fields`."
            cure = f"Write {key} = {json.dumps(given) if isinstance(given, int | str) else '…'} there."
            if form == "[entry]":
                cure = f"{cure} Or ask it in [[before]], on a page of its own after the form."
            if not judged:
                sentence = f"Only answers that somebody gives alone have `{key}`."
                cure = "Ask this in [[before]] or in [entry]."
            table.misnamed(key, sentence, cure)
    if not table.has("correct") or field.takes_list:
        if hint:
            table.wrong(
                "hint", "Nothing is right or wrong here, so this hint is never shown.", 'Add correct = "…".'
            )
        return field
    if hint and not judged:
        sentence = "In a room nobody is told what is wrong, so this hint is never shown."
        table.wrong("hint", sentence, "Remove it, or ask this in [[before]] or in [entry].")
    correct = _read(table, field)
    return replace(field, correct=correct, hint=hint) if correct else field


def _read(table: Table, field: Field) -> Correct | None:
    given = table.value("correct")
    if not field.kind.has_right_answer:
        sentence = f"A field of kind {field.kind} has no answer that is right."
        table.wrong("correct", sentence, "Remove it, or change the kind.")
        return None
    if isinstance(given, dict):
        return _read_table(table, field)
    several = isinstance(given, list) and not field.kind.holds_several
    answers = [
        _answer(table, field, one) for one in (given if several and isinstance(given, list) else [given])
    ]
    found = tuple(one for one in answers if one is not None)
    if not answers:
        table.wrong("correct", "Nothing is right here.", 'Write correct = "…".')
    return Correct(found[0], found) if found and len(found) == len(answers) else None


def _answer(table: Table, field: Field, given: object) -> str | None:
    """As it is stored; None where nobody can answer so."""
    texts = given if isinstance(given, list) else [given]
    words = [{True: "yes", False: "no"}[one] if isinstance(one, bool) else str(one) for one in texts]
    try:
        return field.read([json.dumps(words) if isinstance(given, list) else words[0]])
    except FieldError as error:
        shown = ", ".join(words)
        known = field.kind.answers(field)
        cure = did_you_mean(shown, known) if known else f"Its players would read: {error}"
        table.wrong("correct", f"`{shown}` is no answer to `{field.name}`, so nobody could be right.", cure)
        return None


def _read_table(table: Table, field: Field) -> Correct | None:
    inner = table.table("correct", RANGE_CURE)
    assert inner is not None
    low, high = inner.decimal("min"), inner.decimal("max")
    pattern, example = inner.text("pattern", default=""), inner.text("example", default="")
    inner.report_unknown_keys("`correct`")
    if not inner.sound("min") or not inner.sound("max"):
        return None
    if inner.has("pattern"):
        return _pattern(inner, field, pattern, example)
    if low is None and high is None:
        table.wrong("correct", "This does not say which answers are right.", RANGE_CURE)
    elif not field.kind.is_number:
        table.wrong(
            "correct", f"`{field.name}` is no number, so it has no min and max.", 'Write correct = "…".'
        )
    elif low is not None and high is not None and low > high:
        table.wrong("correct", f"From {low} to {high} there is no number.", "Exchange `min` and `max`.")
    else:
        return _range(table, field, low, high)
    return None


def _range(table: Table, field: Field, low: Decimal | None, high: Decimal | None) -> Correct | None:
    lows = [one for one in (low, field.min) if one is not None]
    highs = [one for one in (high, field.max) if one is not None]
    example = max(lows) if lows else min(highs)
    if field.kind.is_whole:
        example = example.to_integral_value(ROUND_CEILING if lows else "ROUND_FLOOR")
    if highs and example > min(highs):
        sentence = f"No answer to `{field.name}` is between these, so nobody could be right."
        table.wrong("correct", sentence, "Change this, or the limits of the question.")
        return None
    return Correct(f"{example:f}", min=low, max=high)


def _pattern(inner: Table, field: Field, pattern: str, example: str) -> Correct | None:
    if not field.kind.is_words:
        inner.wrong("pattern", f"`{field.name}` is no text.", 'Write correct = "…" with the answer.')
    elif told := pattern_mistake(pattern):
        inner.wrong("pattern", *told)
    elif not example:
        sentence = "There is no example of what is right, which bots answer and the codebook names."
        inner.wrong("pattern", sentence, 'Add example = "…" beside it.')
    elif len(example) > LONGEST_TEXT or not re.fullmatch(pattern, example, re.IGNORECASE):
        inner.wrong("example", f"`{example}` does not fit the pattern as a whole.", "Change one of them.")
    else:
        return Correct(example, pattern=pattern)
    return None
