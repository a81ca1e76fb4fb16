"""Whom a [[quota]] or a [[screen_out]] of study.toml is about: those with some answers to a question of [entry]."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TypedDict

from app.study.model.fields import Field, FieldError
from app.study.syntax.mistakes import did_you_mean, nearest
from app.study.syntax.table import Table


class Those(TypedDict):
    """The keys of an Answering."""

    field: str
    min: Decimal | None
    max: Decimal | None
    answers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Wording:
    """`this`: "This quota"; `does` what it does with those whom it is about, and `nobody` that there are none."""

    this: str
    does: str
    nobody: str


def read_those(document: Table, table: Table, entry: Sequence[Field], wording: Wording) -> Those:
    fields: Mapping[str, Field] = {field.name: field for field in entry}
    name = table.text("field", example="age")
    those = Those(field=name, min=table.decimal("min"), max=table.decimal("max"), answers=_answers(table))
    if name in fields:
        _check(table, those, fields[name], wording)
    elif table.sound("field") and document.sound("entry"):
        near = nearest(name, fields)
        cure = f"Did you mean `{near}`?" if near else "Ask it in [entry] first."
        table.wrong("field", f"The entry form does not ask `{name}`.", cure)
    return those


def _answers(table: Table) -> tuple[str, ...]:
    """One answer, or several of which any counts."""
    if isinstance(table.values.get("is"), list):
        return table.texts("is")
    answer = table.text("is", default="")
    return (answer,) if answer else ()


def _check(table: Table, those: Those, field: Field, wording: Wording) -> None:
    """That there can be somebody like that."""
    if field.kind.is_number:
        _check_range(table, those, field, wording)
        return
    for key in ("min", "max"):
        if table.has(key):
            table.wrong(key, f"`{field.name}` is no number, so it has no {key}.", 'Write is = "…" instead.')
            return
    if not those["answers"]:
        if table.sound("is"):
            sentence = f"{wording.this} does not say which answer it {wording.does}."
            table.missing("is", sentence, 'Add is = "…".')
        return
    for answer in those["answers"]:
        known = field.kind.answers(field)
        if known and answer not in known:
            sentence = f"`{answer}` is no answer to `{field.name}`, so {wording.nobody}."
            table.wrong("is", sentence, did_you_mean(answer, known))
        elif not known:
            _check_text(table, field, answer, wording)


def _check_text(table: Table, field: Field, answer: str, wording: Wording) -> None:
    try:
        field.read([answer])
    except FieldError as error:
        sentence = f"`{answer}` is no answer to `{field.name}`, so {wording.nobody}."
        table.wrong("is", sentence, f"Its players would read: {error}")


def _check_range(table: Table, those: Those, field: Field, wording: Wording) -> None:
    low, high = those["min"], those["max"]
    if table.has("is"):
        table.wrong("is", f"`{field.name}` is a number.", "Write min and max instead.")
    elif low is None and high is None:
        if table.sound("min") and table.sound("max"):
            sentence = f"{wording.this} does not say which numbers it {wording.does}."
            table.missing("min", sentence, "Add min = 18 and max = 29, or one of them.")
    elif low is not None and high is not None and low > high:
        sentence = f"From {low} to {high} there is no number, so {wording.nobody}."
        table.wrong("max", sentence, "Exchange `min` and `max`.")
    else:
        for key, limit, outside in (
            ("min", field.max, _above(low, field.max)),
            ("max", field.min, _above(field.min, high)),
        ):
            if outside:
                word = "at most" if key == "min" else "at least"
                sentence = f"`{field.name}` is {word} {limit}, so {wording.nobody}."
                table.wrong(key, sentence, "Change this, or the limits of the question.")


def _above(one: Decimal | None, other: Decimal | None) -> bool:
    return one is not None and other is not None and one > other
