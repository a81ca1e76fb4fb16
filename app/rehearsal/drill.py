"""The drill: a rehearsal in which, at random moments from a seed, things go wrong; then nothing may be lost."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from app.config import PACKAGE
from app.database.embedded import EmbeddedError, Postgres
from app.database.running import kept_running, migrate_at
from app.rehearsal import patroni_faults
from app.rehearsal.cast import RehearsalError, open_rehearsal
from app.rehearsal.diary import Wrong
from app.rehearsal.faults import (
    FAILOVER,
    FAULTS,
    OF_TWO_MACHINES,
    Scene,
    leave_the_network,
    lose_the_primary,
    possible,
    small_disk,
)
from app.rehearsal.patroni import PatroniCluster
from app.rehearsal.patroni_faults import possible_with
from app.rehearsal.play import Played, Setting
from app.rehearsal.rehearse import Run, Write, rehearse
from app.rehearsal.standby import StandbyPostgres, kill_machine
from app.web.processes import free_port

SETTINGS = {"max_wal_size": "256MB", "min_wal_size": "80MB"}  # for a small disk
PATIENCE, MOMENT = (
    45.0,
    15.0,
)  # seconds: pages may stand still, and messages be late, for as long as a fault lasts
LONG_PATIENCE, LONG_MOMENT = (
    150.0,
    120.0,
)  # the same where Patroni waits for half a minute before it does anything
SILENCE = 5.0  # seconds without an acknowledged answer that are told
GAP = (0.5, 3.0)  # seconds of peace between two faults


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
    only: tuple[str, ...] = ()  # kinds of faults, by their names; none: all that are possible here
    to_the_end: bool = False  # people play on after the last fault, and are to come to their ends


@dataclass(frozen=True, slots=True)
class Outcome:
    drill: Drill
    runs: tuple[Run, ...]
    left_out: tuple[str, ...]  # kinds of faults that are not possible here

    @property
    def faults(self) -> list[str]:
        return [what for played, _ in self.runs for _, what in played.faults]

    @property
    def kept(self) -> bool:
        return all(verdict.kept for _, verdict in self.runs)

    def __str__(self) -> str:
        lines = []
        for played, verdict in self.runs:
            lines.append(f"session {verdict.session_id}:")
            for at, what, still in with_silence(played):
                away = f", and for {still:.0f} s no answer was acknowledged" if still >= SILENCE else ""
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
        drill, count = self.drill, len(self.faults)
        receipts = sum(len(diary.told) for played, _ in self.runs for diary in played.diaries)
        if self.kept:
            return (
                f"{count} faults, and nothing was lost: {receipts:,} receipts are all in the export, each message"
                " was seen once by whom it was for, nobody was stuck, nobody was seated twice."
            )
        only = (
            " --standby" * drill.standby
            + " --patroni" * drill.patroni
            + "".join(f' --only "{kind}"' for kind in drill.only)
        )
        only += " --to-the-end" * drill.to_the_end
        return (
            f"A promise broke within {count} faults. To see it again: networklab drill {drill.study}"
            f" --seed {drill.seed} --faults {drill.faults} --players {drill.players}{only}"
        )

    def as_json(self) -> dict[str, Any]:
        return dict(
            ok=self.kept,
            seed=self.drill.seed,
            faults=self.faults,
            left_out=list(self.left_out),
            verdict=self.sentence,
            sessions=[verdict.as_json() for _, verdict in self.runs],
        )


def run_drill(drill: Drill, processes: int, write: Write) -> Outcome:
    """On a Postgres and a server of its own: nobody's data is touched. Raises RehearsalError, StudyError."""
    known = [*OF_TWO_MACHINES, *patroni_faults.FAULTS] if drill.patroni else [*FAULTS]
    unknown = [kind for kind in drill.only if kind not in known]
    if unknown:
        raise RehearsalError(f"There is no fault “{unknown[0]}”. There are: {', '.join(known)}.")
    with _scene(drill, processes) as scene:
        there = [*possible(scene), *(possible_with(scene.cluster) if scene.cluster else ())]
        kinds = [kind for kind in there if not drill.only or kind in drill.only]
        left_out = tuple(
            kind for kind in known if kind not in there and (not drill.only or kind in drill.only)
        )
        if not kinds:
            raise RehearsalError(
                f"Not possible here (they need root, Linux, nft and ip): {', '.join(left_out)}."
            )
        return Outcome(drill, tuple(asyncio.run(_run(drill, scene, kinds, write))), left_out)


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
        if drill.to_the_end:
            await over.wait()

    while order:
        cast = await open_rehearsal(scene.url, drill.study, drill.players)
        plan = Setting(
            players=drill.players,
            over=5.0 * drill.speed,
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
    else:
        await (lose_the_primary if kind == FAILOVER else FAULTS[kind])(scene)


def with_silence(played: Played) -> Iterator[tuple[float, str, float]]:
    """When each fault began, what it was, and the longest time until the next one in which nobody got a receipt."""
    told = sorted(told.at for diary in played.diaries for told in diary.told)
    for (at, what), until in zip(
        played.faults, [*(at for at, _ in played.faults[1:]), played.ended], strict=True
    ):
        inside = [at, *(one for one in told if at <= one <= until)]
        # What comes after the last of them may be that everybody has finished.
        yield at, what, max((later - earlier for earlier, later in pairwise(inside)), default=0.0)


async def _peace(seconds: float, over: asyncio.Event) -> None:
    try:
        async with asyncio.timeout(seconds):
            await over.wait()
    except TimeoutError:
        pass


@contextmanager
def _scene(drill: Drill, processes: int) -> Iterator[Scene]:
    own_network = leave_the_network()
    with tempfile.TemporaryDirectory(prefix="networklab-drill-") as folder:
        home = Path(folder) / "disk"
        home.mkdir()
        for part in (home.parent, home):
            part.chmod(0o755)  # Postgres may run as another user
        with ExitStack() as stack:
            small = stack.enter_context(small_disk(home))
            postgres = cluster = standby = None
            if drill.patroni:
                cluster = stack.enter_context(PatroniCluster(home, own_network))
                url = cluster.url
            else:
                postgres = stack.enter_context(Postgres(home, SETTINGS))
                standby = stack.enter_context(_standby(home, postgres)) if drill.standby else None
                url = standby.both if standby else postgres.dsn
            asyncio.run(migrate_at(url))
            port = free_port()
            with (home / "server.log").open("wb") as log:
                serve = subprocess.Popen(
                    [
                        sys.executable,
                        "-P",
                        "-m",
                        "app",
                        "serve",
                        "--port",
                        str(port),
                        "--processes",
                        str(processes),
                    ],
                    env=_environ() | {"DATABASE_URL": url, "PYTHONPATH": str(PACKAGE.parent)},
                    stdout=log,
                    stderr=log,
                    start_new_session=True,
                )
            scene = Scene(
                postgres=postgres,
                serve=serve,
                base=f"http://127.0.0.1:{port}",
                url=url,
                home=home,
                chance=random.Random(drill.seed),
                standby=standby,
                own_network=own_network,
                small_disk=small,
                cluster=cluster,
            )
            if postgres:
                stack.enter_context(kept_running(lambda: scene.postgres))
            try:
                if not asyncio.run(scene.ready()):
                    raise RehearsalError(f"The server did not start: {_last_line(home / 'server.log')}")
                yield scene
            finally:
                serve.send_signal(signal.SIGTERM)
                serve.wait(30)


@contextmanager
def _standby(home: Path, primary: Postgres) -> Iterator[StandbyPostgres]:
    """A synchronous one, beside its primary."""
    folder = home / "standby"
    folder.mkdir()
    folder.chmod(0o755)
    standby = StandbyPostgres(folder, primary)
    with standby:
        standby.keep_in_step()
        try:
            yield standby
        finally:
            # Whoever is left: a primary that waits for its standby would not end.
            for one in (standby, primary):
                kill_machine(one)


def _environ() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name != "NETWORKLAB_LISTENER_URL"}


def _last_line(file: Path) -> str:
    return file.read_text(errors="replace").strip().rpartition("\n")[2] or "it said nothing"
