"""A session at one moment, as its logs tell it: what `replay` folds them into."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from app.rooms.moves import EMPTY, MoveBoard

STATUSES = ("invited", "before", "waiting", "playing", "after", "finished", "left")


@dataclass(frozen=True, slots=True)
class Invited:
    """A player before anything happened."""

    id: int
    label: str
    type: str
    by_door: bool = False  # nobody knew of them before they came, by the link for everybody
    added_at: datetime | None = None  # None: the session was opened with them


@dataclass(frozen=True, slots=True)
class Log:
    id: int
    room_id: int | None  # None: the session's own
    last_seq: int
    records: int
    messages: int


@dataclass(frozen=True, slots=True)
class PlayerThen:
    id: int
    label: str
    type: str
    status: str = "invited"
    room_id: int | None = None
    slot: int | None = None
    replaced: bool = False
    signed_in_at: datetime | None = None
    waiting_since: datetime | None = None
    queued_from: datetime | None = None  # in the lobby since then, where solo steps came before it
    seated_at: datetime | None = None
    waited_until: datetime | None = None  # went on then to the solo steps after it
    finished_at: datetime | None = None
    outcome: str | None = None
    code: str | None = None
    nudged_at: datetime | None = None
    followed_by: str | None = None  # what their room did as they left it
    standby_until: datetime | None = None
    queued_at: datetime | None = None
    asked_until: datetime | None = None
    ready_at: datetime | None = None
    treatment: Mapping[str, str] = field(default_factory=dict)
    by_door: bool = False


@dataclass(frozen=True, slots=True)
class RoomThen:
    id: int
    log_id: int
    seq: int  # of the last event in its log
    kind: str
    number: int
    reason: str
    position: int
    step: str
    round: int
    deadline: datetime
    opened_at: datetime
    status: str = "playing"
    outcome: str | None = None
    ended_at: datetime | None = None
    opening: bool = False
    last_step: str = ""  # where each goes through several pages: the last of them; else the step
    last_round: int = 0
    asked: Sequence[int] | None = None  # the slots that are shown this step; None: all
    stopped: bool = False  # by a hook
    bots: frozenset[int] = frozenset()  # the slots that a bot plays
    # Those from the start: slot → the type it asks for
    filled: Mapping[int, str] = field(default_factory=dict)
    treatment: Mapping[str, str] = field(default_factory=dict)
    during: str = "playing"  # "before" or "after": a solo part
    player_id: int | None = None  # whose solo part it is
    answered: frozenset[int] = frozenset()  # the players who have answered this step in time
    began: datetime | None = None  # since when its step was open, without pauses, where it had a clock
    board: MoveBoard = EMPTY  # what there was to be seen of the step's moves

    @property
    def name(self) -> str:
        return f"{self.kind}-{self.number}"

    def type_of_bot(self, slot: int) -> str:
        """Of one that has had the slot from the start; empty where the slot takes every type."""
        return "" if self.filled[slot] == "any" else self.filled[slot]


@dataclass(frozen=True, slots=True)
class Then:
    """A session at one moment, as its logs tell it."""

    status: str = "open"
    start_at: datetime | None = None  # when it is to start by itself, where a moment was asked for
    started_at: datetime | None = None
    paused_at: datetime | None = None
    resumed_at: datetime | None = None
    closed_at: datetime | None = None
    seating_stopped: bool = False  # by a hook
    players: Mapping[int, PlayerThen] = field(default_factory=dict)
    rooms: Mapping[int, RoomThen] = field(default_factory=dict)
    records: Mapping[int, int] = field(default_factory=dict)  # log → how many were acknowledged
    messages: Mapping[int, int] = field(default_factory=dict)
    notes: Sequence[int] = ()  # their numbers
    earned: Mapping[int, Decimal] = field(default_factory=dict)  # player → of all steps so far

    @property
    def counts(self) -> dict[str, int]:
        counts = dict.fromkeys(STATUSES, 0)
        for player in self.players.values():
            if not (player.by_door and player.status == "invited"):
                counts[player.status] += 1
        return counts

    @property
    def stored(self) -> int:
        """Records that were acknowledged."""
        return sum(self.records.values())

    @property
    def said(self) -> int:
        return sum(self.messages.values())

    @property
    def together(self) -> list[RoomThen]:
        """The rooms with others."""
        return [room for room in self.rooms.values() if room.player_id is None]

    def room_of(self, player_id: int) -> int | None:
        """Where somebody is: in a room with others, or at solo steps."""
        one = self.players[player_id]
        if one.status == "playing":
            return one.room_id
        alone = (room.id for room in self.rooms.values() if room.player_id == player_id)
        return next((id for id in alone if self.rooms[id].during == one.status), None)

    def came_to_wait(self, player_id: int) -> bool:
        """Whether somebody who came in reached the lobby."""
        one = self.players[player_id]
        if one.queued_from is not None:
            return True
        alone = {room.during for room in self.rooms.values() if room.player_id == player_id}
        return not alone or ("before" not in alone and one.waited_until is not None)

    def rooms_of(self, player_id: int) -> list[int]:
        """All in which somebody has been: with others, and at solo steps."""
        own = self.players[player_id].room_id
        return [room.id for room in self.rooms.values() if room.id == own or room.player_id == player_id]

    def seated(self, room_id: int) -> list[PlayerThen]:
        """Who has a slot of this room, by slot; not who was replaced there. Of a solo part, whose it is."""
        if alone := self.rooms[room_id].player_id:
            return [self.players[alone]]
        found = [one for one in self.players.values() if one.room_id == room_id and not one.replaced]
        return sorted(found, key=lambda one: one.slot or 0)
