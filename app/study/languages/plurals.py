"""Which form of a text is for how many, by the rules of Unicode (CLDR).

Every catalogue has its language's rule in its header, as gettext writes it. These are CLDR's for whole numbers below a
million: a form that only fractions have, or only millions, has no text of ours.
"""

from decimal import Decimal
from functools import cache

from babel import Locale

_ONE_FORM = "nplurals=1; plural=0;"
_ONE_AND_MANY = "nplurals=2; plural=(n != 1);"
_NONE_AS_ONE = "nplurals=2; plural=(n > 1);"
_EAST_SLAVIC = (
    "nplurals=3; plural=(n%10==1 && n%100!=11 ? 0 : n%10>=2 && n%10<=4 && (n%100<10 || n%100>=20) ? 1 : 2);"
)
RULES = {
    "ar": "nplurals=6; plural=(n==0 ? 0 : n==1 ? 1 : n==2 ? 2 : n%100>=3 && n%100<=10 ? 3 : n%100>=11 ? 4 : 5);",
    "cs": "nplurals=3; plural=(n==1 ? 0 : n>=2 && n<=4 ? 1 : 2);",
    "fa": _NONE_AS_ONE,
    "fr": _NONE_AS_ONE,
    "he": "nplurals=3; plural=(n==1 ? 0 : n==2 ? 1 : 2);",
    "hi": _NONE_AS_ONE,
    "ja": _ONE_FORM,
    "ko": _ONE_FORM,
    "pl": "nplurals=3; plural=(n==1 ? 0 : n%10>=2 && n%10<=4 && (n%100<10 || n%100>=20) ? 1 : 2);",
    "pt": _NONE_AS_ONE,
    "ru": _EAST_SLAVIC,
    "uk": _EAST_SLAVIC,
    "zh": _ONE_FORM,
}


def rule_of(language: str) -> str:
    """As a catalogue's header has it, behind Plural-Forms."""
    return RULES.get(language, _ONE_AND_MANY)


def counted(language: str, count: int | Decimal) -> int:
    """A whole number with the form that this one takes: 1.5 is as 0 in French, and as 2 in Russian."""
    whole = int(count)
    return whole if whole == count else _whole_like(language, Locale.parse(language).plural_form(count))


@cache
def _whole_like(language: str, form: str) -> int:
    rule = Locale.parse(language).plural_form
    return next((number for number in range(101) if rule(number) == form), 2)
