"""What a study's hooks do with the values that they are given, read off the file before anything runs.

A value is followed through assignments, loops and calls of the file's own functions, as long as there is one thing that
it can be. Where that is not so, nothing is said: a trial finds it.
"""

from __future__ import annotations

import ast
import builtins
import collections
import typing
from collections.abc import Sequence
from typing import Any

from app.study.hooks.reading.members import Members
from app.study.hooks.reading.scopes import Found, Known, Pair, Scope, Things, bound_in, shadowed
from app.study.hooks.reading.types import (
    VALUES,
    Names,
    lines_of,
)
from app.study.hooks.reading.words import Words
from app.study.hooks.uses import HOOKS_FILE, Use
from app.study.syntax.mistakes import Mistake
from app.study.syntax.python import tree_of

PASSES = 4  # over functions that call each other, until it is known what each is given
# The things that they are given
_TAKE_OVER = (
    "sorted",
    "list",
    "tuple",
    "set",
    "frozenset",
    "reversed",
    "iter",
)


def reading_mistakes(content: bytes, uses: Sequence[Use], words: Words) -> list[Mistake]:
    """Names that `room`, `lobby` and what comes of them don't have, and calls that they don't take."""
    reader = _Reader(content, words)
    for use in uses:
        reader.is_given(use.name, [Known(type_) for type_ in use.given.values()])
    for _ in range(PASSES):
        before, unclear = dict(reader.given), len(reader.unclear)
        reader.members.told = []
        for name in before:
            reader.read(name)
        if reader.given == before and len(reader.unclear) == unclear:
            return list(dict.fromkeys(reader.members.told))
    return []


class _Reader:
    def __init__(self, content: bytes, words: Words) -> None:
        self.tree = tree_of(content, HOOKS_FILE)
        self.names = Names(self.tree)
        self.functions = {node.name: node for node in self.tree.body if isinstance(node, ast.FunctionDef)}
        self.top = Scope(self.tree, collections.Counter(bound_in(self.tree)))
        self.unclear: set[tuple[ast.AST, str]] = set()
        self.given: dict[str, list[Found]] = {}
        self.members = Members(lines_of(content), words)
        called = {id(node.func) for node in ast.walk(self.tree) if isinstance(node, ast.Call)}
        self.handed_on = {
            node.id
            for node in ast.walk(self.tree)
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and id(node) not in called
        }

    def is_given(self, name: str, values: Sequence[Found]) -> None:
        """A function is called with these; what another call has otherwise is not known any more."""
        if name not in self.functions or self.top.often[name] != 1:
            return
        before = self.given.get(name)
        if name in self.handed_on:
            values = [None] * len(values)
        if before is None:
            self.given[name] = list(values)
        else:
            pairs = zip(before, values, strict=False)
            same = [one if one == other else None for one, other in pairs]
            self.given[name] = same + [None] * (len(before) - len(same))

    def read(self, name: str) -> None:
        function = self.functions[name]
        taken = [*function.args.posonlyargs, *function.args.args]
        scope = self._scope(function, self.top)
        for one, value in zip(taken, self.given[name], strict=False):
            if value is not None:
                scope.seen[one.arg] = [value]
        self.members.muted = sum(
            isinstance(node, ast.Name) and node.id == "hasattr" for node in ast.walk(function)
        )
        self.members.asked_for = {
            str(node.left.value)
            for node in ast.walk(function)
            if isinstance(node, ast.Compare)
            and isinstance(node.ops[0], ast.In | ast.NotIn)
            and isinstance(node.left, ast.Constant)
        }
        self._go_through(function.body, scope)
        self.unclear |= scope.unclear()

    def _scope(self, function: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda, outer: Scope) -> Scope:
        """With what its own annotations say."""
        scope = Scope(function, collections.Counter(bound_in(function)), outer)
        for one in (*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs):
            type_ = self.names.of(one.annotation) if one.annotation is not None else Any
            scope.seen[one.arg] = [Known(type_) if type_ in VALUES else None]
        return scope

    # statements

    def _go_through(self, body: Sequence[ast.stmt], scope: Scope) -> None:
        for node in body:
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                inner = self._scope(node, scope)
                self._go_through(node.body, inner)
                self.unclear |= inner.unclear()
            elif isinstance(node, ast.ClassDef):
                continue
            elif isinstance(node, ast.Assign):
                value = self.find(node.value, scope)
                for target in node.targets:
                    self._bind(target, value, scope)
            elif isinstance(node, ast.AnnAssign):
                value = self.find(node.value, scope) if node.value else None
                self._bind(node.target, value, scope)
            elif isinstance(node, ast.For):
                self._bind(node.target, self.members.each(node.iter, self.find(node.iter, scope)), scope)
                self._go_through([*node.body, *node.orelse], scope)
            elif isinstance(node, ast.Try):
                self.members.muted += bool(node.handlers)
                self._go_through(node.body, scope)
                self.members.muted -= bool(node.handlers)
                for handler in node.handlers:
                    self._go_through(handler.body, scope)
                self._go_through([*node.orelse, *node.finalbody], scope)
            else:
                self._go_into(node, scope)

    def _go_into(self, node: ast.AST, scope: Scope) -> None:
        for one in ast.iter_child_nodes(node):
            if isinstance(one, ast.expr):
                self.find(one, scope)
            elif isinstance(one, ast.stmt):
                self._go_through([one], scope)
            else:
                self._go_into(one, scope)

    def _bind(self, target: ast.expr, value: Found, scope: Scope) -> None:
        if isinstance(target, ast.Name):
            scope.seen.setdefault(target.id, []).append(value)
        elif isinstance(target, (ast.Tuple, ast.List)):
            parts = typing.get_args(value.type) if isinstance(value, Known) and value.kind is tuple else ()
            fixed = len(parts) == len(target.elts) and ... not in parts
            inner = [Known(part) if part is not Any else None for part in parts] if fixed else []
            if isinstance(value, Pair) and len(target.elts) == 2:
                inner = [value.first, value.second]
            for index, one in enumerate(target.elts):
                self._bind(one, inner[index] if inner else None, scope)
        else:
            self._go_into(target, scope)

    # expressions

    def find(self, node: ast.expr, scope: Scope) -> Found:
        """What a value is; on the way what is wrong with it is told."""
        if isinstance(node, ast.Name):
            return self._name(node.id, scope)
        if isinstance(node, ast.Constant):
            return Known(type(node.value)) if type(node.value) in (str, int, float, bool) else None
        if isinstance(node, ast.Attribute):
            return self.members.member(node, self.find(node.value, scope))
        if isinstance(node, ast.Subscript):
            return self.members.at(node, self.find(node.value, scope), self.find(node.slice, scope))
        if isinstance(node, ast.Call):
            return self._call(node, scope)
        if isinstance(node, (ast.ListComp, ast.SetComp, ast.GeneratorExp, ast.DictComp)):
            return self._comprehension(node, scope)
        if isinstance(node, ast.Lambda):
            self.find(node.body, self._scope(node, scope))
            return None
        if isinstance(node, ast.NamedExpr):
            value = self.find(node.value, scope)
            while isinstance(scope.node, ast.comprehension | ast.expr) and scope.outer is not None:
                scope = scope.outer
            self._bind(node.target, value, scope)
            return value
        if isinstance(node, ast.Compare):
            sides = [(one, self.find(one, scope)) for one in (node.left, *node.comparators)]
            self.members.compared(node, sides)
            return None
        self._go_into(node, scope)
        return None

    def _name(self, name: str, scope: Scope | None) -> Found:
        while scope is not None and name not in scope.often:
            scope = scope.outer
        if scope is None or (scope.node, name) in self.unclear:
            return None
        return next(iter(scope.seen.get(name, [])), None)

    def _call(self, node: ast.Call, scope: Scope) -> Found:
        values = [self.find(one, scope) for one in node.args]
        named = {one.arg: self.find(one.value, scope) for one in node.keywords}
        if isinstance(node.func, ast.Name):
            return self._call_by_name(node, node.func.id, values, scope)
        if not isinstance(node.func, ast.Attribute):
            self.find(node.func, scope)
            return None
        return self.members.called(node, self.find(node.func, scope), values, named)

    def _call_by_name(self, node: ast.Call, name: str, values: Sequence[Found], scope: Scope) -> Found:
        if name in self.functions and not (scope is not self.top and shadowed(scope, name)):
            function = self.functions[name]
            taken = [one.arg for one in (*function.args.posonlyargs, *function.args.args)]
            if any(isinstance(one, ast.Starred) for one in node.args):
                values = []
            by_name = {one.arg: self.find(one.value, scope) for one in node.keywords}
            given = [
                values[index] if index < len(values) else by_name.get(arg) for index, arg in enumerate(taken)
            ]
            self.is_given(name, given)
            type_ = self.names.of(function.returns) if function.returns is not None else Any
            return Known(type_) if type_ in VALUES else None
        if (value := self.names.means.get(name)) in VALUES and not shadowed(scope, name):
            named = {one.arg: self.find(one.value, scope) for one in node.keywords}
            self.members.arguments(node, value, name, values, named)
            return Known(value)
        if scope.has(name) or not hasattr(builtins, name) or not node.args:
            return None
        first = self.members.each(node.args[0], values[0])
        if name in _TAKE_OVER:
            return Things(first)
        if name == "enumerate":
            return Things(Pair(None, first=Known(int), second=first))
        return first if name in ("next", "min", "max") and len(node.args) == 1 and not node.keywords else None

    def _comprehension(
        self, node: ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp, outer: Scope
    ) -> Found:
        targets = collections.Counter(
            one.id for loop in node.generators for one in ast.walk(loop.target) if isinstance(one, ast.Name)
        )
        scope = Scope(node, targets, outer)
        for loop in node.generators:
            self._bind(loop.target, self.members.each(loop.iter, self.find(loop.iter, scope)), scope)
            for test in loop.ifs:
                self.find(test, scope)
        if isinstance(node, ast.DictComp):
            each = self.find(node.key, scope)
            self.find(node.value, scope)
        else:
            each = self.find(node.elt, scope)
        self.unclear |= scope.unclear()
        return Things(each if isinstance(each, Known) else None)
