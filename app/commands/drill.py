"""`networklab drill`: a rehearsal in which something breaks again and again."""

from __future__ import annotations

import argparse
import json

from app.commands.arguments import Refusal, count, speed
from app.commands.progress import progress_line
from app.config import Config
from app.database.embedded import EmbeddedError
from app.rehearsal.cast import RehearsalError
from app.rehearsal.drill import BROKE, run_drill
from app.rehearsal.drilled import Drill

MOST_HOSTS = 9


def add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("study", metavar="STUDY", help="the study's folder")
    parser.add_argument("--faults", type=count, default=10, metavar="N", help="how many (default 10)")
    parser.add_argument("--players", type=count, default=40, metavar="N", help="how many play (default 40)")
    parser.add_argument(
        "--seed", type=int, default=1, metavar="N", help="the same seed gives the same faults"
    )
    parser.add_argument(
        "--speed", type=speed, default=4.0, metavar="X", help="of people: 4 is four times as fast (default 4)"
    )
    parser.add_argument(
        "--only", action="append", default=[], metavar="FAULT", help="only this kind; may be repeated"
    )
    parser.add_argument(
        "--standby",
        action="store_true",
        help="with a synchronous standby; one of the faults is that the primary is lost and it takes over",
    )
    parser.add_argument(
        "--to-the-end",
        action="store_true",
        help="people play on after the last fault until each is at their end (default: it is over then)",
    )
    parser.add_argument(
        "--patroni",
        action="store_true",
        help="each database is two Postgres that Patroni looks after, whose machines are lost, frozen, cut off and full"
        " (needs patroni and etcd)",
    )
    parser.add_argument(
        "--two-databases",
        action="store_true",
        help="the server has two databases, half of the people play in each, faults befall either, and nobody in the"
        " other may notice",
    )
    parser.add_argument(
        "--hosts",
        type=count,
        default=1,
        metavar="N",
        help="of the server, behind HAProxy, which are killed, frozen, cut off, drained and upgraded one after the"
        " other (default 1; more need haproxy)",
    )
    parser.add_argument(
        "--processes", type=count, metavar="N", help="of the server, of each host (default 2)"
    )
    parser.add_argument("--json", action="store_true", help="print the outcome as JSON")


def run(options: argparse.Namespace, config: Config) -> int:
    asked = Drill(
        study=options.study,
        faults=options.faults,
        players=options.players,
        seed=options.seed,
        speed=options.speed,
        standby=options.standby,
        patroni=options.patroni,
        hosts=options.hosts,
        two_databases=options.two_databases,
        only=tuple(options.only),
        to_the_end=options.to_the_end,
    )
    if options.patroni and options.standby:
        raise Refusal("--patroni has a standby of its own. Leave --standby out.")
    if options.hosts > 1 and options.standby:
        raise Refusal("Several hosts are drilled with one Postgres or with --patroni. Leave --standby out.")
    if options.two_databases and options.players < 2:
        raise Refusal("Of two databases each has half of the people: give --players 2 or more.")
    if options.hosts > MOST_HOSTS:
        raise Refusal(f"A drill has at most {MOST_HOSTS} hosts on this one machine.")
    write = progress_line()
    try:
        outcome = run_drill(asked, config.processes, write)
    except (EmbeddedError, RehearsalError) as error:
        raise Refusal(str(error)) from None
    except BROKE as error:
        write("")
        why = str(error).strip().partition("\n")[0] or type(error).__name__
        raise Refusal(f"This drill ended without a verdict: {why}. To see it again: {asked.again}") from None
    write("")
    print(json.dumps(outcome.as_json(), ensure_ascii=False) if options.json else outcome)
    return 0 if outcome.kept else 1
