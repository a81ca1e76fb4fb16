"""What a study will take, before anybody has come: minutes, records, writes a second and pay."""

from __future__ import annotations

import itertools
import math
import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from app.config import PROJECT
from app.study.model.plausible import DECLINES, MOVES, SCREENED, TALK, WRONG
from app.study.model.steps import AFTER, BEFORE, Step
from app.study.model.study import ANY, Position, Study

MOST_COMBINATIONS = 200  # of treatments that are reckoned one by one
QUICK = 1 / 3  # of the time limit, if everybody answers fast
WORDS_A_MINUTE = 200  # that most people read
LEAST_READING, ANSWERING = 3.0, 6.0  # seconds for a page, and for a question on it
_MARKUP = re.compile(r"<[^>]*>|\{[%#{].*?[%#}]\}", re.DOTALL)
BENCHMARKS = PROJECT / "BENCHMARKS.md"
_WHOLE_GAME = re.compile(r"^\| records a second, busiest \| ([\d,]+) records/s \|", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Estimate:
    """Each pair is at least and at most. Times are in seconds; money is in the study's currency, exact.

    `before` and `after` are what somebody takes by themselves, who reads at the pace of most people and has all right
    at once. `shortest` is what a room takes where everybody answers in a third of each time limit and every step with a
    `when` is skipped, `longest` where every deadline runs out, in the treatments that take least and most; `pages` is
    what a room goes through at most. `records_a_second` and `forms_a_second` are those of the busiest time, with
    `players` who arrive evenly within `over` seconds and play as fast as in `shortest`: all of them at once, if that
    takes longer than to arrive. `pay` is for who finishes; its most is None where `score` may give any amount. `fills`
    has the kinds of rooms, and how long the first who comes for one waits for the others, as far as the types of those
    who come are known. `early` is what waiting before the start brings at most. `come_in` is the share of them that
    comes in, if so many decline and are screened out as bots of a rehearsal, and `stay` the share of these that gets
    through what comes before the lobby, likewise.
    """

    players: int
    over: float
    pages: int
    shortest: float
    longest: float
    lobby: float
    fills: Mapping[str, float]
    records: tuple[int, int]
    records_a_second: float
    forms_a_second: float
    busy: float
    acts: Mapping[str, float]
    pay: tuple[Decimal, Decimal | None] | None
    early: Decimal
    come_in: float
    stay: float
    before: float
    after: float
    currency: str


def estimate_of(study: Study, people: int | Counter[str], over: float) -> Estimate:
    """For so many players, or so many of each type."""
    players = people if isinstance(people, int) else people.total()
    rooms = [_together(plan) for plan in _plans(study, ("room",))]
    one = _plans(study, ("room", "player", "arrival"))
    shortest = round(min(sum(map(_quick, _certain(plan))) for plan in rooms), 3)
    before, after = (max(_alone(study, plan, during) for plan in one) for during in (BEFORE, AFTER))
    busy = max(over, shortest + QUICK * (before + after), 1.0)
    most = max(_records(plan) + _moves(plan) for plan in one)
    moves = max(map(_moves, one))
    answers = [[at.step for at in plan if at.step.fields and not _again(at)] for plan in one]
    forms = max(len(asked) + _moves(plan) for asked, plan in zip(answers, one, strict=True))
    hooked = max(sum(step.computes for step in asked) for asked in answers)
    alone = max(sum(step.is_solo for step in asked) for asked in answers)
    talk = max(sum(position.step.chat != "none" for position in plan) for plan in one) * TALK
    return Estimate(
        players=players,
        over=over,
        pages=max(map(len, rooms)),
        shortest=shortest,
        longest=max(sum(position.step.limit for position in plan) for plan in rooms),
        lobby=study.lobby.max_wait if study.rooms else 0.0,
        fills=_fills(study, people, over),
        records=(min(_records(_certain(plan)) for plan in one), most),
        records_a_second=players * most / busy,
        forms_a_second=players * forms / busy,
        busy=busy,
        acts={
            "sign-in": 1,
            "records": forms - moves,
            "decided": hooked,
            "alone": alone,
            "messages": talk,
            "moves": moves,
        },
        pay=_pay(study),
        come_in=(1 - declines(study)) * (1 - screened(study)) * (1 - failing(study)),
        stay=math.prod(1 - share for share, _ in leaving(study)),
        before=before,
        after=after,
        early=study.lobby.pay_per_minute * Decimal(study.lobby.max_early) / 60 if study.rooms else Decimal(0),
        currency=study.pay.currency,
    )


def declines(study: Study) -> float:
    """The share of those who come."""
    return DECLINES if study.entrance.decline else 0.0


def screened(study: Study) -> float:
    """The share of those who would take part."""
    return SCREENED if study.screens else 0.0


def failing(study: Study) -> float:
    """The share of those who are not screened out and get something wrong once too often."""
    return float(WRONG**study.entrance.attempts) if study.checked else 0.0


def leaving(study: Study) -> list[tuple[float, str]]:
    """The shares of those who get to each page before the lobby that are out there, and as what."""
    declined = [(DECLINES, step.decline) for step in study.before if step.decline]
    return declined + [(float(WRONG**step.attempts), step.fails) for step in study.before if step.fails]


def measured_records() -> int | None:
    """Records a second, at the busiest, of the whole game that BENCHMARKS.md measured; None if it isn't there."""
    try:
        found = _WHOLE_GAME.search(BENCHMARKS.read_text(encoding="utf-8"))
    except OSError:
        return None
    return int(found[1].replace(",", "")) if found else None


def _plans(study: Study, by: Collection[str]) -> list[list[Position]]:
    """What there is to go through for each combination of the treatments that steps name, of those drawn `by` these."""
    named = {name for step in study.all_steps for name in step.only}
    factors = [one for one in study.treatments if one.name in named and one.by in by]
    combinations = itertools.product(*(one.levels for one in factors))
    return [
        [position for position in study.plan if position.step.is_for(treatment)]
        for levels in itertools.islice(combinations, MOST_COMBINATIONS)
        for treatment in [{one.name: level for one, level in zip(factors, levels, strict=True)}]
    ]


def _certain(plan: Iterable[Position]) -> list[Position]:
    """Without those that a hook may skip or chance may leave out, and without a second attempt."""
    return [one for one in plan if not one.step.when and not _again(one) and not _by_chance(one)]


def _by_chance(one: Position) -> bool:
    return one.step.continues is not None and one.round > one.step.at_least


def _together(plan: Iterable[Position]) -> list[Position]:
    return [one for one in plan if not one.step.is_solo]


def _again(position: Position) -> bool:
    return bool(position.step.attempts) and position.round > 1


def _alone(study: Study, plan: Iterable[Position], during: str) -> float:
    """Seconds to read all pages of one part, and to answer."""
    return sum(_reading(study, one.step) for one in plan if one.step.during == during and not _again(one))


def _reading(study: Study, step: Step) -> float:
    page = _MARKUP.sub(" ", study.files.get(f"pages/{step.page}.html", b"").decode(errors="replace"))
    words = sum(len(text.split()) for text in (page, *(f"{one.ask} {one.help}" for one in step.fields)))
    seconds = max(LEAST_READING, 60 * words / WORDS_A_MINUTE + ANSWERING * len(step.fields))
    return min(seconds, step.limit) if step.timed else seconds


def _records(plan: Iterable[Position]) -> int:
    return sum(len(position.step.fields) for position in plan)


def _moves(plan: Iterable[Position]) -> int:
    """As many as somebody is likely to make: nobody must make any."""
    return round(sum(position.step.limit * MOVES / 60 for position in plan if position.step.moves))


def _quick(position: Position) -> float:
    step = position.step
    return step.limit * (QUICK if step.ends == "answered" else 1)


def _fills(study: Study, people: int | Counter[str], over: float) -> dict[str, float]:
    """From when the first has come until enough of the slowest type have, as if nobody else took them, or until bots
    take the other seats; nothing for a room that these people can't fill.
    """
    found = {}
    for room in study.rooms:
        types = people if isinstance(people, Counter) else Counter({ANY: people})
        seats = {type_: number for type_, number in room.seats.items() if type_ != ANY} | {ANY: room.size}
        come = {type_: types.total() if type_ == ANY else types[type_] for type_ in seats}
        if all(come[type_] >= number for type_, number in seats.items()):
            found[room.name] = max(number * over / come[type_] for type_, number in seats.items()) - min(
                over / come[type_] for type_ in seats
            )
        fit = (
            types.total() if ANY in room.seats or ANY in types else sum(types[type_] for type_ in room.seats)
        )
        if room.fills_after is not None and fit >= room.people and not study.lobby.seat_hook:
            some = max(room.fills_after, (room.people - 1) * over / fit)
            found[room.name] = min(some, found.get(room.name, some))
    return found


def _pay(study: Study) -> tuple[Decimal, Decimal | None] | None:
    """For finishing, with the pay for waiting from none to as long as anybody waits."""
    pay = study.pay
    waiting = study.lobby.pay_per_minute * Decimal(study.lobby.max_wait) / 60 if study.rooms else Decimal(0)
    if not study.pays:
        return None
    base = pay.for_outcome("complete")
    least = base + (max(pay.least, -base) if study.scores else 0)
    most = base + waiting
    if study.scores:
        return least, None if pay.most is None else most + pay.most
    return least, most
