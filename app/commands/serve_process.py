"""`networklab serve-process`: one of the processes that `serve` starts."""

from __future__ import annotations

import argparse
import socket

from app.config import Config
from app.web.server import serve_one


def add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("descriptors", type=int, nargs="+")


def run(options: argparse.Namespace, config: Config) -> int:
    assert config.database_url is not None
    lifeline, *listeners = options.descriptors
    serve_one(config, config.database_url, [socket.socket(fileno=one) for one in listeners], lifeline)
    return 0
