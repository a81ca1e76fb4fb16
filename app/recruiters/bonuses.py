"""Bonuses that are due by the ledger, what a researcher confirms of them, and what is said of unclear ones."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import dataclass
from decimal import Decimal

from app.database.connections import Connection
from app.database.queries import Queries, rows, value
from app.export.payments import Booked, booked
from app.players.pay import in_cents
from app.recruiters.recruiter import MOST_BONUSES, RecruitingError
from app.recruiters.recruitment import Recruitment
from app.recruiters.submissions import Submission, submissions_of
from app.sessions.sessions import lock_as
from app.study.languages.currencies import currency_digits
from app.study.model.study import Study

SQL = Queries(__name__)
CENTS = 2  # decimals of the coins in which they pay
NO_REWARD = ("returned", "timed_out", "rejected")  # where a recruiter pays nothing by the completion code


@dataclass(frozen=True, slots=True)
class Confirmed:
    """Payouts that began; `now`: by this confirmation, else by the same that came before."""

    ids: Sequence[int]
    now: bool


@dataclass(frozen=True, slots=True)
class DueBonus:
    """What somebody is to be paid now: what the ledger says, without what they were paid before."""

    player_id: int
    label: str
    outcome: str
    submission: Submission
    amount: Decimal
    before: Decimal  # was paid from here, or counts as paid


@dataclass(frozen=True, slots=True)
class Due:
    """`lines`: what can be paid. `without`: labels of those whom the recruiter does not list by an id of theirs.

    `unsure`: of those whose base the completion code may have brought, as the recruiter does not say what it brings.
    """

    currency: str
    whole: bool
    lines: tuple[DueBonus, ...]
    without: tuple[str, ...]
    unsure: tuple[str, ...]
    still: int  # people who wait or play, and are not in it yet

    @property
    def total(self) -> Decimal:
        return sum((one.amount for one in self.lines), Decimal(0))

    @property
    def unpaid_base(self) -> int:
        """How many of them the recruiter does not pay by the completion code."""
        return sum(one.submission.standing in NO_REWARD for one in self.lines)

    @property
    def digest(self) -> str:
        """Of each line: what is confirmed is what was shown."""
        lines = "".join(f"{one.player_id} {one.submission.id} {one.amount}\n" for one in self.lines)
        return hashlib.sha256(f"{self.currency}\n{lines}".encode()).hexdigest()[:32]


@dataclass(frozen=True, slots=True)
class _Paid:
    """`on_its_way`: a bonus of theirs is open or held, and has to end before there is another."""

    player_id: int
    amount: Decimal
    on_its_way: bool


async def due(conn: Connection, recruitment: Recruitment, study: Study, whole: bool = False) -> Due:
    """`whole`: with the base of those whom the completion code brings none, and without whoever may have it already.
    `conn` is in a transaction.

    Raises `RecruitingError` where the two sides can't mean the same money.
    """
    session_id, currency = recruitment.session_id, currency_of(recruitment, study)
    reward = recruitment.told.reward if recruitment.told else None
    paid = {one.player_id: one for one in await rows(conn, _Paid, SQL["paid"], session_id=session_id)}
    there = await submissions_of(conn, session_id)
    lines, without, unsure, still = list[DueBonus](), list[str](), list[str](), 0
    async with aclosing(booked(conn, session_id, study)) as found:
        async for one in found:
            before = paid.get(one.player.id, _Paid(one.player.id, Decimal(0), False))
            submission = there.get(one.player.id)
            has_none = reward == 0 or submission is None or submission.standing in NO_REWARD
            with_base = whole and (has_none or reward is None)
            amount = in_cents(study, one.account.total if with_base else one.bonus) - before.amount
            still += not one.is_out
            if not one.is_out or amount <= 0 or before.on_its_way:
                continue
            if submission is None:
                without.append(one.player.label)
            elif with_base and not has_none and one.account.base:
                unsure.append(one.player.label)
            else:
                lines.append(_line(one, submission, amount, before.amount))
    return Due(currency, whole, tuple(lines), tuple(without), tuple(unsure), still)


def currency_of(recruitment: Recruitment, study: Study) -> str:
    told = recruitment.told
    if told is None:
        raise RecruitingError(
            f"{recruitment.recruiter} has not told of its study yet. Look again in a minute."
        )
    currency = study.pay.currency or told.currency
    if not told.currency:
        raise RecruitingError(
            f"{recruitment.recruiter} does not say in which currency its study pays, so it might pay another sum: no"
            " bonus can be paid from here. `networklab payments` has what is to be paid."
        )
    if told.currency != currency:
        raise RecruitingError(
            f"The study pays in {currency} and that of {recruitment.recruiter} in {told.currency}: no bonus can be paid"
            " from here. `networklab payments` has what is to be paid."
        )
    if currency_digits(currency) != CENTS:
        raise RecruitingError(f"{recruitment.recruiter} pays in cents, and {currency} has none.")
    return currency


async def confirm(
    conn: Connection, recruitment: Recruitment, study: Study, whole: bool, digest: str, by: str
) -> Confirmed:
    """The payouts that now will be paid, at most 200 people in each. `digest`: of what was shown. Once more pays nobody
    again.

    Raises `RecruitingError` where that is not what is due any more; `conn` is in a transaction.
    """
    await lock_as(conn, recruitment.session_id, by)
    now = await due(conn, recruitment, study, whole)
    if not now.lines or now.digest != digest:
        known = await conn.execute(
            SQL["confirmed_by"], dict(session_id=recruitment.session_id, digest=digest)
        )
        if before := [payout_id for (payout_id,) in await known.fetchall()]:
            return Confirmed(before, False)
    if not now.lines:
        raise RecruitingError("Nothing is due: everybody has been paid, or is being paid. Nothing changed.")
    if now.digest != digest:
        raise RecruitingError(
            "What is due has changed since this was shown. Look at it again; nobody was paid."
        )
    ids = list[int]()
    for first in range(0, len(now.lines), MOST_BONUSES):
        lines = now.lines[first : first + MOST_BONUSES]
        payout_id: int = await value(
            conn,
            SQL["add_payout"],
            session_id=recruitment.session_id,
            study_id=recruitment.study_id,
            currency=now.currency,
            by=by,
            digest=digest,
            people=len(lines),
            amount=sum((one.amount for one in lines), Decimal(0)),
        )
        await conn.execute(SQL["add_bonuses"], _columns(lines) | dict(payout_id=payout_id))
        ids.append(payout_id)
    return Confirmed(ids, True)


async def settle(
    conn: Connection, session_id: str, payout_id: int, player_id: int | None, paid: bool, by: str
) -> tuple[str, bool]:
    """What a researcher says of a bonus that the recruiter left unclear, or of all in a payout; in a transaction.

    Returns a sentence, and whether that was not so before. Raises `RecruitingError` where there is nothing to say.
    """
    await lock_as(conn, session_id, by)
    which = dict(session_id=session_id, payout_id=payout_id, player_id=player_id, by=by)
    if paid:
        # What they list besides was this bonus: no more of it is due than is left.
        await conn.execute(SQL["count_listed"], which | dict(counts=True))
        count = await value(conn, SQL["were_paid"], **which)
    else:
        # … was something else, and will not be taken for it again.
        await conn.execute(SQL["count_listed"], which | dict(counts=False))
        count = await value(conn, SQL["were_not_paid"], **which)
    if not count and (so := await value(conn, SQL["are_so"], paid=paid, **which)):
        what = "1 bonus is" if so == 1 else f"{so:,} bonuses are"
        return f"{what} noted as {'paid' if paid else 'not paid'} already; nothing changed.", False
    if not count:
        raise RecruitingError(
            "None of these bonuses is yours to say yet: what is sent is yours half an hour later, where the recruiter"
            " has not listed it by then, and what is not sent has paid nobody. Nothing changed."
        )
    await conn.execute(SQL["end_payout"], which)
    what = "1 bonus" if count == 1 else f"{count:,} bonuses"
    return f"{what} noted as {'paid' if paid else 'not paid, and due again'}.", True


def _line(one: Booked, submission: Submission, amount: Decimal, before: Decimal) -> DueBonus:
    return DueBonus(one.player.id, one.player.label, one.player.outcome or "", submission, amount, before)


def _columns(lines: Sequence[DueBonus]) -> dict[str, object]:
    return dict(
        players=[one.player_id for one in lines],
        submissions=[one.submission.id for one in lines],
        amounts=[one.amount for one in lines],
    )
