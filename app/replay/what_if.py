"""What if the rooms had been these? Those who came to a session, seated again with another study's rooms and lobby.

They come when they came, and the plan that is carried out in earnest is made at each arrival and whenever somebody has
waited long enough for something. Nobody is played with: a slot that somebody left, or took over, is not looked at.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta
from math import ceil
from statistics import median
from typing import Any, NamedTuple

from app.database.events import Event, EventName
from app.replay.state import Then
from app.rooms import seating, seating_hook
from app.rooms.seating import LobbyView, Placement, Waiting
from app.rooms.seating_hook import Brought
from app.study.hooks.pool import Hooks
from app.study.model.entrance import AT_THE_DOOR
from app.study.model.study import Study

Pauses = Sequence[tuple[datetime, datetime]]  # from, to
UNSEATED = ("lobby", "standby")  # the outcomes of who waited in vain
MICRO = timedelta(microseconds=1)
PAUSE_ENDS: frozenset[EventName] = frozenset({"session_resumed", "session_closed"})
SEATING_TURNS: frozenset[EventName] = frozenset({"session_started", "session_closed"})


class Turn(NamedTuple):
    """Something that changes who waits. `at`: microseconds of the time that waits are counted in: it stands still in
    a pause, and at its end nobody has waited longer than at its beginning."""

    at: int
    what: str  # started, closed, came, retyped or gone
    player_id: int = 0
    type: str = ""


@dataclass(frozen=True, slots=True)
class OpenedRoom:
    room: str
    kind: str
    second: float  # after the first sign of life, without pauses
    reason: str


@dataclass(frozen=True, slots=True)
class Seated:
    """How a lobby did. Waits are in seconds, without pauses: of those who sat down."""

    rooms: Sequence[OpenedRoom]
    waits: Sequence[float]
    unseated: int  # left by the longest wait, or as the session closed
    gone: int  # left by themselves
    waiting: int  # still, at the end of the log
    bots: int = 0  # that have had a seat from the start

    @property
    def kinds(self) -> Mapping[str, int]:
        return Counter(room.kind for room in self.rooms)

    @property
    def median(self) -> float:
        return round(median(self.waits), 1) if self.waits else 0.0

    @property
    def p95(self) -> float:
        ordered = sorted(self.waits)
        return round(ordered[min(len(ordered) - 1, int(0.95 * len(ordered)))], 1) if ordered else 0.0

    @property
    def longest(self) -> float:
        return round(max(self.waits, default=0.0), 1)

    def as_json(self) -> dict[str, Any]:
        waits = dict(median=self.median, p95=self.p95, longest=self.longest)
        counts = dict(
            seated=len(self.waits),
            bots=self.bots,
            unseated=self.unseated,
            gone=self.gone,
            waiting=self.waiting,
        )
        return counts | dict(kinds=self.kinds, waits=waits, rooms=[asdict(room) for room in self.rooms])


@dataclass(slots=True)
class _Lobby:
    """While it is simulated: who waits since when, by player."""

    study: Study
    seed: int
    brought: Mapping[int, Brought]
    hooks: Hooks
    since: dict[int, int] = field(default_factory=dict)
    came: dict[int, int] = field(default_factory=dict)
    types: dict[int, str] = field(default_factory=dict)
    made: Counter[str] = field(default_factory=Counter)
    rooms: list[OpenedRoom] = field(default_factory=list)
    waits: list[float] = field(default_factory=list)
    bots: int = 0
    unseated: int = 0
    gone: int = 0

    async def look(self, at: int, running: bool) -> int | None:
        """As `lobby.seat`. Returns when to look again."""
        waiting = seating.oldest_first(
            Waiting(
                player_id, self.types[player_id], (at - since) / 1e6, queued=(at - self.came[player_id]) / 1e6
            )
            for player_id, since in self.since.items()
        )
        chosen = await self._chosen(waiting, running)
        plan = seating.plan(self.study, LobbyView(waiting, self.made, running, chosen=chosen))
        for placement in plan.opens:
            kind = placement.kind.name
            self.made[kind] += 1
            self.bots += len(placement.bots)
            self.rooms.append(OpenedRoom(f"{kind}-{placement.number}", kind, at / 1e6, placement.reason))
            self.waits += [(at - self.since.pop(player_id)) / 1e6 for player_id, _ in placement.seats]
        for player_id in plan.overdue:
            del self.since[player_id]
        self.unseated += len(plan.overdue)
        return None if plan.look is None else at + max(1, ceil(plan.look * 1e6))

    async def _chosen(self, waiting: Sequence[Waiting], running: bool) -> list[Placement] | None:
        if not self.study.lobby.seat_hook:
            return None
        if not running or not waiting:
            return []
        return await seating_hook.asked(self.hooks, self.study, self.seed, waiting, self.made, self.brought)

    def take(self, turn: Turn) -> None:
        if turn.what == "came":
            self.since[turn.player_id] = self.came[turn.player_id] = turn.at
            self.types[turn.player_id] = turn.type
        elif turn.what == "started":
            self.since = dict.fromkeys(self.since, turn.at)
        elif turn.what == "retyped":
            self.types[turn.player_id] = turn.type
        elif turn.what == "gone" and self.since.pop(turn.player_id, None) is not None:
            self.gone += 1
        elif turn.what == "closed":
            self.unseated += len(self.since)
            self.since.clear()


async def would_have_been(
    study: Study, turns: Sequence[Turn], until: int, seed: int, brought: Mapping[int, Brought]
) -> Seated:
    """How `study` would have seated those who came; `until`: as far as the log goes.

    A study that seats by a hook has it asked, with the session's `seed` and what people came with. Raises
    HookError.
    """
    hooks = Hooks()
    # Whoever is asked is ready at once: who was there, and when, is not known of another time.
    study = replace(study, lobby=replace(study.lobby, ready=None))
    found = _Lobby(study, seed, brought, hooks)
    try:
        await _pass(found, turns, until)
    finally:
        await hooks.retire(0)
    return Seated(found.rooms, found.waits, found.unseated, found.gone, len(found.since), found.bots)


async def _pass(found: _Lobby, turns: Sequence[Turn], until: int) -> None:
    running, due = False, None
    for nth, turn in enumerate(turns):
        while due is not None and due <= turn.at:
            due = await found.look(due, running)
        found.take(turn)
        running = turn.what == "started" or (running and turn.what != "closed")
        # Whoever comes at the same moment is looked at together.
        if nth + 1 == len(turns) or turns[nth + 1].at > turn.at:
            due = await found.look(turn.at, running)
    while due is not None and due <= until:
        due = await found.look(due, running)


def was(then: Then, first: datetime, pauses: Pauses) -> Seated:
    """How it really was. Of a slot that was taken over, the first who sat there counts."""
    players = then.players.values()
    rooms = [
        OpenedRoom(room.name, room.kind, unpaused(room.opened_at, first, pauses) / 1e6, room.reason)
        for room in then.together
    ]
    waits = [
        (one.seated_at - one.waiting_since).total_seconds()
        for one in players
        if one.seated_at and one.waiting_since
    ]
    out = [one for one in players if one.slot is None and one.outcome and one.waiting_since]
    out = [one for one in out if _waited(then, one.id)]
    unseated = sum(one.outcome in UNSEATED for one in out)
    bots = sum(len(room.filled) for room in then.rooms.values())
    return Seated(rooms, waits, unseated, len(out) - unseated, then.counts["waiting"], bots)


def pauses_in(events: Iterable[Event], last: datetime) -> list[tuple[datetime, datetime]]:
    pauses: list[tuple[datetime, datetime]] = []
    began: datetime | None = None
    for event in events:
        if event.name == "session_paused":
            began = _since(event)
        elif event.name in PAUSE_ENDS and began is not None:
            pauses.append((began, _since(event)))
            began = None
    return [*pauses, (began, max(began, last))] if began is not None else pauses


def turns_in(events: Iterable[Event], then: Then, first: datetime, pauses: Pauses) -> list[Turn]:
    """Who came, when and as what; who was of another type later; who left by themselves before they sat down."""
    turns: list[Turn] = []
    for event in events:
        data, player_id = event.data, event.player_id or 0
        if event.name == "player_signed_in" and _waited(then, player_id):
            came = datetime.fromisoformat(data.get("queued_from") or data["signed_in_at"])
            turns.append(Turn(unpaused(came, first, pauses), "came", player_id, data["type"]))
        elif event.name == "player_retyped":
            turns.append(Turn(unpaused(event.at, first, pauses), "retyped", player_id, data["to"]))
        elif event.name in SEATING_TURNS:
            what = event.name.removeprefix("session_")
            turns.append(Turn(unpaused(_since(event), first, pauses), what))
    for one in then.players.values():
        went = one.status == "left" and one.slot is None and one.outcome not in UNSEATED
        if went and one.finished_at and _waited(then, one.id):
            turns.append(Turn(unpaused(one.finished_at, first, pauses), "gone", one.id))
    return sorted(turns, key=lambda turn: turn.at)


def _waited(then: Then, player_id: int) -> bool:
    return then.players[player_id].outcome not in AT_THE_DOOR and then.came_to_wait(player_id)


def beside(real: Seated, other: Seated) -> str:
    """Both in two columns."""
    lines: list[tuple[str, object, object]] = [("seated", len(real.waits), len(other.waits))]
    if real.bots or other.bots:
        lines.append(("bots beside them", real.bots, other.bots))
    for kind in dict.fromkeys([*real.kinds, *other.kinds]):
        lines.append((f"rooms “{kind}”", real.kinds.get(kind, 0), other.kinds.get(kind, 0)))
        lines.append(("  the first opened at", _opened(min, kind, real), _opened(min, kind, other)))
        lines.append(("  the last opened at", _opened(max, kind, real), _opened(max, kind, other)))
    for name, attribute in (
        ("median wait", "median"),
        ("95% waited at most", "p95"),
        ("longest wait", "longest"),
    ):
        lines.append((name, _clock(getattr(real, attribute)), _clock(getattr(other, attribute))))
    lines.append(("left without a seat", real.unseated, other.unseated))
    lines.append(("left by themselves", real.gone, other.gone))
    lines.append(("still waiting", real.waiting, other.waiting))
    width = max(len(name) for name, *_ in lines)
    head = f"{'':{width}}  {'as it was':>12}  {'with these':>12}"
    return "\n".join([head, *(f"{name:{width}}  {a!s:>12}  {b!s:>12}" for name, a, b in lines)])


def _opened(which: Callable[[list[float]], float], kind: str, of: Seated) -> str:
    seconds = [room.second for room in of.rooms if room.kind == kind]
    return _clock(which(seconds)) if seconds else "–"


def unpaused(moment: datetime, first: datetime, pauses: Pauses) -> int:
    """Microseconds from `first`, without the pauses."""
    paused = sum((max(timedelta(), min(moment, end) - begin) for begin, end in pauses), timedelta())
    return (moment - first - paused) // MICRO


def _since(event: Event) -> datetime:
    return datetime.fromisoformat(event.data["since"]) if event.data.get("since") else event.at


def _clock(seconds: float) -> str:
    return f"{int(seconds) // 60}:{seconds % 60:04.1f}"
