"""Kinds that ask the same in several rows. A form posts the third row's answer under the question's name with -3."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, ClassVar

from app.study.digits import whole
from app.study.languages.texts import Sentence
from app.study.model.fields import (
    DONT_KNOW,
    Cell,
    Field,
    FieldError,
    Form,
    Kind,
    Unanswered,
    plain_number,
    tidy,
)

MOST_ROWS = 40
_IN_EACH_ROW = Sentence("Please answer in each row.")
_UNKNOWN = Sentence("Please answer with what this page offers.")
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?")


class Rows(Kind):
    """Stored as JSON, row → what was said there, in the order of the rows."""

    __slots__ = ()
    is_group = True
    in_each_row: ClassVar[Sentence] = _IN_EACH_ROW

    def rows(self, field: Field) -> tuple[str, ...]:
        raise NotImplementedError

    def listed(self, field: Field) -> tuple[str, ...]:
        return self.rows(field)

    def answers(self, field: Field) -> tuple[str, ...]:
        return ()

    def drawn_rows(self, field: Field) -> list[tuple[int, str]]:
        """As a page lists them, each with its number in the form: that of study.toml, from 1."""
        rows = self.rows(field)
        return [(rows.index(row) + 1, row) for row in field.drawn]

    def take_in_row(self, field: Field, text: str) -> str:
        """The canonical value of what was said in one row. Raises FieldError."""
        raise NotImplementedError

    def check_all(self, field: Field, said: Mapping[str, str]) -> None:
        """Of all rows together. Raises FieldError."""

    def pack(self, field: Field, said: Mapping[str, str]) -> str:
        return json.dumps(said, ensure_ascii=False, separators=(",", ":")) if said else ""

    def pack_numbers(self, said: Mapping[str, str]) -> str:
        """As JSON has numbers; what is none, since it was typed so, is a text in it."""
        pairs = (f"{_json(row)}:{one if _NUMBER.fullmatch(one) else _json(one)}" for row, one in said.items())
        return f"{{{','.join(pairs)}}}" if said else ""

    def unpack(self, field: Field, value: str) -> dict[str, str] | None:
        """None if this is no such value."""
        try:
            found = json.loads(value, parse_float=Decimal, parse_int=Decimal)
            pairs = dict(found.items())
        except (ValueError, AttributeError, RecursionError):
            return None
        if not all(isinstance(one, str | Decimal) for one in pairs.values()):
            return None
        return {row: one if isinstance(one, str) else plain_number(one) for row, one in pairs.items()}

    def said_in(self, field: Field, value: str) -> dict[str, str]:
        """By row, of a canonical value or one as it was typed."""
        return (self.unpack(field, value) if value else None) or {}

    def is_packed(self, text: str) -> bool:
        """Whether this is all of an answer, and not what was said in one row."""
        return text.startswith("{")

    def posted(self, field: Field, form: Form) -> Sequence[str]:
        """What was said in each row, "3 often"; or one canonical value."""
        stem = f"{field.name}-"
        said = [
            f"{key.removeprefix(stem)} {text}"
            for key, texts in form.items()
            if key.startswith(stem) and key != f"{stem}{DONT_KNOW}"
            for text in texts
            if text.strip()
        ]
        return said or form.get(field.name, ())

    def typed(self, field: Field, form: Form) -> str:
        said = self._by_row(field, self.posted(field, form))
        return self.pack(field, {row: said[row] for row in self.rows(field) if row in said}) if said else ""

    def read(self, field: Field, raw: Sequence[str]) -> str:
        """`raw` is as `posted` gives it, or one canonical value."""
        said = self._by_row(field, [tidy(text) for text in raw])
        if said is None:
            raise FieldError(_UNKNOWN)
        missing = [row for row in self.rows(field) if row not in said]
        if missing and (said or field.required) and self.needs_all(field):
            raise Unanswered(self.in_each_row)
        taken = {row: self.take_in_row(field, said[row]) for row in self.rows(field) if row in said}
        if taken:
            self.check_all(field, taken)
        return self.pack(field, taken)

    def needs_all(self, field: Field) -> bool:
        """Whether rows that are left empty are a mistake, where others are not."""
        return field.required

    def shown(self, field: Field, value: str) -> str:
        return ", ".join(
            f"{field.worded(row)}: {field.worded(said)}" for row, said in self.said_in(field, value).items()
        )

    def cells(self, field: Field, value: str) -> tuple[Cell, ...]:
        return tuple(
            Cell(field.worded(row), field.worded(said).replace(".", field.point), self.share(field, said))
            if _NUMBER.fullmatch(said)
            else Cell(field.worded(row), field.worded(said))
            for row, said in self.said_in(field, value).items()
        )

    def share(self, field: Field, said: str) -> float | None:
        """How much a number is of what it can be in a row; None where that says nothing."""
        return None

    def stored_rows(self, field: Field, value: Any) -> str:
        """What a hook gave by row. Raises ValueError."""
        if not isinstance(value, Mapping):
            raise ValueError(f"`{field.name}` must be {{row: answer}}, and is {value!r}")
        try:
            said = {
                str(row): plain_number(one) if isinstance(one, Decimal) else str(one)
                for row, one in value.items()
            }
            return self.read(field, [Rows.pack(self, field, said)] if said else [])
        except FieldError as error:
            raise ValueError(f"`{field.name}` is {value!r}, which does not fit: {error}") from None

    def _by_row(self, field: Field, raw: Sequence[str]) -> dict[str, str] | None:
        """What was said, by row; None if this is no answer of that kind."""
        rows, given = self.rows(field), [text for text in raw if text.strip()]
        if len(given) == 1 and self.is_packed(given[0]):
            said = self.unpack(field, given[0])
            return said if said is not None and set(said) <= set(rows) else None
        said = {}
        for one in given:
            said_nth, _, text = one.strip().partition(" ")
            if not (nth := whole(said_nth, len(rows))):
                return None
            row = rows[nth - 1]
            if text.strip() and said.setdefault(row, text.strip()) != text.strip():
                return None
        return said


def _json(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
