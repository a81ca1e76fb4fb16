"""`networklab serve-process`: one of the processes that `serve` starts."""

from __future__ import annotations

import argparse
import os
import signal
import socket

from app.commands.signals import ENDING
from app.config import Config
from app.web.homes import Homes
from app.web.server import serve_one


def add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("descriptors", type=int, nargs="+")
    # Which process this is, and see `Ways.of`
    parser.add_argument("--ways", type=int, nargs="+", default=[0])


def run(options: argparse.Namespace, config: Config) -> int:
    assert config.database_url is not None
    for one in ENDING:
        signal.signal(one, signal.SIG_DFL)  # the server stops in order by itself, and then at once
    lifeline, *listeners = options.descriptors
    nth, *ways = options.ways
    for one in (*options.descriptors, *ways):
        os.set_inheritable(one, False)  # a study's hooks run in programs that are started from here
    sockets, beside = ([socket.socket(fileno=one) for one in some] for some in (listeners, ways))
    serve_one(config, config.database_url, sockets, lifeline, Homes(nth, beside))
    return 0
