"""Two hundred faults over several seeds, and nothing lost."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from typing import Any

from tests.bench.figure import Chapter, Figure, WrongAnswer, at_least, plain
from tests.bench.stage import PROCESSES, Stage
from tests.house.studies import RUMOUR

NOTHING = '{"ok": false, "verdict": "it gave no verdict"}'
MOST_WRONGS = 5  # of a promise, that are told
SEEDS, FAULTS, PLAYERS = (101, 102, 103, 104), 50, 60
HOW = f"""`networklab drill studies/rumour --faults {FAULTS} --players {PLAYERS}` with the seeds
{", ".join(map(str, SEEDS))}: while people play four times as fast as people do, some of them with bad connections,
a fault comes every few seconds, each kind as often as any other: {{kinds}}. Afterwards every receipt must be in the
export, every message must have been seen once by whom it was for and by nobody else, nobody may be stuck or
seated twice, and `verify` must hold; if not, nothing is measured and the seed is told."""


def run(stage: Stage) -> Chapter:
    seeds = SEEDS[:1] if stage.quick else SEEDS
    faults: Counter[str] = Counter()
    receipts = 0
    for seed in seeds:
        found = drilled(seed, 5 if stage.quick else FAULTS, PLAYERS)
        faults.update(one["fault"] for one in found["incidents"] if one["there"])
        receipts += int(sum(one["figures"]["receipts found in the export"] for one in found["sessions"]))
    figures: list[Figure] = [
        at_least("faults after which nothing was lost", [sum(faults.values())], "faults", 200),
        plain("receipts held against the export", [receipts], "receipts"),
    ]
    return Chapter(
        "Drill", tuple(figures), HOW.format(kinds=", ".join(f"{kind} {n}×" for kind, n in faults.items()))
    )


def drilled(seed: int, faults: int, players: int, *more: str) -> dict[str, Any]:
    """What a drill with so many says, and with `more` options. Raises WrongAnswer.

    In a process of its own: it leaves the network for one of its own.
    """
    done = subprocess.run(
        [
            *(sys.executable, "-m", "app", "drill", str(RUMOUR), "--json", "--seed", str(seed)),
            *("--faults", str(faults), "--players", str(players), "--processes", str(PROCESSES), *more),
        ],
        stdout=subprocess.PIPE,
        text=True,
        timeout=7200,
    )
    found: dict[str, Any] = json.loads(done.stdout or NOTHING)
    if not found["ok"]:
        wrongs = [
            f"{promise['number']}. {wrong}"
            for session in found.get("sessions", ())
            for promise in session["promises"]
            if not promise["ok"]
            for wrong in promise["wrong"][:MOST_WRONGS]
        ]
        raise WrongAnswer("\n".join([found["verdict"], *wrongs]))
    return found
