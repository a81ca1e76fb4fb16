"""Limits of questions that are results: what they name must be there by then, and be a number."""

from collections.abc import Sequence

from app.study.model.steps import Step
from app.study.syntax.lines import Path
from app.study.syntax.mistakes import did_you_mean
from app.study.syntax.table import Table


def check_limits(document: Table, steps: Sequence[Step], places: Sequence[Path]) -> None:
    """Questions that a result limits: it must be a number, and may be there before they are asked."""
    for index, (place, step) in enumerate(zip(places, steps, strict=True)):
        before = [*steps[:index], *(one for one in steps[index:] if one.repeat == step.repeat > 1)]
        known = {one.name: one for other in before for one in (*other.fields, *other.results)}
        known |= {one.name: one for one in step.results if one.name in step.opening_hooks}
        for nth, field in enumerate(step.fields):
            for key, name in field.limits.items():
                where = (*place, "fields", nth, key)
                if name not in known:
                    sentence = (
                        f"Nothing is called `{name}` before this question: no constant, field or result."
                    )
                    cure = did_you_mean(name, sorted({*known, *document.constants.values}))
                    document.findings.wrong(where, sentence, cure)
                elif not known[name].kind.is_number:
                    sentence = f"`{name}` is no number, so it limits nothing."
                    document.findings.wrong(where, sentence, "Name a result that is one.")
