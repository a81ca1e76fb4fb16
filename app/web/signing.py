"""What the server signs: the cookie that says who a player is, and the keys of the forms it renders."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
import time
from dataclasses import dataclass
from typing import Literal

from app.database.connections import Connection
from app.database.queries import Queries, row

SQL = Queries(__name__)
WEEK = 7 * 24 * 3600.0  # seconds
OVERLAP = 600.0  # seconds in which processes of the version before may still answer

BEFORE = 8  # letters of the turn of a message, or of a call for help, as the version before has it

Purpose = Literal["answer", "message", "move", "help"]


@dataclass(frozen=True, slots=True)
class FormKey:
    """Where a form came from. `turn` tells one rendering from the next, so that each is stored once."""

    room_id: int
    position: int  # index into study.plan
    turn: str

    @property
    def limits(self) -> str:
        """Results that limited what could be answered on its page; "" where none did."""
        return self.turn.split(":", 2)[2] if self.turn.startswith("answer:") else ""


@dataclass(frozen=True, slots=True)
class PlayerCookie:
    """What a player's cookie says."""

    player_id: int
    session_id: str
    at: float | None  # Unix time at which it was given; None: by the version before, which did not say


@dataclass(frozen=True, slots=True)
class Keys:
    """All processes sign alike: the secret is in the database.

    A cookie is good for a week from when it was given. Cookies of the version before say nothing of that; where the
    database has come from it, they are good for a week from then on.
    """

    secret: bytes
    renewed_at: float | None = (
        None  # Unix time at which the database came to this version; None: it began with it
    )

    def player_cookie(self, player_id: int, session_id: str) -> str:
        now = time.time()
        if self.renewed_at is not None and now < self.renewed_at + OVERLAP:
            text = f"{player_id}.{session_id}"  # which processes of the version before read, too
            return f"{text}.{self._sign('player', text)}"
        text = f"{player_id}.{int(now)}.{session_id}"
        return f"{text}.{self._sign('player since', text)}"

    def read_player_cookie(self, cookie: str | None) -> PlayerCookie | None:
        """None for a cookie that is not ours, or was given too long ago."""
        text, _, signature = (cookie or "").rpartition(".")
        if self._matches("player since", text, signature):
            player_id, at, session_id = text.split(".", 2)
            return PlayerCookie(int(player_id), session_id, int(at)) if time.time() < int(at) + WEEK else None
        if self._of_before() and self._matches("player", text, signature):
            player_id, _, session_id = text.partition(".")
            return PlayerCookie(int(player_id), session_id, None)
        return None

    def answer_key(self, player_id: int, room_id: int, position: int, saved: int, limits: str = "") -> str:
        """The same for every page that shows the step after `saved` saves: a second tab is no second answer.

        `limits`: results that limit what can be answered there.
        """
        turn = f"answer:{saved}:{limits}" if limits else str(saved)
        return self._form_key(player_id, f"{room_id}.{position}.{turn}")

    def message_key(self, player_id: int, room_id: int, position: int) -> str:
        """A new one for each rendering: two people in two tabs may well say the same word twice."""
        return self._form_key(player_id, f"{room_id}.{position}.message:{secrets.token_urlsafe(6)}")

    def move_key(self, player_id: int, room_id: int, position: int) -> str:
        """A new one for each rendering: the same may be done again."""
        return self._form_key(player_id, f"{room_id}.{position}.move:{secrets.token_urlsafe(6)}")

    def help_key(self, player_id: int) -> str:
        return self._form_key(player_id, f"0.0.help:{secrets.token_urlsafe(6)}")

    def trace_of(self, session_id: str, network: str) -> bytes:
        """What stands for an address in a session: nobody without the secret finds out which."""
        text = f"{session_id} {network}".encode()
        return hashlib.blake2b(text, digest_size=15, key=self.secret, person=b"address").digest()

    def read_form_key(self, purpose: Purpose, player_id: int, key: str) -> FormKey | None:
        """None for a key that was not rendered for this player, or not for a form of this purpose."""
        text, _, signature = key.rpartition(".")
        if not self._matches("form", f"{player_id}.{text}", signature):
            return None
        room_id, position, turn = text.split(".", 2)
        if not self._serves(purpose, turn):
            return None
        return FormKey(int(room_id), int(position), turn)

    def _serves(self, purpose: Purpose, turn: str) -> bool:
        """The turn is signed, and tells what its form is for: a number counts the saves of a step."""
        if turn.isdecimal() and len(turn) < BEFORE:
            return purpose == "answer"
        return turn.startswith(f"{purpose}:") or (
            # Of the version before, which did not tell help from talk.
            purpose in ("message", "help") and len(turn) == BEFORE and self._of_before()
        )

    def _of_before(self) -> bool:
        """Whether what the version before has signed is still good."""
        return self.renewed_at is not None and time.time() < self.renewed_at + WEEK

    def _form_key(self, player_id: int, text: str) -> str:
        return f"{text}.{self._sign('form', f'{player_id}.{text}')}"

    def _sign(self, purpose: str, text: str) -> str:
        digest = hashlib.blake2b(text.encode(), digest_size=15, key=self.secret, person=purpose.encode())
        return base64.urlsafe_b64encode(digest.digest()).decode()

    def _matches(self, purpose: str, text: str, signature: str) -> bool:
        try:
            return hmac.compare_digest(self._sign(purpose, text).encode(), signature.encode())
        except UnicodeEncodeError:
            return False


async def read_keys(conn: Connection) -> Keys:
    found = await row(conn, Keys, SQL["read_keys"])
    assert found is not None
    return found
