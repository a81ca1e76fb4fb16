"""Whether what `check` reckons of machines is true: four studies are played, and held against what each form costs."""

from __future__ import annotations

import asyncio

from app.rehearsal.cast import open_rehearsal
from app.rehearsal.play import Setting
from app.rehearsal.rehearse import rehearse
from app.rehearsal.verdict import Verdict
from tests.bench.estimate import without_waiting
from tests.bench.figure import Chapter, Figure, WrongAnswer, plain, under
from tests.bench.stage import PROCESSES, Stage

# Study, how many come, how fast they are, and what they are there for.
PLAYED = (
    ("rumour", 350, 4.0, "answers and talk"),
    ("commons", 200, 4.0, "answers, scored by hooks"),
    ("moves", 200, 4.0, "answers of pairs, scored by hooks"),
    ("market", 150, 6.0, "a quiz alone, then moves in an auction"),
)
COME = 5.0  # seconds in which all come
AT_MOST = 30.0  # seconds that each is played
KEPT = (1, 2, 3, 8)  # promises that no load may break; the play is cut, so that nobody comes to an end
HOW = f"""`networklab check` says how many cores a study takes by what each form costs (`app/rehearsal/costs.py`:
somebody signs in, answers, writes, moves). Here four studies are played by bots that are a few times as fast as
people, over {PROCESSES} processes, for {AT_MOST:.0f} seconds each: *took* is the processor time of server and Postgres
in the ten busiest seconds, as the rehearsal's own estimate has it; *reckoned* is what the forms that were answered in
those seconds are to take. The costs were found with these four: that each is near says that one price of a form fits
all of them, no more. They are of this machine: for another, `check --rehearsed` takes what a rehearsal there has
measured."""


def run(stage: Stage) -> Chapter:
    figures: list[Figure] = []
    for name, players, speed, what in PLAYED[:1] if stage.quick else PLAYED:
        verdict = _played(stage, name, players // (4 if stage.quick else 1), speed)
        assert verdict.room is not None
        load = verdict.room.load
        took, reckoned = load.server + (load.postgres or 0.0), load.reckoned.together
        figures += [
            plain(f"`{name}`, {players} people, {what}: server and Postgres took", [took], "cores"),
            plain("… reckoned", [reckoned], "cores"),
            under("… off by", [100 * abs(reckoned / took - 1)], "%", 25),
        ]
    return Chapter("Capacity", tuple(figures), HOW)


def _played(stage: Stage, name: str, players: int, speed: float) -> Verdict:
    with stage.house(f"capacity_{name}") as house:
        server = house.serve(processes=PROCESSES)
        study = str(without_waiting(name, house.folder))

        async def play() -> Verdict:
            cast = await open_rehearsal(house.database, study, players)
            plan = Setting(
                players=players,
                over=COME * speed,
                drop=0.0,
                flaky=0.0,
                speed=speed,
                at_most=AT_MOST,
                patience=2.0,
            )
            _, verdict = await rehearse(cast, plan, server.base, house.database, lambda line: None)
            return verdict

        verdict = asyncio.run(play())
        server.stop()
    broken = [promise for promise in verdict.promises if not promise.ok and promise.number in KEPT]
    if broken or verdict.room is None:
        raise WrongAnswer(str(verdict))
    return verdict
