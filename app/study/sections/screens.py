"""Who is sent home at the door for an answer, from the [[screen_out]] tables of study.toml."""

from collections.abc import Sequence
from decimal import ROUND_FLOOR, Decimal

from app.study.model.entrance import SCREENED_OUT, Answering, ScreenOut
from app.study.model.fields import Field
from app.study.model.study import Sections
from app.study.sections.answering import Wording, read_those
from app.study.syntax.mistakes import Findings
from app.study.syntax.table import Table

WORDING = Wording("This", "screens out", "this screens nobody out")
Span = tuple[Decimal | None, Decimal | None]  # from, to; None: without an end


def read_screens(document: Table, entry: Sequence[Field]) -> tuple[ScreenOut, ...]:
    found: list[ScreenOut] = []
    for table in document.tables("screen_out", "[[screen_out]] with double brackets"):
        if table.has("most"):
            sentence = "None of those who are screened out comes in, so there is no `most`."
            table.wrong("most", sentence, "Remove it, or write [[quota]] in place of [[screen_out]].")
            table.value("most")
        found.append(ScreenOut(**read_those(document, table, entry, WORDING)))
        table.report_unknown_keys("[[screen_out]]")
    return tuple(found)


def check_screens(findings: Findings, sections: Sections) -> None:
    """Adds screens that nobody gets past, quotas that they leave nobody for, and that who is out is paid nothing."""
    screens, pay = sections.screens, sections.pay
    if not screens or not (findings.sound("screen_out") and findings.sound("entry")):
        return
    for field in sections.entry:
        of_field = [nth for nth, one in enumerate(screens) if one.field == field.name]
        if of_field and field.required and _takes_all(field, [screens[nth] for nth in of_field], None):
            sentence = f"Nobody comes in: whatever somebody answers to `{field.name}`, they are screened out."
            findings.wrong(("screen_out", of_field[-1]), sentence, "Leave some answer over.")
    fields = {field.name: field for field in sections.entry}
    for nth, quota in enumerate(sections.quotas if findings.sound("quota") else ()):
        same = [one for one in screens if one.field == quota.field]
        if same and _takes_all(fields[quota.field], same, quota):
            sentence = "Everybody who counts in this is screened out before."
            findings.note(("quota", nth), sentence, "Remove it, or change the [[screen_out]].")
    if findings.given(("pay",)) and findings.sound("pay") and SCREENED_OUT not in pay.outcomes:
        sentence = "Whoever is screened out has filled in the form and is paid nothing."
        findings.note(("screen_out", 0), sentence, "Add outcomes = {screened_out = 0.20} to [pay].")


def _takes_all(field: Field, screens: Sequence[Answering], of: Answering | None) -> bool:
    """Whether these leave nobody of all who answer this question, or `of` those."""
    if field.kind.is_number:
        spans = [(one.min, one.max) for one in screens]
        low, high = _within((of.min, of.max), (field.min, field.max)) if of else (field.min, field.max)
        return _covered(spans, low, high, field.kind.is_whole)
    answers = of.answers if of else field.kind.answers(field)
    taken = {answer for one in screens for answer in one.answers}
    return bool(answers) and taken >= {*answers}


def _within(span: Span, limits: Span) -> Span:
    lows = [one for one in (span[0], limits[0]) if one is not None]
    highs = [one for one in (span[1], limits[1]) if one is not None]
    return max(lows, default=None), min(highs, default=None)


def _covered(spans: Sequence[Span], low: Decimal | None, high: Decimal | None, whole: bool) -> bool:
    """Whether each number from `low` to `high` is in one of the spans."""
    at, open_below = low, low is None
    for start, end in sorted(spans, key=_start):
        if not open_below and at is not None and start is not None and start > at:
            return False
        if open_below and start is not None:
            return False
        open_below = False
        if end is None or (high is not None and end >= high):
            return True
        beyond = end.to_integral_value(ROUND_FLOOR) + 1 if whole else end
        at = beyond if at is None else max(at, beyond)
    return False


def _start(span: Span) -> Decimal:
    return Decimal("-Infinity") if span[0] is None else span[0]
