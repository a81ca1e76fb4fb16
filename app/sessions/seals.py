"""Seals: what a session is to be, with one digest and a time, and afterwards what of it did not stay so.

A seal holds the study file by file, the analysis, sizes and rules. Its digest is the SHA-256 of its document, one line
of JSON with sorted keys, so that anybody can make it again of what they were given.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from app.database.connections import Connection
from app.database.queries import Queries, rows, value
from app.players import door
from app.sessions import sessions
from app.study.model.study import Study
from app.study.own_files import own_files
from app.study.stored import read_study

SQL = Queries(__name__)
Document = Mapping[str, Any]
MOST_FILES = 200  # of an analysis


@dataclass(frozen=True, slots=True)
class Seal:
    digest: str
    document: str
    came: int  # who had come in by then
    records: int  # … and what they had said
    by: str
    at: datetime

    @property
    def holds(self) -> Document:
        found: Document = json.loads(self.document)
        return found

    @property
    def moment(self) -> str:
        return f"{self.at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"

    @property
    def before(self) -> str:
        """Whether anything had been seen by then."""
        if not self.came:
            return "before anybody came in"
        people = "1 person" if self.came == 1 else f"{self.came:,} people"
        return f"after {people} had come in, with {self.records:,} answer{'s' * (self.records != 1)}"


async def seal(conn: Connection, session_id: str, analysis: Mapping[str, str], by: str) -> Seal:
    """`analysis`: file → SHA-256. Twice the same is sealed once."""
    await sessions.lock_as(conn, session_id, by)
    document = as_written(await document_of(conn, session_id, analysis))
    there = await seals_of(conn, session_id)
    if there and there[-1].document == document:
        return there[-1]
    digest = hashlib.sha256(document.encode()).hexdigest()
    await conn.execute(SQL["add"], dict(session_id=session_id, digest=digest, document=document, by=by))
    return (await seals_of(conn, session_id))[-1]


async def seals_of(conn: Connection, session_id: str) -> list[Seal]:
    """The newest last."""
    return await rows(conn, Seal, SQL["seals"], session_id=session_id)


async def document_of(conn: Connection, session_id: str, analysis: Mapping[str, str]) -> dict[str, Any]:
    """Of the session as it is now."""
    study, places = await read_study(conn, session_id), await door.places_of(conn, session_id)
    by_type: dict[str, int] = await value(conn, SQL["sizes"], session_id=session_id)
    found = await (await conn.execute(SQL["rules"], dict(session_id=session_id))).fetchone()
    assert found is not None
    seed, goes_on_from, outcomes = found
    door_of = None if places is None else dict(most=places.most, extra=f"{places.extra:f}")
    return {
        "study": {"title": study.title, "sha256": study.sha256, "files": _files(study)},
        "analysis": dict(analysis),
        "sizes": {
            "people on the list": by_type,
            "places at the door": door_of,
            "rooms": {
                one.name: dict(seats=dict(one.seats), count=one.count, bots_after=one.bots_after)
                for one in study.rooms
            },
        },
        "rules": _rules(study) | {"seed": seed, "goes on from": goes_on_from, "of outcomes": outcomes},
    }


def as_written(document: Document) -> str:
    return json.dumps(document, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


async def differences(
    conn: Connection, session_id: str, seal: Seal, analysis: Mapping[str, str] | None = None
) -> list[str]:
    """What is not as it was sealed, a sentence each. `analysis`: as it was carried out; None: nobody looks at it."""
    sealed = seal.holds
    now = await document_of(conn, session_id, sealed["analysis"] if analysis is None else analysis)
    found = [*_of_files(sealed["study"]["files"], now["study"]["files"], "The study’s file")]
    since = await (
        await conn.execute(SQL["mended_since"], dict(session_id=session_id, at=seal.at))
    ).fetchall()
    found += [
        f"{path} was changed by {by}, {at.astimezone(UTC):%Y-%m-%d %H:%M} UTC." for path, by, at in since
    ]
    found += _of_files(sealed["analysis"], now["analysis"], "The analysis’s file")
    for part in ("sizes", "rules"):
        for key in sorted({*sealed[part], *now[part]}):
            before, after = sealed[part].get(key), now[part].get(key)
            if before != after:
                found.append(f"{_capital(key)}: {_said(before)} when it was sealed, {_said(after)} now.")
    return found


def _files(study: Study) -> dict[str, str]:
    own = own_files(study.files)
    return {
        path: own[path].sha256 if path in own else hashlib.sha256(body).hexdigest()
        for path, body in study.files.items()
    }


def _rules(study: Study) -> dict[str, Any]:
    """In words of the study, for whoever reads the seal; each of them is in its files, too."""
    return {
        "treatments": {
            one.name: dict(levels=list(one.levels), by=one.by, method=one.method) for one in study.treatments
        },
        "quotas and screens": len(study.quotas) + len(study.screens),
        "longest wait": study.lobby.max_wait,
        "of who goes silent": list(study.dropout.then),
        "pay": dict(base=f"{study.pay.base:f}", currency=study.pay.currency),
    }


def _of_files(sealed: Mapping[str, str], now: Mapping[str, str], what: str) -> Iterator[str]:
    for name in sorted({*sealed, *now}):
        if name not in now:
            yield f"{what} {name} was sealed, and is not there."
        elif name not in sealed:
            yield f"{what} {name} is there, and was not sealed."
        elif sealed[name] != now[name]:
            yield f"{what} {name} is not the one that was sealed."


def _said(part: object) -> str:
    """A part of a document, for people."""
    if part in (None, {}, []):
        return "nothing"
    if isinstance(part, Mapping):
        return ", ".join(f"{key or 'no type'} {_within(part[key])}" for key in sorted(part))
    return ", ".join(map(_said, part)) if isinstance(part, list) else str(part)


def _within(part: object) -> str:
    return f"({_said(part)})" if isinstance(part, Mapping | list) and part else _said(part)


def _capital(key: str) -> str:
    return key[:1].upper() + key[1:]
