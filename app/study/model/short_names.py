"""What columns are called in files of SPSS and Stata, whose names are short and not any word: codebook.csv has both."""

from __future__ import annotations

import re
from collections.abc import Iterable

LONGEST = 32  # letters that Stata takes
_NOT_TAKEN = re.compile(r"[^A-Za-z0-9_]+")
RESERVED = frozenset(
    # Stata 18, [U] 11.3; strL and str1, str2 … besides
    "_all _b byte _coef _cons double float if in int long _n _N _pi _pred _rc _skip strL using with "
    # SPSS 29, Variable names
    "ALL AND BY EQ GE GT LE LT NE NOT OR TO WITH "
    # R 4, ?Reserved
    "if else repeat while function for next break TRUE FALSE NULL Inf NaN NA in".lower().split()
)
_STRING = re.compile(r"str\d+")


def is_reserved(name: str) -> bool:
    """Whether one of the three programs keeps it for itself. SPSS takes no difference in case for one."""
    return name.lower() in RESERVED or _STRING.fullmatch(name) is not None


def short_name(column: str) -> str:
    """Of a column by itself."""
    name = _NOT_TAKEN.sub("_", column).strip("_") or "v"
    if is_reserved(name) or not name[0].isalpha():
        name = f"v_{name}"
    return name[:LONGEST].rstrip("_")


def short_names(columns: Iterable[str]) -> dict[str, str]:
    """Column of a table → its short name, no two alike, also not by case: one that is no name of theirs, or is too
    long, gives way to those that are."""
    every = [*dict.fromkeys(columns)]
    plain = [one for one in every if short_name(one) == one]
    found, taken = dict[str, str](), set[str]()
    for column in [*plain, *(one for one in every if short_name(one) != one)]:
        name, nth = short_name(column), 1
        while name.lower() in taken:
            nth += 1
            name = f"{short_name(column)[: LONGEST - len(str(nth)) - 1]}_{nth}"
        taken.add(name.lower())
        found[column] = name
    return {column: found[column] for column in every}
