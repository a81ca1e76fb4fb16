"""`networklab rehearse`: its options, its progress, its words."""

from __future__ import annotations

import argparse
import asyncio
import json
import re
import sys
import time
from collections.abc import Callable
from pathlib import Path

from app.commands.arguments import Refusal, count, seconds, share, speed
from app.config import Config
from app.database.running import database


def add(rehearser: argparse.ArgumentParser) -> None:
    """The options of `rehearse`."""
    rehearser.add_argument(
        "--session",
        required=True,
        metavar="ID|STUDY",
        help="a session, which stays as it is, or a study's folder: the bots play a new session of that study",
    )
    rehearser.add_argument(
        "--players",
        type=count,
        metavar="N",
        help="how many come (default: as many as the session has, or 100)",
    )
    rehearser.add_argument(
        "--over",
        type=seconds,
        default=300.0,
        metavar="TIME",
        help="they arrive within this time (default 5m)",
    )
    rehearser.add_argument(
        "--records", type=count, metavar="N", help="that each makes (default: what the study asks for)"
    )
    rehearser.add_argument("--messages", type=count, metavar="N", help="that each writes, about")
    rehearser.add_argument("--drop", type=share, default=0.05, metavar="5%", help="leave for good on the way")
    rehearser.add_argument("--flaky", type=share, default=0.05, metavar="5%", help="have a bad connection")
    rehearser.add_argument(
        "--speed",
        type=speed,
        default=1.0,
        metavar="X",
        help="of people: 2 is twice as fast, max takes no time",
    )
    rehearser.add_argument(
        "--url", metavar="URL", help="a server that runs (default: one that is started for this)"
    )
    rehearser.add_argument(
        "--links",
        type=Path,
        metavar="CSV",
        help="with --url, where the database is out of reach: the links that `open --links` wrote",
    )
    rehearser.add_argument(
        "--processes", type=count, metavar="N", help="of the server that is started for this (default 2)"
    )
    rehearser.add_argument(
        "--bot-processes",
        type=count,
        default=1,
        metavar="N",
        help="that the bots are spread over (default 1)",
    )
    rehearser.add_argument("--at-most", type=seconds, metavar="TIME", help="then the session is closed")
    rehearser.add_argument(
        "--seed", type=int, default=1, metavar="N", help="the same seed gives the same people"
    )
    rehearser.add_argument(
        "--until-it-breaks",
        action="store_true",
        help="again with half as many more each time, until a limit is crossed; says which part was the limit",
    )
    rehearser.add_argument(
        "--most", type=count, default=20_000, metavar="N", help="with --until-it-breaks: stop there"
    )
    rehearser.add_argument("--report", type=Path, metavar="HTML", help="write a report with pictures here")
    rehearser.add_argument("--receipts", type=Path, metavar="CSV", help="write every receipt here")
    rehearser.add_argument("--json", action="store_true", help="print the verdict as JSON")


def add_drill(driller: argparse.ArgumentParser) -> None:
    """The options of `drill`."""
    driller.add_argument("study", metavar="STUDY", help="the study's folder")
    driller.add_argument("--faults", type=count, default=10, metavar="N", help="how many (default 10)")
    driller.add_argument("--players", type=count, default=40, metavar="N", help="how many play (default 40)")
    driller.add_argument(
        "--seed", type=int, default=1, metavar="N", help="the same seed gives the same faults"
    )
    driller.add_argument(
        "--speed", type=speed, default=4.0, metavar="X", help="of people: 4 is four times as fast (default 4)"
    )
    driller.add_argument(
        "--only", action="append", default=[], metavar="FAULT", help="only this kind; may be repeated"
    )
    driller.add_argument(
        "--standby",
        action="store_true",
        help="with a synchronous standby; one of the faults is that the primary is lost and it takes over",
    )
    driller.add_argument("--processes", type=count, metavar="N", help="of the server (default 2)")
    driller.add_argument("--json", action="store_true", help="print the outcome as JSON")


def run_drill(options: argparse.Namespace, config: Config) -> int:
    from app.rehearsal import drill
    from app.rehearsal.play import RehearsalError

    asked = drill.Drill(
        study=options.study,
        faults=options.faults,
        players=options.players,
        seed=options.seed,
        speed=options.speed,
        standby=options.standby,
        only=tuple(options.only),
    )
    write = _progress_line()
    try:
        outcome = drill.run_drill(asked, config.processes, write)
    except RehearsalError as error:
        raise Refusal(str(error)) from None
    write("")
    print(json.dumps(outcome.as_json(), ensure_ascii=False) if options.json else outcome)
    return 0 if outcome.kept else 1


def run_rehearse(options: argparse.Namespace, config: Config) -> int:
    from app.rehearsal import rehearse
    from app.rehearsal.play import Plan, RehearsalError
    from app.rehearsal.report import write_report

    plan = Plan(
        players=options.players or 0,
        over=options.over,
        records=options.records,
        messages=options.messages,
        drop=options.drop,
        flaky=options.flaky,
        speed=options.speed,
        seed=options.seed,
        processes=options.bot_processes,
        at_most=options.at_most,
    )
    if options.links and (not options.url or options.until_it_breaks):
        raise Refusal("--links goes with --url, and without --until-it-breaks: each herd needs new links.")
    most = options.most if options.until_it_breaks else None
    write = _progress_line()
    try:
        if options.links:
            cast = rehearse.read_cast(options.session, options.links, options.players)
            found = [asyncio.run(rehearse.rehearse(cast, plan, options.url, None, write))]
        else:
            with database(config, watch=True) as url:
                found = asyncio.run(
                    rehearse.run(config, url, options.session, plan, options.url, most, write)
                )
        if options.report:
            write_report(found, options.report)
        if options.receipts:
            rehearse.write_receipts(found[-1][0], options.receipts)
    except RehearsalError as error:
        raise Refusal(str(error)) from None
    write("")
    print(
        json.dumps(rehearse.as_json(found), ensure_ascii=False) if options.json else rehearse.as_text(found)
    )
    return 0 if all(verdict.kept for _, verdict in found) else 1


def _progress_line() -> Callable[[str], None]:
    """On a terminal one line that changes; elsewhere a line every ten seconds. On stderr: stdout is the verdict's."""
    if sys.stderr.isatty():
        return lambda line: print(f"\r\x1b[K{line}", end="", file=sys.stderr, flush=True)
    told = [0.0]

    def write(line: str) -> None:
        passing = re.match(r"\d+:\d\d ", line)
        if line and (not passing or time.monotonic() - told[0] >= 10):
            told[0] = time.monotonic() if passing else told[0]
            print(line, file=sys.stderr, flush=True)

    return write
