"""What people do by themselves, from the [[before]] and [[after]] tables of study.toml."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from app.study.hooks.uses import read_hook
from app.study.model.entrance import ATTEMPTS, DECLINED, FAILED, MOST_ATTEMPTS, SCREENED_OUT
from app.study.model.fields import Field
from app.study.model.kinds.click import clicked
from app.study.model.steps import AFTER, BEFORE, PATIENCE, Step
from app.study.sections.fields import FORM_NAMES, read_fields, read_order
from app.study.sections.moves import LONGEST_BUTTON
from app.study.sections.names import unique_name
from app.study.sections.steps import (
    SAVES,
    read_on_timeout,
    read_page,
    read_results,
    read_shows,
    with_computed,
)
from app.study.sections.treatments import read_only
from app.study.sections.valid import read_valid
from app.study.syntax.table import Table

ALSO = ("partner_left", "lobby", "standby")  # who is still there, though they did not complete
TOGETHER = {  # keys of a [[step]] that mean nothing where nobody else is
    "chat": "nobody is there to talk with",
    "talk": "nobody is there to talk with",
    "wait_for": "nobody is waited for",
    "ends": "it goes on with the answer",
    "dropout": "nobody is waited for",
    "move": "moves are made in a room",
    "on_move": "moves are made in a room",
    "rounds": "which page it is stands at the top",
    "continues": "chance ends rounds of a room",
    "at_least": "chance ends rounds of a room",
    "within": "each page has a `limit` of its own",
    "leave": "whose part ends here, `attempts` and `decline` say",
    "final": "it goes on with the answer, which can't be changed then",
}
BUTTON = "Continue"  # translated by the pages


def read_solo(document: Table, during: str, taken: Collection[str] = ()) -> tuple[Step, ...]:
    """Those of [[before]] or of [[after]]. What they show is found once all are read. `taken`: names of others."""
    steps: list[Step] = []
    for table in document.tables(during, f"[[{during}]] with double brackets"):
        page = read_page(table)
        name = table.text("name", default=page)
        if table.sound("page"):
            name = unique_name(table, name, [*taken, *(step.name for step in steps)], "step")
        fields = read_fields(table, reserved=FORM_NAMES, judged=True, ordered=True)
        _check_fields(table, fields)
        timed = table.has("limit")
        attempts, fails = _attempts(table, fields, during)
        repeat, button = table.whole("repeat", 1), table.text("button", default="", longest=LONGEST_BUTTON)
        step = Step(
            name=name,
            page=page,
            repeat=attempts or repeat,
            limit=table.duration("limit", default=PATIENCE),
            fields=fields or (clicked(button or BUTTON),),
            on_timeout=read_on_timeout(table, fields),
            save=table.one_of("save", SAVES, "button"),
            results=read_results(table, fields),
            when=read_hook(table, "when"),
            on_end=read_hook(table, "on_end"),
            score_hook=read_hook(table, "score"),
            only=read_only(table),
            during=during,
            timed=timed,
            decline=table.one_of("decline", (DECLINED,), "") if during == BEFORE else "",
            also=_also(table) if during == AFTER else (),
            valid=read_valid(table, fields),
            attempts=attempts,
            fails=fails,
            button=button,
            order=read_order(table),
        )
        _check_alone(table, step)
        shows = read_shows(table)
        steps.append(with_computed(table, step, shows))
        table.report_unknown_keys(f"[[{during}]]")
    return tuple(steps)


def _check_fields(table: Table, fields: Sequence[Field]) -> None:
    for index, field in enumerate(fields):
        if field.kind.is_about_others:
            sentence = "Nobody else is there whom a question could be about."
            table.findings.wrong((*table.path, "fields", index, "kind"), sentence, "Ask it in a [[step]].")


def _check_alone(table: Table, step: Step) -> None:
    for key, why in TOGETHER.items():
        if table.has(key):
            table.value(key)
            table.wrong(key, f"`{key}` means nothing here: {why}.", "Remove it.")
    if not step.timed and table.has("on_timeout"):
        sentence = "This page has no `limit`, so its time is never up."
        table.wrong("on_timeout", sentence, 'Add limit = "2m", or remove this.')
    if step.attempts and table.has("repeat"):
        sentence = "Each attempt is a round of this page, so it has no `repeat` beside `attempts`."
        table.wrong("repeat", sentence, "Remove it.")
    for key, during, other in (("decline", BEFORE, "[[before]]"), ("also", AFTER, "[[after]]")):
        if table.has(key) and step.during != during:
            table.value(key)
            table.wrong(key, f"Only a page of {other} has `{key}`.", "Remove it.")


def _attempts(table: Table, fields: Sequence[Field], during: str) -> tuple[int, str]:
    """How often one may try (0 where nothing is right or wrong), and the outcome of whoever still has it wrong.

    After the room it stays as it ended: nobody is out ("").
    """
    right = any(field.correct for field in fields)
    attempts = table.whole("attempts", ATTEMPTS, largest=MOST_ATTEMPTS)
    fails = table.one_of("then", (SCREENED_OUT, FAILED), FAILED)
    for key in ("attempts", "then"):
        if table.has(key) and not right and table.sound("fields"):
            sentence = f"No question here has a right answer, so `{key}` is never looked at."
            table.wrong(key, sentence, 'Add correct = "…" to one, or remove the line.')
    if during == AFTER:
        if table.has("then") and right:
            sentence = "How it ended stands after the room: whoever still has it wrong goes on."
            table.wrong("then", sentence, "Remove it.")
        return (attempts, "") if right else (0, "")
    if right and not table.has("attempts") and table.sound("fields"):
        sentence = f"Whoever does not have all right after {ATTEMPTS} attempts is out."
        table.note("fields", sentence, f"Write attempts = {ATTEMPTS} here, or as many as you mean.")
    return (attempts, fails) if right else (0, "")


def _also(table: Table) -> tuple[str, ...]:
    also = table.texts("also")
    for index, outcome in enumerate(also if table.sound("also") else ()):
        if outcome not in ALSO:
            sentence = f"`{outcome}` can't be in `also`: whoever ends so is not there any more."
            if outcome == "complete":
                sentence = "Whoever completes gets here anyway."
            table.findings.wrong((*table.path, "also", index), sentence, f"Choose from {', '.join(ALSO)}.")
    return also
