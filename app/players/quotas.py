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
) -> None:
    """Those who are still invited come in, or find it full and leave with a code of its own; again changes nothing.

    At most as many as there are `places`, if that is given. Opens a transaction of its own, in which one process at a
    time counts and lets in: counts are exact.
    """
    async with conn.transaction():
        if not await lock_door(conn, session_id):
            return
        ids = [one.player_id for one in guests]
        found = await conn.execute(SQL["invited"], dict(player_ids=ids))
        invited = {player_id for (player_id,) in await found.fetchall()}
        new = {one.player_id: one for one in guests if one.player_id in invited}
        counted = {player_id: quotas_of(study, one.entry) for player_id, one in new.items()}
        most = [quota.most for quota in study.quotas]
        welcome = admit(counted, await taken(conn, session_id), most, places)
        full = [player_id for player_id in new if player_id not in welcome]
        for query, chosen in (("let_in", [*welcome]), ("turn_away", full)):
            if chosen:
                what = dict(
                    player_ids=chosen,
                    entries=[Jsonb(dict(new[player_id].entry)) for player_id in chosen],
                    quotas=[f"{{{','.join(map(str, counted[player_id]))}}}" for player_id in chosen],
                )
                await conn.execute(
                    SQL[query],
                    what
                    | dict(code=study.finish.codes[FULL], page=study.entry_page or None, begins=study.begins),
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
) -> dict[int, Sequence[int]]:
    """Of these, in their order, those for whom every quota that they count in has a place; `places` at most."""
    now = Counter(taken)
    welcome: dict[int, Sequence[int]] = {}
    for player_id, quotas in counted.items():
        if (places is None or len(welcome) < places) and all(now[nth] < most[nth] for nth in quotas):
            welcome[player_id] = quotas
            now.update(quotas)
    return welcome
