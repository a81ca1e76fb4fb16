"""The drill: a rehearsal in which, at random moments from a seed, things go wrong; then nothing may be lost."""

from __future__ import annotations

import asyncio
import time
from asyncio import FIRST_COMPLETED, FIRST_EXCEPTION
from dataclasses import dataclass, field, replace
from subprocess import SubprocessError

from app.database.connections import FAULTS
from app.database.embedded import EmbeddedError
from app.rehearsal.cast import Rehearsal, RehearsalError, open_rehearsal
from app.rehearsal.coming_back import asked_again
from app.rehearsal.diary import Wrong
from app.rehearsal.drilled import Drill, Outcome
from app.rehearsal.drilled_database import DrilledDatabase
from app.rehearsal.gauges import Gauges
from app.rehearsal.incidents import Incident, bring_about, in_turns, known, possible
from app.rehearsal.other_programs import OtherPrograms
from app.rehearsal.patroni import UP_SECONDS
from app.rehearsal.play import Played, Setting, log_in_at
from app.rehearsal.rehearse import Run, Write, rehearse
from app.rehearsal.scene import Scene, set_scene
from app.web.auth import ADMIN_COOKIE

# Seconds: pages may stand still, and messages be late, for as long as a fault lasts
PATIENCE, MOMENT = 45.0, 15.0
# The same where Patroni waits for half a minute before it does anything, and has this long to bring a cluster back
LONG_PATIENCE, LONG_MOMENT = UP_SECONDS, 120.0
BROKE = (EmbeddedError, SubprocessError, *FAULTS)  # all that a fault may end with which goes wrong itself
COME = 20.0  # people a second: no herd, which would be a fault of its own
PEACE = 3.0  # seconds before the first fault
GAP = (0.5, 3.0)  # seconds of peace between two
AT_THE_DOOR = 35.0  # seconds that a slow one takes for the form there


def run_drill(drill: Drill, processes: int, write: Write) -> Outcome:
    """On databases and a server of its own: nobody's data is touched. Raises RehearsalError, StudyError."""
    all_kinds = [kind for kind in known(drill.patroni, drill.hosts) if not drill.only or kind in drill.only]
    if unknown := [kind for kind in drill.only if kind not in all_kinds]:
        there_are = ", ".join(known(drill.patroni, drill.hosts))
        raise RehearsalError(f"There is no fault “{unknown[0]}”. There are: {there_are}.")
    asked = drill.patroni, drill.standby, drill.two_databases
    with set_scene(drill.seed, drill.hosts, processes, *asked) as scene:
        there = [*possible(scene)]
        kinds = [kind for kind in there if kind in all_kinds]
        left_out = tuple(kind for kind in all_kinds if kind not in there)
        if not kinds:
            raise RehearsalError(
                f"Not possible here (they need root, Linux, nft and ip): {', '.join(left_out)}."
            )
        under_way = DrillUnderWay(drill, scene, in_turns(scene, kinds, drill.faults, drill.standby), write)
        asyncio.run(under_way.go())
        return under_way.outcome(left_out)


@dataclass(slots=True)
class DrillUnderWay:
    """One session after another in each database, and faults meanwhile.

    What must not be disturbed holds `quiet`: a fault until the server is ready again, a session while it is opened, and
    while it is closed and held against the database.
    """

    drill: Drill
    scene: Scene
    order: list[tuple[str, str]]  # what is to come: a kind, and the database that it befalls
    write: Write
    quiet: asyncio.Lock = field(default_factory=asyncio.Lock)
    over: asyncio.Event = field(default_factory=asyncio.Event)  # all have come
    playing: dict[str, Played] = field(default_factory=dict)  # by database
    runs: dict[str, list[Run]] = field(default_factory=dict)  # … in turn
    incidents: list[Incident] = field(default_factory=list)
    watched: dict[str, Gauges] = field(default_factory=dict)
    others: OtherPrograms = field(init=False)

    def __post_init__(self) -> None:
        databases = self.scene.databases
        self.others = OtherPrograms(lambda: [pid for one in databases for pid in one.postmasters()])

    async def go(self) -> None:
        """Raises what the first of its parts raises; the others are stopped then."""
        databases = self.scene.databases
        self.runs = {one.name: [] for one in databases}
        watching = [await self._watch(one) for one in databases if one.name]
        watching.append(asyncio.create_task(self.others.watch()))
        # `quiet` goes by turns: the first fault comes when everybody plays.
        parts = [asyncio.create_task(self._play_on(nth)) for nth in range(len(databases))]
        parts.append(asyncio.create_task(self._befall()))
        try:
            done, _ = await asyncio.wait(parts, return_when=FIRST_EXCEPTION)
        finally:
            for task in [*watching, *parts]:
                task.cancel()
            await asyncio.wait([*watching, *parts])
        for task in [*watching, *done]:
            if not task.cancelled() and (error := task.exception()):
                raise error

    def outcome(self, left_out: tuple[str, ...]) -> Outcome:
        ended = max(played.ended for runs in self.runs.values() for played, _ in runs)
        untils = [*(one.at for one in self.incidents[1:]), ended]
        return Outcome(
            self.drill,
            self.runs,
            tuple(replace(one, until=until) for one, until in zip(self.incidents, untils, strict=True)),
            left_out,
            tuple(self.scene.moments),
            {name: gauges.ticks for name, gauges in self.watched.items()},
            self.others.seconds,
        )

    async def _befall(self) -> None:
        async with self.quiet:
            await asyncio.sleep(PEACE)
        while self.order:
            async with self.quiet:
                kind, name = self.order.pop(0)
                await self._befall_once(Incident(time.monotonic(), kind, name))
            await asyncio.sleep(self.scene.chance.uniform(*GAP))
        self.over.set()

    async def _befall_once(self, incident: Incident) -> None:
        self.write(f"{incident} …")
        self.incidents.append(incident)
        wrong = ""
        for played in self.playing.values():
            played.faults.append((incident.at, str(incident)))
        try:
            await bring_about(self.scene, incident.what, incident.database)
        except BROKE as error:  # it does not go on, or nothing came of it
            wrong = f"{incident}: {error}"
            self.order.clear()
        if not await self.scene.ready():
            wrong = wrong or f"the server was not ready again after this: {incident}"
        for played in self.playing.values() if wrong else ():
            played.wrongs.append(Wrong(4, wrong))

    async def _play_on(self, nth: int) -> None:
        """Session after session, for as long as there are faults."""
        database, seed = self.scene.databases[nth], self.drill.seed + 1000 * nth
        players = self._players(nth)
        plan = Setting(
            players=players,
            over=max(5.0, players / COME) * self.drill.speed,
            drop=0.05,
            flaky=0.15,
            speed=self.drill.speed,
            patience=LONG_PATIENCE if self.drill.patroni else PATIENCE,
            moment=LONG_MOMENT if self.drill.patroni else MOMENT,
        )

        holds = False  # `quiet`

        async def beside(played: Played, ended: asyncio.Event) -> None:
            nonlocal holds
            self.playing[database.name] = played
            self.quiet.release()
            holds = False
            try:
                await self._until_all_have_come(played, ended)
            finally:
                del self.playing[database.name]
            holds = await self.quiet.acquire()

        runs = self.runs[database.name]
        holds = await self.quiet.acquire()
        # Who is stopped while it waits for `quiet` has none to release, which is somebody else's by then.
        try:
            while not self.over.is_set():
                cast = await self._open(database, players)
                setting, login = replace(plan, seed=seed + len(runs)), await self._log_in() if nth else None
                runs.append(
                    await rehearse(
                        cast, setting, self.scene.base, database.url, self._say(database), beside, login
                    )
                )
        finally:
            if holds:
                self.quiet.release()

    async def _until_all_have_come(self, played: Played, ended: asyncio.Event) -> None:
        """All faults, and after the last of them all people; or until everybody in the session is at their end."""
        ending = asyncio.create_task(ended.wait())
        all_came = asyncio.create_task(self.over.wait())
        try:
            await asyncio.wait(
                [ending] if self.drill.to_the_end else [ending, all_came], return_when=FIRST_COMPLETED
            )
            # Or whoever has yet to come would be kept out.
            until = played.started + (played.plan.over + AT_THE_DOOR) / self.drill.speed
            await asyncio.wait([ending], timeout=max(0.0, until - time.monotonic()))
        finally:
            for task in (ending, all_came):
                task.cancel()

    def _players(self, nth: int) -> int:
        """Of two databases each has half of the people."""
        databases = len(self.scene.databases)
        return (self.drill.players + databases - 1 - nth) // databases

    def _say(self, database: DrilledDatabase) -> Write:
        if not database.name:
            return self.write
        return lambda line: self.write(f"{line} · {database.name}" if line else "")

    async def _open(self, database: DrilledDatabase, players: int) -> Rehearsal:
        """A cluster may fail over at any time, and not only when it is made to."""
        return await asked_again(
            lambda: open_rehearsal(database.url, self.drill.study, players), LONG_PATIENCE
        )

    async def _watch(self, database: DrilledDatabase) -> asyncio.Task[None]:
        """A dashboard of a session that nobody plays in, by an account where those live."""
        session = await self._open(database, 2)
        gauges = self.watched[database.name] = Gauges(self.scene.base)
        cookie = {ADMIN_COOKIE: await self._log_in()}
        return asyncio.create_task(gauges.watch_dashboard(session.session_id, cookie))

    async def _log_in(self) -> str:
        """Where accounts live."""
        return await asked_again(lambda: log_in_at(self.scene.databases[0].url), LONG_PATIENCE)
