"""An amount of money in the currency of [pay], stored as "3.5" and shown as 3.50 €.

`min` and `max` are the least and the largest amount, `decimals` how many it has: as the smallest coin, unless said.
"""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

from app.study.languages.currencies import currency_digits
from app.study.languages.texts import Sentence, Texts
from app.study.model.fields import Field, OwnKeys
from app.study.model.kinds.number import Number, decimals_key


class Money(Number):
    called = "an amount of money"
    __slots__ = ()
    own_keys: ClassVar[OwnKeys] = {"decimals": decimals_key}
    also_called = ("amount", "currency", "price", "euro", "dollar")
    when_empty = Sentence("Please give an amount.")

    def in_language(self, field: Field, texts: Texts, currency: str) -> Field:
        given = field.more.get("decimals")
        decimals = currency_digits(currency) if given is None else given
        unit, first = texts.sign_of(currency) if currency else ("", False)
        more = {**field.more, "decimals": decimals, "unit": unit, "unit_first": first, "currency": currency}
        return replace(field, point=texts.point, more=more)

    def in_form(self, field: Field, value: str) -> str:
        whole, _, part = value.partition(".")
        decimals = field.more.get("decimals") or 0
        return f"{whole}{field.point}{part.ljust(decimals, '0')}" if decimals or part else whole

    def shape(self, field: Field) -> str:
        currency = field.more.get("currency")
        return f", in {currency}" if currency else ""


MONEY = Money("money")
