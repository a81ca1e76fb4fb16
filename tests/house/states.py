"""States that a player can be in, as made-up places: what their page says there can be read without a session."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from app.database import clock
from app.players.notes import Note, Notices
from app.players.pay import account_of
from app.players.players import Player
from app.rooms.prospects import QueuePlace, prospects
from app.rooms.receipts import Saved
from app.rooms.rooms import Room, RoomView, Seat, Seats
from app.study.model.networks import Tie, Ties
from app.study.model.study import Study
from app.web import templates
from app.web.live.done_place import DonePlace
from app.web.live.line import LinePlace
from app.web.live.lobby_place import Aside, LobbyPlace
from app.web.live.places import RoomPlace

NOW = clock.now()
IN_LINE: dict[str, Any] = dict(
    status="invited",
    in_line_since=NOW - timedelta(seconds=30),
    in_line_until=NOW + timedelta(seconds=570),
    signed_in_at=None,
    waiting_since=None,
)
SILENT = Notices("", ())
ASKED = Notices("", (Note(1, 1, None, "Help!", "", NOW),))


@dataclass(frozen=True)
class State:
    """`toml`: of the study; `at` draws the page of somebody who is in this state."""

    toml: str
    at: Callable[[Study], str]
    says: tuple[str, ...]
    never: tuple[str, ...] = ()


def aside(notices: Notices = SILENT) -> Aside:
    return Aside(notices, "key", {})


def a_player(**changes: Any) -> Player:
    came = NOW - timedelta(seconds=30)
    times: dict[str, datetime | None] = dict(
        signed_in_at=came, waiting_since=came, seated_at=None, finished_at=None
    )
    whole: dict[str, Any] = dict(
        token_hash=b"",
        id=1,
        session_id="s",
        label="P1",
        type="red",
        status="waiting",
        room_id=None,
        slot=None,
        outcome=None,
        code=None,
        session_status="running",
        **times,
    )
    return Player(**(whole | changes))


def lobby(
    waiting: int = 1,
    made: int = 0,
    notices: Notices = SILENT,
    before: int = 0,
    turn: QueuePlace | None = None,
    **player: Any,
) -> Callable[[Study], str]:
    """`before`: people who are still on their way to the lobby."""

    def drawn(study: Study) -> str:
        prospect = prospects(study, {"red": waiting}, {"four": made})["red"]
        return LobbyPlace(
            a_player(**player), study, prospect, waiting, 1, 1, aside(notices), before, turn
        ).html()

    return drawn


def room(
    seats: Mapping[int, Mapping[str, Any]] = {},
    status: str = "running",
    notices: Notices = SILENT,
    nudged: bool = False,
    ties: tuple[Tie, ...] | None = None,
    saved: int = 0,
    **of_room: Any,
) -> Callable[[Study], str]:
    """`seats`: what is other than that somebody plays there, by slot; the player sits in slot 1."""

    def drawn(study: Study) -> str:
        size = study.largest_room
        sitting = Seats(
            replace(Seat(n, f"Name{n}", "red", n, "playing", answered=False), **seats.get(n, {}))
            for n in range(1, size + 1)
        )
        pairs = tuple(Tie(a, b, 1.0) for a in range(1, size + 1) for b in range(1, size + 1) if a != b)
        view = RoomView(a_room("talk", status, **of_room), sitting, Ties(pairs if ties is None else ties))
        player = a_player(
            status="playing",
            room_id=1,
            slot=1,
            seated_at=NOW,
            session_status=status,
            nudged_at=NOW if nudged else None,
        )
        return RoomPlace(player, study, view, sitting[0], "key", aside(notices), saved=saved, at=0).html()

    return drawn


def a_room(step: str, status: str, **changes: Any) -> Room:
    """`status`: of the session."""
    whole: dict[str, Any] = dict(
        id=1,
        session_id="s",
        name="four-1",
        kind="four",
        status="playing",
        position=0,
        step=step,
        round=1,
        last_step=step,
        last_round=1,
        deadline=NOW + timedelta(seconds=60),
        outcome=None,
        opening=False,
        stopped=False,
        session_status=status,
        paused_at=NOW if status == "paused" else None,
        log_id=1,
        seq=1,
        session_log_id=2,
        session_seq=1,
        treatment={},
    )
    return Room(**(whole | changes))


def alone(
    page: int,
    status: str = "running",
    outcome: str | None = None,
    wrong: Mapping[str, str] = {},
    saved: int = 0,
    notices: Notices = SILENT,
    **of_room: Any,
) -> Callable[[Study], str]:
    """At a solo step; `page`: its index in the plan. `wrong`: what is said beside answers."""

    def drawn(study: Study) -> str:
        step = study.plan[page].step
        room = a_room(step.name, status, position=page, during=step.during, player_id=1, **of_room)
        me = Seat(1, "", "red", 1, "playing", answered=bool(saved))
        player = a_player(status=step.during, outcome=outcome, code=outcome and "C-7", session_status=status)
        place = RoomPlace(player, study, RoomView(room, Seats([me]), Ties()), me, "key", aside(notices))
        return replace(place, errors=wrong, saved=saved).html()

    return drawn


def done(
    outcome: str,
    taken_out: bool = False,
    records: int = 0,
    messages: int = 0,
    notices: Notices = SILENT,
    **player: Any,
) -> Callable[[Study], str]:
    def drawn(study: Study) -> str:
        out: dict[str, Any] = dict(status="finished", outcome=outcome, code="C-7", finished_at=NOW)
        who = a_player(**(out | player))
        account = account_of(study, who, [], NOW) if study.pays else None
        saved = Saved(list(range(records)), "digest", messages)
        return DonePlace(who, study, saved, 1, 1, aside(notices), account, taken_out).html()

    return drawn


def line(ahead: int, many: int, **player: Any) -> Callable[[Study], str]:
    """Before a door that is full."""

    def drawn(study: Study) -> str:
        return LinePlace(a_player(**(IN_LINE | player)), study, ahead, many, 1, 1, aside()).html()

    return drawn


def door(template: str, **shown: Any) -> Callable[[Study], str]:
    return lambda study: templates.render_for(
        study,
        f"player/{template}.html",
        **dict(study=study, action="/join/t", privacy="/join/t/privacy", values={}, errors={}),
        **(
            dict(
                elsewhere=False,
                visit="",
                preview=False,
                above="",
                outdated=False,
                attempt=1,
                left=1,
                way_in=None,
            )
            | shown
        ),
    )
