"""What a study's hooks do with the values that they are given, read off the file before anything runs.

A value is followed through assignments, loops and calls of the file's own functions, as long as there is one thing that
it can be. Where that is not so, nothing is said: a trial finds it.
"""

from __future__ import annotations

import ast
import builtins
import collections
import inspect
import random
import typing
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from app.study.hooks import networklab
from app.study.hooks.reading.scopes import Found, Known, Method, Pair, Scope, Things, bound_in, shadowed
from app.study.hooks.reading.types import (
    VALUES,
    Names,
    an,
    fits,
    lines_of,
    members_of,
    methods_of,
    noun,
    signature_of,
    spot_of,
    type_of,
    written,
    written_signature,
)
from app.study.hooks.reading.words import Words
from app.study.hooks.uses import HOOKS_FILE, Use
from app.study.toml.lines import Spot
from app.study.toml.mistakes import Mistake, did_you_mean, nearest

PASSES = 4  # over functions that call each other, until it is known what each is given
_BUILTINS = (tuple, dict, str, int, bool, float, list, set, frozenset, Decimal, random.Random)
_TAKE_OVER = (
    "sorted",
    "list",
    "tuple",
    "set",
    "frozenset",
    "reversed",
    "iter",
)  # the things that they are given


def reading_mistakes(content: bytes, uses: Sequence[Use], words: Words) -> list[Mistake]:
    """Names that `room`, `lobby` and what comes of them don't have, and calls that they don't take."""
    reader = _Reader(content, words)
    for use in uses:
        reader.is_given(use.name, [Known(type_) for type_ in use.given.values()])
    for _ in range(PASSES):
        before, unclear = dict(reader.given), len(reader.unclear)
        reader.told = []
        for name in before:
            reader.read(name)
        if reader.given == before and len(reader.unclear) == unclear:
            return list(dict.fromkeys(reader.told))
    return []


class _Reader:
    def __init__(self, content: bytes, words: Words) -> None:
        self.tree, self.lines, self.words = ast.parse(content, HOOKS_FILE), lines_of(content), words
        self.names = Names(self.tree)
        self.functions = {node.name: node for node in self.tree.body if isinstance(node, ast.FunctionDef)}
        self.top = Scope(self.tree, collections.Counter(bound_in(self.tree)))
        self.unclear: set[tuple[ast.AST, str]] = set()
        self.given: dict[str, list[Found]] = {}
        self.told: list[Mistake] = []
        self.muted = 0
        self.asked_for: set[str] = set()  # "age" in seat.entry
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
        self.muted = sum(isinstance(node, ast.Name) and node.id == "hasattr" for node in ast.walk(function))
        self.asked_for = {
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

    def _tell(
        self, node: ast.expr | ast.arg, word: str, sentence: str, cure: str, grave: bool = True
    ) -> None:
        if not self.muted:
            spot = self._spot(node, word)
            self.told.append(Mistake(HOOKS_FILE, spot, sentence, cure, grave))

    def _spot(self, node: ast.expr | ast.arg, word: str) -> Spot:
        return spot_of(node, self.lines, word)

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
                self._bind(node.target, self._each(node.iter, scope), scope)
                self._go_through([*node.body, *node.orelse], scope)
            elif isinstance(node, ast.Try):
                self.muted += bool(node.handlers)
                self._go_through(node.body, scope)
                self.muted -= bool(node.handlers)
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
            return self._attribute(node, scope)
        if isinstance(node, ast.Subscript):
            return self._subscript(node, scope)
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
            self._compare(node, scope)
            return None
        self._go_into(node, scope)
        return None

    def _name(self, name: str, scope: Scope | None) -> Found:
        while scope is not None and name not in scope.often:
            scope = scope.outer
        if scope is None or (scope.node, name) in self.unclear:
            return None
        return next(iter(scope.seen.get(name, [])), None)

    def _attribute(self, node: ast.Attribute, scope: Scope) -> Found:
        base = self.find(node.value, scope)
        source = ast.unparse(node.value)
        if isinstance(base, Method) and base.of.kind in VALUES:
            cure = f"Write {source}{signature_of(base.of.kind, base.name)}.{node.attr}."
            self._tell(node.value, base.name, f"`{source}` is a function, and is not called.", cure)
            return None
        if not isinstance(base, Known) or node.attr.startswith("__"):
            return None
        kind = base.kind
        if kind in VALUES:
            members = members_of(kind)
            if node.attr not in members:
                sentence = f"{an(kind)} has no `{node.attr}`."
                self._tell(node, node.attr, sentence, self.words.no_member(kind, node.attr, members))
                return None
            if node.attr in methods_of(kind):
                return Method(base, node.attr)
            return self.words.member(kind, node.attr, type_of(kind, node.attr))
        if kind not in _BUILTINS:
            return None
        if not hasattr(kind, node.attr):
            public = [one for one in dir(kind) if not one.startswith("_")]
            cure = did_you_mean(node.attr, public) if nearest(node.attr, public) else ""
            if kind is tuple and hasattr(list, node.attr):
                cure = f"It can't be changed: list({source}) makes a list of it."
            elif kind is tuple and len(parts := set(typing.get_args(base.type)) - {...}) == 1:
                [inner] = parts
                if inner in VALUES and node.attr in members_of(inner):
                    cure = f"Each {noun(inner)} in it has one."
            self._tell(
                node, node.attr, f"`{source}` is {an(kind).lower()}, which has no `{node.attr}`.", cure
            )
            return None
        return Method(base, node.attr)

    def _subscript(self, node: ast.Subscript, scope: Scope) -> Found:
        base, index = self.find(node.value, scope), self.find(node.slice, scope)
        if isinstance(base, Method) and base.of.kind in VALUES:
            source = ast.unparse(node.value)
            cure = f"Write {source}({ast.unparse(node.slice)})."
            self._tell(node.value, base.name, f"`{source}` is a function, and is not called.", cure)
            return None
        if not isinstance(base, Known):
            return None
        if base.kind is dict:
            return self._value_of(base, node.slice, index, missing=True)
        if base.type == tuple[networklab.Seat, ...] and ast.unparse(node.slice).split(".")[-1] == "slot":
            sentence = f"Slots count from 1, and `{ast.unparse(node.value)}` from 0."
            self._tell(node.slice, "", sentence, f"Write room.seat({ast.unparse(node.slice)}).", grave=False)
        if base.kind is tuple and not isinstance(node.slice, ast.Slice):
            parts = typing.get_args(base.type)
            return Known(parts[0]) if len(parts) == 2 and parts[1] is ... else None
        return base if isinstance(node.slice, ast.Slice) else None

    def _value_of(self, base: Known, key: ast.expr, found: Found, missing: bool) -> Known | None:
        """What a mapping has for a key. `missing`: it must be there."""
        parts = typing.get_args(base.type)
        wanted, value = parts if len(parts) == 2 else (Any, Any)
        if isinstance(found, Known) and not fits(found.type, wanted):
            cure = (
                f"Write {ast.unparse(key)}.slot." if found.kind is networklab.Seat and wanted is int else ""
            )
            sentence = f"The keys here are {an(wanted).lower()} each, and not {an(found.kind).lower()}."
            self._tell(key, "", sentence, cure)
            return None
        words: tuple[str, ...] = ()
        if isinstance(key, ast.Constant) and isinstance(key.value, str) and base.keys is not None:
            words = base.keys.get(key.value, ())
            slip = self.words.no_key(base, key.value, needed=missing)
            if slip is not None and key.value not in self.asked_for:
                self._tell(key, key.value, *slip)
        elif base.keys is not None:
            every = set(base.keys.values())
            words = every.pop() if len(every) == 1 else ()
        return (
            None if value is Any and not words else Known(str if words else value, words=words, what="answer")
        )

    def _call(self, node: ast.Call, scope: Scope) -> Found:
        values = [self.find(one, scope) for one in node.args]
        named = {one.arg: self.find(one.value, scope) for one in node.keywords}
        if isinstance(node.func, ast.Name):
            return self._call_by_name(node, node.func.id, values, scope)
        if not isinstance(node.func, ast.Attribute):
            self.find(node.func, scope)
            return None
        called = self.find(node.func, scope)
        if isinstance(called, Known) and called.kind in (tuple, dict, str, int, bool):
            source = ast.unparse(node.func)
            self._tell(node.func, node.func.attr, f"`{source}` is no function.", f"Write {source}.")
        if not isinstance(called, Method):
            return None
        base = called.of
        if base.kind in VALUES:
            arguments = self._arguments(node, getattr(base.kind, called.name), called.name, values, named)
            return self._result(base.kind, called.name, node, arguments)
        if base.kind is dict:
            return self._of_dict(base, called.name, node, values)
        return None

    def _arguments(
        self,
        node: ast.Call,
        function: Any,
        name: str,
        values: Sequence[Found],
        named: Mapping[str | None, Found],
    ) -> Mapping[str, ast.expr]:
        """Each by its name, none where that can't be known; what the function does not take is told."""
        if any(isinstance(one, ast.Starred) for one in node.args) or None in named:
            return {}
        own = [] if isinstance(function, type) else [None]  # self
        keywords = {str(one.arg): one.value for one in node.keywords}
        try:
            bound = inspect.signature(function).bind(*own, *node.args, **keywords).arguments
        except TypeError as error:
            source = ast.unparse(node.func)
            sentence = f"`{name}` can't be called so: {error}."
            self._tell(node.func, name, sentence, f"Write {source}{written_signature(function)}.")
            return {}
        found = dict(zip(map(id, [*node.args, *keywords.values()]), [*values, *named.values()], strict=True))
        hints = typing.get_type_hints(function)
        for parameter, one in bound.items():
            value = found.get(id(one))
            if isinstance(value, Known) and not fits(value.type, hints.get(parameter, Any)):
                wanted = written(hints[parameter])
                cure = (
                    f"Write {ast.unparse(one)}.slot."
                    if value.kind is networklab.Seat and wanted == "int"
                    else ""
                )
                sentence = f"`{name}` takes {wanted} as `{parameter}`, and is given {an(value.kind).lower()}."
                self._tell(one, "", sentence, cure)
        return {name: one for name, one in bound.items() if isinstance(one, ast.expr)}

    def _result(self, kind: type, name: str, node: ast.Call, given: Mapping[str, ast.expr]) -> Known | None:
        type_ = typing.get_type_hints(getattr(kind, name))["return"]
        if (kind, name) != (networklab.Room, "said"):
            return Known(type_)
        words = self._said(given)
        return Known(type_, keys={"": words} if words else None, what="answer")

    def _said(self, given: Mapping[str, ast.expr]) -> tuple[str, ...]:
        """The words that the answers to a field can be; a field or step that there is not is told."""
        name, step = given.get("name"), given.get("step")
        field, where = _text(name), _text(step)
        if name is None or field is None or (step is not None and where is None):
            return ()
        if step is not None and where is not None and (slip := self.words.no_step(where)):
            self._tell(step, where, *slip)
        elif slip := self.words.not_said(field, where):
            self._tell(name, field, *slip)
        else:
            return self.words.answers(field)
        return ()

    def _of_dict(self, base: Known, name: str, node: ast.Call, values: Sequence[Found]) -> Found:
        parts = typing.get_args(base.type)
        key, value = (
            (Known(part) if part is not Any else None for part in parts) if len(parts) == 2 else (None, None)
        )
        every = set((base.keys or {}).values())
        if len(every) == 1 and (words := every.pop()):
            value = Known(str, words=words, what="answer")
        if name == "get" and node.args:
            found = self._value_of(base, node.args[0], values[0], missing=False)
            return found if found and found.words else None  # or what is given for those who are not there
        if name == "values":
            return Things(value)
        if name == "keys":
            return Things(key)
        return Things(Pair(None, first=key, second=value)) if name == "items" else None

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
            self._arguments(node, value, name, values, named)
            return Known(value)
        if scope.has(name) or not hasattr(builtins, name) or not node.args:
            return None
        first = self._each(node.args[0], scope, values[0])
        if name in _TAKE_OVER:
            return Things(first)
        if name == "enumerate":
            return Things(Pair(None, first=Known(int), second=first))
        return first if name in ("next", "min", "max") and len(node.args) == 1 and not node.keywords else None

    def _each(self, node: ast.expr, scope: Scope, found: Found = None) -> Known | None:
        """What one gets who goes through it."""
        found = found or self.find(node, scope)
        if isinstance(found, Things):
            return found.each
        if isinstance(found, Method) and found.of.kind in VALUES:
            source = ast.unparse(node)
            cure = f"Write {source}{signature_of(found.of.kind, found.name)}."
            self._tell(node, found.name, f"`{source}` is a function, and is not called.", cure)
        if not isinstance(found, Known):
            return None
        parts = typing.get_args(found.type)
        if found.kind is dict and len(parts) == 2:
            return Known(parts[0]) if parts[0] is not Any else None
        if found.kind is tuple and len(parts) == 2 and parts[1] is ... and parts[0] is not Any:
            return Known(parts[0])
        return None

    def _comprehension(
        self, node: ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp, outer: Scope
    ) -> Found:
        targets = collections.Counter(
            one.id for loop in node.generators for one in ast.walk(loop.target) if isinstance(one, ast.Name)
        )
        scope = Scope(node, targets, outer)
        for loop in node.generators:
            self._bind(loop.target, self._each(loop.iter, scope), scope)
            for test in loop.ifs:
                self.find(test, scope)
        if isinstance(node, ast.DictComp):
            each = self.find(node.key, scope)
            self.find(node.value, scope)
        else:
            each = self.find(node.elt, scope)
        self.unclear |= scope.unclear()
        return Things(each if isinstance(each, Known) else None)

    def _compare(self, node: ast.Compare, scope: Scope) -> None:
        """A text beside one that it can never be."""
        sides = [(one, self.find(one, scope)) for one in (node.left, *node.comparators)]
        for (one, found), (other, beside), how in zip(sides, sides[1:], node.ops, strict=False):
            if not isinstance(how, ast.Eq | ast.NotEq):
                continue
            for known, text in ((found, other), (beside, one)):
                if (
                    isinstance(known, Known)
                    and known.words
                    and isinstance(text, ast.Constant)
                    and isinstance(text.value, str)
                    and text.value not in known.words
                ):
                    sentence = f"It is never `{text.value}` here."
                    self._tell(text, text.value, sentence, did_you_mean(text.value, known.words), grave=False)


def _text(node: ast.expr | None) -> str | None:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None
