"""Drafts: what a player has typed and not yet saved, kept for when they come back on another device.

The page keeps its own draft in the browser, too. This one is a courtesy: it waits for no flush, a crash of Postgres
may take it along, and a server that is busy drops it.
"""

from __future__ import annotations

from collections.abc import Mapping

from psycopg.types.json import Jsonb

from app.database.connections import Connection
from app.database.queries import Queries
from app.study.model.fields import Form

SQL = Queries(__name__)
FORMS = ("answers", "message", "help")
OWN = ("draft", "draft_key", "form_key")  # names in what the page sends that nobody typed


async def keep(conn: Connection, player_id: int, form: str, key: str, typed: Form) -> None:
    """Instead of the one before. `key` is what the draft belongs to: it is shown nowhere else."""
    pairs = [[name, value] for name, values in typed.items() if name not in OWN for value in values]
    await conn.execute(SQL["keep_draft"], dict(player_id=player_id, form=form, key=key, typed=Jsonb(pairs)))


async def drafts_of(conn: Connection, player_id: int) -> Mapping[str, str]:
    """Form → its draft in JSON, `{"key": …, "typed": [[name, value], …]}`, as the page reads it."""
    return dict(await (await conn.execute(SQL["drafts_of"], dict(player_id=player_id))).fetchall())
