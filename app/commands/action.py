"""What `start`, `pause`, `resume` and `close` have in common: a session, and a sentence on what came of it."""

from __future__ import annotations

import argparse
import json

from app.commands.arguments import THE_SESSION
from app.commands.connection import in_transaction
from app.config import Config
from app.database.connections import Connection
from app.sessions.actions import ACTIONS
from app.sessions.sessions import find_session


def add_session(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("session", metavar="SESSION", help=THE_SESSION)
    parser.add_argument("--json", action="store_true", help="print the session as JSON")


def run_action(action: str, options: argparse.Namespace, config: Config) -> int:
    async def work(conn: Connection) -> tuple[str, str]:
        sentence = await ACTIONS[action](conn, options.session, "command line")
        return sentence, (await find_session(conn, options.session)).status

    sentence, status = in_transaction(config, work)
    print(json.dumps(dict(session=options.session, status=status)) if options.json else sentence)
    return 0
