"""Diaries of bots that played on several machines: each writes its own, and all of them are judged as of one play.

Each machine has a clock of its own; what is joined is on everybody's, as good as their clocks are set. A message that
was sent on one machine may have come to a page on another.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

from app.rehearsal.cast import RehearsalError
from app.rehearsal.diary import Diary, Exchange, Lost, Misfit, Seen, Sent, Told, Wrong
from app.rehearsal.gauges import Gauges
from app.rehearsal.play import Played, Setting
from app.study.model.study import Study

VERSION = 1
WHEN = ("came", "signed_in", "through", "seated", "done")  # of a diary


def write_diaries(played: Played, file: Path) -> None:
    """Raises RehearsalError."""
    text = json.dumps(
        dict(
            version=VERSION,
            clock=time.time() - time.monotonic(),
            speed=played.plan.speed,
            started=played.started,
            ended=played.ended,
            cut=played.cut,
            diaries=[_written(diary) for diary in played.diaries],
        ),
        ensure_ascii=False,
    )
    try:
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise RehearsalError(f"The diaries can't be written to {file} ({error.strerror}).") from None


def join_diaries(files: Sequence[Path], session_id: str, name: str, study: Study, url: str) -> Played:
    """What all of them played together. Raises RehearsalError for a file that is not one of theirs."""
    found = [_read(file) for file in files]
    diaries = [diary for one in found for diary in one["diaries"]]
    labels = [diary.label for diary in diaries]
    if twice := next((label for label in labels if labels.count(label) > 1), None):
        raise RehearsalError(f"{twice} is in two of these: each machine takes another --part of the people.")
    return Played(
        session_id,
        name,
        study,
        Setting(speed=found[0]["speed"]),
        url,
        diaries,
        Gauges(""),
        min(one["started"] for one in found),
        max(one["ended"] for one in found),
        next((one["cut"] for one in found if one["cut"]), ""),
    )


def _written(diary: Diary) -> dict[str, Any]:
    return {one.name: getattr(diary, one.name) for one in fields(Diary)}


def _read(file: Path) -> dict[str, Any]:
    try:
        found = json.loads(file.read_bytes())
        if found["version"] != VERSION:
            raise RehearsalError(f"{file} is of another version of this program: play again with this one.")
        clock = float(found["clock"])
        return dict(
            speed=float(found["speed"]),
            started=float(found["started"]) + clock,
            ended=float(found["ended"]) + clock,
            cut=str(found["cut"]),
            diaries=[_diary(one, clock) for one in found["diaries"]],
        )
    except OSError as error:
        raise RehearsalError(f"{file} can't be read ({error.strerror}).") from None
    except (ValueError, KeyError, TypeError, AttributeError):
        raise RehearsalError(
            f"{file} has no diaries of a rehearsal. Give what `rehearse --diaries` wrote."
        ) from None


def _diary(found: dict[str, Any], clock: float) -> Diary:
    """With times on everybody's clock."""

    def each(name: str, read: Callable[[list[Any]], Any]) -> list[Any]:
        return [read(one) for one in found[name]]

    return Diary(
        **found
        | {name: None if found[name] is None else found[name] + clock for name in WHEN}
        | dict(
            asks=each("asks", lambda one: Exchange(one[0], one[1] + clock, one[2], one[3])),
            shown={int(key): since for key, since in found["shown"].items()},
            misfits=each("misfits", lambda one: Misfit(*one)),
            told=each("told", lambda one: Told(one[0], one[1], tuple(map(tuple, one[2])), one[3] + clock)),
            sent={
                said: Sent(at + clock, None if answered is None else answered + clock)
                for said, (at, answered) in found["sent"].items()
            },
            seen={int(key): Seen(at + clock, *rest) for key, (at, *rest) in found["seen"].items()},
            boards={int(key): made for key, made in found["boards"].items()},
            statuses={int(key): many for key, many in found["statuses"].items()},
            lost=each("lost", lambda one: Lost(one[0] + clock, one[1] + clock)),
            here_until=found["here_until"] + clock if found["here_until"] else 0.0,
            wrongs=each("wrongs", lambda one: Wrong(*one)),
        )
    )
