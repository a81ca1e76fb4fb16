"""Names that a program for statistics can't take as they are: their columns are called otherwise in its files."""

from collections.abc import Iterator

from app.study.model.short_names import LONGEST, is_reserved, short_name
from app.study.model.steps import places_of
from app.study.model.study import Sections
from app.study.syntax.lines import Path
from app.study.syntax.mistakes import Findings

CURE = "codebook.csv lists both; or choose another."


def check_short_names(findings: Findings, sections: Sections) -> None:
    """Notes each of these once."""
    noted = set[str]()
    for place, name in _named(sections):
        if name in noted or not findings.sound(*place):
            continue
        noted.add(name)
        if is_reserved(name):
            sentence = (
                f"`{name}` is a word of SPSS, Stata or R itself: in .sav and .dta it is `{short_name(name)}`."
            )
            findings.note(place, sentence, CURE)
        elif len(name) > LONGEST:
            sentence = f"`{name}` has {len(name)} letters, and Stata takes {LONGEST}: .dta has shorter names."
            findings.note(place, sentence, CURE)


def _named(sections: Sections) -> Iterator[tuple[Path, str]]:
    for nth, field in enumerate(sections.entry):
        yield ("entry", "fields", nth, "name"), field.name
    steps = sections.all_steps
    for place, step in zip(places_of(steps), steps, strict=True):
        yield (*place, "name"), step.name
        for key, fields in (("fields", step.fields), ("results", step.computed)):
            for nth, field in enumerate(fields):
                yield (*place, key, nth, "name"), field.name
