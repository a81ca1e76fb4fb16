"""rounds.csv, the table to analyse: a row for each person and each round of what they went through, with all of it.

Who had which seat when, what opened when and for whom, what was said, filled in, computed and earned come from a query
each, all in the order of the rooms, so that one room at a time is in memory.
"""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncGenerator, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple

import msgspec
from psycopg.types.json import set_json_loads

from app.database.connections import Connection, Cursor, fetching
from app.database.queries import Queries
from app.export.round_columns import ORDER, own_columns, turns_of
from app.rooms.paths import whose
from app.study.model.fields import plain_number
from app.study.model.steps import ROLE
from app.study.model.study import Position, Study

SQL = Queries(__name__)
BATCH = 2000  # rows of a query at once
WORST = {how: nth for nth, how in enumerate(ORDER)}
Page = tuple[str, int]  # step and round


class Tenure(NamedTuple):
    """As `round_seats` has it: a seat, and one who ever had it."""

    room_id: int
    room: str
    kind: str
    ended_at: datetime | None
    slot: int
    asks_for: str | None
    drawn: Mapping[str, str]
    is_solo: bool
    player_id: int | None
    type: str | None
    treatment: Mapping[str, str] | None
    since: datetime | None
    left_at: datetime | None


class OpenedPage(NamedTuple):
    at: datetime
    until: datetime | None  # None: it is still open
    asked: Sequence[int] | None  # None: everybody


class PageSaid(NamedTuple):
    in_time: bool
    first_at: datetime | None
    last_at: datetime
    values: Mapping[str, str]


@dataclass(slots=True)
class RoomPast:
    """What there is of one, or of somebody's solo part."""

    seats: dict[int, list[Tenure]] = field(default_factory=dict)
    opened: dict[Page, OpenedPage] = field(default_factory=dict)
    said: dict[tuple[int, Page], PageSaid] = field(default_factory=dict)  # by player
    results: dict[tuple[int, Page], dict[str, tuple[str, str]]] = field(default_factory=dict)  # by slot
    earned: dict[tuple[int, int], Decimal] = field(default_factory=dict)  # by player and position


@dataclass(slots=True)
class Timing:
    began: datetime | None = None
    answered: datetime | None = None
    how: str = "not_asked"


@dataclass(slots=True)
class Ahead:
    """Of pages that somebody goes through at their own pace: since when these are open, and when they came to one."""

    open_since: datetime | None = None
    came: datetime | None = None

    def to(self, open_since: datetime, since: datetime | None, said: PageSaid | None) -> datetime | None:
        """When they came to the next of these pages, where they `said` this; None: never."""
        if open_since != self.open_since:
            self.open_since, self.came = open_since, max(open_since, since or open_since)
        came = self.came
        if came is not None:
            self.came = said.first_at if said else None
        return came


async def round_rows(conn: Connection, session_id: str, study: Study) -> AsyncGenerator[Sequence[object]]:
    """One for each line of rounds.csv. `conn` is in a transaction of one moment."""
    pauses = await _pauses(conn, session_id)
    table = _Table(session_id, study, pauses)
    async with AsyncExitStack() as stack:

        async def source(query: str) -> _ByRoom:
            cursor = await stack.enter_async_context(fetching(conn, query))
            set_json_loads(msgspec.json.decode, cursor)
            await cursor.execute(SQL[query], dict(session_id=session_id))
            return _ByRoom(cursor)

        seats, openings = await source("round_seats"), await source("round_openings")
        answers, results = await source("round_answers"), await source("round_results")
        earnings = await source("round_earnings")
        while (room_id := await seats.next_room()) is not None:
            room = RoomPast()
            for row in await seats.of(room_id):
                room.seats.setdefault(row[4], []).append(Tenure(*row))
            _open(room, await openings.of(room_id))
            for _, player_id, step, round_, *said in await answers.of(room_id):
                room.said[player_id, (step, round_)] = PageSaid(*said)
            for _, step, round_, slot, found in await results.of(room_id):
                room.results[slot, (step, round_)] = found
            for _, player_id, position, amount in await earnings.of(room_id):
                room.earned[player_id, position] = amount
            for line in table.rows_of(room):
                yield line


class _ByRoom:
    """The rows of a query, which begin with the number of a room and are in the order of these."""

    def __init__(self, cursor: Cursor) -> None:
        self.cursor, self.ahead, self.is_done = cursor, deque[Any](), False

    async def next_room(self) -> int | None:
        if not self.ahead and not self.is_done:
            self.ahead.extend(await self.cursor.fetchmany(BATCH))
            self.is_done = not self.ahead
        return self.ahead[0][0] if self.ahead else None

    async def of(self, room_id: int) -> list[Any]:
        """Those of this room; those of rooms before it are passed over."""
        found = []
        while (next_ := await self.next_room()) is not None and next_ <= room_id:
            row = self.ahead.popleft()
            if next_ == room_id:
                found.append(row)
        return found


class _Table:
    def __init__(
        self, session_id: str, study: Study, pauses: Sequence[tuple[datetime, datetime | None]]
    ) -> None:
        self.session_id, self.pauses, self.turns = session_id, pauses, turns_of(study)
        self.factors = [one.name for one in study.treatments]
        self.columns, self.scores = own_columns(study), study.scores
        self.place = {column: nth for nth, column in enumerate(dict.fromkeys(self.columns.values()))}

    def rows_of(self, room: RoomPast) -> Iterator[Sequence[object]]:
        turns = [turn for turn in self.turns if any(_page(one) in room.opened for one in turn.pages)]
        for slot, seats in room.seats.items():
            role, ahead = "", dict[int | None, Ahead]()
            for turn in turns:
                pages = [one for one in turn.pages if _page(one) in room.opened]
                opened = [room.opened[_page(one)] for one in pages]
                dealt = [room.results.get((slot, _page(one)), {}).get(ROLE) for one in pages]
                role = next((one[0] for one in dealt if one), role)
                there = _who_had_it(seats, min(one.at for one in opened), _until(opened))
                for seat in there:
                    cells = [""] * len(self.place)
                    for one in pages:
                        self._fill(cells, room, one, seat, seat is there[-1])
                    when = _when(room, pages, seat, ahead.setdefault(seat.player_id, Ahead()))
                    yield [
                        *self._who(seat, role),
                        turn.first,
                        turn.round,
                        when.began,
                        when.answered,
                        self._seconds(when),
                        when.how,
                        *cells,
                        *self._score(room, pages, seat),
                    ]

    def _who(self, seat: Tenure, role: str) -> list[object]:
        is_bot = seat.player_id is None
        treatment = (seat.drawn if is_bot else seat.treatment) or {}
        where = ("", "", "") if seat.is_solo else (seat.room, seat.kind, seat.slot)
        type_ = seat.asks_for if is_bot else seat.type
        return [
            self.session_id,
            seat.player_id,
            *where,
            type_,
            role,
            *[treatment.get(one) for one in self.factors],
        ]

    def _fill(self, cells: list[str], room: RoomPast, at: Position, seat: Tenure, is_last: bool) -> None:
        """In time, or filled in, or late: what counted. What a seat got stands with whoever had it last."""
        said = room.said.get((seat.player_id or 0, _page(at)))
        filled = room.results.get((seat.slot, _page(at)), {})
        found = {name: value for name, (value, _) in filled.items()} if is_last else {}
        if said:
            found |= {n: value for n, value in said.values.items() if said.in_time or n not in filled}
        for name, value in found.items():
            column = self.columns.get((at.step.name, name))
            if column is not None:
                cells[self.place[column]] = value

    def _score(self, room: RoomPast, pages: Sequence[Position], seat: Tenure) -> Iterator[str]:
        if self.scores:
            amounts = [room.earned.get((seat.player_id or 0, one.index)) for one in pages]
            earned = [one for one in amounts if one is not None]
            yield plain_number(sum(earned, Decimal(0))) if earned else ""

    def _seconds(self, when: Timing) -> str:
        began, answered = when.began, when.answered
        if began is None or answered is None:
            return ""
        total = (answered - began).total_seconds()
        for since, until in self.pauses:
            stood = (min(until or answered, answered) - max(since, began)).total_seconds()
            total -= max(0.0, stood)
        return f"{max(0.0, total):.3f}"


def _when(room: RoomPast, pages: Sequence[Position], seat: Tenure, ahead: Ahead) -> Timing:
    """Of the pages of one row; `ahead`: how far whoever has it has come at their own pace, before them."""
    when, hows = Timing(), list[str]()
    asking = any(one.step.asks or one.step.moves for one in pages)
    for position in pages:
        step, opened = position.step, room.opened[_page(position)]
        if opened.asked is not None and seat.slot not in opened.asked:
            continue
        said = room.said.get((seat.player_id or 0, _page(position)))
        came = (
            ahead.to(opened.at, seat.since, said)
            if step.own_pace
            else max(opened.at, seat.since or opened.at)
        )
        if opened.until is not None and seat.since is not None and opened.until <= seat.since:
            continue
        when.began = when.began or came
        if said:
            when.answered = max(when.answered or said.last_at, said.last_at)
        if step.moves or (step.asks if asking else step.fields):
            filled = room.results.get((seat.slot, _page(position)), {})
            hows.append(
                _how(seat, opened, said, [filled[one.name][1] for one in step.fields if one.name in filled])
            )
    if hows:
        when.how = max(hows, key=WORST.__getitem__)
    return when


def _how(seat: Tenure, opened: OpenedPage, said: PageSaid | None, made_by: Sequence[str]) -> str:
    if said and said.in_time:
        return "answered"
    if made_by:
        by = made_by[0].split()[0]  # `hook NAME`
        return {"keep": "kept"}.get(by, by)
    if said:
        return "late"
    if seat.player_id is None:
        return "bot"
    gone = seat.left_at is not None and (opened.until is None or seat.left_at <= opened.until)
    return "gone" if gone else "blank"


def _who_had_it(seats: Sequence[Tenure], at: datetime, until: datetime | None) -> list[Tenure]:
    """Who played there at any time in between; where nobody did, whoever had it last, or else a bot."""
    if seats[0].player_id is None or seats[0].is_solo:
        return [*seats]
    came = [one for one in seats if one.since is not None and (until is None or one.since < until)]
    there = [one for one in came if one.left_at is None or one.left_at > at]
    nobody = seats[0]._replace(player_id=None, type=None, treatment=None, since=None, left_at=None)
    return there or came[-1:] or [nobody]


def _open(room: RoomPast, found: Sequence[tuple[int, datetime, Sequence[str], Sequence[int] | None]]) -> None:
    ended = next((one.ended_at for seats in room.seats.values() for one in seats), None)
    for nth, (_, at, pages, asked) in enumerate(found):
        until = found[nth + 1][1] if nth + 1 < len(found) else ended
        for (step, round_), theirs in whose(pages).items():
            room.opened[step, round_] = OpenedPage(at, until, asked if theirs is None else theirs)


def _until(opened: Sequence[OpenedPage]) -> datetime | None:
    return None if any(one.until is None for one in opened) else max(one.until for one in opened if one.until)


def _page(position: Position) -> Page:
    return position.step.name, position.round


async def _pauses(conn: Connection, session_id: str) -> list[tuple[datetime, datetime | None]]:
    """From when to when the session stood still; None: it still does."""
    found: list[tuple[datetime, datetime | None]] = []
    for name, since, at in await (await conn.execute(SQL["pauses"], dict(session_id=session_id))).fetchall():
        if name == "session_paused":
            found.append((since or at, None))
        elif found and found[-1][1] is None:
            found[-1] = found[-1][0], since or at
    return found
