"""What SPSS and Stata are told of a table: its columns' short names and labels, and what codes and gaps mean."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from app.export import codebook
from app.export.round_columns import ORDER, ROUNDS, named, own_columns
from app.players.lists import escape
from app.study.languages.texts import texts_in
from app.study.model.fields import DONT_KNOW, Field
from app.study.model.study import Study

PLAYERS, RECORDS, WIDE = "players.csv", "records.csv", "records_wide.csv"
TABLES = (PLAYERS, ROUNDS, RECORDS, WIDE)
NUMBER, TIME, CODES, TEXT = "numbers", "times", "codes", "words"
STATUSES = ("invited", "before", "waiting", "playing", "after", "finished", "left")
_NUMBERS = ("player", "slot", "round", "seconds", "record", "version", "score")
_TIMES = ("queued_from", "waited_until", "at")


@dataclass(frozen=True, slots=True)
class Column:
    """`name` is the column's in the .csv, `short` its own, `label` what it says or asks. What does not look like its
    `kind` makes a text of it.

    `codes`: of CODES what 1, 2, 3 … stand for, as the cells have it. `ends`: what numbers of a scale are called.
    `unknown`: the label of who said that they don't know, a missing value, which SPSS has as a number below `least`.
    """

    name: str
    short: str
    label: str
    kind: str = TEXT
    codes: Sequence[str] = ()
    ends: Sequence[tuple[float, str]] = ()
    unknown: str = ""
    least: float | None = None


def columns_of(study: Study, lines: Sequence[Sequence[str]]) -> dict[str, list[Column]]:
    """Of each table that has labels; `lines` are those of codebook.csv."""
    found: dict[str, dict[str, tuple[str, dict[str, list[str]]]]] = {file: {} for file in TABLES}
    for line in lines:
        told = dict(zip(codebook.HEADER, line, strict=True))
        if told["file"] not in found:
            continue
        asked = told["asked"] if told["file"] != RECORDS else ""
        steps = found[told["file"]].setdefault(told["column"], (told["short"], {}))[1]
        if asked or not steps:
            steps.setdefault(asked or told["meaning"], []).extend(
                [told["step"]] if told["step"] and asked else []
            )
    told_of = {PLAYERS: _entry(study), ROUNDS: _rounds(study), WIDE: _wide(study), RECORDS: {}}
    return {
        file: [
            _column(study, name, short, _label(steps), told_of[file].get(name, []))
            for name, (short, steps) in columns.items()
        ]
        for file, columns in found.items()
    }


def _label(steps: Mapping[str, Sequence[str]]) -> str:
    """By what is asked the steps that ask it, or what a column means: several steps may ask under one name."""
    return " / ".join(
        f"{text} ({', '.join(dict.fromkeys(where))})" if where else text for text, where in steps.items()
    )


def _entry(study: Study) -> dict[str, list[Field]]:
    return {one.name: [one] for one in study.entry}


def _rounds(study: Study) -> dict[str, list[Field]]:
    found: dict[str, list[Field]] = {}
    columns = own_columns(study)
    for step in study.all_steps:
        for one in named(step):
            found.setdefault(columns[step.name, one.name], []).append(one)
    return found


def _wide(study: Study) -> dict[str, list[Field]]:
    columns = codebook.wide_columns(study)
    return {
        columns[f"{position.step.name}.{position.round}.{one.name}"]: [one]
        for position in study.plan
        for one in position.step.fields
    }


def _column(study: Study, name: str, short: str, label: str, asked: Sequence[Field]) -> Column:
    if not asked:
        kind, codes = _own(study, name)
        return Column(name, short, label, kind, [escape(one) for one in codes])
    texts = texts_in(study.language).with_own(study.texts)
    unknown = " / ".join(dict.fromkeys(texts.say(one.dont_know) for one in asked if one.dont_know))
    if all(one.kind.is_number for one in asked):
        least = min((float(one.min) for one in asked if one.min is not None), default=None)
        # What is called otherwise, or nothing, at another step of this column would be called falsely.
        called = [end for end in _ends(asked[0]) if all(end in _ends(one) for one in asked)]
        return Column(name, short, label, NUMBER, ends=called, unknown=unknown, least=least)
    if any(one.kind.holds_several or one.kind.is_number or not one.kind.answers(one) for one in asked):
        return Column(name, short, label)
    said = dict.fromkeys(answer for one in asked for answer in one.kind.answers(one))
    if all(one.isascii() and one.isdecimal() and (one == "0" or one[0] != "0") for one in said):
        return Column(name, short, label, NUMBER, unknown=unknown, least=0)  # a code beside a number misleads
    return Column(name, short, label, CODES, [escape(one) for one in said], unknown=unknown)


def _ends(asked: Field) -> list[tuple[float, str]]:
    ends = (asked.min, asked.low), (asked.max, asked.high)
    return [(float(end), word) for end, word in ends if end is not None and word]


def _own(study: Study, name: str) -> tuple[str, Sequence[str]]:
    """Kind and codes of a column that no question has."""
    if name in _NUMBERS:
        return NUMBER, ()
    if name in _TIMES or name.endswith("_at"):
        return TIME, ()
    return (CODES, codes) if (codes := [*_codes(study, name)]) else (TEXT, ())


def _codes(study: Study, name: str) -> Iterator[str]:
    if name in ("late", "erased"):
        yield from ("false", "true")
    elif name == "how":
        yield from ("not_asked", *ORDER)
    elif name == "status":
        yield from STATUSES
    elif name == "outcome":
        yield from study.finish.codes
    elif name == "type":
        yield from study.types
    elif name == "kind":
        yield from (one.name for one in study.rooms)
    elif name == "step":
        yield from (one.name for one in study.all_steps)
    else:
        yield from (level for one in study.treatments if one.column == name for level in one.levels)


def said_unknown() -> str:
    """How a cell has it that somebody does not know."""
    return DONT_KNOW
