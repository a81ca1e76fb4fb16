"""What an owner of a session has erased on its pages: of one person, or of everybody once it is closed."""

from __future__ import annotations

from litestar import post
from litestar.response import Redirect, Response

from app.sessions import erasing
from app.sessions.erasing import ANSWERS
from app.sessions.sessions import SessionError
from app.study.model.fields import first
from app.web.action_forms import Wish, carry_out
from app.web.lab import Query
from app.web.researchers import OWNS, who_asks


@post("/sessions/{session_id:str}/erase", needs=OWNS)
async def erase_session(request: Query, session_id: str) -> Response[str] | Redirect:
    by, to = who_asks(request).name, f"/admin/sessions/{session_id}"
    return await carry_out(request, erase, by, to, session_id)


@post("/sessions/{session_id:str}/players/{player_id:int}/erase", needs=OWNS)
async def erase_player(request: Query, session_id: str, player_id: int) -> Response[str] | Redirect:
    by, to = who_asks(request).name, f"/admin/sessions/{session_id}/players/{player_id}"
    return await carry_out(request, erase, by, to, session_id, player_id=player_id)


async def erase(wish: Wish) -> str:
    """The rows as they were are swept away by `Erasures`, after this transaction."""
    answers, why = first(wish.form, "answers"), first(wish.form, "why").strip()[:300]
    if answers not in ANSWERS or first(wish.form, "sure") != "yes":
        raise SessionError("Nothing was erased: tick that you are sure, and choose which answers go.")
    said = why or ("one person" if wish.player_id else "the whole session")
    player = wish.player_id or None
    return await erasing.erase(wish.conn, wish.session_id, wish.by, said, player_id=player, answers=answers)


HANDLERS = [erase_session, erase_player]
