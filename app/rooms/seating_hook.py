"""The seating hook: rooms that the study's own code opens for those who wait."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from app.database.connections import Connection
from app.database.queries import Queries, value
from app.rooms.earlier import earlier_of
from app.rooms.seating import LobbyView, Placement, Waiting
from app.study.earlier import hooks_ask_earlier
from app.study.hooks import networklab
from app.study.hooks.answers import read_value
from app.study.hooks.networklab import NOT_KNOWN, Earlier, Group
from app.study.hooks.pool import HookError, Hooks, Nonsense
from app.study.model.study import ANY, RoomKind, Study

SQL = Queries(__name__)


class Brought(NamedTuple):
    """What somebody comes with: what they said at the door, what came with their link or line of the list, and what is
    known of them from an earlier session."""

    entry: Mapping[str, str] = {}
    given: Mapping[str, str] = {}
    earlier: Earlier = NOT_KNOWN


async def chosen(
    conn: Connection, hooks: Hooks, study: Study, session_id: str, seed: int, lobby: LobbyView
) -> list[Placement]:
    """Which rooms the study's hook opens for those who wait. The lobby must be locked.

    A hook that fails stops the seating, and nobody else is stopped: those who wait wait on, and leave paid when their
    time is up; the researcher reads why, and lets it try again.
    """
    if not lobby.waiting or await value(conn, SQL["is_stopped"], session_id=session_id):
        return []
    ids = [one.player_id for one in lobby.waiting]
    found = await (await conn.execute(SQL["brought"], dict(player_ids=ids))).fetchall()
    told = await earlier_of(conn, ids) if hooks_ask_earlier(study.files) else {}
    brought = {
        player_id: Brought(entry, given, told.get(player_id, NOT_KNOWN)) for player_id, entry, given in found
    }
    try:
        return await asked(hooks, study, seed, lobby.waiting, lobby.made, brought)
    except HookError as error:
        await conn.execute(SQL["stop_seating"], dict(session_id=session_id, why=error.failure.as_json()))
        return []


async def asked(
    hooks: Hooks,
    study: Study,
    seed: int,
    waiting: Sequence[Waiting],
    made: Mapping[str, int],
    brought: Mapping[int, Brought],
) -> list[Placement]:
    """What the study's hook opens for those who wait; `brought` by player. Raises HookError."""
    lobby = _lobby(study, seed, waiting, made, brought)
    return await hooks.ask(
        study, study.lobby.seat_hook, lambda answer: read_groups(study, answer, waiting, made), lobby
    )


def read_groups(
    study: Study, answer: Any, waiting: Sequence[Waiting], made: Mapping[str, int]
) -> list[Placement]:
    """Groups, or pairs of a kind and its players, each as large as the kind. Raises Nonsense."""
    if not isinstance(answer, tuple):
        raise Nonsense(
            f"it must return groups, such as [Group('mixed', [4, 7])], and returned {answer!r}"[:300]
        )
    kinds = {kind.name: kind for kind in study.rooms}
    free = {one.player_id: one.type for one in waiting}
    numbers = dict(made)
    placements: list[Placement] = []
    for one in answer:
        group = one if isinstance(one, Group) else _group(one)
        if group.kind not in kinds:
            raise Nonsense(f"the study has no room {group.kind!r}; it has {', '.join(kinds)}")
        kind = kinds[group.kind]
        numbers[kind.name] = numbers.get(kind.name, 0) + 1
        if kind.count is not None and numbers[kind.name] > kind.count:
            raise Nonsense(f"there can be {kind.count} rooms {kind.name!r}, and this would be one more")
        seats = _seats(kind, group.players, free)
        reason = (
            group.reason
            or f"`{study.lobby.seat_hook}` chose {len(seats)} people; `{kind.name}` #{numbers[kind.name]}"
        )
        placements.append(Placement(kind, numbers[kind.name], seats, reason[:500]))
    return placements


def _lobby(
    study: Study,
    seed: int,
    waiting: Sequence[Waiting],
    made: Mapping[str, int],
    brought: Mapping[int, Brought],
) -> networklab.Lobby:
    def waits(one: Waiting) -> networklab.Waiting:
        known = brought.get(one.player_id, Brought())
        entry = {
            field.name: read_value(field, said)
            for field in study.entry
            if (said := known.entry.get(field.name))
        }
        return networklab.Waiting(
            one.player_id, one.type, round(one.waited, 3), entry, known.given, known.earlier
        )

    return networklab.Lobby(
        waiting=tuple(map(waits, waiting)),
        rooms={kind.name: made.get(kind.name, 0) for kind in study.rooms},
        seats={kind.name: dict(kind.seats) for kind in study.rooms},
        seed=seed,
        constants=study.constants,
    )


def _group(given: Any) -> Group:
    if not isinstance(given, tuple) or len(given) != 2 or not isinstance(given[1], (tuple, frozenset)):
        raise Nonsense(f"{given!r} is no group: write Group('mixed', [4, 7]), or ('mixed', [4, 7])"[:300])
    return Group(given[0], tuple(given[1]))


def _seats(kind: RoomKind, people: Sequence[int], free: dict[int, str]) -> tuple[tuple[int, str], ...]:
    """Player and the type that their seat asks for. Whoever gets one is not free any more."""
    for player in people:
        if player not in free:
            raise Nonsense(f"{player!r} is nobody who waits, or is in two groups")
    if len(set(people)) != kind.size:
        raise Nonsense(
            f"a room {kind.name!r} has {kind.size} seats, and {len(set(people))} people are in the group"
        )
    left = Counter({type_: seats for type_, seats in kind.seats.items() if type_ != ANY})
    seats: list[tuple[int, str]] = []
    for player in people:
        wanted = free[player] if left[free[player]] > 0 else ANY
        left[free[player]] -= wanted != ANY
        seats.append((player, wanted))
        del free[player]
    lacking = [type_ for type_, seats_ in left.items() if seats_ > 0]
    if lacking:
        raise Nonsense(
            f"a room {kind.name!r} needs {kind.seats[lacking[0]]} {lacking[0]}, and the group has fewer"
        )
    return tuple(seats)
