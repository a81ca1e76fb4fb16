"""The lobby: who waits, who can be seated, for how long anybody waits."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from app.database.connections import Connection
from app.database.queries import Queries, value
from app.database.queries import rows as typed_rows
from app.players import players
from app.rooms import opening, rooms, seating, seating_hook, takeovers
from app.rooms.seating import Placement, Waiting
from app.study.hooks.pool import Hooks
from app.study.model.study import ANY, Standby, Study

SQL = Queries(__name__)
STANDBY_LOOK = 5.0  # seconds after which it is looked again whether some room still needs who stands by
BUSY_LOOK = 0.5  # the same, where a room that needs somebody was busy


async def lock(conn: Connection, session_id: str, patient: bool = True) -> bool:
    """Whether its row is locked now; without patience it is not if somebody else holds it."""
    query = SQL["lock" if patient else "lock_if_free"]
    return await value(conn, query, session_id=session_id) is not None


async def seat(
    conn: Connection,
    session_id: str,
    study: Study,
    patient: bool = True,
    arrived: Sequence[int] | None = None,
    at_once: str | None = None,
    hooks: Hooks | None = None,
) -> int:
    """Seat everyone who can be seated, oldest first; send away who has waited too long. Returns how many sat down.

    One at a time for a session: it starts by locking the lobby's row. Without patience it does nothing where
    somebody else holds that row. `arrived`: nothing has changed but that these people came, as far as one knows.
    `at_once`: rooms of this kind take people however short they have waited. Where the study seats by a hook, only who
    has `hooks` can ask it; anybody else leaves that to the conductor.
    """
    if not await lock(conn, session_id, patient):
        return 0
    found = await (await conn.execute(SQL["session_now"], dict(session_id=session_id))).fetchone()
    if found is None:
        return 0
    seed, status, nobody_is_due = found
    if arrived is not None and status == "open" and nobody_is_due:
        # Nobody can sit down and nobody's time is up. Looking at all who wait each time, 4,000 people signed in at
        # 500 a second, and the more waited the slower it was.
        await players.log_arrivals(conn, arrived)
        return 0
    waiting = await typed_rows(conn, Waiting, SQL["waiting"], session_id=session_id)
    await players.log_arrivals(conn, [one.player_id for one in waiting if not one.logged])
    if status == "closed":
        await players.leave_lobby(conn, session_id, study)
        await conn.execute(SQL["set_due"], dict(session_id=session_id, secs=None))
        return 0
    if status == "paused":
        return 0
    waiting.sort(key=lambda one: (-one.waited, one.player_id))
    placements: list[Placement] = []
    if status == "running":
        kinds = [replace(kind, after=0.0) if kind.name == at_once else kind for kind in study.rooms]
        made = await rooms.rooms_made(conn, session_id)
        if not study.lobby.seat or at_once:
            placements = seating.decide(kinds, waiting, made)
        elif hooks is not None:
            placements = await seating_hook.decided_by_hook(
                conn, hooks, study, session_id, seed, waiting, made
            )
        if placements:
            await opening.open_rooms(conn, session_id, seed, study, placements)
    seated = {player_id for placement in placements for player_id, _ in placement.seats}
    left = [one for one in waiting if one.player_id not in seated]
    hopeless: list[Waiting] = []
    busy = False
    if status == "running" and (study.standby or study.fills_places):
        hopes = seating.prospects(
            study, Counter(one.type for one in left), await rooms.rooms_made(conn, session_id)
        )
        hopeless = [one for one in left if one.stands_by is not None or hopes[one.type] is None]
    if hopeless and study.fills_places:
        hopeless.sort(
            key=lambda one: one.stands_by is None
        )  # who stands by comes first, as in `standbys_for`
        filled = await takeovers.fill(conn, session_id, study, hopeless)
        busy, seated = filled.busy, seated | filled.player_ids
        left = [one for one in left if one.player_id not in seated]
        hopeless = [one for one in hopeless if one.player_id not in seated]
    overdue = [one.player_id for one in left if one.stands_by is None and one.waited >= study.lobby.max_wait]
    if overdue:
        await players.leave(conn, overdue, "lobby", study)
    wait = seating.next_look(
        study,
        [one.waited for one in left if one.stands_by is None and one.waited < study.lobby.max_wait],
        status == "running",
    )
    still = [one for one in hopeless if one.player_id not in overdue]
    if still and study.standby:
        still = await _stand_by(conn, session_id, study, study.standby, still)
    if still:
        look = BUSY_LOOK if busy else STANDBY_LOOK
        wait = look if wait is None else min(wait, look)
    if study.lobby.seat and wait is not None:
        wait = min(wait, seating_hook.LOOK) if hooks is not None else 0.0
    await conn.execute(SQL["set_due"], dict(session_id=session_id, secs=wait))
    return len(seated)


async def _stand_by(
    conn: Connection, session_id: str, study: Study, standby: Standby, hopeless: Sequence[Waiting]
) -> list[Waiting]:
    """For whom no room opens any more stands by as long as some room that goes on could need them. Who does now."""
    found = await conn.execute(SQL["seats_being_played"], dict(session_id=session_id))
    played = {type_ for (type_,) in await found.fetchall()}
    needed = {one.type for one in hopeless if one.type in played or ANY in played}
    standing = [one for one in hopeless if one.stands_by is not None]
    stay = [one for one in standing if one.stands_by and one.stands_by > 0 and one.type in needed]
    done = [one.player_id for one in standing if one not in stay]
    if done:
        await players.leave(conn, done, "standby", study)
    new = [one for one in hopeless if one.stands_by is None and one.type in needed]
    new = new[: max(0, standby.places - len(stay))]
    if new:
        who = dict(player_ids=[one.player_id for one in new])
        await conn.execute(SQL["stand_by"], who | dict(secs=standby.until))
    return [*stay, *new]


async def due(conn: Connection, everywhere: bool) -> list[str]:
    """Sessions whose lobby must be looked at; `everywhere`: also those where a seating never came."""
    found = await conn.execute(SQL["due_lobbies"], dict(everywhere=everywhere))
    return [session_id for (session_id,) in await found.fetchall()]


async def waiting_by_type(conn: Connection, session_id: str) -> dict[str, int]:
    found = await conn.execute(SQL["waiting_by_type"], dict(session_id=session_id))
    return dict(await found.fetchall())


async def session_log(conn: Connection, session_id: str) -> tuple[int, int]:
    """Its number and that of the last event in it."""
    [(log_id, seq)] = await (await conn.execute(SQL["session_log"], dict(session_id=session_id))).fetchall()
    return log_id, seq
