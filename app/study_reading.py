"""From the tables of study.toml to the parts of a study. What is missing or wrong gets a usable stand-in."""

import re
from collections.abc import Sequence
from decimal import Decimal
from urllib.parse import urlsplit

from app import fields, networks
from app.fields import Field, FieldError
from app.networks import Network
from app.study_mistakes import did_you_mean
from app.study_parts import ANY, DEFAULT_CODES, Dropout, Finish, Lobby, RoomKind, Step
from app.study_source import Table

CHATS = ("none", "neighbours", "room")
ENDS = ("answered", "deadline")
ON_TIMEOUT = ("blank", "keep", "default:VALUE", "hook")
DROPOUT_ACTIONS = ("nudge", "bot", "end_room", "continue")
OUTCOMES = (*DEFAULT_CODES, "closed")
MOST_SEATS = 200

# Names that the pages' own forms and the exported files already use.
FORM_NAMES = ("form_key", "body", "to", "token", "player", "step", "round", "room")
PLAYER_COLUMNS = (
    *("player", "label", "type", "status", "room", "slot"),
    *("signed_in_at", "seated_at", "finished_at", "code"),
)
_FIELD_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,39}")
_OTHER_WORDS_FOR_KINDS = {
    **dict.fromkeys(("int", "whole", "count"), "integer"),
    **dict.fromkeys(("float", "decimal", "real", "numeric"), "number"),
    **dict.fromkeys(("string", "str", "textarea", "free", "open"), "text"),
    **dict.fromkeys(("select", "radio", "dropdown", "option", "options", "single"), "choice"),
    **dict.fromkeys(("likert", "rating"), "scale"),
    **dict.fromkeys(("range", "vas"), "slider"),
    **dict.fromkeys(("bool", "boolean", "yes/no", "yesno", "checkbox"), "yes_no"),
}


def read_types(study: Table) -> tuple[str, ...]:
    types = study.texts("types")
    if study.has("types") and not types and study.findings.sound("types"):
        study.wrong(
            "types", "`types` is empty.", 'List the types, such as ["red", "blue"], or remove the line.'
        )
    if ANY in types:
        study.wrong(
            "types", "`any` can't be a type: it is the word for a seat that takes every type.", "Rename it."
        )
    return types


def read_entry(study: Table) -> tuple[Field, ...]:
    entry = study.table("entry")
    if entry is None:
        return ()
    found = read_fields(entry, reserved=(*FORM_NAMES, *PLAYER_COLUMNS))
    entry.report_unknown_keys("[entry]")
    return found


def read_rooms(study: Table) -> tuple[RoomKind, ...]:
    if not study.has("room"):
        cure = "Add [[room]] with a name and seats, such as seats = {any = 4}."
        study.wrong("room", "There is no [[room]], so nobody can be seated.", cure)
    tables = study.tables("room", "[[room]] with double brackets")
    rooms: list[RoomKind] = []
    for table in tables:
        name = _unique_name(table, table.text("name"), [room.name for room in rooms], "room")
        after = table.duration("after", default=0.0)
        count = table.whole("count", default=0, largest=100_000) or None
        rooms.append(RoomKind(name, _seats(table), count, after))
        table.report_unknown_keys("[[room]]")
    return tuple(rooms)


def read_lobby(study: Table) -> Lobby:
    lobby = study.table("lobby")
    if lobby is None:
        return Lobby()
    pay = lobby.decimal("pay_per_minute") or Decimal(0)
    if pay < 0:
        lobby.wrong(
            "pay_per_minute", f"`pay_per_minute` is {pay}, but nobody pays to wait.", "Write 0 or more."
        )
    found = Lobby(
        lobby.duration("max_wait", Lobby().max_wait), lobby.one_of("then", ("leave",), "leave"), pay
    )
    lobby.report_unknown_keys("[lobby]")
    return found


def read_network(study: Table) -> Network:
    network = study.table("network")
    if network is None:
        return Network("complete")
    kind = network.one_of("kind", networks.KINDS, "edges" if network.has("edges") else "complete")
    default = Network(kind)
    edges = _edges(network)
    if network.has("edges") and kind != "edges" and network.findings.sound(*network.path, "kind"):
        cure = 'Keep one: kind = "edges", or no `edges`.'
        network.wrong("edges", f"The network is a {kind}, and `edges` lists its ties as well.", cure)
    if kind == "edges" and not network.has("edges"):
        network.wrong("edges", "The network's `edges` are missing.", "Add edges = [[1, 2], [2, 3]].")
    neighbours = network.whole("neighbours", default.neighbours, largest=MOST_SEATS)
    rewire = network.decimal("rewire")
    if rewire is not None and not 0 <= rewire <= 1:
        network.wrong("rewire", f"`rewire` is {rewire}, but is a probability.", "Write a number from 0 to 1.")
    if network.has("neighbours") and kind not in ("lattice", "small_world", "random_regular"):
        network.wrong(
            "neighbours", f"`neighbours` means nothing in a {kind}.", "Remove it, or change the kind."
        )
    if network.has("rewire") and kind != "small_world":
        network.wrong(
            "rewire", f"`rewire` means nothing in a {kind}.", 'Remove it, or write kind = "small_world".'
        )
    network.report_unknown_keys("[network]")
    return Network(kind, edges, neighbours, default.rewire if rewire is None else float(rewire))


def read_steps(study: Table) -> tuple[Step, ...]:
    if not study.has("step"):
        cure = 'Add [[step]] with page = "talk" and limit = "60s", and the file pages/talk.html.'
        study.wrong("step", "There is no [[step]], so there is nothing to do in a room.", cure)
    steps: list[Step] = []
    for table in study.tables("step", "[[step]] with double brackets"):
        page = table.text("page", longest=40)
        name = table.text("name", default=page, longest=40)
        if table.findings.sound(*table.path, "page"):
            name = _unique_name(table, name, [step.name for step in steps], "step")
        found = read_fields(table, reserved=FORM_NAMES)
        ends = table.one_of("ends", ENDS, "answered" if found else "deadline")
        if ends == "answered" and not found and table.has("ends") and not table.has("fields"):
            cure = 'Write ends = "deadline", or give it fields.'
            table.wrong("ends", "This step has no fields, so nobody can have answered.", cure)
        steps.append(
            Step(
                name=name,
                page=page,
                repeat=table.whole("repeat", 1),
                limit=table.duration("limit"),
                fields=found,
                chat=table.one_of("chat", CHATS, "none"),
                on_timeout=_on_timeout(table, found),
                ends=ends,
            )
        )
        table.report_unknown_keys("[[step]]")
    return tuple(steps)


def read_dropout(study: Table) -> Dropout:
    dropout = study.table("dropout")
    if dropout is None:
        return Dropout()
    silent = dropout.duration("silent", default=0.0) or None
    actions = dropout.texts("then")
    for index, action in enumerate(actions):
        place = (*dropout.path, "then", index)
        if action not in DROPOUT_ACTIONS:
            cure = did_you_mean(action, DROPOUT_ACTIONS)
            dropout.findings.wrong(place, f"`then` has `{action}`, which is not known.", cure)
        elif action in ("end_room", "continue") and index + 1 < len(actions):
            dropout.findings.wrong(place, f"Nothing can follow `{action}`.", "Make it the last in the list.")
    if silent is None and dropout.has("then") and not dropout.has("silent"):
        cure = 'Add silent = "45s", or remove [dropout].'
        dropout.note("then", "Without `silent` nobody drops out, so `then` never happens.", cure)
    dropout.report_unknown_keys("[dropout]")
    return Dropout(silent, actions or Dropout().then)


def read_finish(study: Table) -> Finish:
    finish = study.table("finish")
    if finish is None:
        return Finish()
    redirect = _redirect(finish) if finish.has("redirect") else None
    codes = dict(DEFAULT_CODES)
    table = finish.table("codes")
    if table is not None:
        codes |= {outcome: table.text(outcome, longest=100) for outcome in OUTCOMES if table.has(outcome)}
        for outcome in OUTCOMES:
            table.text(outcome, default="") if not table.has(outcome) else None
        table.report_unknown_keys("the codes")
    finish.report_unknown_keys("[finish]")
    return Finish(redirect, {"closed": codes["complete"], **codes})


def read_fields(table: Table, reserved: Sequence[str]) -> tuple[Field, ...]:
    found: list[Field] = []
    example = 'fields = [{name = "age", ask = "Your age", kind = "integer"}]'
    for entry in table.tables("fields", example):
        field = _field(entry, reserved)
        if field.name and field.name in [other.name for other in found]:
            entry.wrong("name", f"There are two fields named `{field.name}` here.", "Rename one of them.")
        found.append(field)
    return tuple(found)


def _field(table: Table, reserved: Sequence[str]) -> Field:
    name = table.text("name")
    sound_name = table.findings.sound(*table.path, "name")
    if sound_name and not _FIELD_NAME.fullmatch(name):
        cure = f"Write small letters, digits and _, such as `{_as_field_name(name)}`."
        table.wrong("name", f"`{name}` can't be the name of a field.", cure)
    elif name in reserved:
        cure = f"Choose another, such as `my_{name}`."
        table.wrong("name", f"`{name}` can't be the name of a field here: NetworkLab uses it itself.", cure)
    ask = table.text("ask")
    kind = _field_kind(table)
    field = Field(
        name=name,
        ask=ask,
        kind=kind or "text",
        min=table.decimal("min"),
        max=table.decimal("max"),
        options=table.texts("options"),
        required=table.truth("required", default=True),
        help=table.text("help", default=""),
        low=table.text("low", default="", longest=100),
        high=table.text("high", default="", longest=100),
    )
    if kind:
        _check_limits(table, field)
    table.report_unknown_keys("a field")
    return field


def _field_kind(table: Table) -> str:
    kind = table.text("kind")
    if kind and kind not in fields.KINDS:
        other = _OTHER_WORDS_FOR_KINDS.get(kind.lower())
        cure = f"Did you mean `{other}`?" if other else did_you_mean(kind, fields.KINDS)
        table.wrong("kind", f"`kind` is `{kind}`, which is not a kind of field.", cure)
        return ""
    return kind


def _check_limits(table: Table, field: Field) -> None:
    """Limits that the kind has no use for, that are missing, or that let nothing through."""
    if field.kind in ("choice", "yes_no"):
        unused = ["min", "max"]
    else:
        unused = []
    unused += ["options"] if field.kind != "choice" else []
    unused += ["low", "high"] if field.kind not in ("scale", "slider") else []
    for key in unused:
        if table.has(key):
            table.wrong(
                key,
                f"`{key}` means nothing in a field of kind {field.kind}.",
                "Remove it, or change the kind.",
            )
    if field.kind == "choice" and len(field.options) < 2 and table.findings.sound(*table.path, "options"):
        table.wrong("options", "A choice needs at least two options.", 'Add options = ["…", "…"].')
    for key, limit in (("min", field.min), ("max", field.max)):
        if limit is None:
            if field.kind in ("scale", "slider") and table.findings.sound(*table.path, key):
                table.wrong(
                    key,
                    f"A {field.kind} needs `min` and `max`; `{key}` is missing.",
                    f"Add {key} = {'17'[key == 'max']}.",
                )
        elif field.kind not in ("number", "choice", "yes_no") and limit != int(limit):
            table.wrong(
                key, f"`{key}` is {limit}, but must be a whole number here.", f"Write {key} = {int(limit)}."
            )
        elif field.kind == "text" and not 0 <= limit <= 20_000:
            table.wrong(
                key, f"`{key}` is {limit}, but a text has 0 to 20,000 characters.", f"Write {key} = 500."
            )
    if field.min is None or field.max is None or not table.findings.sound(*table.path):
        return
    if field.min > field.max:
        table.wrong("min", f"`min` is {field.min} and `max` is {field.max}, so no answer fits.", "Swap them.")
    elif field.kind in ("scale", "slider") and field.min == field.max:
        table.wrong(
            "max",
            f"`min` and `max` are both {field.min}, so there is nothing to choose.",
            "Make `max` larger.",
        )
    elif field.kind == "scale" and field.max - field.min + 1 > fields.MOST_SCALE_POINTS:
        points = field.max - field.min + 1
        cure = f'Write kind = "slider", or have at most {fields.MOST_SCALE_POINTS} points.'
        table.wrong("kind", f"A scale of {points} points does not fit on a phone.", cure)


def _seats(room: Table) -> dict[str, int]:
    seats = room.table("seats")
    if seats is None:
        if room.findings.sound(*room.path, "seats"):
            room.wrong(
                "seats", "This room has no `seats`.", "Add seats = {any = 4} or seats = {red = 2, blue = 2}."
            )
        return {}
    found: dict[str, int] = {}
    for type_ in seats.values:
        if not type_.strip() or type_ != type_.strip() or not type_.isprintable() or len(type_) > 40:
            seats.wrong(type_, f"`{type_}` can't be a type.", "Write a plain word of at most 40 characters.")
        found[type_] = seats.whole(type_, default=1)
    if not found:
        room.wrong("seats", "This room has no seats.", "Write seats = {any = 4}, for example.")
    elif sum(found.values()) > MOST_SEATS:
        sentence = f"This room has {sum(found.values()):,} seats, and {MOST_SEATS} is the most."
        room.wrong("seats", sentence, "Make it smaller.")
    return found


def _edges(network: Table) -> tuple[tuple[int, int], ...]:
    value = network.value("edges")
    if value is None:
        return ()
    cure = "Write pairs of slots: edges = [[1, 2], [2, 3]]."
    if not isinstance(value, list) or not value:
        network.wrong("edges", "`edges` must be a list of pairs of slots.", cure)
        return ()
    found: list[tuple[int, int]] = []
    for index, pair in enumerate(value):
        place = (*network.path, "edges", index)
        if not isinstance(pair, list) or len(pair) != 2 or any(type(slot) is not int for slot in pair):
            network.findings.wrong(place, "This is not a pair of slots.", cure)
        elif pair[0] == pair[1]:
            network.findings.wrong(place, f"Slot {pair[0]} can't be tied to itself.", "Remove this pair.")
        elif (min(pair), max(pair)) in found:
            network.findings.wrong(
                place, f"The tie between {pair[0]} and {pair[1]} stands twice.", "Remove one."
            )
        else:
            found.append((min(pair), max(pair)))
    return tuple(found)


def _on_timeout(step: Table, step_fields: tuple[Field, ...]) -> str:
    value = step.text("on_timeout", default="blank")
    if value.startswith("default:"):
        for field in step_fields if step.findings.sound(*step.path, "fields") else ():
            try:
                field.read([value.removeprefix("default:")])
            except FieldError as error:
                cure = "Write a value that fits every field of the step."
                step.wrong("on_timeout", f"`{value}` does not fit the field `{field.name}` ({error}).", cure)
                break
    elif value not in ON_TIMEOUT or value == "default:VALUE":
        step.wrong(
            "on_timeout", f"`on_timeout` is `{value}`, which is not known.", did_you_mean(value, ON_TIMEOUT)
        )
        return "blank"
    return value


def _redirect(finish: Table) -> str:
    address = finish.text("redirect")
    if not finish.findings.sound(*finish.path, "redirect"):
        return address
    example = "https://example.org/complete?cc={code}"
    try:
        parts = urlsplit(address)
        web = parts.scheme in ("http", "https") and bool(parts.hostname) and not re.search(r"\s", address)
    except ValueError:
        web = False
    others = [name for name in re.findall(r"\{([^{}]*)\}", address) if name != "code"]
    if not web:
        finish.wrong("redirect", f"`{address}` is not a web address.", f"Write one such as {example}.")
    elif others:
        cure = "Only {code} is filled in; write the rest out."
        finish.wrong("redirect", f"`redirect` has {{{others[0]}}} in it, which is not known.", cure)
    elif "{code}" not in address:
        cure = f"Put {{code}} where the code belongs, as in {example}."
        finish.wrong(
            "redirect", "`redirect` has no {code} in it, so the code never reaches the recruiter.", cure
        )
    return address


def _unique_name(table: Table, name: str, others: Sequence[str], what: str) -> str:
    if not table.findings.sound(*table.path, "name"):
        return name
    if not _NAME.fullmatch(name):
        cure = "Write at most 40 letters, digits, - and _, without spaces."
        table.wrong("name", f"`{name}` can't be the name of a {what}.", cure)
    elif name in others:
        table.wrong("name", f"There are two {what}s named `{name}`.", "Give one of them another `name`.")
    return name


def _as_field_name(name: str) -> str:
    words = re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")[:40]
    return words if _FIELD_NAME.fullmatch(words) else f"q_{words}".rstrip("_")[:40]
