"""Anonymous exports: the same files, in which nobody can be known by what NetworkLab knows of them.

`KEPT` says of each column what becomes of it. What is not in it is left out, a file or column of a newer version as
well: its cells are empty, so that a script that reads the files finds its columns.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import secrets
from collections.abc import Callable, Iterable, Mapping
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from app.export import codebook
from app.export.csv_stream import Blocks
from app.export.round_columns import ROUNDS, round_header, words_of
from app.players.tokens import TOKEN_LETTERS
from app.study.model.fields import Field
from app.study.model.moves import MoveForm
from app.study.model.steps import Step
from app.study.model.study import Study

What = Literal["kept", "number", "player", "time", "value", "text", "entry", "data", "who", "reason", "log"]


def _read(text: str) -> dict[str, What]:
    """`room at=time`: the room is kept, the time is one."""
    pairs = [word.partition("=") for word in text.split()]
    return {name: what or "kept" for name, _, what in pairs}  # type: ignore[misc]


_ANSWER = _read(
    "record=number player=player room step round field value=value version late at=time erased session"
)
# File → column → what becomes of it
KEPT: Mapping[str, Mapping[str, What]] = {
    "players.csv": _read(
        "player=player type status room slot signed_in_at=time queued_from=time seated_at=time waited_until=time "
        "finished_at=time"
    ),
    "rooms.csv": _read(
        "room kind status reason=reason opened_at=time ended_at=time outcome step round seed seats"
    ),
    "networks.csv": _read("room position step round ties made_by at=time session"),
    "ties.csv": _read("room round from to weight step position session"),
    "rounds.csv": _read(
        "session player=player room kind slot type role step round opened_at=time answered_at=time seconds how"
    ),
    "records.csv": _ANSWER,
    "history.csv": {**_ANSWER, **_read("said_tried_at=time")},
    "records_wide.csv": _read("player=player type room"),
    "results.csv": _read(
        "room position step round slot player=player name value=value made_by at=time erased session"
    ),
    "attempts.csv": _read("player=player attempt field value=entry right at=time erased session"),
    "moves.csv": _read(
        "record=number player=player room slot step round move nth accepted sentence=text at=time seconds clock made_by"
    ),
    "orders.csv": _read("player=player step field nth shown session"),
    "messages.csv": _read(
        "message=number player=player room to body=text at=time slot step round erased channel made_by session"
    ),
    "notes.csv": _read("note=number player=player by=who at=time erased session"),
    "erasures.csv": _read(
        "erasure player=player by=who answers people records messages notes results receipts broken at=time session"
    ),
    "events.csv": _read("log=log seq event player=player data=data at=time session"),
    "payments.csv": _read("amount player=player outcome base waiting earned rounding total currency session"),
    "ledger.csv": _read("player=player at=time room step round reason amount points seconds session"),
    "codebook.csv": _read(" ".join(codebook.HEADER)),
}
# Of the details of an event the same, by key, whatever event it is
DATA = _read(
    "type from to room slot outcome position step round kind opening last_step last_round asked treatment "
    "what how currency channel "
    "during made_by ties late amount then was_empty hook line answers erased people records messages places extra "
    "since=time signed_in_at=time waits_from=time waiting_since=time until=time seated_at=time deadline=time "
    "opened_at=time ended_at=time nudged_at=time finished_at=time queued_at=time ready_at=time queued_from=time "
    "began=time waited_until=time start_at=time was_at=time "
    "message=number note=number record=number before_id=player by=who reason=reason "
)
# … and of a move, where these may quote what somebody wrote: see `_of_move`
MOVED = _read("record=number position step round move slot nth accepted at ends clock")
MOVED_IN_WORDS = ("values", "sentence", "state", "results")
# Who somebody is, or what was said of them or by them: left out, and here so that nothing new is by mistake.
LEFT_OUT = frozenset({"label", "code", "participant_id", "situation", "why", "body"})
DATA_LEFT_OUT = frozenset(
    {"players", "notes", "form", "code", "before", "now", "sha256", "sentence", "room_id", "why"}
)
ROWS = 500  # of a table that was sorted, written at once
# Else in the order of the list of people
SORTED = (
    "players.csv",
    "records_wide.csv",
    "payments.csv",
    "ledger.csv",
)
SERVERS_OWN = ("command line", "the player")  # who did it, where that is no account


@dataclass(frozen=True, slots=True)
class Mask:
    """One anonymous export: its secret makes the new ids, the same in all its files and no other export."""

    relative_times: bool = False  # in seconds from the session's start
    without_text: bool = False
    secret: bytes = field(default_factory=lambda: secrets.token_bytes(32), repr=False)

    def id(self, kind: str, old: object) -> str:
        """Begins with a letter, so that no spreadsheet takes it for a number."""
        digest = hashlib.blake2b(f"{kind} {old}".encode(), key=self.secret).digest()
        letters = "".join(TOKEN_LETTERS[byte % len(TOKEN_LETTERS)] for byte in digest[:13])
        return kind[0] + letters

    def player(self, old: object) -> str:
        return self.id("player", old)


def private_fields(study: Study) -> frozenset[str]:
    """Those at the door that tell who somebody is: so marked, or asking for the recruiter's id."""
    return frozenset(one.name for one in study.entry if one.private or one.name == study.pay.participant)


def told(mask: Mask, study: Study, start: datetime, manifest: Mapping[str, Any]) -> dict[str, Any]:
    """What the manifest says in its own place of what was done."""
    own: dict[str, Any] = {
        "ids": "Those of players, records, messages and notes are new, random, and the same in all files.",
        "left_out": [
            "labels",
            "completion codes",
            "ids of recruiters",
            "what came with links and lists",
            "notes",
            "names of researchers",
        ]
        + [f"entry field {name}" for name in sorted(private_fields(study))],
        "texts": "left out"
        if mask.without_text
        else "as people wrote them: read them before you publish them",
        "times": "seconds from the session's start" if mask.relative_times else "as they were",
    }
    found: dict[str, Any] = {
        "anonymous": own,
        "receipts": "Records have other numbers here: no receipt can be looked up.",
    }
    if mask.relative_times:
        session = dict(manifest["session"])
        times = {key: _seconds(session[key], start) for key in ("opened_at", "started_at", "closed_at")}
        found |= {"session": session | times, "exported": {"as_of": None, "finished_at": None}}
    return found


async def masked(mask: Mask, study: Study, start: datetime, name: str, blocks: Blocks) -> Blocks:
    """A table of the export, block by block, as this export has it."""
    columns: list[Callable[[list[str]], str] | None] | None = None
    held: list[list[str]] = []
    of_player, public = 0, _of_players(study)
    async with aclosing(blocks):
        async for block, _ in blocks:
            rows = list(csv.reader(io.StringIO(block.decode(), newline=""), strict=True))
            out: list[list[str]] = []
            if columns is None and rows:
                header = rows.pop(0)
                columns = _columns(mask, study, start, name, header)
                out.append([one for one, column in zip(header, columns, strict=True) if column])
                of_player = header.index("player") if name in SORTED else 0
            if name == "codebook.csv":
                rows = [row for row in rows if row[0] != "players.csv" or row[1] in public]
            done = [[column(row) for column in columns or () if column] for row in rows]
            (held if name in SORTED else out).extend(done)
            if out:
                yield _written(out), len(out)
    held.sort(key=lambda row: row[of_player])  # a player's lines stay in their order
    for first in range(0, len(held), ROWS):
        yield _written(held[first : first + ROWS]), len(held[first : first + ROWS])


def _columns(
    mask: Mask, study: Study, start: datetime, name: str, header: list[str]
) -> list[Callable[[list[str]], str] | None]:
    """For each column what its cell becomes, given the row; None: there is no such column."""
    kept = KEPT.get(name, {})
    texts = _texts(study)
    worded = {one for one, asked_at in codebook.move_columns(study).items() if _has_text(asked_at)}
    wide = {
        column: field
        for key, column in codebook.wide_columns(study).items()
        for field in [_asked(study, *key.split(".")[::2])]
    }
    entry, public, at_door = {one.name: one for one in study.entry}, _of_players(study), _told_of(mask, study)
    hides, spoken = mask.without_text, words_of(study)
    step, of = (header.index(one) if one in header else -1 for one in ("step", "field"))
    named = of if of >= 0 else header.index("name") if "name" in header else -1

    def column(place: int, what: str) -> Callable[[list[str]], str] | None:
        last = place == len(header) - 1 and name in codebook.LAST_OF  # the session
        match "kept" if last else kept.get(what):
            case "kept":
                return lambda row: row[place]
            case "player":
                return lambda row: row[place] and mask.player(row[place])
            case "number":
                return lambda row: row[place] and mask.id(what, row[place])
            case "time":
                return lambda row: _time(mask, row[place], start)
            case "log":
                return lambda row: _log(mask, row[place])
            case "who":
                return lambda row: _who(row[place])
            case "reason":
                return lambda row: "" if study.lobby.seat_hook else row[place]
            case "text":
                return lambda row: "" if mask.without_text else row[place]
            case "value":
                return lambda row: "" if hides and (row[step], row[named]) in texts else row[place]
            case "entry":
                return lambda row: row[place] if row[named] in at_door else ""
            case "data":
                return lambda row: _data(mask, study, start, row[header.index("event")], row[place], texts)
        if name == "players.csv" and what not in codebook.COLUMNS[name]:
            if what not in public:
                return None
            question = entry.get(what)
        elif name == "records_wide.csv" and what in wide:
            question = wide[what]
        elif name == codebook.MOVES and what in codebook.move_columns(study):
            return lambda row: "" if hides and what in worded else row[place]
        elif name == ROUNDS and what in round_header(study):
            return lambda row: "" if hides and (row[step], what) in spoken else row[place]
        elif name != "rooms.csv" or what in codebook.COLUMNS[name]:
            return lambda row: ""
        else:
            question = None  # a treatment
        hidden = mask.without_text and question is not None and question.kind.is_words
        return lambda row: "" if hidden else row[place]

    return [column(place, what) for place, what in enumerate(header)]


def _told_of(mask: Mask, study: Study) -> set[str]:
    """The questions at the door whose answers stay."""
    private = private_fields(study)
    return {
        one.name
        for one in study.entry
        if one.name not in private and not (mask.without_text and one.kind.is_words)
    }


def _of_players(study: Study) -> set[str]:
    """The columns of players.csv without those that tell who somebody is, or came with them."""
    return {*codebook.player_header(study)} - private_fields(study)


def _asked(study: Study, step: str, field: str) -> Field:
    return next(one for at in study.all_steps if at.name == step for one in at.fields if one.name == field)


def _data(
    mask: Mask, study: Study, start: datetime, event: str, cell: str, texts: set[tuple[str, str]]
) -> str:
    """The details of an event, without what names somebody or quotes them."""
    given = json.loads(codebook.unescape(cell))
    found: dict[str, Any] = _of_move(mask, given, texts) if event == "move_made" else {}
    kinds = MOVED if event == "move_made" else DATA
    for key, value in given.items():
        match kinds.get(key):
            case "kept" if key == "records" and isinstance(value, list):
                found[key] = [mask.id("record", one) for one in value]
            case "kept":
                found[key] = value
            case "player":
                found[key] = mask.player(value)
            case "number":
                found[key] = mask.id(key, value)
            case "time":
                found[key] = _seconds(value, start) if mask.relative_times else value
            case "who":
                found[key] = value and _who(value)
            case "reason" if event != "room_opened" or not study.lobby.seat_hook:
                found[key] = value
    if "results" in given and event == "results_stored":
        step = given["step"]
        found["results"] = [
            [slot, name, "" if mask.without_text and (step, name) in texts else value]
            for slot, name, value in given["results"]
        ]
    return json.dumps(found, ensure_ascii=False)


def _of_move(mask: Mask, given: Mapping[str, Any], texts: set[tuple[str, str]]) -> dict[str, Any]:
    """What was said with it, and what came of it. Where words are left out, so is all that they may be in."""
    if not mask.without_text:
        return {one: given[one] for one in MOVED_IN_WORDS if one in given}
    step = given["step"]
    results = {
        name: by_slot for name, by_slot in given.get("results", {}).items() if (step, name) not in texts
    }
    quoted = any(one == step for one, _ in texts)
    return {"results": results} | (
        {} if quoted else {one: given[one] for one in ("values", "state") if one in given}
    )


def _texts(study: Study) -> set[tuple[str, str]]:
    """Step and name of each question, result and move that has words for an answer."""
    asked = {
        (step.name, one.name)
        for step in study.all_steps
        for one in (*step.fields, *step.results)
        if one.kind.is_words
    }
    moves = codebook.move_columns(study).values()
    return asked | {(step.name, move.name) for at in moves for step, move, field in at if field.kind.is_words}


def _has_text(asked_at: Iterable[tuple[Step, MoveForm, Field]]) -> bool:
    return any(field.kind.is_words for _, _, field in asked_at)


def _log(mask: Mask, name: str) -> str:
    """That of somebody's solo steps is named for them."""
    who, *rest = name.split()
    return name if not rest else f"{who} {mask.player(rest[0])} {rest[1]}"


def _who(account: str) -> str:
    return account if account in ("", *SERVERS_OWN) else "researcher"


def _time(mask: Mask, cell: str, start: datetime) -> str:
    return str(_seconds(cell, start)) if cell and mask.relative_times else cell


def _seconds(text: str | None, start: datetime) -> float | None:
    return round((datetime.fromisoformat(text) - start).total_seconds(), 6) if text else None


def _written(rows: list[list[str]]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerows(rows)
    return text.getvalue().encode()
