"""The verdict: which promises held, how it ended for whom, how fast it was, and how many people it would hold."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from app.rehearsal.asked import Answered
from app.rehearsal.capacity import LEAST_PACE, Capacity, estimate
from app.rehearsal.diary import Diary, Wrong
from app.rehearsal.ends import Ends, ends_by_code
from app.rehearsal.evidence import Evidence, gather
from app.rehearsal.figures import figure, figures_of, growth, longest_gap, settled
from app.rehearsal.play import BESIDE, Played
from app.study.model.study import Study
from app.study.syntax.mistakes import listed

# DESIGN, section 4.
PROMISES = {
    1: "What was acknowledged is stored, and in the export.",
    2: "One person, one slot; one slot, one person.",
    3: "Doing it twice did it once.",
    4: "Nobody was stuck: everybody who stayed came to an end that the study has for them, and saw its code.",
    5: "What was asked, and every message once and in order, stood on the pages it was for.",
    6: "The dashboard ticked every second.",
    7: "Whoever had to wait was told so, nothing broke, and memory stayed flat.",
    8: "Nobody saw what isn’t theirs.",
    9: "What does not fit was refused with a sentence, and nothing of it was stored.",
}
FROM_DATABASE = {1, 2, 3, 5, 8}  # what only the database can prove
GAP = 2.0  # seconds between two ticks
MISSED = 0.2  # share of the forms that people who stayed were asked and did not answer in time
GROWTH = 100.0  # megabytes that a server process may grow while everybody plays
SHOWN = 10  # of what breaks a promise
# Up to here people don't feel that they wait. Seconds.
LIMITS = {"sign-in, 95%": 2.0, "answer, 99%": 1.0, "next page, 99%": 1.0, "message seen, 99%": 1.0}
WORDS = {
    "sign-in, 95%": "one sign-in in twenty",
    "answer, 99%": "one answer in a hundred",
    "next page, 99%": "one next page in a hundred",
    "message seen, 99%": "one message in a hundred",
}
NO_TIME = 1000  # from this speed on people take no time to think, and keep no pace


@dataclass(frozen=True, slots=True)
class Promise:
    number: int
    sentence: str
    checked: bool
    wrongs: tuple[str, ...]  # the worst first
    late: float = 0.0  # seconds, the most, where all that is wrong is that something came late; else 0

    @property
    def ok(self) -> bool:
        return not self.wrongs


@dataclass(frozen=True, slots=True)
class Verdict:
    session_id: str
    name: str
    players: int
    pace: str  # how fast people were, where not as people are
    ends: Ends
    answered: Answered
    stops: tuple[str, ...]  # hooks that could not decide
    promises: tuple[Promise, ...]
    figures: dict[str, float]  # seconds, megabytes, counts: see the names
    slow: tuple[str, ...]  # limits that were crossed
    late: str  # what people were asked and did not answer in time, where that is much
    room: Capacity | None  # None: what the server used can't be seen from here
    notes: tuple[str, ...]
    failed: tuple[str, ...]  # what went wrong with the bots themselves
    cut: bool = False  # a drill ended it when its faults were over
    silent: bool = False  # nobody was asked, moved or wrote anything, though the study has where to

    @property
    def kept(self) -> bool:
        """Only where everybody came to the end that they were to reach, and somebody to that of the study."""
        return all(promise.ok for promise in self.promises) and not (self.failed or self.stops or self.empty)

    @property
    def empty(self) -> str:
        """Why nothing is known about the study: nobody has played it, or there was nothing to play. Else nothing."""
        if self.cut:
            return ""
        if not self.ends.counts.get("complete"):
            return "nobody came to the end of the study"
        return "the study asks for something, and nobody was asked anything" if self.silent else ""

    @property
    def holds(self) -> bool:
        return self.kept and not self.slow and not self.late

    @property
    def sentence(self) -> str:
        count = f"{self.players:,}"
        who = f"{count} players{self.pace}" if self.pace else count
        if self.failed:
            return f"This rehearsal proves nothing, since it failed itself: {self.failed[0]}."
        if self.stops:
            return f"Don't go live with this: {self.stops[0]}."
        if not all(promise.ok for promise in self.promises):
            broken = [promise for promise in self.promises if not promise.ok]
            more = f"{len(broken)} promises broke" if len(broken) > 1 else "a promise broke"
            return f"Don't go live with this: with {count} players {more}. {broken[0].sentence[:-1]}: not so."
        if self.empty:
            return f"This rehearsal proves nothing: {self.empty}. How it ended: {self.ends}."
        if self.slow:
            return f"Your server does not hold {who} well: {'; '.join(self.slow)}. Nothing was lost."
        if self.late:
            return f"Nothing was lost, but {self.late}: give people as fast as these a longer `limit`."
        if self.room is None:
            return f"Your server holds {who}."
        if self.room.players >= 1.2 * self.players:
            would = f"it would hold {self.room.words} of them"
            return f"Your server holds {who} with room to spare: {would}. {self._first}"
        return f"Your server holds {who}, and not many more. {self._first}"

    @property
    def _first(self) -> str:
        assert self.room is not None
        if self.room.or_more:
            return f"Bring more to see where it ends; fullest was {self.room.limit}."
        return f"First to fill up: {self.room.limit}."

    @property
    def rests_on(self) -> str:
        """What the estimate was made of."""
        if self.room is None:
            return ""
        return (
            f"In the ten busiest seconds with {self.players:,} players{self.pace}, {self.room.load}. Twice the forms"
            f" took {2**self.room.growth:.1f} times as much of what fills up first; the estimate goes on like that"
            " until it is full, and adds what waiting for answers slows people who are as fast as these. No limit but"
            " the processors is in it."
        )

    def as_json(self) -> dict[str, Any]:
        return dict(
            session=self.session_id,
            players=self.players,
            ok=self.kept,
            holds=self.holds,
            verdict=self.sentence,
            outcomes=dict(self.ends.counts),
            left_without_a_word=self.ends.gone,
            answers=asdict(self.answered),
            stopped=list(self.stops),
            would_hold=self.room.players if self.room else None,
            or_more=self.room.or_more if self.room else None,
            first_to_fill_up=self.room.limit if self.room else None,
            load=asdict(self.room.load) if self.room else None,
            rests_on=self.rests_on,
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
            late=self.late,
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
        lines += ["", f"How it ended: {self.ends}.", *self.notes]
        lines += [self.rests_on, self.sentence] if self.rests_on else [self.sentence]
        return "\n".join(lines)


async def judge(played: Played) -> Verdict:
    """Everything that the diaries, the dashboard and the database say."""
    plan, diaries, study = played.plan, played.diaries, played.study
    evidence, cut = None, played.cut == BESIDE
    watched = bool(played.url and played.gauges.base)
    wrongs = [*played.wrongs, *(wrong for diary in diaries for wrong in diary.wrongs)]
    if played.url:
        evidence = await gather(
            played.url, played.session_id, study, diaries, plan.moment, plan.patience, cut
        )
        wrongs += [*evidence.wrongs, *(_ticks(played) if watched else ())]
    ends = evidence.ends if evidence else ends_by_code(study, diaries)
    wrongs += _memory(played)
    if not played.url:
        wrongs += [*ends.wrongs, *_without_code(diaries)]
    promises = tuple(
        _promise(
            number,
            watched if number == 6 else bool(played.url) or number not in FROM_DATABASE,
            [wrong for wrong in wrongs if wrong.promise == number],
        )
        for number in PROMISES
    )
    figures = figures_of(played, evidence)
    answered = _answered(diaries, evidence)
    return Verdict(
        played.session_id,
        played.name,
        len(diaries),
        pace_of(plan.speed),
        ends,
        answered,
        evidence.stops if evidence else (),
        promises,
        figures,
        tuple(_slow(figures, plan.speed)),
        _late(answered),
        estimate(played.gauges.samples, len(diaries), played.gauges.is_here),
        tuple(_notes(played, evidence, answered)),
        tuple(wrong.sentence for wrong in wrongs if wrong.promise == 0),
        cut,
        _asks(study)
        and not (answered.forms or figures["records acknowledged"] or figures["messages acknowledged"]),
    )


def _promise(number: int, checked: bool, wrongs: Sequence[Wrong]) -> Promise:
    """What was only late comes last, the latest of it first."""
    worst = sorted(wrongs, key=lambda one: (bool(one.late), -one.late))
    late = worst[0].late if worst else 0.0
    return Promise(number, PROMISES[number], checked, tuple(one.sentence for one in worst), late)


def _asks(study: Study) -> bool:
    """Whether there is anything to answer, to click, to move or to write."""
    return any(at.step.fields or at.step.moves or at.step.channels for at in study.plan)


def pace_of(speed: float) -> str:
    """How fast people were, in a half sentence; nothing where they were as people are."""
    if speed == 1:
        return ""
    return " who take no time to think" if speed > NO_TIME else f" who are {speed:g} times as fast as people"


def _without_code(diaries: Sequence[Diary]) -> Iterator[Wrong]:
    for diary in diaries:
        if diary.came is None:
            yield Wrong(4, f"{diary.label} had yet to come when it was over")
        elif diary.code is None and not diary.gone:
            yield Wrong(4, f"{diary.label} never saw a code")


def _answered(diaries: Sequence[Diary], evidence: Evidence | None) -> Answered:
    return Answered(
        evidence.asked.forms if evidence else None,
        evidence.asked.in_time if evidence else None,
        sum(diary.by_chance for diary in diaries),
        sum(diary.by_hook for diary in diaries),
        sum(diary.refused for diary in diaries),
        sum(len(diary.misfits) for diary in diaries),
    )


def _slow(figures: dict[str, float], speed: float) -> Iterator[str]:
    """Limits that were crossed. Who waits long is not as fast as they were to be: so many of them are fewer."""
    for name, limit in LIMITS.items():
        if figures.get(name, 0.0) > limit:
            yield f"{WORDS[name]} took {figures[name]:.1f} s or more (the limit is {limit:.0f} s)"
    kept = figures.get("pace kept", 1.0)
    if kept < LEAST_PACE and speed <= NO_TIME:
        waited, most = f"{1 - kept:.0%}", f"{1 - LEAST_PACE:.0%}"
        yield f"people waited for {waited} of the time that they took over their forms (the limit is {most})"


def _late(answered: Answered) -> str:
    if answered.forms is None or answered.in_time is None:
        return ""
    missed = answered.forms - answered.in_time
    if missed <= MISSED * answered.forms:
        return ""
    return f"{missed:,} of the {answered.forms:,} forms that people were asked were not answered in time"


def _ticks(played: Played) -> Iterator[Wrong]:
    gap = longest_gap(played)
    # While the database is away there is nothing to show: a drill says for how long that may be.
    if gap > max(GAP, played.plan.patience if played.faults else 0.0):
        yield Wrong(6, f"it stood still for {gap:.1f} s", gap)


def _memory(played: Played) -> Iterator[Wrong]:
    grown = growth(played.gauges.samples, settled(played))
    if grown > GROWTH:
        yield Wrong(7, f"a server process grew by {grown:.0f} MB after everybody had come")


def _notes(played: Played, evidence: Evidence | None, answered: Answered) -> Iterator[str]:
    study = played.study
    hooks = listed(
        list(dict.fromkeys(filter(None, (study.dropout.bot_hook, *(one.bot for one in study.steps)))))
    )
    yield answered.words(hooks)
    slips = sum((Counter(diary.slips) for diary in played.diaries), Counter[str]())
    for why, count in slips.most_common(3):
        yield f"By chance, since {hooks} failed on what a page shows, {count:,}×: {why}"
    if played.cut:
        yield f"The session was closed by the rehearsal: {played.cut}."
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
