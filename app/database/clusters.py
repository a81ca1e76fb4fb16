"""Several databases: each knows its own name, so that no two are taken for each other, and has numbers of its own."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from urllib.parse import quote, urlencode

from psycopg.conninfo import conninfo_to_dict

from app.config import ConfigError
from app.database.connections import Connection
from app.database.queries import Queries, value

SQL = Queries(__name__)
BETWEEN = "-"  # the name of a database and what else there is of a session's id
NUMBERS = 1_000_000_000  # that one may give: 130 sessions of 50,000 people, who say 150 things each
RANGES = 99


def as_address(conninfo: str) -> str:
    """As DATABASE_URLS has it, with no space in it."""
    given = {name: str(said) for name, said in conninfo_to_dict(conninfo).items()}
    user, password, database = (
        quote(given.pop(name, ""), safe="") for name in ("user", "password", "dbname")
    )
    who = f"{user}:{password}@" if password else f"{user}@" if user else ""
    return f"postgresql://{who}/{database}?{urlencode(given)}"


async def be_named(conn: Connection, name: str, names: Sequence[str]) -> None:
    """From now on the database has this name, which sessions that are opened in it have before their ids, and numbers
    of its own. `names`: of all of them, in their order.

    Raises `ConfigError` where it has another name: accounts would be sought where there are none, and sessions of one
    in the other.
    """
    told = dict(name=name, numbers_from=first_numbers(names).get(name, 0))
    found = await (await conn.execute(SQL["be_named"], told)).fetchone()
    assert found is not None
    if found[0] != name:
        raise ConfigError(
            f"The database that DATABASE_URLS calls {name} is {found[0]}. Give each address the name that its database"
            f" had from the beginning."
        )
    await conn.execute(SQL["number_apart"], dict(numbers_from=found[1]))


def first_numbers(names: Sequence[str]) -> dict[str, int]:
    """What each of several databases numbers from, so that what is in one can be moved into another.

    By its name, and by those before it in the setting, so that nobody has to ask the others: what is added behind
    them changes nothing. A number has 11 digits at most, which spreadsheets show and save as they are.
    """
    found: dict[str, int] = {}
    for name in names:
        wanted = int.from_bytes(hashlib.sha256(name.encode()).digest()[:8]) % RANGES
        turns = (1 + (wanted + step) % RANGES for step in range(RANGES))
        free = (turn for turn in turns if turn * NUMBERS not in found.values())
        found[name] = next(free, 1 + wanted) * NUMBERS
    return found


async def has_session(conn: Connection, session_id: str) -> bool:
    return bool(await value(conn, SQL["has_session"], id=session_id))
