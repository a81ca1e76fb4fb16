"""Payments: who is to be paid what, for the recruiter, and the ledger that explains every cent."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import AsyncGenerator, Iterable, Mapping
from contextlib import aclosing
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from app.database import clock
from app.database.connections import Connection, fetching
from app.database.queries import Queries
from app.database.whole_sessions import read_whole_session
from app.players.codes import codes_of
from app.players.pay import Account, AccountLine, Earning, account_of
from app.players.players import Player
from app.study.languages.currencies import currency_digits
from app.study.model.fields import plain_number
from app.study.model.study import Study

SQL = Queries(__name__)
PAYMENT = (
    "participant_id",
    "amount",
    "player",
    "label",
    "outcome",
    "code",
    "base",
    "waiting",
    "earned",
    "rounding",
    "total",
    "currency",
)
LEDGER = ("player", "label", "at", "room", "step", "round", "reason", "amount", "points", "seconds")
_ID = re.compile(r"[\w.@-]{1,100}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Booked:
    """A player who came, with the code that they hand in, and their account."""

    player: Player
    participant: str  # the recruiter's name for them
    room: str  # its name, or empty
    account: Account

    @property
    def is_out(self) -> bool:
        """Only then it is certain what is paid."""
        return self.player.status in ("finished", "left")

    @property
    def bonus(self) -> Decimal:
        """What is paid on top of the base, which a recruiter pays by the code."""
        return self.account.total - self.account.base


async def booked(conn: Connection, session_id: str, study: Study) -> AsyncGenerator[Booked]:
    """Everybody who came, in the order of their numbers, a few hundred at a time. `conn` is in a transaction."""
    now, codes = clock.now(), await codes_of(conn, session_id, study)
    await read_whole_session(conn)
    async with fetching(conn, "booked") as cursor:
        cursor.itersize = 200
        await cursor.execute(SQL["accounts"], dict(session_id=session_id))
        async for (
            *columns,
            queued_from,
            waited_until,
            entry,
            given,
            door_id,
            erased,
            room,
            positions,
            amounts,
            reasons,
            times,
        ) in cursor:
            player = replace(Player(*columns), queued_from=queued_from, waited_until=waited_until)
            found = zip(positions or (), amounts or (), reasons or (), times or (), strict=True)
            account = account_of(study, player, [Earning(*one) for one in found], now)
            player = replace(player, code=codes.handed_in(player.id, player.code, erased))
            said = {**given, **entry}
            yield Booked(player, participant(study, player.label, said, door_id or ""), room or "", account)


def in_bulk(out: Iterable[Booked], study: Study, whole: bool = False) -> list[tuple[str, str]]:
    """Id and amount of each bonus above nothing; `whole`: of each payment, the base included."""
    coin = currency_digits(study.pay.currency)
    amounts = ((one.participant, one.account.total if whole else one.bonus) for one in out)
    return [(id, f"{amount:.{coin}f}") for id, amount in amounts if amount > 0]


def as_lines(payments: Iterable[tuple[str, str]]) -> str:
    """`id,amount` a line: what Prolific takes as bulk bonus payments, by hand or by its API.

    https://docs.prolific.com/api-reference/bonuses/create-bonus-payments
    """
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(payments)
    return text.getvalue()


async def payment_rows(conn: Connection, session_id: str, study: Study) -> AsyncGenerator[tuple[str, ...]]:
    """One of `PAYMENT` for each player who is out."""
    coin = currency_digits(study.pay.currency)
    async with aclosing(booked(conn, session_id, study)) as found:
        async for one in found:
            player, account = one.player, one.account
            if one.is_out:
                yield (
                    one.participant,
                    f"{one.bonus:.{coin}f}",
                    str(player.id),
                    player.label,
                    player.outcome or "",
                    player.code or "",
                    f"{account.base:.{coin}f}",
                    plain_number(account.waiting),
                    plain_number(account.earned),
                    plain_number(account.rounding),
                    f"{account.total:.{coin}f}",
                    study.pay.currency,
                )


async def ledger_rows(
    conn: Connection, session_id: str, study: Study
) -> AsyncGenerator[tuple[str | datetime, ...]]:
    """One of `LEDGER` for each line of each account; of who still waits or plays, for each earning so far."""
    async with aclosing(booked(conn, session_id, study)) as found:
        async for one in found:
            for line in one.account.lines:
                if one.is_out or line.is_earning:
                    yield _cells(one, line)


def participant(study: Study, label: str, said: Mapping[str, str], door_id: str = "") -> str:
    """What the study takes for the recruiter's id of what they `said` or brought, else the id that they came by.

    What a player typed may be no id at all, and must never become a line of its own in a list of payments.
    """
    for id in (said.get(study.pay.participant, "").strip(), door_id):
        if _ID.fullmatch(id):
            return id
    return label


def _cells(one: Booked, line: AccountLine) -> tuple[str | datetime, ...]:
    at = line.position
    return (
        str(one.player.id),
        one.player.label,
        line.at,
        one.room if line.is_earning and not (at and at.step.is_solo) else "",
        at.step.name if at else "",
        str(at.round) if at else "",
        line.reason,
        plain_number(line.amount),
        "" if line.points is None else plain_number(line.points),
        str(line.seconds) if line.reason == "waiting" else "",
    )
