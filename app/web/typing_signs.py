"""A page's sign that somebody is writing a message there. It never says what."""

from __future__ import annotations

from litestar import post

from app.rooms.messages import read_where
from app.rooms.typists import Typist
from app.study.languages.texts import Sentence
from app.web import record_forms
from app.web.auth import player_of, same_site
from app.web.forms import form_of
from app.web.lab import Query, lab_of


@post("/play/typing", guards=[same_site], status_code=204)
async def say_typing(request: Query) -> None:
    """Sent every few seconds while somebody types. The page waits for no answer, and is told nothing of what becomes
    of it.
    """
    lab, (player_id, session_id) = lab_of(request), player_of(request)
    study, form = await lab.studies.of(session_id), await form_of(request)
    lab.signs.gave(study, player_id)
    key = record_forms.form_key(lab, "message", player_id, form, study)
    if key is None:
        return
    where = read_where(form, study.plan[key.position].step)
    if not isinstance(where, Sentence) and where[0].typing:
        lab.typists.writes(Typist(player_id, key.room_id, key.position, *where))
