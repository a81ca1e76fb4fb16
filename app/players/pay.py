"""Pay: what a player earns, what for, and what is paid for it in the end. Exact decimals, never floats.

An account is a list of lines whose sum is the payment: the pay for waiting, what `score` hooks gave, the fixed pay
for how it ended, and last of all the rounding to whole cents, once.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, localcontext

from app.database.connections import Connection
from app.database.queries import Queries, array, rows
from app.players.players import Player
from app.study.hooks.answers import EXACT, FINEST, read_amount
from app.study.languages.currencies import currency_digits
from app.study.model.study import Position, Study

SQL = Queries(__name__)
OWN_REASONS = ("waiting", "base", "least", "most", "rounding")  # of lines that are no earnings


@dataclass(frozen=True, slots=True)
class Earning:
    """What one step gave one player, in points where the study has them."""

    position: int  # index into study.plan
    amount: Decimal
    reason: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Given:
    """What slots of a room are to earn by a position of the plan; `reason` says what computed it."""

    room_id: int
    position: int
    amounts: Mapping[int, Decimal | int]
    reason: str


@dataclass(frozen=True, slots=True)
class AccountLine:
    """One line of an account. `reason` is one of `OWN_REASONS`, or what computed an earning."""

    at: datetime
    reason: str
    amount: Decimal  # in the study's currency
    position: Position | None = None  # of an earning
    points: Decimal | None = None  # of an earning, where the study has points
    seconds: int = 0  # of waiting

    @property
    def is_earning(self) -> bool:
        return self.reason not in OWN_REASONS


@dataclass(frozen=True, slots=True)
class Account:
    """What a player has for sure. The sum of the lines is `total`; for who is out that is what is paid."""

    lines: tuple[AccountLine, ...]

    @property
    def total(self) -> Decimal:
        return _sum(line.amount for line in self.lines)

    @property
    def base(self) -> Decimal:
        return self._sum_of("base")

    @property
    def waiting(self) -> Decimal:
        return self._sum_of("waiting")

    @property
    def rounding(self) -> Decimal:
        return self._sum_of("rounding")

    @property
    def earned(self) -> Decimal:
        """With what the study's least and most make of it."""
        return _sum(line.amount for line in self.lines if line.reason not in ("base", "waiting", "rounding"))

    def _sum_of(self, reason: str) -> Decimal:
        return _sum(line.amount for line in self.lines if line.reason == reason)


@dataclass(frozen=True, slots=True)
class PayNow:
    """For the top of a page, in whole cents. `base` is what finishing brings, or for who is out how it ended.

    Where `since` is set, `waiting` grows from then on. `bonus` is what was earned so far, within the study's
    least and most.
    """

    base: Decimal
    waiting: Decimal
    a_minute: Decimal
    since: datetime | None
    bonus: Decimal


async def earn(
    conn: Connection,
    room_id: int,
    position: int,
    amounts: Mapping[int, Decimal | int],
    reason: str,
    alone: bool = False,
) -> None:
    """Whoever plays in a slot as this step ends earns its amount, by slot; for the same reason only once.

    `reason` says what computed it; `alone`: it is a solo step. The room must be locked and not have ended. Raises
    ValueError: see `read_amount`.
    """
    await earn_all(conn, [Given(room_id, position, amounts, reason)], alone)


async def earn_all(conn: Connection, given: Sequence[Given], alone: bool = False) -> None:
    """The same in several rooms."""
    lines = [
        (str(one.room_id), str(one.position), one.reason, str(slot), f"{read_amount(amount):f}")
        for one in given
        for slot, amount in one.amounts.items()
    ]
    if lines:
        columns = zip(
            ("rooms", "positions", "reasons", "slots", "amounts"), zip(*lines, strict=True), strict=True
        )
        params = {name: array(column) for name, column in columns}
        await conn.execute(SQL["earn_alone" if alone else "earn"], params)


async def earned_in(conn: Connection, room_ids: Sequence[int]) -> dict[int, dict[int, Decimal]]:
    """What each slot of these rooms has earned so far, by whoever sat there."""
    found: dict[int, dict[int, Decimal]] = {room_id: {} for room_id in room_ids}
    for room_id, slot, earned in await (
        await conn.execute(SQL["earned_in"], dict(room_ids=list(room_ids)))
    ).fetchall():
        found[room_id][slot] = earned
    return found


async def earnings_of_all(conn: Connection, player_ids: Sequence[int]) -> dict[int, list[Earning]]:
    """By player, of those who earned something."""
    found: dict[int, list[Earning]] = {}
    which = dict(player_ids=list(player_ids))
    for number, *columns in await (await conn.execute(SQL["earnings_of_all"], which)).fetchall():
        found.setdefault(number, []).append(Earning(*columns))
    return found


async def account_now(conn: Connection, study: Study, player: Player, now: datetime) -> Account | None:
    """None where the study says nothing of pay."""
    if not study.pays:
        return None
    earnings = await rows(conn, Earning, SQL["earnings_of"], player_id=player.id)
    return account_of(study, player, earnings, now)


def pay_of(study: Study, player: Player, now: datetime, earned: Decimal = Decimal(0)) -> PayNow | None:
    """None where the study says nothing of pay. `earned`: in points, where it has them."""
    rate = study.lobby.pay_per_minute
    if player.signed_in_at is None or not study.pays:
        return None
    waits = player.status == "waiting" and bool(rate)
    came, until = _waited(study, player, now)
    _, waiting = _waiting(study, came, until)
    base, bonus = study.pay.for_outcome(player.outcome or "complete"), _in_money(study, earned)
    if bonus:
        bonus = _bounded(study, bonus, base + waiting)
    return PayNow(base, in_cents(study, waiting), rate, came if waits else None, in_cents(study, bonus))


def account_of(study: Study, player: Player, earnings: Sequence[Earning], now: datetime) -> Account:
    """What the player has for sure by now. Whoever is out has a line for how it ended, and is rounded to cents."""
    with localcontext(EXACT):
        return Account(tuple(_lines(study, player, earnings, now)))


def in_cents(study: Study, amount: Decimal) -> Decimal:
    """Rounded half up to the smallest coin of the study's currency: none below the yen."""
    return amount.quantize(Decimal(1).scaleb(-currency_digits(study.pay.currency)), context=EXACT)


def _lines(study: Study, player: Player, earnings: Sequence[Earning], now: datetime) -> list[AccountLine]:
    lines: list[AccountLine] = []
    out = player.finished_at
    if player.signed_in_at is not None and study.lobby.pay_per_minute:
        came, until = _waited(study, player, now)
        seconds, waiting = _waiting(study, came, until)
        lines.append(AccountLine(until, "waiting", waiting, seconds=seconds))
    for one in earnings:
        points = one.amount if study.pay.per_point is not None else None
        amount = _in_money(study, one.amount)
        position = study.plan[one.position] if 0 <= one.position < len(study.plan) else None
        lines.append(AccountLine(one.at, one.reason, amount, position, points))
    if player.outcome is None or out is None:
        return lines
    lines.append(AccountLine(out, "base", study.pay.for_outcome(player.outcome)))
    if earnings:
        lines += _bounds(study, Account(tuple(lines)), out)
    exact = Account(tuple(lines)).total
    rounding = in_cents(study, exact) - exact
    return [*lines, AccountLine(out, "rounding", rounding)] if rounding else lines


def _bounds(study: Study, account: Account, at: datetime) -> list[AccountLine]:
    """What the study's `least` and `most` add to what was earned, or take from it. Nobody ever owes anything."""
    earned = account.earned
    counts = _bounded(study, earned, account.base + account.waiting)
    return (
        [AccountLine(at, "most" if counts < earned else "least", counts - earned)] if counts != earned else []
    )


def _bounded(study: Study, earned: Decimal, besides: Decimal) -> Decimal:
    if study.pay.most is not None and earned > study.pay.most:
        return study.pay.most
    return max(earned, study.pay.least, -besides)


def _waited(study: Study, player: Player, now: datetime) -> tuple[datetime, datetime]:
    """From when, and until when: from coming, or from the end of what comes before the lobby."""
    until = player.seated_at or player.waited_until or player.finished_at or now
    came = player.queued_from or (until if study.before else player.signed_in_at)
    return came or until, until


def _waiting(study: Study, came: datetime, until: datetime) -> tuple[int, Decimal]:
    """Whole seconds, and what they bring."""
    seconds = max(0, int((until - came).total_seconds()))
    with localcontext(EXACT):
        return seconds, (study.lobby.pay_per_minute * seconds / 60).quantize(FINEST)


def _in_money(study: Study, earned: Decimal) -> Decimal:
    with localcontext(EXACT):
        return earned if study.pay.per_point is None else earned * study.pay.per_point


def _sum(amounts: Iterable[Decimal]) -> Decimal:
    with localcontext(EXACT):
        return sum(amounts, Decimal(0))
