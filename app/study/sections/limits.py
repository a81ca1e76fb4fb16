"""Limits, options and rows that are results: what a question names must be there by then, and of the right kind."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal

from app.study.model.fields import Field, Kind
from app.study.model.kinds import list as lists
from app.study.model.kinds.list import LIST
from app.study.model.steps import Step
from app.study.syntax.lines import Path
from app.study.syntax.mistakes import did_you_mean
from app.study.syntax.table import Table

_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")


def read_limits(table: Table, kind: Kind | None) -> dict[str, str]:
    """Those that are a result, by its name; a constant of that name is what it says."""
    found = {}
    keys = ("min", "max") if kind and kind.is_number else (kind.lists,) if kind and kind.lists else ()
    for key in keys:
        name = table.constants.meant(table.values.get(key))
        if isinstance(name, str) and _NAME.fullmatch(name):
            found[key] = table.text(key)
    return found


def without_swatches(table: Table, field: Field) -> Field:
    """What is known only as a page is drawn has no colours, and nothing of it is right."""
    if not field.takes_list:
        return field
    lists = field.kind.lists
    for key in ("swatches", "correct"):
        if table.value(key) is not None:
            sentence = f"Which {lists} there are is known only as the page is drawn, so they have no `{key}`."
            table.wrong(key, sentence, f"Remove it, or list the {lists} here.")
    return replace(field, swatches=())


def as_limited(field: Field) -> Field:
    """As it may come to be asked, for what is asked of its limits."""
    if not field.limits:
        return field
    if field.takes_list:
        return field.kind.listing(field, tuple(map(str, range(lists.MOST))))
    low = field.min if field.min is not None else (field.max or 0) - 1
    high = field.max if field.max is not None else low + 1
    return replace(field, min=Decimal(low), max=Decimal(high))


def with_limits(document: Table, steps: Sequence[Step], places: Sequence[Path]) -> list[Step]:
    """Each with what hooks list for its questions. What limits one must be a number, and may be there before it."""
    found = []
    for index, (place, step) in enumerate(zip(places, steps, strict=True)):
        before = [*steps[:index], *(one for one in steps[index:] if one.repeat == step.repeat > 1)]
        known = {one.name: one for other in before for one in (*other.fields, *other.results)}
        known |= {one.name: one for one in step.results if one.name in step.opening_hooks}
        for nth, field in enumerate(step.fields):
            where = (*place, "fields", nth)
            _check_numbers(document, where, field, known)
            _check_options(document, where, field, known)
        found.append(_with_lists(step, known))
    return found


def _check_numbers(document: Table, place: Path, field: Field, known: Mapping[str, Field]) -> None:
    for key, name in field.limits.items():
        if key == field.kind.lists:
            continue
        if name not in known:
            sentence = f"Nothing is called `{name}` before this question: no constant, field or result."
            cure = did_you_mean(name, sorted({*known, *document.constants.values}))
            document.findings.wrong((*place, key), sentence, cure)
        elif not known[name].kind.is_number:
            sentence = f"`{name}` is no number, so it limits nothing."
            document.findings.wrong((*place, key), sentence, "Name a result that is one.")


def _check_options(document: Table, place: Path, field: Field, known: Mapping[str, Field]) -> None:
    name, key = field.source, field.kind.lists
    if name not in known:
        return
    source = known[name]
    if not source.kind.holds_several:
        sentence = f"`{name}` is no list, so there is nothing to choose from."
        cure = f'Give the result kind = "{LIST}", or name a question of kind choices.'
        document.findings.wrong((*place, key), sentence, cure)
    elif len("".join(source.options).encode()) > lists.LARGEST:
        sentence = (
            f"The options of `{name}` have more than {lists.LARGEST:,} bytes, which is too much for a page."
        )
        document.findings.wrong((*place, key), sentence, "Shorten them.")


def _with_lists(step: Step, known: Mapping[str, Field]) -> Step:
    """What is neither field nor result is a hook that lists them as this step opens."""
    hooks = {one.source for one in step.fields if one.takes_list} - {*known}
    if not hooks:
        return step
    fields = [replace(one, listed_by=one.source) if one.source in hooks else one for one in step.fields]
    asked = {one.listed_by: one.ask for one in fields if one.listed_by}
    results = (Field(hook, f"What can be chosen: {ask}", LIST) for hook, ask in asked.items())
    return replace(step, fields=tuple(fields), results=(*step.results, *results))


def elsewhere(before: Sequence[Step], source: Step, field: Field) -> Iterator[Step]:
    """Those of these steps that ask the same of others, by treatment: as where another game comes first for some."""
    for one in before if source in before else ():
        same = one.field_named(field.name)
        if same and same.kind == field.kind and one.during == source.during and source.excludes(one):
            yield one
