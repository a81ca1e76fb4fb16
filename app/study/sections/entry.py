"""[entry] of study.toml: what people are asked at the door."""

from app.study.model.fields import Field
from app.study.sections.fields import FORM_NAMES, PLAYER_COLUMNS, read_fields
from app.study.syntax.table import Table


def read_entry(document: Table) -> tuple[Field, ...]:
    entry = document.table("entry", "[entry] once, and its fields below")
    if entry is None:
        return ()
    found = read_fields(entry, reserved=(*FORM_NAMES, *PLAYER_COLUMNS), at_door=True)
    for index, field in enumerate(found):
        if field.kind.is_about_others:
            sentence = "At the door nobody else is there whom a question could be about."
            entry.findings.wrong((*entry.path, "fields", index, "kind"), sentence, "Ask it in a step.")
    entry.report_unknown_keys("[entry]")
    return found
