"""From the `fields` of study.toml to Field: its kind, its limits, and names that mean nothing else."""

import re
from collections.abc import Sequence
from decimal import Decimal

from app.study.hooks.uses import read_hook
from app.study.model.fields import KINDS, LISTS, Field, plain_number
from app.study.toml.mistakes import did_you_mean
from app.study.toml.table import Table

LONGEST_ANSWER = 20_000  # characters: more would not be an answer, but a file
MOST_SCALE_POINTS = 11
MOST_OPTIONS = 200

# Colours that app.css has, of Okabe & Ito (2008), "Color Universal Design", whom colour-blind eyes can tell apart.
SWATCHES = ("red", "orange", "yellow", "green", "sky", "blue", "pink", "black", "grey", "white")

# Names that the pages' own forms and the exported files already use.
FORM_NAMES = ("form_key", "body", "to", "token", "player", "step", "round", "room")
PLAYER_COLUMNS = (
    *("player", "label", "type", "status", "room", "slot"),
    *("signed_in_at", "seated_at", "finished_at", "code"),
)
_FIELD_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")
_KEYS_OF_KINDS = {
    "integer": ("min", "max"),
    "number": ("min", "max"),
    "text": ("min", "max"),
    "choice": ("options", "swatches"),
    "choices": ("options", "min", "max"),
    "ranking": ("options",),
    "scale": ("min", "max", "low", "high"),
    "slider": ("min", "max", "low", "high"),
    "yes_no": (),
    "each": ("options", "min", "max", "of", "about"),
}
_OTHER_WORDS_FOR_KINDS = {
    **dict.fromkeys(("int", "whole", "count"), "integer"),
    **dict.fromkeys(("float", "decimal", "real", "numeric"), "number"),
    **dict.fromkeys(("string", "str", "textarea", "free", "open"), "text"),
    **dict.fromkeys(("select", "radio", "dropdown", "option", "options", "single"), "choice"),
    **dict.fromkeys(("multiple", "checkboxes", "multi", "several"), "choices"),
    **dict.fromkeys(("rank", "order", "sort"), "ranking"),
    **dict.fromkeys(("likert", "rating"), "scale"),
    **dict.fromkeys(("range", "vas"), "slider"),
    **dict.fromkeys(("ties", "neighbours", "others", "matrix"), "each"),
    **dict.fromkeys(("bool", "boolean", "yes/no", "yesno", "checkbox"), "yes_no"),
}


def read_fields(table: Table, reserved: Sequence[str], key: str = "fields") -> tuple[Field, ...]:
    found: list[Field] = []
    example = f'{key} = [{{name = "age", ask = "Your age", kind = "integer"}}]'
    for entry in table.tables(key, example):
        field = _field(entry, reserved)
        if field.name and field.name in [other.name for other in found]:
            entry.wrong("name", f"There are two fields named `{field.name}` here.", "Rename one of them.")
        found.append(field)
    return tuple(found)


def _field(table: Table, reserved: Sequence[str]) -> Field:
    name = table.text("name")
    if table.sound("name") and not _FIELD_NAME.fullmatch(name):
        cure = f"Write small letters, digits and _, such as `{_as_field_name(name)}`."
        table.wrong("name", f"`{name}` can't be the name of a field.", cure)
    elif name in reserved:
        cure = f"Choose another, such as `my_{name}`."
        table.wrong("name", f"`{name}` can't be the name of a field here: NetworkLab uses it itself.", cure)
    ask = table.text("ask", example="What players read")
    kind = _field_kind(table)
    field = Field(
        name=name,
        ask=ask,
        kind=kind or "text",
        min=table.decimal("min"),
        max=table.decimal("max"),
        options=table.texts("options"),
        swatches=table.texts("swatches"),
        required=table.truth("required", default=True),
        help=table.text("help", default=""),
        low=table.text("low", default="", longest=100),
        high=table.text("high", default="", longest=100),
        of=read_hook(table, "of") or ("neighbours" if kind == "each" else ""),
        about=table.text("about", default=""),
    )
    if kind:
        _check_limits(table, field)
    table.report_unknown_keys("a field")
    return field


def _field_kind(table: Table) -> str:
    kind = table.text("kind", example="integer")
    if kind and kind not in KINDS:
        other = _OTHER_WORDS_FOR_KINDS.get(kind.lower())
        cure = f"Did you mean `{other}`?" if other else did_you_mean(kind, KINDS)
        table.wrong("kind", f"`kind` is `{kind}`, which is not a kind of field.", cure)
        return ""
    return kind


def _check_limits(table: Table, field: Field) -> None:
    """Limits that the kind has no use for, that are missing, or that let nothing through."""
    for key in ("min", "max", "options", "swatches", "low", "high", "of", "about"):
        if table.has(key) and key not in _KEYS_OF_KINDS[field.kind]:
            sentence = f"`{key}` means nothing in a field of kind {field.kind}."
            table.wrong(key, sentence, "Remove it, or change the kind.")
    if field.kind in ("choice", *LISTS) or (field.kind == "each" and table.has("options")):
        _check_options(table, field)
    if field.kind == "choice" and field.swatches and table.sound("options"):
        _check_swatches(table, field)
    if field.kind == "choices":
        _check_counts(table, field)
    elif table.sound("min") and table.sound("max"):
        _check_ends(table, field)
        if field.min is not None and field.max is not None and table.sound("min") and table.sound("max"):
            _check_span(table, field, field.min, field.max)


def _check_options(table: Table, field: Field) -> None:
    if len(field.options) < 2 and table.sound("options"):
        table.wrong("options", "This needs at least two options.", 'Add options = ["…", "…"].')
    elif len(field.options) > MOST_OPTIONS:
        sentence = f"There are {len(field.options)} options, and {MOST_OPTIONS} is the most."
        table.wrong("options", sentence, 'Ask in two steps, or write kind = "text".')


def _check_swatches(table: Table, field: Field) -> None:
    for index, swatch in enumerate(field.swatches):
        if swatch not in SWATCHES:
            place = (*table.path, "swatches", index)
            table.findings.wrong(place, f"There is no swatch `{swatch}`.", did_you_mean(swatch, SWATCHES))
            return
    if len(field.swatches) != len(field.options):
        swatches = "1 swatch" if len(field.swatches) == 1 else f"{len(field.swatches)} swatches"
        sentence = f"There are {len(field.options)} options and {swatches}."
        table.wrong("swatches", sentence, "Give each option one, in the same order.")


def _check_counts(table: Table, field: Field) -> None:
    """How many may be chosen."""
    for key, limit in (("min", field.min), ("max", field.max)):
        if limit is not None and (limit != int(limit) or not 0 <= limit <= len(field.options)):
            sentence = f"`{key}` is {plain_number(limit)}, but there are {len(field.options)} options to choose from."
            table.wrong(key, sentence, f"Write {key} = 1.")
    if field.min is not None and field.max is not None and field.min > field.max:
        table.wrong("min", "`min` is more than `max`, so no answer fits.", "Make `min` smaller.")


def _check_ends(table: Table, field: Field) -> None:
    for key, limit in (("min", field.min), ("max", field.max)):
        if limit is None:
            if field.kind in ("scale", "slider"):
                sentence = f"A {field.kind} needs `min` and `max`, and `{key}` is missing."
                table.wrong(key, sentence, f"Add {key} = {1 if key == 'min' else 7}.")
        elif field.kind != "number" and limit != int(limit):
            sentence = f"`{key}` is {limit}, but must be a whole number here."
            table.wrong(key, sentence, f"Write {key} = {int(limit)}.")
        elif field.kind == "text" and not 0 <= limit <= LONGEST_ANSWER:
            sentence = f"`{key}` is {plain_number(limit)}, but a text has 0 to {LONGEST_ANSWER:,} characters."
            table.wrong(key, sentence, f"Write {key} = 500.")


def _check_span(table: Table, field: Field, low: Decimal, high: Decimal) -> None:
    points = high - low + 1
    if low > high:
        sentence = f"`min` is {plain_number(low)} and `max` is {plain_number(high)}, so no answer fits."
        table.wrong("min", sentence, f"Write min = {plain_number(high)} and max = {plain_number(low)}.")
    elif field.kind in ("scale", "slider") and points < 2:
        sentence = f"`min` and `max` are both {plain_number(low)}, so there is nothing to choose."
        table.wrong("max", sentence, "Make `max` larger.")
    elif field.kind == "scale" and points > MOST_SCALE_POINTS:
        cure = f'Write kind = "slider", or have at most {MOST_SCALE_POINTS} points.'
        table.wrong("max", f"A scale of {points} points does not fit on a phone.", cure)


def _as_field_name(name: str) -> str:
    words = re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")[:40]
    return words if _FIELD_NAME.fullmatch(words) else f"q_{words}".rstrip("_")[:40]
