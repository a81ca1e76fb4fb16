"""What a room was, and what a player's page showed, at a moment that is over."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from app.database import clock
from app.database.connections import Connection
from app.database.queries import Queries, rows
from app.players import languages
from app.players.codes import codes_of
from app.players.notes import Note, Notices
from app.players.pay import account_now
from app.players.players import Player, find_player, was_taken_out
from app.replay.state import PlayerThen, Then
from app.rooms import messages, prospects, ties
from app.rooms.alone import SLOT as ALONE
from app.rooms.channels import members_in
from app.rooms.items import lacks
from app.rooms.limits import Told
from app.rooms.paths import page_of, parts_by_role, who_is
from app.rooms.receipts import Saved, digest
from app.rooms.rooms import Room, RoomView, Seat, Seats
from app.rooms.shown import keys_told
from app.sessions.sessions import Session
from app.study.model.steps import BEFORE, ROLE
from app.study.model.study import Position, Study
from app.web.live.done_place import DonePlace
from app.web.live.lobby_place import Aside, LobbyPlace
from app.web.live.places import Place, RoomPlace
from app.web.live.whereabouts import not_right
from app.web.monitor.drawing import drawing_of
from app.web.monitor.histories import Happened, RoomStory, Sitter, Spoken

SQL = Queries(__name__)
MOST = 300  # lines of a log and messages of a talk


@dataclass(frozen=True, slots=True)
class Stage:
    """Where a moment is looked at from: the session, its study, and what the logs say."""

    session: Session
    study: Study
    at: datetime
    then: Then


@dataclass(frozen=True, slots=True)
class RecordThen:
    """One version of one answer."""

    id: int
    player_id: int
    slot: int
    step: str
    round: int
    field: str
    value: str
    version: int
    late: bool
    erased: bool


@dataclass(frozen=True, slots=True)
class Slot:
    slot: int
    alias: str
    type: str


async def page_then(conn: Connection, stage: Stage, player_id: int) -> str:
    """The HTML of the page that this player had; empty for who had not come in yet."""
    place = await place_then(conn, stage, player_id)
    with clock.standing_at(stage.at):
        return place.html() if place else ""


async def place_then(conn: Connection, stage: Stage, player_id: int) -> Place | None:
    language = await languages.language_at(conn, player_id, stage.at)
    stage = replace(stage, study=stage.study.said_in(language))
    then, study = stage.then, stage.study
    player = then.players[player_id]
    aside = Aside(await _notices(conn, stage, player_id), "", {})
    if player.status == "invited":
        return None
    if player.status == "waiting":
        lobbied = [one for one in then.players.values() if one.status == "waiting"]
        waiting = [one.type for one in lobbied if one.standby_until is None]
        counts = {type_: waiting.count(type_) for type_ in waiting}
        made = rooms_made(then)
        prospect = prospects.prospects(study, counts, made).get(player.type)
        turn = prospects.queue_places(study, _queue(then), made).get(player_id)
        # No log tells whose page was there
        before = sum(one.status == BEFORE for one in then.players.values())
        return LobbyPlace(_player(stage, player), study, prospect, len(waiting), 0, 0, aside, before, turn)
    here = then.room_of(player_id)
    if here is not None:
        return await _room_place(conn, stage, player, here, aside)
    own = [
        one
        for room_id in then.rooms_of(player_id)
        for one in await _said(conn, stage, room_id)
        if one.player_id == player_id
    ]
    own.sort(key=lambda one: one.id)
    wrote = await rows(conn, Happened, SQL["happened_until"], **_until(stage, player.room_id))
    sent = sum(one.name == "message_sent" and one.player_id == player_id for one in wrote)
    digest_ = digest((one.id, one.field, one.value) for one in own)
    saved = Saved([one.id for one in own], digest_, sent, any(one.erased for one in own))
    now = await find_player(conn, player_id)  # no log has what came with them
    assert now is not None
    codes = await codes_of(conn, stage.session.id, study)
    code = codes.handed_in(player_id, player.code, now.erased_at is not None)
    out = replace(_player(stage, player), given=now.given, code=code)
    account, taken_out = await account_now(conn, study, out, stage.at), await was_taken_out(conn, out)
    return DonePlace(out, study, saved, 0, 0, aside, account, taken_out)


async def _room_place(
    conn: Connection, stage: Stage, player: PlayerThen, room_id: int, aside: Aside
) -> RoomPlace:
    """As `whereabouts` makes it of a room with others or of solo steps."""
    study, view = stage.study, await room_then(conn, stage, room_id)
    since = player.seated_at or player.signed_in_at
    assert since is not None
    said = await _said(conn, stage, room_id)
    own = [one for one in said if one.player_id == player.id]
    done, me = {(one.step, one.round) for one in own if not one.late}, view.seat_of[player.id]
    role = await _role(conn, stage, view.room, me.slot)
    position = page_of(study, view.room.position, done, who_is(_player(stage, player).treatment, role))
    step = position.step
    here = [one for one in own if (one.step, one.round) == (step.name, position.round)]
    values = {one.field: one.value for one in here}
    errors: Mapping[str, str] = {}
    if step.attempts and position.round > 1 and not here:
        before = step.name, position.round - 1
        values = {one.field: one.value for one in own if (one.step, one.round) == before and not one.late}
        errors = not_right(study, step, values)
    fields = {field.name: field for field in step.fields}
    now = await find_player(conn, player.id) if step.shuffles else None
    seed = now.seed if now else 0
    told = await _told(conn, stage, room_id, position, said)
    return RoomPlace(
        player=replace(_player(stage, player), seed=seed),
        study=study,
        view=view,
        me=me,
        form_key="",
        aside=aside,
        values={name: fields[name].in_form(value) for name, value in values.items() if name in fields},
        saved=max((one.version for one in here), default=0),
        errors=errors,
        messages=tuple(
            await messages.seen_by(conn, room_id, me.slot, since, study, view.room.position, stage.at)
        ),
        told=told,
        undrawn=lacks(study, position, me.slot, told),
        at=position.index if step.own_pace else None,
        earned=stage.then.earned.get(player.id, Decimal(0)),
        members=await members_in(conn, room_id, position.index, step),
        role=role,
    )


async def room_then(conn: Connection, stage: Stage, room_id: int) -> RoomView:
    """The room must have been open by then."""
    room, then = stage.then.rooms[room_id], stage.then
    refilled = {
        one.slot
        for one in then.players.values()
        if one.room_id == room_id and one.replaced and one.followed_by == "smaller"
    }
    sitting = {one.slot if room.player_id is None else ALONE: one for one in then.seated(room_id)}
    seats = [
        Seat(
            slot=slot.slot,
            alias=slot.alias,
            type=slot.type if room.player_id is None or one is None else one.type,
            player_id=one.id if one else None,
            status="bot" if one is None else "playing" if one.status == room.during else one.status,
            answered=one is not None and one.id in room.answered,
            asked=room.asked is None or slot.slot in room.asked,
            nudged=one is not None and one.nudged_at is not None,
            bot=slot.slot in room.bots,
            refilled=slot.slot in refilled,
        )
        for slot in await rows(conn, Slot, SQL["slots_of"], room_id=room_id)
        if (one := sitting.get(slot.slot)) or slot.slot in room.filled
    ]
    return RoomView(
        Room(
            id=room.id,
            session_id=stage.session.id,
            name=room.name,
            kind=room.kind,
            status=room.status,
            position=room.position,
            step=room.step,
            round=room.round,
            last_step=room.last_step,
            last_round=room.last_round,
            deadline=room.deadline,
            outcome=room.outcome,
            opening=room.opening,
            stopped=room.stopped,
            session_status=then.status,
            paused_at=then.paused_at,
            log_id=room.log_id,
            seq=room.seq,
            session_log_id=0,
            session_seq=0,
            treatment=room.treatment,
            during=room.during,
            player_id=room.player_id,
            began=room.began,
        ),
        Seats(seats),
        await ties.holding(conn, room_id, room.position),
        board=room.board,
    )


async def story_then(conn: Connection, stage: Stage, room_id: int) -> RoomStory:
    """As the researcher's page of this room told it."""
    view = await room_then(conn, stage, room_id)
    sitters = {seat.slot: _sitter(stage.then, room_id, seat) for seat in view.seats}
    happened = await rows(conn, Happened, SQL["happened_until"], **_until(stage, room_id))
    said = await rows(conn, Spoken, SQL["talk_until"], **_until(stage, room_id))
    told = [one for one in happened if one.name != "message_sent"][:MOST]
    labels = {one.id: one.label for one in stage.then.players.values()}
    return RoomStory(view, sitters, told, said, await drawing_of(view), labels)


def _sitter(then: Then, room_id: int, seat: Seat) -> Sitter:
    if seat.player_id is None:
        return Sitter(seat.slot, None, "bot", then.rooms[room_id].type_of_bot(seat.slot), "bot", False)
    one = then.players[seat.player_id]
    return Sitter(seat.slot, one.id, one.label, one.type, one.status, True)


def rooms_made(then: Then) -> dict[str, int]:
    made: dict[str, int] = {}
    for room in then.together:
        made[room.kind] = made.get(room.kind, 0) + 1
    return made


def _queue(then: Then) -> list[tuple[int, str]]:
    """As `queue` of sql/rooms/prospects.sql."""
    waits = [one for one in then.players.values() if one.status == "waiting" and one.standby_until is None]
    since = {one.id: one.queued_at or one.signed_in_at for one in waits}
    waits.sort(key=lambda one: (since[one.id], one.id))
    return [(one.id, one.type) for one in waits] if then.status == "running" else []


def _player(stage: Stage, one: PlayerThen) -> Player:
    return Player(
        token_hash=b"",
        id=one.id,
        session_id=stage.session.id,
        label=one.label,
        type=one.type,
        status=one.status,
        room_id=one.room_id,
        slot=one.slot,
        signed_in_at=one.signed_in_at,
        waiting_since=one.waiting_since,
        seated_at=one.seated_at,
        finished_at=one.finished_at,
        outcome=one.outcome,
        code=one.code,
        session_status=stage.then.status,
        nudged_at=max(one.nudged_at, stage.then.resumed_at or one.nudged_at) if one.nudged_at else None,
        treatment=one.treatment,
        standby_until=one.standby_until,
        start_at=stage.then.start_at,
        queued_at=one.queued_at,
        asked_until=one.asked_until,
        ready_at=one.ready_at,
        queued_from=one.queued_from,
        waited_until=one.waited_until,
    )


async def _said(conn: Connection, stage: Stage, room_id: int) -> list[RecordThen]:
    return await rows(conn, RecordThen, SQL["said_until"], **_until(stage, room_id))


async def _told(
    conn: Connection, stage: Stage, room_id: int, position: Position, said: Sequence[RecordThen]
) -> Told:
    """As `shown.told_in`: of each answer the newest that came in time, and what was computed or filled in."""
    keys = set(keys_told(stage.study, position))
    if not keys:
        return {}
    told = {(one.slot, one.step, one.round, one.field): one.value for one in said if not one.late}
    found = await conn.execute(SQL["results_until"], _until(stage, room_id))
    told |= {(slot, step, round_, name): value for slot, step, round_, name, value in await found.fetchall()}
    if any(stage.study.step_named(step).during != position.step.during for step, _, _ in keys):
        found = await conn.execute(SQL["elsewhere_until"], _elsewhere(stage, room_id))
        told |= {
            (slot, step, round_, name): value for slot, step, round_, name, value in await found.fetchall()
        }
    return {key: value for key, value in told.items() if key[1:] in keys}


async def _role(conn: Connection, stage: Stage, room: Room, slot: int) -> str:
    """What somebody was by then, where pages or moves are theirs by it."""
    if not parts_by_role(stage.study, room.position):
        return ""
    found = await conn.execute(SQL["results_until"], _until(stage, room.id))
    dealt = [value for of, _, _, name, value in await found.fetchall() if (of, name) == (slot, ROLE)]
    return dealt[-1] if dealt else ""


def _elsewhere(stage: Stage, room_id: int) -> dict[str, object]:
    """The other parts of which a room knows what its people said there, as `parts.said_elsewhere`."""
    then, room = stage.then, stage.then.rooms[room_id]
    lines = [
        (
            one.id,
            ALONE if room.player_id else one.slot,
            other,
            (then.rooms[other].player_id and ALONE) or one.slot,
        )
        for one in then.seated(room_id)
        for other in then.rooms_of(one.id)
        if other != room_id and (room.player_id or then.rooms[other].during == BEFORE)
    ]
    columns = [list(column) for column in zip(*lines, strict=True)] if lines else [[], [], [], []]
    names = ("players", "slots", "rooms", "slots_there")
    return dict(zip(names, columns, strict=True), at=stage.at)


async def _notices(conn: Connection, stage: Stage, player_id: int) -> Notices:
    where = dict(ids=list(stage.then.notes), player_id=player_id)
    found = await rows(conn, Note, SQL["notes_until"], **where)
    banner = next((note.body for note in reversed(found) if note.player_id is None), "")
    return Notices(banner, tuple(note for note in found if note.player_id is not None))


def _until(stage: Stage, room_id: int | None) -> dict[str, object]:
    return dict(room_id=room_id, at=stage.at)
