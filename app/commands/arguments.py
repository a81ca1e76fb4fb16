"""What the words on a command line mean: counts, times, shares; a wrong one gets one sentence."""

from __future__ import annotations

import argparse
import math
import re
from collections.abc import Sequence
from itertools import pairwise
from math import isfinite
from pathlib import Path
from typing import Any, NoReturn

from app.commands.program import program
from app.database.clusters import LARGEST_NUMBER
from app.database.stores import StorePlace, place_of
from app.study.digits import whole
from app.study.durations import seconds_in
from app.study.syntax.mistakes import nearest

THE_SESSION = "its id, as `networklab sessions` lists it"


class Refusal(Exception):
    """What was asked for cannot be done; the text says why and what to do."""


def as_typed(text: str) -> str:
    """Words of any module, with the commands that they name as they can be typed here."""
    return text.replace("`networklab ", f"`{program()} ")


class Parser(argparse.ArgumentParser):
    """Says what is wrong in one sentence, as every other error here, instead of under the whole usage."""

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        """What a command does not know it says itself: its own help is the one to read."""
        found, left = super().parse_known_args(args, namespace)
        if left and self._subparsers is None:
            self.error(f"unrecognized arguments: {' '.join(left)}")
        return found, left

    def error(self, message: str) -> NoReturn:
        end = "" if message.endswith("?") else "."
        self.exit(2, as_typed(f"{self.prog}: {message}{end} `{self.prog} --help` says what it takes.\n"))

    def _check_value(self, action: argparse.Action, value: Any) -> None:
        """Names the nearest command, not all forty."""
        if isinstance(action, argparse._SubParsersAction) and value not in action.choices:
            near = nearest(value, action.choices)
            cure = f" Did you mean `{near}`?" if near else ""
            raise argparse.ArgumentError(None, f"There is no command “{value}”{cure and '.'}{cure}")
        super()._check_value(action, value)


def refuse_empty(words: Sequence[str]) -> None:
    """As of a shell's variable that is not set: what was meant of one person would be done to all. Raises Refusal."""
    for before, word in pairwise(["", *words]):
        name, equals, said = word.partition("=")
        after = before if not word else name if name.startswith("--") and equals and not said else ""
        if after:
            raise Refusal(f"What stands after {after} is empty: say what is meant. Nothing was done.")


def count(text: str) -> int:
    return _above_zero(text, 100_000)


def number_of_row(text: str) -> int:
    """As players, payouts and tokens have them."""
    return _above_zero(text, LARGEST_NUMBER)


def _above_zero(text: str, most: int) -> int:
    if not (number := whole(text, most)):
        raise argparse.ArgumentTypeError(f"“{text}” is not a whole number from 1 to {most:,}")
    return number


def backups_at(text: str) -> Path | StorePlace:
    """A folder, or a place in an S3-like store."""
    if place := place_of(text):
        return place
    if re.match(r"\w[\w+.-]*://", text):
        raise argparse.ArgumentTypeError(
            f"“{text}” is neither a folder nor s3://BUCKET/PREFIX, BUCKET of small letters, digits, dots and dashes"
        )
    return Path(text)


def a_file(text: str) -> Path:
    """One to be written, over what stood there before: what is in it can be had again."""
    path = Path(text)
    if path.is_dir():
        raise Refusal(f"{path} is a folder. Give a file name.")
    return path


def new_file(text: str) -> Path:
    """One to be written, where nothing is yet: links that were given out, say, may stand nowhere else."""
    path = a_file(text)
    if path.is_file() and path.stat().st_size:
        raise Refusal(f"{path} is there already, and stays as it is. Give a new name; nothing was done.")
    return path


def port(text: str) -> int:
    if not (number := whole(text, 65_535)):
        raise argparse.ArgumentTypeError(f"“{text}” is not a port; ports go from 1 to 65535")
    return number


def seconds(text: str) -> float:
    """As a study writes them, in words or as their number."""
    alone = re.fullmatch(r"\d+(\.\d+)?", text.strip(), re.ASCII)
    found = seconds_in(f"{text}s" if alone else text)
    if found is None or not isfinite(float(found)):
        raise argparse.ArgumentTypeError(f"“{text}” is not a time; write 90s, 5m or 1h")
    return float(found)


def age(text: str) -> float:
    """In seconds; people say it in days."""
    days = re.fullmatch(r"(\d{1,5})\s*d", text.strip(), re.ASCII)
    found = float(days[1]) * 86400 if days else seconds_in(text)
    if found is None:
        raise argparse.ArgumentTypeError(f"“{text}” is not a time; write 365d or 12h")
    return float(found)


def share(text: str) -> float:
    found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*%", text.strip(), re.ASCII)
    if not found or float(found[1]) > 100:
        raise argparse.ArgumentTypeError(f"“{text}” is not a share; write 5%")
    return float(found[1]) / 100


def speed(text: str) -> float:
    if text == "max":
        return math.inf
    try:
        speed = float(text)
    except ValueError:
        speed = 0.0
    if not 0 < speed < 1e9:
        raise argparse.ArgumentTypeError(f"“{text}” is not a speed; write 1, 4 or max")
    return speed


def first_line(error: Exception) -> str:
    """What a database says, in one sentence without its full stop."""
    return str(error).strip().partition("\n")[0].rstrip(".")
