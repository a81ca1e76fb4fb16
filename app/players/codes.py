"""The codes that people hand in: that of how it ended, and where a study wants it with letters that are one's own."""

from __future__ import annotations

import hmac
from dataclasses import dataclass, field, replace

from app.database.connections import Connection
from app.players.players import Player
from app.players.tokens import TOKEN_LETTERS, server_secret
from app.study.model.outcomes import OWN_LETTERS
from app.study.model.study import Study

LETTERS = TOKEN_LETTERS.upper()


@dataclass(frozen=True, slots=True)
class Codes:
    """Those of one session. What is stored of a player is the outcome's code: no log and no copy has the letters.

    They are made from the server's secret, who it is, and the code before them: nobody can make them for somebody else,
    or for another outcome, and they are the same whenever they are made. Who was erased has none any more, since a
    recruiter knows who has handed them in.
    """

    session_id: str
    secret: bytes | None = field(repr=False)  # None: everybody has their outcome's code as it is

    def handed_in(self, player_id: int, code: str | None, erased: bool = False) -> str | None:
        if self.secret is None or code is None or erased:
            return code
        said = f"code {self.session_id} {player_id} {code}"
        made = hmac.digest(self.secret, said.encode(), "sha256")[:OWN_LETTERS]
        return f"{code}-{''.join(LETTERS[byte % len(LETTERS)] for byte in made)}"

    def shown_to(self, player: Player) -> Player:
        """The same player with the code that they hand in."""
        return replace(player, code=self.handed_in(player.id, player.code, player.erased_at is not None))


async def codes_of(conn: Connection, session_id: str, study: Study) -> Codes:
    secret = await server_secret(conn) if study.finish.per_person else None
    return Codes(session_id, secret)
