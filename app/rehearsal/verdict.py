"""The verdict: which promises held, how fast it was, and how many people this server would hold."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from app.rehearsal.capacity import Capacity, estimate
from app.rehearsal.diary import Diary, Wrong
from app.rehearsal.evidence import Evidence, gather
from app.rehearsal.gauges import Sample
from app.rehearsal.play import Played
from app.web.monitor.server_figures import percentile

# DESIGN, section 4.
PROMISES = {
    1: "What was acknowledged is stored, and in the export.",
    2: "One person, one slot; one slot, one person.",
    3: "Doing it twice did it once.",
    4: "Nobody was stuck: everybody who stayed has a code and saw it.",
    5: "Every message stood once, in order, on the pages it was for.",
    6: "The dashboard ticked every second.",
    7: "Whoever had to wait was told so, nothing broke, and memory stayed flat.",
    8: "Nobody saw what isn’t theirs.",
}
FROM_DATABASE = {1, 2, 3, 5, 8}  # what only the database can prove
GAP = 2.0  # seconds between two ticks
GROWTH = 100.0  # megabytes that a server process may grow while everybody plays
SHOWN = 10  # of what breaks a promise
# Up to here people don't feel that they wait. Seconds.
LIMITS = {"sign-in, 95%": 2.0, "answer, 99%": 1.0, "message seen, 99%": 1.0}
WORDS = {
    "sign-in, 95%": "one sign-in in twenty",
    "answer, 99%": "one answer in a hundred",
    "message seen, 99%": "one message in a hundred",
}


@dataclass(frozen=True, slots=True)
class Promise:
    number: int
    sentence: str
    checked: bool
    wrongs: tuple[str, ...]

    @property
    def ok(self) -> bool:
        return not self.wrongs


@dataclass(frozen=True, slots=True)
class Verdict:
    session_id: str
    name: str
    players: int
    promises: tuple[Promise, ...]
    figures: dict[str, float]  # seconds, megabytes, counts: see the names
    slow: tuple[str, ...]  # limits that were crossed
    room: Capacity | None  # None: what the server used can't be seen from here
    notes: tuple[str, ...]
    failed: tuple[str, ...]  # what went wrong with the bots themselves

    @property
    def kept(self) -> bool:
        return all(promise.ok for promise in self.promises) and not self.failed

    @property
    def holds(self) -> bool:
        return self.kept and not self.slow

    @property
    def sentence(self) -> str:
        count = f"{self.players:,}"
        if self.failed:
            return f"This rehearsal proves nothing, since it failed itself: {self.failed[0]}."
        if not self.kept:
            broken = [promise for promise in self.promises if not promise.ok]
            more = f"{len(broken)} promises broke" if len(broken) > 1 else "a promise broke"
            return f"Don't go live with this: with {count} players {more}. {broken[0].sentence[:-1]}: not so."
        if self.slow:
            return f"Your server does not hold {count} well: {'; '.join(self.slow)}. Nothing was lost."
        if self.room is None:
            return f"Your server holds {count}."
        if self.room.players >= 1.5 * self.players:
            would = f"it would hold about {self.room.players:,}"
            return (
                f"Your server holds {count} with room to spare: {would}. First to fill up: {self.room.limit}."
            )
        return f"Your server holds {count}, and not many more. First to fill up: {self.room.limit}."

    def as_json(self) -> dict[str, Any]:
        return dict(
            session=self.session_id,
            players=self.players,
            ok=self.kept,
            holds=self.holds,
            verdict=self.sentence,
            would_hold=self.room.players if self.room else None,
            first_to_fill_up=self.room.limit if self.room else None,
            promises=[
                dict(
                    number=promise.number,
                    sentence=promise.sentence,
                    checked=promise.checked,
                    ok=promise.ok,
                    wrong=list(promise.wrongs),
                )
                for promise in self.promises
            ],
            figures={name: round(number, 4) for name, number in self.figures.items()},
            slow=list(self.slow),
            notes=list(self.notes),
        )

    def __str__(self) -> str:
        lines = []
        for promise in self.promises:
            mark = "?  " if not promise.checked else "ok " if promise.ok else "NOT"
            lines.append(f"{mark}  {promise.number}. {promise.sentence}")
            lines += [f"        {wrong}" for wrong in promise.wrongs[:SHOWN]]
            if len(promise.wrongs) > SHOWN:
                lines.append(f"        … and {len(promise.wrongs) - SHOWN:,} more")
        lines.append("")
        lines += [f"{name:<34}{figure(name, number):>12}" for name, number in self.figures.items()]
        lines += ["", *self.notes, self.sentence]
        return "\n".join(lines)


async def judge(played: Played) -> Verdict:
    """Everything that the diaries, the dashboard and the database say."""
    plan, diaries = played.plan, played.diaries
    evidence = None
    wrongs = [*played.wrongs, *(wrong for diary in diaries for wrong in diary.wrongs)]
    if played.url:
        evidence = await gather(played.url, played.session_id, played.study, diaries, plan.moment)
        wrongs += evidence.wrongs
    wrongs += _ticks(played) if played.url else ()
    wrongs += _memory(played)
    if not played.url:
        wrongs += [
            Wrong(4, f"{diary.label} never saw a code")
            for diary in diaries
            if diary.came is not None and diary.code is None and not diary.gone and played.closed
        ]
    promises = tuple(
        Promise(
            number,
            sentence,
            bool(played.url) or number not in FROM_DATABASE | {6},
            tuple(wrong.sentence for wrong in wrongs if wrong.promise == number),
        )
        for number, sentence in PROMISES.items()
    )
    figures = _figures(played, evidence)
    slow = tuple(
        f"{WORDS[name]} took {figures[name]:.1f} s or more (the limit is {limit:.0f} s)"
        for name, limit in LIMITS.items()
        if figures.get(name, 0.0) > limit
    )
    return Verdict(
        played.session_id,
        played.name,
        len(diaries),
        promises,
        figures,
        slow,
        # People who are four times as fast are as much work as four times as many.
        estimate(played.gauges.samples, len(diaries) * (plan.speed if plan.speed < 1000 else 1.0)),
        tuple(_notes(played, evidence)),
        tuple(wrong.sentence for wrong in wrongs if wrong.promise == 0),
    )


def latencies(diaries: Sequence[Diary], kind: str) -> list[float]:
    return [ask.seconds for diary in diaries for ask in diary.asks if ask.kind == kind]


def seen_after(diaries: Sequence[Diary]) -> list[tuple[float, float]]:
    """When a message was sent, and how many seconds later it stood on somebody else's page."""
    sent = {body: one for diary in diaries for body, one in diary.sent.items()}
    return [
        (sent[seen.body].at, seen.at - sent[seen.body].at)
        for diary in diaries
        if "read nothing for a while" not in diary.mischief
        for seen in diary.seen.values()
        if seen.live and seen.body in sent and seen.body not in diary.sent
    ]


def longest_gap(played: Played) -> float:
    """Seconds between two ticks of the dashboard while the session went on."""
    inside = [tick for tick in played.gauges.ticks if played.started <= tick <= played.ended]
    marks = [played.started, *inside, played.ended]
    return max((later - earlier for earlier, later in pairwise(marks)), default=0.0)


def _ticks(played: Played) -> Iterator[Wrong]:
    gap = longest_gap(played)
    # While the database is away there is nothing to show: a drill says for how long that may be.
    if gap > max(GAP, played.plan.patience if played.faults else 0.0):
        yield Wrong(6, f"it stood still for {gap:.1f} s")


def growth(samples: Sequence[Sample], since: float) -> float:
    """Megabytes that the process that grew most has grown, from a fifth of the way on."""
    by_process: dict[str, list[float]] = {}
    for sample in samples:
        for name, process in (sample.processes or {}).items():
            if sample.at >= since:
                by_process.setdefault(name, []).append(process.memory)
    return max((found[-1] - found[0] for found in by_process.values()), default=0.0)


def _settled(played: Played) -> float:
    """From when on memory should be flat: everybody had come, and a fifth of the time had gone."""
    samples = played.gauges.samples
    everybody = next((s.at for s in samples if s.came >= len(played.diaries)), played.ended)
    return max(everybody, played.started + 0.2 * (played.ended - played.started))


def _memory(played: Played) -> Iterator[Wrong]:
    grown = growth(played.gauges.samples, _settled(played))
    if grown > GROWTH:
        yield Wrong(7, f"a server process grew by {grown:.0f} MB after everybody had come")


def _figures(played: Played, evidence: Evidence | None) -> dict[str, float]:
    diaries, samples = played.diaries, played.gauges.samples
    signed_in = [d.signed_in for d in diaries if d.signed_in is not None]
    seated = [d.seated - d.signed_in for d in diaries if d.seated and d.signed_in]
    live = [seconds for _, seconds in seen_after(diaries)]
    told = {told.receipt for diary in diaries for told in diary.told}
    records = sum(receipt.count(",") + 1 for receipt in told)
    begun = min(signed_in, default=played.started)
    seconds = max(played.ended - begun, 0.001)
    figures = {
        "players signed in": float(len(signed_in)),
        "players seated": float(len(seated)),
        "records acknowledged": float(records),
        "messages acknowledged": float(
            sum(sent.answered is not None for diary in diaries for sent in diary.sent.values())
        ),
        "the whole game": seconds,
        "records a second, busiest": _busiest_rate(samples),
        "sign-in, 50%": percentile(latencies(diaries, "sign-in"), 0.5),
        "sign-in, 95%": percentile(latencies(diaries, "sign-in"), 0.95),
        "seated after sign-in, 50%": percentile(seated, 0.5),
        "answer, 50%": percentile(latencies(diaries, "records"), 0.5),
        "answer, 99%": percentile(latencies(diaries, "records"), 0.99),
        "message seen, 50%": percentile(live, 0.5),
        "message seen, 99%": percentile(live, 0.99),
    }
    if played.url:
        figures["dashboard, longest gap"] = longest_gap(played)
    grown = [p.memory for sample in samples for p in (sample.processes or {}).values()]
    if grown:
        figures["memory of a process, most"] = max(grown)
        figures["memory growth, everybody in"] = max(0.0, growth(samples, _settled(played)))
    figures["asked to come again (503)"] = float(sum(d.statuses.get(503, 0) for d in diaries))
    if evidence:
        figures["receipts found in the export"] = float(len(told))
    return figures


def _busiest_rate(samples: Sequence[Sample]) -> float:
    return max(
        (
            (later.records - earlier.records) / max(later.at - earlier.at, 0.001)
            for earlier, later in pairwise(samples)
        ),
        default=0.0,
    )


def _notes(played: Played, evidence: Evidence | None) -> Iterator[str]:
    mischief: dict[str, int] = {}
    for diary in played.diaries:
        for what, count in diary.mischief.items():
            mischief[what] = mischief.get(what, 0) + count
    if mischief:
        done = ", ".join(f"{what} {count:,}×" for what, count in sorted(mischief.items()))
        yield f"What the players did besides: {done}."
    if played.faults:
        yield "What was done to the server: " + ", ".join(
            f"{at - played.started:.0f} s {what}" for at, what in played.faults
        )
    lag = max((sample.bots_lag for sample in played.gauges.samples), default=0.0)
    if lag > 0.5:
        yield (
            f"The players themselves were up to {lag:.1f} s late: these figures are too high. Give them more"
            " processes (--bot-processes) or another machine (--url)."
        )
    if evidence:
        yield (
            f"{evidence.receipts:,} receipts and {evidence.messages:,} messages were held against the database and"
            f" its export; `verify` counted {evidence.checks} rules again."
        )
    else:
        yield (
            "The database is out of reach from here: export the session, and let `networklab verify SESSION"
            " --receipts FILE` look for the receipts that were written."
        )


def figure(name: str, number: float) -> str:
    """A figure with its unit, for people."""
    if name.startswith(("players", "records ack", "messages ack", "receipts", "asked")):
        return f"{number:,.0f}"
    if name.startswith("records a second"):
        return f"{number:,.0f}/s"
    if name.startswith("memory"):
        return f"{number:,.1f} MB"
    return f"{number:,.1f} s" if number >= 10 else f"{1000 * number:,.0f} ms"
