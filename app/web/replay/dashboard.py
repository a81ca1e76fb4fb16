"""What the dashboard showed of a session at a moment that is over."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from app.database.connections import Connection
from app.database.events import EventName
from app.database.queries import Queries, rows
from app.replay.reading import Span
from app.replay.state import PlayerThen, RoomThen, Then
from app.rooms.seating import missing, open_kinds
from app.web.monitor.dashboard import (
    Pool,
    QuotaLine,
    WaitRow,
    pool_of,
    quota_lines,
    turned_away_lines,
    type_numbers,
    wait_rows,
)
from app.web.monitor.ticks import STEP, RoomLine, Standing, Waiters
from app.web.replay.places import Stage, rooms_made

SQL = Queries(__name__)
BARS = 150  # of the picture of when answers came
BEFORE, AFTER = 12, 4  # events that are listed around a moment


@dataclass(frozen=True, slots=True)
class Around:
    """An event near a moment."""

    at: datetime
    name: EventName
    player_id: int | None
    data: Mapping[str, Any]
    room: str | None  # whose log it is in; None: the session's
    is_over: bool  # it had happened


@dataclass(frozen=True, slots=True)
class Mark:
    """Something that one wants to jump to."""

    at: datetime
    name: EventName


@dataclass(frozen=True, slots=True)
class Lacking:
    """What a kind of room waited for: type → how many more."""

    kind: str
    lacking: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Monitor:
    counts: Mapping[str, int]
    longest: float  # seconds that anybody waited at most
    waits: Sequence[WaitRow]
    needs: Sequence[Lacking]
    rooms: Sequence[RoomLine]
    type_numbers: Mapping[str, int]
    turned_away: Sequence[tuple[str, int]]
    quotas: Sequence[QuotaLine]
    pool: Pool


def monitor_then(
    stage: Stage, connected: Collection[int] | None, counted: Mapping[int, Sequence[int]]
) -> Monitor:
    """`connected`: whose page was; None if that is not known any more. `counted`: as `counted_in`."""
    then, study = stage.then, stage.study
    waiting = [one for one in then.players.values() if one.status == "waiting"]
    by_type = dict(sorted(Counter(one.type for one in waiting).items()))
    waited: Counter[tuple[str, int]] = Counter()
    for one in waiting:
        assert one.waiting_since is not None
        if one.standby_until is not None:
            continue
        seconds = ((then.paused_at or stage.at) - one.waiting_since).total_seconds()
        waited[one.type, max(0, int(seconds // STEP) * STEP)] += 1
    waiters = [Waiters(type_, seconds, people) for (type_, seconds), people in sorted(waited.items())]
    kinds = open_kinds(study, rooms_made(then))
    longest = study.lobby.longest(then.status != "open")
    lines = [_line(then, room, connected) for room in then.together]
    return Monitor(
        then.counts,
        longest,
        wait_rows(waiters, longest),
        [Lacking(kind.name, missing(kind, by_type)) for kind in kinds] if then.status != "closed" else [],
        lines,
        type_numbers(study, [one.type for one in then.players.values()]),
        turned_away_lines(
            study,
            Counter(one.outcome for one in then.players.values() if one.outcome and one.room_id is None),
        ),
        quota_lines(study, _taken(then, counted)),
        pool_of(study, _standing(waiting)),
    )


async def counted_in(conn: Connection, session_id: str) -> dict[int, list[int]]:
    """Player → the quotas that they count in, by place in the study. It never changes: they said it at the door."""
    return dict(await (await conn.execute(SQL["counted_in"], dict(session_id=session_id))).fetchall())


async def connected_then(conn: Connection, stage: Stage) -> set[int] | None:
    """None: of this session nothing is known of pages; a crash may have taken it."""
    where = dict(session_id=stage.session.id, at=stage.at)
    found = await (await conn.execute(SQL["connected_then"], where)).fetchall()
    return {player_id for player_id, then in found if then} if found else None


async def events_around(conn: Connection, stage: Stage, room_id: int | None) -> list[Around]:
    """Newest first: those of the session and the steps of its rooms, or all of one room."""
    where = dict(session_id=stage.session.id, at=stage.at, room_id=room_id, before=BEFORE, after=AFTER)
    return await rows(conn, Around, SQL["events_around"], **where)


async def marks_of(conn: Connection, session_id: str) -> list[Mark]:
    return await rows(conn, Mark, SQL["marks"], session_id=session_id)


async def answers_over(conn: Connection, session_id: str, span: Span) -> list[tuple[int, float]]:
    """The bars of a picture: which, from 0, and its height from 0 to 1."""
    where = dict(session_id=session_id, first=span.first, last=span.last, bars=BARS)
    found = await (await conn.execute(SQL["answers_over"], where)).fetchall()
    most = max((count for _, count in found), default=1)
    return [(bar, round(count / most, 3)) for bar, count in found]


def _taken(then: Then, counted: Mapping[int, Sequence[int]]) -> Counter[int]:
    """As the door counts: see sql/players/quotas.sql."""
    counts = ("before", "waiting", "after", "finished")
    inside = [one for one in then.players.values() if one.status in counts or one.room_id is not None]
    return Counter(nth for one in inside for nth in counted.get(one.id, ()))


def _standing(waiting: Sequence[PlayerThen]) -> list[Standing]:
    until: dict[str, list[datetime]] = {}
    for one in waiting:
        if one.standby_until is not None:
            until.setdefault(one.type, []).append(one.standby_until)
    return [Standing(type_, len(ends), min(ends), max(ends)) for type_, ends in sorted(until.items())]


def _line(then: Then, room: RoomThen, connected: Collection[int] | None) -> RoomLine:
    seats: dict[int, PlayerThen | None] = dict.fromkeys(room.filled) | {
        one.slot: one for one in then.seated(room.id) if one.slot is not None
    }
    by_slot = sorted(seats.items())
    return RoomLine(
        id=room.id,
        name=room.name,
        kind=room.kind,
        number=room.number,
        status=room.status,
        stopped=room.stopped,
        outcome=room.outcome,
        position=room.position,
        step=room.step,
        round=room.round,
        deadline=room.deadline,
        types=[one.type if one else room.type_of_bot(slot) for slot, one in by_slot],
        states=[_state(room, one, connected) if one else "bot" for _, one in by_slot],
        asked=sum(
            one is not None and one.status != "left" and slot not in room.bots and _is_asked(room, slot)
            for slot, one in by_slot
        ),
    )


def _state(room: RoomThen, one: PlayerThen, connected: Collection[int] | None) -> str:
    """How a seat is drawn: see `RoomLine.states`."""
    if one.slot in room.bots:
        return "bot"
    if one.status == "left":
        return "left"
    if one.id in room.answered:
        return "answered"
    if one.status == "playing" and one.nudged_at is not None:
        return "nudged"
    if one.status == "playing" and connected is not None and one.id not in connected:
        return "away"
    return "silent" if _is_asked(room, one.slot) else "unasked"


def _is_asked(room: RoomThen, slot: int | None) -> bool:
    return room.asked is None or slot in room.asked
