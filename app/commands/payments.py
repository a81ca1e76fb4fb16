"""`networklab payments`: who is to be paid what, for the recruiter."""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from decimal import Decimal
from pathlib import Path

from app.commands.arguments import THE_SESSION, Refusal
from app.commands.connection import in_transaction
from app.config import Config
from app.database.connections import Connection
from app.export.payments import Booked, as_lines, booked, in_bulk
from app.recruiters.payouts import Bonus, bonuses_of, told_of_paid
from app.sessions.sessions import find_session
from app.study.languages.texts import texts_in
from app.study.model.study import Study
from app.study.stored import read_study
from app.web.access import security
from app.web.access.security import COMMAND_LINE


def add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("session", metavar="SESSION", help=THE_SESSION)
    parser.add_argument(
        "--to", type=Path, metavar="FILE", help="write the lines here instead of printing them"
    )
    parser.add_argument(
        "--whole", action="store_true", help="the base included: where nothing is paid by the completion code"
    )
    parser.add_argument("--json", action="store_true", help="print every payment as JSON, the base included")


def run(options: argparse.Namespace, config: Config) -> int:
    async def read(conn: Connection) -> tuple[Study, list[Booked], list[Bonus]]:
        await find_session(conn, options.session)
        study = await read_study(conn, options.session)
        await security.write(conn, "exported", COMMAND_LINE, "", options.session, file="payments")
        came = [one async for one in booked(conn, options.session, study)]
        return study, came, await bonuses_of(conn, options.session)

    study, came, bonuses = in_transaction(config, read)
    out = [one for one in came if one.is_out]
    if options.json:
        print(json.dumps([_as_json(one, study) for one in out], ensure_ascii=False, indent=2))
        return 0
    payments = in_bulk(out, study, options.whole)
    if options.to:
        _write(options.to, as_lines(payments))
    else:
        sys.stdout.write(as_lines(payments))
    for note in [*_notes(came, payments, study, options.whole), *_note_of_paid(bonuses, options.session)]:
        print(note, file=sys.stderr)
    return 0


def _notes(came: list[Booked], payments: list[tuple[str, str]], study: Study, whole: bool) -> list[str]:
    out = [one for one in came if one.is_out]
    money = texts_in().money(sum((Decimal(amount) for _, amount in payments), Decimal(0)), study.pay.currency)
    what = ("payment", "payments") if whole else ("bonus", "bonuses")
    notes = [f"{len(payments):,} {what[len(payments) != 1]}, {money} in all."]
    if not whole:
        notes.append("What the completion code brings by itself is not in it; --whole has it, too.")
    for id, many in Counter(id for id, _ in payments).items():
        if many > 1:
            notes.append(
                f"note: {id} is in it {many} times: that many people gave this id. Ask before you pay."
            )
    below = sum(one.bonus < 0 for one in out)
    if below and not whole:
        notes.append(f"note: {below:,} people lost part of their base: --whole has what they are paid.")
    if len(out) < len(came):
        notes.append(f"note: {len(came) - len(out):,} people still wait or play; they are not in it yet.")
    return notes


def _note_of_paid(bonuses: list[Bonus], session_id: str) -> list[str]:
    """Whoever hands these lines in at a recruiter that was asked to pay already pays twice."""
    paid = {one.player_id for one in bonuses if one.state != "unpaid"}
    if not paid:
        return []
    return [
        f"note: {told_of_paid(len(paid))}, which is not taken off these lines. Don't hand them in:"
        f" `networklab recruiter {session_id} pay` pays what is left."
    ]


def _as_json(one: Booked, study: Study) -> dict[str, str | None]:
    account = one.account
    amounts = dict(base=account.base, bonus=one.bonus, total=account.total)
    return {
        "participant_id": one.participant,
        "label": one.player.label,
        "outcome": one.player.outcome,
        "code": one.player.code,
        **{name: f"{amount:f}" for name, amount in amounts.items()},
        "currency": study.pay.currency,
    }


def _write(path: Path, lines: str) -> None:
    try:
        with path.open("x", encoding="utf-8", newline="") as file:
            file.write(lines)
    except FileExistsError:
        raise Refusal(f"{path} is there already. Give --to a new name: who pays twice pays twice.") from None
    except OSError as error:
        raise Refusal(f"{path} can’t be written: {error.strerror}. Give --to another name.") from None
