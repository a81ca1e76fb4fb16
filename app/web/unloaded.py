"""What a player's page asked for and did not get: told by the page, for whoever runs the study.

The word of a browser, which anybody may make up: so only names of a few shapes are taken, and few of each study.
"""

from __future__ import annotations

import re
from urllib.parse import unquote, urlsplit

from litestar import post

from app.study.model.fields import first
from app.study.model.study import Study
from app.study.own_files import FOLDER, SERVED
from app.web import templates
from app.web.auth import player_of, same_site
from app.web.forms import form_of
from app.web.lab import Query, lab_of

OWN = re.compile(rf"{SERVED}[0-9a-f]{{64}}/([\w .()/-]{{1,150}})")
ELSEWHERE = re.compile(r"https?://[A-Za-z0-9.:-]{1,100}")
WITHIN = {
    "inline": "a style or script within a page",
    "eval": "a text made a script",
    "data": "data in an address",
}
MOST = 1_000  # files that are there, of which one process remembers who first told that they did not load
told_by: dict[tuple[str, str], int] = {}
REASONS = {
    "load": "did not load in several browsers",
    "script": "failed as it ran in somebody’s browser",
    "policy": "was kept from loading by our policy",
}


@post("/play/unloaded", guards=[same_site], status_code=204)
async def unloaded(request: Query) -> None:
    player_id, session_id = player_of(request)
    study, form = await lab_of(request).studies.of(session_id), await form_of(request)
    name, why = first(form, "what"), first(form, "why")
    name = _name_of(name, why)
    if name and why in REASONS:
        reason = REASONS[why]
        if why == "load" and name not in study.files:
            reason = "is not there"
        elif why == "load" and not _is_told_again(study, name, player_id):
            return
        for tell in templates.told_of_unloaded:
            tell(study, name, reason)


def _name_of(address: str, why: str) -> str:
    """As its author knows it; "" for what none of our pages could have asked for."""
    if address in WITHIN:
        return WITHIN[address]
    try:
        parts = urlsplit(address)
    except ValueError:
        return ""
    if own := OWN.fullmatch(unquote(parts.path)):
        return FOLDER + own[1]
    site = f"{parts.scheme}://{parts.netloc}"
    return site if why == "policy" and ELSEWHERE.fullmatch(site) else ""


def _is_told_again(study: Study, name: str, player_id: int) -> bool:
    """By another person than before: what one alone did not get is their connection, as a rule."""
    if len(told_by) >= MOST:
        told_by.clear()
    return told_by.setdefault((study.sha256, name), player_id) != player_id
