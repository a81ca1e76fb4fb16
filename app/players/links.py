"""The links with which players come, as a list that the researcher hands out, and the same again later."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import quote, urlsplit

from app.database.clusters import BETWEEN
from app.database.connections import Connection
from app.database.queries import Queries
from app.players.lists import escape
from app.players.people import COLUMNS, LINK, Person
from app.players.tokens import hashed, made_token, server_secret

SQL = Queries(__name__)
SESSION = "in"  # of the address of a link: which session is meant, of several that know its token


@dataclass(frozen=True, slots=True)
class Links:
    """`people`: those whose tokens were made here, with them. `others`: the labels of those whose tokens were not."""

    people: Sequence[Person]
    others: Sequence[str]

    @property
    def why(self) -> str:
        """Why those of the others can't be made again."""
        if not self.others:
            return "nobody has one of their own."
        return (
            "the database has only what a link is known again by. Tokens of a list stand in that list; those that an"
            " earlier version made, or another database from which this session was moved, stand only in the file that"
            " `open --links` wrote."
        )

    @property
    def lacking(self) -> str:
        """Whose links are not among them, and why."""
        first = ", ".join(f"“{label}”" for label in self.others[:3])
        more = f" and {len(self.others) - 3:,} more" if len(self.others) > 3 else ""
        return f"{len(self.others):,} can't be made again ({first}{more}): {self.why}"


async def links_again(conn: Connection, session_id: str, numbers: Collection[int] | None = None) -> Links:
    """Who has been invited to a session, or who of them has one of these `numbers`, in the order of the list, but for
    those who were erased.

    The database has no tokens. Those that were made come from its secret and are made again; those of a list do not,
    nor do those that versions before drew.
    """
    secret, people, others = await server_secret(conn), list[Person](), list[str]()
    found = await conn.execute(SQL["invited"], dict(session_id=session_id, numbers=numbers and [*numbers]))
    for _, label, type_, stored, known_by in await found.fetchall():
        tokens = (made_token(secret, number, label) for number in known_by)
        token = next((token for token in tokens if hashed(token) == stored), None)
        if token is None:
            others.append(label)
        else:
            people.append(Person(token, label, type_))
    return Links(people, others)


def with_tokens(people: Sequence[Person], again: Links) -> list[Person]:
    """These people, each with the token that they have."""
    made = {person.label: person.token for person in again.people}
    return [person if person.token else replace(person, token=made[person.label]) for person in people]


def link_of(person: Person, public_url: str, session_id: str) -> str:
    """Where there are several databases, the session says in which one its people are."""
    meant = f"?{SESSION}={session_id}" if BETWEEN in session_id else ""
    return f"{public_url}/join/{quote(person.token)}{meant}"


def warning_of(public_url: str) -> str:
    """What to say of links that open on this machine alone; "" where others can open them."""
    host = urlsplit(public_url).hostname or ""
    try:
        address = ip_address(host)
        alone = address.is_loopback or address.is_unspecified
    except ValueError:
        alone = host == "localhost" or host.endswith(".localhost")
    if not alone:
        return ""
    return (
        f"These links begin with {public_url}: they open on this machine and on no other. Set NETWORKLAB_URL to the"
        " address at which people reach the server (https://lab.example.org), and get them again."
    )


def door_link(session_id: str, public_url: str) -> str:
    """The one for everybody."""
    return f"{public_url}/s/{session_id}"


def as_csv(people: Iterable[Person], public_url: str, session_id: str) -> str:
    """A list of people with their links: no spreadsheet takes a label for a formula, and it reads back as it was."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow([*COLUMNS, LINK])
    for person in people:
        label, type_ = escape(person.label), escape(person.type)  # people may have given these themselves
        writer.writerow([person.token, label, type_, link_of(person, public_url, session_id)])
    return text.getvalue()


def write_links(path: Path, people: Iterable[Person], public_url: str, session_id: str) -> None:
    """A whole list or none, for its owner's eyes: who has a link is that player. Raises OSError."""
    temporary = path.with_name(path.name + ".part")
    with open(
        os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", newline="", encoding="utf-8"
    ) as file:
        os.fchmod(file.fileno(), 0o600)  # it may have been left there by somebody with another mode
        file.write(as_csv(people, public_url, session_id))
    temporary.replace(path)
