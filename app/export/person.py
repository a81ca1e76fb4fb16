"""The export of one person, for who asks what is kept about them: their lines of all tables, and the same in words.

What they said in the session before stands in it where this one knows of it. Drafts do not: what somebody has typed and
not sent is shown to nobody. Nor does what others wrote to them.
"""

from __future__ import annotations

import csv
import io
from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from app.database.connections import Connection
from app.database.queries import Queries
from app.export import codebook
from app.export.csv_stream import Blocks
from app.players import presence
from app.players.codes import codes_of
from app.rooms.earlier import earlier_of
from app.study.model.study import Study

SQL = Queries(__name__)
IN_WORDS = "person.txt"
FILES = (  # of the export: those that have lines of one person
    *(
        "players.csv",
        "rounds.csv",
        "history.csv",
        "results.csv",
        "moves.csv",
        "attempts.csv",
        "orders.csv",
        "messages.csv",
        "notes.csv",
        "erasures.csv",
        "events.csv",
    ),
    *("payments.csv", "ledger.csv", "codebook.csv"),
)


@dataclass(frozen=True, slots=True)
class OnePerson:
    """Whose export it is."""

    id: int
    label: str


async def person_called(conn: Connection, session_id: str, label: str) -> OnePerson | None:
    found = await (
        await conn.execute(SQL["person_called"], dict(session_id=session_id, label=label))
    ).fetchone()
    return OnePerson(found[0], label) if found else None


async def person_numbered(conn: Connection, session_id: str, number: int) -> OnePerson | None:
    found = await (
        await conn.execute(SQL["person_numbered"], dict(session_id=session_id, number=number))
    ).fetchone()
    return OnePerson(number, found[0]) if found else None


async def own_lines(person: OnePerson, name: str, blocks: Blocks) -> Blocks:
    """Those of a table that are this person's; all of the codebook."""
    place: int | None = None
    async with aclosing(blocks):
        async for block, more in blocks:
            if name == "codebook.csv":
                yield block, more
                continue
            rows = list(csv.reader(io.StringIO(block.decode(), newline=""), strict=True))
            kept = []
            if place is None and rows:
                kept.append(rows.pop(0))
                place = kept[0].index("player")
            kept += [row for row in rows if place is not None and row[place] == str(person.id)]
            if kept:
                text = io.StringIO()
                csv.writer(text, lineterminator="\r\n").writerows(kept)
                yield text.getvalue().encode(), len(kept)


async def in_words(conn: Connection, study: Study, person: OnePerson) -> str:
    """All that is kept, for somebody who reads no tables. `conn` is in a transaction of one moment."""
    return "\n".join([line async for line in _lines(conn, study, person)]) + "\n"


async def _lines(conn: Connection, study: Study, person: OnePerson) -> AsyncIterator[str]:
    async def found(query: str) -> list[tuple[Any, ...]]:
        return await (await conn.execute(SQL[query], dict(player_id=person.id))).fetchall()

    [found_of] = await found("facts")
    session_id, erased, type_, status, entry, given, signed_in, seated, finished, outcome, code, room = (
        found_of
    )
    yield f"What is kept about {person.label} in the study “{study.title}”, times in UTC"
    yield ""
    codes = await codes_of(conn, session_id, study)
    handed_in = codes.handed_in(person.id, code, erased)
    facts = {"type": type_, "status": status, "room": room, "outcome": outcome, "code": handed_in}
    facts |= {"came in": signed_in, "got a place": seated, "was done": finished}
    facts["link first opened"] = await presence.opened_at(conn, person.id)
    for name, value in facts.items():
        yield f"{name}: {_said(value)}"
    asked = {(step.name, one.name): one.ask for step in study.all_steps for one in step.fields}
    asked |= {(step.name, one.name): one.button for step in study.steps for one in step.moves}
    if entry:
        yield "\nAnswered at the door:"
        for one in study.entry:
            yield f"  {one.ask} {entry.get(one.name) or '–'}"
    if given:
        yield "\nCame with the link, or stood in the list of people:"
        for name, text in sorted(given.items()):
            yield f"  {name}: {text or '–'}"
    if past := (await earlier_of(conn, [person.id])).get(person.id):
        yield f"\nSaid in the session before, {past.session}, and known here:"
        for name, text in past.entry.items():
            yield f"  {name}: {text}"
        for name, values in past.answers.items():
            for step, round_, text in values:
                yield f"  {step} {round_}, {name}: {text}"
    for title, query in (("Answers", "answers"), ("Messages", "messages"), ("Notes", "notes")):
        lines = await found(query)
        if lines:
            yield f"\n{title}:"
        for at, step, round_, name, body in lines:
            where = f"{step} {round_}, {asked.get((step, name), name)}:" if query == "answers" else f"{name}:"
            yield f"  {_said(at)} {where} {body or '(nothing, or erased)'}"
    if told := await found("recruiter"):
        yield "\nWith the recruiter:"
        for at, what in told:
            yield f"  {_said(at)} {what}"
    if pages := await presence.spells(conn, person.id):
        yield "\nTheir page was open:"
        for spell in pages:
            yield f"  from {_said(spell.since)} to {_said(spell.until) if spell.until else 'now'}"


def _said(value: object) -> str:
    return codebook.cell(value)[:19].replace("T", " ") if isinstance(value, datetime) else str(value or "–")
