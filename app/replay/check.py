"""Whether the logs and the tables tell the same: each difference, with what the one says and what the other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from psycopg.rows import dict_row

from app.database.connections import Connection, snapshot
from app.database.events import Event
from app.database.queries import Queries
from app.database.whole_sessions import read_whole_session
from app.replay.fold import fold
from app.replay.reading import read_events, read_invited, read_logs
from app.replay.state import Invited, Log, Then
from app.rooms.receipts import digest, spans

SQL = Queries(__name__)
NOTHING = "nothing"
SESSION = ("status", "started_at", "paused_at", "resumed_at", "closed_at", "seating_stopped")
PLAYER = (
    *("type", "status", "room_id", "slot", "replaced", "signed_in_at", "waiting_since", "seated_at"),
    *("finished_at", "outcome", "code", "nudged_at", "followed_by", "treatment", "standby_until"),
    *("queued_at", "asked_until", "ready_at", "queued_from", "waited_until"),
)
ROOM = (
    *("kind", "number", "reason", "status", "position", "step", "round", "deadline", "opened_at", "outcome"),
    *("ended_at", "last_step", "last_round", "opening", "asked", "stopped", "bots", "answered", "treatment"),
    *("filled", "during", "player_id", "began"),
)
MOVE = (
    *("room_id", "player_id", "position", "slot", "nth", "accepted", "sentence", "state", "results", "ends"),
    "clock",
)
BY_MOVE = "move"  # made it, where a result is what came of one
Line = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Difference:
    what: str  # such as: player R1
    column: str
    log: str  # what the log says
    table: str

    def __str__(self) -> str:
        return f"{self.what}, {self.column}: the log says {self.log}, the table says {self.table}"


@dataclass(frozen=True, slots=True)
class Tables:
    """What there is beside the logs."""

    session: Line
    players: Sequence[Line]
    rooms: Sequence[Line]
    records: Sequence[Line]
    messages: Sequence[Line]
    networks: Sequence[Line]  # that a room got after its first
    results: Sequence[Line]
    moves: Sequence[Line]  # that were handled
    notes: Sequence[Line]


@dataclass(frozen=True, slots=True)
class Checked:
    session_id: str
    events: int
    players: int
    rooms: int
    records: int
    messages: int
    differences: Sequence[Difference]

    @property
    def ok(self) -> bool:
        return not self.differences

    def as_json(self) -> dict[str, Any]:
        return asdict(self) | {"ok": self.ok}

    def __str__(self) -> str:
        said = f"{self.events:,} events tell of {self.players:,} players, {self.rooms:,} rooms, "
        said += f"{self.records:,} records and {self.messages:,} messages"
        if self.ok:
            return f"{self.session_id}: {said}, and the tables say the same."
        found = len(self.differences)
        end = f"{self.session_id}: {said}; the tables say otherwise in {found:,} place{'s' * (found > 1)}."
        return "\n".join([*map(str, self.differences), end])


async def check(conn: Connection, session_id: str) -> Checked:
    """All of one moment. Opens a transaction of its own, so that a session may go on meanwhile."""
    async with snapshot(conn):
        await read_whole_session(conn)
        invited = await read_invited(conn, session_id)
        logs, events = await read_logs(conn, session_id), await read_events(conn, session_id)
        tables = await _read_tables(conn, session_id)
    then = fold(invited, logs, events)
    return Checked(
        session_id,
        len(events),
        len(then.players),
        len(then.rooms),
        then.stored,
        then.said,
        list(differences(invited, logs, events, then, tables)),
    )


def differences(
    invited: Sequence[Invited], logs: Sequence[Log], events: Sequence[Event], then: Then, tables: Tables
) -> Iterator[Difference]:
    """`then` is what `events` fold into."""
    rooms = {line["id"]: f"{line['kind']}-{line['number']}" for line in tables.rooms}
    labels = {one.id: one.label for one in invited}
    names = {log.id: rooms.get(log.room_id or 0, "the session") for log in logs}
    yield from _gaps(logs, events, names)
    yield from _columns("the session", SESSION, then, tables.session)
    yield from _starts(events, tables.session)
    for line in tables.players:
        what, earned = f"player {line['label']}", then.earned.get(line["id"])
        yield from _columns(what, PLAYER, then.players[line["id"]], line)
        if earned != line["earned"]:
            yield Difference(what, "earned", _said(earned), _said(line["earned"]))
    for line in tables.rooms:
        room = then.rooms.get(line["id"])
        if room is None:
            yield Difference(f"room {rooms[line['id']]}", "opened", NOTHING, _said(line["opened_at"]))
        else:
            sets = dict(answered=frozenset(line["answered"]), bots=frozenset(line["bots"]))
            filled = {int(slot): type_ for slot, type_ in line["filled"].items()}
            yield from _columns(f"room {room.name}", ROOM, room, {**line, **sets, "filled": filled})
    yield from _answers(events, tables.records, labels, rooms)
    yield from _talk(logs, events, tables.messages)
    yield from _networks(logs, events, tables.networks, rooms)
    yield from _results(logs, events, tables.results, rooms)
    yield from _moves(logs, events, tables.moves, rooms)
    for log in logs:
        told = then.records[log.id], then.messages[log.id]
        if told != (log.records, log.messages):
            what = f"{told[0]:,} records and {told[1]:,} messages"
            counted = f"{log.records:,} and {log.messages:,}"
            yield Difference(f"the log of {names[log.id]}", "totals", what, counted)
    noted, kept = set(then.notes), {line["id"] for line in tables.notes}
    for id in sorted(noted ^ kept):
        yield _either(f"note {id}", id in noted)


def _gaps(logs: Sequence[Log], events: Sequence[Event], names: Mapping[int, str]) -> Iterator[Difference]:
    there: dict[int, set[int]] = {log.id: set() for log in logs}
    for event in events:
        there[event.log_id].add(event.seq)
    for log in logs:
        due = set(range(1, log.last_seq + 1))
        what = f"the log of {names[log.id]}"
        if missing := sorted(due - there[log.id]):
            yield Difference(what, "events", f"nothing of event {spans(missing)}", f"1 to {log.last_seq}")
        if beyond := sorted(there[log.id] - due):
            yield Difference(what, "events", f"event {spans(beyond)}", f"1 to {log.last_seq}")


def _columns(what: str, columns: Sequence[str], told: object, line: Line) -> Iterator[Difference]:
    for column in columns:
        if (said := getattr(told, column)) != line[column]:
            yield Difference(what, column, _said(said), _said(line[column]))


def _starts(events: Sequence[Event], session: Line) -> Iterator[Difference]:
    """Each time that its start was moved, from where it had been before; and where it is at last."""
    moves = [event.data for event in events if event.name == "start_moved"]
    at = session["start_at"] and session["start_at"].astimezone(UTC)
    told = [(one.get("was_at"), one.get("start_at")) for one in moves]
    ends = [*(was for was, _ in told[1:]), at]
    for (_, said), found in zip(told, ends, strict=True) if told else ():
        one, other = (
            datetime.fromisoformat(each) if isinstance(each, str) else each for each in (said, found)
        )
        if one != other:
            yield Difference("the session", "start_at", _said(one), _said(other))


def _answers(
    events: Sequence[Event], records: Sequence[Line], labels: Mapping[int, str], rooms: Mapping[int, str]
) -> Iterator[Difference]:
    """Each receipt against the records that it names, and each record against the receipts."""
    stored = {line["id"]: line for line in records}
    named: set[int] = set()
    for event in events:
        if event.name != "player_answered":
            continue
        data, ids = event.data, event.data["records"]
        named.update(ids)
        lines = [stored[id] for id in ids if id in stored]
        player = event.player_id or 0
        what = f"record {spans(ids)} of {labels.get(player, player)} at {data['step']} {data['round']}"
        if len(lines) < len(ids):
            lost = spans([id for id in ids if id not in stored])
            yield Difference(what, "stored", "acknowledged", f"nothing of {lost}")
            continue
        erased = any(line["erased"] for line in lines)
        if erased != data.get("erased", False):
            yield Difference(what, "erased", _said(data.get("erased", False)), _said(erased))
        found = digest((line["id"], line["field"], line["value"]) for line in lines)
        if not erased and found != data.get("sha256"):
            yield Difference(what, "sha256", _said(data.get("sha256")), found)
        place = (player, data["step"], data["round"])
        for line in lines:
            if (line["player_id"], line["step"], line["round"]) != place:
                there = f"{labels.get(line['player_id'])}, {line['step']} {line['round']}"
                yield Difference(what, "place", f"{labels.get(player)}, {place[1]} {place[2]}", there)
        if any(line["late"] for line in lines) != data["late"]:
            yield Difference(what, "late", _said(data["late"]), _said(not data["late"]))
    for line in records:
        if line["id"] not in named:
            where = f"{rooms.get(line['room_id'])}, {line['step']} {line['round']}, {line['field']}"
            yield Difference(f"record {line['id']}", where, NOTHING, "stored")


def _talk(logs: Sequence[Log], events: Sequence[Event], messages: Sequence[Line]) -> Iterator[Difference]:
    room_of = {log.id: log.room_id for log in logs}
    told = {event.data["message"]: event for event in events if event.name == "message_sent"}
    stored = {line["id"]: line for line in messages}
    for id in sorted(told.keys() ^ stored.keys()):
        yield _either(f"message {id}", id in told)
    for id in sorted(told.keys() & stored.keys()):
        event, line = told[id], stored[id]
        data = event.data
        for column, log in (
            ("player_id", event.player_id),
            ("room_id", room_of[event.log_id]),
            ("slot", data["slot"]),
            ("to_slot", data.get("to")),
            ("channel", data.get("channel")),
            ("sha256", data.get("sha256")),
        ):
            if log != line[column]:
                yield Difference(f"message {id}", column, _said(log), _said(line[column]))


def _networks(
    logs: Sequence[Log], events: Sequence[Event], networks: Sequence[Line], rooms: Mapping[int, str]
) -> Iterator[Difference]:
    room_of = {log.id: log.room_id or 0 for log in logs}
    told = {
        (room_of[event.log_id], event.data["position"]): event.data["ties"]
        for event in events
        if event.name == "network_rewired"
    }
    stored = {(line["room_id"], line["position"]): line["ties"] for line in networks}
    for room_id, position in sorted(told.keys() | stored.keys()):
        log, table = told.get((room_id, position)), stored.get((room_id, position))
        if log != table:
            what = f"room {rooms.get(room_id)}, network of position {position}"
            yield Difference(what, "ties", _said(log), _said(table))


def _results(
    logs: Sequence[Log], events: Sequence[Event], results: Sequence[Line], rooms: Mapping[int, str]
) -> Iterator[Difference]:
    room_of = {log.id: log.room_id or 0 for log in logs}
    told: dict[tuple[int, int, int, str], tuple[str, str]] = {}
    for event in events:  # the last one counts
        if event.name in ("results_stored", "move_made"):
            at = room_of[event.log_id], event.data["position"]
            told |= {(*at, slot, name): made for slot, name, made in _computed(event)}
    stored = {
        (line["room_id"], line["position"], line["slot"], line["name"]): (line["value"], line["made_by"])
        for line in results
    }
    for key in sorted(told.keys() | stored.keys()):
        log, table = told.get(key), stored.get(key)
        if log != table:
            room_id, position, slot, name = key
            what = f"room {rooms.get(room_id)}, position {position}, slot {slot}, result {name}"
            yield Difference(what, "value", _made(log), _made(table))


def _computed(event: Event) -> Iterator[tuple[int, str, tuple[str, str]]]:
    """Slot and name of each result that an event tells of, with its value and who made it."""
    if event.name == "results_stored":
        for slot, name, value in event.data["results"]:
            yield slot, name, (value, event.data["made_by"])
        return
    for name, by_slot in event.data.get("results", {}).items():
        for number, value in by_slot.items():
            yield int(number), name, (value, BY_MOVE)


def _moves(
    logs: Sequence[Log], events: Sequence[Event], moves: Sequence[Line], rooms: Mapping[int, str]
) -> Iterator[Difference]:
    """What came of each, as it was handled."""
    room_of = {log.id: log.room_id or 0 for log in logs}
    told = {
        event.data["record"]: dict(event.data, room_id=room_of[event.log_id], player_id=event.player_id)
        for event in events
        if event.name == "move_made"
    }
    stored = {line["record_id"]: line for line in moves}
    for record in sorted(told.keys() ^ stored.keys()):
        yield _either(f"move {record}", record in told)
    for record in sorted(told.keys() & stored.keys()):
        log, table = told[record], stored[record]
        for column in MOVE:
            said, found = log.get(column), table[column]
            if (said or None) != (found or None):
                what = f"room {rooms.get(table['room_id'])}, move {record}"
                yield Difference(what, column, _said(said), _said(found))


def _made(result: tuple[str, str] | None) -> str:
    return f"{result[0]} by {result[1]}" if result else NOTHING


def _either(what: str, logged: bool) -> Difference:
    return Difference(what, "stored", "yes" if logged else NOTHING, NOTHING if logged else "yes")


def _said(value: object) -> str:
    if value is None or value == "":
        return NOTHING
    if isinstance(value, datetime):
        return value.isoformat(timespec="microseconds")
    if isinstance(value, frozenset):
        return f"numbers {', '.join(map(str, sorted(value)))}" if value else "nobody"
    return str(value)


async def _read_tables(conn: Connection, session_id: str) -> Tables:
    async def lines(query: str) -> list[Line]:
        async with conn.cursor(row_factory=dict_row) as cursor:
            await cursor.execute(SQL[query], dict(session_id=session_id))
            return await cursor.fetchall()  # type: ignore[return-value]

    [session] = await lines("session_in_table")
    return Tables(
        session,
        await lines("players_in_table"),
        await lines("rooms_in_table"),
        await lines("records_in_table"),
        await lines("messages_in_table"),
        await lines("networks_in_table"),
        await lines("results_in_table"),
        await lines("moves_in_table"),
        await lines("notes_in_table"),
    )
