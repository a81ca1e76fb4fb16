"""What `open`, `add` and `links` do with lists of people, and with the links that come of them."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from app.commands.arguments import Refusal
from app.config import Config
from app.database.connections import Connection
from app.players.links import links_again, warning_of, with_tokens, write_links
from app.players.people import Listed, Person
from app.players.players import Elsewhere
from app.players.tokens import guessable
from app.web.new_sessions import elsewhere

LIST = "a CSV or .xlsx with any of the columns token, label, type; further columns are kept"


def say_notes(listed: Listed) -> None:
    for note in listed.notes:
        print(f"note: {note}.", file=sys.stderr)


def say_where_else(shared: Sequence[Elsewhere]) -> None:
    """`shared`: other sessions, with how many of these people are in each."""
    for note in elsewhere(shared):
        print(f"note: {note}.", file=sys.stderr)


def refuse_guessable(name: str, people: Sequence[Person]) -> None:
    if found := guessable(people):
        has = "a token" if len(found) == 1 else f"{len(found):,} tokens"
        raise Refusal(
            f"{name} has {has} that somebody could guess, “{found[0].token}” for example, and take that player’s place."
            " Leave tokens empty to have them made, or say --short-tokens if they are meant to be so."
        )


async def written(
    conn: Connection,
    config: Config,
    path: Path,
    session_id: str,
    people: Sequence[Person] | None,
    nothing: str,
) -> None:
    """The links of people who were just invited; None: of all in the session whose tokens were made. `nothing`: what
    was not done where they can't be written."""
    again = await links_again(conn, session_id)
    if people is None and again.others:
        print(f"note: of the links {again.lacking}", file=sys.stderr)
    try:
        linked = again.people if people is None else with_tokens(people, again)
        write_links(path, linked, config.public_url, session_id)
    except OSError as error:
        raise Refusal(
            f"The links can't be written to {path} ({error.strerror}); {nothing}. Give --links another name."
        ) from None


def warn_of_links(config: Config, are_written: bool) -> None:
    """Loudly, where they are written for others and open here alone."""
    if are_written and (warning := warning_of(config.public_url)):
        print(f"WARNING: {warning}", file=sys.stderr)
