"""What all have said so far, question by question, as pictures: of everybody, or of each treatment beside others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import fsum

from app.database.connections import Connection
from app.database.queries import Queries
from app.study.model.fields import DONT_KNOW, Field
from app.study.model.pictures import Bar, BarChart
from app.study.model.steps import Step
from app.study.model.study import Study
from app.web.monitor.courses import CourseSoFar, course_of

SQL = Queries(__name__)
MOST_GROUPS = 4  # that are told apart by their colours
SECONDS = 3.0  # that Postgres may take for a page of answers
KIND, TYPE = "kind", "type"


@dataclass(frozen=True, slots=True)
class GroupSoFar:
    """One treatment, for instance. `bars` are in the order of the whole picture's."""

    name: str
    answers: int
    bars: tuple[Bar | None, ...]
    note: str


@dataclass(frozen=True, slots=True)
class QuestionSoFar:
    """How many answers there are to a question, and their picture. Answers in words are only counted. `unknown`: how
    many of them say that they don't know. `of_groups`: how many there are, of which `groups` are the first. `course`:
    of a number that is asked in several rounds."""

    step: Step
    field: Field
    answers: int
    unknown: int
    picture: BarChart
    groups: tuple[GroupSoFar, ...] = ()
    of_groups: int = 0
    course: CourseSoFar | None = None


@dataclass(slots=True)
class _Counted:
    """By group: how often each was said, and by round how many there are and their mean."""

    said: dict[str, dict[str, int]]
    means: dict[str, dict[int, tuple[int, float]]]


def ways_to_split(study: Study) -> dict[str, str]:
    """What answers can be held against each other by → how a page says that."""
    found = {f"treatment_{one.name}": f"treatment {one.name}" for one in study.treatments}
    if len(study.rooms) > 1:
        found[KIND] = "kind of room"
    if len(study.types) > 1:
        found[TYPE] = "type"
    return found


async def hold_back(conn: Connection, seconds: float = SECONDS) -> None:
    """No statement of this transaction takes longer: it raises psycopg's `QueryCanceled` then."""
    await conn.execute(SQL["hold_back"], dict(milliseconds=f"{1000 * seconds:.0f}"))


async def answered(
    conn: Connection, session_id: str, study: Study, by: str = "", round: int = 0
) -> list[QuestionSoFar]:
    """Of each question between the door and the end, in the order of the study. `by`: one of `ways_to_split`; `round`:
    0 is all of them."""
    counted = await _count(conn, session_id, study, by, round)
    order = groups_in_order(study, by, {group for one in counted.values() for group in one.said})
    return [
        _answered(step, field, counted.get((step.name, field.name), _Counted({}, {})), order if by else ())
        for step in study.all_steps
        for field in step.fields
    ]


async def means_of(
    conn: Connection, session_id: str, study: Study, by: str = ""
) -> dict[tuple[str, str], dict[str, tuple[int, float]]]:
    """Of each number that was said, by its step and its name: of each group how many there are, and their mean."""
    counted = await _count(conn, session_id, study, by, 0)
    return {
        asked: {group: _of_all_rounds(of_rounds) for group, of_rounds in one.means.items()}
        for asked, one in counted.items()
        if one.means
    }


def _of_all_rounds(of_rounds: Mapping[int, tuple[int, float]]) -> tuple[int, float]:
    count = sum(times for times, _ in of_rounds.values())
    return count, fsum(times * mean for times, mean in of_rounds.values()) / count


def groups_in_order(study: Study, by: str, there: set[str]) -> list[str]:
    """As the study names them, then any others."""
    named = [level for one in study.treatments if one.column == by for level in one.levels]
    named += [one.name for one in study.rooms] if by == KIND else [*study.types] if by == TYPE else []
    return [*named, *sorted(there - {*named})]


async def _count(
    conn: Connection, session_id: str, study: Study, by: str, round: int
) -> dict[tuple[str, str], _Counted]:
    asked = [(step.name, one) for step in study.all_steps for one in step.fields]
    words = [(step, one.name) for step, one in asked if one.kind.is_words]
    numbers = [(step, one.name) for step, one in asked if one.kind.is_number]
    which = dict(
        session_id=session_id,
        by=by.removeprefix("treatment_"),
        round=round,
        steps=[step for step, _ in words],
        fields=[name for _, name in words],
        number_steps=[step for step, _ in numbers],
        numbers=[name for _, name in numbers],
    )
    counted: dict[tuple[str, str], _Counted] = {}
    rows = await (await conn.execute(SQL["counts"], which)).fetchall()
    for step_name, name, group, of_round, said, count, mean in rows:
        one = counted.setdefault((step_name, name), _Counted({}, {}))
        if of_round is None:
            one.said.setdefault(group, {})[said] = count
        else:
            one.means.setdefault(group, {})[of_round] = count, float(mean)
    return counted


def _answered(step: Step, field: Field, counted: _Counted, groups: Sequence[str]) -> QuestionSoFar:
    every: dict[str, int] = {}
    for counts in counted.said.values():
        for said, count in counts.items():
            every[said] = every.get(said, 0) + count
    picture, total, unknown = _picture(field, every)
    there = [one for one in groups if one in counted.said or one]
    shown = there[:MOST_GROUPS]
    compared = tuple(_group(field, one, every, counted.said.get(one, {}), picture) for one in shown)
    course = None
    if step.repeat > 1 and field.kind.is_number:
        lines = {one: counted.means.get(one, {}) for one in (shown or [""])}
        course = course_of(lines, step.repeat, (field.min, field.max))
    return QuestionSoFar(step, field, total, unknown, picture, compared, len(there), course)


def _group(
    field: Field, name: str, every: Mapping[str, int], counts: Mapping[str, int], whole: BarChart
) -> GroupSoFar:
    # With what nobody of them said, so that its bars stand for the same as those of all.
    picture, total, _ = _picture(field, {said: counts.get(said, 0) for said in every})
    by_label = {bar.label: bar for bar in picture.bars}
    return GroupSoFar(
        name, total, tuple(by_label.get(bar.label) for bar in whole.bars), picture.note if total else ""
    )


def _picture(field: Field, counts: Mapping[str, int]) -> tuple[BarChart, int, int]:
    """With how many answers there are, and how many of them say that they don't know."""
    known = {said: count for said, count in counts.items() if field.says(said)}
    total = sum(counts.values())
    picture = BarChart() if field.kind.is_words else field.kind.picture(field, known)
    unknown = total - sum(known.values())
    if (unknown or len(known) < len(counts)) and picture.bars:
        share = unknown / total if total else 0.0
        bar = Bar(f"{field.dont_know} ({DONT_KNOW})", share, f"{unknown:,} of all {total:,}")
        picture = BarChart((*picture.bars, bar), picture.note)
    return picture, total, unknown
