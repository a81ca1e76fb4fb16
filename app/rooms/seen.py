"""What stands on a page, as values: for whatever plays in place of a person, and is to see what a person there would.

Those are bots that play within the server, and those of a rehearsal, which read it from their pages.
"""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, NamedTuple

from app.database.connections import Connection
from app.database.queries import Queries, row
from app.rooms import channels, messages, moves, rooms
from app.rooms.limits import Told, last_before, told_last, told_to
from app.rooms.messages import Message
from app.rooms.moves import MoveBoard
from app.rooms.rooms import RoomView, Seat
from app.rooms.shown import TOGETHER, others_of, shown_to, told_in
from app.study.hooks import networklab
from app.study.hooks.acts import offers_of, questions_of
from app.study.hooks.answers import read_made, read_value
from app.study.model.moves import MoveForm
from app.study.model.steps import ROLE, Step
from app.study.model.study import Position, Study

SQL = Queries(__name__)
SaidThere = tuple[str, int, int, str, str]  # step, round, slot, name and stored value


class OnPage(NamedTuple):
    """What a page shows of others."""

    slot: int  # of whose page it is
    aliases: dict[int, str]  # slot → name, of all who are named
    sees: tuple[int, ...]  # the slots of those whom the page says that one is connected with
    said: tuple[SaidThere, ...]  # each answer that is shown by itself: a mean gives away none


@dataclass(frozen=True, slots=True)
class BotsPage:
    """What stands on the page of a slot that a bot has."""

    room: networklab.Room  # as the study's `bot` gets it
    questions: tuple[networklab.Question, ...]
    step: Step  # as it asks this slot
    forms: tuple[MoveForm, ...]  # the moves that it offers
    position: Position
    seq: int  # of the last event of the room's log that it shows

    def room_at(self, turn: int) -> networklab.Room:
        return replace(self.room, turn=turn)

    @property
    def digest(self) -> str:
        """Another one where something else stands there, the clock apart."""
        still = replace(self.room, at=0.0, left=0.0, turn=0, clock=None)
        packed = [networklab.pack(still), networklab.pack(self.questions)]
        return hashlib.sha256(json.dumps(packed, ensure_ascii=False).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class _Bot:
    treatment: Mapping[str, str]
    seed: int
    since: datetime  # whoever has the slot has it
    at: float
    left: float
    refused: str
    own: list[SaidThere]


def on_page(
    study: Study, position: Position, view: RoomView, me: Seat, told: Told, partners: Collection[Seat] = ()
) -> OnPage:
    """Nothing that a person there can't see. `partners` are those with whom the page says that one talks."""
    chat = position.step.chat
    sees = {*view.neighbours(me.slot)} if chat in ("neighbours", "direct") else set[Seat]()
    named = {me, *(partners if chat != "none" else ())}
    said = dict[tuple[str, int, int, str], str]()
    for one in shown_to(study, position, view, me, told):
        if one.show.look in TOGETHER:
            continue
        drawn = one.show.look == "picture" and (one.dots or one.nodes)
        seats = {line.seat for line in one.lines}
        named |= seats
        sees |= seats if one.show.of == "neighbours" else set()
        for seat in seats:
            for round_ in one.rounds[-1:] if drawn else one.rounds:
                for step in one.show.steps:
                    if value := told.get((seat.slot, step, round_, one.show.field)):
                        said[step, round_, seat.slot, one.show.field] = value
    for field in position.step.fields:
        places = last_before(study, position, field.about) if field.about else ()
        for other in others_of(study, position, view, me, told, field) if field.of else ():
            named.add(other.seat)
            sees |= {other.seat} if other.is_seen else set()
            if other.answer and (last := told_last(told, other.seat.slot, field.about, places)):
                where, value = last
                said[where.step.name, where.round, other.seat.slot, field.about] = value
    aliases = dict(sorted((seat.slot, seat.alias) for seat in named))
    values = tuple((*key, value) for key, value in said.items())
    return OnPage(me.slot, aliases, tuple(sorted(seat.slot for seat in sees)), values)


def as_values(
    study: Study, position: Position, view: RoomView, me: Seat, told: Told, partners: Collection[Seat] = ()
) -> str:
    """The same as JSON, for a study's `bot` that plays behind the page. "" where the study has none."""
    if not study.dropout.bot_hook and not any(step.bot for step in study.steps):
        return ""
    page = on_page(study, position, view, me, told, partners)
    found = page._asdict() | {"aliases": list(page.aliases.items())}
    return json.dumps(found, ensure_ascii=False, separators=(",", ":"))


def room_of(
    study: Study,
    position: Position,
    seed: int,
    seats: Iterable[networklab.Seat],
    page: OnPage,
    said: Iterable[SaidThere],
) -> networklab.Room:
    """The room as whoever has this page knows it. `said`: all that they have seen, or said themselves."""
    fields = {(step.name, one.name): one for step in study.all_steps for one in (*step.fields, *step.results)}
    order = {(one.step.name, one.round): one.index for one in study.plan}
    known = dict[tuple[str, int, int, str], networklab.Said]()
    for step, round_, slot, name, value in said:
        field = fields.get((step, name))
        if field and field.says(value):
            read = read_value(field, value)
            known[step, round_, slot, name] = networklab.Said(step, round_, slot, name, read)
    return networklab.Room(
        name="",
        kind="",
        number=0,
        seed=seed,
        step=position.step.name,
        round=position.round,
        rounds=position.step.repeat,
        seats=tuple(sorted(seats, key=lambda one: one.slot)),
        ties=tuple(networklab.Tie(page.slot, other) for other in page.sees),
        all_said=tuple(sorted(known.values(), key=lambda one: order[one.step, one.round])),
        constants=study.constants,
    )


def made_on(at: Position, board: MoveBoard) -> tuple[networklab.Move, ...]:
    """The moves that stand there."""
    return tuple(
        read_made(form, one.slot, form.written(one.values), one.at, at.step.clock)
        for one in board.moves
        if (form := at.step.move_named(one.name))
    )


def bots_room(
    room: networklab.Room,
    position: Position,
    slot: int,
    board: MoveBoard,
    heard: Iterable[networklab.Message],
    forms: Collection[MoveForm],
    refused: str,
    at: float,
    left: float,
) -> networklab.Room:
    """The room as `room_of` has it, whose seed is its own, as the step's `bot` gets it. `at` and `left` are seconds.

    By chance, too, it knows no more than its page: a study may have drawn what others have from the room's seed.
    """
    return replace(
        room,
        seed=random.Random(f"{room.seed}/page/{slot}").getrandbits(31),
        state=networklab.unpack(board.state),
        moves=made_on(position, board),
        messages=tuple(heard),
        offers=offers_of(forms),
        refused=refused,
        at=at,
        left=left,
        clock=position.step.clock.value(at) if position.step.clock else None,
    )


async def page_of(
    conn: Connection, study: Study, room_id: int, slot: int, position: int, of_bot: bool = True
) -> BotsPage | None:
    """None where no bot has that slot any more, or else no player, or the room is elsewhere, or the step not for it."""
    view = await rooms.view(conn, room_id)
    me = view.seats.by_slot.get(slot)
    bot = await row(conn, _Bot, SQL["seat"], room_id=room_id, slot=slot, position=position, of_bot=of_bot)
    if bot is None or me is None or not me.asked or view.room.position != position:
        return None
    at = study.plan[position]
    told = await told_in(conn, room_id, study, at)
    members = await channels.members_in(conn, room_id, position, at.step)
    partners = channels.partners_of(at.step, view, me, members)
    page = on_page(study, at, view, me, told, partners)
    heard = await messages.seen_by(conn, room_id, slot, bot.since, study, position) if at.step.talks else []
    treatment = dict(bot.treatment)
    if study.roles is not None and at.step.moves:
        roles = await moves.roles_now(conn, room_id, position)
        treatment |= {ROLE: roles[slot]} if slot in roles else {}
    forms = tuple(one for one in at.step.moves if one.is_for(treatment))
    named = {*page.aliases, *(one.slot for one in heard)}
    if at.step.moves:
        named |= view.seats.by_slot.keys()  # whom a board may name
    seats = [_seat(view.seats.by_slot[one], me) for one in named if one in view.seats.by_slot]
    room = bots_room(
        room_of(study, at, bot.seed, seats, page, [*page.said, *map(_as_said, bot.own)]),
        *(at, slot, view.board, [_heard(one) for one in heard], forms, bot.refused),
        *(bot.at, bot.left),
    )
    step = at.step.limited(told_to(study, at, slot, told))
    said = {(name, round_) for step_, round_, _, name, _ in bot.own if step_ == at.step.name}
    open_ = not any((field.name, at.round) in said for field in step.fields)
    others = {
        one.name: [other.seat.slot for other in others_of(study, at, view, me, told, one)]
        for one in step.fields
        if one.of
    }
    questions = questions_of(step.fields, others) if open_ else ()
    return BotsPage(room, questions, step, forms, at, view.room.seq)


def _seat(seat: Seat, me: Seat) -> networklab.Seat:
    return networklab.Seat(seat.slot, seat.alias, "", plays=seat.is_taken, bot=seat.slot == me.slot)


def _heard(one: Message) -> networklab.Message:
    return networklab.Message(one.slot, one.body, one.channel, one.to_slot)


def _as_said(one: Any) -> SaidThere:
    step, round_, slot, name, value = one
    return step, round_, slot, name, value
