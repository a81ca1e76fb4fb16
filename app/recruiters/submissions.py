"""Where people are with the recruiter: their list, read now and then and held against ours."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from psycopg.types.json import Jsonb

from app.database.connections import Connection
from app.database.queries import Queries, row, rows
from app.export.payments import participant
from app.recruiters.recruiter import WORDS, Recruiter, Standing, Submitted
from app.recruiters.recruitment import Recruitment, put_study
from app.study.model.study import Study
from app.study.stored import read_study

SQL = Queries(__name__)
OVER = ("returned", "timed_out", "rejected")  # where somebody has several, another counts


@dataclass(frozen=True, slots=True)
class Submission:
    """Of one player. `code`: what they handed in there."""

    player_id: int
    id: str
    standing: Standing
    code: str

    @property
    def words(self) -> str:
        return WORDS[self.standing]


@dataclass(frozen=True, slots=True)
class PersonThere:
    """Somebody who came: how it stands here, and there. Without a `standing` the recruiter does not list them."""

    player_id: int
    label: str
    status: str
    outcome: str | None
    standing: Standing | None
    handed_in: str | None

    @property
    def words(self) -> str:
        return WORDS[self.standing] if self.standing else "not listed"


@dataclass(frozen=True, slots=True)
class _Known:
    """A player, and what they may be known by."""

    id: int
    label: str
    given: Mapping[str, str]
    entry: Mapping[str, str]
    door_id: str | None


async def look(conn: Connection, recruiter: Recruiter, recruitment: Recruitment) -> None:
    """Read the study and its list, and store them. Raises `RecruiterError`; then nothing has changed.

    No transaction may be open: what is read takes its time.
    """
    session_id = recruitment.session_id
    told = await recruiter.study(recruitment.study_id)
    theirs = await recruiter.submissions(recruitment.study_id)
    async with conn.transaction():
        study = await read_study(conn, session_id)
        known = await rows(conn, _Known, SQL["known"], session_id=session_id)
        whose = matched(study, known, theirs)
        await put_study(conn, session_id, told)
        for name in ("let_go", "put"):
            await conn.execute(SQL[name], dict(session_id=session_id) | _columns(whose))
        counts = Counter(one.standing for one in theirs)
        here = {one.id for one in whose.values()}
        told_of = dict(standings=Jsonb(counts), not_here=sum(one.id not in here for one in theirs))
        await conn.execute(SQL["looked"], dict(session_id=session_id) | told_of)


async def submissions_of(conn: Connection, session_id: str) -> dict[int, Submission]:
    """By player."""
    found = await rows(conn, Submission, SQL["submissions_of"], session_id=session_id)
    return {one.player_id: one for one in found}


async def people_there(conn: Connection, session_id: str) -> list[PersonThere]:
    """Who came, in the order of their numbers."""
    return await rows(conn, PersonThere, SQL["people_there"], session_id=session_id)


async def submission_of(conn: Connection, player_id: int) -> Submission | None:
    return await row(conn, Submission, SQL["submission_of"], player_id=player_id)


def matched(study: Study, known: Sequence[_Known], theirs: Iterable[Submitted]) -> dict[int, Submitted]:
    """Player → the submission of theirs that is meant: the one that their link named, else the last by their id.

    An id that two people here go by is nobody's: it was typed.
    """
    by_id, by_participant = {}, dict[str, Submitted]()
    for one in theirs:
        by_id[one.id] = one
        before = by_participant.get(one.participant)
        if before is None or before.standing in OVER or one.standing not in OVER:
            by_participant[one.participant] = one
    found: dict[int, Submitted] = {}
    for person in known:
        name = participant(study, person.label, {**person.given, **person.entry}, person.door_id or "")
        named = by_id.get(person.given.get("SESSION_ID", ""))
        if named is not None and named.participant not in ("", name):
            named = None  # somebody else's
        if meant := named or by_participant.get(name):
            found[person.id] = meant
    twice = {id for id, count in Counter(one.id for one in found.values()).items() if count > 1}
    return {player_id: one for player_id, one in found.items() if one.id not in twice}


def _columns(whose: Mapping[int, Submitted]) -> dict[str, list[object]]:
    return dict(
        players=list(whose),
        ids=[one.id for one in whose.values()],
        standings=[one.standing for one in whose.values()],
        codes=[one.code[:100] for one in whose.values()],
    )
