"""The drill: a rehearsal in which, at random moments from a seed, things go wrong; then nothing may be lost."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from app.database.embedded import EmbeddedError
from app.rehearsal import host_faults, patroni_faults
from app.rehearsal.carried_over import WITHIN, CarriedOver, of_people
from app.rehearsal.cast import RehearsalError, open_rehearsal
from app.rehearsal.diary import Wrong
from app.rehearsal.faults import (
    FAILOVER,
    FAULTS,
    OF_ONE_POSTGRES,
    OF_TWO_MACHINES,
    lose_the_primary,
    possible,
)
from app.rehearsal.gauges import Gauges
from app.rehearsal.play import Played, Setting, log_in_at
from app.rehearsal.rehearse import Run, Write, rehearse
from app.rehearsal.scene import Scene, set_scene
from app.web.auth import ADMIN_COOKIE

# Seconds: pages may stand still, and messages be late, for as long as a fault lasts
PATIENCE, MOMENT = 45.0, 15.0
# The same where Patroni waits for half a minute before it does anything
LONG_PATIENCE, LONG_MOMENT = 150.0, 120.0
TICKS_WITHIN = 5.0  # seconds: a dashboard ticks once a second, and this machine does all the rest besides
SILENCE = 5.0  # seconds without an acknowledged answer that are told
COME = 20.0  # people a second: no herd, which would be a fault of its own
GAP = (0.5, 3.0)  # seconds of peace between two faults
AT_THE_DOOR = 35.0  # seconds that a slow one takes for the form there


@dataclass(frozen=True, slots=True)
class Drill:
    """What is asked for. The same seed gives the same faults to the same people."""

    study: str
    faults: int = 10
    players: int = 40
    seed: int = 1
    speed: float = 4.0
    standby: bool = False  # there is one, and once it has to take over
    patroni: bool = False  # two machines that Patroni looks after, and faults of theirs
    hosts: int = 1  # of the server; of several, faults of theirs, too
    two_databases: bool = False  # the server has another one, whose dashboard has to tick on
    only: tuple[str, ...] = ()  # kinds of faults, by their names; none: all that are possible here
    to_the_end: bool = False  # people play on after the last fault, and are to come to their ends


@dataclass(frozen=True, slots=True)
class Outcome:
    drill: Drill
    runs: tuple[Run, ...]
    left_out: tuple[str, ...]  # kinds of faults that are not possible here
    moments: tuple[float, ...] = ()  # at which something befell a host
    ticks: tuple[float, ...] = ()  # at which the dashboard of the other database's session ticked

    @property
    def faults(self) -> list[str]:
        return [what for played, _ in self.runs for _, what in played.faults]

    @property
    def kept(self) -> bool:
        return all(verdict.kept for _, verdict in self.runs) and not self.late and not self.still

    @property
    def carried(self) -> list[tuple[str, CarriedOver]]:
        """Of each fault of a host: how long people were without the server."""
        return [
            (what, of_people(played.diaries, self.moments, at, until, what in host_faults.IN_ORDER))
            for played, _ in self.runs
            for at, what, until in _spans(played)
            if what in host_faults.FAULTS
        ]

    @property
    def beside(self) -> list[tuple[str, float]]:
        """Of each fault of the database: the longest time between two ticks of the other one's dashboard."""
        if not self.drill.two_databases:
            return []
        return [
            (what, _longest_gap(self.ticks, at, until))
            for played, _ in self.runs
            for at, what, until in _spans(played)
            if FAULTS.get(what) in OF_ONE_POSTGRES
        ]

    @property
    def still(self) -> list[str]:
        return [what for what, longest in self.beside if longest > TICKS_WITHIN]

    @property
    def late(self) -> list[str]:
        return [what for what, over in self.carried if over.longest > WITHIN]

    def __str__(self) -> str:
        lines, carried, beside = [], iter(self.carried), iter(self.beside)
        for played, verdict in self.runs:
            lines.append(f"session {verdict.session_id}:")
            for at, what, still in with_silence(played):
                away = f", and for {still:.0f} s no answer was acknowledged" if still >= SILENCE else ""
                if what in host_faults.FAULTS:
                    away += f": {next(carried)[1]}"
                if self.drill.two_databases and FAULTS.get(what) in OF_ONE_POSTGRES:
                    away += f"; the other database's dashboard ticked at most {next(beside)[1]:.1f} s apart"
                lines.append(f"  {at - played.started:6.1f} s  {what}{away}")
            for promise in verdict.promises:
                lines += [
                    f"  NOT  {promise.number}. {promise.sentence} {wrong}" for wrong in promise.wrongs[:10]
                ]
        if self.left_out:
            lines.append(
                f"Not possible here (they need root, Linux, nft and ip): {', '.join(self.left_out)}."
            )
        return "\n".join([*lines, self.sentence])

    @property
    def sentence(self) -> str:
        count = len(self.faults)
        receipts = sum(len(diary.told) for played, _ in self.runs for diary in played.diaries)
        if self.kept:
            return (
                f"{count} faults, and nothing was lost: {receipts:,} receipts are all in the export, each message"
                f" was seen once by whom it was for, nobody was stuck, nobody was seated twice.{self._elsewhere}"
                + self._ticked
            )
        what = ""
        if self.late:
            what = f"Somebody was without the server for more than {WITHIN:.0f} s ({self.late[0]})."
        if self.still:
            what = f"The other database's dashboard stood still for more than {TICKS_WITHIN:.0f} s ({self.still[0]})."
        if not all(verdict.kept for _, verdict in self.runs):
            what = f"A promise broke within {count} faults."
        return what + self._again

    @property
    def _elsewhere(self) -> str:
        over = [one for _, one in self.carried]
        if not over:
            return ""
        people, longest = sum(one.people for one in over), max(one.longest for one in over)
        return f" With a host gone, {people:,} times somebody was held up, for {longest:.1f} s at most."

    @property
    def _ticked(self) -> str:
        if not self.beside:
            return ""
        longest = max(gap for _, gap in self.beside)
        return (
            f" With this database away, the dashboard of the other one ticked at most {longest:.1f} s apart."
        )

    @property
    def _again(self) -> str:
        drill = self.drill
        only = (
            " --standby" * drill.standby
            + " --patroni" * drill.patroni
            + " --two-databases" * drill.two_databases
            + f" --hosts {drill.hosts}" * (drill.hosts > 1)
            + "".join(f' --only "{kind}"' for kind in drill.only)
        )
        only += " --to-the-end" * drill.to_the_end
        return (
            f" To see it again: networklab drill {drill.study}"
            f" --seed {drill.seed} --faults {drill.faults} --players {drill.players}{only}"
        )

    def as_json(self) -> dict[str, Any]:
        return dict(
            ok=self.kept,
            seed=self.drill.seed,
            faults=self.faults,
            left_out=list(self.left_out),
            carried_over=[
                dict(fault=what, people=over.people, longest=round(over.longest, 3))
                for what, over in self.carried
            ],
            other_database=[dict(fault=what, apart=round(longest, 3)) for what, longest in self.beside],
            verdict=self.sentence,
            sessions=[verdict.as_json() for _, verdict in self.runs],
        )


def run_drill(drill: Drill, processes: int, write: Write) -> Outcome:
    """On a Postgres and a server of its own: nobody's data is touched. Raises RehearsalError, StudyError."""
    known = [*OF_TWO_MACHINES, *patroni_faults.FAULTS] if drill.patroni else [*FAULTS]
    known += host_faults.FAULTS if drill.hosts > 1 else []
    unknown = [kind for kind in drill.only if kind not in known]
    if unknown:
        raise RehearsalError(f"There is no fault “{unknown[0]}”. There are: {', '.join(known)}.")
    asked = drill.patroni, drill.standby, drill.two_databases
    with set_scene(drill.seed, drill.hosts, processes, *asked) as scene:
        there = [*possible(scene)]
        if scene.cluster:
            there += patroni_faults.possible_with(scene.cluster)
        if drill.hosts > 1:
            there += host_faults.possible_with(scene)
        kinds = [kind for kind in there if not drill.only or kind in drill.only]
        left_out = tuple(
            kind for kind in known if kind not in there and (not drill.only or kind in drill.only)
        )
        if not kinds:
            raise RehearsalError(
                f"Not possible here (they need root, Linux, nft and ip): {', '.join(left_out)}."
            )
        runs, ticks = asyncio.run(_run_beside(drill, scene, kinds, write))
        return Outcome(drill, tuple(runs), left_out, tuple(scene.moments), tuple(ticks))


async def _run_beside(
    drill: Drill, scene: Scene, kinds: Sequence[str], write: Write
) -> tuple[list[Run], list[float]]:
    """The runs, and when the dashboard of a session in the other database ticked, if there is one.

    Who looks at it has an account where accounts live: in the database that the faults befall.
    """
    if not scene.beside:
        return await _run(drill, scene, kinds, write), []
    session = await open_rehearsal(scene.beside, drill.study, 2)
    gauges, key = Gauges(scene.base), await log_in_at(scene.url)
    watching = asyncio.create_task(gauges.watch_dashboard(session.session_id, {ADMIN_COOKIE: key}))
    try:
        return await _run(drill, scene, kinds, write), gauges.ticks
    finally:
        watching.cancel()


async def _run(drill: Drill, scene: Scene, kinds: Sequence[str], write: Write) -> list[Run]:
    # Each kind comes up before any comes up again.
    order: list[str] = []
    while len(order) < drill.faults:
        order += scene.chance.sample(kinds, len(kinds))
    order = order[: drill.faults]
    if drill.standby:
        order[scene.chance.randrange(len(order))] = FAILOVER
    runs: list[Run] = []

    async def beside(played: Played, over: asyncio.Event) -> None:
        await _peace(3.0, over)
        while order and not over.is_set():
            kind = order.pop(0)
            write(f"{kind} …")
            played.faults.append((time.monotonic(), kind))
            try:
                await _break(kind, scene)
            except EmbeddedError as error:  # the cluster does not go on
                played.wrongs.append(Wrong(4, f"{kind}: {error}"))
                order.clear()
            if not await scene.ready():
                played.wrongs.append(Wrong(4, f"the server was not ready again after this: {kind}"))
            await _peace(scene.chance.uniform(*GAP), over)
        if not order:  # or whoever has yet to come would be kept out
            until = played.started + (played.plan.over + AT_THE_DOOR) / drill.speed
            await _peace(max(0.0, until - time.monotonic()), over)
        if drill.to_the_end:
            await over.wait()

    while order:
        cast = await open_rehearsal(scene.url, drill.study, drill.players)
        plan = Setting(
            players=drill.players,
            over=max(5.0, drill.players / COME) * drill.speed,
            drop=0.05,
            flaky=0.15,
            speed=drill.speed,
            seed=drill.seed + len(runs),
            patience=LONG_PATIENCE if drill.patroni else PATIENCE,
            moment=LONG_MOMENT if drill.patroni else MOMENT,
        )
        runs.append(await rehearse(cast, plan, scene.base, scene.url, write, beside))
    return runs


async def _break(kind: str, scene: Scene) -> None:
    if scene.cluster and kind in patroni_faults.FAULTS:
        await asyncio.to_thread(patroni_faults.FAULTS[kind], scene.cluster)
    elif kind in host_faults.FAULTS:
        await host_faults.FAULTS[kind](scene)
    else:
        await (lose_the_primary if kind == FAILOVER else FAULTS[kind])(scene)


def _longest_gap(ticks: Sequence[float], at: float, until: float) -> float:
    inside = [at, *(one for one in ticks if at <= one <= until), until]
    return max(later - earlier for earlier, later in pairwise(inside))


def with_silence(played: Played) -> Iterator[tuple[float, str, float]]:
    """When each fault began, what it was, and the longest time until the next one in which nobody got a receipt."""
    told = sorted(told.at for diary in played.diaries for told in diary.told)
    for at, what, until in _spans(played):
        inside = [at, *(one for one in told if at <= one <= until)]
        # What comes after the last of them may be that everybody has finished.
        yield at, what, max((later - earlier for earlier, later in pairwise(inside)), default=0.0)


def _spans(played: Played) -> Iterator[tuple[float, str, float]]:
    """When each fault began, what it was, and when the next one began, or all was over."""
    ends = [*(at for at, _ in played.faults[1:]), played.ended]
    for (at, what), until in zip(played.faults, ends, strict=True):
        yield at, what, until


async def _peace(seconds: float, over: asyncio.Event) -> None:
    try:
        async with asyncio.timeout(seconds):
            await over.wait()
    except TimeoutError:
        pass
