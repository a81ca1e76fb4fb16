"""What a story sees of a database that it shares with others: views in the place of tables, of its own sessions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import psycopg
from psycopg.sql import SQL, Identifier

OF_SESSION = SQL(
    "create view own.{} as select * from public.{} where {} = any(current_setting('story.sessions')::text[])"
)
OF_PLAYER = SQL("create view own.{} as select * from public.{} where {} in (select id from own.player)")
TABLES = """
    select table_name, bool_or(column_name = 'session_id') as of_session
    from information_schema.columns where table_schema = 'public' and column_name in ('session_id', 'player_id')
    group by table_name
"""


def make_views(url: str) -> None:
    """Once in a database, after its tables."""
    with psycopg.connect(url, autocommit=True) as conn:
        conn.execute("create schema own")
        found = conn.execute(TABLES).fetchall()
        for table, view, column in [
            ("session", OF_SESSION, "id"),
            *((table, OF_SESSION, "session_id") for table, of_session in found if of_session),
            *((table, OF_PLAYER, "player_id") for table, of_session in found if not of_session),
        ]:
            conn.execute(view.format(Identifier(table), Identifier(table), Identifier(column)))


def see(conn: psycopg.Connection[Any], sessions: Sequence[str] | None) -> None:
    """The database as somebody sees it who knows only these sessions; None: all."""
    conn.execute(
        "select set_config('search_path', %s, false), set_config('story.sessions', %s::text[]::text, false)",
        ["public" if sessions is None else "own,public", list(sessions or ())],
    )
