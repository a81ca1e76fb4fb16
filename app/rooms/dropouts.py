"""Drop-outs: who gives no sign while their room waits for them, and what a room does about whoever leaves it.

Somebody is silent who has to answer and has neither answered nor done anything else for as long as the step allows.
Whoever has answered and waits for others never is, and whether a page is connected does not matter: a phone that is
locked has none.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from app.database import clock
from app.database.connections import Connection
from app.database.queries import Queries, rows
from app.players import players, signs_of_life
from app.rooms import lobby, parts, rooms, takeovers
from app.study.model.study import Study

SQL = Queries(__name__)


@dataclass(frozen=True, slots=True)
class Silent:
    """Somebody who has given no sign for too long."""

    player_id: int
    room_id: int
    step: str
    is_to_be_nudged: bool  # else they are gone


async def take_back_nudges(conn: Connection, session_id: str) -> None:
    """Of everybody who has given a sign since they were nudged."""
    await conn.execute(SQL["take_back_nudges"], dict(session_id=session_id))


async def come_back(conn: Connection, player_id: int) -> None:
    """The player says that they are still there."""
    await conn.execute(SQL["take_back_nudge"], dict(player_id=player_id))
    await signs_of_life.put(conn, {player_id: clock.now()})


async def silent_players(
    conn: Connection, session_id: str, study: Study, room_ids: Sequence[int] | None = None
) -> list[Silent]:
    """Those with whom something is to be done now; `room_ids`: only in these rooms."""
    asking = [step for step in study.steps if step.fields and step.dropout.silent]
    return await rows(
        conn,
        Silent,
        SQL["silent_players"],
        session_id=session_id,
        room_ids=None if room_ids is None else list(room_ids),
        steps=[step.name for step in asking],
        silents=[step.dropout.silent for step in asking],
        graces=[step.dropout.grace for step in asking],
        nudges=[step.dropout.nudges for step in asking],
        takes_out=[step.dropout.takes_out for step in asking],
    )


async def settle(conn: Connection, session_id: str, study: Study, found: Sequence[Silent]) -> list[int]:
    """Nudge those who are silent, and take out those who stayed it, if they still are. Returns the rooms they left.

    `found`: who was silent a moment ago, before anything was locked. Of two processes that find the same, one does it.
    """
    rules = {step.name: step.dropout for step in study.steps}
    if any(not one.is_to_be_nudged and "standby" in rules[one.step].then for one in found):
        await lobby.lock(conn, session_id)  # before the rooms: see the lock order
    locked = await conn.execute(SQL["lock_rooms"], dict(room_ids=sorted({one.room_id for one in found})))
    room_ids = [room_id for (room_id,) in await locked.fetchall()]
    if not room_ids:
        return []
    players_there = [one.player_id for one in found if one.room_id in room_ids]
    await conn.execute(SQL["lock_players"], dict(player_ids=players_there))
    # No answer to these rooms is stored meanwhile; whoever has given one by now is no longer silent.
    silent = await silent_players(conn, session_id, study, room_ids)
    nudged = [one.player_id for one in silent if one.is_to_be_nudged]
    if nudged:
        await conn.execute(SQL["nudge"], dict(player_ids=nudged))
    gone = [one for one in silent if not one.is_to_be_nudged]
    ending = [
        one.room_id
        for one in gone
        if await _leave(conn, study, one.player_id, "dropped", rules[one.step].follow)
    ]
    if ending:
        await parts.end(conn, sorted(set(ending)), "partner_left", study)
    return sorted({one.room_id for one in gone})


async def withdraw(conn: Connection, player_id: int, study: Study, outcome: str = "withdrawn") -> int | None:
    """The player leaves for good, from the lobby or a room. Again changes nothing. Returns the room."""
    player = await players.find_player(conn, player_id)
    assert player is not None
    # With the lobby locked nobody is seated meanwhile, so the room that is locked next is the right one.
    await lobby.lock(conn, player.session_id)
    player = await players.find_player(conn, player_id)
    assert player is not None
    alone = await parts.solo_room_of(conn, player_id)
    if alone is not None:
        await rooms.lock_room(conn, alone)
        if await parts.solo_room_of(conn, player_id) != alone:
            return await withdraw(conn, player_id, study, outcome)  # they went on meanwhile
        await parts.leave(conn, alone, outcome, study)
        return alone
    if player.room_id is not None:
        await rooms.lock_room(conn, player.room_id)
    await players.lock_player(conn, player_id)
    if player.room_id is None:
        await players.leave(conn, [player_id], outcome, study)
        await lobby.look_soon(conn, player.session_id)
        return None
    room = await rooms.find_room(conn, player.room_id)
    then = study.plan[room.position].step.dropout.follow
    if await _leave(conn, study, player_id, outcome, then):
        await parts.end(conn, [player.room_id], "partner_left", study)
    return player.room_id


async def decline(conn: Connection, study: Study, room_id: int, position: int) -> int | None:
    """Whoever is asked at this solo step whether they take part does not. Elsewhere by now: nothing happens.

    Returns the room.
    """
    await rooms.lock_room(conn, room_id)
    room = await rooms.find_room(conn, room_id)
    outcome = study.plan[position].step.decline
    if room.position != position or room.status == "ended" or not outcome:
        return None
    await parts.end(conn, [room_id], outcome, study)
    return room_id


async def _leave(conn: Connection, study: Study, player_id: int, outcome: str, then: Sequence[str]) -> bool:
    """Somebody who plays leaves, and of what may follow the first that can be done is. Whether that ends the room."""
    player = await players.find_player(conn, player_id)
    if player is None or player.status != "playing":
        return False
    for action in then:
        if action == "standby":
            standbys = await takeovers.standbys_for(conn, player, study.lobby.present)
            if standbys:
                await takeovers.take_over(conn, study, player, standbys[0].id, outcome)
                return False
        elif action == "continue" and outcome == "dropped":
            return False  # they stay
        else:
            await players.leave(conn, [player_id], outcome, study, action)
            if action == "bot":
                await takeovers.give_to_bot(conn, player)
            return action == "end_room"
    if outcome != "dropped":
        await players.leave(conn, [player_id], outcome, study, "smaller")
    return False
