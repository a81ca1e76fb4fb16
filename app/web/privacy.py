"""The page that tells a player what is stored about them, what becomes of it, and what the study says of privacy."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from litestar.response import Response

from app.database import clock
from app.database.connections import Connection
from app.database.queries import Queries, row
from app.players import presence
from app.players.players import Player
from app.players.presence import Spell
from app.study.model.study import Study
from app.web import templates
from app.web.lab import Lab
from app.web.responses import piece

SQL = Queries(__name__)


@dataclass(frozen=True, slots=True)
class Counted:
    entry: int  # answers at the door
    given: int  # what came with the link, or stood in the list
    attempts: int  # at the questions of the door that have a right answer
    answers: int  # in a room with others
    alone: int  # at solo steps
    messages: int
    notes: int  # from and to the researchers
    drafts: int
    earlier: bool  # something of the session before is known here
    recruited: bool  # a recruiter has said something of them, or was asked to
    is_later: bool  # just now in a session that goes on from this one
    room_plays: bool


@dataclass(frozen=True, slots=True)
class About:
    """What there is about one player."""

    player: Player
    counted: Counted
    opened_at: datetime | None  # the link
    pages: Sequence[Spell]

    @property
    def minutes(self) -> int:
        """For which some page of theirs was open, rounded up."""
        seconds = sum(((one.until or clock.now()) - one.since).total_seconds() for one in self.pages)
        return -(-int(seconds) // 60)

    @property
    def is_out(self) -> bool:
        return self.player.status in ("finished", "left")


async def privacy_at_door(lab: Lab, study: Study, player: Player, back: str) -> Response[str]:
    """For whoever has a link and has not come in with it yet; `back`: there."""
    async with lab.pool.connection() as conn:
        return await privacy_page(conn, study, player, back)


async def privacy_page(conn: Connection, study: Study, player: Player, back: str) -> Response[str]:
    """`back`: the page that it was opened from."""
    counted = await row(conn, Counted, SQL["counted"], player_id=player.id, room_id=player.room_id)
    assert counted is not None
    opened_at, pages = await presence.opened_at(conn, player.id), await presence.spells(conn, player.id)
    notice = ""
    if study.privacy.is_page:
        name = study.privacy.notice.removeprefix("pages/").removesuffix(".html")
        notice = templates.render_own(study, name, "player/_notice_lacks.html", study=study)
    shown = dict(study=study, stored=About(player, counted, opened_at, pages), notice=notice)
    return piece(templates.render_for(study, "player/privacy.html", **shown, back=back))
