"""Attempts: at the door, whether what somebody answers there is right, and how often they may still try."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from psycopg.types.json import Jsonb

from app.database.connections import Connection
from app.database.queries import Queries, rows, value
from app.players import screening
from app.players.quotas import Guest
from app.players.screening import Leaver
from app.study.digits import whole
from app.study.model.entrance import ATTEMPT
from app.study.model.fields import Form, first
from app.study.model.study import Study

MOST_NUMBERED = 9_999  # attempts, by which a form says which it is

SQL = Queries(__name__)


@dataclass(frozen=True, slots=True)
class Tried:
    """Somebody who may try again, so many times; these fields were `wrong`."""

    wrong: tuple[str, ...]
    left: int


@dataclass(frozen=True, slots=True)
class _Standing:
    player_id: int
    made: int
    passed: bool


def wrong_in(study: Study, entry: Mapping[str, str]) -> list[str]:
    """The fields whose answer is not right."""
    return [field.name for field in study.checked if not field.is_right(entry.get(field.name, ""))]


async def next_attempt(conn: Connection, player_id: int) -> int:
    """The number, from 1, of the attempt that somebody would make now."""
    return 1 + int(await value(conn, SQL["made"], player_id=player_id))


def number_in(form: Form) -> int:
    """Which attempt a form says that it is; 0 where it says nothing of that."""
    said = first(form, ATTEMPT)
    return whole(said, MOST_NUMBERED) or 0


async def judge(conn: Connection, study: Study, guests: Sequence[tuple[Guest, int]]) -> dict[int, Tried]:
    """By player: those who do not come in yet. Who has it wrong once too often leaves.

    `guests`: each with the `number_in` their form. The same form again is no new attempt. Opens a transaction of its
    own, in which one process at a time counts somebody's attempts.
    """
    if not (study.checked and guests):
        return {}
    async with conn.transaction():
        found = await conn.execute(SQL["lock_invited"], dict(player_ids=[one.player_id for one, _ in guests]))
        invited = {player_id for (player_id,) in await found.fetchall()}
        there = {one.player_id: (one, nth) for one, nth in guests if one.player_id in invited}
        if not there:
            return {}
        await conn.execute(SQL["add_attempts"], _attempts(study, list(there.values())))
        tried: dict[int, Tried] = {}
        out: list[Leaver] = []
        for one in await rows(conn, _Standing, SQL["standing"], player_ids=list(there)):
            guest, _ = there[one.player_id]
            wrong, left = wrong_in(study, guest.entry), study.entrance.attempts - one.made
            if wrong and left <= 0 and not one.passed:
                out.append(Leaver(guest.player_id, study.entrance.then, guest.entry))
            elif wrong:
                tried[guest.player_id] = Tried(tuple(wrong), max(left, 1))
        if out:
            await screening.turn_away(conn, study, out)
    return tried


def _attempts(study: Study, guests: Sequence[tuple[Guest, int]]) -> dict[str, object]:
    checked = [field.name for field in study.checked]
    return dict(
        player_ids=[one.player_id for one, _ in guests],
        numbers=[nth for _, nth in guests],
        answers=[Jsonb({name: one.entry.get(name, "") for name in checked}) for one, _ in guests],
        wrong=[f"{{{','.join(wrong_in(study, one.entry))}}}" for one, _ in guests],
        most=study.entrance.attempts,
    )
