"""A recruiter's token, kept in the database so that whoever has only the database has no token.

What it is kept by is NETWORKLAB_KEY, which stands in the environment. What is kept opens for its own session alone.
"""

from __future__ import annotations

import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

NONCE = 12  # bytes


def locked(key: str, session_id: str, token: str) -> bytes:
    nonce = os.urandom(NONCE)
    return nonce + _cipher(key).encrypt(nonce, token.encode(), session_id.encode())


def opened(key: str, session_id: str, kept: bytes) -> str | None:
    """None: it was kept by another key, or for another session."""
    try:
        return _cipher(key).decrypt(kept[:NONCE], kept[NONCE:], session_id.encode()).decode()
    except InvalidTag:
        return None


def _cipher(key: str) -> AESGCM:
    """`key` is as long as `read_config` asks for: nothing that somebody made up and could be guessed."""
    derived = HKDF(SHA256(), 32, salt=None, info=b"networklab recruiter token").derive(key.encode())
    return AESGCM(derived)
