"""The last page: how it ended for somebody, their code, and the way back."""

from __future__ import annotations

from dataclasses import dataclass

from app.database import clock
from app.players.pay import Account
from app.players.players import Player
from app.recruiters.ways_back import WayBack, way_back_of
from app.rooms.receipts import Saved
from app.study.model.entrance import AT_THE_DOOR
from app.study.model.study import Study
from app.web import templates
from app.web.live.lobby_place import Aside


@dataclass(frozen=True, slots=True)
class DonePlace:
    player: Player
    study: Study
    saved: Saved
    log_id: int
    seq: int  # of the last event in the session's log
    aside: Aside
    account: Account | None  # None where the study says nothing of pay
    taken_out: bool = False  # by a researcher

    @property
    def never_in(self) -> bool:
        """A researcher gave a code to somebody who had not come in; see sql/sessions/actions.sql."""
        player = self.player
        return player.outcome not in AT_THE_DOOR and player.signed_in_at == player.finished_at

    @property
    def never_waited(self) -> bool:
        """What comes before the lobby was not over for them."""
        return bool(self.study.before) and self.player.queued_from is None

    @property
    def was_inside(self) -> bool:
        """They had a room, or were at solo steps, and it did not end as for those who found no group."""
        alone = self.player.outcome != "lobby" and self.never_waited
        return self.player.room_id is not None or alone

    @property
    def situation(self) -> str:
        return f"done ({self.player.outcome}), with the code {self.player.code}"

    @property
    def way(self) -> WayBack:
        return way_back_of(self.study, self.player)

    def html(self) -> str:
        shown = dict(place=self, now=clock.now(), treatment=self.player.treatment)
        return templates.render_own(self.study, "done", "player/done.html", **shown)
