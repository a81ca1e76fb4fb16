"""One payout, step by step, so that nobody is paid twice and nobody is forgotten.

What pays is one call that can't be repeated. Before it stands a row that says `paying`, and only whoever has put it
there makes the call: `asked` → `paying` is one statement. Where the answer says that nothing came of it, that holds;
else they are asked what they list as paid, for half an hour, and then the researcher has both figures. Just before the
call they are asked, too: what they list and we don't know of is not paid again, nor by what was prepared before.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Literal

from app.database.connections import Connection
from app.database.queries import Queries, row, rows, value
from app.recruiters.recruiter import (
    Denied,
    ListedSubmission,
    NotNow,
    NotTaken,
    Recruiter,
    RecruiterError,
    TokenDenied,
    Unclear,
)

SQL = Queries(__name__)
State = Literal["asked", "paying", "accepted", "settled", "refused", "unclear"]
PATIENCE = 1800.0  # seconds in which they list what they have paid, after the call that pays
AT_ONCE = 4  # questions
LATE = 86400.0  # seconds for which what is unclear is looked at, now and then


@dataclass(frozen=True, slots=True)
class Payout:
    id: int
    session_id: str
    study_id: str
    currency: str
    people: int
    amount: Decimal
    state: State
    prepared_id: str | None
    tries: int
    said: str
    by: str
    at: datetime
    sent_at: datetime | None
    settled_at: datetime | None
    try_at: datetime | None

    @property
    def is_over(self) -> bool:
        """Nothing more happens to it by itself, or only late."""
        return self.state in ("settled", "refused", "unclear")


@dataclass(frozen=True, slots=True)
class Bonus:
    """A line of a payout. `known`: what was paid to the same person before, as far as is known here."""

    payout_id: int
    player_id: int
    label: str
    submission_id: str
    amount: Decimal
    state: Literal["open", "held", "paid", "unpaid"]
    said: str
    listed_before: Decimal | None
    listed: Decimal | None
    known: Decimal


async def payouts_of(conn: Connection, session_id: str) -> list[Payout]:
    """The newest first."""
    return await rows(conn, Payout, SQL["payouts_of"], session_id=session_id)


async def bonuses_of(conn: Connection, session_id: str) -> list[Bonus]:
    return await rows(conn, Bonus, SQL["bonuses_of"], session_id=session_id, payout_id=None)


def told_of_paid(people: int) -> str:
    """What stands beside payments, none of which is taken off them: who hands them in as well pays these twice."""
    who = (
        "1 person was paid, or is being paid,"
        if people == 1
        else f"{people:,} people were paid, or are being paid,"
    )
    return f"{who} by their recruiter from here" if people else ""


async def find_payout(conn: Connection, payout_id: int) -> Payout:
    found = await row(conn, Payout, SQL["find_payout"], id=payout_id)
    assert found is not None
    return found


async def next_due(conn: Connection, known: Sequence[str], session_id: str | None = None) -> Payout | None:
    """The first that is to be gone on with now. None that is yet to pay, while another's call may still be at work.

    `known`: the recruiters of whom the environment has a token. What patience has run out with needs none.
    """
    told = dict(known=list(known), session_id=session_id, patience=PATIENCE)
    return await row(conn, Payout, SQL["next_due"], **told)


async def look_now(conn: Connection, session_id: str) -> None:
    """What the recruiter lists is read at once for what is not settled, however late."""
    await conn.execute(SQL["look_now"], dict(session_id=session_id))


async def go_on(conn: Connection, recruiter: Recruiter, payout: Payout) -> None:
    """One step of it. `conn` is in autocommit, and alone at this: whoever calls has the turn.

    A call that came to nothing only moves the next step; whatever this process dies of, another goes on from the row.
    """
    try:
        if payout.state == "asked":
            await _pay(conn, recruiter, payout)
        else:
            await _reconcile(conn, recruiter, payout)
    except NotNow as error:
        await put_off(conn, payout, str(error), error.seconds)
    except Unclear as error:  # of what pays nobody, and may be asked again
        await put_off(conn, payout, str(error), _pause(payout.tries))
    except Denied as error:
        await _refuse(conn, payout, str(error))


async def put_off(conn: Connection, payout: Payout, said: str, seconds: float) -> None:
    """Gone on with later. What may have been paid is the researcher's to say once patience has run out."""
    told = dict(id=payout.id, said=said, seconds=seconds, patience=PATIENCE)
    await conn.execute(SQL["later"], told)


async def _pay(conn: Connection, recruiter: Recruiter, payout: Payout) -> None:
    prepared: str | None = payout.prepared_id
    left_out = await _look_before(conn, recruiter, payout)
    lines: Sequence[Bonus] = await _open(conn, payout)
    if left_out or prepared is None:
        prepared, lines = await _prepare(conn, recruiter, payout, lines)
    if not lines:
        await conn.execute(SQL["end"], dict(id=payout.id, state="settled", said="Nobody was left to pay."))
        return
    players = sorted(one.player_id for one in lines)
    if await value(conn, SQL["begin_to_pay"], id=payout.id, prepared_id=prepared, players=players) is None:
        return  # somebody else has, or has left somebody out
    try:
        assert prepared is not None
        await recruiter.pay(prepared)
    except NotNow as error:
        await conn.execute(SQL["was_not_sent"], dict(id=payout.id, said=str(error), seconds=error.seconds))
    except Denied as error:
        await _refuse(conn, payout, str(error))
    except RecruiterError as error:
        await put_off(conn, payout, str(error), 5)
    else:
        await conn.execute(SQL["accepted"], dict(id=payout.id))


async def _look_before(conn: Connection, recruiter: Recruiter, payout: Payout) -> bool:
    """Leaves out whoever is listed with another sum than is known here, and of whom they won't tell; whether there is
    somebody new of these.

    Raises what they say where they won't tell of anybody: then it is not about one of them.
    """
    told = [one async for one in _listed(conn, recruiter, payout)]
    denied = [found for _, found in told if isinstance(found, Denied) and not isinstance(found, TokenDenied)]
    for _, found in told:
        if isinstance(found, RecruiterError) and (found not in denied or len(denied) == len(told)):
            raise found
    left_out = False
    for line, found in told:
        wrong, listed = _wrong(recruiter, payout, line, found)
        put = dict(id=payout.id, player_id=line.player_id, before=line.known, listed=listed, said=wrong)
        await conn.execute(SQL["hold" if wrong else "put_listed"], put)
        left_out |= bool(wrong)
    return left_out


def _wrong(
    recruiter: Recruiter, payout: Payout, line: Bonus, found: ListedSubmission | RecruiterError | None
) -> tuple[str, Decimal | None]:
    """Why this one is not to be paid, "" where it is; and what they list in all."""
    if isinstance(found, RecruiterError):
        return f"{found} Look there what was paid, and say it.", None
    if found is None or found.study_id not in ("", payout.study_id):
        return f"{recruiter.name} has no such submission to this study.", None
    if found.unread:
        return f"{found.unread} Look there what was paid, and say it.", None
    listed = sum(found.bonuses, Decimal(0))
    if listed == line.known:
        return "", listed
    return (
        f"{recruiter.name} lists {listed:.2f} as paid, and {line.known:.2f} was paid from here: say what it was.",
        listed,
    )


async def _prepare(
    conn: Connection, recruiter: Recruiter, payout: Payout, lines: Sequence[Bonus]
) -> tuple[str | None, Sequence[Bonus]]:
    """Without those who did not take part, as they say. Nobody is paid by it, so it may be done again."""
    while lines:
        try:
            found = await recruiter.prepare(
                payout.study_id, [(one.submission_id, one.amount) for one in lines]
            )
        except NotTaken as error:
            for one in lines:
                if one.submission_id in error.ids:
                    why = f"{recruiter.name} says that they did not take part."
                    put = dict(id=payout.id, player_id=one.player_id, before=one.known, listed=None, said=why)
                    await conn.execute(SQL["hold"], put)
            lines = [one for one in lines if one.submission_id not in error.ids]
            continue
        asked = sum((one.amount for one in lines), Decimal(0))
        if found.amount is not None and found.amount != asked:
            raise Denied(f"{recruiter.name} would pay {found.amount:.2f} where {asked:.2f} was asked for.")
        return found.id, lines
    return None, lines


async def _reconcile(conn: Connection, recruiter: Recruiter, payout: Payout) -> None:
    """By what they list now: each bonus that is there is paid. Whom they don't tell of keeps nobody else waiting."""
    errors = list[RecruiterError]()
    async for line, found in _listed(conn, recruiter, payout):
        why, listed = "", None
        if isinstance(found, RecruiterError):
            errors.append(found)
            why = str(found)
        elif found is not None:
            why, listed = found.unread, None if found.unread else sum(found.bonuses, Decimal(0))
        put = dict(id=payout.id, player_id=line.player_id, listed=listed, said=why)
        came = (
            listed is not None
            and line.listed_before is not None
            and listed - line.listed_before == line.amount
        )
        await conn.execute(SQL["was_paid" if came else "put_listed_after"], put)
    waited = await value(conn, SQL["waited"], id=payout.id)
    told = dict(id=payout.id, said=str(errors[0]) if errors else "")
    if not await _open(conn, payout):
        await conn.execute(SQL["end"], told | dict(state="settled"))
    elif waited < PATIENCE:
        waits = [one.seconds for one in errors if isinstance(one, NotNow)]
        await conn.execute(SQL["look_again"], told | dict(seconds=max([_pause(payout.tries), *waits])))
    else:
        seconds = 600 if waited < LATE else None
        await conn.execute(SQL["leave_to_researcher"], told | dict(seconds=seconds))


async def _refuse(conn: Connection, payout: Payout, said: str) -> None:
    async with conn.transaction():
        await conn.execute(SQL["none_was_paid"], dict(id=payout.id))
        await conn.execute(SQL["end"], dict(id=payout.id, state="refused", said=said))


async def _listed(
    conn: Connection, recruiter: Recruiter, payout: Payout
) -> AsyncIterator[tuple[Bonus, ListedSubmission | RecruiterError | None]]:
    """Each line that is open, with what they say of it, or why they don't; a few are asked for at a time.

    Not the rest where they could tell of none of these now.
    """

    async def told(one: Bonus) -> ListedSubmission | RecruiterError | None:
        try:
            return await recruiter.listed(one.submission_id)
        except RecruiterError as error:
            return error

    lines = await _open(conn, payout)
    for first in range(0, len(lines), AT_ONCE):
        some = lines[first : first + AT_ONCE]
        found = await asyncio.gather(*(told(one) for one in some))
        for one in zip(some, found, strict=True):
            yield one
        if all(isinstance(one, NotNow) for one in found):
            return


async def _open(conn: Connection, payout: Payout) -> list[Bonus]:
    found = await rows(conn, Bonus, SQL["bonuses_of"], session_id=payout.session_id, payout_id=payout.id)
    return [one for one in found if one.state == "open"]


def _pause(tries: int) -> float:
    """Seconds until the next look: soon at first, then each minute."""
    return min(60.0, 2.0 * (1 << min(tries, 6)))
