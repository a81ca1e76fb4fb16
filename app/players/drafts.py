"""Drafts: what a player has typed and not yet saved, kept for when they come back on another device.

The page keeps its own draft in the browser, too. This one is a courtesy: it waits for no flush, a crash of Postgres
may take it along, and a server that is busy drops it. What was never sent is nobody's to read but the player's: no
researcher is shown it, no export has it, and a trigger deletes it as its step ends and as its player is out.
"""

from __future__ import annotations

from collections.abc import Mapping

from psycopg.types.json import Jsonb

from app.database.connections import Connection
from app.database.queries import Queries
from app.study.model.fields import Form

SQL = Queries(__name__)
FORMS = ("answers", "message", "help")
LONGEST_KEY = 20_000  # letters; ours are shorter, even where options of questions stand in them
OWN = ("draft", "draft_key", "form_key")  # names in what the page sends that nobody typed


async def keep(
    conn: Connection, player_id: int, form: str, key: str, typed: Form, position: int | None = None
) -> None:
    """Instead of the one before. `key` is what the draft belongs to: it is shown nowhere else.

    `position`: of the step that it answers, an index into the study's plan; a step that is over has no drafts.
    """
    pairs = [[name, value] for name, values in typed.items() if name not in OWN for value in values]
    what = dict(player_id=player_id, form=form, key=key, typed=Jsonb(pairs), position=position)
    await conn.execute(SQL["keep_draft"], what)


async def drafts_of(conn: Connection, player_id: int) -> Mapping[str, str]:
    """Form → its draft in JSON, `{"key": …, "typed": [[name, value], …]}`, as the page reads it."""
    return dict(await (await conn.execute(SQL["drafts_of"], dict(player_id=player_id))).fetchall())
