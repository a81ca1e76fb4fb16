"""`networklab serve`: the production server; with `--dev` the window of somebody who writes a study."""

from __future__ import annotations

import argparse
import asyncio
import sys
from pathlib import Path

import psycopg

from app.commands.arguments import Refusal, count, first_line, port
from app.config import Config, ConfigError
from app.database.running import database, migrate_at
from app.web.connection_budget import Fit, counted, fit_into
from app.web.processes import Processes, bind, bind_beside


def add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--host", help="address to listen on (default 127.0.0.1)")
    parser.add_argument("--port", type=port, help="port to listen on (default 8000)")
    parser.add_argument("--processes", type=count, metavar="N", help="server processes (default 2)")
    parser.add_argument(
        "--dev",
        type=Path,
        metavar="STUDY",
        help="instead: this study in a window of its own, as players and researcher see it, new at each save",
    )
    parser.add_argument(
        "--players", type=count, metavar="N", help="with --dev: how many are shown (default 4)"
    )


def run(options: argparse.Namespace, config: Config) -> int:
    if options.dev:
        return _preview(options, config)
    if options.players:
        raise Refusal(
            "--players says how many the window of --dev shows. Give --dev STUDY too, or leave it out."
        )
    listener = bind(config.host, config.port)
    beside = bind_beside(config.host, config.port) if config.play_url else None
    with database(config, watch=True) as url:
        served = config.database_url or url
        fit, left_out = asyncio.run(
            fit_into(served, Fit(config.processes, config.pool_size), config.database_url is None)
        )
        shown = f"[{config.host}]" if ":" in config.host else config.host
        print(
            f"NetworkLab serves http://{shown}:{config.port} with {counted(fit.processes)}. Ctrl-C stops it.",
            flush=True,
        )
        if left_out:
            print(left_out, file=sys.stderr, flush=True)
        Processes(fit.processes, listener, served, beside, {"NETWORKLAB_POOL_SIZE": str(fit.pool_size)}).run(
            lambda: _migrate(url)
        )
    return 0


def _preview(options: argparse.Namespace, config: Config) -> int:
    from app.preview.server import LOCAL, MOST, run_preview  # it has all that a server process has

    if config.host not in LOCAL:
        raise Refusal(
            f"--dev makes a researcher of whoever opens its page, so it listens on 127.0.0.1, not on {config.host}."
        )
    if (options.players or 0) > MOST:
        raise Refusal(f"A window has room for {MOST} players; give --players {MOST} or fewer.")
    run_preview(config, options.dev, options.players)
    return 0


def _migrate(url: str) -> None:
    """Before new processes take the place of old ones: the old ones run on what the new ones have migrated."""
    try:
        asyncio.run(migrate_at(url))
    except (psycopg.Error, ConfigError) as error:
        print(f"Not migrated: {first_line(error)}.", file=sys.stderr)
