"""`networklab mend`: another hooks.py, or other pages, for a paused session."""

from __future__ import annotations

import argparse
from pathlib import Path

from app.commands.arguments import THE_SESSION
from app.commands.connection import in_transaction
from app.config import Config
from app.sessions.mending import mend
from app.study.reading import parse, read_folder


def add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("session", metavar="SESSION", help=THE_SESSION)
    parser.add_argument(
        "study", type=Path, metavar="STUDY", help="the study's folder, with hooks.py or pages mended"
    )


def run(options: argparse.Namespace, config: Config) -> int:
    study = parse(read_folder(options.study), opened=True)
    print(in_transaction(config, lambda conn: mend(conn, options.session, study, "command line")))
    return 0
