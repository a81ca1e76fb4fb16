"""Earlier: what whoever comes into a second wave was and said in the first, as its pages and hooks are told.

It is read once, as they are invited: they are out there by then, and nothing of it changes but by an erasure, which
takes this, too.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

from psycopg.types.json import Jsonb

from app.database import clock
from app.database.connections import Connection
from app.database.queries import Queries
from app.players.pay import account_of, earnings_of_all
from app.players.players import Player
from app.study.hooks.answers import read_value
from app.study.hooks.networklab import NOT_KNOWN, Earlier, pack, unpack
from app.study.model.study import Study

SQL = Queries(__name__)
OF_PLAYER = 15  # columns of `who_they_were`


async def keep(
    conn: Connection, session_id: str, were: Mapping[int, int], told: Mapping[int, Earlier]
) -> None:
    """For players of this session, of those who they `were` in the session before; `told`: see `tell`."""
    kept = dict(
        session_id=session_id,
        player_ids=list(were),
        earlier_ids=list(were.values()),
        saids=[Jsonb(_stored(told[one])) for one in were.values()],
    )
    await conn.execute(SQL["keep"], kept)


async def make_up(conn: Connection, session_id: str, earlier: Earlier) -> None:
    """The same for everybody in a session that nobody really comes to."""
    await conn.execute(SQL["make_up"], dict(session_id=session_id, said=Jsonb(_stored(earlier))))


async def tell(conn: Connection, study: Study, player_ids: Sequence[int]) -> dict[int, Earlier]:
    """What players of a session with this study were and said in it. They are out."""
    which = dict(player_ids=list(player_ids))
    answers: dict[int, dict[str, list[tuple[str, int, Any]]]] = {}
    fields = {
        (step.name, field.name): field for step in study.all_steps for field in (*step.fields, *step.results)
    }
    places = {(one.step.name, one.round): one.index for one in study.plan}
    found = await (await conn.execute(SQL["what_they_said"], which)).fetchall()
    for number, step, round_, name, stored in sorted(found, key=lambda one: places.get(one[1:3], -1)):
        field = fields.get((step, name))
        if field and field.says(stored):
            value = read_value(field, stored)
            answers.setdefault(number, {}).setdefault(name, []).append((step, round_, value))
    earnings, now, told = await earnings_of_all(conn, player_ids), clock.now(), dict[int, Earlier]()
    for columns in await (await conn.execute(SQL["who_they_were"], which)).fetchall():
        queued_from, waited_until, entry, treatment, kind = columns[OF_PLAYER:]
        player = replace(Player(*columns[:OF_PLAYER]), queued_from=queued_from, waited_until=waited_until)
        earned = earnings.get(player.id, [])
        told[player.id] = Earlier(
            session=player.session_id,
            outcome=player.outcome or "",
            type=player.type,
            kind=kind,
            treatment=treatment,
            entry={one.name: read_value(one, said) for one in study.entry if (said := entry.get(one.name))},
            answers={name: tuple(values) for name, values in answers.get(player.id, {}).items()},
            earned=sum((one.amount for one in earned), Decimal(0)),
            pay=account_of(study, player, earned, now).total if study.pays else None,
        )
    return told


async def earlier_of(conn: Connection, player_ids: Collection[int]) -> dict[int, Earlier]:
    """Of those of whom something is known."""
    told: dict[int, Earlier] = {}
    found = await conn.execute(SQL["known_of"], dict(player_ids=list(player_ids)))
    for number, said in await found.fetchall():
        told[number] = _read(said, told.get(number))
    return told


async def with_earlier(conn: Connection, player: Player) -> Player:
    return replace(player, earlier=(await earlier_of(conn, [player.id])).get(player.id, NOT_KNOWN))


async def earlier_in(conn: Connection, room_ids: Collection[int]) -> dict[tuple[int, int], Earlier]:
    """By room and slot, of those who sit in these rooms."""
    found = await conn.execute(SQL["sitters"], dict(room_ids=list(room_ids)))
    sitters = {(room_id, slot): number for room_id, slot, number in await found.fetchall()}
    told = await earlier_of(conn, sitters.values())
    return {seat: told[number] for seat, number in sitters.items() if number in told}


def _stored(earlier: Earlier) -> dict[str, Any]:
    return {
        "session": earlier.session,
        "outcome": earlier.outcome,
        "type": earlier.type,
        "kind": earlier.kind,
        "treatment": dict(earlier.treatment),
        "entry": pack(earlier.entry),
        "answers": pack(earlier.answers),
        "earned": str(earlier.earned),
        "pay": None if earlier.pay is None else str(earlier.pay),
    }


def _read(said: Mapping[str, Any], before: Earlier | None) -> Earlier:
    return Earlier(
        session=said["session"],
        outcome=said["outcome"],
        type=said["type"],
        kind=said["kind"],
        treatment=said["treatment"],
        entry=unpack(said["entry"]),
        answers=unpack(said["answers"]),
        earned=Decimal(said["earned"]),
        pay=None if said["pay"] is None else Decimal(said["pay"]),
        before=before,
    )
