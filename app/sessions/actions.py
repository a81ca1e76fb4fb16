"""What a researcher does to a session, its rooms and its players: logged with who did it, safe to click twice.

Each returns a sentence for the researcher. An action names what its page showed; where that is no longer so,
somebody else (or the first of two clicks) was faster, and nothing changes. What is as it was wanted is told so; what
can't become so any more is refused by a `SessionError`.
"""

from __future__ import annotations

from datetime import datetime

from app.database.connections import Connection
from app.database.queries import Queries, value
from app.players import door, notes, players, waiting_list
from app.players.codes import codes_of
from app.players.players import INSIDE
from app.rooms import dropouts, gatherings, lobby, parts, rooms, takeovers
from app.sessions import sessions
from app.sessions.sessions import Session, SessionError
from app.sessions.starts import said
from app.study.model.study import Study
from app.study.stored import read_study

SQL = Queries(__name__)
LONGEST = 3600  # seconds that a step may be extended by at once


async def start(conn: Connection, session_id: str, by: str) -> str:
    """Seating begins, and waits count from now. Returns a sentence for the researcher; again changes nothing.

    `by` is empty where the session starts by itself: not if that was moved on a moment before.
    """
    session = await sessions.lock_as(conn, session_id, by)
    if not by and session_id not in await due_starts(conn):
        return f"{session.name} does not start by itself now; nothing changed."
    if session.status == "open":
        await conn.execute(SQL["lock_waiting_players"], dict(id=session_id))
        moment = dict(id=session_id, now=await value(conn, SQL["moment"]))
        await conn.execute(SQL["start_session"], moment)
        await conn.execute(SQL["begin_waits"], moment)
        await lobby.look_again(conn, session_id)
        return f"Started {session.name}: seating begins."
    return _already(session)


async def move_start(conn: Connection, session_id: str, start_at: datetime | None, by: str) -> str:
    """It starts by itself then, which is still to come; None: not by itself any more.

    Nobody's wait runs before a start that is known. Where it is called off, waits run from now.
    """
    session = await sessions.lock_as(conn, session_id, by)
    if session.status == "closed":
        raise SessionError(f"{session.name} is closed. Open a new session to run the study again.")
    if session.status != "open":
        raise SessionError(f"{session.name} has started already: its start can’t be moved any more.")
    if session.start_at == start_at:
        when = f"starts by itself at {said(start_at)}" if start_at else "does not start by itself"
        return f"{session.name} {when} already; nothing changed."
    moved = dict(id=session_id, start_at=start_at, now=await value(conn, SQL["moment"]))
    await conn.execute(SQL["lock_waiting_players"], moved)
    if start_at is None:
        await conn.execute(SQL["call_start_off"], moved)
        await conn.execute(SQL["begin_waits"], moved)
    else:
        await conn.execute(SQL["move_start"], moved)
    await lobby.look_again(conn, session_id)
    if start_at is None:
        return f"{session.name} does not start by itself any more: it waits for you."
    return f"{session.name} starts by itself at {said(start_at)}, while a server runs."


async def due_starts(conn: Connection) -> list[str]:
    """Sessions that are to have started by themselves by now."""
    found = await conn.execute(SQL["due_starts"])
    return [session_id for (session_id,) in await found.fetchall()]


async def pause(conn: Connection, session_id: str, by: str) -> str:
    """Everything stands still until `resume`, which moves every deadline by the length of the pause."""
    session = await sessions.lock_as(conn, session_id, by)
    if session.status == "running":
        await conn.execute(SQL["pause_session"], dict(id=session_id))
        return f"Paused {session.name}: every deadline waits."
    return _already(session)


async def resume(conn: Connection, session_id: str, by: str) -> str:
    session = await sessions.lock_as(conn, session_id, by)
    if session.status == "paused":
        assert session.paused_at is not None
        resumed_at = await shift(conn, session_id, session.paused_at)
        await conn.execute(SQL["resume_session"], dict(id=session_id, resumed_at=resumed_at))
        return f"Resumed {session.name}."
    return _already(session)


async def shift(conn: Connection, session_id: str, since: datetime) -> datetime:
    """Every deadline and every wait moves by the time from `since` to now: backward, if `since` is still to come.

    Returns the moment that counted as now.
    """
    await conn.execute(SQL["lock_rooms_of_session"], dict(id=session_id))
    await conn.execute(SQL["lock_waiting_players"], dict(id=session_id))
    # One moment for all, and after the wait for the locks: that belongs to the pause.
    now: datetime = await value(conn, SQL["moment"])
    gap = dict(id=session_id, since=since, until=now)
    await conn.execute(SQL["shift_waiting"], gap)
    await waiting_list.shift(conn, session_id, since, now)
    await conn.execute(SQL["shift_gatherings"], gap)
    await conn.execute(SQL["shift_rooms"], gap)
    await lobby.look_again(conn, session_id)
    return now


async def close(conn: Connection, session_id: str, by: str) -> str:
    """Nobody comes in any more, rooms end, everyone who signed in gets a code."""
    session = await sessions.lock_as(conn, session_id, by)
    if session.status == "closed":
        return f"{session.name} is closed already; nothing changed."
    study = await read_study(conn, session_id)
    room_ids = await _lock_rooms(conn, session_id)
    await conn.execute(SQL["lock_waiting_players"], dict(id=session_id))
    await waiting_list.lock(conn, session_id)
    await door.forget(conn, session_id)
    cut_short: int = await value(conn, SQL["still_after"], id=session_id)
    await players.leave_lobby(conn, session_id, study)
    await waiting_list.send_home(conn, session_id, study)
    await gatherings.end_all(conn, session_id)
    await parts.close(conn, session_id, room_ids, study)
    await conn.execute(SQL["close_session"], dict(id=session_id))
    said = f"Closed {session.name}: the door is shut and everyone who came has a code."
    if cut_short:
        who = "1 person was" if cut_short == 1 else f"{cut_short:,} people were"
        said += f" {who} still at [[after]]: what they had yet to answer there is missing."
    return said


async def advance(
    conn: Connection, session_id: str, study: Study, room_id: int, position: int, by: str
) -> str:
    """Put a room that stands at `position` to the next step, or end it after the last."""
    await _running(conn, session_id, by)
    room = await _room(conn, session_id, room_id)
    if room.status == "ended" or room.position != position:
        return f"{room.name} has moved on already; nothing changed."
    if room.player_id is not None:
        raise SessionError(f"{room.name} is of one person, who goes on alone and whom nobody waits for.")
    if study.decides(study.plan[position].step.during):
        # The conductor decides on it, as on any room whose time is up: what hooks need isn't for a click to wait for.
        await conn.execute(SQL["end_step"], dict(room_id=room_id))
        return f"{room.name} moves on now."
    following = study.following(position)
    if following is None:
        await parts.end(conn, [room_id], "complete", study)
        return f"{room.name} is done: that was its last step."
    await rooms.advance(conn, study, [(room_id, study.plan[following])])
    return f"{room.name} is at its next step."


async def extend(
    conn: Connection, session_id: str, room_id: int, position: int, given: int, seconds: int, by: str
) -> str:
    """Give a room, which stood at `position` when the researcher looked and had been `given` so many, `seconds` more.

    Whatever else moves its deadline, as moves do where it comes so long after the last one, is no hindrance.
    """
    if not 1 <= seconds <= LONGEST:
        raise SessionError(f"A step can be extended by 1 to {LONGEST:,} seconds at once.")
    await sessions.lock_as(conn, session_id, by)
    room = await _room(conn, session_id, room_id)
    which = dict(room_id=room_id, position=position, given=given, secs=seconds)
    if await value(conn, SQL["extend_room"], **which) is None:
        return f"{room.name} has gone on, or more time, already; nothing changed."
    return f"{room.name} has {seconds} seconds more."


async def tell_room(conn: Connection, session_id: str, room_id: int, body: str, form: str, by: str) -> str:
    """A note for each who plays there. The same `form` again changes nothing."""
    room = await _room(conn, session_id, room_id)
    told = await notes.write_to_room(conn, room.id, room.name, by, body, form)
    if not told and not (told := await notes.written_to_room(conn, session_id, body, form)):
        raise SessionError(f"Nobody plays in {room.name} any more; nothing was written.")
    return f"It stands on {'the page' if told == 1 else 'the pages'} of all {told:,} who play in {room.name}."


async def tell_player(conn: Connection, session_id: str, player_id: int, by: str, text: str, key: str) -> str:
    if not await notes.tell(conn, session_id, player_id, by, text, key):
        raise SessionError("They were erased, and no words are kept for them: nothing was written.")
    return "It stands on their page now."


async def end_room(conn: Connection, session_id: str, study: Study, room_id: int, by: str) -> str:
    """Everybody in it is done, with the code for a session that was closed."""
    await sessions.lock_as(conn, session_id, by)
    room = await _room(conn, session_id, room_id)
    if room.status == "ended":
        return f"{room.name} has ended already; nothing changed."
    await parts.end(conn, [room_id], "closed", study)
    return f"{room.name} has ended; everybody in it has a code."


async def dismiss(
    conn: Connection, session_id: str, study: Study, player_id: int, outcome: str, by: str
) -> str:
    """A player who is in, or waits in line, leaves for good, with the code of `outcome`.

    Their room goes on as after a drop-out. For whom it has ended already, and who only has solo steps left, the code
    stands.
    """
    _code(study, outcome)
    await sessions.lock_as(conn, session_id, by)
    player = await _player(conn, session_id, player_id)
    if not player.may_change:
        said = f"{player.label} is not in the session ({player.status}); nothing changed."
        if player.status != "left":
            raise SessionError(said)
        return said
    if not await waiting_list.leave(conn, player_id, study, outcome):
        await dropouts.withdraw(conn, player_id, study, outcome)
    now = await _player(conn, session_id, player_id)
    return f"{player.label} has left with the code for “{now.outcome}”."


async def replace(
    conn: Connection, session_id: str, study: Study, player_id: int, newcomer_id: int, outcome: str, by: str
) -> str:
    """Somebody who waits takes the slot of a player who plays, or has left; that one gets the code of `outcome`.

    The newcomer goes on where the room is: what the one before said stays theirs and stored.
    """
    _code(study, outcome)
    await sessions.lock_as(conn, session_id, by)
    player = await _player(conn, session_id, player_id)
    if player.room_id is None:
        raise SessionError(f"{player.label} has no slot that somebody could take.")
    room = await _room(conn, session_id, player.room_id)
    if label := await takeovers.heir_of(conn, player.id, newcomer_id):
        return f"{label} has had the slot of {player.label} already; nothing changed."
    if room.status == "ended":
        raise SessionError(f"{room.name} has ended; nothing changed.")
    standbys = {one.id: one for one in await takeovers.standbys_for(conn, player)}
    if newcomer_id not in standbys:
        raise SessionError(f"Whoever was to take the slot of {player.label} can’t; nothing changed.")
    await takeovers.take_over(conn, study, player, newcomer_id, outcome)
    return f"{standbys[newcomer_id].label} sits in {room.name}, slot {player.slot}, now."


async def issue(
    conn: Connection, session_id: str, study: Study, player_id: int, outcome: str, by: str
) -> str:
    """Somebody who is out, or never came in, gets the code of `outcome`."""
    _code(study, outcome)
    await sessions.lock_as(conn, session_id, by)
    player = await _player(conn, session_id, player_id)
    if player.status in INSIDE:
        raise SessionError(f"{player.label} is in the session. Take them out with the code that you choose.")
    code = study.finish.codes[outcome]
    if player.code == code:
        return f"{player.label} has the code {code} already; nothing changed."
    await conn.execute(SQL["issue_code"], dict(player_id=player_id, outcome=outcome, code=code))
    codes = await codes_of(conn, session_id, study)
    handed_in = codes.handed_in(player_id, code, player.erased_at is not None)
    return f"{player.label} has the code {handed_in} now."


async def free_id(conn: Connection, session_id: str, player_id: int, by: str) -> str:
    """Somebody had come with an id that is another's: that one comes in with it, as somebody new."""
    await sessions.lock_as(conn, session_id, by)
    player = await _player(conn, session_id, player_id)
    if not await door.free_id(conn, player_id):
        return f"{player.label} has no id of a recruiter; nothing changed."
    return f"The id of {player.label} is nobody’s now: whoever comes with it comes in anew."


async def retype(conn: Connection, session_id: str, study: Study, player_id: int, type_: str, by: str) -> str:
    """Somebody who waits is of another type from now on, and may sit down at once."""
    if study.types and type_ not in study.types:
        raise SessionError(f"The study has no type “{type_}”; it has {', '.join(study.types)}.")
    await sessions.lock_as(conn, session_id, by)
    player = await _player(conn, session_id, player_id)
    if player.type == type_:
        return f"{player.label} is {type_} already; nothing changed."
    if player.status != "waiting":
        raise SessionError(f"{player.label} does not wait ({player.status}); nothing changed.")
    await players.log_arrivals(conn, [player_id])
    await conn.execute(SQL["retype_player"], dict(player_id=player_id, type=type_))
    await lobby.seat(conn, session_id, study)
    return f"{player.label} is {type_} now."


async def seat_now(conn: Connection, session_id: str, study: Study, kind: str, by: str) -> str:
    """Rooms of this kind take those who wait without their waiting any longer."""
    if all(one.name != kind for one in study.rooms):
        raise SessionError(f"The study has no room “{kind}”.")
    await _running(conn, session_id, by)
    seated = await lobby.seat(conn, session_id, study, at_once=kind)
    if not seated:
        raise SessionError(f"There are not enough people for a room “{kind}”; nothing changed.")
    who, (has, is_) = ("1 person", ("has", "is")) if seated == 1 else (f"{seated} people", ("have", "are"))
    did = f"{has} sat down" if study.lobby.ready is None else f"{is_} asked whether they are ready"
    return f"{who} {did}."


# Of a whole session: each takes it by its id alone.
ACTIONS = {"start": start, "pause": pause, "resume": resume, "close": close}


def _already(session: Session) -> str:
    if session.status == "open":
        raise SessionError(f"{session.name} has not started. Start it first.")
    if session.status == "closed":
        raise SessionError(f"{session.name} is closed. Open a new session to run the study again.")
    return f"{session.name} is {session.status} already; nothing changed."


def _code(study: Study, outcome: str) -> None:
    if outcome not in study.finish.codes:
        raise SessionError(f"The study has no code for “{outcome}”; it has {', '.join(study.finish.codes)}.")


async def _running(conn: Connection, session_id: str, by: str) -> None:
    session = await sessions.lock_as(conn, session_id, by)
    if session.status != "running":
        raise SessionError(f"{session.name} is {session.status}: this can be done while it is running.")


async def _lock_rooms(conn: Connection, session_id: str) -> list[int]:
    """All that play. Whoever goes on alone while their room is waited for has a new one, which is waited for, too."""
    before: list[int] | None = None
    while True:
        locked = await conn.execute(SQL["lock_rooms_of_session"], dict(id=session_id))
        found = [room_id for (room_id,) in await locked.fetchall()]
        if found == before:
            return found
        before = found


async def _room(conn: Connection, session_id: str, room_id: int) -> rooms.Room:
    """Locked: after the session, before its players."""
    found = await value(conn, SQL["lock_room"], room_id=room_id, session_id=session_id)
    if found is None:
        raise SessionError("There is no such room in this session.")
    return await rooms.find_room(conn, room_id)


async def _player(conn: Connection, session_id: str, player_id: int) -> players.Player:
    player = await players.find_player(conn, player_id)
    if player is None or player.session_id != session_id:
        raise SessionError("There is no such player in this session.")
    return player
