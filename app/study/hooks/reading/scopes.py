"""What the names in a hooks.py are, function by function, as far as that is known before anything runs."""

from __future__ import annotations

import ast
import typing
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

NAMED = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
UNNAMED = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp, ast.Lambda)
SCOPES = (ast.Module, *NAMED, *UNNAMED)  # each has names of its own
Vocabulary = Mapping[str, tuple[str, ...]]  # words → for each the words that its value can be; none: any


@dataclass(frozen=True, slots=True)
class Known:
    """What a value is: its type, the keys that a mapping can have, the words that a text can be."""

    type: Any
    keys: Vocabulary | None = None
    words: tuple[str, ...] = ()
    what: str = ""  # the keys or the words are

    @property
    def kind(self) -> Any:
        """The class; that of a mapping is dict, as hooks get it."""
        kind = typing.get_origin(self.type) or self.type
        return dict if isinstance(kind, type) and issubclass(kind, Mapping) else kind


@dataclass(frozen=True, slots=True)
class Pair(Known):
    first: Known | None = None
    second: Known | None = None


@dataclass(frozen=True, slots=True)
class Method:
    """What is to be called."""

    of: Known
    name: str


@dataclass(frozen=True, slots=True)
class Things:
    """Something to go through, such as `.values()`."""

    each: Known | None


Found = Known | Method | Things | None


@dataclass(slots=True)
class Scope:
    """What names are in a function or comprehension. `often`: how often each gets a meaning."""

    node: ast.AST
    often: Mapping[str, int]
    outer: Scope | None = None
    seen: dict[str, list[Found]] = field(default_factory=dict)

    def has(self, name: str) -> bool:
        return name in self.often or (self.outer is not None and self.outer.has(name))

    def unclear(self) -> set[tuple[ast.AST, str]]:
        """Names that can be several things."""
        several = [name for name, often in self.often.items() if often > 1]
        return {
            (self.node, name)
            for name in several
            if len(found := self.seen.get(name, [])) != self.often[name]
            or any(one != found[0] for one in found)
        }


def shadowed(scope: Scope | None, name: str) -> bool:
    """Whether a function has given the name another meaning."""
    while scope is not None and scope.outer is not None:
        if name in scope.often:
            return True
        scope = scope.outer
    return False


def bound_anywhere(tree: ast.Module) -> set[str]:
    """Each name that gets a meaning somewhere in the module."""
    return {name for node in ast.walk(tree) if isinstance(node, SCOPES) for name in bound_in(node)}


def bound_in(node: ast.AST) -> Iterator[str]:
    """Each name that gets a meaning in this function or module itself, as often as it gets one."""
    for one in ast.iter_child_nodes(node):
        if isinstance(one, NAMED):
            yield one.name
            continue
        if isinstance(one, UNNAMED):
            yield from (
                two.target.id
                for two in ast.walk(one)
                if isinstance(two, ast.NamedExpr) and isinstance(two.target, ast.Name)
            )
            continue
        if isinstance(one, (ast.Import, ast.ImportFrom)):
            yield from (name.asname or name.name.partition(".")[0] for name in one.names)
        elif isinstance(one, (ast.Global, ast.Nonlocal)):
            yield from (*one.names, *one.names)  # others give it a meaning, too
        elif isinstance(one, ast.arg):
            yield one.arg
        elif isinstance(one, ast.Name) and isinstance(one.ctx, ast.Store | ast.Del):
            yield one.id
        elif isinstance(one, (ast.ExceptHandler, ast.MatchAs, ast.MatchStar)) and one.name:
            yield one.name
        elif isinstance(one, ast.AugAssign) and isinstance(one.target, ast.Name):
            yield one.target.id
        yield from bound_in(one)
