"""The sessions of years, written straight into the tables: copies of one that was played."""

from __future__ import annotations

from dataclasses import dataclass

import psycopg

APART = "40 hours"  # between two sessions
STEP = 2_000_000  # from the numbers of one copy to those of the next
# Columns that are numbers of rows of a session, or lead to them.
NUMBERS = {"id", "player_id", "room_id", "log_id", "record_id", "gathering_id", "earlier_id", "payout_id"}
OF_A_SESSION = {
    "session_id": "session_id = %(session)s",
    "player_id": "player_id in (select id from player where session_id = %(session)s)",
    "room_id": "room_id in (select id from room where session_id = %(session)s)",
}
COLUMNS = """
select c.relname, a.attname, format_type(a.atttypid, null), a.attidentity = 'a'
from pg_class c join pg_attribute a on a.attrelid = c.oid
where c.relkind = 'r' and c.relnamespace = 'public'::regnamespace and a.attnum > 0 and not a.attisdropped
    and a.attgenerated = ''
order by c.relname, a.attnum
"""
COPIES = """
insert into {table} ({names}) {number} select {values}
from generate_series(%(first)s::int, %(last)s::int) n cross join lateral (select * from {table} where {rows} offset 0) t
"""
NUMBERED = """
select setval(pg_get_serial_sequence(%(table)s, 'id'), greatest(max(id), 1)) from {}
"""


@dataclass(frozen=True, slots=True)
class _Column:
    name: str
    type: str
    counts: bool  # generated always as identity

    def copied(self, table: str) -> str:
        """What stands there in copy `n`. Keys that a browser or a link brings are nobody's."""
        if self.name == "session_id" or (table, self.name) == ("session", "id"):
            return f"left(md5({self.name} || n), 8)"
        if (table, self.name) == ("session", "form"):
            return "form || n"
        if (table, self.name) == ("session", "archived_at"):
            return f"case when n %% 2 = 0 then closed_at - n * interval '{APART}' end"
        if self.type == "bigint" and self.name in NUMBERS:
            return f"{self.name} + n * {STEP}::bigint"
        if self.type == "uuid":
            return f"md5({self.name}::text || n)::uuid"
        if self.type == "bytea" and table == "player":
            return f"sha256({self.name} || n::text::bytea)"
        if self.type == "timestamp with time zone":
            return f"{self.name} - n * interval '{APART}'"
        return f'"{self.name}"'


def copy_session(database: str, session: str, first: int, last: int) -> None:
    """Copies number `first` to `last` of a session that is closed, each `APART` before the one before it, half of them
    archived.

    Without triggers, whose work is in what is copied; `database` is that of a superuser. What names rows by number in
    a text, as receipts in a log do, names those of the original: a copy is as large as a session, and no proof holds
    of it.
    """
    which = dict(session=session, first=first, last=last)
    with psycopg.connect(database, autocommit=True) as conn:
        conn.execute("set session_replication_role = replica")
        tables: dict[str, list[_Column]] = {}
        for table, *column in conn.execute(COLUMNS).fetchall():
            tables.setdefault(table, []).append(_Column(*column))
        for table, columns in tables.items():
            if rows := _rows(table, columns):
                conn.execute(_copies(table, columns, rows).encode(), which)
            if any(one.counts for one in columns):
                conn.execute(NUMBERED.format(f'"{table}"').encode(), dict(table=table))
        conn.execute("vacuum analyze")


def _copies(table: str, columns: list[_Column], rows: str) -> str:
    names = ", ".join(f'"{one.name}"' for one in columns)
    values = ", ".join(one.copied(table) for one in columns)
    number = "overriding system value" if any(one.counts for one in columns) else ""
    return COPIES.format(table=f'"{table}"', names=names, number=number, values=values, rows=rows)


def _rows(table: str, columns: list[_Column]) -> str:
    """Which are the session's; empty: none are any session's."""
    if table == "session":
        return "id = %(session)s"
    names = {one.name for one in columns}
    return next((rows for name, rows in OF_A_SESSION.items() if name in names), "")
