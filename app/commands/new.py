"""`networklab new`: three questions, and a study that runs."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from app.commands.arguments import Refusal
from app.commands.program import program
from app.config import Config
from app.study.digits import whole
from app.study.model.study import MOST_SEATS
from app.study.reading import check

T = TypeVar("T")
QUESTIONS = {
    "title": ("What is the study called?", "Guessing together"),
    "seats": ("How many people are in one room?", "4"),
    "ask": ("What do you ask them, in each of three rounds?", "How many people live in Norway, in millions?"),
}
STUDY = """\
title = {title}

[entry]                       # the form at the door
fields = [{{name = "age", ask = "Your age in years", kind = "integer", min = 18, max = 120}}]

[[room]]                      # who waits is seated as soon as a room is full
name  = "group"
seats = {{any = {seats}}}

[lobby]
max_wait = "5m"               # then people leave, with a code of its own
pay_per_minute = 0.15

[pay]
base = 2.00                   # for finishing
currency = "EUR"

[network]
kind = "complete"             # who sees whom: or ring, star, lattice, small_world and others

[[step]]
page   = "guess"              # pages/guess.html
repeat = 3                    # rounds
limit  = "60s"
chat   = {chat}
fields = [{{name = "guess", ask = {ask}, kind = "number", min = 0}}]
show   = [{{field = "guess", of = "neighbours"}}]      # what they answered in the round before

[finish]                      # what each player hands in to be paid; add redirect = "https://…?cc={{code}}"
codes = {{complete = "DONE", lobby = "WAITED", partner_left = "PARTNER-LEFT", withdrawn = "LEFT"}}
"""
PAGE = """\
{% extends "player/_step_opened.html" %}
{% block before %}
<p>Answer, then see what the others answered, and answer again.</p>
{% endblock %}
"""
README = """\
# {title}

{people} the same question three times and see what the others answered before.

    networklab serve --dev {folder}           # its pages in your browser, and what you change as you save it
    networklab check {folder}                 # what is wrong, or what it will take
    networklab demo --study {folder}          # bots play it, and one place is yours
    networklab open {folder} --players {folder}/people.csv --links links.csv

`study.toml` is the study, `pages/guess.html` what stands above the question. `people.csv` lists who may come: put
your own people there, and leave tokens empty to have them made. It is no part of the study that is stored and exported.
"""
PEOPLE = "token,label,type\n"


def add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "folder", type=Path, metavar="DIR", help="where to make it; a folder that is not there yet"
    )
    for name, (question, default) in QUESTIONS.items():
        parser.add_argument(f"--{name}", help=f"{question[0].lower()}{question[1:]} (default “{default}”)")


def run(options: argparse.Namespace, config: Config) -> int:
    folder: Path = options.folder
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise Refusal(f"{folder} is there already and not empty. Give a folder that is not there yet.")
    title = _answer(_line, options.title, *QUESTIONS["title"])
    seats = _answer(_seats, options.seats, *QUESTIONS["seats"])
    ask = _answer(_line, options.ask, *QUESTIONS["ask"])
    files = _files(folder, title, seats, ask)
    # Before anything is written: a title may be too long.
    for mistake in check({name: text.encode() for name, text in files.items()}):
        raise Refusal(f"{mistake.sentence} {mistake.suggestion} Nothing was made.")
    try:
        (folder / "pages").mkdir(parents=True)
        for name, text in files.items():
            (folder / name).write_text(text, encoding="utf-8")
    except OSError as error:
        raise Refusal(f"{folder} can’t be written: {error.strerror}.") from None
    print(
        f"{folder} has a study that runs. What to do next:\n"
        f"  {program()} serve --dev {folder}   its pages in your browser, and what you change as you save it\n"
        f"  {program()} check {folder}         what it will take\n"
        f"  {program()} demo --study {folder}  bots play it, and one place is yours\n"
        f"Then change {folder}/study.toml and {folder}/pages/guess.html; {folder}/README.md has the rest."
    )
    return 0


def _files(folder: Path, title: str, seats: int, ask: str) -> dict[str, str]:
    people = "One person answers" if seats == 1 else f"{seats} people answer"
    chat = '"none"' if seats == 1 else '"room"'
    return {
        "study.toml": STUDY.format(title=_toml(title), ask=_toml(ask), seats=seats, chat=chat),
        "pages/guess.html": PAGE,
        "README.md": README.format(title=title, people=people, folder=folder),
        "people.csv": PEOPLE + 2 * seats * ",,guest\n",
    }


def _answer(read: Callable[[str], T], given: str | None, question: str, default: str) -> T:
    """Asks again until the answer can be used; without one, or where nobody answers, the default is taken."""
    if given:
        try:
            return read(given)
        except ValueError as error:
            raise Refusal(str(error)) from None
    while True:
        print(f"{question} [{default}] ", end="", file=sys.stderr, flush=True)
        try:
            return read(sys.stdin.readline().strip() or default)
        except ValueError as error:
            print(error, file=sys.stderr)


def _line(text: str) -> str:
    return " ".join(text.split())


def _seats(text: str) -> int:
    said = text.strip()
    if not (seats := whole(said, MOST_SEATS)):
        raise ValueError(
            f"“{said}” people can’t be in one room. Give a whole number from 1 to {MOST_SEATS:,}."
        )
    return seats


def _toml(text: str) -> str:
    """In quotation marks: what JSON escapes, TOML reads alike."""
    return json.dumps(text, ensure_ascii=False)
