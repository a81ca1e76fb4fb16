"""What the interface answers of a session's recruiter. Amounts are texts, to the cent."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from msgspec import Meta, Struct


class ComparedSetting(Struct, frozen=True, kw_only=True):
    what: str
    theirs: str
    ours: str
    differs: Annotated[str, Meta(description="Why it matters; empty: it is the same.")]


class SubmissionNow(Struct, frozen=True, kw_only=True):
    player: int
    label: str
    status: str
    outcome: str | None
    standing: Annotated[str | None, Meta(description="Theirs; null: they do not list this one.")]
    handed_in: Annotated[str | None, Meta(description="The code that they handed in there.")]


class BonusNow(Struct, frozen=True, kw_only=True):
    player: int
    label: str
    amount: str
    state: Annotated[
        str, Meta(description="`open`, `held` (left out: it is yours to say), `paid`, `unpaid`.")
    ]
    said: str


class PayoutNow(Struct, frozen=True, kw_only=True):
    payout: Annotated[int, Meta(description="Its number.")]
    state: Annotated[
        str,
        Meta(
            description="`asked`, `paying`, `accepted`, `settled`, `refused` (nobody was paid), or `unclear`: it is"
            " yours to say."
        ),
    ]
    amount: str
    currency: str
    said: str
    by: str
    at: datetime
    lines: list[BonusNow]


class RecruiterNow(Struct, frozen=True, kw_only=True):
    recruiter: Annotated[
        str | None, Meta(description="null: the session is not connected with a study there.")
    ]
    study: Annotated[str | None, Meta(description="Its id there.")] = None
    name: str | None = None
    status: str | None = None
    looked_at: datetime | None = None
    problem: Annotated[str, Meta(description="Why they could not be asked.")] = ""
    compared: Annotated[list[ComparedSetting], Meta(description="There, and here.")] = []
    people: list[SubmissionNow] = []
    payouts: Annotated[list[PayoutNow], Meta(description="The newest first.")] = []


class ReviewLine(Struct, frozen=True, kw_only=True):
    player: int
    label: str
    outcome: str
    verdict: Annotated[str, Meta(description="`approve`, `screen_out`, or `by_hand`: it is left to you.")]
    why: str
    differs: str


class ReviewProposed(Struct, frozen=True, kw_only=True):
    lines: list[ReviewLine]
    digest: Annotated[str, Meta(description="Say it to have this done.")]


class Reviewing(Struct, frozen=True, kw_only=True):
    approved: int
    screened_out: int


class DueLine(Struct, frozen=True, kw_only=True):
    player: int
    label: str
    outcome: str
    submission: str
    standing: str
    amount: str
    before: Annotated[str, Meta(description="What was paid before, which is not in it.")]


class PaymentDue(Struct, frozen=True, kw_only=True):
    lines: list[DueLine]
    amount: Annotated[
        str, Meta(description="The sum of all lines. Say it, with the digest, to have them paid.")
    ]
    digest: str
    currency: str
    whole: bool
    without: Annotated[list[str], Meta(description="Labels of those whom the recruiter does not list.")]
    unsure: Annotated[
        list[str],
        Meta(
            description="Labels of those who may have the base already, as the recruiter does not say what it pays."
        ),
    ]
    still: Annotated[int, Meta(description="People who wait or play, and are not in it yet.")]


class Paying(Struct, frozen=True, kw_only=True):
    payouts: list[PayoutNow]


class TextToPaste(Struct, frozen=True, kw_only=True):
    what: str
    text: str
    note: Annotated[str, Meta(description="What to do with it there.")]


class StepToDo(Struct, frozen=True, kw_only=True):
    words: str
    pastes: Annotated[list[TextToPaste], Meta(description="To take there as they stand.")]


class SetUpNow(Struct, frozen=True, kw_only=True):
    key: str
    name: str
    first: Annotated[list[StepToDo], Meta(description="To be done before; then there are no steps.")]
    steps: list[StepToDo]
    checks: Annotated[list[str], Meta(description="What to look at before people come.")]


class SetUps(Struct, frozen=True, kw_only=True):
    guides: Annotated[list[SetUpNow], Meta(description="What the study is made for first.")]
