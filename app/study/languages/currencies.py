"""Currencies: which there are, and what their smallest coin is."""

from functools import cache

from babel.numbers import get_currency_precision, list_currencies


@cache
def currencies() -> frozenset[str]:
    """Their codes, as ISO 4217 has them."""
    return frozenset(list_currencies())


def currency_digits(currency: str) -> int:
    """How many decimals its smallest coin has: 2 for euros and where there is no currency, 0 for yen."""
    return get_currency_precision(currency) if currency else 2
