"""Whose turn it is to talk with recruiters: one process at a time, however many there are, and one thing at a time.

The server does so in the background, a command in front of whoever has typed it; both go on from the same rows.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import psycopg

from app.config import Config
from app.database.connections import Connection, Line
from app.database.queries import Queries, value
from app.recruiters.payouts import PATIENCE, go_on, next_due, put_off
from app.recruiters.recruiter import Recruiter, RecruiterError, RecruitingError
from app.recruiters.recruitment import Recruitment, put_problem, the_recruitment, with_tokens
from app.recruiters.reviews import ask_for_reviews, compare_reviews, review_due
from app.recruiters.submissions import look

SQL = Queries(__name__)
PACE = 2.0  # seconds between two rounds
LONGEST = 300.0  # seconds of one thing
SLOW = "The recruiter took too long to answer."
logger = logging.getLogger(__name__)


class Recruiting:
    """In every process of the server; one of them has the turn."""

    def __init__(self, url: str, config: Config) -> None:
        self.line, self.config = Line(url, "recruiters"), config

    async def run(self) -> None:
        while True:
            await asyncio.sleep(PACE)
            try:
                conn = await self.line.get()
                if await is_anything_due(conn, self.config):
                    async with turn(conn) as ours:
                        while ours and await work(conn, self.config):
                            pass
            except (psycopg.Error, OSError, TimeoutError) as error:
                logger.warning("recruiters are asked again: %s", str(error).partition("\n")[0])
                self.line.drop()
            except Exception:  # players must not feel what a recruiter answers
                logger.exception("recruiters are left alone for a minute")
                self.line.drop()
                await asyncio.sleep(60)


@asynccontextmanager
async def turn(conn: Connection) -> AsyncIterator[bool]:
    """Whether it is ours, until the block ends or the connection does."""
    ours = bool(await value(conn, SQL["take_turn"]))
    try:
        yield ours
    finally:
        if ours and not conn.broken:
            await conn.execute(SQL["end_turn"])


async def is_anything_due(conn: Connection, config: Config) -> bool:
    """That we have a token for, or that needs none."""
    told = dict(known=with_tokens(config), patience=PATIENCE)
    return bool(await value(conn, SQL["is_anything_due"], **told))


async def work(conn: Connection, config: Config, session_id: str | None = None) -> bool:
    """Do the next thing that is due, of this session or of any; whether there was one. It is our turn.

    What people are to be paid comes first. A recruiter that fails only moves what was due.
    """
    known = with_tokens(config)
    if payout := await next_due(conn, known, session_id):
        try:
            async with _made(conn, config, payout.session_id) as (recruiter, _), asyncio.timeout(LONGEST):
                await go_on(conn, recruiter, payout)
        except (RecruitingError, TimeoutError) as error:
            await put_off(conn, payout, str(error) or SLOW, 60)
        return True
    if reviewed := await review_due(conn, known, session_id):
        try:
            async with _made(conn, config, reviewed) as (recruiter, _), asyncio.timeout(LONGEST):
                await ask_for_reviews(conn, recruiter, reviewed)
        except (RecruitingError, TimeoutError) as error:
            await conn.execute(SQL["reviews_wait"], dict(session_id=reviewed, said=str(error) or SLOW))
        return True
    looked = await value(conn, SQL["look_due"], known=known, session_id=session_id)
    if looked is not None:
        await look_at(conn, config, looked)
    return looked is not None


async def look_at(conn: Connection, config: Config, session_id: str) -> None:
    """Read where everybody is; why it came to nothing stands with the session then."""
    try:
        async with _made(conn, config, session_id) as (recruiter, recruitment), asyncio.timeout(LONGEST):
            await look(conn, recruiter, recruitment)
        await compare_reviews(conn, session_id)
    except (RecruitingError, RecruiterError, TimeoutError) as error:
        await put_problem(conn, session_id, str(error) or SLOW)


@asynccontextmanager
async def _made(
    conn: Connection, config: Config, session_id: str
) -> AsyncIterator[tuple[Recruiter, Recruitment]]:
    recruitment = await the_recruitment(conn, session_id)
    recruiter = recruitment.made(config)
    try:
        yield recruiter, recruitment
    finally:
        await recruiter.close()
