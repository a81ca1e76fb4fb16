"""A field, one question to a player, and what a kind of field has to know to be asked, answered and told of."""

from __future__ import annotations

import dataclasses
import random
import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, ClassVar

from app.study.languages.texts import Sentence, Texts
from app.study.model.correct import Correct
from app.study.model.listed import listed_in
from app.study.model.pictures import BarChart, mean, of_counts, of_most, of_numbers
from app.study.syntax.table import Table

RANDOM = "random"
OPTIONS = "options"
MOST_IN_LINE = 9  # points of a scale
DONT_KNOW = "dont_know"  # stored of whoever says so, and what a form calls it
I_DONT_KNOW = Sentence("I don’t know")
_LINE_END = re.compile("\r\n|[\r\v\f\x85\u2028\u2029]")

Form = Mapping[str, Sequence[str]]  # what was posted: name → values
OwnKeys = Mapping[str, Callable[[Table, str], Any]]  # of a field in study.toml → how each is read


class FieldError(ValueError):
    """An answer that can't be stored, and one `sentence` for the player, to stand beside the field."""

    def __init__(self, sentence: Sentence) -> None:
        super().__init__(sentence)
        self.sentence = sentence


class Unanswered(FieldError):
    """A question that wants an answer has none, or not all of it."""


@dataclass(frozen=True, slots=True)
class Field:
    """One question. `ask` is its text, `help` a smaller line below it.

    What `min`, `max` and `options` mean and how an answer is stored, its kind says: see kinds/. `low` and `high` are
    the words at the ends of a scale or slider. A question of kind each is about others in the room: `of` is
    "neighbours", "room" or the name of a hook that says whom. `about` is a field whose last answer stands beside each
    of them. `more` has the keys that its kind alone has.
    """

    name: str
    ask: str
    kind: Kind
    min: Decimal | None = None
    max: Decimal | None = None
    options: tuple[str, ...] = ()
    required: bool = True
    help: str = ""
    low: str = ""
    high: str = ""
    swatches: tuple[str, ...] = ()  # of a choice: each option's colour, by its name in the palette
    of: str = ""
    about: str = ""
    private: bool = False  # it tells who somebody is: no anonymous export has it
    point: str = "."  # before decimals, as the study's language has it
    more: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    correct: Correct | None = None  # what is right to answer
    hint: str = ""  # what whoever has it wrong is told
    words: Mapping[str, str] = dataclasses.field(default_factory=dict)  # option or row → in another language
    dont_know: str = ""  # what one may say instead of an answer; empty: nothing
    order: str = ""  # RANDOM: what it lists is drawn so
    # "min", "max", and what its kind lists ("options", "rows") → the result that it is
    limits: Mapping[str, str] = dataclasses.field(default_factory=dict)
    listed_by: str = ""  # the hook that gives what it lists as its step opens, a result named after it

    def limited(self, values: Mapping[str, str]) -> Field:
        """With what its results came to, as it is stored. Where there is no such number nothing limits it; where there
        is nothing to choose from, or in rows, nobody has to."""
        numbers = {key: name for key, name in self.limits.items() if key != self.kind.lists}
        known: dict[str, Any] = {
            key: Decimal(values[name]) for key, name in numbers.items() if values.get(name)
        }
        if not self.takes_list:
            return dataclasses.replace(self, **known) if known else self
        listed = listed_in(values.get(self.source, ""))
        known |= dict(required=self.required and bool(listed), limits=numbers)
        return self.kind.listing(dataclasses.replace(self, **known), listed)

    @property
    def takes_list(self) -> bool:
        """Whether its options, or rows, are yet to come of a result."""
        return bool(self.source)

    @property
    def source(self) -> str:
        """The result of which they come; "" where they don't."""
        return self.limits.get(self.kind.lists, "")

    def read(self, raw: Sequence[str]) -> str:
        """The canonical value of what was posted for this field: "" if optional and left empty.

        Reading what `in_form` makes of it gives the same value. Raises FieldError.
        """
        return DONT_KNOW if self.is_unknown(*set(raw)) else self.kind.read(self, raw)

    def is_unknown(self, *values: str) -> bool:
        """Whether this is all that somebody said: that they don't know."""
        return bool(self.dont_know) and values == (DONT_KNOW,)

    def says(self, value: str) -> bool:
        """Whether a stored value is an answer: it was not left empty, and they know."""
        return value != "" and not self.is_unknown(value)

    def is_right(self, value: str) -> bool:
        """Whether this canonical value is. Where nothing is said of that, all are."""
        if self.correct is None:
            return True
        return not self.is_unknown(value) and self.correct.takes(value, self.kind.is_same)

    def shown(self, value: str) -> str:
        """A canonical value as people write it."""
        return self.dont_know if self.is_unknown(value) else self.kind.shown(self, value)

    def in_form(self, value: str) -> str:
        """A canonical value as it stands in a form. Reading it gives the value again."""
        return value if self.is_unknown(value) else self.kind.in_form(self, value)

    def items(self, value: str) -> list[str]:
        """The answers in a canonical value, or in one as it was `typed`: choices and a ranking have several."""
        return self.kind.items(value)

    def place(self, value: str, option: str) -> int | None:
        """From 1: where a ranking has this option, also one that was `typed` and is not complete."""
        return self.kind.place(value, option)

    def said_of(self, value: str) -> dict[int, str]:
        """What a canonical value of kind each says of each slot."""
        return self.kind.said_of(value)

    def worded(self, text: str) -> str:
        return self.words.get(text, text)

    @property
    def own_keys(self) -> dict[str, Any]:
        """Those that its kind alone has, as the study gives them."""
        return {key: self.more[key] for key in self.kind.own_keys if key in self.more}

    @property
    def stands_in_line(self) -> bool:
        """All points of its scale, on the smallest phone: of more, some would stand below others."""
        assert self.min is not None and self.max is not None
        return self.max - self.min < MOST_IN_LINE

    @property
    def drawn(self) -> tuple[str, ...]:
        """Its options, or rows, in the order in which a page lists them."""
        return tuple(self.more.get("drawn") or self.kind.listed(self))

    def swatch(self, value: str | None) -> str:
        """The colour of an option; empty where there is none."""
        swatches = dict(zip(self.options, self.swatches, strict=False)) if self.swatches else {}
        return swatches.get(value or "", "")


@dataclass(frozen=True, slots=True)
class Cell:
    """What was said in one row of an answer, as people read it; with a `share` of 1 it is as much as it can be."""

    row: str
    said: str
    share: float | None = None


class Kind(str):
    """A kind of field. As a text it is its name, as pages of authors, hooks and the codebook have it.

    A new one is a class in a file of its own in kinds/, a template of its name in templates/player/fields/, which gets
    what fields.html sets, and a place in known.py. Nothing else asks of what kind a field is: it asks the kind.
    """

    __slots__ = ()

    # How a study declares it
    keys: ClassVar[tuple[str, ...]] = ()  # of those that some kinds share: min, options …
    own_keys: ClassVar[OwnKeys] = {}  # what was read is in `more`
    also_called: ClassVar[tuple[str, ...]] = ()  # words that people write for it
    longest_ask: ClassVar[int] = 1000  # characters
    is_number: ClassVar[bool] = False  # an answer is one number: there is a mean, and a quota has a range
    is_whole: ClassVar[bool] = False  # that number is a whole one
    is_words: ClassVar[bool] = False  # an answer is what somebody writes
    is_about_others: ClassVar[bool] = False
    has_right_answer: ClassVar[bool] = True  # a study may say which
    may_be_unknown: ClassVar[bool] = True  # a study may let people say that they don't know
    is_radio: ClassVar[bool] = False  # one answer of several: that one doesn't know is another
    holds_several: ClassVar[bool] = False  # of the options, in one answer
    lists: ClassVar[str] = ""  # the key of what may be a result: its options, or its rows
    called: ClassVar[str] = ""  # what an answer is, in plain words: "a whole number"
    limits_count: ClassVar[str] = ""  # what its limits are a number of, if not the answer itself

    def limit(self, table: Table, key: str) -> Decimal | None:
        """`min` or `max`, as a number, whatever it is a number of."""
        return table.decimal(key)

    def written_limit(self, limit: Decimal) -> str:
        """As the study says it."""
        return plain_number(limit)

    def in_language(self, field: Field, texts: Texts, currency: str) -> Field:
        """With what the study's language and the currency in which it pays make of it."""
        return dataclasses.replace(field, point=texts.point)

    def check(self, table: Table, field: Field) -> None:
        """Adds what is wrong with its keys: what is missing, or lets nothing through."""

    def listed(self, field: Field) -> tuple[str, ...]:
        """What may stand in a random order."""
        return field.options if "options" in self.keys and not self.is_about_others else ()

    def listing(self, field: Field, texts: Sequence[str]) -> Field:
        """With these for what it lists."""
        return dataclasses.replace(field, options=tuple(texts))

    def answers(self, field: Field) -> tuple[str, ...]:
        """All that can be stored, where one can list it; else nothing."""
        return field.options

    def is_same(self, one: str, other: str) -> bool:
        """Whether two stored values are the same answer."""
        return one == other

    # How it is drawn and read
    is_group: ClassVar[bool] = False  # it is drawn as several inputs below one legend
    is_hidden: ClassVar[bool] = False  # nobody sees it, and nobody is asked
    labels_itself: ClassVar[bool] = False  # what it asks stands beside its input, in its own template
    when_empty: ClassVar[Sentence] = Sentence("Please answer this question.")
    words: ClassVar[Mapping[str, str]] = {}  # stored value → what pages call it in the study's language

    @property
    def template(self) -> str:
        return f"player/fields/{self}.html"

    def posted(self, field: Field, form: Form) -> Sequence[str]:
        """What of a form `read` gets."""
        return form.get(field.name, ())

    def typed(self, field: Field, form: Form) -> str:
        """What of it stands in the field again."""
        return first(form, field.name)

    def read(self, field: Field, raw: Sequence[str]) -> str:
        """See Field.read."""
        if len(raw) > 1 and len(set(raw)) > 1:
            raise FieldError(Sentence("Please give one answer only."))
        text = tidy(raw[0]) if raw else ""
        if text:
            return self.take(field, text)
        if field.required:
            raise Unanswered(self.when_empty)
        return ""

    def take(self, field: Field, text: str) -> str:
        """The canonical value of one answer, which is not empty. Raises FieldError."""
        raise NotImplementedError(f"nobody is asked for {self}")

    def in_form(self, field: Field, value: str) -> str:
        return value

    def shown(self, field: Field, value: str) -> str:
        return field.worded(self.in_form(field, value))

    def items(self, value: str) -> list[str]:
        return [value] if value else []

    def cells(self, field: Field, value: str) -> tuple[Cell, ...]:
        """A canonical value as a small table has it; nothing where words say it."""
        return ()

    def place(self, value: str, option: str) -> int | None:
        return None

    def said_of(self, value: str) -> dict[int, str]:
        return {}

    # What hooks, the codebook and bots have to do with it
    def shape(self, field: Field) -> str:
        """How the stored value is written, for the codebook, where that needs words: they follow "the answer"."""
        return ""

    def type_of(self, field: Field) -> Any:
        """What `value` gives a hook and `stored` takes from it."""
        return str

    def value(self, field: Field, stored: str) -> Any:
        return stored

    def stored(self, field: Field, value: Any) -> str:
        """Raises ValueError with a sentence for what is no such value."""
        raise NotImplementedError(f"no hook gives {self}")

    def guess(self, field: Field, chance: random.Random, others: Sequence[int]) -> str:
        """Something plausible to post. `others`: the slots that it is about, where it is about others."""
        raise NotImplementedError(f"nobody is asked for {self}")

    def number_of(self, field: Field, stored: str) -> Decimal | None:
        """Where answers can be counted along a line: where this one is."""
        return Decimal(stored) if self.is_number else None

    def picture(self, field: Field, counts: Mapping[str, int]) -> BarChart:
        """Of what was said, stored value → how often."""
        known = self.answers(field)
        if known:
            bars = [(self.shown(field, one), counts.get(one, 0)) for one in known]
            return BarChart(of_counts(bars, sum(counts.values())))
        if field.takes_list:
            return of_most(counts, sum(counts.values()))
        numbers: dict[Decimal, int] = {}
        for stored, count in counts.items():
            if (number := self.number_of(field, stored)) is not None:
                numbers[number] = numbers.get(number, 0) + count
        note = f"mean {average:.2f}" if self.is_number and (average := mean(numbers)) is not None else ""
        whole = all(one == int(one) for one in numbers)
        return BarChart(of_numbers(numbers, (field.min, field.max), whole, self.written_limit), note)

    def slip(self, field: Field, chance: random.Random) -> str:
        """Something that somebody might post and that does not fit; "" where there is no such thing."""
        return ""


def first(form: Form, name: str) -> str:
    return next(iter(form.get(name, ())), "")


def tidy(raw: str) -> str:
    """Without blanks around it, and with one kind of line end. Raises FieldError for control characters."""
    if raw.isascii() and raw.isprintable():  # almost all: the rest below costs ten times as much
        return raw.strip()
    text = _LINE_END.sub("\n", raw)
    if any(unicodedata.category(character) in ("Cc", "Cs") and character not in "\n\t" for character in text):
        raise FieldError(Sentence("Please remove the hidden control characters from your answer."))
    return text.strip()


def plain_number(value: Decimal) -> str:
    """A decimal in plain digits without needless ones: 3.50 is "3.5", 1E+2 is "100", -0 is "0"."""
    if value == 0:
        return "0"
    digits = format(value, "f")
    return digits.rstrip("0").rstrip(".") if "." in digits else digits
