"""Rights: who is on something and as what, the rules said once. Sessions (rights.py) and kept studies (study_rights.py)
bring their queries and words."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from app.database.connections import Connection
from app.database.queries import Queries, row, rows, value
from app.web.access import security
from app.web.access.security import What

SQL = Queries(__name__)
Role = Literal["owner", "colleague", "observer"]
NOBODY, EVERYBODY = "nobody", "everybody"  # said in place of a role: takes somebody off, and opens it to all


class RightsError(Exception):
    """A right that can't be given or taken; the text says why and what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Right:
    role: Role
    takes_files: bool = False  # of an observer: the export and the payments as well

    @property
    def acts(self) -> bool:
        return self.role != "observer"

    @property
    def files(self) -> bool:
        return self.acts or self.takes_files

    @property
    def owns(self) -> bool:
        return self.role == "owner"


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenRight(Right):
    account: str
    observes: bool  # the account: it watches everywhere, and what it was given besides does not count
    given_by: str
    given_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class _On(Right):
    id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RightQueries:
    """Each takes the thing's `id`. `lock` says whether it is `restricted` to whom a right was given."""

    right_on: bytes
    rights_of: bytes
    given_on: bytes
    lock: bytes
    give: bytes
    take: bytes
    take_all: bytes  # that does not stay once everybody is on it
    restrict: bytes
    owned_by_nobody: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Granting:
    """Of one kind of thing."""

    asks: RightQueries
    roles: tuple[Role, ...]
    logged: tuple[What, What, What]  # as one is given, taken, and it is opened to all
    about: Callable[[str, str], dict[str, Any]]  # its id and an account, in the security log
    unknown: str  # in each {} an id or a name
    only_watches: str
    lacks_owner: str
    not_given: str
    opened: str

    async def right_on(self, conn: Connection, id: str, name: str) -> Right | None:
        """None for who is not on it, and for what is not there."""
        return await row(conn, Right, self.asks.right_on, id=id, name=name)

    async def rights_of(self, conn: Connection, name: str) -> dict[str, Right]:
        """By id: all that this account may see."""
        return {one.id: one for one in await rows(conn, _On, self.asks.rights_of, name=name)}

    async def given_on(self, conn: Connection, id: str) -> list[GivenRight]:
        """Those that were given, owners first."""
        return await rows(conn, GivenRight, self.asks.given_on, id=id)

    async def is_restricted(self, conn: Connection, id: str) -> bool:
        """Whether only those are on it to whom a right was given. Locks it: who owns it is decided by one at a time.

        Raises `RightsError`, as those below.
        """
        restricted = await value(conn, self.asks.lock, id=id)
        if restricted is None:
            raise RightsError(self.unknown.format(id[:100]))
        return bool(restricted)

    async def give(
        self, conn: Connection, id: str, name: str, role: Role, by: str, takes_files: bool = False
    ) -> None:
        """From now on only those see it to whom a right on it was given. Somebody has to be its owner first."""
        await self.is_restricted(conn, id)
        observes = await value(conn, SQL["observes"], name=name)
        if observes is None:
            raise RightsError(
                f"There is no account “{name[:100]}”. `networklab admin list` lists those there are."
            )
        if observes and role != "observer":
            raise RightsError(self.only_watches.format(name))
        files = dict(files=takes_files and role == "observer") if "observer" in self.roles else {}
        await conn.execute(self.asks.give, dict(id=id, name=name, role=role, by=by) | files)
        await conn.execute(self.asks.restrict, dict(id=id, restricted=True))
        await self._keep_an_owner(conn, id)
        await self.note_given(conn, id, by, name, role=role, **files)

    async def take(self, conn: Connection, id: str, name: str, by: str) -> None:
        await self.is_restricted(conn, id)
        if await value(conn, self.asks.take, id=id, name=name) is None:
            raise RightsError(self.not_given.format(name[:100]))
        await self._keep_an_owner(conn, id)
        await security.write(conn, self.logged[1], by, **self.about(id, name))

    async def open_to_all(self, conn: Connection, id: str, by: str) -> None:
        await self.is_restricted(conn, id)
        await conn.execute(self.asks.take_all, dict(id=id))
        await conn.execute(self.asks.restrict, dict(id=id, restricted=False))
        await security.write(conn, self.logged[2], by, **self.about(id, ""))

    async def say(
        self, conn: Connection, id: str, name: str, said: str, by: str, takes_files: bool = False
    ) -> str:
        """What a page, a program or a command says of it, done, and told in a sentence. `said`: a role, `NOBODY` or
        `EVERYBODY`."""
        if said == EVERYBODY:
            await self.open_to_all(conn, id, by)
            return self.opened.format(id)
        if said == NOBODY:
            await self.take(conn, id, name, by)
            return f"{name} is not on {id} any more."
        role = next((one for one in self.roles if one == said), None)
        if role is None:
            known = ", ".join((*self.roles, NOBODY))
            raise RightsError(f"“{said[:100]}” is no right here. Say {known} or {EVERYBODY}.")
        await self.give(conn, id, name, role, by, takes_files)
        return f"{name} is on {id} as {'a' if role == 'colleague' else 'an'} {role}."

    async def owned_by_nobody(self, conn: Connection) -> list[str]:
        """Those whose owners' accounts were removed, or only watch."""
        cursor = await conn.execute(self.asks.owned_by_nobody)
        return [id for (id,) in await cursor.fetchall()]

    async def note_given(self, conn: Connection, id: str, by: str, name: str, **how: Any) -> None:
        await security.write(conn, self.logged[0], by, **self.about(id, name), **how)

    async def _keep_an_owner(self, conn: Connection, id: str) -> None:
        if not any(one.owns and not one.observes for one in await self.given_on(conn, id)):
            raise RightsError(self.lacks_owner)
