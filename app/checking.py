"""`networklab check`: each mistake beside the line that has it."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TextIO

from app.config import Config
from app.people import read_people
from app.study import Mistake, check, parse, read_folder

RED, BLUE, PLAIN = "\033[1;31m", "\033[1;34m", "\033[0m"
WIDEST = 100  # characters of a line that are shown


def add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("study", type=Path, metavar="DIR")
    parser.add_argument("--players", type=Path, metavar="CSV", help="check against these people too")
    parser.add_argument("--json", action="store_true", help="print the mistakes as JSON")


def run(options: argparse.Namespace, config: Config) -> int:
    files = read_folder(options.study)
    types: Counter[str] | None = None
    if options.players and not any(mistake.grave for mistake in check(files)):
        types = Counter(person.type for person in read_people(options.players, parse(files)))
    mistakes = check(files, types)
    grave = sum(mistake.grave for mistake in mistakes)
    if options.json:
        answer = dict(ok=not grave, mistakes=[_as_json(mistake) for mistake in mistakes])
        print(json.dumps(answer, ensure_ascii=False, indent=2))
    else:
        for mistake in mistakes:
            out = sys.stderr if mistake.grave else sys.stdout
            print(shown(mistake, files, _colours(out)), file=out)
        if grave:
            print(_counted(grave, len(mistakes) - grave), file=sys.stderr)
        else:
            study = parse(files)
            seconds = sum(position.step.limit for position in study.plan)
            print(
                f"{study.title}: {len(study.plan)} steps and rounds, at most {seconds / 60:.0f} minutes, "
                f"{study.records_per_player} records per player. It can run."
            )
    return 2 if grave else 0


def shown(mistake: Mistake, files: Mapping[str, bytes], colours: bool = False) -> str:
    """The sentence, and below it the line, with a mark under what is meant."""
    colour, plain = ((RED if mistake.grave else BLUE), PLAIN) if colours else ("", "")
    first = f"{'' if mistake.grave else 'note: '}{mistake}"
    lines = _lines(files.get(mistake.file, b""))
    if mistake.spot is None or mistake.spot.line > len(lines):
        return first
    line, column, width = mistake.spot
    source, before = _around(lines[line - 1], column)
    mark = f"^{'~' * (min(width, len(source) - before) - 1)}"
    blank = "".join("\t" if character == "\t" else " " for character in source[:before])
    gutter = " " * len(f"{line:5}")
    return f"{first}\n{line:5} | {source}\n{gutter} | {blank}{colour}{mark}{plain}"


def _around(source: str, column: int) -> tuple[str, int]:
    """What is shown of a line, and how many characters of that stand before the column."""
    start = max(0, column - 1 - WIDEST // 2) if len(source) > WIDEST else 0
    part = source[start : start + WIDEST]
    before = column - 1 - start
    if start:
        part = f"…{part[1:]}"
    if start + WIDEST < len(source):
        part = f"{part[:-1]}…"
    return part, before


def _lines(content: bytes) -> Sequence[str]:
    text = content.decode("utf-8-sig", errors="replace").replace("\r\n", "\n")
    return ["".join(c if c.isprintable() or c == "\t" else "�" for c in line) for line in text.split("\n")]


def _colours(out: TextIO) -> bool:
    return out.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def _counted(grave: int, notes: int) -> str:
    mistakes = "1 mistake" if grave == 1 else f"{grave} mistakes"
    also = f" and {notes} note{'s' if notes > 1 else ''}" if notes else ""
    return f"{mistakes}{also}. The study can't run yet."


def _as_json(mistake: Mistake) -> dict[str, object]:
    return dict(
        file=mistake.file,
        line=mistake.spot.line if mistake.spot else 0,
        column=mistake.spot.column if mistake.spot else 0,
        sentence=mistake.sentence,
        suggestion=mistake.suggestion,
        grave=mistake.grave,
    )
