"""What the server signs: the cookie that says who a player is, and the keys of the forms it renders."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from dataclasses import dataclass

from app.database.connections import Connection
from app.database.queries import value


@dataclass(frozen=True, slots=True)
class FormKey:
    """Where a form came from. `turn` tells one rendering from the next, so that each is stored once."""

    room_id: int
    position: int  # index into study.plan
    turn: str


@dataclass(frozen=True, slots=True)
class Keys:
    """All processes sign alike: the secret is in the database."""

    secret: bytes

    def player_cookie(self, player_id: int, session_id: str) -> str:
        text = f"{player_id}.{session_id}"
        return f"{text}.{self._sign('player', text)}"

    def read_player_cookie(self, cookie: str | None) -> tuple[int, str] | None:
        """Player and session, or None for a cookie that is not ours."""
        text, _, signature = (cookie or "").rpartition(".")
        if not self._matches("player", text, signature):
            return None
        player_id, _, session_id = text.partition(".")
        return int(player_id), session_id

    def answer_key(self, player_id: int, room_id: int, position: int, saved: int) -> str:
        """The same for every page that shows the step after `saved` saves: a second tab is no second answer."""
        return self._form_key(player_id, f"{room_id}.{position}.{saved}")

    def message_key(self, player_id: int, room_id: int, position: int) -> str:
        """A new one for each rendering: two people in two tabs may well say the same word twice."""
        return self._form_key(player_id, f"{room_id}.{position}.{secrets.token_urlsafe(6)}")

    def read_form_key(self, player_id: int, key: str) -> FormKey | None:
        """None for a key that was not rendered for this player."""
        text, _, signature = key.rpartition(".")
        if not self._matches("form", f"{player_id}.{text}", signature):
            return None
        room_id, position, turn = text.split(".", 2)
        return FormKey(int(room_id), int(position), turn)

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
    return Keys(bytes(await value(conn, b"select key from secret")))
