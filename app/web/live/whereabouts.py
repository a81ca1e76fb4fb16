"""Where a player is, as the database has it at one moment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from app.database import clock
from app.database.connections import Connection
from app.players import drafts, notes, waiting_list
from app.players.codes import codes_of
from app.players.pay import account_now
from app.players.players import Player, find_player, was_taken_out
from app.rooms import items, messages, moves, receipts, records
from app.rooms.channels import members_in
from app.rooms.earlier import with_earlier
from app.rooms.items import lacks
from app.rooms.limits import in_key, told_to
from app.rooms.messages import Message
from app.rooms.paths import page_of, parts_by_role, who_is
from app.rooms.rooms import Room, RoomView
from app.rooms.shown import keys_told
from app.sessions import arrivals
from app.sessions.arrivals import NOT_RIGHT
from app.study.earlier import asks_earlier
from app.study.model.steps import AFTER, BEFORE, Step
from app.study.model.study import Study
from app.web import templates
from app.web.live.done_place import DonePlace
from app.web.live.line import LinePlace
from app.web.live.lobby_place import Aside, LobbyPlace
from app.web.live.moment import OneMoment, at_one_moment
from app.web.live.places import Place, RoomPlace
from app.web.live.shared import Shared
from app.web.signing import Keys


async def place_of(conn: Connection, shared: Shared, session_id: str, player_id: int) -> Place | None:
    """Where the player is now, all of one moment. May open a transaction of its own, and draw what their page shows.

    Ask for the session's study first, without a connection: see `Studies.current`.
    """

    async def read(moment: OneMoment) -> Place | Player | None:
        return await _place_of(moment, shared, session_id, player_id)

    place = await at_one_moment(conn, read)
    if isinstance(place, Player):  # whose process died before it opened their solo steps
        study = await shared.studies.current(conn, session_id)
        await arrivals.begin_late(conn, session_id, study, player_id)
        place = await at_one_moment(conn, read)
    if isinstance(place, RoomPlace) and place.undrawn and shared.hooks and not place.room.stopped:
        await items.draw(conn, shared.hooks, place.study, place.room.id, place.position, place.me.slot)
        place = await at_one_moment(conn, read)
    assert not isinstance(place, Player)
    return place


async def _place_of(
    moment: OneMoment, shared: Shared, session_id: str, player_id: int
) -> Place | Player | None:
    """The player alone where their solo steps have yet to open."""
    player = await find_player(moment.conn, player_id)
    if player is None or not player.has_come:
        return None
    study = shared.studies.at_hand(session_id)
    if study is None or study.sha256 != player.study_sha256:
        study = await shared.studies.as_of(moment.more(), session_id, player.study_sha256)
    study = study.said_in(player.language)
    if asks_earlier(study.files):
        player = await with_earlier(moment.more(), player)
    if player.in_line:
        return await _line(moment, shared.keys, study, player)
    if player.status == "waiting":
        return await _lobby(moment, shared, study, player)
    if player.here_id is not None:
        return await _room(moment, shared, study, player, await shared.views.of(moment, player))
    if player.status in (BEFORE, AFTER):
        return player
    return await _done(moment, shared.keys, study, player)


async def place_shown(conn: Connection, shared: Shared, session_id: str, player_id: int) -> Place | None:
    """The same for somebody else's eyes: without what was typed and not sent, and nothing is drawn for them."""
    place = await place_of(conn, replace(shared, hooks=None), session_id, player_id)
    return replace(place, aside=replace(place.aside, drafts={})) if place else None


async def _done(moment: OneMoment, keys: Keys, study: Study, player: Player) -> DonePlace:
    conn = moment.more()
    player = (await codes_of(conn, player.session_id, study)).shown_to(player)
    saved = await receipts.saved_by(conn, player.room_id, player.id)
    account = await account_now(conn, study, player, clock.now())
    aside = await _aside(moment, keys, player)
    of_log = player.session_log_id, player.session_seq
    return DonePlace(player, study, saved, *of_log, aside, account, await was_taken_out(conn, player))


async def _line(moment: OneMoment, keys: Keys, study: Study, player: Player) -> LinePlace:
    line = await waiting_list.order(moment.more(), player.session_id)
    of_log = player.session_log_id, player.session_seq
    aside = await _aside(moment, keys, player)
    return LinePlace(player, study, line.index(player.id), len(line), *of_log, aside)


async def _lobby(moment: OneMoment, shared: Shared, study: Study, player: Player) -> LobbyPlace:
    now = await shared.lobbies.at(moment, player.session_id, study, player.session_seq)
    aside, of_log = await _aside(moment, shared.keys, player), (player.session_log_id, player.session_seq)
    prospect, turn = now.waits_for.get(player.type), now.turns.get(player.id)
    return LobbyPlace(player, study, prospect, now.waiting, *of_log, aside, now.before, turn)


async def _aside(moment: OneMoment, keys: Keys, player: Player) -> Aside:
    who = player.session_id, player.id
    told = await notes.notices_of(moment.more(), *who) if player.has_notes else notes.NONE
    typed = await drafts.drafts_of(moment.more(), player.id) if player.has_drafts else {}
    return Aside(told, keys.help_key(player.id), typed)


async def _room(moment: OneMoment, shared: Shared, study: Study, player: Player, view: RoomView) -> RoomPlace:
    keys = shared.keys
    room, me, since = view.room, view.seat_of[player.id], player.seated_at or player.signed_in_at
    assert since is not None
    own_pace = study.plan[room.position].step.own_pace
    done = await records.pages_answered(moment.more(), room.id, player.id) if own_pace else set()
    role = await _role(moment, room, study, me.slot)
    here = page_of(study, room.position, done, who_is(player.treatment, role))
    fields = {field.name: field for field in here.step.fields}
    values: Mapping[str, str] = {}
    errors: Mapping[str, str] = {}
    saved = 0
    if player.has_said:
        where = room.id, here.round, here.step.name, player.id
        values, saved = await records.answers_of(moment.more(), *where)
    if here.step.attempts and here.round > 1 and not saved:
        where = room.id, here.round - 1, here.step.name, player.id
        values = await records.answers_in_time(moment.more(), *where)
        errors = not_right(study, here.step, values)
    said = list[Message]()
    if room.messages:
        said = await messages.seen_by(moment.more(), room.id, me.slot, since, study, room.position)
    members = await members_in(moment.more(), room.id, here.index, here.step) if here.step.channels else {}
    told = await shared.views.told(moment, study, view, here) if keys_told(study, here) else {}
    limiting = in_key(here.step, told_to(study, here, me.slot, told)) if here.step.limiting else ""
    return RoomPlace(
        player=player,
        study=study,
        view=view,
        me=me,
        form_key=keys.answer_key(player.id, room.id, here.index, saved, limiting),
        values={name: fields[name].in_form(value) for name, value in values.items() if name in fields},
        saved=saved,
        errors=errors,
        messages=tuple(said),
        told=told,
        message_key=keys.message_key(player.id, room.id, room.position),
        move_key=keys.move_key(player.id, room.id, room.position) if here.step.moves else "",
        members=members,
        role=role,
        aside=await _aside(moment, keys, player),
        at=here.index if own_pace else None,
        earned=player.earned,
        undrawn=own_pace and lacks(study, here, me.slot, told),
    )


async def _role(moment: OneMoment, room: Room, study: Study, slot: int) -> str:
    """Where pages or moves are theirs by it."""
    if not parts_by_role(study, room.position):
        return ""
    return (await moves.roles_now(moment.more(), room.id, room.position)).get(slot, "")


def not_right(study: Study, step: Step, tried: Mapping[str, str]) -> dict[str, str]:
    """Beside each answer of the attempt before what is wrong with it; nothing where there was none in time."""
    wrong, said = {*step.wrong_in(tried)} & {*tried}, templates.texts_of(study).say(NOT_RIGHT)
    return {one.name: f"{said} {one.hint}".strip() for one in step.checked if one.name in wrong}
