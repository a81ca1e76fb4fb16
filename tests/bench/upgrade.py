"""A new version, host by host and with a migration, while 700 people play: how long anybody is without the server."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

from app.rehearsal.carried_over import WITHIN
from app.rehearsal.server_hosts import haproxy_here
from tests.bench.figure import Chapter, WrongAnswer, plain, under
from tests.bench.stage import PROCESSES, Stage
from tests.house.studies import RUMOUR

PEOPLE, UPGRADES, HOSTS = 700, 4, 2
FAULT = "a new version came host by host"
NOTHING = '{"incidents": [], "sessions": [], "verdict": "it gave no verdict"}'
TITLE = "A new version while people play"
HOW = f"""`networklab drill studies/rumour --hosts {HOSTS} --players {{people}} --speed 1 --only "{FAULT}"`: people who
are as fast as people are play over {HOSTS} hosts of {PROCESSES} processes behind HAProxy; a migration is made
under them, and then one host after the other is ended in order and started anew, {{upgrades}} times. *Without
the server* is whose page lost its stream until it was live again, or whose form or page had to be sent again or
took longer than a second until it was answered. The first upgrade is while they come, the others are with all
of them there. Afterwards every receipt is in the export, every message stood once on the pages that it was for,
and nobody was stuck or seated twice; if not, nothing is measured. People, both hosts, HAProxy and Postgres
share the cores of this one machine, and a host that starts takes three seconds of them: on machines of their
own it takes them from nobody."""
NOWHERE = "Not measured: HAProxy, which stands before several hosts, is not here (package haproxy)."


def run(stage: Stage) -> Chapter:
    if haproxy_here() is None:
        return Chapter(TITLE, (), NOWHERE)
    people, upgrades = (40, 1) if stage.quick else (PEOPLE, UPGRADES)
    # In a process of its own: a drill leaves the network for one of its own.
    done = subprocess.run(
        [
            *(sys.executable, "-m", "app", "drill", str(RUMOUR), "--json", "--hosts", str(HOSTS)),
            *("--players", str(people), "--speed", "1", "--processes", str(PROCESSES)),
            *("--only", FAULT, "--faults", str(upgrades)),
        ],
        stdout=subprocess.PIPE,
        text=True,
        timeout=1200,
    )
    found: dict[str, Any] = json.loads(done.stdout or NOTHING)
    there = [one for one in found["incidents"] if one["there"]]
    if len(there) != upgrades or not found["sessions"] or not all(one["ok"] for one in found["sessions"]):
        raise WrongAnswer(found["verdict"])
    first, *others = there
    with_all = others or [first]
    what = f"{people} people, a new version host by host"
    figures = (
        under(
            f"{what}: without the server for at most", [max(one["longest"] for one in with_all)], "s", WITHIN
        ),
        plain("… while they come", [first["longest"]], "s"),
        plain("… people who were", [one["people"] for one in with_all], "people"),
    )
    return Chapter(TITLE, figures, HOW.format(people=people, upgrades=upgrades))
