"""What a recruiter can be asked and told, and how a call may end. Each recruiter is a file that does these.

Money is in the study's currency, as exact decimals, and never in cents: that is between a recruiter and its file.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal, Protocol

from app.config import Config

MOST_BONUSES, MOST_APPROVED = 200, 1000  # in one call
# Where a submission is with the recruiter. `reserved`: they have a place and have not begun; `other`: a word that we
# don't know.
Standing = Literal[
    "reserved",
    "active",
    "awaiting_review",
    "approved",
    "partially_approved",
    "rejected",
    "returned",
    "timed_out",
    "screened_out",
    "other",
]
WORDS: Mapping[Standing, str] = {
    "reserved": "with a place, not begun",
    "active": "at it",
    "awaiting_review": "awaiting review",
    "approved": "approved",
    "partially_approved": "approved in part",
    "rejected": "rejected",
    "returned": "returned",
    "timed_out": "timed out",
    "screened_out": "screened out",
    "other": "something else",
}


class RecruitingError(Exception):
    """What was asked of a session and its recruiter cannot be done; the text says why and what to do."""


class RecruiterError(Exception):
    """A call that did not end as it should; the text is one sentence for the researcher."""


class Denied(RecruiterError):
    """They answered that they won't: nothing came of it, and the same brings the same. `said`: all of their words."""

    def __init__(self, sentence: str, said: str = "") -> None:
        super().__init__(sentence)
        self.said = said


class TokenDenied(Denied):
    """They know no such token: they will do nothing of what we ask."""


class NotNow(RecruiterError):
    """Nothing came of it, and the same may work after so many seconds."""

    def __init__(self, sentence: str, seconds: float) -> None:
        super().__init__(sentence)
        self.seconds = seconds


class Unclear(RecruiterError):
    """It may have come to them, or not: nobody here knows what came of it."""


class NotTaken(Denied):
    """They take none of these lines, since these ids did not take part."""

    def __init__(self, sentence: str, ids: frozenset[str]) -> None:
        super().__init__(sentence)
        self.ids = ids


@dataclass(frozen=True, slots=True)
class TheirCode:
    """A completion code, and what it does for whoever hands it in."""

    code: str
    approves: bool  # at once, without a look
    screens_out: bool  # paid with less, by a fixed sum
    by_researcher: bool  # we hand it in, not they


@dataclass(frozen=True, slots=True)
class TheirStudy:
    id: str
    name: str
    status: str  # in their words
    address: str  # to which they send people
    places: int
    reward: Decimal | None  # None: they don't say
    currency: str  # empty: they don't say
    codes: tuple[TheirCode, ...]


@dataclass(frozen=True, slots=True)
class Submitted:
    """One person's taking part, as in their list."""

    id: str
    participant: str
    standing: Standing
    code: str  # that was handed in; empty: none


@dataclass(frozen=True, slots=True)
class ListedSubmission:
    """The same by itself, with the bonuses that were paid to it."""

    id: str
    study_id: str
    standing: Standing
    bonuses: tuple[Decimal, ...]
    unread: str = ""  # why these are not known


@dataclass(frozen=True, slots=True)
class Prepared:
    """Bonuses that they know of and have not paid. `amount`: what people get in all, by their count; None: not said."""

    id: str
    amount: Decimal | None


class Recruiter(Protocol):
    """All raise `RecruiterError`. What is only read may be asked again at any time."""

    name: str

    async def study(self, study_id: str) -> TheirStudy: ...

    async def submissions(self, study_id: str) -> list[Submitted]: ...

    async def listed(self, submission_id: str) -> ListedSubmission | None:
        """None: there is no such submission."""

    async def approve(self, submission_ids: Sequence[str]) -> None:
        """At most `MOST_APPROVED`; twice does no more than once."""

    async def screen_out(self, submission_id: str, code: str) -> None:
        """By a code that is the researcher's to hand in; twice does no more than once."""

    async def prepare(self, study_id: str, bonuses: Sequence[tuple[str, Decimal]]) -> Prepared:
        """So much to each submission, at most `MOST_BONUSES` of them. Nobody is paid by it, however often."""

    async def pay(self, prepared_id: str) -> None:
        """Pays what was prepared. Twice pays twice. It is done in the minutes that follow."""

    async def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class RecruiterKind:
    """A recruiter as its file tells of it; app/recruiters/recruitment.py names those there are."""

    name: str
    make: Callable[[Config, str], Recruiter]  # with a token
    token: Callable[[Config], str | None]  # of the environment
    setting: str  # the environment's name for it
    an_id: re.Pattern[str]  # what ids of its studies look like
    id_words: str  # and where one finds them
    # What its links can bring → what stands for it in the address; the first is whose it is
    brings: Mapping[str, str]
