"""[dropout] of study.toml: who counts as gone, and what a room does without them; each step may say it anew."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from app.study.hooks.uses import read_hook
from app.study.model.steps import DROPOUT_LAST, Dropout, Step
from app.study.syntax.lines import Path
from app.study.syntax.mistakes import Findings, did_you_mean
from app.study.syntax.table import Table

ACTIONS = ("nudge", "standby", *DROPOUT_LAST)
EXAMPLE = '[dropout] with single brackets, and its settings below, or dropout = "none" in a step'


def read_dropout(document: Table) -> Dropout:
    dropout = document.table("dropout", "[dropout] with single brackets, and its settings below")
    if dropout is None:
        return Dropout()
    bot = read_hook(dropout, "bot")
    return replace(_read(dropout, Dropout(), "[dropout]"), bot_hook=bot)


def read_step_dropout(step: Table, of_study: Dropout) -> Dropout:
    """The step's own rule: the study's with what the step says otherwise; "none": nobody drops out at it."""
    value = step.value("dropout")
    if value is None:
        return of_study
    if isinstance(value, dict):
        dropout = step.table("dropout", 'dropout = {silent = "2m"}')
        assert dropout is not None
        return _read(dropout, of_study, "a step's `dropout`")
    if value != "none":
        sentence = "`dropout` of a step must be a table, or none."
        step.wrong("dropout", sentence, 'Write dropout = {silent = "2m"}, or dropout = "none".')
    return replace(of_study, silent=None)


def check_dropouts(findings: Findings, dropout: Dropout, steps: Sequence[Step]) -> None:
    """Adds what can never happen, or only in part, although each setting is well written."""
    for path, rule in _rules(findings, dropout, steps):
        follow = rule.follow
        if not findings.sound(*path):
            continue
        if rule.then == ("nudge",):
            sentence = "Nothing follows `nudge`: whoever stays silent is never taken out."
            findings.note((*path, "then"), sentence, 'Add "smaller" or "end_room" unless that is meant.')
        elif follow and follow[-1] == "standby":
            sentence = "Where nobody waits who fits, `standby` can't be done, and nothing follows it."
            findings.note((*path, "then"), sentence, 'Add "smaller", "end_room" or "continue" after it.')
        if "grace" in _given(findings, path) and "nudge" not in rule.then:
            sentence = "`grace` is what follows a `nudge`, and there is none in `then`."
            findings.note((*path, "grace"), sentence, 'Remove it, or start `then` with "nudge".')
        if path[0] == "step" and isinstance(path[1], int) and not steps[path[1]].fields and rule.silent:
            sentence = "This step asks nothing, so nobody can be silent at it."
            findings.note(path, sentence, "Remove it.")
    _check_length(findings, dropout, steps)


def _check_length(findings: Findings, dropout: Dropout, steps: Sequence[Step]) -> None:
    """Silence goes on from one step to the next, but no longer than all of them."""
    if not findings.sound("step") or not findings.sound("dropout"):
        return
    asking = [(index, step) for index, step in enumerate(steps) if step.fields and step.dropout.silent]
    longest = sum(step.limit * step.repeat for _, step in asking)
    for index, step in asking:
        own = "silent" in _given(findings, ("step", index, "dropout"))
        place = ("step", index, "dropout", "silent") if own else ("dropout", "silent")
        if step.dropout.silent is not None and step.dropout.silent >= longest:
            times = f"{step.dropout.silent:g} s: all steps that ask together last {longest:g} s"
            sentence = f"Nobody is silent for {times}."
            findings.note(place, sentence, "Make it shorter.")
            if not own:
                break


def _rules(findings: Findings, dropout: Dropout, steps: Sequence[Step]) -> Sequence[tuple[Path, Dropout]]:
    """Those that the study writes down, with their places."""
    rules: list[tuple[Path, Dropout]] = [(("dropout",), dropout)]
    rules += [(("step", index, "dropout"), step.dropout) for index, step in enumerate(steps)]
    return [(path, rule) for path, rule in rules if _given(findings, path)]


def _given(findings: Findings, path: Path) -> list[str]:
    return [key for key in ("silent", "grace", "then", "bot") if findings.given((*path, key))]


def _read(table: Table, default: Dropout, where: str) -> Dropout:
    silent = table.duration("silent", default.silent or 0.0) or None
    grace = table.duration("grace", default.grace)
    actions = table.texts("then")
    known = _known(table, actions)
    if silent is None and table.has("then") and not table.has("silent"):
        whole = "[dropout]" if table.path == ("dropout",) else "`dropout` here"
        cure = f'Add silent = "45s", or remove {whole}.'
        table.note("then", "Without `silent` nobody drops out, so `then` is for those who leave.", cure)
    table.report_unknown_keys(where)
    return Dropout(silent, grace, known or default.then, default.bot_hook)


def _known(table: Table, actions: Sequence[str]) -> tuple[str, ...]:
    """Those that can be done, where they stand."""
    known: list[str] = []
    for index, action in enumerate(actions if table.sound("then") else ()):
        place = (*table.path, "then", index)
        if action not in ACTIONS:
            table.findings.wrong(
                place, f"`then` has `{action}`, which is not known.", did_you_mean(action, ACTIONS)
            )
        elif action == "nudge" and index:
            sentence = "`nudge` comes first: nobody is there any more after the others."
            table.findings.wrong(place, sentence, "Move it to the front.")
        elif action in DROPOUT_LAST and index + 1 < len(actions):
            table.findings.wrong(place, f"Nothing can follow `{action}`.", "Make it the last in the list.")
        else:
            known.append(action)
    return tuple(known)
