"""What can never work in what people do alone: who gets there, who is out, and what a survey says of rooms in vain."""

from __future__ import annotations

from collections.abc import Iterator

from app.study.model.steps import AFTER, BEFORE, ROLE, places_of
from app.study.model.study import Sections
from app.study.syntax.mistakes import Findings

OF_ROOMS = ("lobby", "network", "dropout", "standby", "role")  # tables that say something of those alone


def check_alone(findings: Findings, sections: Sections) -> None:
    if not findings.sound("room") or not (sections.before or sections.after):
        return
    if not sections.rooms:
        for table in OF_ROOMS:
            if findings.given((table,)):
                sentence = f"There is no [[room]], so [{table}] is never looked at."
                findings.note((table,), sentence, "Remove it, or add [[room]].")
    _check_also(findings, sections)
    _check_drawn(findings, sections)
    _check_paid(findings, sections)


def _check_also(findings: Findings, sections: Sections) -> None:
    """Outcomes with which nobody gets to a page."""
    rules = [sections.dropout, *(step.dropout for step in sections.steps)]
    lacking: dict[str, tuple[str, str]] = {}
    if not any("end_room" in rule.then for rule in rules):
        lacking["partner_left"] = (
            "nobody who leaves ends a room",
            'Write then = ["end_room"] in [dropout], or remove it.',
        )
    if not sections.standby:
        lacking["standby"] = "there is no [standby]", "Add it, or remove this."
    if not sections.rooms:
        lacking = dict.fromkeys(("lobby", "partner_left", "standby"), ("there is no [[room]]", "Remove it."))
    for index, step in enumerate(sections.after):
        for nth, outcome in enumerate(step.also if findings.sound(AFTER, index, "also") else ()):
            if outcome in lacking:
                why, cure = lacking[outcome]
                findings.note((AFTER, index, "also", nth), f"Nobody gets here as `{outcome}`: {why}.", cure)


def _check_drawn(findings: Findings, sections: Sections) -> None:
    """What is drawn in rooms says nothing of whoever has yet to come into one."""
    if not findings.sound("treatment"):
        return
    drawn_in_rooms = {one.name for one in sections.treatments if one.by != "arrival"}
    door = 'Write at = "door" in its [[treatment]].'
    for name in drawn_in_rooms if not sections.rooms else ():
        nth = [one.name for one in sections.treatments].index(name)
        sentence = f"`{name}` is drawn as rooms open, and there is no [[room]]."
        findings.wrong(("treatment", nth, "name"), sentence, 'Write at = "door" here.')
    for place, step in zip(places_of(sections.before), sections.before, strict=True):
        for name in step.only:
            where = (*place, "only", name)
            if name in drawn_in_rooms and sections.rooms:
                sentence = f"`{name}` is drawn as rooms open, so nobody knows theirs here."
                findings.wrong(where, sentence, door)
            elif name == ROLE:
                sentence = "Roles are dealt in rooms, so nobody has one here."
                findings.wrong(where, sentence, "Remove it, or show this in a [[step]].")


def _check_paid(findings: Findings, sections: Sections) -> None:
    """Whoever has read and answered, and is out for it, has given their time."""
    if not findings.given(("pay",)) or not findings.sound("pay"):
        return
    for index, outcome in _fails(sections):
        if outcome not in sections.pay.outcomes:
            sentence = "Whoever is out here has read and answered all of this, and is paid nothing."
            cure = f"Add outcomes = {{{outcome} = 0.20}} to [pay]."
            findings.note((BEFORE, index, "fields"), sentence, cure)
            return


def _fails(sections: Sections) -> Iterator[tuple[int, str]]:
    return ((index, step.fails) for index, step in enumerate(sections.before) if step.fails)
