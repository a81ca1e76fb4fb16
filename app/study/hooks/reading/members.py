"""What the values that hooks are given have: members, keys, things to go through; whoever asks for another is told."""

from __future__ import annotations

import ast
import inspect
import random
import typing
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from app.study.hooks import networklab
from app.study.hooks.reading.scopes import Found, Known, Method, Pair, Things
from app.study.hooks.reading.types import (
    VALUES,
    an,
    fits,
    hints_of,
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
from app.study.hooks.uses import HOOKS_FILE
from app.study.syntax.mistakes import Mistake, did_you_mean, nearest

_BUILTINS = (tuple, dict, str, int, bool, float, list, set, frozenset, Decimal, random.Random)


class Members:
    """`told` has what is wrong so far. While `muted`, or where the file asks whether a key is there, nothing is."""

    def __init__(self, lines: Sequence[str], words: Words) -> None:
        self.lines, self.words = lines, words
        self.told: list[Mistake] = []
        self.muted = 0
        self.asked_for: set[str] = set()  # "age" in seat.entry

    def member(self, node: ast.Attribute, base: Found) -> Found:
        """What `base.name` is."""
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

    def at(self, node: ast.Subscript, base: Found, index: Found) -> Found:
        """What `base[index]` is."""
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

    def called(
        self, node: ast.Call, called: Found, values: Sequence[Found], named: Mapping[str | None, Found]
    ) -> Found:
        """What a call of `called` returns."""
        if not isinstance(called, Method):
            known = isinstance(called, Known) and called.kind in (tuple, dict, str, int, bool)
            if known and isinstance(node.func, ast.Attribute):
                source = ast.unparse(node.func)
                self._tell(node.func, node.func.attr, f"`{source}` is no function.", f"Write {source}.")
            return None
        base = called.of
        if base.kind in VALUES:
            arguments = self.arguments(node, getattr(base.kind, called.name), called.name, values, named)
            return self._result(base.kind, called.name, arguments)
        if base.kind is dict:
            return self._of_dict(base, called.name, node, values)
        return None

    def arguments(
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
        hints = hints_of(function)
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

    def each(self, node: ast.expr, found: Found) -> Known | None:
        """What one gets who goes through it."""
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

    def compared(self, node: ast.Compare, sides: Sequence[tuple[ast.expr, Found]]) -> None:
        """A text beside one that it can never be is told."""
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

    def _result(self, kind: type, name: str, given: Mapping[str, ast.expr]) -> Known | None:
        type_ = hints_of(getattr(kind, name))["return"]
        if (kind, name) != (networklab.Room, "said"):
            return Known(type_) if type_ is not Any else None
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
        """What a method of a mapping returns."""
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

    def _tell(
        self, node: ast.expr | ast.arg, word: str, sentence: str, cure: str, grave: bool = True
    ) -> None:
        if not self.muted:
            spot = spot_of(node, self.lines, word)
            self.told.append(Mistake(HOOKS_FILE, spot, sentence, cure, grave))


def _text(node: ast.expr | None) -> str | None:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None
