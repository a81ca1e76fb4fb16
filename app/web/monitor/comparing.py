"""One of two sessions that are held against each other: what it was, who came, how long it took, what they said."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from app.database.connections import Connection
from app.database.queries import Queries, row, rows
from app.database.whole_sessions import read_whole_session
from app.players import door
from app.players.door import Places
from app.sessions import seals, waves
from app.sessions.seals import Seal
from app.sessions.sessions import Session, find_session
from app.sessions.waves import Wave
from app.study.model.entrance import AT_THE_DOOR
from app.study.model.study import Study
from app.study.shelf import KeptVersion
from app.web.monitor.answers import groups_in_order, means_of

SQL = Queries(__name__)


@dataclass(frozen=True, slots=True)
class People:
    """`listed`: by a link of their own. `gone`: whose status is `left`."""

    listed: int
    came: int
    turned_away: int
    seated: int
    finished: int
    gone: int
    there: int


@dataclass(frozen=True, slots=True)
class RoomsOfKind:
    kind: str
    rooms: int
    people: int


@dataclass(frozen=True, slots=True)
class Drawn:
    """For how many a level of a treatment was drawn."""

    treatment: str
    level: str
    rooms: int
    people: int


@dataclass(frozen=True, slots=True)
class Lasted:
    """In seconds."""

    what: str
    people: int
    median: float
    ninetieth: float


@dataclass(frozen=True, slots=True)
class Mean:
    """Of a question, of everybody (`treatment` is empty) or of those with one level of a treatment."""

    step: str
    field: str
    treatment: str
    level: str
    answers: int
    mean: float


@dataclass(frozen=True, slots=True)
class Changed:
    path: str
    by: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Volume:
    records: int
    messages: int


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two. `version`: its study's, where it is kept; `unasked`: the database that keeps it, where that does
    not answer. `unsealed`: what is not as the last of its seals says."""

    session: Session
    study: Study
    version: KeptVersion | None
    unasked: str
    wave: Wave | None
    changed: Sequence[Changed]
    places: Places | None
    people: People
    outcomes: Mapping[str, int]
    stored: Volume
    rooms: Sequence[RoomsOfKind]
    drawn: Sequence[Drawn]
    spans: Mapping[str, Lasted]
    means: Sequence[Mean]
    seals: Sequence[Seal]
    unsealed: Sequence[str]


async def read_side(
    conn: Connection, session_id: str, study: Study, version: KeptVersion | None, unasked: str = ""
) -> Side:
    """Raises `SessionError`, and psycopg's `QueryCanceled` where answers are read for longer than the caller allows."""
    session = await find_session(conn, session_id)
    await read_whole_session(conn)
    of = dict(session_id=session_id)
    people = await row(conn, People, SQL["people"], **of, at_the_door=list(AT_THE_DOOR))
    stored = await row(conn, Volume, SQL["stored"], **of)
    assert people is not None and stored is not None
    sealed = await seals.seals_of(conn, session_id)
    return Side(
        session=session,
        study=study,
        version=version,
        unasked=unasked,
        wave=await waves.wave_of(conn, session_id),
        changed=await rows(conn, Changed, SQL["changed"], **of),
        places=await door.places_of(conn, session_id),
        people=people,
        outcomes=dict(await (await conn.execute(SQL["outcomes"], of)).fetchall()),
        stored=stored,
        rooms=await rows(conn, RoomsOfKind, SQL["rooms"], **of),
        drawn=await rows(conn, Drawn, SQL["drawn"], **of),
        spans={one.what: one for one in await rows(conn, Lasted, SQL["spans"], **of)},
        means=await _means(conn, session_id, study),
        seals=sealed,
        unsealed=await seals.differences(conn, session_id, sealed[-1]) if sealed else (),
    )


async def _means(conn: Connection, session_id: str, study: Study) -> list[Mean]:
    """As the page of answers has them, in the order of the study."""
    found = []
    for by in ("", *(one.column for one in study.treatments)):
        means = await means_of(conn, session_id, study, by)
        order = groups_in_order(study, by, {group for groups in means.values() for group in groups})
        found += [
            Mean(step.name, field.name, by.removeprefix("treatment_"), group, *means[asked][group])
            for step in study.all_steps
            for field in step.fields
            if (asked := (step.name, field.name)) in means
            for group in order
            if group in means[asked] and (group or not by)
        ]
    return found


def as_json(side: Side) -> dict[str, Any]:
    """For programs: the figures themselves."""
    session, version = side.session, side.version
    times = ("opened_at", "started_at", "closed_at")
    return {
        "session": session.id,
        "name": session.name,
        "status": session.status,
        **{name: _iso(getattr(session, name)) for name in times},
        "study": {
            "title": side.study.title,
            "sha256": side.study.sha256,
            "version": version.number if version else None,
            "changed": [dict(path=one.path, by=one.by, at=_iso(one.at)) for one in side.changed],
        },
        "goes_on_from": side.wave.session_id if side.wave else None,
        "places": side.places.most if side.places else None,
        "people": asdict(side.people),
        "outcomes": dict(side.outcomes),
        **asdict(side.stored),
        "rooms": [asdict(one) for one in side.rooms],
        "treatments": [asdict(one) for one in side.drawn],
        "seconds": {
            what: dict(people=one.people, median=one.median, ninetieth=one.ninetieth)
            for what, one in side.spans.items()
        },
        "means": [asdict(one) for one in side.means],
        "seal": dict(digest=side.seals[-1].digest, at=_iso(side.seals[-1].at), differs=[*side.unsealed])
        if side.seals
        else None,
    }


def _iso(at: datetime | None) -> str | None:
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z") if at else None
