"""The live fold: a room as its pages show it, after one more event of its log."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from app.database import events
from app.database.events import Event, EventName
from app.rooms.moves import EMPTY, Made
from app.rooms.rooms import Room, RoomView, Seats
from app.study.model.networks import Tie, Ties


def fold(view: RoomView, event: Event) -> RoomView:
    """The room after this event, which comes next in its log."""
    room = replace(view.room, seq=event.seq)
    change = CHANGES.get(event.name)
    return replace(view, room=room) if change is None else change(view, room, event, event.data)


def fold_all(view: RoomView, events: Sequence[Event]) -> RoomView:
    """The room after these events, which come next in its log, one after the other."""
    for nth, event in enumerate(events, 1):
        if nth == len(events) or not _passes_over(view, event):
            view = fold(view, event)
    return view


def _passes_over(view: RoomView, event: Event) -> bool:
    """Whether nothing but the number would be another, which has a next one here: a room has many parts to copy."""
    if event.name == "player_answered":
        seat = view.seat_of.get(event.player_id or 0)
        return seat is None or seat.answered
    return event.name not in CHANGES


# For each event a function of its name. `view`: before it; `room`: of that view, with the event's number.


def room_opened(view: RoomView, room: Room, event: Event, data: events.RoomOpened) -> RoomView:
    return _at_step(view, room, data, view.seats, data.get("opening", False))


def deadline_moved(view: RoomView, room: Room, event: Event, data: events.DeadlineMoved) -> RoomView:
    return _at_step(view, room, data, view.seats)


def step_opened(view: RoomView, room: Room, event: Event, data: events.StepOpened) -> RoomView:
    moved, asked = data["position"] != room.position, data.get("asked")
    seats = Seats(
        replace(seat, answered=seat.answered and not moved, asked=asked is None or seat.slot in asked)
        for seat in view.seats
    )
    return _at_step(view, room, data, seats)


def room_stopped(view: RoomView, room: Room, event: Event, data: events.RoomFailed) -> RoomView:
    return replace(view, room=replace(room, stopped=True))


def room_retried(view: RoomView, room: Room, event: Event, data: events.StepOpened) -> RoomView:
    return replace(view, room=replace(room, stopped=False))


def room_ended(view: RoomView, room: Room, event: Event, data: events.RoomEnded) -> RoomView:
    return replace(view, room=replace(room, status="ended"))


def network_rewired(view: RoomView, room: Room, event: Event, data: events.NetworkRewired) -> RoomView:
    """From the step on that opens next."""
    return replace(view, room=room, ahead=Ties([Tie(*tie) for tie in data["ties"]]))


def player_answered(view: RoomView, room: Room, event: Event, data: events.PlayerAnswered) -> RoomView:
    if data["late"] or (data["step"], data["round"]) != (room.last_step, room.last_round):
        return replace(view, room=room)
    seat = view.seat_of.get(event.player_id or 0)
    if seat is None or seat.answered:
        return replace(view, room=room)  # again, as whoever makes many moves does
    return _seat_of(view, room, event, answered=True)


def move_made(view: RoomView, room: Room, event: Event, data: events.MoveMade) -> RoomView:
    if not data["accepted"] or data["position"] != room.position:
        return replace(view, room=room)
    made = Made(data["nth"], data["slot"], data["move"], data["values"], data["at"], data.get("clock"))
    return replace(view, room=room, board=view.board.after(made, data.get("state")))


def player_replaced(view: RoomView, room: Room, event: Event, data: events.PlayerReplaced) -> RoomView:
    assert event.player_id is not None
    seats = Seats(
        replace(
            seat,
            player_id=event.player_id,
            status="playing",
            answered=False,
            nudged=False,
            bot=False,
            refilled=seat.refilled or data.get("was_empty", False),
        )
        if seat.slot == data["slot"]
        else seat
        for seat in view.seats
    )
    return replace(view, room=room, seats=seats)


def bot_placed(view: RoomView, room: Room, event: Event, data: events.BotPlaced) -> RoomView:
    seats = Seats(replace(seat, bot=True) if seat.slot == data["slot"] else seat for seat in view.seats)
    return replace(view, room=room, seats=seats)


def player_nudged(view: RoomView, room: Room, event: Event, data: events.PlayerNudged) -> RoomView:
    return _seat_of(view, room, event, nudged=True)


def player_returned(view: RoomView, room: Room, event: Event, data: events.PlayerReturned) -> RoomView:
    return _seat_of(view, room, event, nudged=False)


def player_left(view: RoomView, room: Room, event: Event, data: events.PlayerOut) -> RoomView:
    return _seat_of(view, room, event, status="left")


CHANGES: Mapping[EventName, Callable[[RoomView, Room, Event, Any], RoomView]] = {
    "room_opened": room_opened,
    "deadline_moved": deadline_moved,
    "step_opened": step_opened,
    "room_stopped": room_stopped,
    "room_retried": room_retried,
    "room_ended": room_ended,
    "network_rewired": network_rewired,
    "player_answered": player_answered,
    "move_made": move_made,
    "player_replaced": player_replaced,
    "bot_placed": bot_placed,
    "player_nudged": player_nudged,
    "player_returned": player_returned,
    "player_left": player_left,
}
# What is told of these changes nothing in the room: words and pay go to the pages as they come.
PASSED_OVER: frozenset[EventName] = frozenset(
    {"message_sent", "player_earned", "player_finished", "player_goes_on", "results_stored"}
)


def _at_step(
    view: RoomView, room: Room, data: events.RoomAtStep, seats: Seats, opening: bool = False
) -> RoomView:
    moved = data["position"] != room.position
    room = replace(
        room,
        position=data["position"],
        step=data["step"],
        round=data["round"],
        last_step=data.get("last_step", data["step"]),
        last_round=data.get("last_round", data["round"]),
        deadline=datetime.fromisoformat(data["deadline"]),
        began=datetime.fromisoformat(data["began"]) if "began" in data else None,
        opening=opening,
    )
    if not moved:
        return replace(view, room=room, seats=seats)
    ties = view.ties if view.ahead is None else view.ahead
    return replace(view, room=room, seats=seats, ties=ties, ahead=None, board=EMPTY)


def _seat_of(view: RoomView, room: Room, event: Event, **changes: Any) -> RoomView:
    """What changes for the seat of the player whom the event is about."""
    before = view.seat_of.get(event.player_id or 0)
    if before is None:
        return replace(view, room=room)
    return replace(view, room=room, seats=view.seats.with_changed(before, replace(before, **changes)))
