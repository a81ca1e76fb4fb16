"""[[room]] of study.toml: the kinds of rooms, and whom each of their seats takes."""

from app.study.model.steps import AFTER, BEFORE
from app.study.model.study import MOST_SEATS, RoomKind
from app.study.sections.names import unique_name
from app.study.sections.steps import is_survey
from app.study.syntax.table import Table


def read_rooms(document: Table) -> tuple[RoomKind, ...]:
    if not document.has("room") and not is_survey(document):
        cure = "Add [[room]] with a name and seats, such as seats = {any = 4}."
        if document.has("before") or document.has("after"):
            cure = f"{cure} What people do alone is [[before]] or [[after]], not [[step]]."
        document.missing("room", "There is no [[room]], so nobody can be seated.", cure)
    rooms: list[RoomKind] = []
    for table in document.tables("room", "[[room]] with double brackets"):
        name = unique_name(table, table.text("name"), [room.name for room in rooms], "room")
        if name in (BEFORE, AFTER) and (document.has(BEFORE) or document.has(AFTER)):
            table.wrong("name", f"A room can't be named `{name}` beside [[{name}]].", "Give it another name.")
        after = table.duration("after", default=0.0, zero=True)
        count = table.whole("count", default=0, largest=100_000) or None
        bots_after = table.duration("bots_after", default=0.0, zero=True) if table.has("bots_after") else None
        people = table.whole("people", default=1)
        rooms.append(RoomKind(name, _seats(table), count, after, bots_after, people))
        table.report_unknown_keys("[[room]]")
    return tuple(rooms)


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
        sentence = f"This room has {sum(found.values()):,} seats, and {MOST_SEATS:,} is the most."
        room.wrong("seats", sentence, "Make it smaller.")
    return found
