"""Before a door that is full: what the page shows of whoever waits in line there."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from app.database import clock
from app.players.players import Player
from app.study.model.entrance import FULL
from app.study.model.study import Study
from app.web import templates
from app.web.live.lobby_place import Aside


@dataclass(frozen=True, slots=True)
class LinePlace:
    """All places are taken, and one may come back."""

    player: Player
    study: Study
    ahead: int  # people before them
    many: int  # in line, with them
    log_id: int
    seq: int  # of the last event in the session's log
    aside: Aside

    @property
    def situation(self) -> str:
        """For a researcher who is asked for help."""
        return f"number {self.ahead + 1} of {self.many} in line before the door"

    @property
    def leaves_at(self) -> datetime:
        """Without a place by then."""
        assert self.player.in_line_until is not None
        return self.player.in_line_until

    @property
    def pay(self) -> Decimal | None:
        """Of whoever gets no place; None where the study says nothing of pay."""
        return self.study.pay.for_outcome(FULL) if self.study.pays else None

    def html(self) -> str:
        return templates.render_for(self.study, "player/line.html", place=self, now=clock.now())

    def line_html(self) -> str:
        """The part that changes as those before them come in or leave."""
        return templates.render_for(self.study, "player/_player_lined_up.html", place=self)
