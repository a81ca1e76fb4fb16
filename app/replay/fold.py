"""Replay: a session again from its logs, at any moment.

`fold` is a pure function: what there was to begin with, and the events up to a moment, give the session as it was
then. The tables are not asked, so they can be checked against it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from app.database import events
from app.database.events import Event, EventName
from app.replay.state import Invited, Log, PlayerThen, RoomThen, Then
from app.rooms.moves import EMPTY, Made

# These say nothing of the state of a session, a room or a player; networks and results are read when they are shown.
PASSED_OVER: frozenset[EventName] = frozenset(
    {
        *("study_mended", "people_added", "network_rewired", "results_stored"),
        "data_erased",
        *("places_changed", "player_lined_up", "player_let_in", "player_came_again", "id_freed"),
        *("recruiter_asked", "recruiter_answered"),
    }
)


class ReplayError(Exception):
    """A log that can't be folded; the text says which event and why."""


def fold(invited: Iterable[Invited], logs: Iterable[Log], events: Iterable[Event]) -> Then:
    """The session after these events, which come in the order of what happened.

    An event that says nothing of a session's, room's or player's state is passed over. Raises ReplayError.
    """
    players = {one.id: PlayerThen(one.id, one.label, one.type, by_door=one.by_door) for one in invited}
    folding = _Folding(players, logs)
    for event in events:
        folding.last[event.log_id] = event.seq
        happen = getattr(folding, event.name, None)
        try:
            if happen is not None:
                happen(event, event.data)
        except (KeyError, TypeError, ValueError) as error:
            where = f"Event {event.seq} of log {event.log_id}, {event.name}"
            raise ReplayError(
                f"{where}, can't be replayed: {error!r}. Its data was changed, or is of another version."
            ) from None
    return folding.then()


class _Folding:
    """The session while it is folded: a method for each event, of the same name."""

    def __init__(self, players: dict[int, PlayerThen], logs: Iterable[Log]) -> None:
        self.players = players
        self.room_of = {log.id: log.room_id for log in logs}
        self.rooms: dict[int, RoomThen] = {}  # by log
        self.answered: dict[int, set[int]] = {}  # by log
        self.records: dict[int, int] = dict.fromkeys(self.room_of, 0)
        self.messages: dict[int, int] = dict.fromkeys(self.room_of, 0)
        self.notes: list[int] = []
        self.earned: dict[int, Decimal] = {}
        self.session = Then()
        self.last: dict[int, int] = {}

    def then(self) -> Then:
        rooms = {
            room.id: replace(room, answered=frozenset(self.answered[log_id]), seq=self.last[log_id])
            for log_id, room in sorted(self.rooms.items(), key=lambda one: one[1].id)
        }
        return replace(
            self.session,
            players=self.players,
            rooms=rooms,
            records=self.records,
            messages=self.messages,
            notes=self.notes,
            earned=self.earned,
        )

    def session_started(self, event: Event, data: events.SessionStarted) -> None:
        """Who came before it has waited only since then."""
        self.session = replace(self.session, status="running", started_at=_moment(event, data.get("since")))
        self._wait_from(event, data.get("waits_from"))

    def start_moved(self, event: Event, data: events.StartMoved) -> None:
        """Who waited for a start that was called off has waited only since then."""
        self._wait_from(event, data.get("waits_from"))

    def session_paused(self, event: Event, data: events.SessionMoved) -> None:
        self.session = replace(self.session, status="paused", paused_at=_moment(event, data.get("since")))

    def session_resumed(self, event: Event, data: events.SessionMoved) -> None:
        """Who signed in during the pause has waited only since then. The rooms' logs tell of their deadlines."""
        resumed_at, paused_at = _moment(event, data.get("since")), self.session.paused_at
        self.session = replace(self.session, status="running", paused_at=None, resumed_at=resumed_at)
        for player in list(self.players.values()):
            if player.status == "waiting" and player.waiting_since and paused_at:
                pause = resumed_at - max(player.waiting_since, paused_at)
                self._player(player.id, waiting_since=player.waiting_since + pause)
                if player.standby_until:
                    self._player(player.id, standby_until=player.standby_until + (resumed_at - paused_at))
                if player.asked_until:
                    self._player(player.id, asked_until=player.asked_until + (resumed_at - paused_at))

    def session_closed(self, event: Event, data: events.SessionMoved) -> None:
        closed_at = _moment(event, data.get("since"))
        self.session = replace(self.session, status="closed", paused_at=None, closed_at=closed_at)

    def seating_stopped(self, event: Event, data: events.HookFailed) -> None:
        self.session = replace(self.session, seating_stopped=True)

    def seating_retried(self, event: Event, data: events.DoneBy) -> None:
        self.session = replace(self.session, seating_stopped=False)

    def room_opened(self, event: Event, data: events.RoomOpened) -> None:
        room_id = self.room_of[event.log_id]
        if room_id is None:
            return  # the session's log says it, too
        if "during" in data:
            came = _moment(event, data.get("signed_in_at"))
            self._of(event, status=data["during"], treatment=data.get("treatment", {}), signed_in_at=came)
        self.answered[event.log_id] = set()
        self.rooms[event.log_id] = RoomThen(
            id=room_id,
            log_id=event.log_id,
            seq=event.seq,
            kind=data["kind"],
            number=int(data["room"].rpartition("-")[2]),
            reason=data["reason"],
            position=data["position"],
            step=data["step"],
            round=data["round"],
            deadline=_moment(event, data.get("deadline")),
            opened_at=_moment(event, data.get("opened_at")),
            opening=data.get("opening", False),
            began=_moment(event, data["began"]) if "began" in data else None,
            **_last_page(data),
            treatment=data.get("treatment", {}),
            during=data.get("during", "playing"),
            player_id=event.player_id,
        )

    def step_opened(self, event: Event, data: events.StepOpened) -> None:
        self.answered[event.log_id] = set()
        self._at_step(event, data)
        self._room(event, opening=False, asked=data.get("asked"), board=EMPTY)

    def room_stopped(self, event: Event, data: events.RoomFailed) -> None:
        self._at_step(event, data)
        self._room(event, stopped=True)

    def room_retried(self, event: Event, data: events.StepOpened) -> None:
        self._at_step(event, data)
        self._room(event, stopped=False)

    def deadline_moved(self, event: Event, data: events.DeadlineMoved) -> None:
        self._at_step(event, data)

    def room_ended(self, event: Event, data: events.RoomEnded) -> None:
        if self.room_of[event.log_id] is not None:
            self._at_step(event, data)
            over = dict(status="ended", ended_at=_moment(event, data.get("ended_at")))
            self._room(event, opening=False, stopped=False, outcome=data["outcome"], **over)

    def player_signed_in(self, event: Event, data: events.PlayerSignedIn) -> None:
        came, since = _moment(event, data.get("signed_in_at")), _moment(event, data.get("waiting_since"))
        drawn = {name: value for name, value in data.items() if name == "treatment"}
        arrived: dict[str, Any] = dict(type=data["type"], signed_in_at=came, waiting_since=since, **drawn)
        if queued := data.get("queued_from"):
            arrived["queued_from"] = _moment(event, queued)
        if queued or "queued_from" not in data:
            arrived["status"] = "waiting"
        self._of(event, **arrived)

    def player_placed(self, event: Event, data: events.PlayerPlaced) -> None:
        seated_at, treatment = _moment(event, data.get("seated_at")), data.get("treatment", {})
        seat = dict(room_id=data["room_id"], slot=data["slot"], seated_at=seated_at)
        self._of(event, status="playing", treatment=treatment, standby_until=None, **seat)
        self._of(event, asked_until=None, ready_at=None)

    def player_stands_by(self, event: Event, data: events.PlayerStandsBy) -> None:
        self._of(event, standby_until=_moment(event, data.get("until")))

    def player_asked(self, event: Event, data: events.PlayerAsked) -> None:
        ready_at = _moment(event, data["ready_at"]) if data.get("ready_at") else None
        self._of(event, asked_until=_moment(event, data["until"]), ready_at=ready_at)

    def player_ready(self, event: Event, data: events.PlayerReady) -> None:
        self._of(event, ready_at=_moment(event, data["ready_at"]))

    def player_missed(self, event: Event, data: events.PlayerMissed) -> None:
        self._of(event, asked_until=None, ready_at=None, queued_at=_moment(event, data["queued_at"]))

    def player_waits_on(self, event: Event, data: events.PlayerWaitsOn) -> None:
        self._of(event, asked_until=None, ready_at=None)

    def player_retyped(self, event: Event, data: events.PlayerRetyped) -> None:
        self._of(event, type=data["to"])

    def player_replaced(self, event: Event, data: events.PlayerReplaced) -> None:
        self._player(data.get("before_id", 0), replaced=True)
        self._set_bot(event, data["slot"], False)

    def bot_placed(self, event: Event, data: events.BotPlaced) -> None:
        self._set_bot(event, data["slot"], True)
        if (room := self.rooms.get(event.log_id)) and "type" in data:
            self._room(event, filled={**room.filled, data["slot"]: data["type"]})

    def player_nudged(self, event: Event, data: events.PlayerNudged) -> None:
        self._of(event, nudged_at=_moment(event, data.get("nudged_at")))

    def player_returned(self, event: Event, data: events.PlayerReturned) -> None:
        self._of(event, nudged_at=None)

    def player_finished(self, event: Event, data: events.PlayerOut) -> None:
        self._out(event, data, "finished")

    def player_left(self, event: Event, data: events.PlayerOut) -> None:
        self._out(event, data, "left")
        self._of(event, followed_by=data.get("then"))

    def player_goes_on(self, event: Event, data: events.PlayerGoesOn) -> None:
        went = _moment(event, data["waited_until"])
        self._of(event, status="after", outcome=data["outcome"], code=data["code"], waited_until=went)
        self._of(event, nudged_at=None, standby_until=None, asked_until=None, ready_at=None)

    def code_issued(self, event: Event, data: events.CodeIssued) -> None:
        self._of(event, code=data["code"], outcome=data["outcome"])

    def player_answered(self, event: Event, data: events.PlayerAnswered) -> None:
        self.records[event.log_id] += len(data["records"])
        room = self.rooms.get(event.log_id)
        at_step = room is not None and (room.last_step, room.last_round) == (data["step"], data["round"])
        if at_step and not data["late"] and event.player_id is not None:
            self.answered[event.log_id].add(event.player_id)

    def move_made(self, event: Event, data: events.MoveMade) -> None:
        room = self.rooms.get(event.log_id)
        if room is not None and data["accepted"] and data["position"] == room.position:
            made = Made(
                data["nth"], data["slot"], data["move"], data["values"], data["at"], data.get("clock")
            )
            self._room(event, board=room.board.after(made, data.get("state")))

    def player_earned(self, event: Event, data: events.PlayerEarned) -> None:
        if event.player_id is not None:
            before = self.earned.get(event.player_id, Decimal(0))
            self.earned[event.player_id] = before + Decimal(data["amount"])

    def message_sent(self, event: Event, data: events.MessageSent) -> None:
        self.messages[event.log_id] += 1

    def help_asked(self, event: Event, data: events.HelpAsked) -> None:
        self.notes.append(data["note"])

    def note_written(self, event: Event, data: events.NoteWritten) -> None:
        self.notes += data.get("notes", [data["note"]])

    def _wait_from(self, event: Event, since: events.Moment | None) -> None:
        for player in list(self.players.values()):
            if since and player.status == "waiting" and player.waiting_since:
                self._player(player.id, waiting_since=max(player.waiting_since, _moment(event, since)))

    def _at_step(self, event: Event, data: events.RoomAtStep) -> None:
        step = dict(position=data["position"], step=data["step"], round=data["round"], **_last_page(data))
        began = _moment(event, data["began"]) if "began" in data else None
        self._room(event, deadline=_moment(event, data.get("deadline")), began=began, **step)

    def _out(self, event: Event, data: events.PlayerOut, status: str) -> None:
        ends = dict(
            outcome=data["outcome"],
            code=data.get("code"),
            finished_at=_moment(event, data.get("finished_at")),
        )
        self._of(event, status=status, **ends)

    def _set_bot(self, event: Event, slot: int, plays: bool) -> None:
        if room := self.rooms.get(event.log_id):
            others = room.bots - {slot}
            self._room(event, bots=others | {slot} if plays else others)

    def _room(self, event: Event, **changes: Any) -> None:
        if event.log_id in self.rooms:
            self.rooms[event.log_id] = replace(self.rooms[event.log_id], **changes)

    def _of(self, event: Event, **changes: Any) -> None:
        """What changes for the player whom the event is about."""
        if event.player_id is not None:
            self._player(event.player_id, **changes)

    def _player(self, player_id: int, **changes: Any) -> None:
        if player_id in self.players:
            self.players[player_id] = replace(self.players[player_id], **changes)


def _last_page(data: events.RoomAtStep) -> dict[str, Any]:
    return dict(
        last_step=data.get("last_step") or data["step"], last_round=data.get("last_round") or data["round"]
    )


def _moment(event: Event, text: events.Moment | None) -> datetime:
    """To the microsecond; what an older version wrote without it happened about when it was written."""
    return datetime.fromisoformat(text) if text else event.at
