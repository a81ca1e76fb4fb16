"""Who comes and where they are seated, from study.toml: types, the entry form, rooms and the lobby."""

from decimal import Decimal

from app.study.hooks.uses import read_hook
from app.study.model.fields import Field
from app.study.model.study import ANY, MOST_SEATS, Lobby, RoomKind
from app.study.sections.fields import FORM_NAMES, PLAYER_COLUMNS, read_fields
from app.study.sections.names import unique_name
from app.study.toml.table import Table


def read_types(document: Table) -> tuple[str, ...]:
    types = document.texts("types")
    if document.has("types") and not types and document.findings.sound("types"):
        cure = 'List the types, such as ["red", "blue"], or remove the line.'
        document.wrong("types", "`types` is empty.", cure)
    if ANY in types:
        sentence = "`any` can't be a type: it is the word for a seat that takes every type."
        document.wrong("types", sentence, "Rename it.")
    return types


def read_entry(document: Table) -> tuple[Field, ...]:
    entry = document.table("entry", "[entry] once, and its fields below")
    if entry is None:
        return ()
    found = read_fields(entry, reserved=(*FORM_NAMES, *PLAYER_COLUMNS))
    for index, field in enumerate(found):
        if field.kind.is_about_others:
            sentence = "At the door nobody else is there whom a question could be about."
            entry.findings.wrong((*entry.path, "fields", index, "kind"), sentence, "Ask it in a step.")
    entry.report_unknown_keys("[entry]")
    return found


def read_rooms(document: Table) -> tuple[RoomKind, ...]:
    if not document.has("room"):
        cure = "Add [[room]] with a name and seats, such as seats = {any = 4}."
        document.missing("room", "There is no [[room]], so nobody can be seated.", cure)
    rooms: list[RoomKind] = []
    for table in document.tables("room", "[[room]] with double brackets"):
        name = unique_name(table, table.text("name"), [room.name for room in rooms], "room")
        after = table.duration("after", default=0.0, zero=True)
        count = table.whole("count", default=0, largest=100_000) or None
        bots_after = table.duration("bots_after", default=0.0, zero=True) if table.has("bots_after") else None
        people = table.whole("people", default=1)
        rooms.append(RoomKind(name, _seats(table), count, after, bots_after, people))
        table.report_unknown_keys("[[room]]")
    return tuple(rooms)


def read_lobby(document: Table) -> Lobby:
    lobby = document.table("lobby", "[lobby] with single brackets, and its settings below")
    if lobby is None:
        return Lobby()
    pay = lobby.decimal("pay_per_minute") or Decimal(0)
    if pay < 0:
        sentence = f"`pay_per_minute` is {pay}, but players don't pay to wait."
        lobby.wrong("pay_per_minute", sentence, "Write 0 or more.")
    max_wait = lobby.duration("max_wait", Lobby().max_wait)
    found = Lobby(max_wait, lobby.one_of("then", ("leave",), "leave"), pay, read_hook(lobby, "seat"))
    lobby.report_unknown_keys("[lobby]")
    return found


def _seats(room: Table) -> dict[str, int]:
    seats = room.table("seats", "seats = {any = 4}")
    if seats is None:
        if room.sound("seats"):
            cure = "Add seats = {any = 4} or seats = {red = 2, blue = 2}."
            room.missing("seats", "This room has no `seats`.", cure)
        return {}
    found: dict[str, int] = {}
    for type_ in seats.values:
        if not type_.strip() or type_ != type_.strip() or not type_.isprintable() or len(type_) > 40:
            seats.misnamed(
                type_, f"`{type_}` can't be a type.", "Write a plain word of at most 40 characters."
            )
        found[type_] = seats.whole(type_, default=1)
    if not found:
        room.wrong("seats", "This room has no seats.", "Write seats = {any = 4}, for example.")
    elif sum(found.values()) > MOST_SEATS:
        sentence = f"This room has {sum(found.values()):,} seats, and {MOST_SEATS} is the most."
        room.wrong("seats", sentence, "Make it smaller.")
    return found
