"""Prolific, by its API: https://docs.prolific.com/api-reference, read in November 2026.

Its amounts are in cents where it lists them and decimal where bonuses are prepared. A submission's id is what comes to
us as SESSION_ID.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, get_args
from urllib.parse import quote

import msgspec

from app.recruiters.calls import Calls, NotThere
from app.recruiters.recruiter import (
    MOST_APPROVED,
    MOST_BONUSES,
    Denied,
    ListedSubmission,
    NotTaken,
    Prepared,
    RecruiterKind,
    Standing,
    Submitted,
    TheirCode,
    TheirStudy,
)

NAME, API = "Prolific", "/api/v1"
AN_ID = re.compile(r"[0-9a-f]{24}")
PAGE, PAGES = 500, 400  # submissions of a page of their list; pages at most
STANDINGS = frozenset(get_args(Standing))
CENTS = Decimal(100)
MOST_CENTS, MOST_PLACES = 10**10, 10**9  # of anything that they may mean


class _Code(msgspec.Struct):
    code: str
    actions: list[dict[str, Any]] | None = None
    actor: str | None = None


class _Study(msgspec.Struct):
    id: str
    name: str | None = None
    status: str | None = None
    external_study_url: str | None = None
    total_available_places: int | None = None
    reward: Decimal | None = None
    presentment_currency_code: str | None = None
    currency_code: str | None = None
    completion_codes: list[_Code] | None = None
    completion_code: str | None = None  # of studies with a single one


class _Submission(msgspec.Struct):
    id: str
    status: str
    participant_id: str | None = None
    participant: str | None = None
    study_id: str | None = None
    study_code: str | None = None
    entered_code: str | None = None
    bonus_payments: list[Decimal] | None = None


class _Link(msgspec.Struct):
    href: str | None = None


class _Links(msgspec.Struct):
    next: _Link | None = None


class _Submissions(msgspec.Struct):
    results: list[_Submission]
    links: _Links | None = msgspec.field(default=None, name="_links")

    @property
    def has_next(self) -> bool:
        """Whether they say so: a page may have fewer than were asked for, and still not be the last."""
        return bool(self.links and self.links.next and self.links.next.href)


class _Prepared(msgspec.Struct):
    id: str
    amount: Decimal | None = None


class Prolific:
    name = NAME

    def __init__(self, base: str, token: str) -> None:
        self.calls = Calls(NAME, base, f"Token {token}")

    async def study(self, study_id: str) -> TheirStudy:
        found = await self.calls.read(f"{API}/studies/{_in_path(study_id)}/", _Study)
        codes = found.completion_codes or ([_Code(found.completion_code)] if found.completion_code else [])
        return TheirStudy(
            id=found.id,
            name=found.name or "",
            status=found.status or "",
            address=found.external_study_url or "",
            places=_places(found.total_available_places or 0),
            reward=None if found.reward is None else _money(found.reward, "reward"),
            currency=found.presentment_currency_code or found.currency_code or "",
            codes=tuple(_code(one) for one in codes),
        )

    async def submissions(self, study_id: str) -> list[Submitted]:
        found: dict[str, Submitted] = {}
        read = 0
        for _ in range(PAGES):
            params = {"limit": str(PAGE), "offset": str(read)}
            page = await self.calls.read(
                f"{API}/studies/{_in_path(study_id)}/submissions/", _Submissions, params
            )
            news = {one.id: _submitted(one) for one in page.results if one.id not in found}
            found |= news
            read += len(page.results)
            if not news or not (page.has_next or len(page.results) >= PAGE):
                break
        return list(found.values())

    async def listed(self, submission_id: str) -> ListedSubmission | None:
        try:
            found = await self.calls.read(f"{API}/submissions/{_in_path(submission_id)}/", _Submission)
        except NotThere:
            return None
        of = found.id, found.study_id or "", _standing(found.status)
        try:
            return ListedSubmission(*of, tuple(_money(one, "bonus") for one in found.bonus_payments or ()))
        except Denied as error:
            return ListedSubmission(*of, (), unread=str(error))

    async def approve(self, submission_ids: Sequence[str]) -> None:
        assert len(submission_ids) <= MOST_APPROVED
        await self.calls.post(f"{API}/submissions/bulk-approve/", {"submission_ids": [*submission_ids]})

    async def screen_out(self, submission_id: str, code: str) -> None:
        told = {"action": "COMPLETE", "completion_code": code}
        await self.calls.post(f"{API}/submissions/{_in_path(submission_id)}/transition/", told)

    async def prepare(self, study_id: str, bonuses: Sequence[tuple[str, Decimal]]) -> Prepared:
        assert len(bonuses) <= MOST_BONUSES
        lines = "".join(f"{id},{amount:.2f}\n" for id, amount in bonuses)
        try:
            answer = await self.calls.post(
                f"{API}/submissions/bonus-payments/", {"study_id": study_id, "csv_bonuses": lines}
            )
        except Denied as error:
            named = frozenset(AN_ID.findall(error.said)) & {id for id, _ in bonuses}
            if named:
                raise NotTaken(str(error), named) from None
            raise
        try:
            found = msgspec.json.decode(answer, type=_Prepared)
        except (msgspec.DecodeError, msgspec.ValidationError):
            raise Denied(f"{NAME} answered with something that can’t be read, and nobody is paid.") from None
        return Prepared(found.id, None if found.amount is None else _money(found.amount, "sum of bonuses"))

    async def pay(self, prepared_id: str) -> None:
        await self.calls.post(f"{API}/bulk-bonus-payments/{_in_path(prepared_id)}/pay/", {})

    async def close(self) -> None:
        await self.calls.close()


def _code(one: _Code) -> TheirCode:
    actions = {action.get("action") for action in one.actions or ()}
    return TheirCode(
        one.code,
        approves="AUTOMATICALLY_APPROVE" in actions,
        screens_out="FIXED_SCREEN_OUT_PAYMENT" in actions,
        by_researcher=one.actor == "researcher",
    )


def _money(cents: Decimal, what: str) -> Decimal:
    """Raises `Denied`: a Decimal may be no number, or one that nobody means, and is never taken for a sum of money."""
    if not (cents.is_finite() and 0 <= cents <= MOST_CENTS):
        raise Denied(f"{NAME} gives a {what} that is no sum of money, {str(cents)[:20]} cents.")
    return cents / CENTS


def _places(many: int) -> int:
    if not 0 <= many <= MOST_PLACES:
        raise Denied(f"{NAME} gives a number of places that can’t be, {str(many)[:20]}.")
    return many


def _in_path(id: str) -> str:
    return quote(id, safe="")


def _submitted(one: _Submission) -> Submitted:
    participant = one.participant_id or one.participant or ""
    return Submitted(one.id, participant, _standing(one.status), one.study_code or one.entered_code or "")


def _standing(status: str) -> Standing:
    """AWAITING REVIEW, TIMED-OUT, …"""
    known: Mapping[str, Standing] = {standing: standing for standing in STANDINGS}
    return known.get(re.sub(r"\W", "_", status.lower()), "other")


PROLIFIC = RecruiterKind(
    name=NAME,
    make=lambda config, token: Prolific(config.prolific_url, token),
    token=lambda config: config.prolific_token,
    setting="PROLIFIC_TOKEN",
    an_id=AN_ID,
    id_words="its id has 24 letters and digits, and stands in the address of its page there",
    brings={name: f"{{{{%{name}%}}}}" for name in ("PROLIFIC_PID", "STUDY_ID", "SESSION_ID")},
)
