"""What all have said so far, question by question, as pictures."""

from __future__ import annotations

from dataclasses import dataclass

from app.database.connections import Connection
from app.database.queries import Queries
from app.study.model.fields import DONT_KNOW, Field
from app.study.model.pictures import Bar, BarChart
from app.study.model.steps import Step
from app.study.model.study import Study

SQL = Queries(__name__)


@dataclass(frozen=True, slots=True)
class QuestionSoFar:
    """How many answers there are to a question, of all rounds together, and their picture. Answers in words are only
    counted. `unknown`: how many of them say that they don't know."""

    step: Step
    field: Field
    answers: int
    unknown: int
    picture: BarChart


async def answered(conn: Connection, session_id: str, study: Study) -> list[QuestionSoFar]:
    """Of each question between the door and the end, in the order of the study."""
    words = [(step.name, one.name) for step in study.all_steps for one in step.fields if one.kind.is_words]
    steps, fields = zip(*words, strict=True) if words else ((), ())
    which = dict(session_id=session_id, steps=list(steps), fields=list(fields))
    counts: dict[tuple[str, str], dict[str, int]] = {}
    for step_name, name, said, count in await (await conn.execute(SQL["counts"], which)).fetchall():
        counts.setdefault((step_name, name), {})[said] = count
    return [
        _answered(step, field, counts.get((step.name, field.name), {}))
        for step in study.all_steps
        for field in step.fields
    ]


def _answered(step: Step, field: Field, counts: dict[str, int]) -> QuestionSoFar:
    known = {said: count for said, count in counts.items() if field.says(said)}
    total = sum(counts.values())
    picture = BarChart() if field.kind.is_words else field.kind.picture(field, known)
    unknown = total - sum(known.values())
    if unknown and picture.bars:
        bar = Bar(f"{field.dont_know} ({DONT_KNOW})", unknown / total, f"{unknown:,} of all {total:,}")
        picture = BarChart((*picture.bars, bar), picture.note)
    return QuestionSoFar(step, field, total, unknown, picture)
