"""The numbers and words of a study that are said once, from the [constants] of study.toml."""

import re
from collections.abc import Iterable, Mapping
from decimal import Decimal

from app.study.model.fields import Field
from app.study.model.steps import Step
from app.study.syntax.mistakes import Findings
from app.study.syntax.table import Table

EXAMPLE = "[constants] with a line such as endowment = 20"
LARGEST = 10**15  # as any number of study.toml
MOST_INSIDE = 4  # lists and tables inside each other
METHODS = frozenset(dir(dict))  # which a page would find before a key of that name
_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")


def read_constants(document: Table) -> dict[str, object]:
    """By name: text, whole number, Decimal, True or False, and tuples and mappings of them, as hooks get them."""
    table = document.table("constants", EXAMPLE)
    found: dict[str, object] = {}
    if table is None:
        return found
    for name in table.values:
        value = table.value(name)
        if not _NAME.fullmatch(name):
            cure = "Begin it with a small letter, and use small letters, digits and _ only."
            table.misnamed(name, f"`{name}` can't be the name of a constant.", cure)
        elif name in METHODS:
            sentence = f"A page that asks for constants.{name} would get something of Python's."
            table.misnamed(name, sentence, "Give it another name.")
        elif _is_plain(value):
            found[name] = _frozen(value)
        else:
            sentence = f"`{name}` is nothing that a constant can be."
            table.wrong(name, sentence, "Write a number, a text, true or false, or a list of them.")
    return found


def check_constants(findings: Findings, constants: Mapping[str, object], steps: Iterable[Step]) -> None:
    """Adds constants that are called like something else that a page or a limit may name."""
    asked: dict[str, Field] = {one.name: one for step in steps for one in (*step.fields, *step.results)}
    for name in constants:
        if name in asked:
            sentence = f"`{name}` is a field or a result already."
            findings.misnamed(("constants", name), sentence, "Give the constant another name.")


def _is_plain(value: object, inside: int = 0) -> bool:
    if isinstance(value, (list, dict)):
        parts = value.values() if isinstance(value, dict) else value
        return inside < MOST_INSIDE and all(_is_plain(one, inside + 1) for one in parts)
    if isinstance(value, Decimal):
        return value.is_finite() and abs(value) <= LARGEST
    if isinstance(value, int):
        return abs(value) <= LARGEST
    return isinstance(value, str) and len(value) <= 1000


def _frozen(value: object) -> object:
    if isinstance(value, dict):
        return {name: _frozen(one) for name, one in value.items()}
    return tuple(map(_frozen, value)) if isinstance(value, list) else value
