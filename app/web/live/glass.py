"""A player's page behind glass: what a researcher sees of it, where nothing that a study wrote can act as they."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from markupsafe import Markup

from app.database import clock
from app.study.model.study import Study
from app.web import templates
from app.web.live.places import Place, RoomPlace

PACE = 5  # seconds from one setting of its clocks to the next: each is another document, and drawn anew


def behind_glass(study: Study, page: str) -> str:
    """A document for a frame without any rights (`admin/_glass.html`); "" for who has no page yet."""
    return templates.render_for(study, "player/glass.html", study=study, page=Markup(page)) if page else ""


def seen_now(place: Place | None) -> str:
    """The same as long as the player sees the same, and without a key of any form."""
    if place is None:
        return ""
    place = replace(place, aside=replace(place.aside, help_key="", drafts={}))
    if isinstance(place, RoomPlace):
        place = replace(place, form_key="", message_key="", move_key="")
    seconds = clock.now().timestamp() // PACE * PACE
    with clock.standing_at(datetime.fromtimestamp(seconds, UTC)):
        return behind_glass(place.study, place.html())
