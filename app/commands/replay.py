"""`networklab replay`: a session again from its logs, in words or JSON."""

from __future__ import annotations

import argparse
import json
import re
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeVar

from app.commands.arguments import THE_SESSION, Refusal, seconds
from app.commands.connection import connected
from app.config import Config
from app.database.connections import Connection
from app.replay.check import check
from app.replay.fold import ReplayError, fold
from app.replay.reading import Span, read_brought, read_events, read_invited, read_logs, read_span, read_then
from app.replay.state import Then
from app.replay.what_if import Seated, beside, pauses_in, turns_in, unpaused, was, would_have_been
from app.sessions.sessions import find_session
from app.study.hooks.pool import HookError
from app.study.model.steps import AFTER, BEFORE
from app.study.model.study import Study
from app.study.reading import STUDY_FILE, parse, read_folder
from app.study.stored import read_study

T = TypeVar("T")


def add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("session", metavar="SESSION", help=THE_SESSION)
    parser.add_argument(
        "--at",
        default="",
        metavar="TIME",
        help="the moment to show: seconds from the first sign of life (90, 90s, 5m), a clock time in UTC "
        "(14:05:30) or a date and time (2026-11-24T14:05:30Z); without it the end",
    )
    parser.add_argument(
        "--check",
        action="store_true",
        help="fold all logs and compare with the tables; names each difference, and exits with 1 if there is one",
    )
    parser.add_argument(
        "--seating",
        type=Path,
        metavar="STUDY",
        help="what if the rooms had been these? seats those who came, when they came, as this study would have; "
        "a folder or its study.toml, or any file in place of the session's study.toml",
    )
    parser.add_argument("--json", action="store_true", help="print it as JSON")


def run(options: argparse.Namespace, config: Config) -> int:
    asked = [name for name in ("at", "check", "seating") if getattr(options, name)]
    if len(asked) > 1:
        raise Refusal(f"--{asked[1]} looks at the whole session. Leave out --{asked[0]}.")
    try:
        if options.check:
            return _check(options, config)
        return _seat(options, config) if options.seating else _show(options, config)
    except ReplayError as error:
        raise Refusal(str(error)) from None


def _check(options: argparse.Namespace, config: Config) -> int:
    found = _asked(config, options.session, lambda conn: check(conn, options.session))
    print(json.dumps(found.as_json(), ensure_ascii=False) if options.json else str(found))
    return 0 if found.ok else 1


def _seat(options: argparse.Namespace, config: Config) -> int:
    async def read(conn: Connection) -> tuple[Study, Seated, Seated]:
        study = _study(options.seating, await read_study(conn, options.session))
        span = await read_span(conn, options.session)
        invited, logs = await read_invited(conn, options.session), await read_logs(conn, options.session)
        events = await read_events(conn, options.session)
        then, pauses = fold(invited, logs, events), pauses_in(events, span.last)
        turns = turns_in(events, then, span.first, pauses)
        until = unpaused(span.last, span.first, pauses)
        session = await find_session(conn, options.session)
        brought = await read_brought(conn, options.session)
        other = await would_have_been(study, turns, until, session.seed, brought)
        return study, was(then, span.first, pauses), other

    try:
        study, real, other = _asked(config, options.session, read)
    except HookError as error:
        raise Refusal(f"The study can't seat them: {error}.") from None
    if options.json:
        found = dict(session=options.session, study=study.title, was=real.as_json(), would=other.as_json())
        print(json.dumps(found, ensure_ascii=False))
    else:
        print(f"{options.session}, with the rooms of “{study.title}” ({options.seating}):")
        print(beside(real, other))
    return 0


def _study(path: Path, own: Study) -> Study:
    """A folder's, also by its study.toml; any other file stands in place of the session's. Raises StudyError."""
    if path.name == STUDY_FILE and (path.parent / "pages").is_dir():
        path = path.parent
    if path.is_dir() or not path.exists():
        return parse(read_folder(path))
    try:
        return parse({**own.files, STUDY_FILE: path.read_bytes()})
    except OSError as error:
        raise Refusal(f"{path} can't be read: {error.strerror}.") from None


def _show(options: argparse.Namespace, config: Config) -> int:
    async def read(conn: Connection) -> tuple[Span, datetime, Then]:
        span = await read_span(conn, options.session)
        at = moment(options.at, span)
        return span, at, await read_then(conn, options.session, at)

    span, at, then = _asked(config, options.session, read)
    if options.json:
        print(json.dumps(as_json(options.session, span, at, then), ensure_ascii=False))
    else:
        print(in_words(options.session, span, at, then))
    return 0


def moment(text: str, span: Span) -> datetime:
    """What `--at` means in a session of this span; raises Refusal for a text that means no moment."""
    text = text.strip()
    if not text:
        return span.last
    try:
        if re.fullmatch(r"\d\d?:\d\d(:\d\d(\.\d+)?)?", text, re.ASCII):
            at = datetime.combine(span.first, time.fromisoformat(text.zfill(5)), UTC)
            return at if at >= span.first - timedelta(hours=1) else at + timedelta(days=1)
        if "-" in text:
            at = datetime.fromisoformat(text)
            return at if at.tzinfo else at.replace(tzinfo=UTC)
        return span.first + timedelta(seconds=seconds(text))
    except (argparse.ArgumentTypeError, ValueError, OverflowError):
        raise Refusal(
            f"“{text}” is no moment; write seconds (90s, 5m), 14:05:30, or 2026-11-24T14:05:30Z."
        ) from None


def as_json(session_id: str, span: Span, at: datetime, then: Then) -> dict[str, Any]:
    found = asdict(then) | dict(session=session_id, at=at, second=(at - span.first).total_seconds())
    found |= dict(counts=then.counts, records=then.stored, messages=then.said, notes=len(then.notes))
    found["players"] = list(found["players"].values())
    found["rooms"] = [{**room, "name": then.rooms[id].name} for id, room in found["rooms"].items()]
    return {name: _plain(value) for name, value in found.items()}


def in_words(session_id: str, span: Span, at: datetime, then: Then) -> str:
    counts = ", ".join(f"{count:,} {status}" for status, count in then.counts.items())
    second = (at - span.first).total_seconds()
    lines = [
        f"{session_id} at {at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC, second {second:,.1f}: {then.status}.",
        f"{counts}; {then.stored:,} records, {then.said:,} messages.",
    ]
    for room in then.together:
        seats = then.seated(room.id)
        playing = [one for one in seats if one.status == "playing"]
        answered = sum(one.id in room.answered for one in seats)
        left = max(0.0, (room.deadline - (then.paused_at or at)).total_seconds())
        state = f"{answered} of {len(playing)} have answered, {left:.0f} s left"
        lines.append(
            f"{room.name:12} {room.step} {room.round}: "
            + (state if room.status == "playing" else f"ended ({room.outcome})")
        )
    for part in (BEFORE, AFTER):
        where = Counter(
            f"{room.step} {room.round}"
            for room in then.rooms.values()
            if room.during == part and room.status == "playing"
        )
        if where:
            lines.append(f"{part:12} " + ", ".join(f"{people:,} at {at}" for at, people in where.items()))
    return "\n".join(lines)


def _plain(value: Any) -> Any:
    """What JSON can say."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, dict):
        return {name: _plain(one) for name, one in value.items()}
    if isinstance(value, frozenset):
        return sorted(value)
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    return value


def _asked(config: Config, session_id: str, work: Callable[[Connection], Awaitable[T]]) -> T:
    async def ask(conn: Connection) -> T:
        await find_session(conn, session_id)
        return await work(conn)

    return connected(config, ask, "replay")
