"""Histories: the list of people, and what happened to one player, or in one room, as a researcher reads it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Any, Literal

from app.database import clock
from app.database.connections import Connection
from app.database.events import EventName
from app.database.queries import Queries, rows, value
from app.players import notes, presence
from app.players.notes import Notices
from app.players.players import Player
from app.players.presence import Spell
from app.players.tokens import hashed
from app.rooms import parts, rooms
from app.rooms.rooms import RoomView, Seat
from app.rooms.stopped_rooms import Stop, why_stopped
from app.web.monitor.drawing import Dots, Drawing, drawing_of, state_of
from app.web.monitor.layout import FEW

SQL = Queries(__name__)
MOST = 300  # lines of a story, and people of a list
NEWEST = 100  # of them, of a large room: something happens there in each second, and its page is drawn anew
PATIENCE = 0.5  # seconds that a look waits for a picture that is being laid out
SILENCE = 60.0  # seconds without a sign of a player who plays, after which a story says so
SIGNS: frozenset[EventName] = frozenset(
    {
        "player_placed",
        "player_answered",
        "player_returned",
        "message_sent",
        "help_asked",
        "player_left",
        "player_finished",
        "player_goes_on",
    }
)
# What a history tells beside the logs, from what is known of links and pages
Beside = Literal["link_opened", "was_silent", "page_connected", "page_gone"]


@dataclass(frozen=True, slots=True)
class PersonLine:
    id: int
    label: str
    type: str
    status: str
    room_id: int | None
    room: str | None
    slot: int | None
    signed_in_at: datetime | None
    outcome: str | None
    code: str | None
    is_asked: bool  # plays, is shown the step that is open, and has not answered it
    is_nudged: bool  # gave no sign, was asked whether they are still there, and has given none since
    waiting_since: datetime | None
    is_connected: bool  # some page of theirs is
    position: int | None  # of the room, in study.plan
    is_erased: bool
    in_line_since: datetime | None  # before the door, now
    alone_at: str | None = None  # the solo step at which they are
    alone_round: int | None = None
    is_stopped: bool = False  # a hook has stopped them there


@dataclass(frozen=True, slots=True)
class Happened:
    """A line of a history, most of them from a log."""

    at: datetime
    name: EventName | Beside
    player_id: int | None
    data: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Record:
    """One version of one answer."""

    id: int
    step: str
    round: int
    field: str
    value: str
    version: int
    late: bool
    at: datetime
    erased: bool = False  # what was answered


@dataclass(frozen=True, slots=True)
class Spoken:
    """A message, by who wrote it, whoever sits there now."""

    at: datetime
    by: str  # a label, or "bot" or "mediator"
    to_slot: int | None  # None: for all who read there
    to: str | None  # the label of who sat there then
    body: str  # empty: erased
    channel: str


@dataclass(frozen=True, slots=True)
class Sitter:
    """Who sits in a slot of a room, or the bot that has had it from the start."""

    slot: int
    player_id: int | None
    label: str
    type: str
    status: str
    is_connected: bool


@dataclass(frozen=True, slots=True)
class Alone:
    """The solo step at which somebody is; `stop`: why they can't go on."""

    room_id: int
    position: int
    stop: Stop | None


@dataclass(frozen=True, slots=True)
class PlayerStory:
    player: Player
    room: str  # its name; empty before there is one
    # Newest first, with their messages, silences, and when their page came and went
    happened: Sequence[Happened]
    pages: Sequence[Spell]  # when a page of theirs was connected
    said: Mapping[int, Record]  # by record
    notices: Notices
    alone: Alone | None = None


@dataclass(frozen=True, slots=True)
class RoomStory:
    view: RoomView
    sitters: Mapping[int, Sitter]  # by slot
    happened: Sequence[Happened]  # newest first
    messages: Sequence[Spoken]  # newest first
    drawing: Drawing
    labels: Mapping[int, str]  # of all who ever sat there
    stop: Stop | None = None  # why it waits
    given: int = 0  # seconds that a researcher has given the open step

    @property
    def asked(self) -> list[Seat]:
        """Those who play and are shown its step."""
        return [seat for seat in self.view.seats if seat.asked and seat.status == "playing"]

    def state(self, seat: Seat) -> str:
        """As it is drawn."""
        playing = self.view.room.status == "playing"
        return state_of(seat, self.sitters[seat.slot].is_connected, playing)

    def spots(self, type_numbers: Mapping[str, int]) -> list[Dots]:
        """What is drawn of a large room."""
        types = {slot: type_numbers.get(one.type, 4) for slot, one in self.sitters.items()}
        return self.drawing.spots(types, {seat.slot: self.state(seat) for seat in self.view.seats})

    def label(self, player_id: int | None) -> str:
        return self.labels.get(player_id or 0, "")


async def find_people(
    conn: Connection,
    session_id: str,
    find: str,
    status: str,
    type_: str,
    connection: str = "",
    in_given: bool = False,
    most: int = MOST,
    after: int | None = None,
    only: int | None = None,
) -> tuple[list[PersonLine], bool]:
    """Whose label or room has `find` in it, or whose token or link it is or ends in; and whether there are more.

    `in_given`: or who came with it, as with a recruiter's id.

    `connection`: "connected" or "away", of those who are in. Those who are in first; with `after` those with a higher
    number than that, in the order of their numbers. `only`: the one of this number.
    """
    like = "%" + re.sub(r"([%_\\])", r"\\\1", find) + "%"
    token = find.partition("?")[0].rstrip("/").rpartition("/")[2]
    found = await rows(
        conn,
        PersonLine,
        SQL["find_people"],
        session_id=session_id,
        find=find,
        like=like,
        token_hash=hashed(token),
        status=status,
        type=type_,
        connection=connection,
        in_given=in_given,
        most=most + 1,
        after=after,
        only=only,
    )
    return found[:most], len(found) > most


async def story_of(conn: Connection, player: Player) -> PlayerStory:
    happened = await rows(conn, Happened, SQL["happened_to"], player_id=player.id, most=MOST)
    said = await rows(conn, Record, SQL["said_by"], room_id=player.room_id, player_id=player.id)
    messages: list[Spoken] = []
    room, alone = "", await alone_now(conn, player.id)
    if player.room_id is not None:
        room = (await rooms.find_room(conn, player.room_id)).name
        messages = await rows(
            conn, Spoken, SQL["talk_of"], room_id=player.room_id, player_id=player.id, most=MOST
        )
    happened += [
        Happened(one.at, "message_sent", player.id, {"body": one.body, "to": one.to_slot}) for one in messages
    ]
    pages = await presence.spells(conn, player.id)
    opened = await presence.opened_at(conn, player.id)
    happened += [Happened(opened, "link_opened", player.id, {})] if opened else []
    happened += [*_silences(player, happened), *_comings(pages)]
    happened.sort(key=lambda one: one.at, reverse=True)
    notices = await notes.notices_of(conn, player.session_id, player.id)
    return PlayerStory(player, room, happened, pages, {one.id: one for one in said}, notices, alone)


async def alone_now(conn: Connection, player_id: int) -> Alone | None:
    """None: this player goes through nothing alone."""
    solo = await parts.solo_room_of(conn, player_id)
    if solo is None:
        return None
    return Alone(solo, (await rooms.find_room(conn, solo)).position, await why_stopped(conn, solo))


def _silences(player: Player, happened: Sequence[Happened]) -> list[Happened]:
    """Where a player gave no sign for long between sitting down and the end, or until now."""
    signs = [one.at for one in happened if one.player_id == player.id and one.name in SIGNS]
    if player.status == "playing":
        signs.append(clock.now())
    return [
        Happened(earlier, "was_silent", player.id, {"seconds": (later - earlier).total_seconds()})
        for earlier, later in pairwise(sorted(signs))
        if (later - earlier).total_seconds() >= SILENCE
    ]


def _comings(pages: Sequence[Spell]) -> list[Happened]:
    came = [Happened(one.since, "page_connected", None, {}) for one in pages]
    return came + [Happened(one.until, "page_gone", None, {}) for one in pages if one.until]


async def given_to(conn: Connection, room_id: int, position: int) -> int:
    """Seconds that a researcher has given this step."""
    return await value(conn, SQL["time_given"], room_id=room_id, position=position) or 0


async def is_there(conn: Connection, session_id: str, room_id: int) -> bool:
    """Whether this session has such a room, be it one in which somebody goes on alone."""
    return bool(await value(conn, SQL["is_there"], session_id=session_id, room_id=room_id))


async def alone_in(conn: Connection, session_id: str, room_id: int) -> int | None:
    """Whose solo steps this room is for, if it is one of those of this session."""
    found: int | None = await value(conn, SQL["alone_in"], session_id=session_id, room_id=room_id)
    return found


async def sitters_of(conn: Connection, room_id: int) -> list[Sitter]:
    """By slot."""
    return await rows(conn, Sitter, SQL["labels_of"], room_id=room_id)


async def story_in(conn: Connection, session_id: str, room_id: int) -> RoomStory | None:
    """None if this session has no such room with others. Call it in a transaction of repeatable reads."""
    if not await value(conn, SQL["is_room_of"], session_id=session_id, room_id=room_id):
        return None
    view = await rooms.view(conn, room_id)
    sitters = await sitters_of(conn, room_id)
    most = MOST if len(view.seats) <= FEW else NEWEST
    happened = await rows(conn, Happened, SQL["happened_in"], room_id=room_id, most=most)
    messages = await rows(conn, Spoken, SQL["talk_of"], room_id=room_id, player_id=None, most=most)
    labels: dict[int, str] = dict(
        await (await conn.execute(SQL["all_who_sat_in"], dict(room_id=room_id))).fetchall()
    )
    stop = await why_stopped(conn, room_id)
    given = await given_to(conn, room_id, view.room.position)
    drawing = await drawing_of(view, PATIENCE)
    seated = {one.slot: one for one in sitters}
    return RoomStory(view, seated, happened, messages, drawing, labels, stop, given)
