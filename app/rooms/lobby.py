"""The lobby: who waits there is looked at, one look at a time, and what the plan says of them is carried out."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace

from app.database.connections import Connection, Pool
from app.database.queries import Queries, row, rows, value
from app.players import players
from app.rooms import gatherings, opening, parts, seating, seating_hook, takeovers
from app.rooms.rooms import rooms_made
from app.rooms.seating import LobbyView, Plan, Underway, Waiting
from app.study.hooks.pool import Hooks
from app.study.model.study import Study
from app.study.stored import Studies

SQL = Queries(__name__)


@dataclass(frozen=True, slots=True)
class _Session:
    id: str
    seed: int
    status: str  # open, running, paused or closed
    nobody_is_due: bool  # nobody's time is up yet, and no room opens by waiting alone


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
    ready: Sequence[int] = (),
) -> int:
    """Seat everyone who can be seated; send away who has waited too long.

    Returns how many sat down; with `at_once` also how many are asked whether they are ready to.

    One at a time for a session: it starts by locking the lobby's row. Without patience it does nothing where
    somebody else holds that row. `arrived`: nothing has changed but that these came, as far as one knows. Where the
    study seats by a hook, only who has `hooks` can ask it; anybody else leaves that to the conductor.
    `ready`: these have just said that they are.
    """
    session = await _locked(conn, session_id, patient)
    if session and ready:
        await gatherings.say_ready(conn, ready)
    view = await _look(conn, session, study, arrived, at_once, hooks) if session else None
    if session is None or view is None:
        return 0
    plan = seating.plan(study, view)
    await opening.open_rooms(conn, session_id, session.seed, study, plan.opens)
    if plan.hopeless:
        plan = seating.plan(study, replace(view, underway=await _underway(conn, session_id, study)))
    await _carry_out(conn, session_id, study, plan)
    return plan.seated + (sum(len(one.seats) for one in plan.asks) if at_once else 0)


class SeatingRuns:
    """Seating on request: whoever has just signed in waits for a run that began afterwards.

    700 people sign in within seconds. Each needs a look at the lobby after their own sign-in, but one look serves all
    who came before it: while one run holds the lobby, those who arrive share the next.
    """

    def __init__(self, pool: Pool, studies: Studies, hooks: Hooks | None = None) -> None:
        self.pool, self.studies, self.hooks = pool, studies, hooks
        self.running: dict[str, asyncio.Task[None]] = {}
        self.next: dict[str, asyncio.Task[None]] = {}
        self.arrived: dict[str, list[int]] = {}  # who shares the next run
        self.ready: dict[str, list[int]] = {}  # who says in the next run that they are

    async def seat(self, session_id: str, player_id: int, ready: bool = False) -> None:
        """Returns when a run that began after this call has committed. `ready`: they say that they are."""
        run = self.next.get(session_id)
        if run is None:
            self.arrived[session_id] = []
            run = self.next[session_id] = asyncio.create_task(self._run(session_id))
        (self.ready if ready else self.arrived).setdefault(session_id, []).append(player_id)
        await asyncio.shield(run)

    async def _run(self, session_id: str) -> None:
        if before := self.running.get(session_id):
            await asyncio.wait([before])
        me = self.running[session_id] = self.next.pop(session_id)
        arrived, ready = self.arrived.pop(session_id), self.ready.pop(session_id, [])
        try:
            study = await self.studies.of(session_id)
            async with self.pool.connection() as conn, conn.transaction():
                if study.lobby.seat_hook:
                    study = await self.studies.current(conn, session_id)
                await seat(conn, session_id, study, arrived=arrived, hooks=self.hooks, ready=ready)
        finally:
            if self.running.get(session_id) is me:
                del self.running[session_id]


async def _locked(conn: Connection, session_id: str, patient: bool) -> _Session | None:
    """The session as it is with its lobby locked."""
    if not await lock(conn, session_id, patient):
        return None
    return await row(conn, _Session, SQL["session_now"], session_id=session_id)


async def _look(
    conn: Connection,
    session: _Session,
    study: Study,
    arrived: Sequence[int] | None,
    at_once: str | None,
    hooks: Hooks | None,
) -> LobbyView | None:
    """Who waits, each logged as having come. None: nothing is to be planned. Where the session is closed, all leave."""
    if arrived is not None and session.status == "open" and session.nobody_is_due:
        # Nobody can sit down and nobody's time is up. Looking at all who wait each time, 4,000 people signed in at
        # 500 a second, and the more waited the slower it was.
        await players.log_arrivals(conn, arrived)
        return None
    where = dict(session_id=session.id, present=study.lobby.present)
    found = await rows(conn, Waiting, SQL["waiting"], **where)
    await players.log_arrivals(conn, [one.player_id for one in found if not one.logged])
    if session.status == "closed":
        await players.leave_lobby(conn, session.id, study)
        await gatherings.end_all(conn, session.id)
        await _set_due(conn, session.id, None)
    if session.status in ("closed", "paused"):
        return None
    waiting, running = seating.oldest_first(found), session.status == "running"
    made = await rooms_made(conn, session.id) if running else {}
    calling = await gatherings.gatherings_of(conn, session.id) if study.lobby.ready else ()
    view = LobbyView(waiting, made, running, at_once, gatherings=calling)
    if not study.lobby.seat_hook or hooks is None:
        return view
    asked = running and not at_once
    chosen = (
        await seating_hook.chosen(
            conn, hooks, study, session.id, session.seed, seating.choosable(study, view)
        )
        if asked
        else []
    )
    return replace(view, chosen=chosen)


async def _underway(conn: Connection, session_id: str, study: Study) -> Underway:
    """Of rooms that go on, for those who have no other hope: where a slot is empty they are locked from here on."""
    vacancies, busy = await takeovers.vacancies(conn, session_id, study)
    if not study.standby:
        return Underway(vacancies, busy)
    found = await conn.execute(SQL["seats_being_played"], dict(session_id=session_id))
    return Underway(vacancies, busy, {type_ for (type_,) in await found.fetchall()})


async def _carry_out(conn: Connection, session_id: str, study: Study, plan: Plan) -> None:
    """All of it but its rooms, which are open by now."""
    if plan.missed:
        await gatherings.put_last(conn, plan.missed)
    if plan.ended:
        await gatherings.end(conn, plan.ended)
    if plan.asks and study.lobby.ready:
        await gatherings.ask(conn, session_id, plan.asks, study.lobby.ready, plan.ready)
    await takeovers.fill(conn, plan.takes)
    if plan.overdue:
        await parts.leave_lobby(conn, study, plan.overdue, "lobby")
    if plan.relieved:
        await parts.leave_lobby(conn, study, plan.relieved, "standby")
    if plan.stand_by and study.standby:
        who = dict(player_ids=list(plan.stand_by), secs=study.standby.until)
        await conn.execute(SQL["stand_by"], who)
    await _set_due(conn, session_id, plan.look)


async def _set_due(conn: Connection, session_id: str, secs: float | None) -> None:
    await conn.execute(SQL["set_due"], dict(session_id=session_id, secs=secs))


async def due(conn: Connection, everywhere: bool) -> list[str]:
    """Sessions whose lobby must be looked at; `everywhere`: also those where a seating never came."""
    found = await conn.execute(SQL["due_lobbies"], dict(everywhere=everywhere))
    return [session_id for (session_id,) in await found.fetchall()]


async def look_again(conn: Connection, session_id: str) -> None:
    """What it is has changed otherwise than by who comes: the conductor looks at it at once."""
    await conn.execute(SQL["look_again"], dict(session_id=session_id))


async def look_soon(conn: Connection, session_id: str) -> None:
    """Somebody has gone who may have been asked for a room: the others don't wait for them. It must be locked."""
    await conn.execute(SQL["look_soon"], dict(session_id=session_id))


async def waiting_by_type(conn: Connection, session_id: str, study: Study) -> dict[str, int]:
    """Those who are there, and are not asked for a room already."""
    where = dict(session_id=session_id, present=study.lobby.present)
    found = await conn.execute(SQL["waiting_by_type"], where)
    return dict(await found.fetchall())


async def session_log(conn: Connection, session_id: str) -> tuple[int, int]:
    """Its number and that of the last event in it."""
    [(log_id, seq)] = await (await conn.execute(SQL["session_log"], dict(session_id=session_id))).fetchall()
    return log_id, seq
