"""A study for a whole country: five thousand people within ten minutes, over two hosts and two databases."""

from __future__ import annotations

import asyncio
import re
import shutil
import tempfile
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from app.database.embedded import Postgres
from app.rehearsal.cast import open_rehearsal
from app.rehearsal.figures import latencies, longest_gap
from app.rehearsal.gauges import Sample
from app.rehearsal.play import Played, Setting, log_in_at, play
from app.rehearsal.troupe import Heard
from app.rehearsal.verdict import Verdict, judge
from app.rehearsal.waiting import LeftOver
from app.study.reading import read_folder
from app.web.processes import allow_many_connections
from tests.bench.alone import alone
from tests.bench.country import BUSY, NEEDS, Country, Meter, founded, held, own_network, possible, say
from tests.bench.figure import Chapter, Figure, WrongAnswer, at_least, percentile, plain, under
from tests.bench.stage import Stage
from tests.bench.waiting import Room, Waited, pages_in_lobbies
from tests.house.house import House
from tests.house.studies import RUMOUR, changed

TITLE = "A country in ten minutes"
DATABASES = ("main", "east")
EACH = 1  # session in each of them
ENTRY = {"age": "34", "news": "Every week"}
PEOPLE = "the people who play, and this program"
TELL = 10.0  # seconds between two lines of progress


@dataclass(frozen=True, slots=True)
class Crowd:
    people: int = 5000
    over: float = 600.0  # seconds in which they come
    waiting: int = 9400  # pages in a lobby
    pages: int = 10_000  # that are open at once, at least
    rounds: int = 5  # of the thirty
    slower: float = 1.0  # times as long as people think


@dataclass(frozen=True, slots=True)
class Found:
    runs: Sequence[tuple[Played, Verdict]]
    meter: Meter
    waited: Waited
    are_machines: bool
    log: str


QUICK = Crowd(people=32, over=4.0, waiting=20, pages=60, rounds=2, slower=0.1)
HOW = """{people:,} people come one after the other within {over:.0f} s, to {sessions} sessions of `studies/rumour`
with {rounds} of its thirty rounds and a fallback after 30 s, {each} in each of two databases (`DATABASE_URLS`; each a
Postgres without a standby, both on the same disk). Each keeps its page open in two tabs to the end, and thinks {slower}
as people do. {waiting:,} others wait in the lobbies of two more sessions all the while, a page each. All of it goes
through two HAProxys, with the settings of docs/scale.md, to two hosts of the server with a process each{machines}.
Afterwards the verdict of a rehearsal is asked of each session: every receipt is in the export, every message stood
once, in order, on each page that it was for and on no other, everybody came to an end and saw its code, the dashboard
ticked, `verify` holds; and no page in a lobby may have lost its stream. If anything is lost,
nothing is measured; what was late is told. Everything is on
this machine, the people included: *cores* are what each part took in the minute in which all took most. How it ended:
{ends}."""


def run(stage: Stage) -> Chapter:
    if not possible():
        return Chapter(TITLE, (), NEEDS)
    return alone(measure, QUICK if stage.quick else Crowd())


def measure(crowd: Crowd) -> Chapter:
    allow_many_connections()
    found = _found(crowd)
    if found.waited.ended:
        raise WrongAnswer(f"{found.waited.ended} pages of the lobby lost their stream\n{found.log}")
    return _chapter(crowd, found)


def _found(crowd: Crowd) -> Found:
    with ExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="networklab-bench-")))
        home.chmod(0o755)  # Postgres may run as another user
        here = stack.enter_context(own_network())
        clusters = {}
        for name in DATABASES:
            (home / name).mkdir(mode=0o755)
            clusters[name] = stack.enter_context(Postgres(home / name))
        urls = {name: one.dsn for name, one in clusters.items()}
        country = stack.enter_context(founded(home, here, urls, doors=len(DATABASES)))
        say("the server is there")
        study = rumour_for(home, crowd)
        with pages_in_lobbies(_lobbies(country, study, crowd), ENTRY) as lobby:
            parts = {
                "the two server processes": [one.serve.pid for one in country.hosts if one.serve],
                **{f"Postgres `{name}`": [one.pid] for name, one in clusters.items() if one.pid},
                "the two HAProxys": country.proxies,
                "pages in the lobby": [lobby.pid],
            }
            say(f"{crowd.waiting:,} wait in the lobbies")
            meter = Meter(parts, PEOPLE)
            played = asyncio.run(_play(country, crowd, study, meter))
        say("it is over; what the bots noted is held against the databases …")
        runs = [(one, asyncio.run(judge(one))) for one in played]
        return Found(runs, meter, lobby.waited[0], country.are_machines, country.log())


def rumour_for(home: Path, crowd: Crowd) -> Path:
    """`studies/rumour` with fewer rounds, each as much longer as people think longer."""
    study = home / "rumour"
    shutil.copytree(RUMOUR, study)
    toml = (RUMOUR / "study.toml").read_text()
    for old, new in (
        ("repeat = 30", f"repeat = {crowd.rounds}"),
        ('limit  = "40s"', f'limit = "{max(40 * crowd.slower, 5):.0f}s"'),
        ('max_wait = "6m"', f'max_wait = "{max(120 * crowd.slower, 5):.0f}s"'),
        ('after = "90s"', f'after = "{min(30 * crowd.slower, 30):.0f}s"'),
    ):
        toml = changed(toml, old, new)
    (study / "study.toml").write_text(toml)
    return study


def _lobbies(country: Country, study: Path, crowd: Crowd) -> list[Room]:
    """A session in each database whose door is open and in which nobody is seated yet."""
    found = []
    for (name, url), base in zip(country.databases.items(), country.doors, strict=True):
        files = read_folder(study)
        files["study.toml"] = re.sub(rb'max_wait = "\w+"', b'max_wait = "1h"', files["study.toml"])
        session = House(url, study.parent / name).open_files(
            files, {"red": crowd.waiting // len(DATABASES)}, start=False
        )
        found.append(Room(base, list(session.tokens.values())))
    return found


async def _play(country: Country, crowd: Crowd, study: Path, meter: Meter) -> list[Played]:
    """All sessions at the same time."""
    urls = [url for url in country.databases.values() for _ in range(EACH)]
    login = await log_in_at(urls[0])
    casts = [await open_rehearsal(url, str(study), crowd.people // len(urls)) for url in urls]
    heard: dict[int, Heard] = {}
    metering = asyncio.create_task(meter.run())
    telling = asyncio.create_task(_tell(heard, meter))

    async def one(nth: int) -> Played:
        plan = Setting(
            over=crowd.over / crowd.slower,
            speed=1 / crowd.slower,
            seed=nth + 1,
            evenly=True,
            tabs=True,
            drop=0.02,
        )

        def show(news: Heard, seconds: float, waiting: LeftOver) -> None:
            heard[nth] = news

        door = country.doors[nth % len(country.doors)]
        return await play(casts[nth], plan, door, urls[nth], show, login=login)

    try:
        return list(await asyncio.gather(*(one(nth) for nth in range(len(urls)))))
    finally:
        metering.cancel()
        telling.cancel()


async def _tell(heard: Mapping[int, Heard], meter: Meter) -> None:
    """How far it is, now and then."""
    started = time.monotonic()
    while True:
        await asyncio.sleep(TELL)  # the pace at which it is told
        came, playing, done, records = (
            sum(getattr(one, what) for one in heard.values())
            for what in ("came", "playing", "done", "records")
        )
        say(
            f"{time.monotonic() - started:.0f} s: {came:,} came, {playing:,} play, {done:,} at their end,"
            f" {records:,} records; {meter.lately(TELL)}"
        )


def _chapter(crowd: Crowd, found: Found) -> Chapter:
    """What broke is told before any figure is made of it, which may be of nothing then."""
    played, verdicts = [one for one, _ in found.runs], [verdict for _, verdict in found.runs]
    promises, broke = held(verdicts, found.log)
    diaries = [diary for one in played for diary in one.diaries]
    came = [diary.came for diary in diaries if diary.came is not None]
    answers = [1000 * one for one in latencies(diaries, "records")]
    forms = sum(len(latencies(diaries, kind)) for kind in ("records", "messages"))
    seconds = max(one.ended for one in played) - min(came)

    def summed(name: str) -> float:
        return sum(verdict.figures.get(name, 0.0) for verdict in verdicts)

    def worst(name: str) -> list[float]:
        return [1000 * max(verdict.figures.get(name, 0.0) for verdict in verdicts)]

    streams = [_streams(one) for one in played[0].gauges.samples]
    figures: list[Figure] = [
        promises,
        plain("came", [len(came)], "people"),
        plain("… a second, while they came", [len(came) / max(max(came) - min(came), 1)], "people/s"),
        plain("… seated", [summed("players seated")], "people"),
        at_least("pages open at once", [max(streams)], "pages", crowd.pages),
        plain("forms acknowledged", [forms], "forms"),
        plain("… a second, from the first link to the last code", [forms / seconds], "forms/s"),
        plain("receipts found in the export", [summed("receipts found in the export")], "receipts"),
        plain("sign-in, p95 of the slowest session", worst("sign-in, 95%"), "ms"),
        plain("answer to a form, p50", [percentile(answers, 0.5)], "ms"),
        under("… p99", [percentile(answers, 0.99)], "ms", 1000),
        under("next page, p99 of the slowest session", worst("next page, 99%"), "ms", 1000),
        under("a message is seen, p99 of the slowest session", worst("message seen, 99%"), "ms", 1000),
        under("longest gap between two ticks of any dashboard", [max(map(longest_gap, played))], "s", 2),
        plain("a page in the lobby heard nothing for at most", [found.waited.longest], "s"),
        plain(
            "memory of a server process, most",
            [max(verdict.figures["memory of a process, most"] for verdict in verdicts)],
            "MB",
        ),
    ]
    meter = found.meter
    for part in meter.used:
        figures.append(plain(f"{part}: cores in the busiest minute", [meter.cores(part, BUSY)], "cores"))
    figures += [
        plain(f"{part}: memory, most", [most], "MB")
        for part, most in meter.memory.items()
        if "Postgres" in part
    ]
    return Chapter(TITLE, tuple(figures), _how(crowd, found) + broke)


def _memory(verdict: Verdict) -> float:
    return verdict.figures["memory of a process, most"]


def _streams(sample: Sample) -> int:
    return sum(process.streams for process in (sample.processes or {}).values())


def _how(crowd: Crowd, found: Found) -> str:
    ends: Counter[str] = Counter()
    for _, verdict in found.runs:
        ends.update(verdict.ends.counts)
    pace = "as long" if crowd.slower == 1 else f"{crowd.slower:g} times as long"
    return HOW.format(
        people=crowd.people,
        over=crowd.over,
        sessions=EACH * len(DATABASES),
        each=EACH,
        rounds=crowd.rounds,
        slower=pace,
        waiting=crowd.waiting,
        machines=", which have networks of their own" if found.are_machines else "",
        ends=", ".join(f"`{end}` {many:,}" for end, many in ends.most_common()),
    )
