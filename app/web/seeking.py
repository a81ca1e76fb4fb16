"""Seeking: in which of several databases something is of which nothing says so: a session, a token, a file.

All of them are asked, once for all who ask at the same moment. Who asks for thousands of things that there are not
costs the databases hardly more than who asks for one, and keeps one connection of each; nobody is refused for it, and
nothing is remembered of what was not found: it may be there a moment later.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Hashable, Mapping, Sequence
from typing import Any, Generic, TypeVar

from app.database.clusters import FoundIn, holder, where_are
from app.players.players import find_by_tokens
from app.web.lab import ClusterAway, Lab

Key = TypeVar("Key", bound=Hashable)
Found = TypeVar("Found")
Where = str | ClusterAway  # in which database; or those that don't say, where nobody who does has it
MOST = 500  # keys of one question


class Seeking:
    """`everywhere(question)`: what each database says that answers, in their order; `learn(session, name)`: told what
    was found."""

    def __init__(
        self,
        names: Sequence[str],
        everywhere: Callable[[Callable[[Lab], Awaitable[Any]]], Awaitable[dict[str, Any]]],
        learn: Callable[[str, str], None],
    ) -> None:
        self.names, self.everywhere, self.learn = names, everywhere, learn
        self.sessions, self.tokens = OneQuestion(self._of_sessions), OneQuestion(self._of_tokens)
        self.files = OneQuestion(self._of_files)

    async def session(self, session_id: str) -> str:
        """The name; the first one where there is none. Raises `ClusterAway` where nobody who answers has it and not
        all do; so do the others."""
        return _found(await self.sessions.find(session_id))

    async def token(self, token: str) -> str:
        return _found(await self.tokens.find(token))

    async def file(self, files: str, path: str) -> str:
        return _found(await self.files.find((files, path)))

    async def _of_sessions(self, ids: Sequence[str]) -> dict[str, Where]:
        async def those(lab: Lab) -> dict[str, FoundIn]:
            async with lab.pool.connection() as conn:
                return await where_are(conn, ids)

        found = await self.everywhere(those)
        where = self._nowhere(ids, found)
        for one in ids:
            if (name := holder({name: said[one] for name, said in found.items()})) is None:
                continue
            where[one] = name
            if (moved_to := found[name][one].moved_to) is None:
                self.learn(one, name)
            elif moved_to in self.names and moved_to not in found:
                where[one] = ClusterAway(moved_to)  # where it may have arrived
        return where

    async def _of_tokens(self, tokens: Sequence[str]) -> dict[str, Where]:
        async def standing(lab: Lab) -> list[tuple[str, bool, str]]:
            """Of those that somebody has: whether the session is closed, and which it is."""
            async with lab.pool.connection() as conn:
                players = await find_by_tokens(conn, tokens)
            return [
                (token, one.session_status == "closed", one.session_id)
                for token, one in zip(tokens, players, strict=True)
                if one
            ]

        found = await self.everywhere(standing)
        having = dict[str, tuple[bool, str]]()
        for those in found.values():
            for token, closed, session_id in those:
                if token not in having or closed < having[token][0]:
                    having[token] = closed, session_id
        # While a session is moved two databases have its people.
        where = (
            await self._of_sessions([*{session_id for _, session_id in having.values()}]) if having else {}
        )
        return self._nowhere(tokens, found) | {token: where[one] for token, (_, one) in having.items()}

    async def _of_files(self, asked: Sequence[tuple[str, str]]) -> dict[tuple[str, str], Where]:
        async def those(lab: Lab) -> list[tuple[str, str]]:
            return [one for one in asked if await lab.own_files.find(*one)]

        found = await self.everywhere(those)
        return self._nowhere(asked, found) | {one: name for name in found for one in found[name]}

    def _nowhere(self, keys: Sequence[Key], found: Collection[str]) -> dict[Key, Where]:
        """What is said of what none of those has that were `found` to answer."""
        silent = [name for name in self.names if name not in found]
        return dict.fromkeys(keys, ClusterAway(*silent) if silent else self.names[0])


def _found(where: Where) -> str:
    """Raises `ClusterAway`."""
    if isinstance(where, ClusterAway):
        raise ClusterAway(*where.names)  # one of its own for each who asks
    return where


class OneQuestion(Generic[Key, Found]):
    """What many ask at the same moment is asked once, for all of them.

    `ask(keys)`: what is found of each. One question is under way at a time; who comes meanwhile is in the next."""

    def __init__(self, ask: Callable[[Sequence[Key]], Awaitable[Mapping[Key, Found]]]) -> None:
        self.ask = ask
        self.waiting: dict[Key, asyncio.Future[Found]] = {}
        self.asking: asyncio.Task[None] | None = None

    async def find(self, key: Key) -> Found:
        """By a question that begins after this call: what was stored before it is found. Raises what `ask` raises."""
        future = self.waiting.get(key)
        if future is None:
            future = self.waiting[key] = asyncio.get_running_loop().create_future()
        if self.asking is None:
            self.asking = asyncio.create_task(self._ask_all())
        return await asyncio.shield(future)  # others may wait for it, too

    async def _ask_all(self) -> None:
        try:
            while self.waiting:
                asked = {key: self.waiting.pop(key) for key in [*self.waiting][:MOST]}
                try:
                    found = await self.ask([*asked])
                except Exception as error:
                    for future in asked.values():
                        future.set_exception(error)
                        future.exception()  # whoever asked may be gone
                else:
                    for key, future in asked.items():
                        future.set_result(found[key])
        finally:
            self.asking = None
