"""What `open`, `add` and `links` say of lists of people, and of the links that come of them."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from app.commands.arguments import Refusal
from app.config import Config
from app.players.links import warning_of
from app.players.people import Listed, Person
from app.players.tokens import guessable


def say_notes(listed: Listed) -> None:
    for note in listed.notes:
        print(f"note: {note}.", file=sys.stderr)


def refuse_guessable(name: str, people: Sequence[Person]) -> None:
    if found := guessable(people):
        has = "a token" if len(found) == 1 else f"{len(found):,} tokens"
        raise Refusal(
            f"{name} has {has} that somebody could guess, “{found[0].token}” for example, and take that player’s place."
            " Leave tokens empty to have them made, or say --short-tokens if they are meant to be so."
        )


def warn_of_links(config: Config, are_written: bool) -> None:
    """Loudly, where they are written for others and open here alone."""
    if are_written and (warning := warning_of(config.public_url)):
        print(f"WARNING: {warning}", file=sys.stderr)
