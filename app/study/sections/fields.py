"""From the `fields` of study.toml to Field: its kind, its limits, and names that mean nothing else."""

import re
from collections.abc import Sequence
from dataclasses import replace

from app.study.hooks.uses import read_hook
from app.study.model.fields import DONT_KNOW, I_DONT_KNOW, OPTIONS, RANDOM, Field, Kind
from app.study.model.kinds.known import COMPUTED, KINDS
from app.study.model.kinds.text import TEXT
from app.study.model.steps import PAIRS, ROOM
from app.study.sections.correct import with_correct
from app.study.sections.limits import as_limited, read_limits, without_swatches
from app.study.syntax.mistakes import did_you_mean
from app.study.syntax.table import Table

SHARED_KEYS = ("min", "max", "options", "swatches", "low", "high", "of", "about")  # by some kinds

# Names that the pages' own forms and the exported files already use.
FORM_NAMES = ("form_key", "body", "to", "token", "player", "step", "round", "room")
PLAYER_COLUMNS = (
    *("player", "label", "type", "status", "room", "slot"),
    *("signed_in_at", "seated_at", "finished_at", "code"),
)
_FIELD_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")


def read_fields(
    table: Table,
    reserved: Sequence[str],
    key: str = "fields",
    at_door: bool = False,
    judged: bool = False,
    ordered: bool = False,
    computed: bool = False,
) -> tuple[Field, ...]:
    """`at_door`: who somebody is may be asked there, and such a field be `private`. `judged`, there or at a solo step:
    whoever has it wrong is told. `ordered`: they stand on a page whose order may be random.
    `computed`: they are results, and may be `of` the room or of pairs."""
    found: list[Field] = []
    example = f'{key} = [{{name = "age", ask = "Your age", kind = "integer"}}]'
    for entry in table.tables(key, example):
        field = _field(entry, reserved, at_door, at_door or judged, computed)
        field = replace(
            field,
            order=_read_order(entry, field, ordered),
            dont_know=_read_dont_know(entry, field, ordered),
        )
        entry.report_unknown_keys("a field")
        if field.name and field.name in [other.name for other in found]:
            entry.wrong("name", f"There are two fields named `{field.name}` here.", "Rename one of them.")
        found.append(field)
    return tuple(found)


def read_name(table: Table, reserved: Sequence[str], what: str = "field") -> str:
    """Of something that columns are named after."""
    name = table.text("name")
    if table.sound("name") and not _FIELD_NAME.fullmatch(name):
        cure = f"Write small letters, digits and _, such as `{_as_field_name(name)}`."
        table.wrong("name", f"`{name}` can't be the name of a {what}.", cure)
    elif name in reserved:
        cure = f"Choose another, such as `my_{name}`."
        table.wrong("name", f"`{name}` can't be the name of a {what} here: NetworkLab uses it itself.", cure)
    return name


def _field(table: Table, reserved: Sequence[str], at_door: bool, judged: bool, computed: bool) -> Field:
    name, kind = read_name(table, reserved), _kind(table, computed)
    shared = computed and not (kind and kind.is_about_others)
    own_keys = kind.own_keys if kind else {}
    limits = {} if at_door or computed else read_limits(table, kind)
    ask = table.text("ask", longest=(kind or TEXT).longest_ask, example="What players read")
    field = Field(
        name=name,
        ask=ask,
        kind=kind or TEXT,
        min=None if "min" in limits else (kind or TEXT).limit(table, "min"),
        max=None if "max" in limits else (kind or TEXT).limit(table, "max"),
        options=() if OPTIONS in limits else table.texts("options"),
        swatches=table.texts("swatches"),
        required=table.truth("required", default=True),
        help=table.text("help", default=""),
        low=table.text("low", default="", longest=100),
        high=table.text("high", default="", longest=100),
        of=table.one_of("of", (ROOM, PAIRS), "")
        if shared
        else read_hook(table, "of") or ("neighbours" if kind and kind.is_about_others else ""),
        about=table.text("about", default=""),
        private=at_door and table.truth("private", default=False),
        limits=limits,
        more={key: () if key in limits else read(table, key) for key, read in own_keys.items()},
    )
    of_others = [key for one in KINDS.values() for key in one.own_keys if key not in field.more]
    for key in of_others:
        table.value(key)  # or it would be told of as no key at all
    if kind:
        for key in (*SHARED_KEYS, *of_others):
            if table.has(key) and key not in kind.keys and not (shared and key == "of"):
                sentence = f"`{key}` means nothing in a field of kind {kind}."
                table.wrong(key, sentence, "Remove it, or change the kind.")
        for key in (OPTIONS, "rows"):
            _note_braces(table, key)
        field = without_swatches(table, field)
        kind.check(table, as_limited(field))
        field = with_correct(table, field, judged, "[entry]" if at_door else "the step")
    return field


def _note_braces(table: Table, key: str) -> None:
    """What is chosen is stored as it stands there, so no constant is filled in."""
    listed = table.values.get(key)
    for nth, text in enumerate(listed if isinstance(listed, list) else ()):
        if isinstance(text, str) and (name := table.constants.near_to(text)):
            sentence = f"No constant stands in `{key}`: players read {{{name}}} with its braces."
            cure = "Write it out, or name a constant that is the whole list."
            table.findings.note((*table.path, key, nth), sentence, cure)


def read_order(table: Table) -> str:
    """Of questions, or of what one of them lists: RANDOM, or as it stands there."""
    return table.one_of("order", (RANDOM,), "")


def _read_order(table: Table, field: Field, ordered: bool) -> str:
    order = read_order(table)
    if order and _in_move(table):
        sentence = "What a move says stands in the order in which it is written here."
        table.wrong("order", sentence, "Remove it.")
    elif order and not ordered:
        sentence = "Only pages between the door and the end have a random order."
        table.wrong("order", sentence, "Remove it, or ask this in [[before]].")
    elif order and field.takes_list:
        sentence = f"These {field.kind.lists} stand in the order in which they come."
        table.wrong("order", sentence, "Remove it, and let the hook mix them: it has room.seed.")
    elif order and not field.kind.listed(field) and table.sound("kind"):
        sentence = f"A field of kind {field.kind} lists nothing whose order could be random."
        table.wrong(
            "order", sentence, "Write it beside `fields`, for the order of the questions, or remove it."
        )
    return order


def _read_dont_know(table: Table, field: Field, ordered: bool) -> str:
    """True, or the words of one's own."""
    given = table.value("dont_know")
    words = table.text("dont_know", default="", longest=100) if isinstance(given, str) else ""
    if given is not None and not isinstance(given, str | bool):
        sentence = "`dont_know` must be true, or the words in which people say so."
        table.wrong("dont_know", sentence, 'Write dont_know = true, or dont_know = "No idea".')
    elif not isinstance(given, str) and table.truth("dont_know", default=False):
        words = str(I_DONT_KNOW)
    if words and _in_move(table):
        sentence = "Nobody has to move, so a move can’t say that they don’t know."
        table.wrong("dont_know", sentence, "Remove it, or write required = false.")
    elif words and not ordered:
        sentence = "Only pages between the door and the end let people say that they don’t know."
        table.wrong("dont_know", sentence, "Remove it, write required = false, or ask this in [[before]].")
    elif words and not field.kind.may_be_unknown and table.sound("kind"):
        sentence = f"`dont_know` means nothing in a field of kind {field.kind}."
        table.wrong("dont_know", sentence, "Remove it, or change the kind.")
    elif words and DONT_KNOW in field.options:
        sentence = f"`{DONT_KNOW}` is an option, and also what is stored of whoever does not know."
        table.wrong("dont_know", sentence, "Give the option another name.")
    elif words != I_DONT_KNOW and words.casefold() in [one.casefold() for one in field.options]:
        sentence = f"`{words}` is an option, too: the two could not be told apart."
        table.wrong("dont_know", sentence, "Take it out of the options, or say it in other words here.")
    return words


def _in_move(table: Table) -> bool:
    return "move" in table.path


def _kind(table: Table, computed: bool) -> Kind | None:
    kind = table.text("kind", example="integer")
    if kind in COMPUTED:
        if not computed:
            sentence = f"Nobody is asked for a {kind}: hooks give it."
            table.wrong("kind", sentence, 'Ask with kind = "choices", for example.')
        return COMPUTED[kind]
    if kind and kind not in KINDS:
        other = next((one for one in KINDS.values() if kind.lower() in one.also_called), None)
        cure = f"Did you mean `{other}`?" if other else did_you_mean(kind, KINDS)
        table.wrong("kind", f"`kind` is `{kind}`, which is not a kind of field.", cure)
    return KINDS.get(kind)


def _as_field_name(name: str) -> str:
    words = re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")[:40]
    return words if _FIELD_NAME.fullmatch(words) else f"q_{words}".rstrip("_")[:40]
