"""What players may do at any time at a step, from the [[step.move]] tables of study.toml."""

from __future__ import annotations

from app.study.model.moves import MoveForm
from app.study.model.steps import Step
from app.study.sections.clocks import check_clock
from app.study.sections.fields import FORM_NAMES, read_fields, read_name
from app.study.sections.treatments import read_only
from app.study.syntax.table import Table

LONGEST_BUTTON = 60  # characters
# Names that the forms of moves and moves.csv use.
MOVE_NAMES = (*FORM_NAMES, "move", "record", "slot", "nth", "accepted", "sentence", "at", "clock", "made_by")
ANSWERED = {  # keys of a step that say something of answers, and what is so instead
    "wait_for": "Nobody answers at a step with moves, so there is nobody to wait for.",
    "on_timeout": "Nobody answers at a step with moves, so no answer can be missing.",
    "save": "A move is sent by its own button.",
    "valid": "Whether a move counts, `on_move` says.",
    "final": "A move that was made can't be changed anyway.",
    "button": "Each move has a button of its own.",
}


def read_moves(step: Table) -> tuple[MoveForm, ...]:
    found: list[MoveForm] = []
    for table in step.tables("move", "[[step.move]] with double brackets, below its [[step]]"):
        name = read_name(table, MOVE_NAMES, "move")
        if name and name in [one.name for one in found]:
            table.wrong("name", f"There are two moves named `{name}` here.", "Rename one of them.")
        button = table.text("button", default=name, longest=LONGEST_BUTTON)
        fields = read_fields(table, reserved=MOVE_NAMES)
        for index, field in enumerate(fields):
            if field.kind.is_about_others:
                sentence = "A move is one thing at a time, and can't ask something of each of several others."
                cure = "Ask for one of them, with a kind such as integer, or ask this in a step of its own."
                table.findings.wrong((*table.path, "fields", index, "kind"), sentence, cure)
            for key in field.limits:
                sentence = "What a move may say changes with the moves: the hook decides."
                cure = 'Remove it, and answer Refuse("…") in `on_move`.'
                table.findings.wrong((*table.path, "fields", index, key), sentence, cure)
        found.append(MoveForm(name, button or name, fields, read_only(table)))
        table.report_unknown_keys("[[step.move]]")
    return tuple(found)


def check_moves(table: Table, step: Step) -> None:
    """Adds what a step with moves can't say, and moves that nothing answers. All its results are known."""
    check_clock(table, step)
    if table.has("on_move") and not table.has("move"):
        sentence = "No [[step.move]] says what players can do here, so this is never called."
        table.wrong("on_move", sentence, 'Add [[step.move]] with name = "bid" below, for example.')
    if not step.moves:
        if table.has("quiet"):
            sentence = "Only where players make moves does it go on so long after the last one."
            table.wrong("quiet", sentence, "Add [[step.move]] below, or remove it.")
        return
    if step.quiet >= step.limit and table.has("quiet") and table.sound("limit"):
        sentence = "By then the `limit` of the step has passed anyway."
        table.wrong("quiet", sentence, "Make it shorter, or `limit` longer: that is the most it can last.")
    if not table.has("on_move"):
        cure = 'Add on_move = "NAME" to the step, a function of hooks.py.'
        table.wrong("move", "Nothing answers these moves.", cure)
    if step.fields:
        sentence = "A step with moves asks nothing else: who answered it would have to wait for its end."
        table.wrong("fields", sentence, "Ask this in a step before or after it, or with a move.")
    if table.has("ends") and step.ends == "answered":
        sentence = "Nobody answers at a step with moves: it ends at its `limit`, or as `on_move` says so."
        table.wrong("ends", sentence, "Remove it; Accept(end=True) ends the step.")
    for key, sentence in ANSWERED.items():
        if table.has(key):
            table.wrong(key, sentence, "Remove it.")
    results = [one.name for one in step.results]
    for index, move in enumerate(step.moves):
        if move.name in results:
            sentence = f"`{move.name}` is a result of this step already."
            table.findings.wrong(
                (*table.path, "move", index, "name"), sentence, "Give one of them another name."
            )
