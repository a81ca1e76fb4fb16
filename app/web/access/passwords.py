"""Passwords: which are too easy, and their argon2 hashes."""

from __future__ import annotations

import asyncio
import secrets
from functools import cache
from typing import NewType

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from app.web.turns import Turns

PasswordHash = NewType("PasswordHash", str)  # of a password that is not too easy
SHORTEST, LONGEST = 12, 1000  # characters
GUESSES = 10**8  # that an attacker who knows what people choose needs at least
KNOWN_TO_ALL = ["networklab", "experiment", "researcher"]
hasher = PasswordHasher()  # the second of those that RFC 9106 recommends


class PasswordError(Exception):
    """A password that is too easy or can't be used; the text says why, and what would do."""


class Hashing:
    """argon2 takes 64 MB and a core for some 50 ms: one at a time, few in line, and others come again later."""

    def __init__(self, line: int = 12) -> None:
        self.turns = Turns(1, line)

    async def matches(self, stored: str | None, password: str) -> bool:
        """Takes as long for a name that does not exist. Raises `Busy`."""
        self.turns.check()
        async with self.turns:
            return await asyncio.to_thread(password_matches, stored, password)


def password_matches(stored: str | None, password: str) -> bool:
    """Takes about 50 ms of one core: run it in a thread, outside a transaction."""
    try:
        fits = hasher.verify(stored or _nobody(), password[:LONGEST])
        return fits and bool(stored) and len(password) <= LONGEST
    except (VerificationError, InvalidHashError):
        return False


def new_hash(name: str, password: str) -> PasswordHash:
    """Takes as long as `password_matches`. Raises `PasswordError`."""
    refuse_easy(name, password)
    return PasswordHash(hasher.hash(password))


def refuse_easy(name: str, password: str) -> None:
    if len(password) < SHORTEST:
        raise PasswordError(
            f"The password is too short: give at least {SHORTEST} characters, a few words for example."
        )
    if len(password) > LONGEST:
        raise PasswordError(f"The password is too long: {LONGEST:,} characters are the most.")
    # Its lists of common passwords, names and words take 15 MB: only for who chooses a password.
    from zxcvbn import zxcvbn

    found = zxcvbn(password[:72], user_inputs=[name, *name.split(), *KNOWN_TO_ALL])
    if found["guesses"] < GUESSES:
        raise PasswordError(
            "This password is easy to guess: it is one that many people use, or made of your name, of repeats or of"
            " keys in a row. Take a few words that have nothing to do with each other."
        )


@cache
def _nobody() -> str:
    return hasher.hash(secrets.token_hex())
