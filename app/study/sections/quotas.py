"""Of whom at most so many come in, from the [[quota]] tables of study.toml."""

from collections.abc import Sequence
from decimal import Decimal

from app.study.model.fields import Field, FieldError
from app.study.model.study import Pay, Quota
from app.study.syntax.mistakes import Findings, did_you_mean, nearest
from app.study.syntax.table import Table


def read_quotas(document: Table, entry: Sequence[Field]) -> tuple[Quota, ...]:
    fields = {field.name: field for field in entry}
    found: list[Quota] = []
    for table in document.tables("quota", "[[quota]] with double brackets"):
        name = table.text("field", example="age")
        low, high = table.decimal("min"), table.decimal("max")
        answers = _answers(table)
        if not table.has("most"):
            table.missing("most", "`most` is missing.", "Add most = 120.")
        quota = Quota(name, table.whole("most", 1), low, high, answers)
        if name in fields:
            _check(table, quota, fields[name])
        elif table.sound("field") and document.sound("entry"):
            near = nearest(name, fields)
            cure = f"Did you mean `{near}`?" if near else "Ask it in [entry] first."
            table.wrong("field", f"The entry form does not ask `{name}`.", cure)
        table.report_unknown_keys("[[quota]]")
        found.append(quota)
    return tuple(found)


def check_quotas(findings: Findings, quotas: Sequence[Quota], pay: Pay) -> None:
    """Adds what whoever finds it full is not paid although others are."""
    sound = findings.sound("quota") and findings.sound("pay")
    if quotas and sound and findings.given(("pay",)) and "full" not in pay.outcomes:
        sentence = "Whoever finds this full has filled in the form and is paid nothing."
        findings.note(("quota", 0), sentence, "Add outcomes = {full = 0.20} to [pay].")


def _answers(table: Table) -> tuple[str, ...]:
    """One answer, or several of which any counts."""
    if isinstance(table.values.get("is"), list):
        return table.texts("is")
    answer = table.text("is", default="")
    return (answer,) if answer else ()


def _check(table: Table, quota: Quota, field: Field) -> None:
    """That somebody can be counted in it."""
    if field.kind.is_number:
        _check_range(table, quota, field)
        return
    for key in ("min", "max"):
        if table.has(key):
            table.wrong(key, f"`{field.name}` is no number, so it has no {key}.", 'Write is = "…" instead.')
            return
    if not quota.answers:
        if table.sound("is"):
            table.missing("is", "This quota does not say which answer it counts.", 'Add is = "…".')
        return
    for answer in quota.answers:
        known = field.kind.answers(field)
        if known and answer not in known:
            sentence = f"`{answer}` is no answer to `{field.name}`, so nobody counts in this."
            table.wrong("is", sentence, did_you_mean(answer, known))
        elif not known:
            _check_text(table, field, answer)


def _check_text(table: Table, field: Field, answer: str) -> None:
    try:
        field.read([answer])
    except FieldError as error:
        sentence = f"`{answer}` is no answer to `{field.name}`, so nobody counts in this."
        table.wrong("is", sentence, f"Its players would read: {error}")


def _check_range(table: Table, quota: Quota, field: Field) -> None:
    if table.has("is"):
        table.wrong("is", f"`{field.name}` is a number.", "Write min and max instead.")
    elif quota.min is None and quota.max is None:
        if table.sound("min") and table.sound("max"):
            sentence = "This quota does not say which numbers it counts."
            table.missing("min", sentence, "Add min = 18 and max = 29, or one of them.")
    elif quota.min is not None and quota.max is not None and quota.min > quota.max:
        sentence = f"From {quota.min} to {quota.max} there is no number, so nobody counts in this."
        table.wrong("max", sentence, "Exchange `min` and `max`.")
    else:
        for key, limit, outside in (
            ("min", field.max, _above(quota.min, field.max)),
            ("max", field.min, _above(field.min, quota.max)),
        ):
            if outside:
                word = "at most" if key == "min" else "at least"
                sentence = f"`{field.name}` is {word} {limit}, so nobody counts in this."
                table.wrong(key, sentence, "Change this, or the limits of the question.")


def _above(one: Decimal | None, other: Decimal | None) -> bool:
    return one is not None and other is not None and one > other
