"""The entrance: what stands at the door beside its questions, and whom their answers let in."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from app.study.model.fields import Form, Kind, first

SCREENED_OUT, FAILED, DECLINED, FULL = "screened_out", "failed_check", "declined", "full"
# Outcomes of who filled in a form, or would not, and never was in
AT_THE_DOOR = (
    FULL,
    SCREENED_OUT,
    FAILED,
    DECLINED,
)
# What a form at the door says beside its answers. No field can have such a name.
DECLINE, PAGE = "entry-decline", "entry-page"  # that they would not take part; what stood above it
READ_IN = "form-language"  # what any form says of the language in which it was read; no field has such a name
ATTEMPT = "entry-attempt"  # which attempt at right answers it is, from 1
ATTEMPTS, MOST_ATTEMPTS = 3, 20


@dataclass(frozen=True, slots=True)
class Entrance:
    """`page` is a page of the study's own, by its name, that stands above the form: a text to agree to.

    `decline` is the outcome of whoever clicks that they do not want to take part; without it there is no such button.
    Whoever has not answered rightly all that has a `correct` answer after so many `attempts` is out, as `then`.
    """

    page: str = ""
    decline: str = ""
    attempts: int = ATTEMPTS
    then: str = SCREENED_OUT

    @property
    def file(self) -> str:
        """The study's file that has the page; "" without one."""
        return f"pages/{self.page}.html" if self.page else ""

    def is_declined(self, form: Form) -> bool:
        return bool(self.decline and first(form, DECLINE))


@dataclass(frozen=True, slots=True, kw_only=True)
class Answering:
    """Those whose answer to `field` is from `min` to `max`, or one of `answers`."""

    field: str
    min: Decimal | None = None
    max: Decimal | None = None
    answers: tuple[str, ...] = ()

    @property
    def words(self) -> str:
        """What they answer: `Radio or Paper`, `18 to 29`."""
        if self.answers:
            return " or ".join(self.answers)
        if self.min is not None and self.max is not None:
            return str(self.min) if self.min == self.max else f"{self.min} to {self.max}"
        return f"{self.min} or more" if self.min is not None else f"{self.max} or less"

    def counts(self, kind: Kind, value: str) -> bool:
        """Whether whoever gave this answer, as it is stored, is one of them. Who gave none is not."""
        if not value:
            return False
        if self.answers:
            return any(one in self.answers for one in kind.items(value))
        number = Decimal(value)
        return (self.min is None or number >= self.min) and (self.max is None or number <= self.max)


@dataclass(frozen=True, slots=True, kw_only=True)
class Quota(Answering):
    """Of these at most `most` come in."""

    most: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ScreenOut(Answering):
    """None of these comes in."""
