"""The researcher's whole game: 700 people from their links to their codes, as fast as it goes and in real time."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

from app.rehearsal.cast import open_rehearsal
from app.rehearsal.figures import latencies, longest_gap, seen_after
from app.rehearsal.play import Played, Setting, play
from app.rehearsal.verdict import Verdict, judge
from tests.bench.figure import Chapter, Figure, WrongAnswer, percentile, plain, under
from tests.bench.stage import PROCESSES, Stage
from tests.house.house import House
from tests.house.server import Server
from tests.house.studies import RUMOUR

PEOPLE, RECORDS, MESSAGES = 700, 150, 14.5
FAST = Setting(
    players=PEOPLE,
    over=0.0,
    messages=MESSAGES,
    drop=0.0,
    flaky=0.0,
    speed=float("inf"),
    seed=1,
    at_most=300.0,
)
REAL = Setting(players=PEOPLE, over=240.0, messages=MESSAGES, drop=0.05, flaky=0.05, seed=2)
HOW_FAST = f"""{PEOPLE} bots of the rehearsal play `studies/rumour` with a fallback that is open from the start:
30 rounds of five questions ({PEOPLE * RECORDS:,} records) and about 10,000 messages, each bot with its page open,
none of them taking any time to think. The time goes from the first link that is opened to the last code. Then
the rehearsal's verdict is asked: every receipt is in the export, every message stood once, in order, on the pages
that it was for and on no other, `verify` holds; if not, nothing is measured. The bots are one Python process,
which is what takes most of the processors."""
HOW_REAL = f"""The same in real time, with `studies/rumour` as it stands: {PEOPLE} bots come within four minutes, half
of them in the first 80 seconds; they think for 2 to 8 seconds at each question, some longer; 5% leave for good and 5%
have bad connections; phones lock, people click twice and go back. It is over when the last has their code. An
answer's time goes from the click to the receipt; a message's, from the click of its sender to the neighbour's
page. The same verdict is asked for at the end."""


def run(stage: Stage) -> Chapter:
    plan = replace(FAST, players=80) if stage.quick else FAST
    with stage.house("game") as house:
        server = house.serve(processes=PROCESSES)
        study = with_open_fallback(house.folder)
        runs = [played_well(house, server, study, plan) for _ in range(1 if stage.quick else 2)]
        server.stop()
    records = plan.players * RECORDS
    what = f"{plan.players} people, {records:,} records, as fast as it goes"
    figures: list[Figure] = [
        under(
            f"{what}: from the first link to the last code",
            [one.ended - one.started for one, _ in runs],
            "s",
            60,
        ),
        plain("messages", [verdict.figures["messages acknowledged"] for _, verdict in runs], "messages"),
        plain(
            "records a second, busiest",
            [v.figures["records a second, busiest"] for _, v in runs],
            "records/s",
        ),
        *_latencies([one for one, _ in runs], None, None),
    ]
    return Chapter("The whole game, as fast as it goes", tuple(figures), HOW_FAST)


def run_day(stage: Stage) -> Chapter:
    plan = replace(REAL, players=60, over=100.0, speed=10.0) if stage.quick else REAL
    with stage.house("day") as house:
        server = house.serve(processes=PROCESSES)
        study = with_open_fallback(house.folder) if stage.quick else RUMOUR
        one, verdict = played_well(house, server, study, plan)
        server.stop()
    figures: list[Figure] = [
        plain("records acknowledged", [verdict.figures["records acknowledged"]], "records"),
        plain("records a second, busiest", [verdict.figures["records a second, busiest"]], "records/s"),
        plain("sign-in, p99", [1000 * percentile(latencies(one.diaries, "sign-in"), 0.99)], "ms"),
        *_latencies([one], 50, 100),
        under("longest gap between two ticks of the dashboard", [longest_gap(one)], "s", 1.2),
        plain("memory of a server process, most", [verdict.figures["memory of a process, most"]], "MB"),
        plain(
            "would hold, by the rehearsal's estimate", [verdict.room.players if verdict.room else 0], "people"
        ),
    ]
    return Chapter("The whole game, in real time", tuple(figures), HOW_REAL)


def _latencies(runs: list[Played], answer: float | None, seen: float | None) -> list[Figure]:
    answers = [[1000 * one for one in latencies(played.diaries, "records")] for played in runs]
    messages = [[1000 * seconds for _, seconds in seen_after(played.diaries)] for played in runs]
    figures = []
    for name, found, aim in (("answer to a form", answers, answer), ("a message is seen", messages, seen)):
        figures.append(plain(f"{name}, p50", [percentile(values, 0.5) for values in found], "ms"))
        last = [percentile(values, 0.99) for values in found]
        figures.append(under(f"{name}, p99", last, "ms", aim) if aim else plain(f"{name}, p99", last, "ms"))
    return figures


def played_well(house: House, server: Server, study: Path, plan: Setting) -> tuple[Played, Verdict]:
    """Raises WrongAnswer if a promise broke."""

    async def story() -> tuple[Played, Verdict]:
        cast = await open_rehearsal(house.database, str(study), plan.players)
        played = await play(cast, plan, server.base, house.database)
        return played, await judge(played)

    played, verdict = asyncio.run(story())
    if not verdict.kept:
        raise WrongAnswer(str(verdict))
    return played, verdict


def with_open_fallback(folder: Path) -> Path:
    """`studies/rumour` with a fallback that waits for nobody."""
    study = folder / "at-once"
    (study / "pages").mkdir(parents=True)
    for page in (RUMOUR / "pages").iterdir():
        (study / "pages" / page.name).write_bytes(page.read_bytes())
    lines = (RUMOUR / "study.toml").read_text().splitlines(keepends=True)
    (study / "study.toml").write_text("".join(line for line in lines if not line.startswith("after ")))
    return study
