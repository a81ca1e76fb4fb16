"""What an author has changed in a study, and whether a session that runs already can take it over."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, replace

from app.study.languages.catalogues import DEFAULT
from app.study.model.fields import Field
from app.study.model.outcomes import Finish
from app.study.model.pay import Pay
from app.study.model.steps import Step
from app.study.model.study import Study
from app.study.own_files import OwnPages


def changed_parts(before: Study, after: Study) -> tuple[str, ...]:
    """The parts that differ and that rooms and steps are made from, so that only a fresh session can show them.

    None where only words, pages, hooks, pay and codes have changed: those a session takes over at once.
    """
    one, other = _bones(before), _bones(after)
    return tuple(
        part.name
        for part in fields(Study)
        if part.compare and getattr(one, part.name) != getattr(other, part.name)
    )


def changed_files(before: Mapping[str, bytes], after: Mapping[str, bytes]) -> tuple[str, ...]:
    """Names of files that came, went or say something else."""
    return tuple(name for name in sorted({*before, *after}) if before.get(name) != after.get(name))


def _bones(study: Study) -> Study:
    return replace(
        study,
        title="",
        language=DEFAULT,
        texts={},
        constants={},
        pay=Pay(),
        finish=Finish(),
        sha256="",
        files={},
        pages=OwnPages(),
        entry=tuple(map(_without_words, study.entry)),
        before=tuple(map(_step_bones, study.before)),
        steps=tuple(map(_step_bones, study.steps)),
        after=tuple(map(_step_bones, study.after)),
    )


def _step_bones(step: Step) -> Step:
    moves = (replace(one, button="", fields=tuple(map(_without_words, one.fields))) for one in step.moves)
    fields = tuple(map(_without_words, step.fields))
    return replace(step, page="", button="", show=(), fields=fields, moves=tuple(moves))


def _without_words(field: Field) -> Field:
    """The question without what it says: what it takes."""
    unknown = "may" if field.dont_know else ""
    return replace(field, dont_know=unknown, ask="", help="", low="", high="", swatches=(), point=".")
