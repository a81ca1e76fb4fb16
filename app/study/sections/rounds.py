"""How the rounds of a step end: by chance, or as the time is up that they have in common."""

import itertools
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

from app.study.model.steps import Step
from app.study.syntax.table import Table


def read_continues(table: Table) -> Decimal | None:
    """The chance that another round follows."""
    chance = table.decimal("continues")
    if chance is None or 0 < chance < 1:
        return chance
    table.wrong("continues", f"A chance of {chance} is none.", "Write a number between 0 and 1, such as 0.9.")
    return None


def check_rounds(table: Table, step: Step) -> None:
    for key in ("rounds", "continues"):
        if table.has(key) and step.repeat == 1 and table.sound("repeat"):
            table.wrong(key, "This step has one round.", f"Raise `repeat`, or remove `{key}`.")
    if table.has("at_least") and not table.has("continues"):
        cure = "Add continues = 0.9, or remove it."
        table.wrong("at_least", "Only where chance ends the rounds there are some `at_least`.", cure)
    elif step.continues is not None and step.at_least >= step.repeat > 1:
        sentence = f"There are at most {step.repeat} rounds, so chance ends nothing."
        table.wrong("at_least", sentence, "Make it smaller, or raise `repeat`, the most there can be.")
    if step.continues is not None and step.own_pace:
        sentence = "At one's own pace each would be in another round as it ends."
        table.wrong("continues", sentence, "Let the step wait for all.")


def common_time(steps: Sequence[Step]) -> bool:
    """Whether the last of these pages are gone through at one's own pace within a time that they have in common."""
    *_, last = [list(run) for _, run in itertools.groupby(steps, key=lambda one: one.own_pace)] or [[]]
    return any(one.within for one in last if one.own_pace)


def check_common_time(table: Table, step: Step, before: Sequence[Step]) -> None:
    if table.has("within") and not step.own_pace:
        sentence = "Only pages that each goes through at their own pace have a time in common."
        table.wrong("within", sentence, 'Write wait_for = "none", or limit in its place.')
    elif step.own_pace and table.has("limit") and (table.has("within") or common_time(before)):
        sentence = "These pages share the time that `within` says, so that none has one of its own."
        table.wrong("limit", sentence, "Remove it.")
    elif table.has("within") and before and before[-1].own_pace:
        sentence = "The pages before this one are gone through together with it."
        table.wrong("within", sentence, "Say it at the first of them, and leave out their `limit`.")


def check_meeting(document: Table, steps: Sequence[Step]) -> None:
    """Pages in a row at one's own pace, of which some are for some: they end with one for everybody."""
    for index, step in enumerate(steps):
        is_last = step.own_pace and not any(one.own_pace for one in steps[index + 1 : index + 2])
        if is_last and step.only:
            sentence = (
                "The last page that each comes to by themselves is where all meet, so it is for everybody."
            )
            cure = 'Add a [[step]] with wait_for = "none" and button = "Next" below it.'
            document.findings.wrong(("step", index, "only"), sentence, cure)


def shared_out(steps: Sequence[Step]) -> list[Step]:
    """Each page with its part of the time that those in a row have in common: together they come to it."""
    found: list[Step] = []
    for own_pace, run in itertools.groupby(steps, key=lambda one: one.own_pace):
        pages = list(run)
        within = next((one.within for one in pages if one.within and own_pace), 0.0)
        part = within / sum(one.repeat for one in pages)
        found += [replace(one, limit=part, within=within) if within else one for one in pages]
    return found
