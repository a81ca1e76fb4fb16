"""From [pay] in study.toml to what players are paid."""

from collections.abc import Collection
from decimal import Decimal

from app.study.languages.currencies import currencies, currency_digits
from app.study.model.entrance import DECLINED, FAILED, FULL, SCREENED_OUT
from app.study.model.pay import Pay
from app.study.model.study import Sections
from app.study.syntax.mistakes import Findings, nearest
from app.study.syntax.table import Table


def read_pay(
    document: Table, outcomes: Collection[str], entry: Collection[str], ids: Collection[str] = ()
) -> Pay:
    """`outcomes` are the ways to end, `entry` the fields of the entry form, `ids` what may come with a link."""
    pay = document.table("pay", "[pay] with single brackets, and its settings below")
    if pay is None:
        return Pay()
    currency = _currency(pay)
    by_outcome = pay.table("outcomes", "outcomes = {lobby = 0.50, partner_left = 2.00}")
    found = Pay(
        base=_amount(pay, "base", currency) or Decimal(0),
        currency=currency,
        outcomes=_outcomes(by_outcome, outcomes, currency) if by_outcome else {},
        per_point=_per_point(pay),
        least=_amount(pay, "least", currency, below_zero=True) or Decimal(0),
        most=_amount(pay, "most", currency),
        participant=pay.text("participant", default=""),
    )
    if found.most is not None and found.most < found.least and pay.sound("most") and pay.sound("least"):
        sentence = f"`most` is {found.most}, which is less than `least`, {found.least}."
        pay.wrong("most", sentence, "Raise it, or lower `least`.")
    known = (*entry, *ids)
    if found.participant and found.participant not in known and pay.sound("participant"):
        sentence = f"The entry form has no field `{found.participant}` that could ask for the recruiter's id."
        near = nearest(found.participant, known)
        cure = f"Did you mean `{near}`?" if near else "Add it to [entry], or remove the line."
        pay.wrong("participant", sentence, cure)
    pay.report_unknown_keys("[pay]")
    return found


def check_pay(findings: Findings, sections: Sections) -> None:
    """Adds what would never be paid, and waiting that brings more than to finish."""
    pay, lobby = sections.pay, sections.lobby
    if not findings.sound("pay"):
        return
    sound = all(findings.sound(part) for part in ("before", "step", "after"))
    if sound and not any(step.score_hook for step in sections.all_steps):
        for key in ("per_point", "least", "most"):
            if findings.given(("pay", key)):
                sentence = f"No step has a `score`, so nobody earns anything that `{key}` could count for."
                findings.note(
                    ("pay", key), sentence, 'Name a function in score = "…" at a step, or remove it.'
                )
    for outcome, comes, what in (
        (FULL, FULL in sections.ends_at_door or findings.given(("door",)), "[[quota]]"),
        (SCREENED_OUT, SCREENED_OUT in sections.ends_at_door, "[[screen_out]]"),
        (FAILED, FAILED in sections.ends_at_door, 'then = "failed_check" in [entry] or [[before]]'),
        (DECLINED, DECLINED in sections.ends_at_door, "`decline` in [entry] or [[before]]"),
        ("standby", sections.standby, "[standby]"),
    ):
        if outcome in pay.outcomes and not comes:
            sentence = f"Nobody ends as `{outcome}`: there is no {what}."
            findings.note(("pay", "outcomes", outcome), sentence, f"Remove it, or add {what}.")
    waiting = lobby.pay_per_minute * Decimal(lobby.max_wait) / 60
    if pay.base and waiting > pay.base and findings.sound("lobby"):
        sentence = f"Who waits longest gets {round(waiting, 2)} for that, and {pay.base} for finishing."
        cure = f"Write it in whole {pay.currency or 'units'}, such as 0.15, unless that is meant."
        findings.note(("lobby", "pay_per_minute"), sentence, cure)


def _currency(pay: Table) -> str:
    currency = pay.text("currency", default="")
    if currency and currency not in currencies() and pay.sound("currency"):
        near = currency.upper() if currency.upper() in currencies() else ""
        cure = f"Did you mean `{near}`?" if near else "Write three letters, such as EUR, GBP or USD."
        pay.wrong("currency", f"`{currency}` is no code of a currency.", cure)
        return ""
    return currency


def _amount(table: Table, key: str, currency: str, below_zero: bool = False) -> Decimal | None:
    amount = table.decimal(key)
    if amount is None:
        return None
    cents = currency_digits(currency)
    if amount < 0 and not below_zero:
        table.wrong(key, f"`{key}` is {amount}, but players don't pay to take part.", "Write 0 or more.")
    elif amount != round(amount, cents):
        coin = f"{currency or 'Money'} has {cents} decimals" if cents else f"{currency} has no decimals"
        table.wrong(key, f"`{key}` is {amount}, which nobody can be paid.", f"{coin}; write it with no more.")
    return amount


def _outcomes(table: Table, outcomes: Collection[str], currency: str) -> dict[str, Decimal]:
    found = {outcome: _amount(table, outcome, currency) for outcome in outcomes}
    table.report_unknown_keys("the outcomes")
    return {outcome: amount for outcome, amount in found.items() if amount is not None}


def _per_point(pay: Table) -> Decimal | None:
    worth = pay.decimal("per_point")
    if worth is not None and worth <= 0:
        pay.wrong("per_point", f"`per_point` is {worth}, so points would bring nothing.", "Write 0.05, say.")
        return None
    return worth
