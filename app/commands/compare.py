"""`networklab compare`: two sessions side by side, as the page of the same name has them."""

from __future__ import annotations

import argparse
import json
import textwrap
from collections.abc import Iterator

from app.commands.arguments import Refusal
from app.commands.clusters import ask, of_session
from app.commands.connection import in_transaction
from app.config import Config
from app.database.connections import Connection
from app.sessions.sessions import find_session
from app.study import shelf
from app.study.shelf import KeptVersion
from app.study.stored import read_study
from app.web.monitor.comparing import Side, read_side
from app.web.monitor.side_by_side import SAME_TWICE, groups, verdict
from app.web.studies.differing import files_apart, sides_as_json, words_apart

WIDTH = 34  # of a column


def add(parser: argparse.ArgumentParser) -> None:
    parser.description = (
        "What a methods reviewer asks of two sessions: what differs in their studies, sizes, dates, who came and how it"
        " ended, rooms, treatments, how long it took, means of each number by treatment, and their seals."
    )
    parser.add_argument("first", metavar="SESSION")
    parser.add_argument("second", metavar="OTHER")
    parser.add_argument(
        "--json", action="store_true", help="print the figures of both, and what differs in the studies"
    )


def run(options: argparse.Namespace, config: Config) -> int:
    if options.first == options.second:
        raise Refusal(SAME_TWICE)
    other = of_session(config, options.second) if config.clusters else None
    if other in (None, config.cluster):

        async def both(conn: Connection) -> tuple[Side, Side]:
            return await _side(conn, config, options.first), await _side(conn, config, options.second)

        first, second = in_transaction(config, both)
    else:
        its = config.of(str(other))
        first = in_transaction(config, lambda conn: _side(conn, config, options.first))
        second = in_transaction(its, lambda conn: _side(conn, its, options.second))
    if options.json:
        print(json.dumps(sides_as_json(first, second), ensure_ascii=False))
    else:
        print("\n".join(_said(first, second)))
    return 0


async def _side(conn: Connection, config: Config, session_id: str) -> Side:
    """`config`: of the database that it is in; a study that is kept is in the first."""
    await find_session(conn, session_id)
    study = await read_study(conn, session_id)

    async def kept(conn: Connection) -> tuple[KeptVersion | None]:
        return (await shelf.version_with(conn, study.sha256),)

    found = await (kept(conn) if config.cluster == config.first else ask(config.of(config.first), kept))
    version, unasked = (found[0], "") if found else (None, config.first)
    return await read_side(conn, session_id, study, version, unasked)


def _said(first: Side, second: Side) -> Iterator[str]:
    yield f"1  {first.session.id}  {first.session.name}"
    yield f"2  {second.session.id}  {second.session.name}"
    yield ""
    yield verdict(first, second)
    for apart in words_apart(first.study, second.study):
        yield f"\n{apart.heading}"
        yield from (f"  - {one}" for one in apart.first)
        yield from (f"  + {one}" for one in apart.second)
    for file in files_apart(first.study, second.study):
        yield f"\n{file.path}: {file.how}.{f' {file.note}' if file.note else ''}"
        yield from (f"  {line}" for line in file.lines)
    for group in groups(first, second):
        yield f"\n{group.heading}"
        if not group.rows:
            yield f"  {group.empty}"
        for row in group.rows:
            yield from _columns(row.what, row.first, row.second)


def _columns(*cells: str) -> Iterator[str]:
    """Each broken within its own column."""
    broken = [textwrap.wrap(one, WIDTH) or [""] for one in cells]
    for nth in range(max(map(len, broken))):
        line = (column[nth] if nth < len(column) else "" for column in broken)
        yield f"  {'  '.join(one.ljust(WIDTH) for one in line)}".rstrip()
