"""`bin/bench`: measure what NetworkLab promises, on this machine."""

from __future__ import annotations

import argparse
import signal
import sys
from collections.abc import Callable
from pathlib import Path

from app.config import PROJECT
from app.database.programs import EmbeddedError
from tests.bench import (
    actions,
    against,
    capacity,
    disk,
    door,
    drill,
    estimate,
    export,
    fuzz,
    game,
    growth,
    hooks,
    large,
    live,
    machines,
    monitor,
    moves,
    national,
    panel,
    phone,
    quotas,
    records,
    replay,
    report,
    shares,
    signin,
    soak,
    streams,
    thousand,
    upgrade,
    waits,
    years,
)
from tests.bench.figure import Chapter, WrongAnswer
from tests.bench.stage import Stage, others_use, set_up

BENCHMARKS: dict[str, Callable[[Stage], Chapter]] = {
    "signin": signin.run,
    "quotas": quotas.run,
    "door": door.run,
    "records": records.run,
    "disk": disk.run,
    "live": live.run,
    "thousand": thousand.run,
    "streams": streams.run,
    "monitor": monitor.run,
    "actions": actions.run,
    "phone": phone.run,
    "game": game.run,
    "export": export.run,
    "growth": growth.run,
    "large": large.run,
    "years": years.run,
    "waits": waits.run,
    "shares": shares.run,
    "replay": replay.run,
    "hooks": hooks.run,
    "moves": moves.run,
    "capacity": capacity.run,
}
LONG: dict[str, Callable[[Stage], Chapter]] = {
    "day": game.run_day,
    "estimate": estimate.run,
    "fuzz": fuzz.run,
    "national": national.run,
    "panel": panel.run,
    "drill": drill.run,
    "machines": machines.run,
    "soak": soak.run,
    "upgrade": upgrade.run,
}
FILE = PROJECT / "BENCHMARKS.md"
CALM = 0.1  # more of the processors in other hands than this makes figures doubtful


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="bin/bench",
        description="Measures on an embedded Postgres and real server processes of its own, on the loopback interface, "
        "and prints and writes a chapter of BENCHMARKS.md for each. "
        f"{', '.join(LONG)} take from ten minutes to two hours and run only when they are named; the others take about "
        "half an hour together.",
    )
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help=f"only these: {', '.join(BENCHMARKS | LONG)}"
    )
    parser.add_argument("--quick", action="store_true", help="one short run of each, to see that it works")
    parser.add_argument(
        "--write",
        action=argparse.BooleanOptionalAction,
        help="write BENCHMARKS.md (without this: unless it was quick)",
    )
    parser.add_argument(
        "--against",
        type=Path,
        metavar="FOLDER",
        help="compare with another checkout instead, in turns of a few seconds: forms and sign-ins, three minutes",
    )
    options = parser.parse_args()
    for name in options.names:
        if name not in BENCHMARKS | LONG:
            parser.error(f"there is no benchmark “{name}”; there are {', '.join(BENCHMARKS | LONG)}")
    names = [name for name in BENCHMARKS | LONG if name in (options.names or BENCHMARKS)]
    # An end from outside ends the servers and Postgres too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    write = not options.quick if options.write is None else options.write
    wrong = 0
    try:
        if options.against:
            print(against.compare(options.against.resolve()))
            return 0
        with set_up(options.quick) as stage:
            for name in names:
                print(f"{name} …", file=sys.stderr, flush=True)
                wrong += not _measure(stage, name, write)
    except (EmbeddedError, FileNotFoundError) as error:
        print(str(error), file=sys.stderr)
        return 2
    return 1 if wrong else 0


def _measure(stage: Stage, name: str, write: bool) -> bool:
    """Whether the server answered rightly; what it measured is printed, and written if `write`."""
    busy = others_use()
    if busy > CALM:
        print(f"Other programs use {busy:.0%} of the processors: these figures are too low.", file=sys.stderr)
    try:
        chapter = (BENCHMARKS | LONG)[name](stage)
    except WrongAnswer as error:
        print(f"Not measured, since the server answered wrongly: {error}", file=sys.stderr)
        return False
    print(report.table([chapter]), end="\n\n", flush=True)
    if write:
        for plot in chapter.plots:
            plot.draw()
        FILE.write_text(report.updated(FILE.read_text(), stage, chapter, name, busy))
        print(f"Written to {FILE.name}.", file=sys.stderr)
    return True


if __name__ == "__main__":
    sys.exit(main())
