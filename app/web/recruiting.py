"""What an owner of a session asks of its recruiter, on the page and by a program: each in one transaction, and logged.

It is stored here and done in the background (app/recruiters/turns.py): nobody waits for it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from decimal import Decimal
from typing import TypeVar

from app.database.connections import Connection
from app.recruiters import bonuses, payouts, recruitment, reviews
from app.recruiters.bonuses import Confirmed
from app.recruiters.recruiter import RecruitingError
from app.recruiters.recruitment import Recruitment, the_recruitment
from app.recruiters.reviews import Proposed
from app.study.model.study import Study
from app.web.access import security
from app.web.auth import address_of
from app.web.lab import Query, lab_of
from app.web.researchers import study_of, who_asks

T = TypeVar("T")


async def connect(request: Query, session_id: str, study: str, token: str) -> None:
    """`study`: its id there; empty: that which people's links named. Raises `RecruitingError`, as all of these."""
    lab = lab_of(request)
    await study_of(request, session_id)
    async with lab.pool.connection() as conn, conn.transaction():
        await recruitment.connect_with(conn, lab.config, session_id, study, token)
        done = "connected, with a token" if token.strip() else "connected"
        await _note(conn, request, session_id, done)


async def forget(request: Query, session_id: str) -> None:
    async def work(conn: Connection, found: Recruitment, study: Study) -> None:
        await recruitment.forget(conn, session_id)
        await _note(conn, request, session_id, "token forgotten")

    await _do(request, session_id, work)


async def look_again(request: Query, session_id: str) -> None:
    async def work(conn: Connection, found: Recruitment, study: Study) -> None:
        await recruitment.look_soon(conn, session_id)
        await payouts.look_now(conn, session_id)

    await _do(request, session_id, work)


async def review(request: Query, session_id: str, digest: str) -> Proposed:
    """`digest`: of what was shown, here and in the next."""

    async def work(conn: Connection, found: Recruitment, study: Study) -> Proposed:
        done = await reviews.confirm_reviews(conn, found, study, digest, who_asks(request).name)
        approved, screened = len(done.those("approve")), len(done.those("screen_out"))
        if not done.before:
            await _note(conn, request, session_id, "reviewed", approved=approved, screened_out=screened)
        return done

    return await _do(request, session_id, work)


async def pay(
    request: Query, session_id: str, digest: str, whole: bool, amount: Decimal | None = None
) -> Confirmed:
    """The same once more pays nobody again. `amount`: the sum that was shown, where whoever asks says it."""

    async def work(conn: Connection, found: Recruitment, study: Study) -> Confirmed:
        done = await bonuses.confirm(conn, found, study, whole, digest, who_asks(request).name)
        begun = [await payouts.find_payout(conn, one) for one in done.ids]
        people, paid = sum(one.people for one in begun), sum((one.amount for one in begun), Decimal(0))
        if done.now and amount is not None and amount != paid:
            raise RecruitingError(
                f"Nobody was paid: the lines sum up to {paid:f}, and you said {amount:f}. Look at them again."
            )
        if done.now:
            money = dict(amount=str(paid), currency=begun[0].currency)
            await _note(conn, request, session_id, "paid", people=people, **money)
        return done

    return await _do(request, session_id, work)


async def settle(request: Query, session_id: str, payout_id: int, player_id: int | None, paid: bool) -> str:
    """What one says of bonuses that are unclear; `player_id`: of this one alone. In a sentence."""

    async def work(conn: Connection, found: Recruitment, study: Study) -> str:
        by = who_asks(request).name
        said, is_new = await bonuses.settle(conn, session_id, payout_id, player_id, paid, by)
        about = str(player_id or "")
        if is_new:
            await _note(conn, request, session_id, f"said to be {'paid' if paid else 'not paid'}", about)
        return said

    return await _do(request, session_id, work)


async def _do(
    request: Query, session_id: str, work: Callable[[Connection, Recruitment, Study], Awaitable[T]]
) -> T:
    lab, study = lab_of(request), await study_of(request, session_id)
    async with lab.pool.connection() as conn, conn.transaction():
        return await work(conn, await the_recruitment(conn, session_id), study)


async def _note(
    conn: Connection, request: Query, session_id: str, done: str, about: str = "", **data: object
) -> None:
    name, address = who_asks(request).name, address_of(request)
    await security.write(conn, "recruiter", name, address, session_id, about, done=done, **data)
