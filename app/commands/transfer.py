"""`networklab transfer`: a closed session out of one of several databases into another, with every number it has.

What is done, each step found as it was left by whoever died over it: the session is marked where it is, and nobody
writes to it; in one transaction of the other database all its rows arrive, are compared, and counted again by
`verify`; that commit is the moment from which it is there; a little later, when every process has heard so, its rows
go where they were.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

import psycopg

from app.commands.arguments import THE_SESSION, Refusal
from app.commands.clusters import PATIENCE, copied_accounts, of_each
from app.commands.progress import progress_line
from app.config import Config
from app.database import carried_rows
from app.database.carried_rows import CarriedTable
from app.database.clusters import FoundIn, holder, where_is
from app.database.connections import Connection, connect, snapshot
from app.export import export
from app.export.verify import recounted
from app.sessions import transfers
from app.sessions.sessions import SessionError, find_session
from app.study.stored import read_study
from app.study.stored_files import carry_files
from app.web.access import security

HEARD = 2.0  # seconds in which every process looks twice at what has moved


def add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("moved", metavar="SESSION", help=THE_SESSION)
    parser.add_argument(
        "--to", required=True, metavar="CLUSTER", help="one of the databases of DATABASE_URLS"
    )
    parser.add_argument("--json", action="store_true", help="print where it is now, and how many rows it has")


def run(options: argparse.Namespace, config: Config) -> int:
    if not config.clusters:
        raise Refusal(
            "There is one database here: a session is moved between several, which DATABASE_URLS names."
        )
    if options.to not in config.clusters:
        known = ", ".join(config.clusters)
        raise Refusal(f"There is no database called “{options.to[:40]}”: there is {known}.")
    sentence, told = asyncio.run(_Transfer(config, options.moved, options.to).run())
    print(json.dumps(told) if options.json else sentence)
    return 0


@dataclass(frozen=True, slots=True)
class _BothEnds:
    """Connections to both, and a second one to the source: one reads what was at a moment, one writes."""

    source: Connection
    reader: Connection
    target: Connection
    tables: Sequence[CarriedTable]
    ids: Sequence[str]


class _Transfer:
    def __init__(self, config: Config, session_id: str, to: str) -> None:
        self.config, self.session_id, self.to = config, session_id, to
        self.began, self.say = time.monotonic(), progress_line()

    async def run(self) -> tuple[str, Mapping[str, object]]:
        """The sentence, and what a program is told. Raises `Refusal` and `SessionError`."""
        said = await of_each(self.config, lambda conn: where_is(conn, self.session_id))
        found = {name: one for name, one in said.items() if one is not None}
        source = self._source(found, said)
        if source is None:
            return f"{self.session_id} is in {self.to} already; nothing changed.", self._told(self.to, [], {})
        if self.to not in found:
            raise SessionError(
                f"{self.to} does not answer, so nothing is moved there. Try again when it does."
            )
        marked_for = found[source].moved_to
        async with self._ends(source) as ends:
            await self._check_alone(ends, found, source)
            if self.to == source:
                return await self._stay(ends, found, str(marked_for))
            if not found[self.to].here:
                if marked_for is None:
                    await self._begin(ends)
                await self._copy_or_stay(ends, source)
            counts = await self._finish(ends, source)
        also = (
            f" with {' and '.join(one for one in ends.ids if one != self.session_id)}" if ends.ids[1:] else ""
        )
        rows = sum(counts.values())
        return (
            f"{self.session_id}{also} is in {self.to} now: {rows:,} rows, each as it was, and counted again. Its links"
            f" and its id lead there."
        ), self._told(source, ends.ids, counts)

    def _told(self, source: str, ids: Sequence[str], counts: Mapping[str, int]) -> Mapping[str, object]:
        rows = {name: many for name, many in counts.items() if many}
        return {"session": self.session_id, "from": source, "to": self.to, "sessions": [*ids], "rows": rows}

    def _source(self, found: Mapping[str, FoundIn], said: Mapping[str, FoundIn | None]) -> str | None:
        """Where its rows are that are to go; None: they have gone. Raises `Refusal` and `SessionError`."""
        held = holder(found)
        away = " and ".join(name for name, one in said.items() if one is None)
        if held is None and away:
            raise SessionError(
                f"No database that answers has a session “{self.session_id[:100]}”, and {away} does not answer. Try"
                " again when it does."
            )
        if held is None:
            raise SessionError(
                f"There is no session “{self.session_id[:100]}”. `networklab sessions` lists those there are."
            )
        leaving = next((name for name, one in found.items() if one.here and one.moved_to), None)
        if leaving is None:
            return None if held == self.to else held
        wanted = str(found[leaving].moved_to)
        if self.to != wanted and (self.to != leaving or held != leaving):
            raise Refusal(
                f"{self.session_id} is on its way from {leaving} to {wanted}: `networklab transfer {self.session_id}"
                f" --to {wanted}` finishes that. Then it can go on."
            )
        if wanted not in found:
            raise SessionError(
                f"{wanted} does not answer, and the session may be there. Try again when it does."
            )
        return leaving

    @asynccontextmanager
    async def _ends(self, source: str) -> AsyncIterator[_BothEnds]:
        own, other = self.config.of(source), self.config.of(self.to)
        if self.to != next(iter(self.config.clusters)):
            await copied_accounts(self.config, other)
        async with AsyncExitStack() as stack:
            conns = list[Connection]()
            for one in (own, own, other):
                async with asyncio.timeout(PATIENCE):
                    conn = await connect(one.past_pooler(one.database_url or ""), "transfer")
                stack.push_async_callback(conn.close)
                conns.append(conn)
            tables = await carried_rows.carried_tables(conns[0])
            ids = await transfers.family_of(conns[0], self.session_id)
            yield _BothEnds(conns[0], conns[1], conns[2], tables, ids)

    async def _check_alone(self, ends: _BothEnds, found: Mapping[str, FoundIn], source: str) -> None:
        """From here on nobody else moves anything from there, and nobody has since. Raises `SessionError`."""
        try:
            await transfers.take_turn(ends.source)
            now = [await where_is(conn, self.session_id) for conn in (ends.source, ends.target)]
        except psycopg.errors.LockNotAvailable:
            now = []
        if now != [found[source], found[self.to]]:
            raise SessionError(
                f"Another transfer from {source} goes on at this moment. Type the same again when it is over."
            )

    async def _begin(self, ends: _BothEnds) -> None:
        """All that may stand in the way is looked for before anything changes. Raises `SessionError`."""
        await transfers.check_closed(ends.source, ends.ids)
        if unknown := await transfers.unknown_accounts(ends.source, ends.target, ends.ids):
            raise SessionError(
                f"{' and '.join(unknown)} may see this session here, and has no account where it would go. Take"
                " them off the session, or make that account where accounts live."
            )
        taken = await carried_rows.numbers_taken(ends.source, ends.target, ends.tables, ends.ids)
        if taken:
            what = ", ".join(f"{many:,} of {name}" for name, many in taken.items())
            raise SessionError(
                f"{self.to} has rows with the same numbers as this session ({what}): it was opened before each database"
                " had numbers of its own. It stays where it is; sessions that were opened since can be moved."
            )
        async with ends.source.transaction():
            await transfers.mark(ends.source, ends.ids, self.to, security.COMMAND_LINE)
        self._say("nobody writes to it any more")

    async def _copy_or_stay(self, ends: _BothEnds, source: str) -> None:
        """What goes wrong before all has arrived leaves the session where it was, and free."""
        try:
            await self._copy(ends, source)
        except (psycopg.Error, SessionError, OSError, TimeoutError) as error:
            told = str(error).strip().partition("\n")[0].rstrip(".")
            if await self._arrived():
                raise SessionError(f"It may be in {self.to}: {told}. Type the same again.") from None
            async with ends.source.transaction():
                await transfers.unmark(ends.source, ends.ids)
            raise SessionError(
                f"Nothing was moved: {told}. {self.session_id} is in {source} as before."
            ) from None

    async def _arrived(self) -> bool:
        """True also where nobody can say."""
        found = (await of_each(self.config, lambda conn: where_is(conn, self.session_id)))[self.to]
        return found is None or found.here

    async def _copy(self, ends: _BothEnds, source: str) -> None:
        async with snapshot(ends.reader), ends.target.transaction():
            await carried_rows.begin_to_carry(ends.target)
            await carried_rows.write_alike(ends.reader)
            await export.set_up(ends.reader)
            await transfers.unmark(ends.target, ends.ids)  # it comes back
            for one in ends.ids:
                await carry_files(ends.reader, ends.target, (await read_study(ends.reader, one)).files)
            await carried_rows.carry(
                ends.reader,
                ends.target,
                ends.tables,
                ends.ids,
                lambda name, many: self._say(f"{many:,} rows: {name}"),
            )
            await export.set_up(ends.target)
            self._say("comparing")
            before = await carried_rows.digests(ends.reader, ends.tables, ends.ids)
            after = await carried_rows.digests(ends.target, ends.tables, ends.ids)
            if wrong := [name for name in before if before[name] != after[name]]:
                raise SessionError(f"Rows of {', '.join(wrong)} arrived otherwise than they were sent")
            for one in ends.ids:
                await self._count_again(ends, one)
            await self._note(ends.target, source)
            await transfers.note_digests(ends.source, ends.ids, before)
        self._say(f"it is in {self.to}")

    async def _count_again(self, ends: _BothEnds, session_id: str) -> None:
        """What `verify` says of it is the same at both ends."""
        study = await read_study(ends.reader, session_id)
        verdicts = []
        for conn in (ends.reader, ends.target):
            self._say(f"counting {session_id} again")
            verdicts.append((await recounted(conn, session_id, study, None, ())).as_json())
        if verdicts[0] != verdicts[1]:
            raise SessionError("What verify says of it there is not what it says here")

    async def _finish(self, ends: _BothEnds, source: str) -> Mapping[str, int]:
        """When everybody has heard where it is, its rows go from where it was. How many it had of each table."""
        self._say(f"{source} tells everybody")
        await asyncio.sleep(HEARD)
        async with ends.source.transaction():
            await carried_rows.begin_to_carry(ends.source)
            await transfers.lock_what_is_left(ends.source, ends.ids)
            then, began_at = await transfers.as_copied(ends.source, ends.ids)
            now = await carried_rows.digests(ends.source, ends.tables, ends.ids)
            late = [one for one in ends.tables if now[one.name] != then.get(one.name)]
            if late and not await transfers.is_erased_since(ends.target, ends.ids, began_at):
                async with ends.target.transaction():
                    await carried_rows.begin_to_carry(ends.target)
                    await carried_rows.carry_late(ends.source, ends.target, late, ends.ids)
            self._say(f"{source} lets go of it")
            await export.set_up(ends.source)
            await carried_rows.delete(ends.source, ends.tables, ends.ids)
            await transfers.end(ends.source, ends.ids)
            await self._note(ends.source, source)
        return {name: int(line.partition(" ")[0]) for name, line in now.items()}

    async def _stay(
        self, ends: _BothEnds, found: Mapping[str, FoundIn], marked_for: str
    ) -> tuple[str, Mapping[str, object]]:
        """A transfer that was broken off before all had arrived is given up."""
        async with ends.source.transaction():
            await transfers.unmark(ends.source, ends.ids)
        session = await find_session(ends.source, self.session_id)
        return f"{session.name} stays in {self.to}, and does not go to {marked_for}.", self._told(
            self.to, ends.ids, {}
        )

    async def _note(self, conn: Connection, source: str) -> None:
        """In the security log of either, which keeps what was done there."""
        told = dict(from_cluster=source, to_cluster=self.to)
        await security.write(conn, "session_transferred", security.COMMAND_LINE, "", self.session_id, **told)

    def _say(self, what: str) -> None:
        seconds = int(time.monotonic() - self.began)
        self.say(f"{seconds // 60}:{seconds % 60:02} {what}")
