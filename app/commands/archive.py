"""`networklab archive`: a closed session out of the list of sessions, with nothing of it deleted."""

from __future__ import annotations

import argparse

from app.commands.arguments import THE_SESSION
from app.commands.connection import in_transaction
from app.config import Config
from app.database.connections import Connection
from app.sessions.sessions import archive
from app.web.access import security
from app.web.access.security import COMMAND_LINE


def add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("session", metavar="SESSION", help=THE_SESSION)
    parser.add_argument("--back", action="store_true", help="into the list again")


def run(options: argparse.Namespace, config: Config) -> int:
    async def work(conn: Connection) -> str:
        sentence = await archive(conn, options.session, not options.back)
        await security.write(conn, "session_archived", COMMAND_LINE, "", options.session, back=options.back)
        return sentence

    print(in_transaction(config, work))
    return 0
