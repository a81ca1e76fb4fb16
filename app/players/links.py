"""The links with which players come, as a list that the researcher hands out."""

from __future__ import annotations

import csv
import os
from collections.abc import Iterable
from pathlib import Path
from urllib.parse import quote

from app.players.people import COLUMNS, Person


def link_of(person: Person, public_url: str) -> str:
    return f"{public_url}/join/{quote(person.token)}"


def write_links(path: Path, people: Iterable[Person], public_url: str) -> None:
    """A whole list or none, for its owner's eyes: the tokens are only here, the database keeps their hashes.

    Raises OSError.
    """
    temporary = path.with_name(path.name + ".part")
    with open(
        os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", newline="", encoding="utf-8"
    ) as file:
        os.fchmod(file.fileno(), 0o600)  # it may have been left there by somebody with another mode
        writer = csv.writer(file)
        writer.writerow([*COLUMNS, "link"])
        for person in people:
            writer.writerow([person.token, person.label, person.type, link_of(person, public_url)])
    temporary.replace(path)
