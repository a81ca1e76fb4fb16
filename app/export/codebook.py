"""What is in the exported files: their columns, what each means, and how a cell is written.

More than 350 lines, since the columns of all files stand in one table.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from itertools import groupby
from operator import itemgetter

from app.export import seen_by
from app.export.round_columns import FIXED, ROUNDS, round_meanings
from app.players.lists import escape as escape
from app.players.lists import unescape as unescape
from app.study.model.fields import DONT_KNOW, OPTIONS, Field
from app.study.model.moves import MoveForm
from app.study.model.orders import has_orders
from app.study.model.short_names import short_names
from app.study.model.steps import PLAYING, Step
from app.study.model.study import Study
from app.study.model.treatments import Treatment

HEADER = (
    "file",
    "column",
    "step",
    "field",
    "meaning",
    "asked",
    "kind",
    "min",
    "max",
    "options",
    "low",
    "high",
    "required",
    "help",
    "seen_by",
    "correct",
    "part",
    "attempts",
    "short",
)
FORMAT = (
    "UTF-8. RFC 4180: commas between cells, quotation marks doubled inside a quoted cell, CR LF after each line. "
    "Times are ISO 8601 in UTC; truth is true or false; an empty cell is no value or an empty one."
)
MARKED = "Each .csv begins with the byte-order mark EF BB BF, for Excel."
ESCAPING = (
    "In every .csv file, a text that starts with =, +, - or @ (or with apostrophes before one of these) and "
    "is not a number has one more apostrophe in front, so that no spreadsheet takes it for a formula. To get "
    "the text as it was stored, remove one apostrophe from each cell that matches ^'+[=+@-]."
)
RECEIPTS = (
    "A receipt reads 17,18:5f0c…: the numbers of its records (17-20 stands for 17,18,19,20), a colon, and the "
    "SHA-256 in hex of one UTF-8 line per record in the order of their numbers: record, tab, field, tab, value as "
    "it was stored, newline. history.csv has all of these."
)

SESSION = "session"  # the last column of every table but rounds.csv, which begins with it
_SESSION = FIXED[SESSION]
_RECORD = "The record's number, as in the receipt that the player was given."
_VALUES = {
    "record": _RECORD,
    "player": "players.csv → player",
    "room": "rooms.csv → room; empty at a solo step.",
    "step": "The step's page.",
    "round": "Which repetition of the step, from 1; which attempt, where its questions have right answers.",
    "field": "Which of the step's questions.",
    "value": "What was answered.",
    "version": "How often the player had answered this question here, this answer included.",
    "late": "true: it came after the step's deadline.",
    "at": "When the server stored it.",
    "erased": "true: what was answered is gone, and only that it was is left. See erasures.csv.",
}
COLUMNS: dict[str, dict[str, str]] = {
    "players.csv": {
        "player": "The player's number.",
        "label": "The name that the list of people gave this player.",
        "type": "The player's type, by which rooms seat.",
        "status": "invited (never came in), before (at the solo steps before the lobby), waiting, playing, after (at "
        "the solo steps after the room), finished (played to the end) or left.",
        "room": "rooms.csv → room; empty if never seated.",
        "slot": "The seat in that room, from 1.",
        "signed_in_at": "When the player came in.",
        "queued_from": "When the player reached the lobby, where solo steps come before it.",
        "seated_at": "When the player got the seat.",
        "waited_until": "When it was settled how it ended for a player who went on to the solo steps after the room.",
        "finished_at": "When it ended for this player.",
        "code": "The completion code that the player was shown, or is at the end of the solo steps.",
    },
    "rooms.csv": {
        "room": "The room's name.",
        "kind": "The kind of room in the study.",
        "status": "playing or ended.",
        "reason": "Why it opened.",
        "opened_at": "When it opened.",
        "ended_at": "When it ended.",
        "outcome": "How it ended: complete, partner_left or closed.",
        "step": "The step it is at, or was at when it ended.",
        "round": "The repetition of that step, from 1.",
        "seed": "What seats and network were drawn from.",
        "seats": "JSON: each slot, the type it asked for, what the others called whoever sat there; "
        "and of a bot that had it from the start `bot`, and what was drawn for it.",
    },
    "networks.csv": {
        "room": "rooms.csv → room",
        "position": "Where in the room's plan it begins, counted from 0: it holds until the room's next network.",
        "step": "The step there.",
        "round": "The repetition of that step, from 1.",
        "ties": "How many lines of ties.csv it has: none means that nobody saw anybody.",
        "made_by": "study, or the hook that gave it.",
        "at": "When it was made.",
        SESSION: _SESSION,
    },
    "ties.csv": {
        "room": "rooms.csv → room",
        "round": "The round of the step at which its network begins.",
        "from": "The slot that sees …",
        "to": "… this slot. An undirected tie has a line for each direction.",
        "weight": "The tie's weight; 1 where the study gives none.",
        "step": "The step at which its network begins.",
        "position": "networks.csv → position: the network that the tie belongs to.",
        SESSION: _SESSION,
    },
    ROUNDS: FIXED,
    "records.csv": _VALUES
    | {
        "value": "The answer that counts: the last that came in time, or the last if all came late.",
        SESSION: _SESSION,
    },
    "history.csv": _VALUES
    | {
        "said_tried_at": "Of a late answer: when it was first sent, by the word of the player's page, which could "
        "not get it through. Empty where it said nothing.",
        SESSION: _SESSION,
    },
    "records_wide.csv": {
        "player": "players.csv → player",
        "label": "players.csv → label",
        "type": "players.csv → type",
        "room": "rooms.csv → room",
    },
    "results.csv": {
        "room": "rooms.csv → room; empty at a solo step.",
        "position": "The place in the study's plan of steps and rounds, from 0.",
        "step": "The step at which it was computed or filled in.",
        "round": "Which repetition of the step, from 1.",
        "slot": "The seat whose value it is; empty at a solo step.",
        "player": "players.csv → player: who has that seat now, or had it last.",
        "name": "The result's name, or the question that it stands for the answer to.",
        "value": "What the study computed, or filled in for who had not answered.",
        "made_by": "keep or default: filled in as on_timeout says. hook NAME: that function of hooks.py. bot: a bot. "
        "move: what the last move gave that was accepted and said anything of it.",
        "at": "When the server stored it.",
        "erased": "true: the value is gone, with the words that it was made of. See erasures.csv.",
        SESSION: _SESSION,
    },
    "attempts.csv": {
        "player": "players.csv → player",
        "attempt": "Which attempt of this player at the entry form's questions that have a right answer, from 1.",
        "field": "Which of these questions.",
        "value": "What was answered then.",
        "right": "false: it was not right, so this player had to try again, or was out.",
        "at": "When the server stored it.",
        "erased": "true: what was answered is gone. See erasures.csv.",
        SESSION: _SESSION,
    },
    "moves.csv": {
        "record": _RECORD,
        "player": "players.csv → player: who made the move; empty: a bot.",
        "room": "rooms.csv → room",
        "slot": "The seat from which it was made.",
        "step": "The step's page.",
        "round": "Which repetition of the step, from 1.",
        "move": "Which of the step's moves. One that came after the step was over is in history.csv alone, as late.",
        "nth": "As the how-manieth at this step the study was asked about it, from 1. Empty: it has yet to be.",
        "accepted": "true: it counted. false: it was refused, and nothing came of it.",
        "sentence": "What the player was told of why it was refused; empty: the step was over by then.",
        "at": "When the server stored it.",
        "seconds": "Since the step opened, without pauses.",
        "clock": "What the step's clock showed then; empty: it has none.",
        "made_by": "player, or bot: one of the study that has the seat. Its moves are no records.",
    },
    "orders.csv": {
        "player": "players.csv → player",
        "step": "The step on whose page it stood.",
        "field": "Of which question the options or rows; empty: of the questions themselves.",
        "nth": "As the how-manieth it stood there, from 1, on every look at that page.",
        "shown": "The option, the row, or the name of the question.",
        SESSION: _SESSION,
    },
    "messages.csv": {
        "message": "The message's number.",
        "player": "players.csv → player: who wrote it; empty: a bot, or a mediator.",
        "room": "rooms.csv → room",
        "to": "The slot it was for; empty: everyone whom the step lets read it.",
        "body": "What was written.",
        "at": "When the server stored it.",
        "slot": "The writer's slot; 0: a mediator's, which has none.",
        "step": "The step at which it was written.",
        "round": "The repetition of that step, from 1.",
        "erased": "true: what was written is gone. See erasures.csv.",
        "channel": "The channel it was written in; empty: the only talk of its step.",
        "made_by": "player; bot: one of the study that has the seat; or mediator: the function of hooks.py that "
        "`on_message` of its channel names.",
        SESSION: _SESSION,
    },
    "notes.csv": {
        "note": "The note's number.",
        "player": "players.csv → player: whose it is; empty: everybody's.",
        "by": "The account that wrote it; empty: the player, asking for help.",
        "body": "What was written; empty, to everybody: what stood there was taken down.",
        "situation": "Where the player was when they asked; of what a researcher wrote to a whole room, which.",
        "at": "When the server stored it.",
        "erased": "true: what was written is gone. See erasures.csv.",
        SESSION: _SESSION,
    },
    "erasures.csv": {
        "erasure": "The number of the erasure: what was personal was deleted, and this line stays in its place.",
        "player": "players.csv → player: whose it was; empty: everybody's in the session.",
        "by": "Who had it deleted: an account, `command line`, or `the player`.",
        "why": "The reason that was given.",
        "answers": "Which answers went: none, text (those in words) or all.",
        "people": "Whose label, link, entry form and what else came with them went.",
        "records": "How many answers went. Their lines are in history.csv.",
        "messages": "How many messages went. Their lines are in messages.csv.",
        "notes": "How many notes went. Their lines are in notes.csv.",
        "results": "How many values of results.csv went that a study filled in, or made of these words.",
        "receipts": "How many receipts can't be computed again since then.",
        "broken": "How many of these receipts were not what was stored, just before: 0, unless somebody meddled.",
        "at": "When it was done.",
        SESSION: _SESSION,
    },
    "payments.csv": {
        "participant_id": "The recruiter's id: the player's answer to the field that asks for it, else the label.",
        "amount": "The bonus: what is paid on top of the base, in currency. One line for each player who is out.",
        "player": "players.csv → player",
        "label": "players.csv → label",
        "outcome": "How it ended for this player.",
        "code": "players.csv → code",
        "base": "The fixed pay for how it ended, which a recruiter pays by the code.",
        "waiting": "For the time in the lobby, by the second.",
        "earned": "For what the player did: the earnings, and what the study's least and most make of them.",
        "rounding": "What rounds the sum to whole cents, half of one up.",
        "total": "base + waiting + earned + rounding, which is the sum of the player's lines in ledger.csv.",
        "currency": "ISO 4217; empty where the study names none.",
        SESSION: _SESSION,
    },
    "ledger.csv": {
        "player": "players.csv → player",
        "label": "players.csv → label",
        "at": "When it was earned, or became certain.",
        "room": "Of an earning: rooms.csv → room; empty at a solo step.",
        "step": "Of an earning: the step that ended.",
        "round": "Of an earning: the repetition of that step, from 1.",
        "reason": "waiting, base, least, most or rounding, as in payments.csv; else what computed the earning.",
        "amount": "In payments.csv → currency.",
        "points": "Of an earning, where points are paid: how many.",
        "seconds": "Of waiting: how many are paid.",
        SESSION: _SESSION,
    },
    "events.csv": {
        "log": "session, the room whose log this is, or of solo steps `player`, their number, and before or after.",
        "seq": "The event's number in this log: 1, 2, 3 … without a gap, in the order of what happened.",
        "event": "What happened.",
        "player": "players.csv → player: to whom, if to one.",
        "data": "JSON: the details. Of an answer: its records and the SHA-256 in the player's receipt.",
        "at": "When it was written down.",
        SESSION: _SESSION,
    },
}
ORDERS = "orders.csv"  # of a study in which anything is in random order
MOVES = "moves.csv"  # of a study that has them
OUTCOME, ENTRY_PAGE, EARLIER = "outcome", "entry_page", "earlier_player"  # after the answers at the door
LANGUAGE = "language"  # last
WAS = "players.csv → player of the session before, which manifest.json names; empty: added, or erased."
READ_IN = "In which of the study's languages this player read their pages, at the last."


def player_header(study: Study, given: Sequence[str] = (), goes_on: bool = False) -> list[str]:
    """The columns of players.csv. `given`: the names of what came with people's links or lines. `goes_on`: the session
    does so from another one."""
    treatments = (one.column for one in study.treatments)
    page = [_own(study, ENTRY_PAGE)] if study.entry_page else []
    return [
        *COLUMNS["players.csv"],
        *(field.name for field in study.entry),
        *given_columns(study, given).values(),
        _own(study, OUTCOME),
        *treatments,
        *page,
        *([_own(study, EARLIER)] if goes_on else []),
        *([_own(study, LANGUAGE)] if study.languages else []),
        _own(study, SESSION),
    ]


def wide_header(study: Study) -> list[str]:
    return [*COLUMNS["records_wide.csv"], *wide_columns(study).values(), SESSION]


def _own(study: Study, column: str) -> str:
    """One of ours, out of the way of a question with the same name."""
    return column if column not in {field.name for field in study.entry} else f"{column}_of_player"


def given_columns(study: Study, given: Sequence[str]) -> dict[str, str]:
    """Name → its column of players.csv, out of the way of a question with the same name."""
    taken = {field.name for field in study.entry}
    return {
        name: f"given_{name}" if f"given_{name}" not in taken else f"given_{name}_given" for name in given
    }


def room_header(study: Study) -> list[str]:
    return [*COLUMNS["rooms.csv"], *(one.column for one in study.treatments if one.by == "room"), SESSION]


def move_columns(study: Study) -> dict[str, list[tuple[Step, MoveForm, Field]]]:
    """The last columns of moves.csv: what was asked with a move, each where it was asked by that name."""
    found: dict[str, list[tuple[Step, MoveForm, Field]]] = {}
    for step in study.steps:
        for move in step.moves:
            for field in move.fields:
                found.setdefault(field.name, []).append((step, move, field))
    return found


def move_header(study: Study) -> list[str]:
    asked = move_columns(study)
    return [*COLUMNS[MOVES], *asked, SESSION if SESSION not in asked else f"{SESSION}_of_move"]


def wide_columns(study: Study) -> dict[str, str]:
    """ "step.round.field" → the column of records_wide.csv, in the order of the plan."""
    keys = [f"{p.step.name}.{p.round}.{field.name}" for p in study.plan for field in p.step.fields]
    columns = {key: key.replace(".", "_") for key in keys}
    # Steps named `talk` and `talk_1_a` could give the same column twice.
    return columns if len(set(columns.values())) == len(columns) else dict(zip(keys, keys, strict=True))


LAST_OF: Mapping[str, Callable[[Study], list[str]]] = {
    "players.csv": player_header,
    "rooms.csv": room_header,
    "records_wide.csv": wide_header,
    MOVES: move_header,
}


def rows(study: Study, given: Sequence[str] = (), goes_on: bool = False) -> Iterator[Sequence[str]]:
    """The lines of codebook.csv: each column of each file, and each question where its answers are.

    `seen_by` says who of the players saw it; empty: nobody but the researchers. `short` is what the column is called in
    files of SPSS and Stata.
    """
    for _, lines in groupby(_rows(study, given, goes_on), key=itemgetter(0)):
        told = [*lines]
        names = short_names(line[1] for line in told)
        for line in told:
            yield (*line, names[line[1]])


def _rows(study: Study, given: Sequence[str], goes_on: bool) -> Iterator[Sequence[str]]:
    seen = {("messages.csv", "body"): seen_by.of_message(study), ("players.csv", "code"): seen_by.PLAYER}
    for file, columns in COLUMNS.items():
        if (file == MOVES and not study.has_moves) or (file == ORDERS and not has_orders(study)):
            continue
        for column, meaning in columns.items():
            yield (file, column, "", "", meaning, *_question(None, seen.get((file, column), "")))
        if file == "players.csv":
            for field in study.entry:
                meaning = "The answer in the entry form."
                yield (file, field.name, "", field.name, meaning, *_question(field, seen_by.PLAYER))
            for name, column in given_columns(study, given).items():
                meaning = f"{name}, as it came with the player's link or stood in the list of people."
                yield (file, column, "", "", meaning, *_question(None))
            yield (file, _own(study, OUTCOME), "", "", _ended(study), *_question(None))
        if file in ("players.csv", "rooms.csv", ROUNDS):
            for one in study.treatments:
                if file != "rooms.csv" or one.by == "room":
                    yield (file, one.column, "", "", _drawn(one), *_question(None))
        if file == "players.csv" and study.entry_page:
            what = f"The SHA-256 of study/{study.entrance.file} as it stood above the entry form that this player sent"
            meaning = f"{what}, or would not send, at signed_in_at. Of a page that was mended before: study_before/."
            yield (file, _own(study, ENTRY_PAGE), "", "", meaning, *_question(None, seen_by.PLAYER))
        if file == "players.csv" and goes_on:
            yield (file, _own(study, EARLIER), "", "", WAS, *_question(None))
        if file == "players.csv" and study.languages:
            yield (file, _own(study, LANGUAGE), "", "", READ_IN, *_question(None))
        if file in ("records.csv", "history.csv"):
            for step in study.all_steps:
                for field in step.fields:
                    how = f"{field.kind.shape(field)}{_offered(field)}{_unknown(field)}{_order(step, field)}"
                    where = f"Where step is {step.name} and field is {field.name}: the answer to this question{how}."
                    by = seen_by.of_question(study, step, field)
                    yield (file, "value", step.name, field.name, where, *_question(field, by, step))
        yield from _of_rounds(study) if file == ROUNDS else _of_moves(study, file)
        if file == "attempts.csv":
            for field in study.checked:
                where = f"Where field is {field.name}: what was tried."
                yield (file, "value", "", field.name, where, *_question(field, seen_by.PLAYER))
        if file == "results.csv":
            for step in study.all_steps:
                for field in step.results:
                    where = f"Where step is {step.name} and name is {field.name}: this result."
                    by = seen_by.of_question(study, step, field)
                    yield (file, "value", step.name, field.name, where, *_question(field, by, step))
        if file == "records_wide.csv":
            names, seen_there = wide_columns(study), seen_by.of_answers(study)
            for position in study.plan:
                name = position.step.name
                for field in position.step.fields:
                    column = names[f"{name}.{position.round}.{field.name}"]
                    meaning = f"The value that counts at step {name}, round {position.round}."
                    by = seen_there[position.index, field.name]
                    yield (file, column, name, field.name, meaning, *_question(field, by, position.step))
        if file in LAST_OF:
            yield (file, LAST_OF[file](study)[-1], "", "", _SESSION, *_question(None))


def _ended(study: Study) -> str:
    return f"How it ended for this player: {', '.join(study.finish.codes)}."


def _of_rounds(study: Study) -> Iterator[Sequence[str]]:
    for column, step, field, meaning in round_meanings(study):
        by = seen_by.of_question(study, step, field) if step and field else ""
        place = (step.name, field.name) if step and field else ("", "")
        yield (ROUNDS, column, *place, meaning, *_question(field, by, step))


def _of_moves(study: Study, file: str) -> Iterator[Sequence[str]]:
    """What moves say, in a file that has it."""
    if file in ("records.csv", "history.csv"):
        for step in study.steps:
            for move in step.moves:
                asked = f" of {', '.join(one.name for one in move.fields)}" if move.fields else ""
                where = f"Where step is {step.name} and field is {move.name}: the move, a JSON object{asked}."
                yield (file, "value", step.name, move.name, where, *_question(None, seen_by.MOVERS, step))
    if file == MOVES:
        for name, asked_at in move_columns(study).items():
            for step, move, field in asked_at:
                where = f"Where step is {step.name} and move is {move.name}: what was said{field.kind.shape(field)}."
                yield (file, name, step.name, field.name, where, *_question(field, seen_by.MOVERS, step))


def _drawn(treatment: Treatment) -> str:
    weighed = zip(treatment.levels, treatment.weights, strict=True) if treatment.weights else ()
    levels = ", ".join(f"{level} ×{weight}" for level, weight in weighed) or ", ".join(treatment.levels)
    blocks = f"in blocks{f' within each {treatment.within}' if treatment.within else ''}"
    how = blocks if treatment.method == "blocked" else "each by itself"
    return f"The treatment {treatment.name}, drawn for each {treatment.by} {how}: {levels}."


def cell(value: object) -> str:
    """How a value that Postgres does not write itself stands in a file."""
    if isinstance(value, str):
        return escape(value)
    if value is None:
        return ""
    if isinstance(value, datetime):
        # A tenth of the time that strftime takes, and a large export has a hundred thousand of them.
        return value.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"
    return str(value)


def _offered(field: Field) -> str:
    if not field.takes_list:
        return ""
    where = "that this player had as the page was drawn, in results.csv or records.csv"
    what = "what could be chosen was" if field.kind.lists == OPTIONS else "its rows were"
    return f"; {what} the last {field.source} {where}"


def _unknown(field: Field) -> str:
    return f"; {DONT_KNOW}: they said that they don’t know" if field.dont_know else ""


def _order(step: Step, field: Field) -> str:
    if field.order:
        return f"; what it lists was in random order: {ORDERS}"
    return f"; the questions were in random order: {ORDERS}" if step.order else ""


def _question(field: Field | None, by: str = "", step: Step | None = None) -> tuple[str, ...]:
    part = "" if step is None else "room" if step.during == PLAYING else step.during
    attempts = str(step.attempts) if step and step.attempts else ""
    if field is None:
        return (*("",) * 9, by, "", part, attempts)
    low, high = (
        field.limits.get(key) if limit is None else field.kind.written_limit(limit)
        for key, limit in (("min", field.min), ("max", field.max))
    )
    required = "true" if field.required else "false"
    return (
        field.ask,
        field.kind,
        low or "",
        high or "",
        field.limits.get(OPTIONS) or " | ".join(field.options),
        field.low,
        field.high,
        required,
        field.help,
        by,
        field.correct.words if field.correct else "",
        part,
        attempts,
    )
