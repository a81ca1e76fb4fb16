"""Rows of sessions, carried from one database into another: all of every table that has any.

Which tables those are the schema says, so that a new one is never forgotten: it names a session, or a player or a room
of one. Rows go as they are, with their numbers, in a stream; digests tell whether they have arrived.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from graphlib import TopologicalSorter
from typing import Any

from psycopg import sql

from app.database.connections import Connection
from app.database.queries import Queries, rows

SQL = Queries(__name__)
# What leads from a row to its session.
LEADS = {
    "session_id": "session_id = any({ids})",
    "player_id": "player_id in (select id from player where session_id = any({ids}))",
    "room_id": "room_id in (select id from room where session_id = any({ids}))",
}
# Names sessions, and stays: what was done in this database, which nobody changes; and what says where a session went.
STAY = {"security_event", "transfer"}
Told = Callable[[str, int], None]


@dataclass(frozen=True, slots=True)
class _TableColumns:
    name: str
    columns: list[str]
    key: list[str] | None


@dataclass(frozen=True, slots=True)
class CarriedTable:
    name: str
    columns: Sequence[str]
    key: Sequence[str]
    lead: str  # the column that leads to a session

    def of(self, ids: Sequence[str]) -> sql.Composed:
        which = "id = any({ids})" if self.name == "session" else LEADS[self.lead]
        return sql.SQL(which).format(ids=sql.Literal(list(ids)))

    @property
    def names(self) -> sql.Composed:
        return _listed(self.columns)


async def carried_tables(conn: Connection) -> list[CarriedTable]:
    """Whoever is named by others before those who name them."""
    found = dict[str, CarriedTable]()
    for one in await rows(conn, _TableColumns, SQL["tables"]):
        lead = next((name for name in LEADS if name in one.columns), None)
        if one.name == "session" or (lead and one.name not in STAY):
            found[one.name] = CarriedTable(one.name, one.columns, one.key or (), lead or "id")
    before = {name: {"session"} - {name} for name in found}
    for name, table in found.items():
        if table.lead in ("player_id", "room_id"):  # by whom its rows are found, as long as those are there
            before[name].add(table.lead.removesuffix("_id"))
    for name, named in await (await conn.execute(SQL["references"])).fetchall():
        if name in found and named in found:
            before[name].add(named)
    return [found[name] for name in TopologicalSorter(before).static_order()]


async def begin_to_carry(conn: Connection) -> None:
    """From here to the end of this transaction rows come and go without a word, and are written alike as text."""
    for name in ("carry", "written_alike", "check_at_end"):
        await conn.execute(SQL[name])


async def write_alike(conn: Connection) -> None:
    """For `digests`, to the end of this transaction."""
    await conn.execute(SQL["written_alike"])


async def carry(
    source: Connection, target: Connection, tables: Sequence[CarriedTable], ids: Sequence[str], tell: Told
) -> dict[str, int]:
    """How many of each table there were."""
    counts: dict[str, int] = {}
    for table in tables:
        tell(table.name, sum(counts.values()))
        counts[table.name] = await _copy(source, target, table, table.name, ids)
    return counts


async def digests(conn: Connection, tables: Sequence[CarriedTable], ids: Sequence[str]) -> dict[str, str]:
    """Of each table's rows of these sessions, in whatever order they are."""
    query = sql.SQL(
        "select concat_ws(' ', count(*), sum(('x' || left(h, 15))::bit(60)::bigint),"
        " sum(('x' || right(h, 15))::bit(60)::bigint))"
        " from (select encode(sha256(convert_to(row({names})::text, 'UTF8')), 'hex') as h from {table} where {rows}) t"
    )
    found = {}
    for table in tables:
        asked = query.format(names=table.names, table=sql.Identifier(table.name), rows=table.of(ids))
        line = await (await conn.execute(asked)).fetchone()
        assert line is not None
        found[table.name] = line[0]
    return found


async def counted(conn: Connection, table: CarriedTable, ids: Sequence[str]) -> int:
    query = sql.SQL("select count(*) from {table} where {rows}")
    return int((await _line(conn, query.format(table=sql.Identifier(table.name), rows=table.of(ids))))[0])


async def carry_late(
    source: Connection,
    target: Connection,
    tables: Sequence[CarriedTable],
    ids: Sequence[str],
    copied_by: str,
    erased: bool,
) -> None:
    """What was written to these tables after they were copied, by whoever had not heard: a page was left, say.

    What the target has changed since stays as it is there: only rows are replaced that it still has from the
    transaction `copied_by`. Of who is erased there nothing comes, and where anybody was `erased` since, nothing that is
    nobody's own.
    """
    for table in tables:
        if erased and table.name != "player" and "player_id" not in table.columns:
            continue
        names: dict[str, sql.Composable] = dict(
            table=sql.Identifier(table.name), late=sql.Identifier(f"late_{table.name}")
        )
        made = "create temporary table {late} (like {table}) on commit drop"
        await target.execute(sql.SQL(made).format(**names))
        await _copy(source, target, table, f"late_{table.name}", ids)
        if (whose := "id" if table.name == "player" else "player_id") in table.columns:
            tombs = "delete from {late} l using player p where p.id = l.{whose} and p.erased_at is not null"
            await target.execute(sql.SQL(tombs).format(**names, whose=sql.Identifier(whose)))
        changed = [name for name in table.columns if name not in table.key]
        put = sql.SQL(
            "insert into {table} as t ({columns}) overriding system value select {columns} from {late}"
            " on conflict ({key}) do update set ({changed}) = row({excluded})"
            " where t.xmin::text = {by} and row({ours})::text <> row({excluded})::text"
            if changed
            else "insert into {table} ({columns}) select {columns} from {late} on conflict ({key}) do nothing"
        )
        told = names | dict(columns=table.names, key=_listed(table.key), changed=_listed(changed))
        for which, said in (("excluded", "excluded"), ("ours", "t")):
            told[which] = sql.SQL(", ").join(sql.Identifier(said, name) for name in changed)
        await target.execute(put.format(**told, by=sql.Literal(copied_by)))
        if table.name == "player":
            await target.execute(SQL["late_wishes"])


async def delete(conn: Connection, tables: Sequence[CarriedTable], ids: Sequence[str]) -> None:
    for table in reversed(tables):
        gone = sql.SQL("delete from {table} where {rows}")
        await conn.execute(gone.format(table=sql.Identifier(table.name), rows=table.of(ids)))


async def numbers_taken(
    source: Connection, target: Connection, tables: Sequence[CarriedTable], ids: Sequence[str]
) -> Mapping[str, int]:
    """Table → how many numbers of these sessions' rows other rows have in the target; only where there are any."""
    found: dict[str, int] = {}
    for table in tables:
        if "id" not in table.columns or list(table.key) != ["id"]:
            continue
        name = sql.Identifier(table.name)
        ends = sql.SQL("select min(id), max(id) from {table} where {rows}")
        first, last = await _line(source, ends.format(table=name, rows=table.of(ids)))
        between = sql.SQL("select exists (select from {table} where id between {first} and {last})")
        if (
            first is None
            or not (
                await _line(
                    target, between.format(table=name, first=sql.Literal(first), last=sql.Literal(last))
                )
            )[0]
        ):
            continue
        late = sql.Identifier(f"taken_{table.name}")
        kind = sql.SQL("text" if table.name == "session" else "bigint")
        await target.execute(
            sql.SQL("create temporary table {late} (id {kind})").format(late=late, kind=kind)
        )
        numbers = sql.SQL("copy (select id from {table} where {rows}) to stdout").format(
            table=name, rows=table.of(ids)
        )
        async with (
            source.cursor().copy(numbers) as lines,
            target.cursor().copy(sql.SQL("copy {late} from stdin").format(late=late)) as into,
        ):
            async for block in lines:
                await into.write(block)
        both = sql.SQL("select count(*) from {table} join {late} using (id)").format(table=name, late=late)
        if many := (await _line(target, both))[0]:
            found[table.name] = many
        await target.execute(sql.SQL("drop table {late}").format(late=late))
    return found


def _listed(names: Sequence[str]) -> sql.Composed:
    return sql.SQL(", ").join(map(sql.Identifier, names))


async def _line(conn: Connection, query: sql.Composed) -> tuple[Any, ...]:
    found = await (await conn.execute(query)).fetchone()
    assert found is not None
    return tuple(found)


async def _copy(
    source: Connection, target: Connection, table: CarriedTable, into: str, ids: Sequence[str]
) -> int:
    """In a stream, whatever its size."""
    read = sql.SQL("copy (select {names} from {table} where {rows}) to stdout (format binary)")
    write = sql.SQL("copy {table} ({names}) from stdin (format binary)")
    reading, writing = source.cursor(), target.cursor()
    told = dict(names=table.names, table=sql.Identifier(table.name), rows=table.of(ids))
    async with (
        reading.copy(read.format(**told)) as blocks,
        writing.copy(write.format(table=sql.Identifier(into), names=table.names)) as put,
    ):
        async for block in blocks:
            await put.write(block)
    return writing.rowcount
