"""Several databases: each knows its own name, so that no two are taken for each other, and has numbers of its own."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import quote, urlencode

from psycopg.conninfo import conninfo_to_dict

from app.config import ConfigError
from app.database.connections import Connection
from app.database.queries import Queries, row, value

SQL = Queries(__name__)
BETWEEN = "-"  # the name of a database and what else there is of a session's id
NUMBERS = 1_000_000_000  # that one may give: 130 sessions of 50,000 people, who say 150 things each
RANGES = 99
LARGEST_NUMBER = 10**15 - 1  # number of a row that is asked for: spreadsheets show no longer one as it is


def as_address(conninfo: str) -> str:
    """As DATABASE_URLS has it, with no space in it."""
    given = {name: str(said) for name, said in conninfo_to_dict(conninfo).items()}
    user, password, database = (
        quote(given.pop(name, ""), safe="") for name in ("user", "password", "dbname")
    )
    who = f"{user}:{password}@" if password else f"{user}@" if user else ""
    return f"postgresql://{who}/{database}?{urlencode(given)}"


@dataclass(frozen=True, slots=True)
class Named:
    """`first`: where accounts live; None: it has copies of them from before it was told. `numbers_from`: as
    `first_numbers`."""

    name: str
    first: str | None
    numbers_from: int


async def be_named(conn: Connection, name: str, names: Sequence[str]) -> None:
    """From now on the database has this name, which sessions that are opened in it have before their ids, and numbers
    of its own, and knows which of several is the first. `names`: of all of them, in their order.

    Raises `ConfigError` where it has another name, or accounts that live elsewhere: they would be sought where there
    are none, or only copies that no password opens, and sessions of one in the other.
    """
    told = dict(name=name, first=names[0], numbers_from=first_numbers(names).get(name, 0))
    await conn.execute(SQL["be_named"], told)
    found = await check_name(conn, name, names[0])
    await number_from(conn, found.numbers_from)


async def number_from(conn: Connection, least: int) -> None:
    """No row from now on has a smaller number, whatever its table."""
    await conn.execute(SQL["number_apart"], dict(numbers_from=least))


async def check_name(conn: Connection, name: str, first: str) -> Named:
    """Of one that has been named. Raises as `be_named`."""
    found = await row(conn, Named, SQL["named"])
    assert found is not None, "it has just been named"
    if found.name != name:
        raise ConfigError(
            f"The database that DATABASE_URLS calls {name} is {found.name}. Give each address the name that its"
            f" database has had from the beginning."
        )
    if found.first is None:
        raise ConfigError(
            f"DATABASE_URLS names {name} first, but accounts live in another: {name} has copies of them, which no"
            " password opens. Write the database in which you made them before all others there, as it was."
        )
    if found.first != first:
        raise _elsewhere(found, first)
    return found


async def is_named(conn: Connection) -> bool:
    return bool(await value(conn, SQL["knows"])) and await row(conn, Named, SQL["named"]) is not None


async def is_told(conn: Connection, first: str) -> bool:
    """Whether this one of several knows already that accounts live there."""
    if not await value(conn, SQL["knows"]):
        return False
    found = await row(conn, Named, SQL["named"])
    return found is not None and found.first == first


async def agree(conn: Connection, first: str) -> None:
    """Raises `ConfigError` where this other one has accounts that live elsewhere, or copies of them."""
    if await value(conn, SQL["knows"]) and (found := await row(conn, Named, SQL["elsewhere"], first=first)):
        raise _elsewhere(found, first)


def _elsewhere(found: Named, first: str) -> ConfigError:
    return ConfigError(
        f"DATABASE_URLS names {first} first, but accounts live in {found.first}, as {found.name} knows. Write"
        f" {found.first}=… before all others there; a new database comes behind it."
    )


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


@dataclass(frozen=True, slots=True)
class FoundIn:
    """What a database knows of a session. `here`: its rows are. `moved_to`: where it may be, or is if they are not."""

    here: bool
    moved_to: str | None


async def where_are(conn: Connection, ids: Sequence[str]) -> dict[str, FoundIn]:
    """Of each of these sessions."""
    found = await (await conn.execute(SQL["where_are"], dict(ids=list(ids)))).fetchall()
    return {session_id: FoundIn(here, moved_to) for session_id, here, moved_to in found}


async def where_is(conn: Connection, session_id: str) -> FoundIn:
    return (await where_are(conn, [session_id]))[session_id]


def holder(found: Mapping[str, FoundIn]) -> str | None:
    """Who of those that have said something has the session: while it is moved both have its rows, from when all of
    them have arrived; then it is where they are to be.
    """
    having = [name for name, one in found.items() if one.here]
    return min(having, key=lambda name: found[name].moved_to is not None, default=None)


Moved = dict[
    str, tuple[str, bool]
]  # session → where it was moved to, or is being moved, and whether that has ended


async def moved_from(conn: Connection, state: str = "") -> tuple[str, Moved | None]:
    """What tells these from any others, and all that were moved from here; None while it is still that `state`."""
    found = await (await conn.execute(SQL["moved"], dict(state=state))).fetchone()
    assert found is not None, "there is one row"
    now, moved = found
    return now, None if moved is None else {session: (name, done) for session, name, done in moved}
