"""The door as it is drawn, without anybody who answers there: what only draws it needs no server."""

from __future__ import annotations

from markupsafe import Markup

from app.study.model.study import Study
from app.web import templates


def door_to_look_at(study: Study) -> str:
    """The door as somebody new sees it, for whoever only looks: its form leads nowhere."""
    shown = dict(study=study, action="", privacy="", values={}, errors={}, elsewhere=False, visit="")
    shown |= dict(preview=False, outdated=False, attempt=1, left=max(1, study.entrance.attempts))
    shown |= dict(way_in=None, others=(), code="", above=page_above(study))
    return templates.render_own(study, "join", "player/join.html", **shown)


def page_above(study: Study) -> Markup:
    """The study's own page that stands above the entry form."""
    if not study.entrance.page:
        return Markup()
    lacks = "player/_notice_lacks.html"
    return Markup(templates.render_own(study, study.entrance.page, lacks, study=study))
