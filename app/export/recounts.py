"""Recounts: what chance and the door decided, decided again from the seed and from what people said."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

from app.database.connections import Connection
from app.database.queries import Queries, rows, value
from app.export.walks import other_walks
from app.players.attempts import wrong_in
from app.players.quotas import quotas_of
from app.players.screening import screens_of
from app.rooms.earlier import earlier_of, tell
from app.study.model.blocks import blocks, is_over
from app.study.model.study import Study
from app.study.model.treatments import Draws, drawn_at_door
from app.study.reading import parse

SQL = Queries(__name__)


@dataclass(frozen=True, slots=True)
class _Sitter:
    """Somebody in a slot, the rooms in the order in which they opened, the first in a slot first."""

    room: str
    kind: str
    number: int
    of_room: Mapping[str, str]  # factor → level
    slot: int
    id: int | None  # None: a bot has had it from the start
    label: str
    type: str
    treatment: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class _Guest:
    """Somebody who has filled in the door's form."""

    id: int
    label: str
    entry: Mapping[str, str]
    counted: list[int]  # quotas, as they are stored
    erased: bool  # what they said is not there any more
    came_in: datetime | None  # None: they found it full
    gave_back: datetime | None  # when they left without ever sitting down


@dataclass(frozen=True, slots=True)
class _Screened:
    """Somebody who has filled in the door's form, and was not erased."""

    id: int
    label: str
    entry: Mapping[str, str]
    screens: list[int]  # as they are stored
    was_out: bool  # as they came


@dataclass(frozen=True, slots=True)
class _Trier:
    """Somebody who has sent the door's form, and was not erased."""

    id: int
    label: str
    entry: Mapping[str, str]
    screened: bool
    was_out: bool  # as they came
    attempts: list[tuple[int, Mapping[str, str], list[str]]]  # number, answers, and which were wrong


@dataclass(frozen=True, slots=True)
class _Comer:
    """Somebody for whom something was drawn as they came."""

    id: int
    label: str
    type: str  # as they came
    treatment: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class _Course:
    """What a room has opened of the plan, by index."""

    room: str
    seed: int
    is_through: bool  # it came to the end of its steps
    opened: list[int]


async def other_treatments(conn: Connection, session_id: str, study: Study) -> AsyncIterator[str]:
    """Who has another level than the session's seed draws for their room and their slot."""
    seed: int = await value(conn, SQL["seed"], session_id=session_id)
    draws, by_door = Draws(study.treatments, seed), dict[int, dict[str, str]]()
    types: Counter[str] = Counter()
    for nth, comer in enumerate(await rows(conn, _Comer, SQL["comers"], session_id=session_id)):
        by_door[comer.id] = drawn_at_door(study.treatments, seed, nth, comer.type, types[comer.type])
        types[comer.type] += 1
        level = {name: level for name, level in comer.treatment.items() if name in by_door[comer.id]}
        for problem in _differences(level, by_door[comer.id]):
            yield f"player {comer.id} ({comer.label}), who came as number {nth + 1}: {problem}"
    found = await rows(conn, _Sitter, SQL["sitters"], session_id=session_id)
    for (room, kind, number), in_room in groupby(found, lambda one: (one.room, one.kind, one.number)):
        sitters = list(in_room)
        of_room = draws.room(kind, number)
        for problem in _differences(sitters[0].of_room, of_room):
            yield f"room {room}: {problem}"
        for slot, in_slot in groupby(sitters, lambda one: one.slot):
            first, *later = in_slot
            name = f"{kind}-{number}"
            own = draws.bot(name, slot) if first.id is None else draws.player(first.type, name, slot)
            for one in (first, *later):
                who = one.label if one.id is None else f"player {one.id} ({one.label})"
                for problem in _differences(one.treatment, of_room | own | by_door.get(one.id or 0, {})):
                    yield f"{who}, slot {slot} of room {room}: {problem}"


async def exceeded_quotas(conn: Connection, session_id: str, study: Study) -> AsyncIterator[str]:
    """Who came in although a quota that they count in was full, and who is counted in others than they said."""
    taken: Counter[int] = Counter()
    turns: list[tuple[datetime, int, int, _Guest]] = []
    for one in await rows(conn, _Guest, SQL["guests"], session_id=session_id):
        quotas = tuple(one.counted) if one.erased else quotas_of(study, one.entry)
        if tuple(one.counted) != quotas:
            counted, said = _numbered("quota", one.counted), _numbered("quota", quotas)
            yield f"player {one.id} ({one.label}): counted in {counted}, but what they said counts in {said}"
        if one.came_in is not None:
            turns += [(one.came_in, 1, nth, one) for nth in quotas]
        if one.gave_back is not None:
            turns += [(one.gave_back, -1, nth, one) for nth in quotas]
    # A place that is given back is free from then on.
    for _, places, nth, one in sorted(turns, key=lambda turn: (turn[0], turn[1], turn[3].id)):
        taken[nth] += places
        quota = study.quotas[nth]
        if places > 0 and taken[nth] > quota.most:
            of = f"{quota.most} people whose {quota.field} is {quota.words}"
            yield f"player {one.id} ({one.label}): came in as number {taken[nth]} of at most {of}"


async def other_screens(conn: Connection, session_id: str, study: Study) -> AsyncIterator[str]:
    """Who is in although a [[screen_out]] takes their answers, and who is screened out although none does."""
    for one in await rows(conn, _Screened, SQL["screened"], session_id=session_id):
        drawn = screens_of(study, one.entry)
        under = f"what they said falls under {_numbered('screen', drawn)}"
        if tuple(one.screens) != drawn:
            yield f"player {one.id} ({one.label}): stored under {_numbered('screen', one.screens)}, but {under}"
        elif drawn and not one.was_out:
            yield f"player {one.id} ({one.label}): came in, but {under}"


async def other_attempts(conn: Connection, session_id: str, study: Study) -> AsyncIterator[str]:
    """Attempts at the door that are not as they were judged, too many of them, and who came in without a right one."""
    for one in await rows(conn, _Trier, SQL["triers"], session_id=session_id):
        for problem in _misjudged(study, one):
            yield f"player {one.id} ({one.label}): {problem}"


async def other_endings(conn: Connection, session_id: str, study: Study) -> AsyncIterator[str]:
    """Rooms with fewer rounds, or more of them, than chance gave them by their seed."""
    by_chance = [
        (found, most, max(at.index for at in study.plan if at.step in found))
        for most, found in blocks(study.steps)
        if found[0].continues is not None
    ]
    if not by_chance:
        return
    for one in await rows(conn, _Course, SQL["courses"], session_id=session_id):
        opened = [study.plan[index] for index in one.opened]
        for together, most, last in by_chance:
            first = together[0]
            drawn = next((n - 1 for n in range(2, most + 1) if is_over(first, n, one.seed, first.name)), most)
            passed = max((at.round for at in opened if at.step in together), default=0)
            is_behind = one.is_through or any(at.index > last for at in opened)
            if passed > drawn or (0 < passed < drawn and is_behind):
                yield f"room {one.room}: {passed} rounds of step {first.name}, where its seed draws {drawn}"


async def other_pasts(conn: Connection, session_id: str, study: Study) -> AsyncIterator[str]:
    """Of whom pages and hooks are told something else than what is stored of them in the session before."""
    found = await (await conn.execute(SQL["pasts"], dict(session_id=session_id))).fetchall()
    if not found:
        return
    files = await (await conn.execute(SQL["files_of"], dict(session_id=found[0][2]))).fetchall()
    before = parse(dict(files), opened=True)
    told = await earlier_of(conn, [number for number, *_ in found])
    stored = await tell(conn, before, [old for _, old, _ in found])
    for number, old, _ in found:
        was, said = stored[old], told[number]
        for what in ("entry", "answers", "earned"):
            if getattr(was, what) != getattr(said, what):
                yield f"player {number}: `{what}` of the session before is not what is stored there of player {old}"


def _misjudged(study: Study, one: _Trier) -> Iterator[str]:
    most, made = study.entrance.attempts, len(one.attempts)
    for nth, (number, answers, told) in enumerate(one.attempts, 1):
        found = wrong_in(study, answers)
        if number != nth or sorted(told) != sorted(found):
            yield f"attempt {number} has {_listed(told)} wrong, and attempt {nth} should have {_listed(found)}"
        if not told and nth < made:
            yield f"attempt {number} had all right, and another followed"
    if made > most:
        yield f"{made} attempts, where {most} is the most"
    if not one.entry or one.screened or not study.checked:
        return
    wrong = wrong_in(study, one.entry)
    if wrong and not one.was_out:
        yield f"came in, but has {_listed(wrong)} wrong"
    elif wrong and made < most:
        yield f"is out after {made} of {most} attempts"
    elif not wrong and (not one.attempts or one.attempts[-1][2]):
        yield "has all right, and no attempt that says so"


def _listed(names: Sequence[str]) -> str:
    return ", ".join(sorted(names)) or "nothing"


def _differences(stored: Mapping[str, str], drawn: Mapping[str, str]) -> list[str]:
    return [
        f"{factor} is {stored.get(factor, 'nothing')}, where the seed draws {drawn.get(factor, 'nothing')}"
        for factor in dict.fromkeys([*drawn, *stored])
        if stored.get(factor) != drawn.get(factor)
    ]


def _numbered(what: str, numbers: Sequence[int]) -> str:
    """As a researcher counts them, from 1."""
    return f"{what} {', '.join(str(nth + 1) for nth in numbers)}" if numbers else f"no {what}"


# Name of a check → what holds, and who breaks it
RECOUNTS = {
    "treatments_are_drawn_again": (
        "Each room and each player has the treatment that the session's seed draws.",
        other_treatments,
    ),
    "no_quota_was_exceeded": (
        "No quota ever let in more than its most, counted again from what people said at the door.",
        exceeded_quotas,
    ),
    "screens_are_drawn_again": (
        "Whoever is screened out answered so, and nobody came in who did.",
        other_screens,
    ),
    "attempts_are_judged_again": (
        "Whoever came in had all right that has a right answer, after no more attempts than there are.",
        other_attempts,
    ),
    "solo_steps_are_judged_again": (
        "Whoever went on from solo steps had answered them, and right where that counts; who failed had it wrong.",
        other_walks,
    ),
    "endings_are_drawn_again": (
        "Each room whose rounds chance ends went through as many as its seed draws.",
        other_endings,
    ),
    "pasts_are_told_again": (
        "What is known of people from the session before is what is stored there.",
        other_pasts,
    ),
}
