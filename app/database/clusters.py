"""Several databases: each knows its own name, so that no two are taken for each other."""

from __future__ import annotations

from urllib.parse import quote, urlencode

from psycopg.conninfo import conninfo_to_dict

from app.config import ConfigError
from app.database.connections import Connection
from app.database.queries import Queries, value

SQL = Queries(__name__)
BETWEEN = "-"  # the name of a database and what else there is of a session's id


def as_address(conninfo: str) -> str:
    """As DATABASE_URLS has it, with no space in it."""
    given = {name: str(said) for name, said in conninfo_to_dict(conninfo).items()}
    user, password, database = (
        quote(given.pop(name, ""), safe="") for name in ("user", "password", "dbname")
    )
    who = f"{user}:{password}@" if password else f"{user}@" if user else ""
    return f"postgresql://{who}/{database}?{urlencode(given)}"


async def be_named(conn: Connection, name: str) -> None:
    """From now on the database has this name, which sessions that are opened in it have before their ids.

    Raises `ConfigError` where it has another one: accounts would be sought where there are none, and sessions of one
    in the other.
    """
    found = await value(conn, SQL["be_named"], name=name)
    if found != name:
        raise ConfigError(
            f"The database that DATABASE_URLS calls {name} is {found}. Give each address the name that its database has"
            f" had from the beginning."
        )


async def has_session(conn: Connection, session_id: str) -> bool:
    return bool(await value(conn, SQL["has_session"], id=session_id))
