"""`networklab start`: seating begins."""

from __future__ import annotations

import argparse

from app.commands.action import add_session, run_action
from app.config import Config

add = add_session


def run(options: argparse.Namespace, config: Config) -> int:
    return run_action("start", options, config)
