"""Who works on the embedded Postgres: its superuser makes the database and starts and stops, and the server's own work
is done by a role that owns this one database and nothing besides.

What gets into a query of the server can then read no file, run no program and change no setting of the machine.
"""

from __future__ import annotations

import psycopg

from app.database.queries import Queries

SQL = Queries(__name__)
SUPERUSER, SERVER = "networklab", "networklab_server"


def hand_over(conn: psycopg.Connection) -> None:
    """Make the role if it is not there, and give it what the superuser owns of the database of `conn`.

    A data folder of the version before goes on so, while processes of that version still work on it as its superuser:
    each table is locked for a moment, one after the other, which `conn` must allow by committing each statement.
    """
    if conn.execute(SQL["is_handed_over"], dict(role=SERVER)).fetchone() is not None:
        return
    if conn.execute(SQL["role_exists"], dict(role=SERVER)).fetchone() is None:
        conn.execute(f"create role {SERVER} login nosuperuser nocreatedb nocreaterole".encode())
        conn.execute(f"grant pg_monitor to {SERVER}".encode())  # the dashboard counts connections
    # The database is last, and stands for all.
    for kind, name in conn.execute(SQL["not_handed_over"], dict(role=SERVER)).fetchall():
        conn.execute(f"alter {kind} {name} owner to {SERVER}".encode())
