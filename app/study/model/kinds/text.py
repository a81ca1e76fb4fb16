"""Words, with line ends stored as "\\n". `min` and `max` are the least and the most characters."""

from __future__ import annotations

import random
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from app.study.languages.texts import Sentence
from app.study.model.fields import Field, FieldError, plain_number
from app.study.model.kinds.limited import Limited
from app.study.syntax.table import Table

LONGEST = 2000  # characters, where it has no max
LONGEST_ANSWER = 20_000  # characters: more would not be an answer, but a file
WORDS = (
    "I heard it from a friend.",
    "The radio said repairs start this week.",
    "My cousin drove there this morning, all open.",
    "Not so sure any more.",
    "I’d say about the same as before.",
    "Who told you that?",
    "Sounds likely, no?",
    "Let’s wait and see.",
)


class Text(Limited):
    __slots__ = ()
    also_called = ("string", "str", "textarea", "free", "open")

    is_words = True

    def is_same(self, one: str, other: str) -> bool:
        return one.casefold().split() == other.casefold().split()

    def check_limit(self, table: Table, key: str, limit: Decimal | None) -> None:
        super().check_limit(table, key, limit)
        if limit is not None and limit == int(limit) and not 0 <= limit <= LONGEST_ANSWER:
            sentence = f"`{key}` is {plain_number(limit)}, but a text has 0 to {LONGEST_ANSWER:,} characters."
            table.wrong(key, sentence, f"Write {key} = 500.")

    def take(self, field: Field, text: str) -> str:
        longest = LONGEST if field.max is None else int(field.max)
        if len(text) > longest:
            raise FieldError(
                Sentence(
                    "Please shorten this to %(most)s characters; it has %(now)s now.",
                    most=longest,
                    now=len(text),
                )
            )
        if field.min is not None and len(text) < field.min:
            raise FieldError(
                Sentence(
                    "Please write at least %(least)s characters; it has %(now)s now.",
                    least=int(field.min),
                    now=len(text),
                )
            )
        return text

    def stored(self, field: Field, value: Any) -> str:
        text = text_given(field, value)
        longest = LONGEST if field.max is None else int(field.max)
        if len(text) > longest or "\x00" in text:
            raise ValueError(f"`{field.name}` must be a plain text of at most {longest} characters")
        return text

    def guess(self, field: Field, chance: random.Random, others: Sequence[int]) -> str:
        text = chance.choice(WORDS)
        shortest, longest = int(field.min or 0), int(field.max or LONGEST)
        return (text * (shortest // len(text) + 1))[: max(longest, 1)].strip() or "x" * max(shortest, 1)


TEXT = Text("text")


def text_given(field: Field, value: Any) -> str:
    """By a hook. Raises ValueError."""
    if not isinstance(value, str):
        raise ValueError(f"`{field.name}` must be a text, and is {value!r}")
    return value
