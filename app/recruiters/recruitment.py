"""Which study of a recruiter a session recruits by, with whose token, and what they last told of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import msgspec
from psycopg.types.json import Jsonb

from app.config import Config
from app.database.connections import Connection
from app.database.queries import Queries, row, rows, value
from app.recruiters.keeping import locked, opened
from app.recruiters.prolific import PROLIFIC
from app.recruiters.recruiter import (
    WORDS,
    Recruiter,
    RecruiterKind,
    RecruitingError,
    Standing,
    TheirStudy,
)

SQL = Queries(__name__)
KINDS: Mapping[str, RecruiterKind] = {kind.name: kind for kind in (PROLIFIC,)}


@dataclass(frozen=True, slots=True)
class Recruitment:
    session_id: str
    recruiter: str
    study_id: str
    token: bytes | None = field(repr=False)
    study: Mapping[str, Any] | None
    standings: Mapping[Standing, int]
    not_here: int
    looked_at: datetime | None
    look_at: datetime | None
    failures: int
    problem: str

    @property
    def told(self) -> TheirStudy | None:
        """The study as they last told it; None: not yet."""
        return msgspec.convert(self.study, TheirStudy, strict=False) if self.study else None

    @property
    def counts(self) -> list[tuple[str, int]]:
        """How many of theirs are where, in words."""
        return [(words, self.standings[one]) for one, words in WORDS.items() if self.standings.get(one)]

    def made(self, config: Config) -> Recruiter:
        """Raises `RecruitingError` where there is no token."""
        return KINDS[self.recruiter].make(config, self._token(config))

    def _token(self, config: Config) -> str:
        if self.token is None:
            kind = KINDS[self.recruiter]
            token = kind.token(config)
            if token is None:
                raise RecruitingError(
                    f"There is no token of {kind.name}. Set {kind.setting}, or give this session one of its own."
                )
            return token
        if config.key is None:
            raise RecruitingError(
                "The token is kept by NETWORKLAB_KEY, which is not set. Set it as it was, or give the token again."
            )
        found = opened(config.key, self.session_id, bytes(self.token))
        if found is None:
            raise RecruitingError(
                "NETWORKLAB_KEY is another than the one that this session's token is kept by. Give the token again."
            )
        return found


def with_tokens(config: Config) -> list[str]:
    """The recruiters of whom the environment has a token."""
    return [kind.name for kind in KINDS.values() if kind.token(config) is not None]


async def recruitment_of(conn: Connection, session_id: str) -> Recruitment | None:
    """None: nobody has said by which study it recruits."""
    return await row(conn, Recruitment, SQL["recruitment_of"], session_id=session_id)


async def newest_recruitments(conn: Connection) -> list[Recruitment]:
    """Of sessions that are not closed, and whose recruiter is looked at."""
    return await rows(conn, Recruitment, SQL["newest_recruitments"])


async def the_recruitment(conn: Connection, session_id: str) -> Recruitment:
    """Raises `RecruitingError` where there is none."""
    found = await recruitment_of(conn, session_id)
    if found is None:
        raise RecruitingError(
            "This session is not connected with a recruiter's study yet: `networklab recruiter SESSION connect`, or"
            " its page of the dashboard, does that."
        )
    return found


async def connect_with(
    conn: Connection,
    config: Config,
    session_id: str,
    study_id: str,
    token: str,
    kind: RecruiterKind = PROLIFIC,
) -> None:
    """From now on their list is read. Without a token that which was given before stays, or the environment's holds.

    `study_id`: empty where people's links say it. Raises `RecruitingError`.
    """
    study_id = study_id.strip() or await came_by(conn, session_id)
    if not kind.an_id.fullmatch(study_id):
        raise RecruitingError(f"“{study_id[:40]}” is no study of {kind.name}: {kind.id_words}.")
    kept = None
    if token := token.strip():
        if config.key is None:
            raise RecruitingError(
                "A token can only be kept where NETWORKLAB_KEY is set (`openssl rand -base64 32` makes one)."
                f" Set it and start the server again, or set {kind.setting} instead."
            )
        if not (token.isascii() and token.isprintable() and " " not in token and 10 <= len(token) <= 1000):
            raise RecruitingError(
                "This is no token: it has 10 letters or more, and no spaces. Copy it again."
            )
        kept = locked(config.key, session_id, token)
    told = dict(session_id=session_id, recruiter=kind.name, study_id=study_id, token=kept)
    if await value(conn, SQL["is_paid_by_another"], **told):
        raise RecruitingError(
            "Bonuses of this session were paid by another study already, or may have been, and what was paid is known"
            " by that alone."
        )
    await conn.execute(SQL["connect_with"], told)


async def came_by(conn: Connection, session_id: str) -> str:
    """The study that most people's links named. Raises `RecruitingError`."""
    found = await value(conn, SQL["came_by"], session_id=session_id)
    if found is None:
        raise RecruitingError("Nobody has come with a STUDY_ID yet. Say which study it is.")
    return str(found)


async def forget(conn: Connection, session_id: str) -> None:
    """The token, and no further looks. What was asked for and is not settled stays."""
    await conn.execute(SQL["forget"], dict(session_id=session_id))


async def look_soon(conn: Connection, session_id: str) -> None:
    await conn.execute(SQL["look_soon"], dict(session_id=session_id))


async def put_study(conn: Connection, session_id: str, study: TheirStudy) -> None:
    told = Jsonb(msgspec.to_builtins(study))
    await conn.execute(SQL["put_study"], dict(session_id=session_id, study=told))


async def put_problem(conn: Connection, session_id: str, problem: str) -> None:
    """The next look is the later, the more came to nothing: a minute, then two, … half an hour."""
    await conn.execute(SQL["put_problem"], dict(session_id=session_id, problem=problem))
