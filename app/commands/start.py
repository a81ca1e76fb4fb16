"""`networklab start`: seating begins, now or by itself at a time."""

from __future__ import annotations

import argparse
import json

from app.commands.action import add_session, run_action
from app.commands.arguments import Refusal
from app.commands.connection import in_transaction
from app.config import Config
from app.sessions.actions import move_start
from app.sessions.starts import start_time


def add(parser: argparse.ArgumentParser) -> None:
    add_session(parser)
    when = parser.add_mutually_exclusive_group()
    when.add_argument(
        "--at",
        metavar="TIME",
        help="not now, but by itself then: 2026-12-01T10:00+01:00, or 10:00 with --zone",
    )
    when.add_argument("--not-by-itself", action="store_true", help="call the time off: it waits for you")
    parser.add_argument("--zone", default="", help="of TIME, where it has no offset: Europe/Berlin")


def run(options: argparse.Namespace, config: Config) -> int:
    if options.zone and not options.at:
        raise Refusal("--zone says where the time of --at is meant. Give --at, too.")
    if not options.at and not options.not_by_itself:
        return run_action("start", options, config)
    at = start_time(options.at, options.zone) if options.at else None
    sentence = in_transaction(config, lambda conn: move_start(conn, options.session, at, "command line"))
    answer = dict(session=options.session, start_at=at.isoformat() if at else None)
    print(json.dumps(answer) if options.json else sentence)
    return 0
