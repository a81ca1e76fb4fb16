"""Types in a study's hooks.py: what its annotations mean, and whether a value can be what they say.

It knows what can be read off the file: built-in types, `networklab`, and a few modules of the library. Where anything
else stands, everything is possible.
"""

from __future__ import annotations

import ast
import builtins
import collections
import collections.abc
import decimal
import functools
import inspect
import re
import types
import typing
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import fields
from typing import Any

from app.study.hooks import networklab
from app.study.hooks.reading.scopes import bound_in
from app.study.syntax.lines import Spot
from app.study.syntax.python import expression_of

NETWORKLAB = "networklab"
VALUES = (  # what hooks are given, and what they give
    networklab.Room,
    networklab.Earlier,
    networklab.Seat,
    networklab.Tie,
    networklab.Said,
    networklab.Move,
    networklab.Accept,
    networklab.Refuse,
    networklab.Question,
    networklab.Lobby,
    networklab.Waiting,
    networklab.Group,
    networklab.Offer,
    networklab.Message,
    networklab.Say,
    networklab.Wait,
)
_MODULES = {
    NETWORKLAB: networklab,
    "typing": typing,
    "decimal": decimal,
    "collections": collections,
    "collections.abc": collections.abc,
}
_SEVERAL = (list, tuple, set, frozenset)  # one is as good as another, where a hook returns several things


class Names:
    """What the names at the top of a hooks.py stand for, as far as that is known."""

    def __init__(self, tree: ast.Module) -> None:
        self.means: dict[str, Any] = {}
        self.modules: dict[str, str] = {}
        self.postponed = False  # annotations are only text
        self.has_all = False
        taken = collections.Counter(bound_in(tree))
        for node in tree.body:
            if isinstance(node, ast.ImportFrom):
                self.postponed |= node.module == "__future__"
                self.has_all |= any(one.name == "*" for one in node.names)
                module = _MODULES.get(node.module or "")
                for one in node.names:
                    if taken[one.asname or one.name] == 1 and hasattr(module, one.name):
                        self.means[one.asname or one.name] = getattr(module, one.name)
            elif isinstance(node, ast.Import):
                for one in node.names:
                    if one.name in _MODULES and (one.asname or "." not in one.name):
                        self.modules[one.asname or one.name] = one.name
        self.taken = set(taken)

    def of(self, node: ast.expr | None) -> Any:
        """The type that an annotation means; Any where that is not known."""
        try:
            return self._read(node)
        except (TypeError, SyntaxError, ValueError):
            return Any

    def _read(self, node: ast.expr | None) -> Any:
        if isinstance(node, ast.Constant):
            if isinstance(node.value, str):
                return self._read(expression_of(node.value).body)
            return None if node.value is None else Any
        if isinstance(node, ast.Name):
            if node.id in self.means or node.id in self.taken:
                return self.means.get(node.id, Any)
            return getattr(builtins, node.id, Any)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            module = _MODULES.get(self.modules.get(node.value.id, ""))
            return getattr(module, node.attr, Any)
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
            sides = (self._read(node.left), self._read(node.right))
            return Any if Any in sides else typing.Union[sides]  # noqa: UP007 (either may be None)
        if isinstance(node, ast.Subscript):
            inner = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
            parts = tuple(
                ... if isinstance(one, ast.Constant) and one.value is ... else self._read(one)
                for one in inner
            )
            return self._read(node.value)[parts if len(parts) > 1 else parts[0]]
        return Any


def fits(given: Any, wanted: Any) -> bool:
    """Whether a value of the type `given` can be one of the type `wanted`; True where that is not known."""
    return _overlap(given, wanted, exact=False)


def taken(found: Any, wanted: Any) -> bool:
    """Whether what a function returns can be taken: any mapping for a dict, any collection for a list or set."""
    return _overlap(found, wanted, exact=True)


def _overlap(one: Any, other: Any, exact: bool) -> bool:
    if any(_is_union(both) for both in (one, other)):
        return any(_overlap(a, b, exact) for a in _alternatives(one) for b in _alternatives(other))
    one, other = (type(None) if both is None else both for both in (one, other))
    ours, theirs = (typing.get_origin(both) or both for both in (one, other))
    if Any in (ours, theirs) or not isinstance(ours, type) or not isinstance(theirs, type):
        return True
    if not exact and {ours, theirs} == {int, float}:
        return True
    if not any(_related(ours, kind) for kind in _kinds(theirs, one, exact)):
        return False
    return _inner_overlap(one, other, exact)


def _inner_overlap(one: Any, other: Any, exact: bool) -> bool:
    ours, theirs = typing.get_args(one), typing.get_args(other)
    if not ours or not theirs:
        return True
    if all(_is_fixed(both) for both in (one, other)):
        return len(ours) == len(theirs) and all(
            _overlap(a, b, exact) for a, b in zip(ours, theirs, strict=True)
        )
    mappings = [
        isinstance(kind := typing.get_origin(both), type) and issubclass(kind, Mapping)
        for both in (one, other)
    ]
    if all(mappings):
        return len(ours) != len(theirs) or all(
            _overlap(a, b, exact) for a, b in zip(ours, theirs, strict=True)
        )
    if any(mappings):
        return True
    return any(_overlap(a, b, exact) for a in ours for b in theirs if ... not in (a, b))


def _kinds(type_: type, found: Any, exact: bool) -> tuple[type, ...]:
    """What is as good as this type."""
    if exact and type_ in _SEVERAL:
        return _SEVERAL
    return (Mapping,) if type_ is dict else (type_,)


def _related(one: type, other: type) -> bool:
    try:
        return issubclass(one, other) or issubclass(other, one)
    except TypeError:
        return True


def _is_fixed(type_: Any) -> bool:
    return typing.get_origin(type_) is tuple and ... not in typing.get_args(type_)


def _is_union(type_: Any) -> bool:
    return typing.get_origin(type_) in (typing.Union, types.UnionType)


def _alternatives(type_: Any) -> Iterable[Any]:
    return typing.get_args(type_) if _is_union(type_) else (type_,)


def parts_of(type_: Any) -> Iterator[Any]:
    """A type and all that stands in it."""
    yield type_
    for one in typing.get_args(type_):
        yield from parts_of(one)


def written(type_: Any) -> str:
    """As one writes it: dict[int, Decimal | int]"""
    if type_ is None or type_ is type(None):
        return "None"
    text = type_.__name__ if isinstance(type_, type) and not typing.get_args(type_) else str(type_)
    return re.sub(r"\b(?:\w+\.)+(?=\w)", "", text)


def lines_of(content: bytes) -> list[str]:
    return content.decode("utf-8-sig", "replace").splitlines()


def spot_of(node: ast.expr | ast.arg | ast.alias | ast.stmt, lines: Sequence[str], word: str = "") -> Spot:
    """Where it stands, or in it the last `word`."""
    line = node.lineno
    source = lines[line - 1].encode() if line <= len(lines) else b""
    end = (node.end_col_offset or 0) if node.end_lineno == line else len(source)
    start = node.col_offset
    if word and (at := source.rfind(word.encode(), start, end)) >= 0:
        start, end = at, at + len(word.encode())
    width = len(source[start:end].decode("utf-8", "replace"))
    return Spot(line, len(source[:start].decode("utf-8", "replace")) + 1, max(1, width))


@functools.cache
def methods_of(kind: type) -> Mapping[str, Any]:
    return {
        name: one for name, one in vars(kind).items() if inspect.isfunction(one) and not name.startswith("_")
    }


@functools.cache
def members_of(kind: type) -> tuple[str, ...]:
    own = [one.name for one in fields(kind)]
    own += [name for name, one in vars(kind).items() if isinstance(one, property)]
    return (*own, *methods_of(kind))


def signature_of(kind: type, name: str) -> str:
    return written_signature(getattr(kind, name))


def written_signature(function: Any) -> str:
    """(name, round=None, step=None)"""
    parameters = [one for one in inspect.signature(function).parameters.values() if one.name != "self"]
    plain = [one.replace(annotation=inspect.Parameter.empty) for one in parameters]
    return str(inspect.Signature(plain))


def noun(kind: type) -> str:
    return kind.__name__.lower() if kind in VALUES else kind.__name__


def an(kind: Any) -> str:
    """A room, an int"""
    name = noun(kind) if isinstance(kind, type) else str(kind)
    return f"{'An' if name[0] in 'aeiou' else 'A'} {name}"


def type_of(kind: type, name: str) -> Any:
    """That of a field or property of one of our values."""
    hints = hints_of(kind)
    return hints[name] if name in hints else hints_of(getattr(kind, name).fget)["return"]


@functools.cache
def hints_of(ours: Any) -> Mapping[str, Any]:
    """The types that are written beside a class or a function of networklab's, read once."""
    return typing.get_type_hints(ours)
