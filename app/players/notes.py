"""Notes: words between researchers and players, beside the talk of the rooms."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from math import ceil

from app.database.connections import Connection
from app.database.queries import Queries, rows, value
from app.study.model.fields import Field
from app.study.model.kinds.text import TEXT

SQL = Queries(__name__)
BODY = Field("body", "Your note", TEXT, max=Decimal(1000))  # what may be written
MOST, WITHIN = 5, timedelta(minutes=1)  # questions of one person: researchers have to read them


@dataclass(frozen=True, slots=True)
class Note:
    id: int
    player_id: int | None  # whose it is; None: for everybody
    account: str | None  # the researcher who wrote it; None: the player asks for help
    body: str
    situation: str  # where the player was when they asked; of a researcher's, to whom else it went
    at: datetime

    @property
    def answers(self) -> bool:
        """It is a researcher's, to this player alone."""
        return self.account is not None and not self.situation


@dataclass(frozen=True, slots=True)
class Notices:
    """What stands on one player's page."""

    banner: str  # what everybody is told now; empty if nothing
    notes: tuple[Note, ...]  # what this player asked and was told, oldest first

    @property
    def answer(self) -> Note | None:
        """The newest from the researchers."""
        return next((note for note in reversed(self.notes) if note.account is not None), None)

    @property
    def waits(self) -> bool:
        """The last word between them is a question."""
        between = [note for note in self.notes if note.account is None or note.answers]
        return bool(between) and between[-1].account is None


NONE = Notices("", ())


@dataclass(frozen=True, slots=True)
class CallForHelp:
    """A player who asked for help and waits for an answer."""

    player_id: int
    label: str
    body: str
    situation: str
    at: datetime


async def ask(conn: Connection, session_id: str, player_id: int, body: str, situation: str, form: str) -> int:
    """A player asks for help. The same `form` again changes nothing.

    Where they have asked so often just now that nothing is stored: the seconds until they may ask again, else 0.
    """
    await conn.execute(SQL["lock_asker"], dict(player_id=player_id))
    wait: float | None = await value(
        conn,
        SQL["asked_lately"],
        session_id=session_id,
        player_id=player_id,
        form=form,
        most=MOST,
        within=WITHIN,
    )
    if wait is not None:
        return max(2, ceil(wait))
    await _add(conn, session_id, player_id, None, body, situation, form)
    return 0


async def tell(conn: Connection, session_id: str, player_id: int, by: str, text: str, form: str) -> bool:
    """A researcher writes to one player. The same `form` again changes nothing. Raises `FieldError`.

    Whether it stands on their page: nothing does of somebody who was erased.
    """
    return await _add(conn, session_id, player_id, by, BODY.read([text]), "", form)


async def tell_everybody(conn: Connection, session_id: str, by: str, text: str, form: str) -> str:
    """In place of what stood there. Without any words that is taken down."""
    body = BODY.read([text]) if text.strip() else ""
    await _add(conn, session_id, None, by, body, "", form)
    return "It stands on every page now." if body else "It is taken down."


async def write_to_room(conn: Connection, room_id: int, name: str, by: str, body: str, form: str) -> int:
    """To each who plays there, who are so many. It answers nobody's question: whoever waits for a word waits on."""
    told: int = await value(
        conn,
        SQL["write_to_room"],
        room_id=room_id,
        account=by,
        body=body,
        situation=f"to all in {name}",
        form=form,
    )
    return told


async def written_to_room(conn: Connection, session_id: str, body: str, form: str) -> int:
    """How many have had it, by the same `form`."""
    told: int = await value(conn, SQL["written_to_room"], session_id=session_id, body=body, form=form)
    return told


async def notices_of(conn: Connection, session_id: str, player_id: int) -> Notices:
    found = await rows(conn, Note, SQL["notices"], session_id=session_id, player_id=player_id)
    banner = next((note.body for note in found if note.player_id is None), "")
    return Notices(banner, tuple(note for note in found if note.player_id is not None))


async def banner_of(conn: Connection, session_id: str) -> str:
    """What everybody is told now; empty if nothing."""
    found: str | None = await value(conn, SQL["banner"], session_id=session_id)
    return found or ""


async def open_questions(conn: Connection, session_id: str) -> Sequence[CallForHelp]:
    """The longest first."""
    return await rows(conn, CallForHelp, SQL["open_questions"], session_id=session_id)


async def _add(
    conn: Connection,
    session_id: str,
    player_id: int | None,
    account: str | None,
    body: str,
    situation: str,
    form: str,
) -> bool:
    stands: bool = await value(
        conn,
        SQL["add_note"],
        session_id=session_id,
        player_id=player_id,
        account=account,
        body=body,
        situation=situation,
        form=form,
    )
    return stands
