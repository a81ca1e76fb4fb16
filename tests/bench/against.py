"""Two checkouts side by side: a server of each on a Postgres of its own, which take turns of a few seconds.

A shared machine is half as fast one minute as the next. What is compared here happened within the same seconds, and
what counts is the quotient of each pair: `bin/bench --against FOLDER`. Each checkout's own `tests/bench` drives it.
"""

from __future__ import annotations

import asyncio
import json
import os
import statistics
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO, cast

from app.config import PROJECT
from tests.bench import door, records, signin, stage
from tests.bench.crowd import bring_in
from tests.bench.load import Plan, post_records

PAIRS = 16
SECONDS = 3
WORK = {
    "forms": "forms of 1 field, 200 connections",
    "arrivals": "people who sign in, 100 connections",
    "door": f"{door.EVERYBODY} people who come by one link at once, to their page",
}
FIGURES = {
    "rate": "a second",
    "server": "µs of the server’s processor time each",
    "postgres": "… of Postgres’s",
}


def compare(folder: Path, pairs: int = PAIRS) -> str:
    """A table: what, the other, this one, and the median of the quotients, this ÷ the other."""
    found: dict[str, dict[str, list[dict[str, float]]]] = {work: {"other": [], "this": []} for work in WORK}
    with ExitStack() as stack:
        sides = {
            "other": stack.enter_context(_side(folder)),
            "this": stack.enter_context(_side(PROJECT)),
        }
        for pair in range(pairs):
            for work in WORK if pair % 2 == 0 else ["forms", "door"]:  # an arrival leaves thousands behind
                for name in ("other", "this") if pair // 2 % 2 == 0 else ("this", "other"):
                    found[work][name].append(sides[name](work))
    lines = ["| what | other | this | quotient | of the pairs |", "|---|---|---|---|---|"]
    for work, said in WORK.items():
        for figure, unit in FIGURES.items():
            others, these = ([one[figure] for one in found[work][name]] for name in ("other", "this"))
            quotients = [this / other for this, other in zip(these, others, strict=True)]
            middle = [f"{statistics.median(values):,.0f}" for values in (others, these)]
            lines.append(
                f"| {said}: {unit} | {' | '.join(middle)} | {statistics.median(quotients):.2f} |"
                f" {min(quotients):.2f} to {max(quotients):.2f} |"
            )
    return "\n".join(lines)


class _Turns:
    """One checkout, which does a turn of work when it is told to."""

    def __init__(self, told: IO[str], tells: IO[str]) -> None:
        self.told, self.tells = told, tells
        self.hear()  # that it is ready

    def __call__(self, work: str) -> dict[str, float]:
        self.told.write(work + "\n")
        self.told.flush()
        return self.hear()

    def hear(self) -> dict[str, float]:
        line = self.tells.readline()
        if not line:
            raise FileNotFoundError(
                "The checkout to compare with can't be driven; what it says stands above."
            )
        return cast(dict[str, float], json.loads(line))


@contextmanager
def _side(folder: Path) -> Iterator[_Turns]:
    environ = os.environ | {"PYTHONPATH": str(folder), "PYTHONSAFEPATH": "1"}
    command = [sys.executable, str(Path(__file__).resolve())]
    pipes = dict(stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    with subprocess.Popen(command, cwd=folder, env=environ, text=True, **pipes) as driven:  # type: ignore[call-overload]
        try:
            yield _Turns(driven.stdin, driven.stdout)
        finally:
            driven.stdin.close()  # it ends with what it is told
            driven.wait(60)


def _drive(told: IO[str], tells: IO[str]) -> None:
    """In a process of its own, all of which is of the checkout that it drives."""
    with stage.set_up(quick=True) as here, here.house("against") as house:
        server = house.serve(processes=stage.PROCESSES)
        session = house.open(records.STUDY % (records.FIELD % "f0"), {"any": records.PEOPLE})
        plan = Plan(server.base, asyncio.run(bring_in(server.base, session)), ["f0"], house.folder)
        post_records(plan, 50, 2, 0)  # warms up
        print(json.dumps({}), file=tells, flush=True)
        for lap, work in enumerate(told, 1):
            before = records.spent(here, house)
            if work.strip() == "forms":
                load = post_records(plan, 200, SECONDS, lap)
                made, seconds = len(load.receipts), load.seconds
            elif work.strip() == "door":
                made, seconds = door.EVERYBODY, door._crowd(house, server).seconds
            else:
                made, seconds = signin.STREAM, signin._stream(house, server)[0]
            used = {who: 1e6 * (now - before[who]) / made for who, now in records.spent(here, house).items()}
            said = dict(rate=made / seconds, server=used["server"], postgres=used["Postgres"])
            print(json.dumps(said), file=tells, flush=True)
        server.stop()


def _own_output() -> Sequence[IO[str]]:
    """What is told and what tells; whatever else is printed goes to stderr."""
    tells, sys.stdout = sys.stdout, sys.stderr
    return sys.stdin, tells


if __name__ == "__main__":
    _drive(*_own_output())
