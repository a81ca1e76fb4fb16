"""What a page's form asks for, asked by a program: the same action, with what the body says in place of the form."""

from __future__ import annotations

from collections.abc import Mapping

from app.players.tokens import new_token
from app.study.model.fields import Form
from app.web.action_forms import Action, act
from app.web.api.bodies import known_by
from app.web.api.shapes import DoneDeed
from app.web.lab import Query
from app.web.researchers import who_asks


async def do(
    request: Query,
    session_id: str,
    action: Action,
    said: Mapping[str, str],
    room_id: int = 0,
    player_id: int = 0,
) -> DoneDeed:
    """`room_id`: that may have to move on afterwards."""
    form: Form = {name: [text] for name, text in said.items()}
    by = who_asks(request).name
    done = await act(request, action, by, session_id, form, room_id, player_id)
    return DoneDeed(session=session_id, said=done)


def said_once(request: Query, key: str | None, body: str) -> str:
    """The form key of words that are said: the same for the same words with the same key at the same address."""
    if key is None:
        return new_token(12)
    said = f"{request.url.path.rstrip('/')}\0{body}"
    return known_by(who_asks(request).name, key, said.encode("utf-8", "surrogatepass"))
