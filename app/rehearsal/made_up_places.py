"""Places that are made up: where people are in a study, as pages are drawn before anybody has come."""

from __future__ import annotations

import json
import random
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from app.database import clock
from app.players.notes import Notices
from app.players.pay import account_of
from app.players.players import Player
from app.rooms.limits import Told
from app.rooms.messages import Message
from app.rooms.moves import EMPTY, MoveBoard
from app.rooms.prospects import prospects
from app.rooms.receipts import Saved
from app.rooms.rooms import Room, RoomView, Seat, Seats
from app.study.model.channels import Channel
from app.study.model.fields import Field
from app.study.model.kinds.slots import Slots
from app.study.model.networks import Tie, Ties
from app.study.model.plausible import plausible
from app.study.model.steps import AFTER
from app.study.model.study import ANY, Position, RoomKind, Study
from app.study.model.treatments import Draws
from app.web.live.done_place import DonePlace
from app.web.live.lobby_place import Aside, LobbyPlace
from app.web.live.places import RoomPlace

ASIDE = Aside(Notices("", ()), "key", {})


def lobby_place(study: Study, player: Player, type_: str, status: str = "running") -> LobbyPlace:
    """Of whoever waits as this type, with one of each other; `status`: the session's."""
    waits_for = prospects(study, dict.fromkeys(study.types or ("",), 1), {})
    waiting = replace(player, type=type_, status="waiting", session_status=status)
    return LobbyPlace(waiting, study, waits_for[type_], 1, 1, 1, ASIDE)


def solo_place(study: Study, player: Player, position: Position, outcome: str) -> RoomPlace:
    """Of somebody by themselves, for whom it ended so where this comes after the room."""
    during = position.step.during
    player = replace(player, status=during)
    if during == AFTER:
        player = replace(player, outcome=outcome, code=study.finish.codes[outcome])
    if has_sat(study, during, outcome):
        player = replace(player, room_id=1, slot=1)
    view = view_of(RoomKind(during, {ANY: 1}), position, [player.type], (), player.treatment)
    return RoomPlace(player, study, view, view.seats[0], "key", ASIDE, at=position.index)


def has_sat(study: Study, during: str, outcome: str) -> bool:
    """Whether whoever is there alone has been in a room."""
    return during == AFTER and bool(study.rooms) and outcome in ("complete", "partner_left")


def room_place(study: Study, player: Player, view: RoomView, slot: int, role: str = "") -> RoomPlace:
    seat = view.seats[slot - 1]
    sits = replace(player, id=slot, slot=slot, type=seat.type, room_id=1)
    return RoomPlace(sits, study, view, seat, "key", ASIDE, at=view.room.position, role=role)


def done_place(study: Study, player: Player, outcome: str) -> DonePlace:
    """Of somebody for whom it ended so."""
    code = study.finish.codes[outcome]
    done = replace(player, status="finished", outcome=outcome, code=code, finished_at=clock.now())
    account = account_of(study, done, [], clock.now()) if study.pays else None
    return DonePlace(done, study, Saved([1], "digest", 0), 1, 1, ASIDE, account)


def later(place: RoomPlace) -> RoomPlace:
    """The same page after an answer, a word and somebody who left; with what the step shows of others."""
    here, chance = place.position, random.Random(place.me.slot)
    slots = [seat.slot for seat in place.view.seats]
    seats = Seats(
        replace(
            seat, answered=True, status="left" if seat.slot == slots[-1] != place.me.slot else seat.status
        )
        for seat in place.view.seats
    )
    told = told_until(place, here.index)
    return replace(
        place,
        view=RoomView(place.view.room, seats, place.view.ties),
        me=seats[place.me.slot - 1],
        values={one.name: answer_to(one, chance, slots) for one in replace(place, told=told).step.fields},
        saved=1,
        messages=tuple(
            Message(nth, place.me.slot, None, place.me.alias, "Hello", clock.now(), one.name)
            for nth, one in enumerate(here.step.talks or (Channel(),), 1)
        ),
        members={one.name: frozenset(slots) for one in here.step.channels},
        told=told,
        earned=Decimal("0.10"),
    )


def told_until(place: RoomPlace, until: int) -> Told:
    """What everybody has answered by the position `until`, that one included; in no room by whoever was in none."""
    chance, slots = random.Random(until), [seat.slot for seat in place.view.seats]
    return {
        (slot, one.step.name, one.round, field.name): answer_to(field, chance, slots)
        for one in place.study.plan[: until + 1]
        if place.player.room_id or one.step.is_solo
        for field in (*one.step.fields, *one.step.results)
        for slot in slots
    }


def answer_to(field: Field, chance: random.Random, slots: Sequence[int]) -> str:
    return json.dumps(slots) if isinstance(field.kind, Slots) else plausible(field, chance, slots)


def made_up_player(study: Study) -> Player:
    came = clock.now() - timedelta(seconds=30)
    return Player(
        token_hash=b"",
        id=1,
        session_id="trial",
        label="P1",
        type=(study.types or ("",))[0],
        status="playing",
        room_id=None,
        slot=None,
        signed_in_at=came,
        waiting_since=came,
        seated_at=came,
        finished_at=None,
        outcome=None,
        code=None,
        session_status="running",
        treatment=Draws(study.treatments, 1).room("", 1),
    )


def view_of(
    kind: RoomKind,
    position: Position,
    types: Sequence[str] = (),
    ties: Sequence[Tie] = (),
    treatment: Mapping[str, str] = {},
    board: MoveBoard = EMPTY,
) -> RoomView:
    """A room of this kind that is made up."""
    room = Room(
        id=1,
        session_id="trial",
        name=f"{kind.name}-1",
        kind=kind.name,
        status="playing",
        position=position.index,
        step=position.step.name,
        round=position.round,
        last_step=position.step.name,
        last_round=position.round,
        deadline=clock.now() + timedelta(seconds=position.step.limit),
        outcome=None,
        opening=False,
        stopped=False,
        session_status="running",
        paused_at=None,
        log_id=1,
        seq=1,
        session_log_id=2,
        session_seq=1,
        treatment=treatment,
        during=position.step.during,
        player_id=1 if position.step.is_solo else None,
        began=clock.now() if position.step.clock else None,
    )
    seats = [
        Seat(slot, "" if room.player_id else f"Player {slot}", type_, slot, "playing", answered=False)
        for slot, type_ in enumerate(types or kind.types, 1)
    ]
    return RoomView(room, Seats(seats), Ties(ties), board=board)
