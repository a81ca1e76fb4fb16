"""The cast of a rehearsal: a new session of a study, and everybody who is to come."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from app.database.connections import connect
from app.database.queries import Queries
from app.players.door import Places, places_of
from app.players.links import link_of
from app.players.people import Person, first_seats, made_up
from app.players.tokens import new_token
from app.rehearsal import ways_in
from app.rehearsal.browser import Browser, WireError
from app.rehearsal.pasts import pasts_of
from app.rehearsal.trial import try_study
from app.rooms import earlier
from app.sessions.actions import ACTIONS
from app.sessions.sessions import Session, find_session, open_session
from app.sessions.waves import wave_of
from app.study.model.door import Door
from app.study.model.study import ANY, Study
from app.study.reading import parse, read_folder
from app.study.stored import read_study
from app.study.syntax.mistakes import StudyError
from app.web.access.accounts import ensure_account
from app.web.access.rights import give, give_as_on
from app.web.access.security import COMMAND_LINE

SQL = Queries(__name__)
RESEARCHER = "rehearsal"


class RehearsalError(Exception):
    """A rehearsal that can't take place; the text says why and what to do."""


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """A session, running, and everybody who is to come. `by_door`: by its one link for everybody."""

    session_id: str
    name: str
    study: Study
    people: tuple[Person, ...]
    by_door: bool = False

    def way(self, person: Person) -> str:
        """The address by which they come."""
        if self.by_door:
            return ways_in.way_of(self.session_id, self.study, person)
        return link_of(person, "", self.session_id)


async def open_rehearsal(url: str, what: str, players: int, records: int | None = None) -> Rehearsal:
    """A new session of the study in a folder, or of the study of a session that there is: that one stays as it is."""
    conn = await connect(url, "rehearsal")
    try:
        if _is_folder(what):
            study = await read_sound(Path(what))
            before, types = None, _types_of(study)
            by_door = study.door != Door() and not pasts_of(study)
        else:
            session: Session = await find_session(conn, what)
            study = await read_study(conn, session.id)
            found = await conn.execute(SQL["types"], dict(session_id=session.id))
            counts: dict[str, int] = dict(await found.fetchall())
            types, players = _spread(counts), players or sum(counts.values())
            wave = await wave_of(conn, session.id)
            before = await read_study(conn, wave.session_id) if wave else None
            by_door = await places_of(conn, session.id) is not None and not wave
        check_records(study, records)
        if by_door:
            people = tuple(ways_in.by_door(study.door, players or 100))
        else:
            people = tuple(
                Person(new_token(), f"P{number:04d}", type_, made_up(study, number))
                for number, type_ in enumerate(itertools.islice(types, players or 100), 1)
            )
        async with conn.transaction():
            name = f"{study.title}, a rehearsal"
            invited, places = ((), Places()) if by_door else (people, None)
            opened = await open_session(conn, study, invited, name, places=places)
            for past in pasts_of(study, before)[:1]:
                await earlier.make_up(conn, opened.id, past)
            # A folder is no session, and what is opened of it is everybody's.
            if await give_as_on(conn, opened.id, what, COMMAND_LINE):
                await ensure_account(conn, RESEARCHER)
                await give(conn, opened.id, RESEARCHER, "observer", COMMAND_LINE)
            await ACTIONS["start"](conn, opened.id, RESEARCHER)
        return Rehearsal(opened.id, opened.name, study, people, by_door)
    except ways_in.NoWayIn as error:
        raise RehearsalError(str(error)) from None
    finally:
        await conn.close()


def check_records(study: Study, records: int | None) -> None:
    """Raises RehearsalError where so many records of each leave questions unanswered."""
    most = study.records_per_player
    if records is not None and records < most:
        raise RehearsalError(
            f"The study asks each for up to {most:,} records, so with --records {records:,} nobody would come to its"
            " end. Leave it out, or give more: the rest is made by saving forms again."
        )


async def read_sound(folder: Path) -> Study:
    """The study in a folder, if `open` would take it. Raises StudyError."""
    study = parse(read_folder(folder))
    if failing := [mistake for mistake in await try_study(study) if mistake.grave]:
        raise StudyError(failing)
    return study


def _is_folder(what: str) -> bool:
    return "/" in what or Path(what).is_dir()


def _types_of(study: Study) -> Iterator[str]:
    """Those that the first kind of room asks for, and every tenth of a type that it has no seat for."""
    seats = [type_ for type_, count in first_seats(study).items() for _ in range(count)]
    known = study.types or ("",)
    seats = [type_ if type_ != ANY else known[n % len(known)] for n, type_ in enumerate(seats)]
    others = [type_ for type_ in known if type_ not in seats and _welcome(study, type_)]
    usual, unusual = itertools.cycle(seats), itertools.cycle(others)
    for number in itertools.count():
        yield next(unusual) if others and number % 10 == 9 else next(usual)


def _welcome(study: Study, type_: str) -> bool:
    return any(type_ in kind.seats or ANY in kind.seats for kind in study.rooms)


def _spread(counts: Mapping[str, int]) -> Iterator[str]:
    """Types in the shares that these counts have, evenly mixed."""
    given = dict.fromkeys(counts, 0)
    while True:
        type_ = min(counts, key=lambda one: ((given[one] + 1) / counts[one], one))
        given[type_] += 1
        yield type_


async def reaches(base: str, way: str) -> None:
    """Raises RehearsalError if the server there doesn't know the session's first player."""
    browser = Browser(base)
    try:
        async with asyncio.timeout(15):
            answer = await browser.get(way)
    except (WireError, TimeoutError) as error:
        why = str(error) or "for 15 s"
        raise RehearsalError(
            f"There is no answer from {base} ({why}). Start the server there, or leave --url out."
        ) from None
    finally:
        browser.close()
    if answer.status != 200:
        raise RehearsalError(
            f"The server at {base} answers a player's link with {answer.status}: it does not use the database that"
            " DATABASE_URL names. Set DATABASE_URL to that server's database, or give --links a list of its links."
        )
