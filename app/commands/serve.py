"""`networklab serve`: the production server; with `--dev` the window of somebody who writes a study."""

from __future__ import annotations

import argparse
import asyncio
import socket
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
    if config.clusters:
        return _serve_several(config, listener, beside)
    with database(config, watch=True) as url:
        served = config.database_url or url
        fit, left_out = asyncio.run(
            fit_into(served, Fit(config.processes, config.pool_size), config.database_url is None)
        )
        _say(config, fit, left_out)
        Processes(fit.processes, listener, served, beside, _fitting(fit)).run(lambda: _migrate(url))
    return 0


def _serve_several(config: Config, listener: socket.socket, beside: socket.socket | None) -> int:
    """Whichever is away now is taken in by the processes when it comes."""
    wanted, left_out = Fit(config.processes, config.pool_size, several=True), list[str]()
    fit, there = wanted, list[Config]()
    for own in map(config.of, config.clusters):
        try:
            with database(own):
                its_own, said = asyncio.run(fit_into(own.database_url or "", wanted, False))
        except (psycopg.OperationalError, OSError) as error:
            left_out.append(
                f"The database {own.cluster} does not answer ({first_line(error)}). What is in it waits until it does."
            )
            continue
        there.append(own)
        smaller = min(fit.processes, its_own.processes), min(fit.pool_size, its_own.pool_size)
        fit = Fit(*smaller, several=True)
        left_out += [f"{own.cluster}: {said}"] if said else []
    if not there:
        raise Refusal("None of the databases of DATABASE_URLS answers. " + " ".join(left_out))
    _say(config, fit, "\n".join(left_out))

    def migrate_all() -> None:
        for own in map(config.of, config.clusters):
            _migrate(own.past_pooler(own.database_url or ""), own)

    Processes(fit.processes, listener, "", beside, _fitting(fit)).run(migrate_all)
    return 0


def _fitting(fit: Fit) -> dict[str, str]:
    return {"NETWORKLAB_POOL_SIZE": str(fit.pool_size)}


def _say(config: Config, fit: Fit, left_out: str) -> None:
    shown = f"[{config.host}]" if ":" in config.host else config.host
    print(
        f"NetworkLab serves http://{shown}:{config.port} with {counted(fit.processes)}. Ctrl-C stops it.",
        flush=True,
    )
    if left_out:
        print(left_out, file=sys.stderr, flush=True)


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


def _migrate(url: str, config: Config | None = None) -> None:
    """Before new processes take the place of old ones: the old ones run on what the new ones have migrated."""
    try:
        asyncio.run(migrate_at(url, config))
    except (psycopg.Error, ConfigError) as error:
        print(f"Not migrated: {first_line(error)}.", file=sys.stderr)
