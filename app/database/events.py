"""Logs and their events: what happened, in order, one log a room and one a session.

`DECLARED` has every event there is, and what it carries. The triggers write them (sql/triggers.sql); whatever folds,
lists or says one is held against it, and so is docs/events.md. What was empty is left out where `NotRequired` says so.
`verify`, its recounts and `replay --check` read the logs on their own, so that nothing wrong here can hide from them.
More than 350 lines: it is one list, and what names an event has one place to look.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, NewType, NotRequired, TypedDict

from psycopg import AsyncCursor
from psycopg.rows import class_row

from app.database.connections import Connection
from app.database.queries import Queries

SQL = Queries(__name__)
EventName = Literal[
    "session_started",
    "session_paused",
    "session_resumed",
    "session_closed",
    "start_moved",
    "study_mended",
    "people_added",
    "seating_stopped",
    "seating_retried",
    "places_changed",
    "player_lined_up",
    "player_let_in",
    "recruiter_asked",
    "recruiter_answered",
    "player_signed_in",
    "player_came_again",
    "id_freed",
    "player_stands_by",
    "player_asked",
    "player_ready",
    "player_missed",
    "player_waits_on",
    "player_retyped",
    "player_placed",
    "code_issued",
    "help_asked",
    "note_written",
    "data_erased",
    "room_opened",
    "step_opened",
    "deadline_moved",
    "network_rewired",
    "results_stored",
    "room_stopped",
    "room_retried",
    "room_ended",
    "player_answered",
    "move_made",
    "player_earned",
    "message_sent",
    "player_nudged",
    "player_returned",
    "player_finished",
    "player_goes_on",
    "player_left",
    "player_replaced",
    "bot_placed",
]
Moment = NewType("Moment", str)  # ISO 8601, to the microsecond


@dataclass(frozen=True, slots=True)
class Event:
    log_id: int
    seq: int
    name: EventName
    player_id: int | None
    data: dict[str, Any]  # as `DECLARED` has it, or an older version's
    at: datetime


class DoneBy(TypedDict):
    by: NotRequired[str]  # the researcher who did it


class SessionMoved(DoneBy):
    since: Moment


class SessionStarted(SessionMoved):
    waits_from: NotRequired[Moment]  # who waited then has waited from then on


class StartMoved(DoneBy):
    """When the session starts by itself; without a time: not any more, or until then not."""

    start_at: NotRequired[Moment]
    was_at: NotRequired[Moment]
    waits_from: NotRequired[Moment]  # it was called off: who waited for it has waited from then on


class StudyMended(DoneBy):
    before: str  # the study's sha256
    now: str


class PeopleAdded(DoneBy):
    """To a session that is open or running."""

    people: int
    players: list[int]  # their numbers
    form: NotRequired[str]  # of the page, by which it is known if it comes again


class HookFailed(DoneBy):
    hook: str
    line: int  # of hooks.py; 0: of none in particular
    sentence: str


class PlayerSignedIn(TypedDict):
    type: str  # may be empty
    signed_in_at: Moment
    waiting_since: Moment
    treatment: NotRequired[dict[str, str]]  # what was drawn for them as they came
    queued_from: NotRequired[Moment | None]  # in the lobby, where solo steps come before it; None: never


class PlayerStandsBy(TypedDict):
    until: Moment


class PlayerAsked(TypedDict):
    """Whether they are ready, as a room comes together."""

    kind: str  # of the room
    until: Moment
    ready_at: NotRequired[Moment]  # they had said so for a room that came to nothing, and that holds


class PlayerReady(TypedDict):
    ready_at: Moment


class PlacesChanged(DoneBy):
    places: NotRequired[int]  # without it as many as come
    extra: float  # a share


class PlayerLinedUp(TypedDict):
    """Before a door that is full."""

    since: Moment
    until: Moment  # at most; a pause moves it


class RecruiterAsked(DoneBy):
    """What a researcher has confirmed, of so many people at once."""

    what: Literal["pay", "approve", "screen_out"]
    people: int
    amount: NotRequired[str]  # these two of bonuses; a decimal number
    currency: NotRequired[str]


class RecruiterAnswered(DoneBy):
    """How bonuses that were asked for ended, and how many of these people were paid."""

    what: Literal["pay"]
    how: Literal["settled", "refused", "unclear"]
    people: int
    amount: str
    currency: str


class PlayerCameAgain(TypedDict):
    pass


class PlayerMissed(TypedDict):
    queued_at: Moment  # since then they are in the queue, as the last


class PlayerWaitsOn(TypedDict):
    pass


PlayerRetyped = TypedDict("PlayerRetyped", {"from": str, "to": str, "by": str | None})


class PlayerPlaced(TypedDict):
    room: str
    room_id: int
    slot: int
    seated_at: Moment
    treatment: NotRequired[dict[str, str]]  # factor → level


class CodeIssued(TypedDict):
    before: str
    code: str
    outcome: str
    by: str | None


class HelpAsked(TypedDict):
    note: int  # its number


class NoteWritten(HelpAsked):
    by: str
    notes: NotRequired[list[int]]  # to each in a room: their numbers, of which `note` is the first …
    players: NotRequired[list[int]]  # … and whose they are; the event itself is nobody's then


class DataErased(TypedDict):
    """Of one player, or of everybody. The erasure's tombstone has more."""

    by: str
    why: str
    answers: str  # which of them went: none, text or all
    people: int
    records: int  # whose values went
    messages: int


class AtStep(TypedDict):
    position: int  # in the study's plan, from 0
    step: str
    round: int


class RoomAtStep(AtStep):
    """Where a room stands."""

    room: str
    deadline: Moment
    began: NotRequired[Moment]  # since when the step is open, without pauses, where it has a clock
    last_step: NotRequired[str]  # these two where each goes through several pages at their own pace
    last_round: NotRequired[int]


class RoomOpened(RoomAtStep):
    kind: str
    reason: str
    opening: bool  # that step is yet to be decided on
    opened_at: Moment
    treatment: NotRequired[dict[str, str]]
    # Of a solo part, which is of one player: their status from then on
    during: NotRequired[Literal["before", "after"]]
    signed_in_at: NotRequired[Moment]  # that player


class StepOpened(RoomAtStep, DoneBy):
    asked: NotRequired[list[int]]  # the slots that are shown it, if not all


class RoomFailed(StepOpened, HookFailed):
    pass


class DeadlineMoved(StepOpened):
    hook: NotRequired[str]  # these three where it has stopped the room
    line: NotRequired[int]
    sentence: NotRequired[str]


class RoomEnded(StepOpened):
    outcome: str
    ended_at: Moment


class NetworkRewired(AtStep):
    """`position`, `step` and `round`: from which on it holds."""

    made_by: str
    ties: list[tuple[int, int, float]]  # from, to, weight


class ResultsStored(AtStep):
    made_by: str
    results: list[tuple[int, str, str]]  # slot, name, value


class PlayerAnswered(TypedDict):
    step: str
    round: int
    late: bool
    records: list[int]  # their numbers
    sha256: NotRequired[str]  # with them the receipt that the player was given; not any more once …
    erased: NotRequired[bool]  # … one of these records is


class MoveMade(AtStep):
    """A move that was handled. Whoever it is about is told what came of it, the others what was accepted."""

    record: int  # its number
    move: str  # which kind it is
    values: dict[str, str]  # what was said with it, by field, as it is stored
    slot: int
    nth: int  # of those handled at this step, from 1
    accepted: bool
    at: float  # seconds since the step opened, without pauses
    sentence: NotRequired[str]  # where it was refused; empty: the step was over by then
    # What the study keeps from then on, as `networklab.pack` writes it; else as before
    state: NotRequired[Any]
    results: NotRequired[dict[str, dict[str, str]]]  # name → slot → value
    ends: NotRequired[bool]  # the step is over with it
    clock: NotRequired[str]  # what the step's clock showed then, a plain number


class PlayerEarned(TypedDict):
    position: int
    amount: str  # a decimal number
    reason: str


class MessageSent(TypedDict):
    message: int  # its number
    slot: int  # 0: a mediator's
    to: NotRequired[int]  # for this slot alone
    channel: NotRequired[str]  # in which it was written
    sha256: NotRequired[str]  # of its words, until they were erased


class PlayerNudged(TypedDict):
    slot: int
    nudged_at: Moment


class PlayerReturned(TypedDict):
    slot: int


class PlayerOut(DoneBy):
    outcome: str
    slot: int | None
    code: str
    finished_at: Moment
    then: NotRequired[Literal["standby", "bot", "smaller", "end_room", "continue"]]  # what the room did


class PlayerGoesOn(TypedDict):
    """How it ended stands; solo steps come after it."""

    outcome: str
    slot: int | None
    code: str
    waited_until: Moment


class PlayerReplaced(DoneBy):
    slot: int
    before: str  # who sat there, by label
    before_id: int
    now: str
    was_empty: NotRequired[bool]  # the room had gone on without them


class BotPlaced(TypedDict):
    slot: int
    type: NotRequired[str]  # these two of a bot that has the slot from the start
    treatment: NotRequired[dict[str, str]]


@dataclass(frozen=True, slots=True)
class Declared:
    """`data`: a TypedDict. `about`: whether it is of one player; None: it may be of everybody."""

    data: Any
    logs: frozenset[Literal["session", "room"]]
    about: bool | None = False


SESSION: frozenset[Literal["session", "room"]] = frozenset({"session"})
ROOM: frozenset[Literal["session", "room"]] = frozenset({"room"})
DECLARED: Mapping[EventName, Declared] = {
    "session_started": Declared(SessionStarted, SESSION),
    "session_paused": Declared(SessionMoved, SESSION),
    "session_resumed": Declared(SessionMoved, SESSION),
    "session_closed": Declared(SessionMoved, SESSION),
    "start_moved": Declared(StartMoved, SESSION),
    "study_mended": Declared(StudyMended, SESSION),
    "people_added": Declared(PeopleAdded, SESSION),
    "seating_stopped": Declared(HookFailed, SESSION),
    "seating_retried": Declared(DoneBy, SESSION),
    "places_changed": Declared(PlacesChanged, SESSION),
    "player_lined_up": Declared(PlayerLinedUp, SESSION, about=True),
    "player_let_in": Declared(PlayerCameAgain, SESSION, about=True),
    "recruiter_asked": Declared(RecruiterAsked, SESSION),
    "recruiter_answered": Declared(RecruiterAnswered, SESSION),
    # Written by the seating that follows, a little later than `signed_in_at`
    "player_signed_in": Declared(PlayerSignedIn, SESSION, about=True),
    # By the link for everybody, in a browser that did not have their cookie
    "player_came_again": Declared(PlayerCameAgain, SESSION, about=True),
    # Of a recruiter, by which the link for everybody found them
    "id_freed": Declared(DoneBy, SESSION, about=True),
    "player_stands_by": Declared(PlayerStandsBy, SESSION, about=True),
    "player_asked": Declared(PlayerAsked, SESSION, about=True),
    "player_ready": Declared(PlayerReady, SESSION, about=True),
    # The room for which they were asked has come to nothing: they had not said that they are ready, or somebody else
    "player_missed": Declared(PlayerMissed, SESSION, about=True),
    "player_waits_on": Declared(PlayerWaitsOn, SESSION, about=True),
    "player_retyped": Declared(PlayerRetyped, SESSION, about=True),
    "player_placed": Declared(PlayerPlaced, SESSION, about=True),
    "code_issued": Declared(CodeIssued, SESSION, about=True),
    "help_asked": Declared(HelpAsked, SESSION, about=True),
    "note_written": Declared(NoteWritten, SESSION, about=None),
    "data_erased": Declared(DataErased, SESSION, about=None),
    "room_opened": Declared(RoomOpened, SESSION | ROOM, about=None),
    "step_opened": Declared(StepOpened, ROOM),
    "deadline_moved": Declared(DeadlineMoved, ROOM),
    "network_rewired": Declared(NetworkRewired, ROOM),
    "results_stored": Declared(ResultsStored, ROOM),
    "room_stopped": Declared(RoomFailed, ROOM),
    "room_retried": Declared(StepOpened, ROOM),
    "room_ended": Declared(RoomEnded, SESSION | ROOM),
    "player_answered": Declared(PlayerAnswered, ROOM, about=True),
    "move_made": Declared(MoveMade, ROOM, about=None),  # of nobody: a bot’s
    "player_earned": Declared(PlayerEarned, ROOM, about=True),
    "message_sent": Declared(MessageSent, ROOM, about=None),
    "player_nudged": Declared(PlayerNudged, ROOM, about=True),
    "player_returned": Declared(PlayerReturned, ROOM, about=True),
    "player_finished": Declared(PlayerOut, SESSION | ROOM, about=True),
    "player_goes_on": Declared(PlayerGoesOn, SESSION | ROOM, about=True),
    # In the session's log of who had no slot
    "player_left": Declared(PlayerOut, SESSION | ROOM, about=True),
    "player_replaced": Declared(PlayerReplaced, ROOM, about=True),
    "bot_placed": Declared(BotPlaced, ROOM),
}


async def events_after(conn: Connection, cursors: dict[int, int], most: int) -> list[Event]:
    """Up to `most` events of each log in `cursors` (log → last sequence seen), by log and in order."""
    return await (await ask_events(conn, cursors, most)).fetchall()


async def ask_events(conn: Connection, cursors: dict[int, int], most: int) -> AsyncCursor[Event]:
    """Ask for what `events_after` gives, in a pipeline of which the answers come later."""
    cursor = conn.cursor(row_factory=class_row(Event))
    asked = dict(logs=list(cursors), seqs=list(cursors.values()), most=most)
    return await cursor.execute(SQL["events_after"], asked)
