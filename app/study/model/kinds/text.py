"""Words, with line ends stored as "\\n". `min` and `max` are the least and the most characters.

`pattern` is a regular expression that the whole of it must fit, and `example` one that does, which players read.
"""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from decimal import Decimal
from typing import Any, ClassVar

from app.study.languages.texts import Sentence
from app.study.model.fields import Field, FieldError, OwnKeys, plain_number
from app.study.model.kinds.limited import Limited
from app.study.syntax.patterns import pattern_mistake
from app.study.syntax.table import Table

LONGEST = 2000  # characters, where it has no max
LONGEST_PATTERNED = 200  # … where a pattern must fit it, however long that takes to find
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


def _words(table: Table, key: str) -> str:
    return table.text(key, default="", longest=LONGEST_PATTERNED)


class Text(Limited):
    limits_count = " characters"
    called = "in their own words"
    __slots__ = ()
    own_keys: ClassVar[OwnKeys] = {"pattern": _words, "example": _words}
    also_called = ("string", "str", "textarea", "free", "open")

    is_words = True

    def is_same(self, one: str, other: str) -> bool:
        return one.casefold().split() == other.casefold().split()

    def check_limit(self, table: Table, key: str, limit: Decimal | None) -> None:
        super().check_limit(table, key, limit)
        if limit is not None and limit == int(limit) and not 0 <= limit <= LONGEST_ANSWER:
            sentence = f"`{key}` is {plain_number(limit)}, but a text has 0 to {LONGEST_ANSWER:,} characters."
            table.wrong(key, sentence, f"Write {key} = 500.")

    def check(self, table: Table, field: Field) -> None:
        super().check(table, field)
        pattern, example = field.more["pattern"], field.more["example"]
        if not pattern:
            if example and table.sound("example"):
                sentence = "Nothing says what this is an example of, so nobody reads it."
                table.wrong("example", sentence, 'Add pattern = "…", or write it into `help`.')
        elif not table.sound("pattern"):
            pass
        elif told := pattern_mistake(pattern):
            table.wrong("pattern", *told)
        elif field.max is not None and field.max > LONGEST_PATTERNED:
            sentence = f"What a pattern must fit has at most {LONGEST_PATTERNED} characters."
            table.wrong("max", sentence, f"Write max = {LONGEST_PATTERNED}, or leave it out.")
        elif not example:
            sentence = "There is no example of what fits the pattern, which players are told and bots answer."
            table.missing("example", sentence, 'Add example = "…" beside it.')
        elif not _fits(pattern, example):
            table.wrong("example", f"`{example}` does not fit the pattern as a whole.", "Change one of them.")
        elif not (field.min or 0) <= len(example) <= self.most(field):
            table.wrong(
                "example", "The example is shorter or longer than `min` and `max` say.", "Change one of them."
            )

    def most(self, field: Field) -> int:
        """Characters."""
        if field.max is not None:
            return int(field.max)
        return LONGEST_PATTERNED if field.more.get("pattern") else LONGEST

    def take(self, field: Field, text: str) -> str:
        most = self.most(field)
        if len(text) > most:
            raise FieldError(
                Sentence(
                    "Please shorten this to %(most)s characters; it has %(now)s now.",
                    most=most,
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
        pattern = field.more.get("pattern", "")
        if pattern and not _fits(pattern, text):
            raise FieldError(
                Sentence("Please write it like this: %(example)s", example=field.more["example"])
            )
        return text

    def shape(self, field: Field) -> str:
        pattern = field.more.get("pattern", "")
        return f", which fits {pattern}, such as {field.more['example']}" if pattern else ""

    def stored(self, field: Field, value: Any) -> str:
        text = text_given(field, value)
        pattern = field.more.get("pattern", "")
        if len(text) > self.most(field) or "\x00" in text:
            raise ValueError(f"`{field.name}` must be a plain text of at most {self.most(field)} characters")
        if text and pattern and not _fits(pattern, text):
            raise ValueError(f"`{field.name}` must fit {pattern}, and is {text!r}")
        return text

    def guess(self, field: Field, chance: random.Random, others: Sequence[int]) -> str:
        if field.more.get("pattern"):
            return str(field.more["example"])
        text = chance.choice(WORDS)
        shortest, most = int(field.min or 0), self.most(field)
        return (text * (shortest // len(text) + 1))[: max(most, 1)].strip() or "x" * max(shortest, 1)

    def slip(self, field: Field, chance: random.Random) -> str:
        return "x" * (self.most(field) + 1)


TEXT = Text("text")


def _fits(pattern: str, text: str) -> bool:
    return len(text) <= LONGEST_PATTERNED and re.fullmatch(pattern, text) is not None


def text_given(field: Field, value: Any) -> str:
    """By a hook. Raises ValueError."""
    if not isinstance(value, str):
        raise ValueError(f"`{field.name}` must be a text, and is {value!r}")
    return value
