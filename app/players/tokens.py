"""Tokens: the secret of each person's link, which the database has as `hashed`.

Those that a list leaves empty are made, so that they can be made again.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Sequence
from itertools import takewhile
from math import log2

from app.database.connections import Connection
from app.database.queries import Queries, value
from app.players.people import Person

SQL = Queries(__name__)
TOKEN_LETTERS = "abcdefghjkmnpqrstvwxyz23456789"  # none that look alike
TOKEN_LENGTH = 16
ENOUGH = 48.0  # bits in which tokens differ: a million guesses a day find none of 100,000 in a year

_MADE = re.compile(f"[{TOKEN_LETTERS}]{{{TOKEN_LENGTH}}}")


def new_token(length: int = TOKEN_LENGTH) -> str:
    return "".join(secrets.choice(TOKEN_LETTERS) for _ in range(length))


def made_token(secret: bytes, player_id: int, label: str) -> str:
    """The token of a person whose list gave none: the same again for whoever has the server's secret.

    The number, so that no two ever have the same; the label, which goes as somebody is erased, so that nobody can tell
    then which link was theirs.
    """
    text = f"{player_id} {label}".encode()
    digest = hashlib.blake2b(text, key=secret, person=b"join link").digest()
    number, letters = int.from_bytes(digest), ""
    for _ in range(TOKEN_LENGTH):
        number, letter = divmod(number, len(TOKEN_LETTERS))
        letters += TOKEN_LETTERS[letter]
    return letters


def hashed(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()


async def server_secret(conn: Connection) -> bytes:
    return bytes(await value(conn, SQL["server_secret"]))


def guessable(people: Sequence[Person]) -> list[Person]:
    """Those with tokens that somebody could guess who knows a few: too short where they differ, or counted up."""
    given = [one for one in people if one.token and not _MADE.fullmatch(one.token)]
    tokens = [one.token for one in given]
    alike = _alike(tokens)
    behind = _alike([token[: alike - len(token) - 1 : -1] for token in tokens])
    return [one for one in given if _bits(one.token[alike : len(one.token) - behind]) < ENOUGH]


def is_guessable(id: str) -> bool:
    """Whether somebody may well find it by trying."""
    return _bits(id) < ENOUGH


def _alike(texts: list[str]) -> int:
    """How many letters all of them begin with; of one alone, none."""
    first, last = (min(texts), max(texts)) if len(texts) > 1 else ("", "")
    pairs = takewhile(lambda pair: pair[0] == pair[1], zip(first, last, strict=False))
    return sum(1 for _ in pairs)


def _bits(token: str) -> float:
    """At the most, by the kinds of letters that it has."""
    kinds = (("[0-9]", 10), ("[a-z]", 26), ("[A-Z]", 26), ("[^0-9A-Za-z]", 4))
    return len(token) * log2(sum(many for kind, many in kinds if re.search(kind, token)) or 1)
