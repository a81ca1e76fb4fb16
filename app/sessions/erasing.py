"""Erasing: what is personal of somebody goes, and a tombstone says who had it go, when and why.

What goes: label, link, what was said at the door, messages, notes to and from the researchers, answers in words (or
all, or none), when pages were open, and drafts. What stays: that somebody was there, their type, seat, times, outcome
and pay, and every row with its number, so that nothing else has to be counted anew. A receipt's digest goes with the
first of its values, since a short answer could be guessed from it; how many held until then stays in the tombstone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from psycopg.errors import LockNotAvailable

from app.database.connections import Connection
from app.database.queries import Queries, row, rows, value
from app.database.whole_sessions import read_whole_session
from app.players import door
from app.players.players import INSIDE
from app.sessions import sessions, waves
from app.sessions.sessions import Session, SessionError
from app.sessions.waves import Later
from app.study.earlier import hooks_ask_earlier
from app.study.model.moves import MoveForm
from app.study.model.study import Study
from app.study.stored import read_study

SQL = Queries(__name__)
ANSWERS = ("none", "text", "all")  # which of them go
ELSEWHERE = "Files that were exported before, lists of links and backups are yours to delete."


@dataclass(frozen=True, slots=True)
class Personal:
    """How much there is that would go."""

    people: int  # of whom something personal is left
    entries: int
    records: int
    messages: int
    notes: int
    traces: int  # drafts, when links and pages were open, and ids of a recruiter's submissions

    def __str__(self) -> str:
        parts = [
            _many(self.people, "label and link", "labels and links"),
            _many(self.entries, "entry form"),
            _many(self.records, "answer"),
            _many(self.messages, "message"),
            _many(self.notes, "note"),
            _many(self.traces, "trace of pages and drafts", "traces of pages and drafts"),
        ]
        return ", ".join(part for part in parts if part) or "nothing"


@dataclass(frozen=True, slots=True)
class _Person:
    id: int
    label: str
    status: str
    room_id: int | None
    room_plays: bool | None
    is_erased: bool
    in_line: bool


@dataclass(frozen=True, slots=True)
class _Receipts:
    records: int
    receipts: int
    broken: int


async def personal_of(conn: Connection, session_id: str, label: str | None, answers: str) -> Personal:
    """What `erase` would take now. Raises SessionError where it can't yet."""
    session = await sessions.find_session(conn, session_id)
    people = await _people(conn, session, label, None)
    return await _count(conn, await _which(conn, session_id, people, answers))


async def erase(
    conn: Connection,
    session_id: str,
    by: str,
    why: str,
    label: str | None = None,
    player_id: int | None = None,
    answers: str = "text",
) -> str:
    """Of everybody in a session that is closed, or of one person who is out, by label or number.

    Returns a sentence for the researcher; again changes nothing. `answers`: see `ANSWERS`. Call `sweep` after the
    transaction. Raises SessionError.
    """
    session = await sessions.lock_as(conn, session_id, by)
    await read_whole_session(conn)
    people = await _people(conn, session, label, player_id)
    which = await _which(conn, session_id, people, answers)
    for lock in ("lock_lobby", "lock_rooms", "lock_people"):
        await conn.execute(SQL[lock], which)
    if asked := await value(conn, SQL["asked_of_recruiter"], **which):
        raise SessionError(
            f"The recruiter is asked to pay or to approve {asked}, and has to know who it is. Wait until that has"
            " ended, or say on the recruiter's page what was paid."
        )
    found, later = await _count(conn, which), await _later(conn, which["player_ids"])
    alone = label is not None or player_id is not None
    whose = people[0].label if alone else f"everybody in {session.name}"
    if str(found) == "nothing":
        return f"Nothing personal of {whose} is left; nothing changed."
    for one in later:
        await _erase_told(conn, one.id, which)
    results = await _erase_results(conn, "erase_results", which)
    gone = await row(conn, _Receipts, SQL["erase_records"], **which)
    assert gone is not None
    await conn.execute(SQL["erase_moves"], which)
    messages, notes = [await value(conn, SQL[name], **which) for name in ("erase_messages", "erase_notes")]
    known_by = await door.ids_of(conn, which["player_ids"]) if session.status != "closed" else {}
    for name in ("erase_attempts", "erase_earlier", "erase_traces", "erase_what_recruiter_knows"):
        await conn.execute(SQL[name], which)
    for name in ("erase_what_hooks_were_given", "erase_people"):
        await conn.execute(SQL[name], which)
    await door.keep_digests(conn, session_id, known_by)
    if which["seat_hook"]:
        await conn.execute(SQL["erase_reasons"], which)
    told = dict(by=by, why=why, answers=answers, session_id=session_id, results=results)
    told |= dict(player_id=people[0].id if alone else None, people=found.people, messages=messages)
    counted = dict(notes=notes, records=gone.records, receipts=gone.receipts, broken=gone.broken)
    await conn.execute(SQL["add_erasure"], told | counted)
    return f"Erased of {whose}: {found}. {ELSEWHERE}{_told_of(later, alone)}"


async def old_sessions(conn: Connection, seconds: float) -> Sequence[tuple[str, str]]:
    """Id and name of those closed at least so long ago in which somebody has not been erased, the oldest first."""
    return await (await conn.execute(SQL["old_sessions"], dict(seconds=seconds))).fetchall()


async def want(conn: Connection, player_id: int) -> None:
    """A player who is out asks for it. It is done by whoever calls `wanted` next, once their room has ended.

    Raises `LockNotAvailable` where their session has just gone to another database: whoever asks again is led there.
    """
    done = await conn.execute(SQL["want"], dict(player_id=player_id))
    if not done.rowcount and not await value(conn, SQL["is_there"], player_id=player_id):
        raise LockNotAvailable("who asks for it is in another database by now")


async def wanted(conn: Connection) -> Sequence[tuple[int, str]]:
    """Player and session of those who asked and whose time has come."""
    return await (await conn.execute(SQL["wanted"])).fetchall()


async def is_anything_due(conn: Connection) -> bool:
    """Whether somebody waits for their erasure, or an erasure for `sweep`."""
    return bool(await value(conn, SQL["is_anything_due"]))


async def sweep(conn: Connection) -> bool:
    """Clears away the rows as they were, and what was on its way meanwhile; whether nothing is left to clear.

    `conn` is in autocommit. Until this has run, whoever reads Postgres's files finds what was erased, and where a
    transaction from before is still open, it can't yet.
    """
    if not await value(conn, SQL["take_turn"]):
        return False
    try:
        ids = [number for (number,) in await (await conn.execute(SQL["unswept"])).fetchall()]
        if ids:
            async with conn.transaction():
                await conn.execute(SQL["lock_traces"])
                await conn.execute(SQL["sweep_traces"])
            await conn.execute(SQL["vacuum"])
            await conn.execute(SQL["swept"], dict(ids=ids))
        return not await value(conn, SQL["is_anything_due"])
    finally:
        await conn.execute(SQL["end_turn"])


async def _people(
    conn: Connection, session: Session, label: str | None, player_id: int | None
) -> Sequence[_Person]:
    """Those whom it is about. Raises SessionError where what they said may still be needed."""
    found = await rows(
        conn, _Person, SQL["find_people"], session_id=session.id, label=label, player_id=player_id
    )
    if label is None and player_id is None:
        if session.status != "closed":
            raise SessionError(
                f"{session.name} is {session.status}: what is personal of everybody can go when it is closed."
                " Somebody who has left or finished can be named alone."
            )
        return found
    if not found and label is None:
        raise SessionError("There is no such player in this session.")
    if not found:
        raise SessionError(f"Nobody in {session.name} is called “{label}”. Labels are in its list of people.")
    [one] = found
    if one.status in INSIDE:
        raise SessionError(
            f"{one.label} is in the session ({one.status}). Take them out first, or wait until they are done."
        )
    if one.in_line:
        raise SessionError(f"{one.label} waits in line before the door. Take them out first, or wait.")
    if one.status == "invited" and session.status != "closed":
        raise SessionError(f"{one.label} has not come yet, and still may. Close the session first.")
    if one.room_plays:
        raise SessionError(
            f"The room of {one.label} still plays, and what they said is part of it. Wait until it has ended."
        )
    return found


async def _which(
    conn: Connection, session_id: str, people: Sequence[_Person], answers: str
) -> dict[str, Any]:
    """The parameters of all queries here."""
    study = await read_study(conn, session_id)
    texts = _texts(study)
    asked = [(step.name, field.name) for step in study.all_steps for field in step.fields]
    asked += [(step.name, move.name) for step in study.steps for move in step.moves]
    filled = {"none": [], "text": texts, "all": [*texts, *asked]}[answers]
    return {
        "session_id": session_id,
        "player_ids": [one.id for one in people],
        "answers": answers,
        "seat_hook": study.lobby.seat_hook,
        **_pairs("steps", "fields", texts),
        **_pairs("filled_steps", "filled_names", filled),
        **_pairs("told_steps", "told_names", texts),
        "worded_steps": [step.name for step in study.steps if any(map(_is_worded, step.moves))],
    }


async def _later(conn: Connection, player_ids: Sequence[int]) -> Sequence[Later]:
    """The sessions in which these people are again. Raises SessionError while they are in one of them, whose pages and
    hooks go by what they said."""
    found = await waves.goes_on_in(conn, player_ids)
    for one in found:
        if one.inside:
            who = "1 of them is" if one.inside == 1 else f"{one.inside:,} of them are"
            raise SessionError(
                f"{who} in {one.name} ({one.id}) just now, which goes on from what they said here. Wait until that is"
                " over for them, or close it."
            )
    return found


async def _erase_told(conn: Connection, later_id: str, which: Mapping[str, Any]) -> None:
    """What a session that goes on from this one made of what it knew of them."""
    study = await read_study(conn, later_id)
    told = dict(later_id=later_id, later_seats=bool(study.lobby.seat_hook and hooks_ask_earlier(study.files)))
    told |= _pairs("later_steps", "later_names", _texts(study))
    await _erase_results(conn, "erase_told_later", {**which, **told})


async def _erase_results(conn: Connection, name: str, which: Mapping[str, Any]) -> int:
    """How many; no log tells of them any more, either."""
    found = await (await conn.execute(SQL[name], which)).fetchall()
    await conn.execute(SQL["retell_results"], dict(room_ids=[room for (room,) in found]))
    return len(found)


def _told_of(later: Sequence[Later], alone: bool) -> str:
    who = "They are" if alone else "Some of them are"
    where = " and ".join(f"{one.name} ({one.id})" for one in later)
    what = "where nothing is known any more of what they said here: erase there what else is to go."
    return f" {who} in {where}, too, {what}" if where else ""


def _texts(study: Study) -> list[tuple[str, str]]:
    """Step and name of each question, each result and each move that has words for an answer."""
    asked = [
        (step.name, field.name)
        for step in study.all_steps
        for field in (*step.fields, *step.results)
        if field.kind.is_words
    ]
    return asked + [(step.name, move.name) for step in study.steps for move in step.moves if _is_worded(move)]


def _is_worded(move: MoveForm) -> bool:
    return any(field.kind.is_words for field in move.fields)


def _pairs(first: str, second: str, pairs: Sequence[tuple[str, str]]) -> Mapping[str, list[str]]:
    return {first: [one for one, _ in pairs], second: [one for _, one in pairs]}


async def _count(conn: Connection, which: Mapping[str, Any]) -> Personal:
    found = await row(conn, Personal, SQL["count_personal"], **which)
    assert found is not None
    return found


def _many(count: int, one: str, several: str = "") -> str:
    return f"{count:,} {one if count == 1 else several or f'{one}s'}" if count else ""
