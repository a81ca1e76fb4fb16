"""Rounds that a hook asks for without a word: `room.said("x")` is of this round, also where `x` has others."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence

from app.study.hooks.reading.types import lines_of, spot_of
from app.study.hooks.uses import HOOKS_FILE, Use
from app.study.model.blocks import blocks
from app.study.model.steps import Step, places_of
from app.study.syntax.mistakes import Mistake
from app.study.syntax.python import tree_of


def round_mistakes(content: bytes, uses: Sequence[Use], steps: Sequence[Step]) -> Iterator[Mistake]:
    """Of the functions that steps name, where what they ask for was said in rounds of other steps alone."""
    tree, lines = tree_of(content, HOOKS_FILE), lines_of(content)
    functions = {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}
    together = [(repeat, those) for repeat, those in blocks(steps) for _ in those]
    found: dict[ast.Call, Mistake] = {}
    for use in uses:
        here = next((n for n, place in enumerate(places_of(steps)) if place == use.path[:2]), None)
        function = functions.get(use.name)
        if here is None or function is None or not function.args.args:
            continue
        for call, name in _asked(function, function.args.args[0].arg):
            theirs = [one for one in together if any(_says(step, name) for step in one[1])]
            if not theirs or together[here] in theirs or any(repeat == 1 for repeat, _ in theirs):
                continue
            found.setdefault(call, _of_another(call, name, theirs[-1], together[here][0], steps[here], lines))
    yield from found.values()


def _asked(function: ast.FunctionDef, room: str) -> Iterator[tuple[ast.Call, str]]:
    """Each `room.said("x")` that says of no round."""
    for node in ast.walk(function):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr == "said"
            and isinstance(node.func.value, ast.Name)
            and node.func.value.id == room
            and len(node.args) == 1
            and isinstance(node.args[0], ast.Constant)
            and isinstance(node.args[0].value, str)
            and all(one.arg == "step" for one in node.keywords)
        ):
            yield node, node.args[0].value


def _says(step: Step, name: str) -> bool:
    return any(one.name == name for one in (*step.fields, *step.results))


def _of_another(
    call: ast.Call,
    name: str,
    theirs: tuple[int, Sequence[Step]],
    repeat: int,
    here: Step,
    lines: Sequence[str],
) -> Mistake:
    asked, of = theirs[0], "the round of the same number" if repeat > 1 else "round 1"
    early = any(step.may_end_early for step in theirs[1])
    sentence = f"At `{here.name}` this is what was said in {of}, and `{name}` has {asked} rounds of its own."
    last = f"round={asked}" + (" (or the last that came, where they end early)" if early else "")
    return Mistake(
        HOOKS_FILE,
        spot_of(call, lines),
        sentence,
        f"Say which is meant: {last} for the last, round=1 for the first.",
        grave=False,
    )
