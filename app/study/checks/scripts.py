"""What only a script of the study's pages could answer."""

from __future__ import annotations

from app.study.model.kinds.data import DATA
from app.study.model.steps import places_of
from app.study.model.study import Sections
from app.study.syntax.mistakes import Findings


def check_scripts(findings: Findings, sections: Sections) -> None:
    if sections.pages.script or not findings.sound("pages"):
        return
    steps = sections.all_steps
    for place, step in zip(places_of(steps), steps, strict=True):
        for nth, field in enumerate(step.fields):
            if field.kind == DATA:
                sentence = f"No [pages] script puts anything into `{field.name}`, so it stays empty."
                findings.note((*place, "fields", nth), sentence, 'Add [pages] with script = "files/draw.js".')
