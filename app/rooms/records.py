"""Records: what players answer, one row a field, append-only; an update is a newer version."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol, TypeVar

from psycopg.rows import args_row

from app.database.connections import Connection
from app.database.queries import Queries, array
from app.rooms.receipts import Receipt, digest

SQL = Queries(__name__)
TRIES = 3  # other processes that may take the next version number first


class _Sent(Protocol):
    """A form as a player sent it."""

    @property
    def player_id(self) -> int: ...

    @property
    def form(self) -> str: ...  # see form_id


S = TypeVar("S", bound=_Sent)


@dataclass(frozen=True, slots=True)
class Answer:
    """One form as a player sent it, already checked against the study."""

    player_id: int
    room_id: int
    step: str
    round: int
    values: tuple[tuple[str, str], ...]  # field, value
    form: str  # see form_id
    about: Mapping[str, str] = field(default_factory=dict)  # of fields of kind each: whom they ask about
    timed: bool = True  # by a deadline; else it is late only once its step has ended
    final: bool = False  # only the first form of a player at this step and round is stored


class StoredRecord(NamedTuple):  # a frozen dataclass takes three times as long to make
    id: int  # this and the next two are what a receipt's digest is made of
    field: str
    value: str
    form: str
    version: int
    late: bool


def form_id(player_id: int, form_key: str, said: Sequence[tuple[str, str]]) -> str:
    """What makes a form the same form, as Postgres writes a uuid: who sends it, its key and what it says.

    A double click or a retry says the same under the same key and is stored once. The same key with other
    words (a second tab, the back button) is an update, which must not be lost.
    """
    digest = hashlib.blake2b(
        repr((player_id, form_key, tuple(said))).encode("utf-8", "surrogatepass"), digest_size=16
    ).hexdigest()
    return f"{digest[:8]}-{digest[8:12]}-{digest[12:16]}-{digest[16:20]}-{digest[20:]}"


async def store(conn: Connection, answers: Sequence[Answer]) -> list[Receipt | None]:
    """Receipts in the order of `answers`; None for someone who is not asked that, plays there no more, or has said it.

    Storing the same form again gives the receipt of the first time.
    """
    ordered = by_form_in_turn(answers)  # the newest one counts
    beyond = await _beyond_asked(conn, [answer for answer in ordered.values() if answer.about])
    beyond |= _second(answers)
    found = await _insert(conn, [answer for answer in ordered.values() if answer.form not in beyond])
    new = set(found)
    lacking = [form for form in ordered if form not in found]
    if lacking:
        cursor = conn.cursor(row_factory=args_row(StoredRecord))
        await cursor.execute(SQL["stored_before"], dict(forms=lacking))
        found |= _by_form(await cursor.fetchall())
        # Neither stored nor there: they are not asked, or another process took the same version number.
        again = [ordered[form] for form in lacking if form not in found and form not in beyond]
        for _ in range(TRIES):
            if not again:
                break
            inserted = await _insert(conn, again)
            found |= inserted
            new.update(inserted)
            again = [answer for answer in again if answer.form not in found]
    receipts: list[Receipt | None] = []
    for answer in answers:
        stored = found.get(answer.form)
        receipts.append(_receipt(stored, answer.form not in new) if stored else None)
        new.discard(answer.form)
    return receipts


def by_form_in_turn(sent: Iterable[S]) -> dict[str, S]:
    """What people sent, to be stored in this order: that of one person as it came, and people by number.

    So two processes meet people in the same order. Where they don't, for they got one person's forms in different
    orders, Postgres ends one of the two, and the group commit sends that again.
    """
    return {one.form: one for one in sorted(sent, key=lambda one: one.player_id)}


async def hold_rooms(conn: Connection, room_ids: Collection[int]) -> None:
    """Share-lock: none of these rooms moves on or ends before this transaction does."""
    await conn.execute(SQL["hold_rooms"], dict(room_ids=array(map(str, room_ids))))


async def answers_of(
    conn: Connection, room_id: int, round: int, step: str, player_id: int
) -> tuple[dict[str, str], int]:
    """Field → newest value of one player's step, and how many times the player has saved it."""
    found = await conn.execute(
        SQL["answers_of"], dict(room_id=room_id, round=round, step=step, player_id=player_id)
    )
    newest = await found.fetchall()
    return {field: value for field, value, _ in newest}, max((version for *_, version in newest), default=0)


async def answers_in_time(
    conn: Connection, room_id: int, round: int, step: str, player_id: int
) -> dict[str, str]:
    """The same as `answers_of` of a step that is over: by what it was judged."""
    found = await conn.execute(
        SQL["answers_in_time"], dict(room_id=room_id, round=round, step=step, player_id=player_id)
    )
    return dict(await found.fetchall())


async def pages_answered(conn: Connection, room_id: int, player_id: int) -> set[tuple[str, int]]:
    """Step and round of each page that the player has answered in time."""
    found = await conn.execute(SQL["pages_answered"], dict(room_id=room_id, player_id=player_id))
    return {(step, round) for step, round in await found.fetchall()}


def _second(answers: Sequence[Answer]) -> set[str]:
    """Forms that another one comes before, where the first is final; the database looks at those of before."""
    first: dict[tuple[int, int, str, int], str] = {}
    for one in answers:
        if one.final:
            first.setdefault((one.player_id, one.room_id, one.step, one.round), one.form)
    where = ((one.form, (one.player_id, one.room_id, one.step, one.round)) for one in answers if one.final)
    return {form for form, place in where if first[place] != form}


async def _beyond_asked(conn: Connection, answers: Sequence[Answer]) -> set[str]:
    """The forms that say something of somebody whom they were not asked about. A page never sends such a form.

    What it rests on was settled as the step opened, so no lock: if the room moves on meanwhile, the form is late.
    """
    said = [
        (one.player_id, one.room_id, one.step, one.round, one.about[name], value, one.form)
        for one in answers
        for name, value in one.values
        if name in one.about and value
    ]
    if not said:
        return set()
    names = ("players", "rooms", "steps", "rounds", "abouts", "values", "forms")
    columns = dict(zip(names, map(list, zip(*said, strict=True)), strict=True))
    found = await conn.execute(SQL["beyond_asked"], columns)
    return {form for (form,) in await found.fetchall()}


async def _insert(conn: Connection, answers: Collection[Answer]) -> dict[str, list[StoredRecord]]:
    if not answers:
        return {}
    lines = [
        (
            str(one.player_id),
            str(one.room_id),
            one.step,
            str(one.round),
            field,
            value,
            one.form,
            "true" if one.timed else "false",
            "true" if one.final else "false",
        )
        for one in answers
        for field, value in one.values
    ]
    players, rooms, steps, rounds, fields, values, forms, timed, final = zip(*lines, strict=True)
    cursor = conn.cursor(row_factory=args_row(StoredRecord))
    async with conn.pipeline():
        await hold_rooms(conn, {one.room_id for one in answers})
        await cursor.execute(
            SQL["store_records"],
            dict(
                players=array(players),
                rooms=array(rooms),
                steps=array(steps),
                rounds=array(rounds),
                fields=array(fields),
                values=array(values),
                forms=array(forms),
                timed=array(timed),
                final=array(final),
            ),
        )
    return _by_form(await cursor.fetchall())


def _by_form(stored: Iterable[StoredRecord]) -> dict[str, list[StoredRecord]]:
    forms: dict[str, list[StoredRecord]] = {}
    for record in stored:
        forms.setdefault(record.form, []).append(record)
    return forms


def _receipt(stored: list[StoredRecord], again: bool) -> Receipt:
    stored.sort()  # by number
    return Receipt(
        records=tuple([record.id for record in stored]),
        digest=digest(stored),
        version=max([record.version for record in stored]),
        late=any(record.late for record in stored),
        again=again,
    )
