"""A day of a panel in some minutes: sessions that overlap in two databases, of which one fails over meanwhile."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

from app.database.embedded import Postgres
from app.rehearsal.carried_over import present
from app.rehearsal.cast import Rehearsal, open_rehearsal
from app.rehearsal.figures import longest_gap
from app.rehearsal.patroni import NEEDED, PatroniCluster
from app.rehearsal.play import Played, Setting, log_in_at, play
from app.rehearsal.verdict import Verdict, judge
from app.web.processes import allow_many_connections
from tests.bench.alone import alone
from tests.bench.country import NEEDS, Country, founded, held, own_network, possible, say
from tests.bench.estimate import without_waiting
from tests.bench.figure import Chapter, WrongAnswer, percentile, plain, under
from tests.bench.stage import Stage

TITLE = "A day of a panel"
FAILS, STAYS = "main", "east"  # accounts live in the first
WHAT = "the primary's machine was lost"
SENT = {"records", "messages", "moves"}
PATIENCE, MOMENT = (
    150.0,
    120.0,
)  # seconds that pages may stand still, and messages be late, where a database is lost
DOWN = 20.0  # seconds until the machine is back, once the other leads
NEEDS_PATRONI = "Not measured: a database that fails over by itself needs Patroni and etcd."


@dataclass(frozen=True, slots=True)
class Planned:
    """One session of the day. Times in seconds of the bench's."""

    study: str
    database: str
    people: int
    begins: float
    over: float  # in which they come
    speed: float = 4.0  # times as fast as people
    evenly: bool = False


@dataclass(frozen=True, slots=True)
class Day:
    sessions: Sequence[Planned]
    fails_at: float


FULL = Day(
    (
        Planned("rumour", FAILS, 24, 0, 20),
        Planned("commons", STAYS, 24, 0, 15, 6.0),
        Planned("ultimatum", FAILS, 16, 10, 10),
        Planned("survey-game", STAYS, 24, 15, 30, evenly=True),
        Planned("moves", FAILS, 24, 20, 15),
        Planned("beauty", STAYS, 32, 30, 20),
        Planned("crowd", FAILS, 24, 40, 20),
        Planned("rumour", STAYS, 32, 45, 30),
        Planned("colours", FAILS, 16, 50, 10),
        Planned("bargain", STAYS, 12, 60, 10),
        Planned("widgets", FAILS, 20, 70, 60, 2.0, evenly=True),
        Planned("moves", STAYS, 24, 75, 20),
        Planned("commons", FAILS, 24, 80, 20, 6.0),
        Planned("ultimatum", STAYS, 20, 85, 40, evenly=True),
        Planned("survey-game", FAILS, 24, 90, 60, evenly=True),
        Planned("crowd", STAYS, 24, 95, 20),
        Planned("beauty", FAILS, 32, 100, 60, evenly=True),
        Planned("rumour", STAYS, 24, 115, 20),
        Planned("bargain", FAILS, 12, 165, 10),
        Planned("widgets", STAYS, 20, 170, 20, evenly=True),
    ),
    fails_at=110,
)
QUICK = Day(
    (
        Planned("rumour", FAILS, 8, 0, 4, 8.0),
        Planned("ultimatum", FAILS, 4, 1, 4, 8.0),
        Planned("rumour", STAYS, 8, 0, 4, 8.0),
        Planned("widgets", STAYS, 4, 2, 10, 4.0, evenly=True),
    ),
    fails_at=8,
)
HOW = """{sessions} sessions of {studies} studies that come along, with {people} people, as a panel has them in a day,
in a few minutes: people are {speeds} times as fast as people, nobody waits longer than 20 s for a room, and up to
{at_once} sessions go on at the same time. Half of them are in a database of two machines that Patroni looks after
(commits wait for the standby; accounts live here), half in another Postgres; before both are two hosts of the server
with a process each, and HAProxy{machines}. After {fails_at:.0f} s the primary's machine is lost, as one that loses
power; Patroni gives it up after its usual 30 s. {during} sessions with {concerned} people are on in that database then,
and people come to them meanwhile. Nobody is asked to do anything. Afterwards the verdict of a rehearsal is asked of
each session: every receipt is in the export, each message stood once on each page that it was for, everybody came to an
end, `verify` holds; in the other database also that no page stood still for 5 s, that each message was there within 2 s
and that each dashboard ticked every 2 s all along. If anything is lost,
nothing is measured; what was late is told."""


@dataclass(frozen=True, slots=True)
class Failover:
    """Moments on the machine's monotonic clock."""

    lost: float
    led: float  # another is the primary


@dataclass(frozen=True, slots=True)
class Found:
    runs: Sequence[tuple[Planned, Played, Verdict]]
    failover: Failover
    are_machines: bool
    log: str

    def of(self, database: str) -> list[tuple[Planned, Played, Verdict]]:
        return [one for one in self.runs if one[0].database == database]

    @property
    def during(self) -> list[tuple[Planned, Played, Verdict]]:
        """The sessions of the database that was lost which went on at that time."""
        lost = self.failover.lost
        return [one for one in self.of(FAILS) if one[1].started <= lost <= one[1].ended]

    @property
    def at_once(self) -> int:
        return max(
            sum(other.started <= one.started <= other.ended for _, other, _ in self.runs)
            for _, one, _ in self.runs
        )


def run(stage: Stage) -> Chapter:
    if not possible():
        return Chapter(TITLE, (), NEEDS)
    if not all(map(shutil.which, NEEDED)):
        return Chapter(TITLE, (), NEEDS_PATRONI)
    return alone(measure, QUICK if stage.quick else FULL)


def measure(day: Day) -> Chapter:
    allow_many_connections()
    found = _found(day)
    return _chapter(day, found)


def _found(day: Day) -> Found:
    with ExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="networklab-bench-")))
        home.chmod(0o755)  # Postgres may run as another user
        here = stack.enter_context(own_network())
        for name in (FAILS, STAYS, "studies"):
            (home / name).mkdir(mode=0o755)
        cluster = stack.enter_context(PatroniCluster(home / FAILS, here))
        other = stack.enter_context(Postgres(home / STAYS))
        urls = {FAILS: cluster.url, STAYS: other.dsn}
        country = stack.enter_context(founded(home, here, urls))
        say("the server is there")
        played, failover = asyncio.run(_play(country, day, home / "studies", cluster))
        say("it is over; what the bots noted is held against the databases …")
        runs = [(one, its, asyncio.run(judge(its))) for one, its in zip(day.sessions, played, strict=True)]
        return Found(runs, failover, country.are_machines, country.log())


async def _play(
    country: Country, day: Day, studies: Path, cluster: PatroniCluster
) -> tuple[list[Played], Failover]:
    login = await log_in_at(country.databases[FAILS])
    folders = {name: without_waiting(name, studies) for name in {one.study for one in day.sessions}}
    casts = [
        await open_rehearsal(country.databases[one.database], str(folders[one.study]), one.people)
        for one in day.sessions
    ]
    lost = asyncio.Event()
    failing = asyncio.create_task(_fail(cluster, day.fails_at, lost))
    playing = [
        _play_one(country, one, cast, nth, login, lost)
        for nth, (one, cast) in enumerate(zip(day.sessions, casts, strict=True))
    ]
    played = await asyncio.gather(*playing)
    return list(played), await failing


async def _play_one(
    country: Country, one: Planned, cast: Rehearsal, nth: int, login: str, lost: asyncio.Event
) -> Played:
    await asyncio.sleep(one.begins)  # the day's own pace
    fails = one.database == FAILS
    plan = Setting(over=one.over * one.speed, speed=one.speed, seed=nth + 1, evenly=one.evenly)
    if fails:
        plan = replace(plan, patience=PATIENCE, moment=MOMENT)

    async def beside(played: Played, over: asyncio.Event) -> None:
        """That it was lost while they played is noted."""
        ending, losing = (asyncio.create_task(event.wait()) for event in (over, lost))
        began_before = not lost.is_set()
        await asyncio.wait([ending, losing], return_when=asyncio.FIRST_COMPLETED)
        if began_before and lost.is_set():
            played.faults.append((time.monotonic(), WHAT))
        losing.cancel()
        await ending

    url = country.databases[one.database]
    played = await play(cast, plan, country.doors[0], url, beside=beside if fails else None, login=login)
    say(f"`{one.study}` with {one.people} in {one.database} is over")
    return played


async def _fail(cluster: PatroniCluster, after: float, lost: asyncio.Event) -> Failover:
    """As drill does it: the machine loses power, the other takes over, and it comes back as one that was repaired."""
    await asyncio.sleep(after)  # the day's own pace
    machine = await asyncio.to_thread(cluster.primary)
    at = time.monotonic()
    lost.set()
    await asyncio.to_thread(cluster.kill, machine)
    say(WHAT)
    await asyncio.to_thread(cluster.until_led_by, cluster.other(machine))
    led = time.monotonic()
    await asyncio.sleep(DOWN)  # so long it is being repaired
    cluster.start(machine)
    await asyncio.to_thread(cluster.until_whole)
    return Failover(at, led)


def _chapter(day: Day, found: Found) -> Chapter:
    """What broke is told before any figure is made of it, which may be of nothing then."""
    promises, broke = held([verdict for _, _, verdict in found.runs], found.log)
    lost, led = found.failover.lost, found.failover.led
    if not present([diary for _, one, _ in found.of(FAILS) for diary in one.diaries], lost, led):
        raise WrongAnswer(
            f"`{FAILS}` was lost while nobody was there: let people come earlier, or for longer"
        )
    receipts = sorted(
        told.at for _, one, _ in found.of(FAILS) for diary in one.diaries for told in diary.told
    )
    held_from, held_until = held_up(receipts, lost)
    until = held_until + 5.0
    elsewhere = [one for _, one, _ in found.of(STAYS)]
    answers = list(taken_by_answers(elsewhere, 0.0, lost))
    meanwhile = list(taken_by_answers(elsewhere, lost, until))
    ticks = [ticks_apart(one, lost, until) for one in elsewhere if one.started < until and one.ended > lost]
    figures = (
        promises,
        plain("sessions", [len(found.runs)], "sessions"),
        plain("people", [sum(len(one.diaries) for _, one, _ in found.runs)], "people"),
        plain("receipts found in the export", [_summed(found, "receipts found in the export")], "receipts"),
        plain("messages acknowledged", [_summed(found, "messages acknowledged")], "messages"),
        plain(f"`{FAILS}` is lost: another leads after", [found.failover.led - lost], "s"),
        plain("… the longest time without a receipt there, lulls included", [held_until - held_from], "s"),
        plain(
            "… the longest answer there",
            [_most(taken_by_answers([o for _, o, _ in found.of(FAILS)], lost, until + 60))],
            "s",
        ),
        under(f"`{STAYS}` meanwhile: longest gap between two ticks of any dashboard", [max(ticks)], "s", 2),
        under("… the longest answer", [_most(meanwhile)], "s", 2),
        plain("… answer, p50", [1000 * percentile(meanwhile, 0.5)], "ms"),
        plain("… answer, p99", [1000 * percentile(meanwhile, 0.99)], "ms"),
        plain(f"`{STAYS}` before: answer, p50", [1000 * percentile(answers, 0.5)], "ms"),
        plain("… answer, p99", [1000 * percentile(answers, 0.99)], "ms"),
        plain(
            "… longest gap between two ticks of any dashboard, all day",
            [max(map(longest_gap, elsewhere))],
            "s",
        ),
    )
    how = HOW.format(
        sessions=len(found.runs),
        studies=len({one.study for one in day.sessions}),
        people=sum(len(one.diaries) for _, one, _ in found.runs),
        speeds=f"{min(one.speed for one in day.sessions):g} to {max(one.speed for one in day.sessions):g}",
        at_once=found.at_once,
        fails_at=day.fails_at,
        machines="; all of these are machines with networks of their own" if found.are_machines else "",
        during=len(found.during),
        concerned=sum(len(one.diaries) for _, one, _ in found.during),
    )
    return Chapter(TITLE, figures, how + broke)


def held_up(moments: Sequence[float], since: float) -> tuple[float, float]:
    """The longest time between two of them, from the last one before `since` on."""
    before = [one for one in moments if one <= since][-1:]
    return max(
        pairwise([*before, *(one for one in moments if one > since)]), key=lambda pair: pair[1] - pair[0]
    )


def taken_by_answers(played: Sequence[Played], since: float, until: float) -> Iterator[float]:
    """Seconds that each form took that was on its way between these moments."""
    for one in played:
        for diary in one.diaries:
            for ask in diary.asks:
                if ask.kind in SENT and ask.at <= until and ask.at + ask.seconds >= since:
                    yield ask.seconds


def _most(found: Iterator[float] | Sequence[float]) -> float:
    return max(found, default=0.0)


def ticks_apart(played: Played, since: float, until: float) -> float:
    since, until = max(since, played.started), min(until, played.ended)
    marks = [since, *(tick for tick in played.gauges.ticks if since <= tick <= until), until]
    return max(later - earlier for earlier, later in pairwise(marks))


def _summed(found: Found, name: str) -> float:
    return sum(verdict.figures.get(name, 0.0) for _, _, verdict in found.runs)
