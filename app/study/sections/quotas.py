"""Of whom at most so many come in, from the [[quota]] tables of study.toml."""

from collections.abc import Sequence

from app.study.model.entrance import FULL, Quota
from app.study.model.fields import Field
from app.study.model.pay import Pay
from app.study.sections.answering import Wording, read_those
from app.study.syntax.mistakes import Findings
from app.study.syntax.table import Table

WORDING = Wording("This quota", "counts", "nobody counts in this")


def read_quotas(document: Table, entry: Sequence[Field]) -> tuple[Quota, ...]:
    found: list[Quota] = []
    for table in document.tables("quota", "[[quota]] with double brackets"):
        if not table.has("most"):
            table.missing("most", "`most` is missing.", "Add most = 120.")
        if table.value("most") == 0 and not isinstance(table.value("most"), bool):
            sentence = "`most` is 0, so nobody who answers so comes in."
            table.wrong("most", sentence, "Write [[screen_out]] in place of [[quota]], and no `most`.")
            most = 1
        else:
            most = table.whole("most", 1)
        found.append(Quota(most=most, **read_those(document, table, entry, WORDING)))
        table.report_unknown_keys("[[quota]]")
    return tuple(found)


def check_quotas(findings: Findings, quotas: Sequence[Quota], pay: Pay) -> None:
    """Adds what whoever finds it full is not paid although others are."""
    sound = findings.sound("quota") and findings.sound("pay")
    if quotas and sound and findings.given(("pay",)) and FULL not in pay.outcomes:
        sentence = "Whoever finds this full has filled in the form and is paid nothing."
        findings.note(("quota", 0), sentence, "Add outcomes = {full = 0.20} to [pay].")
