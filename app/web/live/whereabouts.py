"""Where a player is, as the database has it at one moment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from app.database import clock
from app.database.connections import Connection, snapshot
from app.players import drafts, notes, waiting_list
from app.players.codes import codes_of
from app.players.pay import account_now, earned_by
from app.players.players import Player, find_player, was_taken_out
from app.rooms import lobby, messages, parts, receipts, records, rooms
from app.rooms.earlier import with_earlier
from app.rooms.shown import told_in
from app.sessions.arrivals import NOT_RIGHT
from app.sessions.studies import Studies
from app.study.earlier import asks_earlier
from app.study.model.steps import AFTER, BEFORE, Step
from app.study.model.study import Study
from app.web import templates
from app.web.live.line import LinePlace
from app.web.live.lobbies import Lobbies
from app.web.live.lobby_place import Aside, LobbyPlace
from app.web.live.places import DonePlace, Place, RoomPlace
from app.web.signing import Keys


async def place_of(
    conn: Connection, keys: Keys, studies: Studies, lobbies: Lobbies, session_id: str, player_id: int
) -> Place | None:
    """Where the player is now. Opens a transaction of its own, so that all parts belong to one moment.

    Ask for the session's study first, without a connection: see `Studies.current`.
    """
    place = await _place_of(conn, keys, studies, lobbies, session_id, player_id)
    if isinstance(place, Player):  # whose process died before it opened their solo steps
        await parts.open_solo(conn, await studies.current(conn, session_id), [player_id])
        place = await _place_of(conn, keys, studies, lobbies, session_id, player_id)
    assert not isinstance(place, Player)
    return place


async def _place_of(
    conn: Connection, keys: Keys, studies: Studies, lobbies: Lobbies, session_id: str, player_id: int
) -> Place | Player | None:
    """The player alone where their solo steps have yet to open."""
    async with snapshot(conn):
        player = await find_player(conn, player_id)
        if player is None or not player.has_come:
            return None
        study = await studies.as_of(conn, session_id, player.study_sha256)
        if asks_earlier(study.files):
            player = await with_earlier(conn, player)
        if player.in_line:
            return await _line(conn, keys, study, player)
        if player.status == "waiting":
            return await _lobby(conn, keys, study, player, lobbies)
        if player.status == "playing" and player.room_id is not None:
            return await _room(conn, keys, study, player, player.room_id)
        if player.status in (BEFORE, AFTER):
            alone = await parts.solo_room_of(conn, player_id)
            return player if alone is None else await _room(conn, keys, study, player, alone)
        player = (await codes_of(conn, player.session_id, study)).shown_to(player)
        saved = await receipts.saved_by(conn, player.room_id, player.id)
        log_id, seq = await lobby.session_log(conn, player.session_id)
        account = await account_now(conn, study, player, clock.now())
        aside = await _aside(conn, keys, player)
        taken_out = await was_taken_out(conn, player)
        return DonePlace(player, study, saved, log_id, seq, aside, account, taken_out)


async def place_shown(
    conn: Connection, keys: Keys, studies: Studies, lobbies: Lobbies, session_id: str, player_id: int
) -> Place | None:
    """The same for somebody else's eyes: without what was typed and not sent."""
    place = await place_of(conn, keys, studies, lobbies, session_id, player_id)
    return replace(place, aside=replace(place.aside, drafts={})) if place else None


async def _line(conn: Connection, keys: Keys, study: Study, player: Player) -> LinePlace:
    line = await waiting_list.order(conn, player.session_id)
    log_id, seq = await lobby.session_log(conn, player.session_id)
    aside = await _aside(conn, keys, player)
    return LinePlace(player, study, line.index(player.id), len(line), log_id, seq, aside)


async def _lobby(conn: Connection, keys: Keys, study: Study, player: Player, lobbies: Lobbies) -> LobbyPlace:
    log_id, seq = await lobby.session_log(conn, player.session_id)
    now = await lobbies.at(conn, player.session_id, study, seq)
    aside, prospect = await _aside(conn, keys, player), now.waits_for.get(player.type)
    turn = now.turns.get(player.id)
    return LobbyPlace(player, study, prospect, now.waiting, log_id, seq, aside, now.before, turn)


async def _aside(conn: Connection, keys: Keys, player: Player) -> Aside:
    return Aside(
        await notes.notices_of(conn, player.session_id, player.id),
        keys.help_key(player.id),
        await drafts.drafts_of(conn, player.id),
    )


async def _room(conn: Connection, keys: Keys, study: Study, player: Player, room_id: int) -> RoomPlace:
    view = await rooms.view(conn, room_id)
    room, me, since = view.room, view.seat_of[player.id], player.seated_at or player.signed_in_at
    assert since is not None
    own_pace = study.plan[room.position].step.own_pace
    done = await records.pages_answered(conn, room.id, player.id) if own_pace else set()
    here = study.page_at(room.position, done)
    values, saved = await records.answers_of(conn, room.id, here.round, here.step.name, player.id)
    fields = {field.name: field for field in here.step.fields}
    errors: Mapping[str, str] = {}
    if here.step.attempts and here.round > 1 and not saved:
        tried, _ = await records.answers_of(conn, room.id, here.round - 1, here.step.name, player.id)
        values, errors = tried, not_right(study, here.step, tried)
    return RoomPlace(
        player=player,
        study=study,
        view=view,
        me=me,
        form_key=keys.answer_key(player.id, room.id, here.index, saved),
        values={name: fields[name].in_form(value) for name, value in values.items() if name in fields},
        saved=saved,
        errors=errors,
        messages=tuple(await messages.seen_by(conn, room.id, me.slot, since, study)),
        told=await told_in(conn, room.id, study, here),
        message_key=keys.message_key(player.id, room.id, room.position),
        aside=await _aside(conn, keys, player),
        at=here.index if own_pace else None,
        earned=await earned_by(conn, study, player.id),
    )


def not_right(study: Study, step: Step, tried: Mapping[str, str]) -> dict[str, str]:
    """Beside each answer of the attempt before what is wrong with it."""
    wrong, said = step.wrong_in(tried), templates.texts_of(study).say(NOT_RIGHT)
    return {one.name: f"{said} {one.hint}".strip() for one in step.checked if one.name in wrong}
