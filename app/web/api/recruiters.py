"""The recruiter of a session by the interface: who is approved and paid, by what was looked at, never in one call."""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from litestar import get, post
from litestar.params import FromPath, FromQuery
from litestar.response import Response

from app.database.connections import snapshot
from app.players.door import places_of
from app.recruiters import bonuses, payouts, reviews, submissions
from app.recruiters.comparison import compared
from app.recruiters.payouts import Bonus, Payout
from app.recruiters.recruiter import RecruitingError
from app.recruiters.recruitment import KINDS, recruitment_of, the_recruitment
from app.recruiters.set_up_steps import SetUpStep
from app.recruiters.setting_up import guides_of
from app.web import recruiting
from app.web.api.bodies import CREATES, Confirmation, PayConfirmation, RecruiterStudy, SaidOfPayout
from app.web.api.recruiter_shapes import (
    BonusNow,
    ComparedSetting,
    DueLine,
    Paying,
    PaymentDue,
    PayoutNow,
    RecruiterNow,
    Reviewing,
    ReviewLine,
    ReviewProposed,
    SetUpNow,
    SetUps,
    StepToDo,
    SubmissionNow,
    TextToPaste,
)
from app.web.api.shapes import DoneDeed
from app.web.lab import Query, lab_of
from app.web.researchers import FILES, OWNS, study_of

HERE = "/sessions/{session_id:str}/recruiter"


@get(HERE, needs=FILES)
async def recruiter_now(request: Query, session_id: FromPath[str]) -> RecruiterNow:
    """What differs there, where people are, and what was paid."""
    lab, study = lab_of(request), await study_of(request, session_id)
    async with lab.pool.connection() as conn, snapshot(conn):
        found, places = await recruitment_of(conn, session_id), await places_of(conn, session_id)
        if found is None:
            return RecruiterNow(recruiter=None)
        people = await submissions.people_there(conn, session_id)
        paid = _payouts(
            await payouts.payouts_of(conn, session_id), await payouts.bonuses_of(conn, session_id)
        )
    told, kind = found.told, KINDS[found.recruiter]
    lines = compared(kind, told, study, session_id, lab.config.public_url, places) if told else []
    return RecruiterNow(
        recruiter=found.recruiter,
        study=found.study_id,
        name=told.name if told else None,
        status=told.status if told else None,
        looked_at=found.looked_at,
        problem=found.problem,
        compared=[
            ComparedSetting(what=o.what, theirs=o.theirs, ours=o.ours, differs=o.differs) for o in lines
        ],
        people=[
            SubmissionNow(
                player=one.player_id,
                label=one.label,
                status=one.status,
                outcome=one.outcome,
                standing=one.standing,
                handed_in=one.handed_in,
            )
            for one in people
        ],
        payouts=paid,
    )


@get(f"{HERE}/setup", needs=FILES)
async def setup(request: Query, session_id: FromPath[str]) -> SetUps:
    """What to do at each recruiter, step by step, with the very texts to paste."""
    lab, study = lab_of(request), await study_of(request, session_id)
    async with lab.pool.connection() as conn, snapshot(conn):
        found = await guides_of(conn, session_id, study, lab.config.public_url)
    return SetUps(
        guides=[
            SetUpNow(
                key=one.key,
                name=one.name,
                first=_steps(one.first),
                steps=_steps(one.steps),
                checks=[*one.checks],
            )
            for one in found
        ]
    )


@post(HERE, needs=OWNS, status_code=200)
async def connect(request: Query, session_id: FromPath[str], data: RecruiterStudy) -> DoneDeed:
    """From now on their list of this study is read."""
    await recruiting.connect(request, session_id, data.study, data.token)
    return DoneDeed(
        session=session_id, said="It recruits by this study now; ask in a minute what differs there."
    )


@post(f"{HERE}/forget", needs=OWNS, status_code=200)
async def forget(request: Query, session_id: FromPath[str]) -> DoneDeed:
    """The token is forgotten, and nothing more read."""
    await recruiting.forget(request, session_id)
    return DoneDeed(session=session_id, said="The token is forgotten. Delete it in your account there, too.")


@post(f"{HERE}/look", needs=OWNS, status_code=200)
async def look(request: Query, session_id: FromPath[str]) -> DoneDeed:
    """They are asked at once where everybody is."""
    await recruiting.look_again(request, session_id)
    return DoneDeed(session=session_id, said="They are asked now; `looked_at` says when they have answered.")


@get(f"{HERE}/review", needs=OWNS)
async def review_proposed(request: Query, session_id: FromPath[str]) -> ReviewProposed:
    """Whom to approve and to screen out, line by line."""
    study = await study_of(request, session_id)
    async with lab_of(request).pool.connection() as conn, snapshot(conn):
        found = await reviews.proposed(conn, await the_recruitment(conn, session_id), study)
    return ReviewProposed(
        lines=[
            ReviewLine(
                player=one.player_id,
                label=one.label,
                outcome=one.outcome,
                verdict=one.verdict,
                why=one.why,
                differs=one.differs,
            )
            for one in found.lines
        ],
        digest=found.digest,
    )


@post(f"{HERE}/review", needs=OWNS, status_code=200)
async def review(request: Query, session_id: FromPath[str], data: Confirmation) -> Reviewing:
    """What was proposed is asked of them, if it is still that."""
    done = await recruiting.review(request, session_id, data.digest)
    return Reviewing(approved=len(done.those("approve")), screened_out=len(done.those("screen_out")))


@get(f"{HERE}/pay", needs=OWNS)
async def payment_due(
    request: Query, session_id: FromPath[str], whole: FromQuery[bool] = False
) -> PaymentDue:
    """What is due, line by line, and its sum. `whole`: with the base of those to whom the completion code
    brings none, as of who returned."""
    study = await study_of(request, session_id)
    async with lab_of(request).pool.connection() as conn, snapshot(conn):
        found = await bonuses.due(conn, await the_recruitment(conn, session_id), study, whole)
    return PaymentDue(
        lines=[
            DueLine(
                player=one.player_id,
                label=one.label,
                outcome=one.outcome,
                submission=one.submission.id,
                standing=one.submission.standing,
                amount=f"{one.amount:f}",
                before=f"{one.before:f}",
            )
            for one in found.lines
        ],
        amount=f"{found.total:f}",
        digest=found.digest,
        currency=found.currency,
        whole=whole,
        without=[*found.without],
        unsure=[*found.unsure],
        still=found.still,
    )


@post(f"{HERE}/pay", needs=OWNS, **CREATES)
async def pay(request: Query, session_id: FromPath[str], data: PayConfirmation) -> Response[Paying]:
    """The lines that were looked at are paid, if they are still what is due. Once more pays nobody again, and answers
    200. It is paid in the minutes that follow: the recruiter's page, and `GET` there, say how it goes."""
    begun = await recruiting.pay(request, session_id, data.digest, data.whole, _amount(data.amount))
    async with lab_of(request).pool.connection() as conn, snapshot(conn):
        made = [one for one in await payouts.payouts_of(conn, session_id) if one.id in begun.ids]
        told = Paying(payouts=_payouts(made, await payouts.bonuses_of(conn, session_id)))
    return Response(told, status_code=201 if begun.now else 200)


@post(f"{HERE}/settle", needs=OWNS, status_code=200)
async def settle(request: Query, session_id: FromPath[str], data: SaidOfPayout) -> DoneDeed:
    """What you say of bonuses that are unclear, or were left out: whether they were paid."""
    said = await recruiting.settle(request, session_id, data.payout, data.player, data.paid)
    return DoneDeed(session=session_id, said=said)


def _amount(text: str) -> Decimal:
    """In digits alone: what else a Decimal takes is no sum of money, or more digits than there is memory for."""
    if not re.fullmatch(r"[0-9]{1,12}(\.[0-9]{1,10})?", text):
        raise RecruitingError(
            f"Nobody was paid: “{text}” is no amount. Write it as it stood there, such as 3.25."
        )
    return Decimal(text)


def _steps(steps: Sequence[SetUpStep]) -> list[StepToDo]:
    return [
        StepToDo(
            words=one.words,
            pastes=[TextToPaste(what=each.what, text=each.text, note=each.note) for each in one.pastes],
        )
        for one in steps
    ]


def _payouts(made: Sequence[Payout], lines: Sequence[Bonus]) -> list[PayoutNow]:
    return [
        PayoutNow(
            payout=one.id,
            state=one.state,
            amount=f"{one.amount:f}",
            currency=one.currency,
            said=one.said,
            by=one.by,
            at=one.at,
            lines=[
                BonusNow(
                    player=each.player_id,
                    label=each.label,
                    amount=f"{each.amount:f}",
                    state=each.state,
                    said=each.said,
                )
                for each in lines
                if each.payout_id == one.id
            ],
        )
        for one in made
    ]


HANDLERS: list[Any] = [
    recruiter_now,
    setup,
    connect,
    forget,
    look,
    review_proposed,
    review,
    payment_due,
    pay,
    settle,
]
