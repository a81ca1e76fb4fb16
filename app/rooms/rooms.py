"""Rooms: groups of slots that go through the study's steps together."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property

from psycopg.types.json import Jsonb

from app.database.connections import Connection
from app.database.queries import Queries, rows, value
from app.rooms import moves, ties
from app.rooms.moves import EMPTY, MoveBoard
from app.rooms.paths import FOR_ALL, Whose, names_of
from app.study.model.networks import Tie, Ties
from app.study.model.steps import AFTER, BEFORE, PLAYING
from app.study.model.study import Position, Study

SQL = Queries(__name__)


@dataclass(frozen=True, slots=True)
class Room:
    id: int
    session_id: str
    name: str
    kind: str
    status: str  # playing or ended
    position: int  # index into study.plan
    step: str
    round: int
    last_step: str  # whoever has answered this page has answered all; the step itself where there is one
    last_round: int
    deadline: datetime
    outcome: str | None
    opening: bool  # its step is about to open
    stopped: bool  # a hook could not decide: it waits for the researcher
    session_status: str
    paused_at: datetime | None
    log_id: int
    seq: int  # of the last event in its log
    session_log_id: int
    session_seq: int
    treatment: Mapping[str, str]  # factor → level, of those drawn for rooms
    during: str = "playing"  # the status of whoever goes through it: "before" and "after" are solo parts
    player_id: int | None = None  # whose solo part it is
    messages: int = 0  # how many were written in it
    moved: bool = False  # somebody has made a move at its step
    began: datetime | None = None  # since when its step has been open, without pauses, where that has a clock


@dataclass(frozen=True, slots=True)
class Seat:
    slot: int
    alias: str
    type: str  # the type the slot asks for
    player_id: int | None  # None: a bot has had it from the start
    status: str  # of the player; "bot" where there never was one
    answered: bool
    asked: bool = True  # the room's step is shown to this slot
    nudged: bool = False
    bot: bool = False  # a bot plays there: whoever sat there has left, or nobody ever did
    refilled: bool = False  # the room had gone on without whoever sat there, until somebody took it over

    @property
    def is_taken(self) -> bool:
        """Somebody plays there, if only a bot."""
        return self.status == "playing" or self.bot

    @property
    def has_answered(self) -> bool:
        """Or will have, as bots do."""
        return self.answered or self.bot


class Seats(tuple[Seat, ...]):
    """Those of a room, by slot: each of its pages asks for a few of them."""

    def with_changed(self, before: Seat, now: Seat) -> Seats:
        """The same with `now` in the place of `before`. What is known of all is not asked of all again: of a thousand
        who answer each would cost a millisecond.
        """
        nth = before.slot - 1
        if self[nth : nth + 1] != (before,):
            nth = self.index(before)
        found = Seats((*self[:nth], now, *self[nth + 1 :]))
        known, new = vars(self), vars(found)
        if "by_slot" in known:
            new["by_slot"] = known["by_slot"] | {now.slot: now}
        if "by_player" in known and now.player_id is not None and now.player_id == before.player_id:
            new["by_player"] = known["by_player"] | {now.player_id: now}
        waited_for = now.is_taken and now.asked
        heard = waited_for and now.has_answered
        for name, holds in (("asked", now.asked), ("waited_for", waited_for), ("heard", heard)):
            if name in known:
                those = known[name]
                changed = holds != (now.slot in those)
                new[name] = (those ^ {now.slot}) if changed else those
        return found

    @cached_property
    def by_slot(self) -> dict[int, Seat]:
        return {seat.slot: seat for seat in self}

    @cached_property
    def by_player(self) -> dict[int, Seat]:
        return {seat.player_id: seat for seat in self if seat.player_id is not None}

    @cached_property
    def asked(self) -> frozenset[int]:
        """The slots that are shown the open step."""
        return frozenset(seat.slot for seat in self if seat.asked)

    @cached_property
    def waited_for(self) -> frozenset[int]:
        """The slots in which somebody plays who is asked."""
        return frozenset(seat.slot for seat in self if seat.is_taken and seat.asked)

    @cached_property
    def heard(self) -> frozenset[int]:
        """Of those, the slots that have answered."""
        return frozenset(seat.slot for seat in self if seat.is_taken and seat.asked and seat.has_answered)

    @cached_property
    def gone(self) -> tuple[Seat, ...]:
        return tuple(seat for seat in self if not seat.is_taken)

    @cached_property
    def refilled(self) -> tuple[Seat, ...]:
        return tuple(seat for seat in self if seat.refilled and seat.is_taken)


@dataclass(frozen=True)
class RoomView:
    """A room as the database has it at one moment; what a page shows is made from it."""

    room: Room
    seats: Seats
    ties: Ties  # of the network that holds now: who sees whom
    ahead: Ties | None = None  # of the network from the next step on, where it is known
    board: MoveBoard = EMPTY  # what there is to be seen of its step's moves

    @property
    def seat_of(self) -> dict[int, Seat]:
        return self.seats.by_player

    def has(self, player_id: int) -> bool:
        """Whether this player plays in it."""
        seat = self.seat_of.get(player_id)
        return seat is not None and seat.status == "playing"

    def neighbours(self, slot: int) -> tuple[Seat, ...]:
        """Those whom `slot` sees."""
        seats = self.seats.by_slot
        return tuple([seats[one] for one in self.ties.seen.get(slot, ()) if one in seats])

    def weight(self, slot: int, other: int) -> float | None:
        """Of the tie by which `slot` sees `other`; None if there is none."""
        return self.ties.weights.get((slot, other))


@dataclass(frozen=True, slots=True)
class DueRoom:
    id: int
    session_id: str
    position: int
    deserted: bool  # nobody plays in it any more
    opening: bool  # what happens at its position is yet to be decided
    asked: tuple[int, ...] | None
    outcome: str | None = None  # of a solo part: how it ended for that player
    silent: bool = False  # a solo part whose deadline has passed without an answer


async def lock_room(conn: Connection, room_id: int) -> None:
    await conn.execute(SQL["lock_room"], dict(room_id=room_id))


async def seq_of(conn: Connection, room_id: int) -> int:
    """Of the last event in its log."""
    found: int = await value(conn, SQL["seq_of"], room_id=room_id)
    return found


async def find_room(conn: Connection, room_id: int) -> Room:
    return (await look_at(conn, room_id)).room


async def view(conn: Connection, room_id: int) -> RoomView:
    """Call it in a transaction of repeatable reads: the parts then belong to the sequence number in it."""
    return await with_board(conn, await look_at(conn, room_id))


async def look_at(conn: Connection, room_id: int) -> RoomView:
    """All that belongs to the sequence number in it, without what there is to be seen of its step's moves."""
    found = await (await conn.execute(SQL["view"], dict(room_id=room_id))).fetchone()
    assert found is not None
    *room, seats, ties = found
    tied = Ties([Tie(from_slot, to_slot, float(weight)) for from_slot, to_slot, weight in ties])
    return RoomView(Room(*room), Seats([Seat(*seat) for seat in seats]), tied)


async def with_board(conn: Connection, view: RoomView) -> RoomView:
    if not view.room.moved:
        return view
    return replace(view, board=await moves.board(conn, view.room.id, view.room.position))


async def sessions_to_look_at(conn: Connection, hinted: Sequence[int], everywhere: bool) -> list[str]:
    """Running sessions in which a room may have to move on."""
    found = await conn.execute(SQL["sessions_to_look_at"], dict(hinted=hinted, all=everywhere))
    return [session_id for (session_id,) in await found.fetchall()]


async def claim_due(
    conn: Connection,
    session_id: str,
    hinted: Sequence[int],
    everywhere: bool,
    most: int,
    only: int | None = None,
    during: Sequence[str] = (BEFORE, PLAYING, AFTER),
    but: Collection[int] = (),
) -> list[DueRoom]:
    """Lock the session's rooms that must move on; those that another process holds are its business.

    Rooms past their deadline always count; those whose players have all answered only if they are
    among `hinted`, or `everywhere`. `only` this room, if it is given; only in these parts, `but` not these rooms.
    """
    return await rows(
        conn,
        DueRoom,
        SQL["claim_due_rooms"],
        session_id=session_id,
        hinted=hinted,
        all=everywhere,
        most=most,
        only=only,
        during=list(during),
        but=list(but),
    )


async def rooms_made(conn: Connection, session_id: str) -> dict[str, int]:
    """How many rooms there are of each kind."""
    found = await conn.execute(SQL["rooms_made"], dict(session_id=session_id))
    return dict(await found.fetchall())


async def advance(
    conn: Connection,
    study: Study,
    moves: Sequence[tuple[int, Position]],
    asked: Mapping[int, Sequence[int] | None] | None = None,
    whose: Mapping[int, Whose] = {},
) -> None:
    """Put each room (id) to its next position, with a new deadline. The rooms must be locked.

    `asked`: by room the slots that are shown the step; None: all. `whose`: by room, of several pages there, too.
    """
    await ties.rewire_as_planned(conn, study, moves)
    found = [
        {"id": room_id, "asked": (asked or {}).get(room_id)}
        | row_at(study, position.index, whose.get(room_id, FOR_ALL))
        for room_id, position in moves
    ]
    await conn.execute(SQL["advance_rooms"], dict(moves=Jsonb(found)))


def row_at(study: Study, index: int, whose: Whose = FOR_ALL) -> dict[str, object]:
    """What a room's row says of where it is: at one page, or at several that each goes through by themselves."""
    pages = study.pages_at(index)
    step, own_pace = pages[0].step, pages[0].step.own_pace
    return {
        "position": index,
        "step": step.name,
        "round": pages[0].round,
        "secs": sum(page.step.limit for page in pages),
        "ticks": step.clock is not None,
        "ends_when_answered": own_pace or (step.ends == "answered" and not step.moves),
        "wait_share": 1.0 if own_pace else float(step.wait_for),
        "pages": names_of(pages, whose) if own_pace else None,
        "last_step": pages[-1].step.name if own_pace else None,
        "last_round": pages[-1].round if own_pace else None,
    }
