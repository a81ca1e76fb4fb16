"""What a script of the study's page, or a hook, puts there: any JSON, stored without needless blanks.

Nobody is asked for it: its input is hidden, and a page on which no script runs leaves it empty. It hinders nobody.
"""

from __future__ import annotations

import json
import random
from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

from app.study.languages.texts import Sentence, Texts
from app.study.model.fields import Field, FieldError, Kind, tidy
from app.study.syntax.table import Table

LARGEST = 65_536  # bytes, as it is stored
_WRONG = Sentence("Something on this page went wrong. Please reload it and try again.")


class Data(Kind):
    called = "put there by the page, and not asked"
    __slots__ = ()
    also_called = ("json", "hidden", "script", "blob")
    is_hidden = True
    labels_itself = True
    has_right_answer = False
    may_be_unknown = False
    is_words = True  # for all that anybody knows

    def in_language(self, field: Field, texts: Texts, currency: str) -> Field:
        return replace(field, point=texts.point, required=False)

    def check(self, table: Table, field: Field) -> None:
        if table.values.get("required") is True:
            sentence = "What a script gives is never required: where none runs, whoever is there goes on all the same."
            table.wrong("required", sentence, "Remove it, and look in `valid` at what came.")

    def read(self, field: Field, raw: Sequence[str]) -> str:
        if len(set(raw)) > 1:
            raise FieldError(_WRONG)
        text = tidy(raw[0]) if raw else ""
        return self.take(field, text) if text else ""

    def take(self, field: Field, text: str) -> str:
        try:
            return _packed(json.loads(text, parse_constant=_refuse))
        except (ValueError, RecursionError):
            raise FieldError(_WRONG) from None

    def type_of(self, field: Field) -> Any:
        return Any

    def value(self, field: Field, stored: str) -> Any:
        return json.loads(stored)

    def stored(self, field: Field, value: Any) -> str:
        try:
            return _packed(_plain(value))
        except (ValueError, TypeError, RecursionError) as error:
            raise ValueError(
                f"`{field.name}` must be what JSON has, at most {LARGEST:,} bytes: {error}"
            ) from None

    def shape(self, field: Field) -> str:
        return ", JSON that the study's script or hook gave"

    def guess(self, field: Field, chance: random.Random, others: Sequence[int]) -> str:
        return _packed({"clicks": chance.randint(0, 9), "path": [chance.randint(0, 300) for _ in range(4)]})

    def slip(self, field: Field, chance: random.Random) -> str:
        return chance.choice(["{", "[1,", "NaN", json.dumps("x" * LARGEST)])


DATA = Data("data")


def _packed(value: Any) -> str:
    """Raises ValueError."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    if len(text.encode()) > LARGEST or "\\u0000" in text or "\0" in text:
        raise ValueError("it is too large, or has a character that can't be kept")
    return text


def _plain(value: Any) -> Any:
    """With lists for tuples and texts for the keys of dicts, as JSON has them."""
    if isinstance(value, Mapping):
        return {str(key): _plain(one) for key, one in value.items()}
    if isinstance(value, tuple | list | frozenset):
        return [_plain(one) for one in value]
    if isinstance(value, Decimal):
        return int(value) if value == int(value) else float(value)
    return value


def _refuse(constant: str) -> Any:
    raise ValueError(constant)
