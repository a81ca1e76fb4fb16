"""What a study's hooks.py imports and annotates, and can't be: what it is never given, what nobody takes."""

from __future__ import annotations

import ast
import itertools
from collections.abc import Iterator, Sequence
from typing import Any

from app.study.hooks import networklab
from app.study.hooks.reading.scopes import bound_anywhere
from app.study.hooks.reading.types import (
    NETWORKLAB,
    VALUES,
    Names,
    fits,
    lines_of,
    parts_of,
    spot_of,
    taken,
    written,
)
from app.study.hooks.uses import HOOKS_FILE, Use
from app.study.syntax.mistakes import Mistake, did_you_mean
from app.study.syntax.python import tree_of


def type_mistakes(content: bytes, uses: Sequence[Use]) -> Iterator[Mistake]:
    """What a hooks.py that can be read annotates, and can't be given or taken; what it imports that there is not."""
    tree, lines = tree_of(content, HOOKS_FILE), lines_of(content)
    names = Names(tree)
    yield from _imports(tree, lines)
    yield from _unknown(tree, names, lines)
    functions = {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}
    told: set[tuple[str, str]] = set()
    for use in uses:
        function = functions.get(use.name)
        if function is None:
            continue
        for mistake in itertools.chain(
            _parameters(function, use, names, lines), _answer(function, use, names, lines)
        ):
            if (use.name, mistake.sentence) not in told:
                told.add((use.name, mistake.sentence))
                yield mistake


def _imports(tree: ast.Module, lines: Sequence[str]) -> Iterator[Mistake]:
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module == NETWORKLAB:
            for one in node.names:
                if one.name != "*" and not hasattr(networklab, one.name):
                    cure = did_you_mean(one.name, [value.__name__ for value in VALUES])
                    yield Mistake(HOOKS_FILE, spot_of(one, lines), f"networklab has no `{one.name}`.", cure)


def _unknown(tree: ast.Module, names: Names, lines: Sequence[str]) -> Iterator[Mistake]:
    """Words of ours that the file uses and does not import."""
    passed = _annotations(tree) if names.postponed else set()
    everywhere = names.taken | bound_anywhere(tree)
    first: dict[str, ast.Name] = {}
    for used in ast.walk(tree):
        if isinstance(used, ast.Name) and used not in passed:
            first.setdefault(used.id, used)
    for name in () if names.has_all else (value.__name__ for value in VALUES):
        node = first.get(name)
        if node is not None and name not in everywhere:
            cure = f"Write from {NETWORKLAB} import {name} at the top."
            yield Mistake(HOOKS_FILE, spot_of(node, lines), f"`{name}` is not known here.", cure)


def _annotations(tree: ast.Module) -> set[ast.AST]:
    found: list[ast.AST | None] = []
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            found.append(node.returns)
        elif isinstance(node, (ast.arg, ast.AnnAssign)):
            found.append(node.annotation)
    return {inner for one in found if one is not None for inner in ast.walk(one)}


def _parameters(function: ast.FunctionDef, use: Use, names: Names, lines: Sequence[str]) -> Iterator[Mistake]:
    taken = [*function.args.posonlyargs, *function.args.args]
    given = use.given.values()
    for index, (one, type_) in enumerate(zip(taken, given, strict=False)):
        if one.arg in use.given and list(use.given).index(one.arg) != index:
            sentence = f"`{use.name}` is given {', '.join(use.given)}, in this order."
            cure = f"Write def {use.name}({', '.join(use.given)}):"
            yield Mistake(HOOKS_FILE, spot_of(one, lines, one.arg), sentence, cure)
            return
        if one.annotation is not None and not fits(type_, names.of(one.annotation)):
            said = ast.unparse(one.annotation)
            sentence = f"`{one.arg}` is given as {written(type_)}, and can't be `{said}`."
            cure = f"Write {one.arg}: {written(type_)}."
            yield Mistake(HOOKS_FILE, spot_of(one.annotation, lines), sentence, cure)


def _answer(function: ast.FunctionDef, use: Use, names: Names, lines: Sequence[str]) -> Iterator[Mistake]:
    found = names.of(function.returns) if function.returns is not None else Any
    if function.returns is None or taken(found, use.returns):
        return
    sentence = f"`{use.name}` returns `{ast.unparse(function.returns)}`, and `{use.key}` takes {written(use.returns)}."
    exact = "A float is not exact. " if float in set(parts_of(found)) else ""
    cure = f"{exact}Write -> {written(use.returns)}."
    yield Mistake(HOOKS_FILE, spot_of(function.returns, lines), sentence, cure)
