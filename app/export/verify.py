"""Proof that nothing was lost: acknowledged = stored = exported, and every rule counted again."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path

from app.database.connections import Connection
from app.database.queries import Queries, row, value
from app.export import allowed, export
from app.export.readback import (
    Exported,
    Unreadable,
    broken_files,
    broken_receipts,
    differences,
    miscounted_tables,
    payment_differences,
    strange_codes,
    unpaid,
    wide_differences,
)
from app.export.recounts import RECOUNTS
from app.export.round_check import round_differences
from app.export.verdicts import MOST, Check, Count, Verification, checked, each
from app.players.codes import LETTERS
from app.rooms.receipts import Kept
from app.study.languages.currencies import currency_digits
from app.study.model.outcomes import OWN_LETTERS
from app.study.model.study import Study
from app.study.reading import fingerprint
from app.study.stored_files import damaged

SQL = Queries(__name__)

# The name of a query that finds what breaks the rule, and the rule.
RULES = {
    "acknowledged_records_are_stored": "Every record in a receipt is stored, and says what the receipt says.",
    "stored_records_are_acknowledged": "Every stored record is in one receipt.",
    "acknowledged_messages_are_stored": "Every message that was acknowledged is stored.",
    "stored_messages_are_acknowledged": "Every stored message was acknowledged once.",
    "totals_agree": "The totals in the logs are the counts of records and messages.",
    "logs_have_no_gap": "Every log counts its events from 1 without a gap.",
    "logs_are_whole": "The session and each room have one log, and every event is in one of them.",
    "logs_tell_what_happened": "The logs tell who came, sat down and left, and which rooms opened and ended.",
    "one_slot_one_player": "Every slot has one player, and every seated player a slot.",
    "one_player_one_slot": "Every player is there once.",
    "one_id_at_the_door_one_player": "Each id that the link for everybody brought is one player, who has it as given.",
    "who_goes_on_came_through": "Whoever is known from the session before came to its end, and is one person here.",
    "status_and_slot_agree": "Each player's status and slot agree.",
    "solo_parts_fit_their_players": "Whoever is at solo steps has one part before and one after, as their status says.",
    "types_fit_seats": "Who sits in a slot has the type that it asks for.",
    "rooms_fit_the_study": "Every room has the seats of its kind, and no kind has too many rooms.",
    "what_ended_has_ended": "Nobody plays in a room that has ended, nor waits in a session that is closed.",
    "who_is_out_has_a_code": "Whoever is out has the study's code for how it ended, and nobody else has one.",
    "one_record_per_form_and_field": "No form gave a field two records.",
    "versions_count_up": "The versions of an answer are 1, 2, 3 …",
    "records_have_a_place": "Every record belongs to a player and to their room, or to their own solo steps.",
    "records_fit_the_study": "Every record answers a question that the study asks.",
    "moves_are_handled_once": "Each move that came in time was handled once, by the time its step was over.",
    "steps_end_when_it_is_quiet": "No move counted after a step was over that ends so long after the last one.",
    "moves_took_what_the_clock_showed": "A move took what its step's clock showed as it was stored.",
    "moves_are_in_the_log": "What came of each move is in the log of its room once, as it is stored.",
    "moves_gave_the_results": "Results that moves give are what the last of them gave.",
    "messages_have_a_place": "Every message comes from a seat, and goes to one that may read it.",
    "one_message_per_form": "No form sent two messages.",
    "messages_are_in_order": "The messages of a room are numbered in the order in which they came.",
    "earnings_are_in_the_log": "Every earning is in the log of its room once, as it is stored.",
    "earnings_have_a_place": "Every earning belongs to a player of its room and to a step, once for each reason.",
    "ties_go_both_ways": "Who sees another is seen by them, unless the network is directed.",
    "networks_are_logged": "Each room has a network from its first step on, and the log tells of each that came later.",
    "erasures_explain_what_is_gone": "What was erased is gone, and an erasure says by whom, when, why and how much.",
}
# Held against what is stored line by line: of an anonymous export nobody can say which line is which.
BY_NUMBER = (
    *("history_is_exported", "records_are_exported", "messages_are_exported", "payments_are_owed"),
    "codes_are_ones_own",
)


@dataclass(frozen=True, slots=True)
class _Counts:
    acknowledged_records: int
    acknowledged_messages: int
    stored_records: int
    stored_messages: int
    players: int
    rooms: int
    networks: int
    ties: int
    results: int
    erasures: int
    events: int
    moves: int

    @property
    def rows(self) -> dict[str, int]:
        """How many rows which file of an export should have."""
        counts = dict(players=self.players, records_wide=self.players, rooms=self.rooms, moves=self.moves)
        counts |= dict(networks=self.networks, ties=self.ties, results=self.results, erasures=self.erasures)
        counts |= dict(history=self.stored_records, messages=self.stored_messages, events=self.events)
        return {f"{noun}.csv": count for noun, count in counts.items()}


async def verify(
    url: str, session_id: str, study: Study, exported: Path | None = None, receipts: Sequence[Kept] = ()
) -> Verification:
    """Recounts a session as it is at one moment, and an export of that moment, made and read back.

    With `exported`, that folder or zip file is checked too; it may be old. `receipts` are looked up in it, or else in
    the export of this moment.
    """
    async with export.moment(url, "verify") as conn:
        return await recounted(conn, session_id, study, exported, receipts)


async def recounted(
    conn: Connection, session_id: str, study: Study, exported: Path | None, receipts: Sequence[Kept]
) -> Verification:
    """As this transaction sees it, which `export.set_up` has made ready."""
    counts = await row(conn, _Counts, SQL["counts"], session_id=session_id)
    assert counts is not None
    checks = [await _rule(conn, name, session_id, study) for name in RULES]
    checks.append(await _study_check(conn, session_id, study))
    checks += [
        await checked(name, sentence, allowed.breaches(conn, name, session_id, study))
        for name, sentence in allowed.RULES.items()
    ]
    checks += [
        await checked(name, sentence, recount(conn, session_id, study))
        for name, (sentence, recount) in RECOUNTS.items()
    ]
    notes: list[str] = []
    with tempfile.TemporaryDirectory(prefix="networklab-") as folder:
        fresh = Path(folder) / "export.zip"
        with fresh.open("xb") as file:
            await export.pack(conn, session_id, study, file)
        more, now = await _export_checks(conn, fresh, session_id, study, counts, "Exported now", True)
        checks += more
        if receipts and exported is None:
            checks += await _receipt_checks(fresh, receipts, "the export", notes)
    if exported is not None:
        title = str(exported)
        more, old = await _export_checks(conn, exported, session_id, study, counts, title, False)
        checks += more
        if old and old.outlived:
            notes.append(
                f"{title} still has {old.outlived:,} texts and answers that were erased since: delete it."
            )
        if receipts:
            checks += await _receipt_checks(exported, receipts, title, notes)
    seen = now.counted if now else {}
    return Verification(
        session_id,
        Count(counts.acknowledged_records, counts.stored_records, seen.get("history.csv", 0)),
        Count(counts.acknowledged_messages, counts.stored_messages, seen.get("messages.csv", 0)),
        checks,
        notes,
    )


async def _rule(conn: Connection, name: str, session_id: str, study: Study) -> Check:
    seats = [(kind.name, type_, count) for kind in study.rooms for type_, count in kind.seats.items()]
    asked = [(at.step.name, at.round, field.name) for at in study.plan for field in at.step.fields]
    asked += [(at.step.name, at.round, move.name) for at in study.plan for move in at.step.moves]
    ticking = [(at, at.step.clock) for at in study.plan if at.step.clock]
    found = await conn.execute(
        SQL[name],
        dict(
            session_id=session_id,
            kinds=[kind.name for kind in study.rooms],
            kind_limits=[kind.count for kind in study.rooms],
            seat_kinds=[kind for kind, _, _ in seats],
            seat_types=[type_ for _, type_, _ in seats],
            seat_counts=[count for _, _, count in seats],
            outcomes=list(study.finish.codes),
            codes=list(study.finish.codes.values()),
            steps=[step for step, _, _ in asked],
            rounds=[round_ for _, round_, _ in asked],
            fields=[field for _, _, field in asked],
            all_steps=[step.name for step in study.all_steps],
            parts=[step.during for step in study.all_steps],
            move_steps=[step.name for step in study.steps for _ in step.moves],
            move_names=[move.name for step in study.steps for move in step.moves],
            quiet_positions=[at.index for at in study.plan if at.step.quiet],
            quiet_seconds=[at.step.quiet for at in study.plan if at.step.quiet],
            quiet_most=[at.step.limit for at in study.plan if at.step.quiet],
            clock_positions=[at.index for at, _ in ticking],
            clock_starts=[one.start for _, one in ticking],
            clock_steps=[one.step for _, one in ticking],
            clock_everys=[one.every for _, one in ticking],
            clock_ends=["" if one.end is None else str(one.end) for _, one in ticking],
            position_parts=[at.step.during for at in study.plan],
            rooms=bool(study.rooms),
            has_before=bool(study.before),
            directed=[kind.name for kind in study.rooms if study.network_of(kind.name).directed],
            **allowed.talks_of(study),
        ),
    )
    rows = tuple(problem for (problem,) in await found.fetchmany(MOST))
    return Check(name, RULES[name], found.rowcount, rows)


async def _study_check(conn: Connection, session_id: str, study: Study) -> Check:
    files: dict[str, bytes] = dict(
        await (await conn.execute(SQL["study_files"], dict(session_id=session_id))).fetchall()
    )
    opened_with, wrong = await value(conn, SQL["study_sha256"], session_id=session_id), []
    if fingerprint(files) != opened_with:
        wrong.append(f"stored: sha256 {fingerprint(files)}, opened with {opened_with}")
    for path in await damaged(conn, files):
        wrong.append(f"stored: {path} is not what the session opened with")
    if study.sha256 != opened_with:
        wrong.append(f"verified with: sha256 {study.sha256}, opened with {opened_with}")
    return Check(
        "study_is_unchanged", "The study is the one that the session opened with.", len(wrong), tuple(wrong)
    )


async def _export_checks(
    conn: Connection, path: Path, session_id: str, study: Study, counts: _Counts, title: str, exact: bool
) -> tuple[list[Check], Exported | None]:
    """The checks of one export, and it, as far as it was read. `exact`: nothing is newer than it."""
    try:
        export_ = Exported(path, is_newest=exact)
        if export_.session_id != session_id:
            raise Unreadable(f"{path} is an export of the session {export_.session_id}.")
    except Unreadable as error:
        return [Check("export_can_be_read", f"{title} can be read.", 1, (str(error),))], None
    records = counts.stored_records - export_.stored["records"]
    messages = counts.stored_messages - export_.stored["messages"]
    # Which version of an answer counts may have changed after an older export.
    final = (SQL["stored_records"], 0) if records == 0 else (SQL["stored_history"], None)
    with closing(export_):
        checks = [
            await checked(
                "files_are_whole",
                f"{title}: the files are what the manifest says.",
                each(broken_files(export_)),
            ),
            await checked(
                "history_is_exported",
                f"{title}: history.csv has every version of every record as it is stored.",
                differences(conn, SQL["stored_history"], export_, "history.csv", records),
            ),
            await checked(
                "records_are_exported",
                f"{title}: records.csv has the values that count as they are stored.",
                differences(conn, final[0], export_, "records.csv", final[1]),
            ),
            await checked(
                "answers_are_in_records_wide",
                f"{title}: records_wide.csv has the answers of records.csv.",
                each(wide_differences(export_, study)),
            ),
            await checked(
                "messages_are_exported",
                f"{title}: messages.csv has every message as it is stored.",
                differences(conn, SQL["stored_messages"], export_, "messages.csv", messages),
            ),
            await checked(
                "rounds_are_exported",
                f"{title}: rounds.csv has each round of everybody, with what counted there.",
                round_differences(conn, export_, study, exact),
            ),
            *await _payment_checks(conn, export_, session_id, study, title, exact),
            await checked(
                "tables_are_whole",
                f"{title}: every table has as many rows as are stored.",
                each(miscounted_tables(export_, counts.rows, exact)),
            ),
        ]
    if export_.is_anonymous:
        checks = [check for check in checks if check.name not in BY_NUMBER]
    return checks, export_


async def _payment_checks(
    conn: Connection, export_: Exported, session_id: str, study: Study, title: str, exact: bool
) -> list[Check]:
    checks = [
        await checked(
            "payments_add_up",
            f"{title}: ledger.csv explains every cent of payments.csv, where nobody is twice.",
            each(payment_differences(export_)),
        ),
        await checked(
            "payments_are_owed",
            f"{title}: payments.csv pays everybody who is out what follows from what is stored, and nobody else.",
            each(unpaid(export_, await _owed(conn, session_id, study), exact)),
        ),
    ]
    if study.finish.per_person:
        sentence = f"{title}: players.csv and payments.csv have for everybody the code that is theirs alone."
        wrong = each(strange_codes(export_, await _own_codes(conn, session_id, study), exact))
        checks.append(await checked("codes_are_ones_own", sentence, wrong))
    return checks


async def _owed(conn: Connection, session_id: str, study: Study) -> dict[str, tuple[str, Decimal]]:
    """By player who is out: how it ended, and what is to be paid, computed by the database."""
    pay, outcomes = study.pay, list(study.finish.codes)
    found = await conn.execute(
        SQL["owed"],
        dict(
            session_id=session_id,
            has_before=bool(study.before),
            outcomes=outcomes,
            bases=[pay.for_outcome(outcome) for outcome in outcomes],
            a_minute=study.lobby.pay_per_minute,
            per_point=Decimal(1) if pay.per_point is None else pay.per_point,
            least=pay.least,
            most=pay.most,
            digits=currency_digits(pay.currency),
        ),
    )
    return {str(player): (outcome, total) for player, outcome, total in await found.fetchall()}


async def _own_codes(
    conn: Connection, session_id: str, study: Study
) -> list[tuple[str, str, bool, bool, str]]:
    """Of each player who is out, for each code: it, whether it is theirs now, whether they are erased, their own."""
    codes = [*study.finish.codes.values()]
    told = dict(session_id=session_id, codes=codes, letters=LETTERS, own_letters=OWN_LETTERS)
    return await (await conn.execute(SQL["own_codes"], told)).fetchall()


async def _receipt_checks(path: Path, receipts: Sequence[Kept], title: str, notes: list[str]) -> list[Check]:
    """What of them was erased is added to `notes`."""
    records = len({number for receipt in receipts for number in receipt.records})
    what = f"all {len(receipts):,} receipts" if len(receipts) > 1 else "the receipt"
    sentence = f"{title[0].upper()}{title[1:]} has {what}: {records:,} records, as they were acknowledged."
    try:
        export_ = Exported(path)
    except Unreadable:
        return [Check("receipts_are_exported", sentence, 1, ("it can't be read, so no receipt was found",))]
    with closing(export_):
        anonymous = ["it is anonymous: records have other numbers there, so no receipt can be looked up"]
        wrong = each(anonymous if export_.is_anonymous else broken_receipts(export_, receipts))
        check = await checked("receipts_are_exported", sentence, wrong, len(receipts))
    if export_.erased:
        notes += export_.erased
        check = replace(check, sentence=f"{sentence[:-1]}, or were erased since, and not lost.")
    return [check]
