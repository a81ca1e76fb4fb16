"""A whole form that was posted: what it says of each question, and what stands in it again."""

from __future__ import annotations

from collections.abc import Sequence

from app.study.languages.texts import Sentence
from app.study.model.fields import DONT_KNOW, Field, FieldError, Form, Unanswered


def read_answers(
    fields: Sequence[Field], form: Form, partly: bool = False
) -> tuple[dict[str, str], dict[str, Sentence]]:
    """What was posted for these fields, and a sentence beside each that cannot be stored.

    `partly`: what still lacks an answer is left out, and no mistake.
    """
    values: dict[str, str] = {}
    errors: dict[str, Sentence] = {}
    for field in fields:
        try:
            values[field.name] = field.read(_posted(field, form))
        except FieldError as error:
            if not (partly and isinstance(error, Unanswered)):
                errors[field.name] = error.sentence
    return values, errors


def typed(fields: Sequence[Field], form: Form) -> dict[str, str]:
    """The same as it was posted, to stand in the fields again."""
    return {
        field.name: DONT_KNOW if field.is_unknown(*_posted(field, form)) else field.kind.typed(field, form)
        for field in fields
    }


def _posted(field: Field, form: Form) -> Sequence[str]:
    """Whoever says that they don't know may have answered before they said so."""
    unknown = field.dont_know and form.get(f"{field.name}-{DONT_KNOW}")
    return (DONT_KNOW,) if unknown else field.kind.posted(field, form)
