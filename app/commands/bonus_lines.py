"""What `networklab recruiter pay` says of bonuses: those that are due, and what became of them."""

from __future__ import annotations

import json
from collections.abc import Collection
from decimal import Decimal
from typing import Any

from app.database.connections import Connection
from app.recruiters import payouts
from app.recruiters.bonuses import Due
from app.recruiters.payouts import Bonus, Payout
from app.recruiters.recruitment import Recruitment
from app.study.languages.texts import texts_in


def lines_of(now: Due) -> list[str]:
    return [
        f"{one.label:20}  {one.submission.id}  {one.outcome:14}  {one.submission.words:20}  {one.amount:9.2f}"
        for one in now.lines
    ]


def notes_of(now: Due, found: Recruitment) -> list[str]:
    notes = []
    if now.without:
        them = ", ".join(now.without[:10])
        notes.append(f"note: {found.recruiter} lists no submission, or none that is theirs alone, of {them}.")
    if now.unsure:
        them = ", ".join(now.unsure[:10])
        notes.append(
            f"note: {found.recruiter} does not say what it pays by the completion code, so {them} may have the base"
            " already, and nothing is paid to them with it. Look there; their bonuses can be paid without --whole."
        )
    if now.unpaid_base and not now.whole:
        notes.append(f"note: {now.unpaid_base:,} returned or did not hand in: they are paid no base there.")
    if now.still:
        notes.append(f"note: {now.still:,} people still wait or play; they are not in it yet.")
    return notes


async def told(conn: Connection, session_id: str, ids: Collection[int], as_json: bool) -> list[str]:
    """Of the payouts `ids`, and of those before them that are not settled."""
    found = [
        one
        for one in await payouts.payouts_of(conn, session_id)
        if one.id in ids or one.state not in ("settled", "refused")
    ]
    lines = await payouts.bonuses_of(conn, session_id)
    if as_json:
        return [json.dumps([_as_json(one, lines) for one in found], ensure_ascii=False)]
    said = [] if found else ["Nothing is due."]
    for payout in found:
        said += _told_of(payout, [one for one in lines if one.payout_id == payout.id])
    left = [one for one in lines if one.state == "held"]
    said += [
        f"  {one.label}: {one.amount:.2f} was left out of bonuses {one.payout_id}. {one.said}" for one in left
    ]
    if left or any(one.state == "unclear" for one in found):
        said.append(
            f"Say what was paid: `networklab recruiter {session_id} settle NUMBER --paid`, or --not-paid;"
            " with --player of one alone."
        )
    return said


async def are_paid(conn: Connection, session_id: str, ids: Collection[int]) -> bool:
    """Whether the payouts `ids` came to their end, and nothing else of the session is on its way or left to say."""
    found = await payouts.payouts_of(conn, session_id)
    lines = await payouts.bonuses_of(conn, session_id)
    ended = all(one.state == "settled" or (one.state == "refused" and one.id not in ids) for one in found)
    return ended and not any(one.state == "held" for one in lines)


def _told_of(payout: Payout, own: list[Bonus]) -> list[str]:
    paid = [one.amount for one in own if one.state == "paid"]
    money = texts_in().money(sum(paid, Decimal(0)), payout.currency)
    many = f"{len(paid):,} of {len(own):,} people paid, {money}"
    said = [f"Bonuses {payout.id}: {payout.state}, {many}. {payout.said}".rstrip()]
    for one in own if payout.state == "unclear" else ():
        if one.state == "open":
            listed = "nothing" if one.listed is None else f"{one.listed:.2f} in all"
            before = f"and {one.listed_before or 0:.2f} before"
            they = one.said or f"They list {listed}, {before}."
            said.append(f"  {one.label}: {one.amount:.2f} was asked for. {they}")
    return said


def _as_json(payout: Payout, lines: list[Bonus]) -> dict[str, Any]:
    keys = ("player_id", "label", "state", "said")
    return dict(
        number=payout.id,
        state=payout.state,
        amount=f"{payout.amount:f}",
        currency=payout.currency,
        said=payout.said,
        lines=[
            {key: getattr(one, key) for key in keys}
            | dict(amount=f"{one.amount:f}", listed=None if one.listed is None else f"{one.listed:f}")
            for one in lines
            if one.payout_id == payout.id
        ],
    )
