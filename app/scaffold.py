"""`networklab new`: three questions, and a study that runs."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from pathlib import Path

from app.arguments import Refusal
from app.config import Config
from app.study import check, read_folder
from app.study_parts import MOST_SEATS

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

[network]
kind = "complete"             # who sees whom: or ring, star, lattice, small_world, random_regular

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

{seats} people answer the same question three times and see what the others answered before.

    networklab check {folder}
    networklab demo --study {folder}          # bots play it, and one place is yours
    networklab open {folder} --players people.csv --links links.csv

`people.csv` has the columns `token,label,type`; leave tokens empty to have them made.
"""


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
    answers = {name: getattr(options, name) or _ask(*question) for name, question in QUESTIONS.items()}
    seats = answers["seats"].strip()
    if not seats.isascii() or not seats.isdigit() or not 1 <= int(seats) <= MOST_SEATS:
        raise Refusal(f"“{seats}” people can’t be in one room. Give a whole number from 1 to {MOST_SEATS}.")
    title, ask = (" ".join(answers[name].split()) for name in ("title", "ask"))
    study = STUDY.format(
        title=_toml(title), ask=_toml(ask), seats=int(seats), chat='"none"' if int(seats) == 1 else '"room"'
    )
    try:
        (folder / "pages").mkdir(parents=True)
        (folder / "study.toml").write_text(study, encoding="utf-8")
        (folder / "pages" / "guess.html").write_text(PAGE, encoding="utf-8")
        readme = README.format(title=title, seats=int(seats), folder=folder)
        (folder / "README.md").write_text(readme, encoding="utf-8")
    except OSError as error:
        raise Refusal(f"{folder} can’t be written: {error.strerror}.") from None
    for mistake in check(read_folder(folder)):  # such as a title that is too long
        raise Refusal(
            f"{mistake} Change it in {folder / 'study.toml'}, or remove the folder and start again."
        )
    print(f"{folder} has a study that runs. See it with bots: networklab demo --study {folder}")
    return 0


def _ask(question: str, default: str, read: Callable[[], str] = sys.stdin.readline) -> str:
    print(f"{question} [{default}] ", end="", file=sys.stderr, flush=True)
    return read().strip() or default


def _toml(text: str) -> str:
    """In quotation marks: what JSON escapes, TOML reads alike."""
    return json.dumps(text, ensure_ascii=False)
