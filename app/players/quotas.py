"""Quotas: at the door, who is one of at most so many, and who comes too late for that and is thanked and paid."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from psycopg.types.json import Jsonb

from app.database.connections import Connection
from app.database.queries import Queries, value
from app.study.model.entrance import FULL, Answering
from app.study.model.study import Study

SQL = Queries(__name__)


@dataclass(frozen=True, slots=True)
class Guest:
    """Somebody with an entry form that is right."""

    player_id: int
    entry: Mapping[str, str]


async def lock_door(conn: Connection, session_id: str) -> bool:
    """From now on to the end of the transaction nobody else counts and lets in. Whether anybody may come in at all."""
    return bool(await value(conn, SQL["lock_door"], session_id=session_id))


async def come_in(
    conn: Connection, session_id: str, study: Study, guests: Sequence[Guest], places: int | None = None
) -> list[Guest]:
    """Those who are still invited come in, or find it full and leave with a code of its own; again changes nothing.

    At most as many as there are `places`, if that is given: returns, in their order, those for whom only a place is
    lacking, with nothing changed. Opens a transaction of its own, in which one process at a time counts and lets in:
    counts are exact.
    """
    async with conn.transaction():
        if not await lock_door(conn, session_id):
            return []
        ids = [one.player_id for one in guests]
        found = await conn.execute(SQL["invited"], dict(player_ids=ids))
        invited = {player_id for (player_id,) in await found.fetchall()}
        new = [one for one in guests if one.player_id in invited]
        welcome, late, beyond = await admit_now(conn, session_id, study, new, places)
        await let_in(conn, study, welcome)
        if late:
            await conn.execute(SQL["turn_away"], stored(study, late) | dict(code=study.finish.codes[FULL]))
        return beyond


async def admit_now(
    conn: Connection, session_id: str, study: Study, guests: Sequence[Guest], places: int | None
) -> tuple[list[Guest], list[Guest], list[Guest]]:
    """Of these, in their order: who may come in, for whom a quota is full, and for whom only a place is lacking.

    The door is locked.
    """
    counted = {one.player_id: quotas_of(study, one.entry) for one in guests}
    taken_now = await taken(conn, session_id) if study.quotas else {}
    welcome, beyond = admit(counted, taken_now, [quota.most for quota in study.quotas], places)
    return (
        [one for one in guests if one.player_id in welcome],
        [one for one in guests if one.player_id not in welcome | beyond],
        [one for one in guests if one.player_id in beyond],
    )


async def let_in(conn: Connection, study: Study, guests: Sequence[Guest]) -> None:
    """They are invited and locked, and the door is."""
    if guests:
        await conn.execute(SQL["let_in"], stored(study, guests) | dict(begins=study.begins))


def stored(study: Study, guests: Sequence[Guest]) -> dict[str, object]:
    """What is kept of their forms, as the parameters of a query."""
    return dict(
        player_ids=[one.player_id for one in guests],
        entries=[Jsonb(dict(one.entry)) for one in guests],
        quotas=[f"{{{','.join(map(str, quotas_of(study, one.entry)))}}}" for one in guests],
        page=study.entry_page or None,
    )


async def taken(conn: Connection, session_id: str) -> dict[int, int]:
    """Quota, by place in the study → people let in."""
    return dict(await (await conn.execute(SQL["taken"], dict(session_id=session_id))).fetchall())


def quotas_of(study: Study, entry: Mapping[str, str]) -> tuple[int, ...]:
    """Those that somebody with these answers counts in, by place in the study."""
    return answering(study, study.quotas, entry)


def answering(study: Study, those: Sequence[Answering], entry: Mapping[str, str]) -> tuple[int, ...]:
    """Which of `those` somebody with these answers at the door is one of, by place."""
    fields = {field.name: field for field in study.entry}
    return tuple(
        nth for nth, one in enumerate(those) if one.counts(fields[one.field].kind, entry.get(one.field, ""))
    )


def admit(
    counted: Mapping[int, Sequence[int]],
    taken: Mapping[int, int],
    most: Sequence[int],
    places: int | None = None,
) -> tuple[set[int], set[int]]:
    """Of these, in their order, those for whom every quota that they count in has a place, `places` at most; and those
    who are beyond the places alone."""
    now = Counter(taken)
    welcome: set[int] = set()
    beyond: set[int] = set()
    for player_id, quotas in counted.items():
        if any(now[nth] >= most[nth] for nth in quotas):
            continue
        if places is not None and len(welcome) >= places:
            beyond.add(player_id)
        else:
            welcome.add(player_id)
            now.update(quotas)
    return welcome, beyond
