"""What the study compares, from the [[treatment]] tables of study.toml."""

import itertools
import math
import re
from collections.abc import Collection, Mapping, Sequence

from app.study.hooks.uses import HOOKS_FILE
from app.study.model.fields import Field
from app.study.model.steps import ROLE, Step, meant_in, places_of
from app.study.model.treatments import METHODS, WITHIN, Treatment, drawn_together
from app.study.pages import is_page
from app.study.syntax.mistakes import Findings, did_you_mean, listed
from app.study.syntax.table import Table

NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,39}")
LARGEST_BLOCK = 1000


def read_treatments(document: Table) -> tuple[Treatment, ...]:
    found: list[Treatment] = []
    for table in document.tables("treatment", "[[treatment]] with double brackets"):
        levels = table.texts("levels")
        by = _by(table)
        method = table.one_of("method", METHODS, "blocked")
        treatment = Treatment(
            name=_name(table, [one.name for one in found]),
            levels=levels,
            by=by,
            method=method,
            block=table.whole("block", 0, largest=LARGEST_BLOCK) or None,
            weights=_weights(table, levels),
            within=_within(table, by),
        )
        _check_levels(table, levels)
        if method == "complete":
            for key in ("block", "within"):
                if table.has(key):
                    sentence = f"`{key}` means nothing where each is drawn by itself."
                    table.wrong(key, sentence, 'Remove it, or write method = "blocked".')
        table.report_unknown_keys("[[treatment]]")
        found.append(treatment)
    _check_blocks(document.findings, found)
    return tuple(found)


def read_only(step: Table) -> dict[str, str]:
    """Whom a step or a move is for: factor → level."""
    only = step.table("only", 'only = {punishment = "yes"}')
    return {name: only.text(name) for name in only.values} if only else {}


def check_treatments(
    findings: Findings,
    files: Mapping[str, bytes],
    entry: Sequence[Field],
    steps: Sequence[Step],
    treatments: Sequence[Treatment],
) -> None:
    """Adds steps and moves that are for nobody, treatments without a step, and treatments that nothing depends on."""
    if not findings.sound("treatment"):
        return
    names = {one.name: one for one in treatments}
    meant = [
        one for where, step in zip(places_of(steps), steps, strict=True) for one in meant_in(where, step)
    ]
    misspelt = any(name not in names for _, only, _ in meant for name in only)
    for where, only, what in meant:
        for name, level in only.items():
            place = (*where, name)
            if name == ROLE:
                continue  # dealt, not drawn: see role.py
            if name not in names:
                cure = did_you_mean(name, names) if names else "Add it as [[treatment]], or remove this."
                findings.misnamed(place, f"There is no treatment `{name}`.", cure)
            elif level not in names[name].levels:
                sentence = f"`{name}` has no level `{level}`, so this {what} is for nobody."
                findings.wrong(place, sentence, did_you_mean(level, names[name].levels))
    for index, treatment in enumerate(treatments):
        if any(field.name == treatment.column for field in entry):
            sentence = (
                f"The entry form has a field `{treatment.column}`, as players.csv calls this treatment."
            )
            findings.wrong(("treatment", index, "name"), sentence, "Rename one of them.")
        if not _is_used(treatment, files, steps) and not misspelt:
            sentence = f"Nothing depends on `{treatment.name}`: no `only`, no page and no hook names it."
            cure = f'Write only = {{{treatment.name} = "…"}} at a step, or remove it.'
            findings.note(("treatment", index, "name"), sentence, cure)
    _check_plans(findings, [step for step in steps if not step.is_solo], treatments)


def _name(table: Table, others: Collection[str]) -> str:
    name = table.text("name", example="punishment")
    if table.sound("name"):
        if not NAME.fullmatch(name) or hasattr(dict, name):  # as in {{ treatment.name }}
            cure = "Write a word of letters, digits and _, such as punishment."
            table.wrong("name", f"`{name}` can't be the name of a treatment.", cure)
        elif name == ROLE:
            sentence = f"`{name}` can't be the name of a treatment: it is what [role] deals."
            table.wrong("name", sentence, "Give it another name, here and wherever `only` names it.")
        elif name in others:
            sentence = f"There are two treatments named `{name}`."
            table.wrong("name", sentence, "Give one of them another `name`.")
    return name


def _check_levels(table: Table, levels: Sequence[str]) -> None:
    if not table.sound("levels"):
        return
    if not table.has("levels"):
        table.missing("levels", "`levels` is missing.", 'Add levels = ["yes", "no"].')
    elif len(levels) < 2:
        table.wrong("levels", "A treatment has two levels at least.", 'Write levels = ["yes", "no"].')
    elif any(len(level) > 40 for level in levels):
        table.wrong("levels", "A level can have 40 characters.", "Shorten the longer ones.")


def _weights(table: Table, levels: Sequence[str]) -> tuple[int, ...]:
    weights = table.value("weights")
    if weights is None:
        return ()
    cure = f"Write weights = [{', '.join(map(str, range(len(levels) or 2, 0, -1)))}], for example."
    if not isinstance(weights, list) or any(type(one) is not int or not 1 <= one <= 100 for one in weights):
        table.wrong("weights", "`weights` must be a list of whole numbers from 1 to 100.", cure)
        return ()
    if len(weights) != len(levels):
        if table.sound("levels"):
            sentence = (
                f"`weights` has {len(weights)}, and must have one for each of the {len(levels)} levels."
            )
            table.wrong("weights", sentence, cure)
        return ()
    return tuple(weights)


def _by(table: Table) -> str:
    """For whom it is drawn."""
    at_door = table.one_of("at", ("seat", "door"), "seat") == "door"
    by = table.one_of("by", ("room", "player"), "player" if at_door else "room")
    if at_door and by == "room":
        sentence = (
            "Nobody has a room yet as they come, so what is drawn at the door is drawn for each player."
        )
        table.wrong("by", sentence, 'Write by = "player", or remove `at`.')
    return "arrival" if at_door else by


def _within(table: Table, by: str) -> str:
    within = table.text("within", default="")
    if within and within not in WITHIN[by] and table.sound("within") and table.sound("by"):
        whom = "whoever comes" if by == "arrival" else f"a {by}"
        sentence = f"`within` is `{within}`, but what is drawn for {whom} can't be balanced within that."
        table.wrong("within", sentence, f"Write {' or '.join(WITHIN[by])}, or remove it.")
        return ""
    return within


def _check_blocks(findings: Findings, treatments: Sequence[Treatment]) -> None:
    if not findings.sound("treatment"):
        return
    for by in WITHIN:
        for together in drawn_together(treatments, by):
            factors, smallest = together.factors, together.smallest
            given = [one for one in factors if one.block]
            names = listed([one.name for one in factors])
            if smallest > LARGEST_BLOCK:
                last = ("treatment", treatments.index(factors[-1]))
                sentence = (
                    f"{names} have {smallest:,} combinations in a block, and {LARGEST_BLOCK:,} is the most."
                )
                findings.wrong(last, sentence, "Make levels or weights fewer.")
            for one in given:
                place = ("treatment", treatments.index(one), "block")
                if one.block != given[0].block:
                    sentence = f"{names} are drawn together, and have blocks of different sizes."
                    findings.wrong(place, sentence, "Give the size once.")
                elif (one.block or 0) % smallest:
                    crossed = f"{names} together" if len(factors) > 1 else "this"
                    sentence = f"`block` is {one.block}, but {crossed} takes a multiple of {smallest} to be balanced."
                    findings.wrong(
                        place, sentence, f"Write block = {-(-(one.block or 1) // smallest) * smallest}."
                    )


def _check_plans(findings: Findings, steps: Sequence[Step], treatments: Sequence[Treatment]) -> None:
    """Each combination of levels must leave something to do."""
    named = {name for step in steps for name in step.only}
    factors = [one for one in treatments if one.name in named]
    if (
        not factors
        or not steps
        or not findings.sound("step")
        or math.prod(len(one.levels) for one in factors) > LARGEST_BLOCK
    ):
        return
    for levels in itertools.product(*(one.levels for one in factors)):
        treatment = {one.name: level for one, level in zip(factors, levels, strict=True)}
        if not any(step.is_for(treatment) for step in steps):
            which = " and ".join(f"{name} = {level}" for name, level in treatment.items())
            sentence = f"With {which} there is no step, so such a room would end as it opens."
            findings.wrong(("step", 0, "only"), sentence, "Add a step for them, or remove an `only`.")
            return


def _is_used(treatment: Treatment, files: Mapping[str, bytes], steps: Sequence[Step]) -> bool:
    texts = [body for name, body in files.items() if is_page(name) or name == HOOKS_FILE]
    named = re.compile(rf"\b{re.escape(treatment.name)}\b".encode())
    meant = (only for step in steps for _, only, _ in meant_in((), step))
    return any(treatment.name in only for only in meant) or any(map(named.search, texts))
