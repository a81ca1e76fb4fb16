"""Handling: what comes of moves, as a study's `on_move` says, one after the other within a room.

Nothing is locked while a hook thinks. What it says is stored if nothing else was handled in its room since that was
read, and else it is asked again: so each move is handled once, whatever process does it and whatever dies. It is more
work only where two processes have moves of one room at the same moment, and no record, message or other room ever waits
for a hook.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

from psycopg import AsyncCursor

from app.database import plain_json, queries
from app.database.connections import Connection
from app.database.queries import Queries, array, row
from app.rooms.asking import groups_of
from app.rooms.closing import Closing
from app.rooms.decisions import seat_of
from app.rooms.earlier import earlier_in
from app.rooms.records import hold_rooms
from app.study.earlier import hooks_ask_earlier
from app.study.hooks import answers, networklab
from app.study.hooks.answers import Handled
from app.study.hooks.pool import HookError
from app.study.languages.texts import Sentence, texts_in
from app.study.model.clocks import Clock
from app.study.model.steps import PAIRS, ROLE
from app.study.model.study import Position, Study

SQL = Queries(__name__)
NOT_OFFERED = Sentence("You can’t do that here.")
Looking = AsyncCursor[Any]
Then = Callable[[Connection, object], Awaitable[None]]
Asking = Callable[..., Awaitable[Any]]  # of hook, reader of its answer, values, as `Hooks.ask`


@dataclass(frozen=True, slots=True)
class WaitingMove:
    """A move that is stored and not handled yet."""

    room_id: int
    record_id: int
    player_id: int | None  # None: a bot's
    slot: int
    at: float  # seconds since the step opened, without pauses
    name: str
    value: str  # of its record


@dataclass(frozen=True, slots=True)
class MovingRoom:
    """A room at a step with moves, as it was at one moment."""

    id: int
    session_id: str
    position: int
    study_sha256: str
    handled: int  # how many moves of this step have been
    state: Any  # as it is stored
    over: bool  # one of them has ended it
    begun: bool  # one of them was accepted
    until: float  # seconds from when the step opened, without pauses, to its deadline …
    extended: float  # … and by how many a researcher has moved it
    moved_on: float | None  # as `until`, when a researcher has ended it
    said: Sequence[tuple[int, str, str]]  # slot, name and stored value of each result of this step
    company: str  # the same as long as nobody comes or goes, the step is the same, and its study


@dataclass(frozen=True, slots=True)
class _Company:
    name: str
    kind: str
    number: int
    seed: int
    treatment: Mapping[str, str]
    seats: Sequence[Mapping[str, Any]]
    ties: Sequence[tuple[int, int, float]]
    roles: Mapping[str, str]  # slot → what it is in this round
    earned: Mapping[str, str]  # slot → what it has earned so far


@dataclass(frozen=True, slots=True)
class MoveOutcome:
    """What came of a move, for whoever made it. A refusal without a sentence: it was over by then."""

    accepted: bool
    sentence: str = ""
    ends: bool = False


@dataclass(slots=True)
class MovesTaken:
    """What came of all the moves of a room that waited, yet to be stored."""

    room_id: int
    position: int
    handled: int  # how many had been when it was read
    clock: Clock | None = None  # of the step …
    extended: float = 0.0  # … to which a researcher had given so many seconds when it was read
    lines: list[tuple[WaitingMove, Handled]] = field(default_factory=list)
    until: float | None = None  # what they have moved the deadline to, as of a room at its step
    sooner: bool = False  # it may be nearer than it was
    failure: tuple[WaitingMove, HookError] | None = None  # the first move that the hook did not decide on

    @property
    def ends(self) -> bool:
        return any(handled.ends for _, handled in self.lines)

    @property
    def outcomes(self) -> dict[int, MoveOutcome]:
        """By record."""
        return {
            move.record_id: MoveOutcome(handled.accepted, handled.sentence, handled.ends)
            for move, handled in self.lines
        }


async def read(
    conn: Connection, room_ids: Collection[int]
) -> tuple[list[MovingRoom], dict[int, list[WaitingMove]]]:
    """Rooms in which moves wait and, by room, those moves. All of one moment."""
    return await found_by(await look(conn, room_ids))


async def look(conn: Connection, room_ids: Collection[int]) -> Looking:
    """Ask for what `read` gives, and have it later by `found_by`: what is asked in one pipeline is one transaction."""
    return await conn.execute(SQL["waiting"], dict(room_ids=list(room_ids)))


async def found_by(looking: Looking) -> tuple[list[MovingRoom], dict[int, list[WaitingMove]]]:
    """See `read`."""
    found = await looking.fetchall()
    standings = [MovingRoom(*rest) for _, *rest in found]
    waiting = {
        standing.id: [
            WaitingMove(standing.id, record_id, player_id, slot, float(at), *said)
            for record_id, player_id, slot, at, *said in moves
        ]
        for (moves, *_), standing in zip(found, standings, strict=True)
    }
    return standings, waiting


async def room_for(conn: Connection, study: Study, standing: MovingRoom) -> networklab.Room:
    """The room as `on_move` gets it, but for its state and results: the same as long as its company is."""
    at, room = study.plan[standing.position], await row(conn, _Company, SQL["company"], room_id=standing.id)
    assert room is not None
    told = await earlier_in(conn, [standing.id]) if hooks_ask_earlier(study.files) else {}
    return networklab.Room(
        name=room.name,
        kind=room.kind,
        number=room.number,
        seed=room.seed,
        step=at.step.name,
        round=at.round,
        rounds=at.step.repeat,
        seats=tuple(
            seat_of(study, one, told.get((standing.id, one["slot"]), networklab.NOT_KNOWN))
            for one in room.seats
        ),
        ties=tuple(networklab.Tie(*tie) for tie in room.ties),
        all_said=tuple(
            networklab.Said(at.step.name, at.round, int(slot), ROLE, role)
            for slot, role in room.roles.items()
        ),
        treatment=room.treatment,
        earned={int(slot): Decimal(amount) for slot, amount in room.earned.items()},
        constants=study.constants,
    )


async def take_turn(
    ask: Asking, study: Study, room: networklab.Room, standing: MovingRoom, waiting: Sequence[WaitingMove]
) -> MovesTaken:
    """Ask what comes of each of these moves, in their order. `room`: see `room_for`."""
    at = study.plan[standing.position]
    turn = MovesTaken(standing.id, standing.position, standing.handled, at.step.clock, standing.extended)
    said = {(slot, name): value for slot, name, value in standing.said}
    for one in room.all_said:  # their roles
        said.setdefault((one.slot, one.name), str(one.value))
    state, over = networklab.Packed(standing.state), standing.over
    most = at.step.limit + standing.extended
    if standing.moved_on is not None:
        most = min(most, standing.moved_on)
    closing = Closing(at.step.quiet, most, standing.until, begun=standing.begun)
    for move in waiting:
        over = over or closing.is_past(move.at)
        try:
            handled = Handled(False) if over else await _handle(ask, study, at, room, state, said, move)
        except HookError as error:
            turn.failure = move, error
            break
        turn.lines.append((move, handled))
        over = over or handled.ends
        if handled.accepted and closing.quiet:
            turn.sooner = turn.sooner or not closing.begun
            closing.hear(move.at)
            turn.until = closing.until
        if handled.state is not None:
            state = networklab.Packed(handled.state)
        for name, by_slot in handled.results.items():
            said |= {(slot, name): value for slot, value in by_slot.items()}
    return turn


async def put(conn: Connection, turns: Sequence[MovesTaken], then: Then | None = None) -> list[bool]:
    """Store what came of moves, in the order of `turns`: False where others were handled since these were read.

    One transaction, whether `conn` is in autocommit or in one. `then`: called with the rooms, last in it.
    """
    turns_with = [turn for turn in turns if turn.lines]
    if not turns_with:
        return [True for _ in turns]
    moved = [turn for turn in turns_with if turn.until is not None]
    rooms = sorted({turn.room_id for turn in turns_with})
    async with conn.pipeline():
        if moved:  # a share of a room can't become the whole of it where two have one
            await conn.execute(SQL["hold_rooms"], dict(room_ids=rooms))
        else:
            await hold_rooms(conn, rooms)
        which = {turn.room_id: turn.position for turn in turns_with}
        await conn.execute(SQL["lock_steps"], dict(room_ids=list(which), positions=list(which.values())))
        cursor = await conn.execute(SQL["put_outcomes"], _columns(turns_with))
        if moved:
            await conn.execute(SQL["stay_open"], _deadlines(moved))
        if then is not None:
            await then(conn, rooms)
    done = {room_id for (room_id,) in await cursor.fetchall()}
    return [not turn.lines or turn.room_id in done for turn in turns]


async def settle(conn: Connection, ask: Asking, study: Study, room_id: int) -> bool:
    """Before a step ends, handle what was committed before its deadline. The room must be locked. Raises HookError.

    Whether it ends: they may have moved its deadline; and where a pause has just begun, they wait until it is over.
    """
    moved = False
    for standing in (found := await read(conn, [room_id]))[0]:
        room = await room_for(conn, study, standing)
        turn = await take_turn(ask, study, room, standing, found[1][room_id])
        if turn.failure:
            raise turn.failure[1]
        await put(conn, [turn])
        moved = turn.until is not None
    return not await queries.value(conn, SQL["goes_on"], room_id=room_id, moved=moved)


async def outcomes(conn: Connection, records: Collection[int]) -> dict[int, MoveOutcome]:
    """What came of these moves, of those that are handled."""
    found = await conn.execute(SQL["outcomes"], dict(records=list(records)))
    return {number: MoveOutcome(*rest) for number, *rest in await found.fetchall()}


async def left_over(conn: Connection) -> list[tuple[str, int]]:
    """Session and room of each where a process has died that was about to handle moves, or to end the step."""
    return await (await conn.execute(SQL["left_over"])).fetchall()


async def end_steps(conn: Connection, room_ids: Collection[int]) -> None:
    """The deadlines of those rooms in which a move has ended the step have passed from now on."""
    await conn.execute(SQL["end_step"], dict(room_ids=sorted(room_ids)))


async def lock_waiting(conn: Connection, record_id: int) -> int | None:
    """Lock the room of a move if that still waits there."""
    found = await (await conn.execute(SQL["lock_waiting"], dict(record_id=record_id))).fetchone()
    return found[0] if found else None


async def _handle(
    ask: Asking,
    study: Study,
    at: Position,
    room: networklab.Room,
    state: networklab.Packed,
    said: Mapping[tuple[int, str], str],
    move: WaitingMove,
) -> Handled:
    form = at.step.move_named(move.name)
    treatment = {**room.seat(move.slot).treatment}
    if role := said.get((move.slot, ROLE)):
        treatment[ROLE] = role
    if form is None or not form.is_for(treatment):
        return Handled(False, texts_in(study.language).with_own(study.texts).say(NOT_OFFERED))
    fields = {one.name: one for one in at.step.results}
    if study.roles is not None:
        fields.setdefault(ROLE, study.roles.field)
    told = tuple(
        networklab.Said(at.step.name, at.round, slot, name, answers.read_value(fields[name], value))
        for (slot, name), value in sorted(said.items())
        if name in fields and value != ""
    )
    made = answers.read_made(form, move.slot, move.value, move.at, at.step.clock)
    slots = room.slots
    pairs = groups_of(study, room) if any(one.of == PAIRS for one in at.step.results) else ()
    found: Handled = await ask(
        at.step.on_move,
        lambda answer: answers.read_move(at.step, answer, slots, pairs),
        replace(room, state=state, all_said=told, at=made.at, clock=made.clock),
        made,
    )
    return found


def _deadlines(turns: Sequence[MovesTaken]) -> dict[str, Any]:
    """For `stay_open`."""
    return dict(
        room_ids=[turn.room_id for turn in turns],
        positions=[turn.position for turn in turns],
        nths=[turn.handled + len(turn.lines) for turn in turns],
        untils=[turn.until for turn in turns],
        sooner=[turn.sooner for turn in turns],
        extended=[turn.extended for turn in turns],
    )


def _columns(turns: Sequence[MovesTaken]) -> dict[str, str]:
    """For `put_outcomes`: a line for each move, and one for each result, with the last of its values."""
    names = (
        *("records", "room_ids", "positions", "handled", "nths"),
        *("accepted", "sentences", "states", "results", "ends", "clocks"),
    )
    lines: list[tuple[str | None, ...]] = []
    computed: dict[tuple[int, int, str], tuple[str, int]] = {}  # room, slot and name → value and how many
    for turn in turns:
        for nth, (move, handled) in enumerate(turn.lines, turn.handled + 1):
            state = None if handled.state is None else plain_json.dumps(handled.state).decode()
            results = plain_json.dumps(handled.results).decode() if handled.results else None
            where = map(str, (move.record_id, turn.room_id, turn.position, turn.handled, nth))
            clock = turn.clock.stored(move.at) if turn.clock else None
            said = str(handled.accepted), handled.sentence, state, results, str(handled.ends), clock
            lines.append((*where, *said))
            for name, by_slot in handled.results.items():
                for slot, value in by_slot.items():
                    key = (turn.room_id, slot, name)
                    computed[key] = value, computed.get(key, ("", 0))[1] + 1
    found = dict(zip(names, map(array, zip(*lines, strict=True)), strict=True))
    of_results = ("result_rooms", "slots", "names", "values", "versions")
    results_ = [
        (str(room_id), str(slot), name, value, str(versions))
        for (room_id, slot, name), (value, versions) in computed.items()
    ]
    columns = zip(*results_, strict=True) if results_ else [() for _ in of_results]
    return found | dict(zip(of_results, map(array, columns), strict=True))
