"""`networklab pause`: everything stands still until `resume`."""

from __future__ import annotations

import argparse

from app.commands.action import act, add_session
from app.config import Config

add = add_session


def run(options: argparse.Namespace, config: Config) -> int:
    return act("pause", options, config)
