"""The bots' diaries held against the database and its export: where they differ, a promise is broken."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from app.database.connections import Connection, connect
from app.database.queries import Queries
from app.export import verify
from app.rehearsal.asked import Asked, Open, asked_of
from app.rehearsal.boards_seen import Taken, seen_moves
from app.rehearsal.diary import Diary, Wrong
from app.rehearsal.ends import Ends, Opening, SeatOf, SoloPart, ends_of
from app.rehearsal.heard import Inside, Utterance, heard
from app.rehearsal.misfits import stored
from app.rooms.receipts import Kept, as_kept
from app.study.model.study import Study

SQL = Queries(__name__)

# Which promise each check of `verify` belongs to; those not named here are about the first.
PROMISE_OF = {
    "one_slot_one_player": 2,
    "one_player_one_slot": 2,
    "one_id_at_the_door_one_player": 2,
    "status_and_slot_agree": 2,
    "types_fit_seats": 2,
    "rooms_fit_the_study": 2,
    "one_record_per_form_and_field": 3,
    "one_message_per_form": 3,
    "versions_count_up": 3,
    "what_ended_has_ended": 4,
    "who_is_out_has_a_code": 4,
    "logs_have_no_gap": 5,
    "logs_tell_what_happened": 5,
    "messages_are_in_order": 5,
    "records_have_a_place": 8,
    "messages_have_a_place": 8,
}


NOT_THERE = ("declined", "withdrawn", "dropped")  # ends of who did not stay for a page that they were asked


@dataclass(frozen=True, slots=True)
class Evidence:
    receipts: int  # that the bots hold
    messages: int  # that the bots sent and were told of
    checks: int  # of `verify`
    ends: Ends
    asked: Asked
    stops: tuple[str, ...]  # each hook that stopped rooms or the seating, with its line and why
    wrongs: tuple[Wrong, ...]


async def gather(
    url: str,
    session_id: str,
    study: Study,
    diaries: Sequence[Diary],
    moment: float,
    patience: float,
    cut: bool,
) -> Evidence:
    """Everything that the diaries and the session contradict each other in.

    `moment`: seconds within which a message that was answered must stand on the pages it is for; `patience`: those for
    which a page may stand still. `cut`: the session was to be closed while people play.
    """
    kept = tuple(_kept(diaries))
    verdict = await verify.verify(url, session_id, study, receipts=kept)
    wrongs = [
        Wrong(PROMISE_OF.get(check.name, 1), row)
        for check in verdict.checks
        if not check.ok
        for row in check.rows or (check.sentence,)
    ]
    channels = any(step.channels for step in study.steps)
    conn = await connect(url, "rehearsal")
    try:
        seats = [SeatOf(*line) for line in await _all(conn, "seats", session_id)]
        parts = [SoloPart(*line) for line in await _all(conn, "parts", session_id)]
        said = [Utterance(*line) for line in await _all(conn, "said", session_id)]
        ties = await _all(conn, "ties", session_id)
        inside = [Inside(*line) for line in await _all(conn, "inside", session_id)] if channels else []
        taken = [Taken(*line) for line in await _all(conn, "taken", session_id)]
        openings = [Opening(*line) for line in await _all(conn, "openings", session_id)]
        opened = [Open(*line) for line in await _all(conn, "opened", session_id)]
        slips = [one for diary in diaries for one in diary.misfits]
        values = {line[:5] for line in await _all(conn, "values", session_id)} if slips else set()
        answered = {(label, step, round_) for label, step, round_ in await _all(conn, "answered", session_id)}
        stops = tuple(
            f"hooks.py:{line}: `{hook}` stopped {where}: {sentence.rstrip('.')}"
            for hook, line, sentence, where in await _all(conn, "stops", session_id)
        )
    finally:
        await conn.close()
    ends = ends_of(study, seats, openings, diaries, cut, parts)
    sat = [*seats, *(part.seat for part in parts if part.outcome not in NOT_THERE)]
    asked = asked_of(study, opened, answered, sat, diaries, patience)
    wrongs += [*ends.wrongs, *asked.wrongs]
    wrongs += _stuck(study, seats, diaries)
    wrongs += heard(study, said, seats, ties, inside, opened, diaries, moment)
    wrongs += stored(slips, values)
    wrongs += seen_moves(taken, seats, diaries, moment)
    return Evidence(
        receipts=len(kept),
        messages=sum(sent.answered is not None for diary in diaries for sent in diary.sent.values()),
        checks=len(verdict.checks),
        ends=ends,
        asked=asked,
        stops=stops,
        wrongs=tuple(wrongs),
    )


async def _all(conn: Connection, query: str, session_id: str) -> list[tuple[Any, ...]]:
    return await (await conn.execute(SQL[query], dict(session_id=session_id))).fetchall()


def _kept(diaries: Sequence[Diary]) -> Iterator[Kept]:
    """Every receipt that a bot holds, the one on its last page included."""
    for diary in diaries:
        for receipt in dict.fromkeys([*(told.receipt for told in diary.told), *diary.last_receipt]):
            if kept := as_kept(receipt, diary.label):
                yield kept


def _stuck(study: Study, seats: Sequence[SeatOf], diaries: Sequence[Diary]) -> Iterator[Wrong]:
    """Everybody who came has a code, and has seen it; where codes are one's own, nobody saw somebody else's."""
    by_label = {seat.label: seat for seat in seats}
    seen = Counter(diary.code for diary in diaries if diary.code and study.finish.per_person)
    for diary in diaries:
        seat = by_label.get(diary.label)
        if seat is None or diary.signed_in is None:
            if diary.came is not None and diary.code is None and not diary.gone:
                yield Wrong(4, f"{diary.label} came and was never let in")
        elif seat.status not in ("finished", "left"):
            yield Wrong(4, f"{diary.label} is {seat.status} after the end, in {seat.room or 'the lobby'}")
        elif diary.code is None and not diary.gone:
            yield Wrong(4, f"{diary.label} never saw the code {seat.code}")
        elif diary.code and study.finish.plain(diary.code) != seat.code:
            yield Wrong(8, f"{diary.label} saw the code {diary.code}, and has {seat.code}")
        elif diary.code and seen[diary.code] > 1:
            yield Wrong(8, f"{diary.label} saw the code {diary.code}, which somebody else has, too")
