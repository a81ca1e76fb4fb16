"""Every text that a player reads, in the language that the study chose. English stands where it is used."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from functools import cache, lru_cache
from gettext import NullTranslations
from typing import Self

from babel import Locale
from babel.dates import format_date
from babel.lists import format_list
from babel.numbers import (
    format_currency,
    format_decimal,
    get_currency_symbol,
    get_decimal_symbol,
    get_group_symbol,
)

from app.study.languages.catalogues import DEFAULT, translations_of
from app.study.languages.currencies import currency_digits
from app.study.languages.plurals import counted

_PLACE = re.compile(r"%\((\w+)\)s")
_STRAY_PERCENT = re.compile(r"%(?!\(\w+\)s)")


# Between what is listed without an “and”; elsewhere it is a comma and a blank.
_LIST_COMMAS = {"ar": "، ", "fa": "، ", "ja": "、", "zh": "、"}

Filling = int | Decimal | date | str  # of a blank in a sentence


class Sentence(str):
    """An English sentence for a player that knows how to be said in another language.

    `text` is a key of the catalogues; its `%(name)s` are filled from `values`, in which a text stands for itself.
    """

    __slots__ = ("text", "values")
    text: str
    values: Mapping[str, Filling]

    def __new__(cls, text: str, **values: Filling) -> Self:
        self = super().__new__(cls, text % {name: _in_english(value) for name, value in values.items()})
        self.text, self.values = text, values
        return self


@dataclass(frozen=True, slots=True, eq=False)
class Texts:
    """What our pages say in one language, with what a study says in its place: `own` has that by its English."""

    language: str
    direction: str  # ltr or rtl
    own: Mapping[str, str]
    translations: NullTranslations
    point: str  # of decimals
    comma: str  # between thousands

    def gettext(self, text: str) -> str:
        return self.own.get(text) or self.translations.gettext(text)

    def ngettext(self, one: str, many: str, count: int | Decimal) -> str:
        said = self.own.get(one if count == 1 else many)
        return said or self.translations.ngettext(one, many, counted(self.language, count))

    def with_own(self, own: Mapping[str, str]) -> Texts:
        """What of `own` could not be filled in is passed over. By the rest a study's pages say what is theirs."""
        kept = {
            text: _STRAY_PERCENT.sub("%%", instead)
            for text, instead in own.items()
            if places(instead) <= places(text)
        }
        return replace(self, own=kept)

    def say(self, sentence: str) -> str:
        if not isinstance(sentence, Sentence):
            return sentence
        values = {name: self._filled(value) for name, value in sentence.values.items()}
        return self.gettext(sentence.text) % values

    def say_all(self, sentences: Mapping[str, str]) -> dict[str, str]:
        return {name: self.say(sentence) for name, sentence in sentences.items()}

    def number(self, value: int | Decimal) -> str:
        """A count has its thousands apart; a Decimal has not, so that it stands as people may type it."""
        signs = {",": self.comma, ".": self.point}
        if self.direction == "rtl":
            signs["-"] = "\N{LEFT-TO-RIGHT MARK}-"  # or it would stand behind the number
        return "".join(signs.get(character, character) for character in _number(value))

    def listed(self, items: Iterable[str]) -> str:
        """A, B and C."""
        # Written as in Britain: without a comma before the “and”.
        return format_list(list(items), locale="en_GB" if self.language == DEFAULT else self.language)

    @property
    def list_comma(self) -> str:
        return _LIST_COMMAS.get(self.language, ", ")

    def date(self, value: date) -> str:
        return format_date(value, "long", locale=self.language)

    def sign_of(self, currency: str) -> tuple[str, bool]:
        """What a currency is written as, and whether that stands before the amount."""
        before = Locale.parse(self.language).currency_formats["standard"].pattern.startswith("¤")
        return get_currency_symbol(currency, locale=self.language), before

    def _filled(self, value: Filling) -> str:
        if isinstance(value, str):
            return value
        return self.date(value) if isinstance(value, date) else self.number(value)

    def money(self, amount: Decimal, currency: str, exact: bool = False) -> str:
        """In whole cents, half of one rounded up; `exact`: with as many decimals as there are."""
        return _money(self.language, amount, currency, exact)


@lru_cache(2_000)
def _money(language: str, amount: Decimal, currency: str, exact: bool) -> str:
    """Each page of a room says what has been earned, and most say the same."""
    cents = currency_digits(currency)
    if exact:
        amount = amount.quantize(Decimal(1)) if amount == amount.to_integral() else amount.normalize()
        cents = max(cents, -int(amount.as_tuple().exponent))
    amount = amount.quantize(Decimal(1).scaleb(-cents), ROUND_HALF_UP)
    if currency:
        return format_currency(amount, currency, locale=language, decimal_quantization=False)
    return format_decimal(amount, f"0.{'0' * cents}", locale=language)


@cache
def texts_in(language: str = DEFAULT) -> Texts:
    locale = Locale.parse(language)
    return Texts(
        language,
        locale.text_direction,
        {},
        NullTranslations() if language == DEFAULT else translations_of(language),
        get_decimal_symbol(locale),
        get_group_symbol(locale),
    )


def places(text: str) -> set[str]:
    """The names in a text that are filled in: `%(minutes)s`."""
    return set(_PLACE.findall(text))


def _in_english(value: Filling) -> str:
    if isinstance(value, str):
        return value
    return format_date(value, "long", locale=DEFAULT) if isinstance(value, date) else _number(value)


def _number(value: int | Decimal) -> str:
    return f"{value:,}" if isinstance(value, int) else f"{value:f}"
