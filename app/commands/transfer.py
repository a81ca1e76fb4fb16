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

from app.commands.arguments import THE_SESSION, Refusal, first_line
from app.commands.clusters import PATIENCE, ask, copied_accounts, of_each
from app.commands.progress import progress_line
from app.config import Config
from app.database import carried_rows
from app.database.carried_rows import CarriedTable
from app.database.clusters import FoundIn, holder, where_is
from app.database.connections import FAULTS, Connection, connect, snapshot
from app.export import export
from app.export.verify import recounted
from app.sessions import transfers
from app.sessions.sessions import SessionError, find_session
from app.study.stored import read_study
from app.study.stored_files import carry_files
from app.web.access import security

NEVER_DELETED = {
    "session",
    "player",
    "room",
    "log",
    "event",
    "record",
    "message",
}  # tables, also by an erasure
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
        try:
            async with self._ends(source, found) as ends:
                if self.to == source:
                    return await self._stay(ends, str(marked_for))
                if not found[self.to].here:
                    if marked_for is None:
                        await self._begin(ends)
                    await self._copy_or_stay(ends, source)
                counts = await self._finish(ends, source)
        except FAULTS as error:
            told = f"The transfer between {source} and {marked_for or self.to} broke off"
            raise SessionError(f"{told}: {first_line(error) or 'no answer'}. {self._again(source)}") from None
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

    def _again(self, source: str) -> str:
        """True whatever has come of it."""
        command = f"`networklab transfer {self.session_id} --to"
        return (
            f"{self.session_id} is whole in one of both. {command} {self.to}` goes on from what was done, and {command}"
            f" {source}` leaves it there as long as it has not arrived."
        )

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
    async def _ends(self, source: str, found: Mapping[str, FoundIn]) -> AsyncIterator[_BothEnds]:
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
            await self._check_alone(conns[0], conns[2], found, source)
            yield _BothEnds(conns[0], conns[1], conns[2], tables, await self._together(conns[0], source))

    async def _together(self, conn: Connection, source: str) -> Sequence[str]:
        """What goes: those that were marked with it, if it is on its way. Raises `SessionError` where one of its family
        is not among them."""
        family = await transfers.family_of(conn, self.session_id)
        marked = await transfers.marked_with(conn, self.session_id)
        if marked and self.to != source and (more := [one for one in family if one not in marked]):
            raise SessionError(
                f"{' and '.join(more)} came to {self.session_id} after it was on its way, and would be left behind."
                f" `networklab transfer {self.session_id} --to {source}` gives that up, and then they go together."
            )
        return marked or family

    async def _check_alone(
        self, from_: Connection, to: Connection, found: Mapping[str, FoundIn], source: str
    ) -> None:
        """From here on nobody else moves anything from there, and nobody has since. Raises `SessionError`."""
        try:
            await transfers.take_turn(from_)
            now = [await where_is(conn, self.session_id) for conn in (from_, to)]
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
        except (*FAULTS, SessionError) as error:
            told = first_line(error) or "no answer"
            if await self._may_be_in(self.to, ends.ids):
                raise SessionError(
                    f"{self.session_id} may be in {self.to}, or come there yet: {told}. Nobody writes to it in {source}"
                    " meanwhile. Type the same again in a while."
                ) from None
            async with ends.source.transaction():
                await transfers.unmark(ends.source, ends.ids)
            raise SessionError(
                f"Nothing was moved: {told}. {self.session_id} is in {source} as before."
            ) from None

    async def _may_be_in(self, name: str, ids: Sequence[str]) -> bool:
        """True also where nobody can say."""
        return await ask(self.config.of(name), lambda conn: transfers.may_be_here(conn, ids)) is not False

    async def _copy(self, ends: _BothEnds, source: str) -> None:
        async with snapshot(ends.reader), ends.target.transaction():
            if not await transfers.hold(ends.target, ends.ids):
                raise SessionError(f"{self.to} has not ended what an earlier transfer began there")
            if (await where_is(ends.target, self.session_id)).here:
                raise SessionError("an earlier transfer has come to its end")
            await carried_rows.begin_to_carry(ends.target)
            # What processes write of open pages without asking whether the session is there: it comes back.
            await carried_rows.delete(ends.target, ends.tables, ends.ids)
            await carried_rows.write_alike(ends.reader)
            await export.set_up(ends.reader)
            await transfers.unmark(ends.target, ends.ids)
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
            copied_by = await transfers.this_transaction(ends.target)
            await transfers.note_digests(ends.source, ends.ids, before, copied_by)
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
            then, copied_by = await transfers.as_copied(ends.source, ends.ids)
            now = await carried_rows.digests(ends.source, ends.tables, ends.ids)
            if late := [one for one in ends.tables if now[one.name] != then.get(one.name)]:
                async with ends.target.transaction():
                    await carried_rows.begin_to_carry(ends.target)
                    erased = await transfers.lock_what_has_come(ends.source, ends.target, ends.ids)
                    await carried_rows.carry_late(ends.source, ends.target, late, ends.ids, copied_by, erased)
            await self._check_kept(ends, now)
            self._say(f"{source} lets go of it")
            await export.set_up(ends.source)
            await carried_rows.delete(ends.source, ends.tables, ends.ids)
            await transfers.end(ends.source, ends.ids)
            await self._note(ends.source, source)
        return {name: int(line.partition(" ")[0]) for name, line in now.items()}

    async def _check_kept(self, ends: _BothEnds, here: Mapping[str, str]) -> None:
        """Whoever is the primary there now has it all: one may have taken over that has not. Raises `SessionError`."""
        own = self.config.of(self.to)
        async with asyncio.timeout(PATIENCE):
            conn = await connect(own.past_pooler(own.database_url or ""), "transfer")
        try:
            async with asyncio.timeout(PATIENCE):
                is_kept = await transfers.are_here_for_good(conn, ends.ids)
            for table in (one for one in ends.tables if one.name in NEVER_DELETED):
                many = await carried_rows.counted(conn, table, ends.ids)
                is_kept = is_kept and many >= int(here[table.name].partition(" ")[0])
        finally:
            conn.pgconn.finish()
        if not is_kept:
            raise SessionError(
                f"{self.to} had all of {self.session_id}, and does not answer for it now, so nothing of it is deleted"
                " where it was: another machine may have taken over there. Type the same again."
            )

    async def _stay(self, ends: _BothEnds, marked_for: str) -> tuple[str, Mapping[str, object]]:
        """A transfer that was broken off before all had arrived is given up. Raises `SessionError`."""
        if await self._may_be_in(marked_for, ends.ids):
            raise SessionError(
                f"{self.session_id} may be in {marked_for}, or come there yet, by what was begun before. Type the same"
                " again in a while."
            )
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
