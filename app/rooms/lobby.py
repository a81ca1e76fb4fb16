"""The lobby: who waits, who can be seated, for how long anybody waits."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from app.database.connections import Connection
from app.database.queries import Queries
from app.database.queries import rows as typed_rows
from app.players import players
from app.rooms import rooms, seating_hook, takeovers
from app.rooms.rooms import Placement, Waiting
from app.study.durations import as_clock
from app.study.hooks.pool import Hooks
from app.study.model.study import ANY, RoomKind, Standby, Study

SQL = Queries(__name__)
STANDBY_LOOK = 5.0  # seconds after which it is looked again whether some room still needs who stands by
BUSY_LOOK = 0.5  # the same, where a room that needs somebody was busy


@dataclass(frozen=True, slots=True)
class Prospect:
    """What somebody of one type waits for: `have` of `need` people of the first room open to them are here."""

    have: int
    need: int
    after: float  # seconds of waiting from which on this room takes them
    fallback_after: float | None  # seconds of waiting after which another kind of room takes them too
    bots_after: float | None = (
        None  # … after which bots take the seats that lack people of some room open to them
    )
    people: int = 1  # who must be here for that


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
    if not await rooms.lock_lobby(conn, session_id, patient):
        return 0
    found = await (await conn.execute(SQL["session_now"], dict(session_id=session_id))).fetchone()
    if found is None:
        return 0
    seed, status, nobody_is_due = found
    if arrived is not None and status == "open" and nobody_is_due:
        # Nobody can sit down and nobody's time is up. Looking at all who wait each time, 4,000 people signed in at
        # 500 a second, and the more waited the slower it was.
        await conn.execute(SQL["log_arrivals"], dict(player_ids=arrived))
        return 0
    waiting = await typed_rows(conn, Waiting, SQL["waiting"], session_id=session_id)
    await conn.execute(
        SQL["log_arrivals"], dict(player_ids=[one.player_id for one in waiting if not one.logged])
    )
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
            placements = decide(kinds, waiting, made)
        elif hooks is not None:
            placements = await seating_hook.decided_by_hook(
                conn, hooks, study, session_id, seed, waiting, made
            )
        if placements:
            await rooms.open_rooms(conn, session_id, seed, study, placements)
    seated = {player_id for placement in placements for player_id, _ in placement.seats}
    left = [one for one in waiting if one.player_id not in seated]
    hopeless: list[Waiting] = []
    busy = False
    if status == "running" and (study.standby or study.fills_places):
        hopes = prospects(study, Counter(one.type for one in left), await rooms.rooms_made(conn, session_id))
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
    wait = next_look(
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


def decide(kinds: Sequence[RoomKind], waiting: Sequence[Waiting], made: Mapping[str, int]) -> list[Placement]:
    """Which rooms to open for those who wait (oldest first), trying `kinds` in order.

    A kind with `after` takes only people who have waited that long. Once somebody has waited for its `bots_after`, bots
    take the seats for which nobody is there. `made`: how many rooms there are of each kind.
    """
    placements: list[Placement] = []
    gone: set[int] = set()
    for kind in kinds:
        queues: dict[str, deque[tuple[int, Waiting]]] = {}
        for nth, one in enumerate(waiting):
            if one.player_id not in gone and one.waited >= kind.after:
                queues.setdefault(one.type, deque()).append((nth, one))
        number = made.get(kind.name, 0)
        while kind.count is None or number < kind.count:
            taken = _take(kind, queues) or _take_some(kind, queues)
            if taken is None:
                break
            number += 1
            gone.update(one.player_id for one, _ in taken)
            seats = tuple((one.player_id, wanted) for one, wanted in taken)
            bots = tuple((Counter(kind.types) - Counter(wanted for _, wanted in taken)).elements())
            reason = f"{_who_waited([one for one, _ in taken], len(bots))}; `{kind.name}` #{number}"
            placements.append(Placement(kind, number, seats, reason, bots))
    return placements


def _take(kind: RoomKind, queues: dict[str, deque[tuple[int, Waiting]]]) -> list[tuple[Waiting, str]] | None:
    """The oldest people for one room of this kind, taken off their queues; None and nothing taken if some lack."""
    named = {type_: count for type_, count in kind.seats.items() if type_ != "any"}
    free = kind.seats.get("any", 0)
    if any(len(queues.get(type_, ())) < count for type_, count in named.items()):
        return None
    if sum(map(len, queues.values())) < kind.size:
        return None
    taken = [(queues[type_].popleft()[1], type_) for type_, count in named.items() for _ in range(count)]
    for _ in range(free):
        oldest = min((queue for queue in queues.values() if queue), key=lambda queue: queue[0][0])
        taken.append((oldest.popleft()[1], "any"))
    return taken


def _take_some(
    kind: RoomKind, queues: dict[str, deque[tuple[int, Waiting]]]
) -> list[tuple[Waiting, str]] | None:
    """The oldest people for a room of this kind in which bots take the other seats; None if it is not time for that."""
    fits = {type_: queue for type_, queue in queues.items() if queue and kind.takes(type_)}
    longest = max((queue[0][1].waited for queue in fits.values()), default=0.0)
    if kind.fills_after is None or not fits or longest < kind.fills_after:
        return None
    here = {type_: len(queue) for type_, queue in fits.items()}
    people = kind.size - sum(missing(kind, here).values())
    if people < kind.people:
        return None
    named = {type_: min(count, here.get(type_, 0)) for type_, count in kind.seats.items() if type_ != ANY}
    seats = {type_: count for type_, count in named.items() if count} | {ANY: people - sum(named.values())}
    return _take(replace(kind, seats=seats), fits)


def _who_waited(people: Sequence[Waiting], bots: int) -> str:
    types = Counter(one.type for one in people)
    longest = as_clock(max(one.waited for one in people))
    if len(people) == 1:
        said = f"1 {people[0].type or 'person'} was waiting {longest}"
    else:
        who = " + ".join(f"{count} {type_ or 'people'}" for type_, count in types.items())
        said = f"{who} were waiting, the longest {longest}"
    return f"{said}; {bots} bot{'s' * (bots > 1)}" if bots else said


def next_look(study: Study, waited: Sequence[float], running: bool) -> float | None:
    """Seconds until somebody who waits reaches some `after` or the longest wait; None if nobody waits."""
    marks = [study.lobby.max_wait]
    for kind in study.rooms if running else ():
        marks += [kind.after] if kind.fills_after is None else [kind.after, kind.fills_after]
    ahead = [mark - one for one in waited for mark in marks if mark > one]
    return min(ahead, default=None)


async def due(conn: Connection, everywhere: bool) -> list[str]:
    """Sessions whose lobby must be looked at; `everywhere`: also those where a seating never came."""
    found = await conn.execute(SQL["due_lobbies"], dict(everywhere=everywhere))
    return [session_id for (session_id,) in await found.fetchall()]


async def waiting_by_type(conn: Connection, session_id: str) -> dict[str, int]:
    found = await conn.execute(SQL["waiting_by_type"], dict(session_id=session_id))
    return dict(await found.fetchall())


def open_kinds(study: Study, made: Mapping[str, int]) -> list[RoomKind]:
    """Those of which another room may open. `made`: how many rooms there are of each kind."""
    return [kind for kind in study.rooms if kind.count is None or made.get(kind.name, 0) < kind.count]


def prospects(
    study: Study, waiting: Mapping[str, int], made: Mapping[str, int]
) -> dict[str, Prospect | None]:
    """For each type that waits, the first kind of room that could take it; None if none can any more."""
    return {type_: _prospect(study, type_, waiting, made) for type_ in waiting}


def _prospect(
    study: Study, type_: str, waiting: Mapping[str, int], made: Mapping[str, int]
) -> Prospect | None:
    open_to = [kind for kind in open_kinds(study, made) if kind.takes(type_)]
    if not open_to:
        return None
    first = open_to[0]
    have = first.size - sum(missing(first, waiting).values())
    later = [kind.after for kind in open_to[1:] if kind.after > first.after]
    # Only what nobody can take away: where few rooms are left, others may have them by then.
    sure = [] if study.lobby.seat else [kind for kind in open_to if kind.count is None]
    fills = [(kind.fills_after, kind.people) for kind in sure if kind.fills_after is not None]
    bots_after, people = min(fills, default=(None, 1))
    return Prospect(have, first.size, first.after, min(later, default=None), bots_after, people)


def missing(kind: RoomKind, waiting: Mapping[str, int]) -> dict[str, int]:
    """How many more of which type a room of this kind needs."""
    lacking = {
        type_: count - min(count, waiting.get(type_, 0))
        for type_, count in kind.seats.items()
        if type_ != "any"
    }
    spare = sum(waiting.values()) - sum(
        count - lacking[type_] for type_, count in kind.seats.items() if type_ != "any"
    )
    lacking["any"] = max(0, kind.seats.get("any", 0) - spare)
    return {type_: count for type_, count in lacking.items() if count}
