"""Stories of passwords that are too easy, and of a queue for hashing that ends somewhere."""

from __future__ import annotations

import asyncio
import subprocess
import sys

import pytest

from app.database.group_commit import Busy
from app.web.access.passwords import Hashing, PasswordError, new_hash, password_matches, refuse_easy


@pytest.mark.parametrize(
    ("password", "words"),
    [
        ("short", "at least 12"),
        ("", "at least 12"),
        ("x" * 1001, "too long"),
        ("password1234", "easy to guess"),
        ("iloveyouiloveyou", "easy to guess"),
        ("qwertyuiop12", "easy to guess"),
        ("123456789012", "easy to guess"),
        ("networklab2024", "easy to guess"),
        ("ada lovelace1", "easy to guess"),
        ("a" * 200, "easy to guess"),
    ],
)
def test_a_password_that_many_use_or_that_says_who_one_is_is_refused(password: str, words: str) -> None:
    with pytest.raises(PasswordError, match=words):
        refuse_easy("ada lovelace", password)


@pytest.mark.parametrize(
    "password",
    ["correct horse battery", "Grüße aus Zürich 42", "пароль для лаборатории"],
)
def test_a_few_words_are_a_password_in_any_script(password: str) -> None:
    stored = new_hash("ada", password)
    assert password_matches(stored, password) and not password_matches(stored, password.upper())
    assert not password_matches("", password) and not password_matches(None, password)


def test_a_hash_outside_of_stories_is_as_dear_as_rfc_9106_recommends() -> None:
    program = "from app.web.access.passwords import new_hash; print(new_hash('ada', 'correct horse battery'))"
    made = subprocess.run([sys.executable, "-P", "-c", program], capture_output=True, text=True, check=True)
    assert made.stdout.startswith("$argon2id$v=19$m=65536,t=3,p=4$"), made.stdout


def test_hashing_has_a_line_and_whoever_finds_it_full_comes_again() -> None:
    async def story() -> None:
        hashing = Hashing(line=4)
        tried = await asyncio.gather(*(hashing.matches(None, "x") for _ in range(20)), return_exceptions=True)
        assert [type(one) for one in tried].count(Busy) == 15
        assert tried.count(False) == 5
        assert not await hashing.matches(None, "x")

    asyncio.run(story())
