"""What a study's hooks must not rely on: chance of their own, the clock, other libraries, what an earlier call left."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator, Sequence

from app.study.hooks.reading.types import NETWORKLAB, lines_of, spot_of
from app.study.hooks.uses import HOOKS_FILE, ON_TIMEOUT, Use
from app.study.syntax.mistakes import Mistake
from app.study.syntax.python import tree_of

_CHANCE = 'Write room.dice("…"), which gives the same again.'
_CLOCK = "Let it depend on the room alone: step, round, and what was said."
_OTHERS = {  # functions that give something else each time; none named: all
    "random": ((), _CHANCE),
    "secrets": ((), _CHANCE),
    "uuid": (("uuid1", "uuid4"), _CHANCE),
    "time": (("time", "time_ns", "monotonic", "perf_counter"), _CLOCK),
    "datetime": (("now", "today", "utcnow"), _CLOCK),
}
_SEEDED = ("random.seed", "random.Random")


def habit_mistakes(content: bytes, uses: Sequence[Use]) -> Iterator[Mistake]:
    """Of a hooks.py that can be read."""
    tree, lines = tree_of(content, HOOKS_FILE), lines_of(content)
    taken: dict[str, str] = {}  # names in the file → what they stand for
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            taken |= {one.asname or one.name: one.name for one in node.names}
            yield from _strange(node, [one.name for one in node.names], lines)
        elif isinstance(node, ast.ImportFrom):
            taken |= {one.asname or one.name: f"{node.module}.{one.name}" for one in node.names}
            yield from _strange(node, [node.module or ""], lines)
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    seeded = any(_called(node, taken) == "random.seed" for node in calls)
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and not seeded:
            yield from _other_each_time(node, taken, lines)
        elif isinstance(node, ast.Global):
            sentence = (
                "Nothing stays from one call of a hook to the next, so this is always as the file has it."
            )
            cure = "Compute it from room.said(…), or store it as a result."
            yield Mistake(HOOKS_FILE, spot_of(node, lines), sentence, cure, grave=False)
    for function in tree.body:
        named = isinstance(function, ast.FunctionDef) and function.name == ON_TIMEOUT
        if named and uses and not any(use.name == ON_TIMEOUT for use in uses) and not _is_called(tree):
            sentence = f'No step says on_timeout = "hook", so `{ON_TIMEOUT}` is never called.'
            cure = "Write that at the step whose answers it is to fill in."
            yield Mistake(HOOKS_FILE, spot_of(function, lines, ON_TIMEOUT), sentence, cure, grave=False)


def _is_called(tree: ast.Module) -> bool:
    return any(isinstance(node, ast.Name) and node.id == ON_TIMEOUT for node in ast.walk(tree))


def _strange(node: ast.stmt, modules: Sequence[str], lines: Sequence[str]) -> Iterator[Mistake]:
    for module in modules:
        first = module.partition(".")[0]
        if first and first not in (NETWORKLAB, *sys.stdlib_module_names):
            sentence = f"Hooks have Python's own library and {NETWORKLAB}, and not `{first}`."
            cure = "Compute it without; `statistics`, `math` and `itertools` are there."
            yield Mistake(HOOKS_FILE, spot_of(node, lines, module), sentence, cure)


def _other_each_time(node: ast.Call, taken: dict[str, str], lines: Sequence[str]) -> Iterator[Mistake]:
    """random.choice(…), choice(…), datetime.now(): a room that tries again would decide otherwise."""
    called = _called(node, taken)
    module, _, name = called.partition(".")
    names, cure = _OTHERS.get(module, ((), ""))
    if name and cure and not called.startswith(_SEEDED) and (not names or name.split(".")[-1] in names):
        sentence = f"`{called}` gives something else each time, also where a room tries again."
        yield Mistake(HOOKS_FILE, spot_of(node.func, lines), sentence, cure, grave=False)


def _called(node: ast.Call, taken: dict[str, str]) -> str:
    """random.choice, however it was imported; "" where it is not from a module."""
    first, _, rest = ast.unparse(node.func).partition(".")
    return ".".join(one for one in (taken[first], rest) if one) if first in taken else ""
