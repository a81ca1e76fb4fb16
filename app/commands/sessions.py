"""`networklab sessions`: those there are, the newest first."""

from __future__ import annotations

import argparse
import json

from app.commands.arguments import as_typed
from app.commands.clusters import told_by_each
from app.commands.connection import in_transaction
from app.config import Config
from app.database.connections import Connection
from app.sessions.sessions import SessionLine, list_sessions
from app.sessions.transfers import leaving, listed_once


def add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--archived", action="store_true", help="those that are archived")
    parser.add_argument(
        "--find",
        metavar="WORDS",
        default="",
        help="those with each word in name, id, state or day it was opened",
    )
    parser.add_argument("--json", action="store_true", help="print them as JSON")


def run(options: argparse.Namespace, config: Config) -> int:
    there, all_said = _of_all(options, config) if config.clusters else (_of_one(options, config), True)
    found = [one for one in there if one.is_found_by(options.find)]
    if options.json:
        print(
            json.dumps([dict(session=s.id, name=s.name, status=s.status, players=s.players) for s in found])
        )
    elif there and not found:
        print(f"No session{'' if all_said else ' in the databases that answer'} matches “{options.find}”.")
    elif not found and not all_said:
        print(f"No session is {'archived ' if options.archived else ''}in the databases that answer.")
    elif not found and options.archived:
        print("No session is archived.")
    elif not found:
        print(as_typed("There is no session yet; `networklab open STUDY --players people.csv` makes one."))
    else:
        for s in found:
            print(f"{s.id}  {s.status:8} {s.players:6,} players  {s.records:9,} records  {s.name}")
    return 0 if all_said else 1


def _of_one(options: argparse.Namespace, config: Config) -> list[SessionLine]:
    return in_transaction(config, lambda conn: list_sessions(conn, options.archived))


def _of_all(options: argparse.Namespace, config: Config) -> tuple[list[SessionLine], bool]:
    """Of all databases that answer; whether that is all there are. Raises `Refusal` where none does."""

    async def listed(conn: Connection) -> tuple[list[SessionLine], set[str]]:
        return await list_sessions(conn, options.archived), await leaving(conn)

    said = told_by_each(config, listed, "its sessions are not among these")
    found = sorted(listed_once([*said.values()]), key=lambda one: one.opened_at, reverse=True)
    return found, len(said) == len(config.clusters)
