"""Who is approved, and who is screened out, by how it ended for them here; the rest is left to the researcher."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Literal

from psycopg.types.json import Jsonb

from app.database.connections import Connection
from app.database.queries import Queries, rows, value
from app.players.codes import codes_of
from app.recruiters.recruiter import (
    MOST_APPROVED,
    WORDS,
    Denied,
    NotNow,
    Recruiter,
    RecruitingError,
    Standing,
    TheirStudy,
    Unclear,
)
from app.recruiters.recruitment import Recruitment
from app.sessions.sessions import lock_as
from app.study.languages.texts import texts_in
from app.study.model.entrance import DECLINED, FAILED, FULL, SCREENED_OUT
from app.study.model.outcomes import FOR_FINISHING
from app.study.model.study import Study

SQL = Queries(__name__)
Verdict = Literal["approve", "screen_out", "by_hand"]
TURNED_AWAY = (SCREENED_OUT, FAILED, DECLINED, FULL)
ENDS: frozenset[Standing] = frozenset(
    ("approved", "partially_approved", "rejected", "returned", "timed_out", "screened_out")
)
MOST_TRIES = 5
MOST_CALLS = 60  # in search of whom they refuse, where they refuse many together


@dataclass(frozen=True, slots=True)
class Reviewed:
    """Somebody who awaits review there, and what is proposed. `differs`: they handed in another code than theirs."""

    player_id: int
    label: str
    outcome: str
    submission_id: str
    verdict: Verdict
    code: str  # that screens them out
    why: str  # it is left to the researcher
    differs: str


@dataclass(frozen=True, slots=True)
class Proposed:
    lines: tuple[Reviewed, ...]
    before: bool = False  # this was confirmed already

    def those(self, verdict: Verdict) -> list[Reviewed]:
        return [one for one in self.lines if one.verdict == verdict]

    @property
    def digest(self) -> str:
        """Of what would be done: what is confirmed is what was shown."""
        done = [one for one in self.lines if one.verdict != "by_hand"]
        lines = "".join(f"{one.player_id} {one.submission_id} {one.verdict} {one.code}\n" for one in done)
        return hashlib.sha256(lines.encode()).hexdigest()[:32]


@dataclass(frozen=True, slots=True)
class Review:
    """What was asked of the recruiter, and what came of it."""

    id: int
    player_id: int
    label: str
    what: Literal["approve", "screen_out"]
    state: Literal["asked", "sent", "done", "refused"]
    said: str
    by: str
    at: datetime


@dataclass(frozen=True, slots=True)
class _Waiting:
    player_id: int
    label: str
    outcome: str
    code: str
    submission_id: str
    handed_in: str


@dataclass(frozen=True, slots=True)
class _Asked:
    id: int
    session_id: str
    submission_id: str
    what: Literal["approve", "screen_out"]
    code: str
    tries: int


async def proposed(conn: Connection, recruitment: Recruitment, study: Study) -> Proposed:
    """Of whoever awaits review, is out here, and has not been decided on. Raises `RecruitingError`."""
    told = recruitment.told
    if told is None:
        raise RecruitingError(
            f"{recruitment.recruiter} has not told of its study yet. Look again in a minute."
        )
    codes = await codes_of(conn, recruitment.session_id, study)
    waiting = await rows(conn, _Waiting, SQL["waiting"], session_id=recruitment.session_id)
    found = []
    for one in waiting:
        own = codes.handed_in(one.player_id, one.code) or ""
        verdict, code, why = _verdict(told, study, one.outcome)
        differs = "" if one.handed_in in ("", own) else f"handed in {one.handed_in}, not {own}"
        found.append(
            Reviewed(one.player_id, one.label, one.outcome, one.submission_id, verdict, code, why, differs)
        )
    return Proposed(tuple(found))


def _verdict(told: TheirStudy, study: Study, outcome: str) -> tuple[Verdict, str, str]:
    """With the code that screens them out, or why it is the researcher's to decide."""
    if outcome in TURNED_AWAY or outcome in study.ends_at_door:
        screens = next((one.code for one in told.codes if one.screens_out and one.by_researcher), None)
        if screens is not None:
            return "screen_out", screens, ""
        return "by_hand", "", "no code there screens out by your hand: approving would bring the whole reward"
    pay = study.pay.for_outcome(outcome)
    if 0 < pay < study.pay.for_outcome("complete"):
        money = texts_in().money(pay, study.pay.currency or told.currency, exact=True)
        return "by_hand", "", f"the study pays {money} for {outcome}: approving would bring the whole reward"
    if pay > 0 or outcome in FOR_FINISHING:
        return "approve", "", ""
    return "by_hand", "", f"the study says of no pay for {outcome}"


async def confirm_reviews(
    conn: Connection, recruitment: Recruitment, study: Study, digest: str, by: str
) -> Proposed:
    """What was proposed now will be done. `digest`: of what was shown; `conn` is in a transaction. Once more asks for
    nobody again.

    Raises `RecruitingError` where that is not what is proposed any more.
    """
    await lock_as(conn, recruitment.session_id, by)
    now = await proposed(conn, recruitment, study)
    if now.digest != digest and (before := await _confirmed(conn, recruitment.session_id, digest)):
        return before
    done = [one for one in now.lines if one.verdict != "by_hand"]
    if not done:
        raise RecruitingError("There is nobody to approve or to screen out. Nothing changed.")
    if now.digest != digest:
        raise RecruitingError("Who awaits review has changed since this was shown. Look at it again.")
    columns = dict(
        players=[one.player_id for one in done],
        submissions=[one.submission_id for one in done],
        whats=[one.verdict for one in done],
        codes=[one.code for one in done],
    )
    await conn.execute(SQL["add"], dict(session_id=recruitment.session_id, by=by) | columns)
    return now


async def _confirmed(conn: Connection, session_id: str, digest: str) -> Proposed | None:
    found = await (await conn.execute(SQL["confirmed"], dict(session_id=session_id))).fetchall()
    for _, together in groupby(found, key=lambda line: line[0]):
        lines = tuple(
            Reviewed(player_id, label, outcome, submission_id, what, code, "", "")
            for _, player_id, label, outcome, submission_id, what, code in together
        )
        if (before := Proposed(lines, before=True)).digest == digest:
            return before
    return None


async def reviews_of(conn: Connection, session_id: str) -> list[Review]:
    return await rows(conn, Review, SQL["reviews_of"], session_id=session_id)


async def review_due(conn: Connection, known: Sequence[str], session_id: str | None = None) -> str | None:
    """A session in which something is to be asked now. `known`: the recruiters of whom the environment has a token."""
    found: str | None = await value(conn, SQL["review_due"], known=list(known), session_id=session_id)
    return found


async def ask_for_reviews(conn: Connection, recruiter: Recruiter, session_id: str) -> None:
    """Approves and screens out whom a researcher has said. Twice does no more than once there, so it is repeated."""
    asked = await rows(conn, _Asked, SQL["asked"], session_id=session_id, most=MOST_APPROVED)
    approved = [one for one in asked if one.what == "approve"]
    if approved:
        await _approve(conn, recruiter, approved)
    for one in asked:
        if one.what == "screen_out":
            await conn.execute(SQL["begin"], dict(ids=[one.id]))
            await _ask(conn, recruiter, [one])


async def _approve(conn: Connection, recruiter: Recruiter, asked: Sequence[_Asked]) -> None:
    """Where they refuse them together, one alone may be why: each half is asked for by itself, and so on."""
    await conn.execute(SQL["begin"], dict(ids=[one.id for one in asked]))
    left, calls = [asked], 0
    while left:
        some = left.pop()
        calls += 1
        if not await _ask(conn, recruiter, some, may_halve=calls < MOST_CALLS):
            half = len(some) // 2
            left += [some[half:], some[:half]]


async def _ask(
    conn: Connection, recruiter: Recruiter, asked: Sequence[_Asked], may_halve: bool = False
) -> bool:
    """All of the same kind, which has begun. False: they refuse them together, and nothing is noted of it."""
    which = dict(ids=[one.id for one in asked])
    try:
        if asked[0].what == "approve":
            await recruiter.approve([one.submission_id for one in asked])
        else:
            await recruiter.screen_out(asked[0].submission_id, asked[0].code)
    except NotNow as error:
        await conn.execute(SQL["again"], which | dict(said=str(error), seconds=error.seconds))
    except Unclear as error:
        await conn.execute(
            SQL["again"], which | dict(said=str(error), seconds=5.0 * (1 << min(asked[0].tries, 6)))
        )
    except Denied as error:
        if may_halve and len(asked) > 1:
            return False
        await conn.execute(SQL["was_refused"], which | dict(said=str(error)))
    else:
        await conn.execute(SQL["was_heard"], which)
    return True


async def compare_reviews(conn: Connection, session_id: str) -> None:
    """After a look: what was asked for and is so now is done; what came otherwise is not, and says how.

    What is not so after ten minutes is asked for again.
    """
    said = {one: f"Their submission is {words} there by now." for one, words in WORDS.items() if one in ENDS}
    await conn.execute(SQL["have_come"], dict(session_id=session_id, said=Jsonb(said)))
    await conn.execute(SQL["have_not_come"], dict(session_id=session_id, most=MOST_TRIES))
