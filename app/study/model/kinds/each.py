"""One question about each of several others in the room, such as a choice for each neighbour.

An answer is one of its `options`, or a whole number from `min` to `max` where it has none. A form posts the slots that
it asks about under the question's name, and what was answered about slot 3 under the name with -3 behind it. All of it
is stored as one value, in the order of slots: {"3":"keep","5":"break"}.
"""

from __future__ import annotations

import json
import random
from collections.abc import Mapping, Sequence
from typing import Any

from app.study.digits import whole
from app.study.languages.texts import Sentence
from app.study.model.fields import Field, FieldError, Form, Unanswered, tidy
from app.study.model.kinds.choice import CHOICE, check_options
from app.study.model.kinds.integer import INTEGER
from app.study.model.kinds.limited import Limited
from app.study.model.pictures import BarChart, counted
from app.study.syntax.table import Table

LAST_SLOT = 1000  # that a room can have
_OF_EACH = Sentence("Please answer for each of them.")


class Each(Limited):
    called = "about each of others"
    __slots__ = ()
    keys = ("options", "min", "max", "of", "about")
    also_called = ("ties", "neighbours", "others")
    is_about_others = True
    has_right_answer = False
    may_be_unknown = False
    is_group = True

    def check(self, table: Table, field: Field) -> None:
        if table.has("options"):
            check_options(table, field)
        super().check(table, field)

    def posted(self, field: Field, form: Form) -> Sequence[str]:
        """The slots that were asked about, "3", and what was said of each, "3 keep"."""
        stem = f"{field.name}-"
        said = [
            f"{key.removeprefix(stem)} {text}"
            for key, texts in form.items()
            if key.startswith(stem)
            for text in texts
            if text.strip()
        ]
        return [*form.get(field.name, ()), *said]

    def typed(self, field: Field, form: Form) -> str:
        said = _by_slot(self.posted(field, form))
        return _pack(said[0]) if said else ""

    def read(self, field: Field, raw: Sequence[str]) -> str:
        """`raw` is as `posted` gives it, or one canonical value."""
        found = _by_slot([tidy(text) for text in raw])
        if found is None:
            raise FieldError(_OF_EACH)
        said, missing = found
        if field.required and missing:
            raise Unanswered(_OF_EACH)
        if not field.options:
            return _pack({slot: INTEGER.take(field, text) for slot, text in said.items()})
        if any(text not in field.options for text in said.values()):
            raise FieldError(_OF_EACH)
        return _pack(said)

    def shown(self, field: Field, value: str) -> str:
        return ", ".join(f"{slot}: {said}" for slot, said in self.said_of(value).items())

    def shape(self, field: Field) -> str:
        return ", as JSON: slot → what was said of whoever sits there"

    def said_of(self, value: str) -> dict[int, str]:
        return _unpack(value) or {}

    def type_of(self, field: Field) -> Any:
        return dict[int, str] if field.options else dict[int, int]

    def value(self, field: Field, stored: str) -> Any:
        said = self.said_of(stored)
        return said if field.options else {slot: int(text) for slot, text in said.items()}

    def stored(self, field: Field, value: Any) -> str:
        if not isinstance(value, Mapping):
            wanted = f"`{field.name}` as {{slot: answer}}"
            raise ValueError(f"it must return {wanted}, and returned {value!r}"[:300])
        try:
            said = _pack({slot: str(one) for slot, one in value.items()})
            return self.read(field, [said] if said else [])
        except (FieldError, TypeError):
            wanted = f"`{field.name}` must have one of its answers for each slot"
            raise ValueError(f"{wanted}, and is {value!r}") from None

    def picture(self, field: Field, counts: Mapping[str, int]) -> BarChart:
        """Of each pair of somebody and whom they were asked about."""
        said = counted(
            (one, count) for stored, count in counts.items() for one in self.said_of(stored).values()
        )
        return (CHOICE if field.options else INTEGER).picture(field, said)

    def guess(self, field: Field, chance: random.Random, others: Sequence[int]) -> str:
        kind = CHOICE if field.options else INTEGER
        return _pack({slot: kind.guess(field, chance, ()) for slot in others})


EACH = Each("each")


def _by_slot(raw: Sequence[str]) -> tuple[dict[int, str], set[int]] | None:
    """What was said, by slot, and of whom nothing; None if this is no answer of that kind."""
    raw = [one for one in raw if one.strip()]
    if len(raw) == 1 and raw[0].startswith("{"):
        said = _unpack(raw[0])
        return None if said is None else (said, set())
    asked: set[int] = set()
    said = {}
    for one in raw:
        whose, _, text = one.strip().partition(" ")
        if not (slot := whole(whose, LAST_SLOT)):
            return None
        asked.add(slot)
        if text.strip() and said.setdefault(slot, text.strip()) != text.strip():
            return None
    return said, asked - set(said)


def _pack(said: Mapping[int, str]) -> str:
    in_order = {str(slot): said[slot] for slot in sorted(said)}
    return json.dumps(in_order, ensure_ascii=False, separators=(",", ":")) if said else ""


def _unpack(value: str) -> dict[int, str] | None:
    """What was said, by slot; None if this is no stored value."""
    try:
        found = json.loads(value) if value else {}
        said = {whole(slot, LAST_SLOT): text for slot, text in found.items() if isinstance(text, str)}
    except (ValueError, AttributeError, RecursionError):
        return None
    # Two ways to write one slot would be two answers about it.
    return (
        {slot: text for slot, text in said.items() if slot} if all(said) and len(said) == len(found) else None
    )
