"""Whether the rehearsal's estimate is true: what it says of a server, and how many people that server then holds."""

from __future__ import annotations

import asyncio
import re
import shutil
from pathlib import Path

from app.config import PROJECT
from app.rehearsal.play import Setting
from app.rehearsal.rehearse import Run, held, rehearse_levels
from tests.bench.figure import Chapter, Figure, WrongAnswer, plain
from tests.bench.stage import PROCESSES, Stage

# Study, how many come first, how fast they are: a herd is over within a minute.
PLAYED = (("rumour", 96, 16.0), ("commons", 48, 12.0), ("moves", 48, 12.0))
HOW = """Bots that are many times as fast as people play a study on a server of two processes, half as many more each
time, until one sign-in in twenty takes more than 2 s, or one answer, next page or message in a hundred more than 1 s,
or people wait for more than a quarter of the time that they take over their forms, or the dashboard stands still for
2 s, and once with as many as lie between the last two: `rehearse --until-it-breaks`. *By the estimate* is what the
verdict said on the first herd that took half of the processors; *held* is the largest herd within these limits. Server,
Postgres and bots share the machine, so the estimate counts all three."""
HALF = 0.5
DASHBOARD = 6  # a promise that load may break


def run(stage: Stage) -> Chapter:
    figures: list[Figure] = []
    for name, players, speed in PLAYED[:1] if stage.quick else PLAYED:
        with stage.house(f"estimate_{name}") as house:
            server = house.serve(processes=PROCESSES)
            study = without_waiting(name, house.folder)
            plan = Setting(players=players, over=5.0 * speed, drop=0.0, flaky=0.0, speed=speed)
            most = players if stage.quick else 4000
            found = asyncio.run(rehearse_levels(house.database, str(study), plan, server.base, most, print))
            server.stop()
        figures += _figures(name, speed, found)
    return Chapter("The rehearsal's estimate", tuple(figures), HOW)


def _figures(name: str, speed: float, found: list[Run]) -> list[Figure]:
    verdicts = [verdict for _, verdict in found]
    for verdict in verdicts:
        if any(not promise.ok for promise in verdict.promises if promise.number != DASHBOARD):
            raise WrongAnswer(str(verdict))
    rooms = [verdict.room for verdict in verdicts if verdict.room]
    said = next((room for room in rooms if room.load.together >= HALF), rooms[-1])
    broke = [verdict.players for verdict in verdicts if not verdict.holds]
    figures = [
        plain(f"`{name}`, people {speed:g} times as fast: by the estimate", [said.players], "people"),
        plain("… processors used by then", [100 * said.load.together], "%"),
        plain("… held", [held(found)], "people"),
    ]
    return [*figures, plain("… not held", [min(broke)], "people")] if broke else figures


def without_waiting(name: str, folder: Path) -> Path:
    """The study with an open fallback, in which nobody waits long for a room."""
    study = folder / name
    shutil.copytree(PROJECT / "studies" / name, study, ignore=shutil.ignore_patterns("__pycache__"))
    toml = (study / "study.toml").read_text()
    toml = re.sub(r"^(?:after|bots_after|people) .*\n", "", toml, flags=re.MULTILINE)
    (study / "study.toml").write_text(re.sub(r'max_wait = "\w+"', 'max_wait = "20s"', toml))
    return study
