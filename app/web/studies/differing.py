"""What differs between two studies: in the plain words of a study's page, and file by file."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from app.study.model.study import Study
from app.study.own_files import own_files
from app.web.monitor.comparing import Side, as_json
from app.web.monitor.side_by_side import verdict
from app.web.studies.words import parts, sections

FIRST, SECOND, BOTH = "only in the first", "only in the second", "not the same"
MOST_LINES = 400  # of a file, as a page shows them
LONGEST = 3_000  # lines; what is longer is not compared line by line, which would take seconds


@dataclass(frozen=True, slots=True)
class WordsApart:
    """What only one of the two says, a sentence each."""

    heading: str
    first: tuple[str, ...]
    second: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FileApart:
    """`how` is one of the three above. `lines`: as `diff -u` writes them, of a text that both have; `note` says why
    there are none, or not all."""

    path: str
    how: str
    lines: tuple[str, ...] = ()
    note: str = ""


def words_apart(first: Study, second: Study) -> list[WordsApart]:
    ours, theirs = _said(first), _said(second)
    found = []
    for heading in dict.fromkeys((*ours, *theirs)):
        a, b = ours.get(heading, ()), theirs.get(heading, ())
        only = tuple(one for one in a if one not in b), tuple(one for one in b if one not in a)
        if any(only):
            found.append(WordsApart(heading, *only))
    return found


def files_apart(first: Study, second: Study) -> list[FileApart]:
    a, b = first.files, second.files
    own = {*own_files(a), *own_files(b)}
    return [_apart(path, a, b, path in own) for path in sorted({*a, *b}) if a.get(path) != b.get(path)]


def sides_as_json(first: Side, second: Side) -> dict[str, Any]:
    """Two sessions, for programs."""
    words, files = words_apart(first.study, second.study), files_apart(first.study, second.study)
    differs = dict(words=[asdict(one) for one in words], files=[asdict(one) for one in files])
    return dict(sessions=[as_json(first), as_json(second)], verdict=verdict(first, second), differs=differs)


def _said(study: Study) -> dict[str, tuple[str, ...]]:
    found = {one.heading: one.sentences for one in sections(study)}
    for step in parts(study):
        said = (step.where, step.times, f"time limit: {step.limit}", *step.asked, *step.more)
        found[f"Step {step.name}"] = said
    return found


def _apart(path: str, a: Mapping[str, bytes], b: Mapping[str, bytes], is_own: bool) -> FileApart:
    if path not in b:
        return FileApart(path, FIRST)
    if path not in a:
        return FileApart(path, SECOND)
    try:
        before, after = (bytes(one[path]).decode().splitlines() for one in (a, b))
    except UnicodeDecodeError:
        return FileApart(path, BOTH, note="It is no text.")
    if is_own:
        return FileApart(path, BOTH)
    if before == after:
        return FileApart(path, BOTH, note="Its lines are the same, and end otherwise.")
    if max(len(before), len(after)) > LONGEST:
        return FileApart(path, BOTH, note=f"It has more than {LONGEST:,} lines: compare it by a program.")
    lines = tuple(_lines(before, after))
    left = len(lines) - MOST_LINES
    return FileApart(
        path, BOTH, lines[:MOST_LINES], f"{left:,} lines more differ or stand around." if left > 0 else ""
    )


def _lines(before: list[str], after: list[str]) -> Iterator[str]:
    """Without its two lines of names, which stand elsewhere."""
    for nth, line in enumerate(difflib.unified_diff(before, after, lineterm="", n=2)):
        if nth > 1:
            yield line[:500]
