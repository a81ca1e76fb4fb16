"""hooks.py of a study: which of its functions study.toml names, and whether they are there."""

import ast
import dataclasses
import functools
import keyword
import operator
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from types import GenericAlias
from typing import Any

from app.study.hooks.networklab import Accept, Group, Message, Move, Question, Refuse, Room, Say, Tie, Wait
from app.study.hooks.networklab import Lobby as Waits
from app.study.model.fields import Field
from app.study.model.networks import Network
from app.study.model.steps import PAIRS, ROOM, SEEN, Dropout, Step, places_of
from app.study.model.study import Lobby
from app.study.syntax.lines import Path, Spot
from app.study.syntax.mistakes import Findings, Mistake, did_you_mean
from app.study.syntax.python import tree_of
from app.study.syntax.table import Table

HOOKS_FILE = "hooks.py"
ON_TIMEOUT = "on_timeout"  # the function that on_timeout = "hook" calls


@dataclass(frozen=True, slots=True)
class Use:
    """A place in study.toml that names a function of hooks.py, and the types of what it is given and must return."""

    path: Path
    name: str
    returns: Any
    given: Mapping[str, Any] = dataclasses.field(default_factory=lambda: {"room": Room})
    unless: str = ""  # what else the name could mean, and does not

    @property
    def key(self) -> str:
        """`score`, for example."""
        return str(self.path[-1])


def given_asked(files: Mapping[str, bytes]) -> dict[str, str]:
    """Each name that hooks.py asks `given` for, with a text that is a number, too, for rooms that are made up."""
    asked = r"""\.given(?:\.get\(|\[)\s*(["'])(.*?)\1"""
    return {name: "1" for _, name in re.findall(asked, files.get(HOOKS_FILE, b"").decode(errors="replace"))}


def read_hook(table: Table, key: str) -> str:
    """The name of a function of hooks.py; "" if the key is missing or wrong."""
    name = table.text(key, default="")
    if name and table.sound(key) and (not name.isidentifier() or keyword.iskeyword(name)):
        table.wrong(
            key, f"`{name}` can't be the name of a function.", f'Write {key} = "settle", for example.'
        )
        return ""
    return name


def uses_of(
    steps: tuple[Step, ...],
    networks: Sequence[tuple[Path, Network]] = (),
    lobby: Lobby | None = None,
    dropout: Dropout | None = None,
) -> Iterator[Use]:
    """`networks` come with where each stands."""
    if lobby is not None and lobby.seat_hook:
        groups = list[Group | tuple[str, list[int]]]
        yield Use(("lobby", "seat"), lobby.seat_hook, groups, {"lobby": Waits})
    if dropout is not None and dropout.bot_hook:
        given = {"room": Room, "slot": int, "questions": tuple[Question, ...]}
        answers = _map(str, _any_of(one for step in steps for one in step.fields))
        yield Use(("dropout", "bot"), dropout.bot_hook, answers, given)
    for path, network in networks:
        if network.rewire_by:
            tie = tuple[int, int] | tuple[int, int, float] | Tie
            yield Use((*path, "rewire_by"), network.rewire_by, list[tie])
    for place, step in zip(places_of(steps), steps, strict=True):
        yield from _uses_at(place, step)


def _uses_at(place: Path, step: Step) -> Iterator[Use]:
    shown = {one.name: one for one in step.results}
    if step.when:
        yield Use((*place, "when"), step.when, bool | set[int])
    if step.on_move:
        yield Use((*place, "on_move"), step.on_move, Accept | Refuse, {"room": Room, "move": Move})
    if step.bot:
        given = {"room": Room, "slot": int, "questions": tuple[Question, ...]}
        answers = _map(str, _any_of(step.fields))
        yield Use((*place, "bot"), step.bot, Move | Say | Wait | answers | None, given)
    if step.on_end:
        yield Use((*place, "on_end"), step.on_end, _map(str, _results_of(step)))
    if step.score_hook:
        yield Use((*place, "score"), step.score_hook, dict[int, Decimal | int])
    if step.valid:
        given = {"room": Room, "slot": int, "said": _map(str, _any_of(step.fields))}
        yield Use((*place, "valid"), step.valid, str | None, given)
    if step.leave:
        yield Use((*place, "leave"), step.leave, dict[int, str])
    for nth, one in enumerate(step.fields):
        if one.of not in ("", *SEEN):
            yield Use((*place, "fields", nth, "of"), one.of, dict[int, tuple[int, ...]])
        if one.listed_by:
            unless = f"No field or result before this question is called `{one.listed_by}`, and "
            texts = dict[int, tuple[str, ...]]
            yield Use((*place, "fields", nth, one.kind.lists), one.listed_by, texts, unless=unless)
    for nth, channel in enumerate(step.channels):
        if channel.hook:
            yield Use((*place, "chat", nth, "hook"), channel.hook, dict[int, bool])
        if channel.mediator:
            yield Use((*place, "chat", nth, "mediator"), channel.mediator, dict[int, str])
        if channel.on_message:
            given = {"room": Room, "messages": tuple[Message, ...]}
            yield Use((*place, "chat", nth, "on_message"), channel.on_message, Say | Wait | None, given)
    for nth, show in enumerate(step.show):
        if show.hook:
            values = _map(int, _any_of([shown[show.hook]]))
            yield Use((*place, "show", nth, "hook"), show.hook, values)
    if step.on_timeout == "hook":
        answers = _map(int, _map(str, _any_of(step.fields)))
        yield Use((*place, "on_timeout"), ON_TIMEOUT, answers)


def _results_of(step: Step) -> Any:
    """What stands for each result: a value, or one by slot, or by pair."""
    by_slot = [one for one in step.computed if one.of != ROOM]
    pairs = any(one.of == PAIRS for one in by_slot)
    types = [_any_of([one]) for one in step.computed if one.of == ROOM]
    if by_slot or not types:
        types.append(_map(int | tuple[int, ...] if pairs else int, _any_of(by_slot)))
    return functools.reduce(operator.or_, types)


def _map(key: Any, value: Any) -> Any:
    return GenericAlias(dict, (key, value))


def _any_of(fields: Iterable[Field]) -> Any:
    """What a hook may give for one of these."""
    types = [field.kind.type_of(field) for field in fields]
    return functools.reduce(operator.or_, types) if types else Any


def check_hooks(findings: Findings, files: Mapping[str, bytes], uses: list[Use]) -> bool:
    """Adds functions that hooks.py lacks or that take something else, and what is wrong with the file itself.

    Whether there is one that can be read.
    """
    if HOOKS_FILE not in files:
        for use in uses:
            cure = f"Add hooks.py with `def {use.name}({', '.join(use.given)}):` beside study.toml."
            there = "there is" if use.unless else "There is"
            sentence = f"{use.unless}{there} no hooks.py, so `{use.name}` can't be called."
            findings.wrong(use.path, sentence, cure)
        return False
    try:
        tree = tree_of(files[HOOKS_FILE], HOOKS_FILE)
    except (SyntaxError, ValueError) as error:
        spot = Spot(getattr(error, "lineno", None) or 1, getattr(error, "offset", None) or 1)
        reason = getattr(error, "msg", None) or str(error)
        findings.mistakes.append(
            Mistake(HOOKS_FILE, spot, f"This is no Python: {reason}.", "Mend this line.")
        )
        return False
    lines = files[HOOKS_FILE].decode("utf-8-sig", errors="replace").splitlines()
    waiting = [node.name for node in tree.body if isinstance(node, ast.AsyncFunctionDef)]
    functions = {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}
    for use in uses:
        if use.name in waiting:
            continue  # told below
        if use.name not in functions:
            cure = did_you_mean(use.name, sorted(functions)) if functions else "It has no functions yet."
            findings.wrong(use.path, f"{use.unless}hooks.py has no function `{use.name}`.", cure)
        elif not _takes(functions[use.name].args, len(use.given)):
            taken = [one.arg for one in ast.walk(functions[use.name].args) if isinstance(one, ast.arg)]
            takes = f"but takes {', '.join(taken)}" if taken else "but takes nothing"
            sentence = f"`{use.name}` is called with {', '.join(use.given)}, {takes}."
            cure = f"Write def {use.name}({', '.join(use.given)}):"
            findings.mistakes.append(Mistake(HOOKS_FILE, _spot(functions[use.name], lines), sentence, cure))
    for node in tree.body:
        if isinstance(node, ast.AsyncFunctionDef):
            sentence = f"`{node.name}` can't be `async`: a hook gets values and returns values."
            findings.mistakes.append(Mistake(HOOKS_FILE, _spot(node, lines), sentence, "Remove `async`."))
    if not uses:
        note = "study.toml names none of its functions, so none is ever called."
        cure = 'Name one, as in on_end = "settle", or remove the file.'
        findings.mistakes.append(Mistake(HOOKS_FILE, Spot(1, 1), note, cure, grave=False))
    return True


def line_of_answer(content: bytes, name: str) -> int:
    """The line on which a function of hooks.py returns; that on which it begins, where it may do so on several.

    0 where there is no such function.
    """
    try:
        tree = tree_of(content, HOOKS_FILE)
    except (SyntaxError, ValueError):
        return 0
    found = [node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == name]
    if not found:
        return 0
    lines = {node.lineno for node in _own(found[-1]) if isinstance(node, ast.Return)}
    return lines.pop() if len(lines) == 1 else found[-1].lineno


def _own(function: ast.AST) -> Iterator[ast.AST]:
    """All that a function does itself, without what stands in functions inside of it."""
    for node in ast.iter_child_nodes(function):
        yield node
        if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef)):
            yield from _own(node)


def _spot(node: ast.FunctionDef | ast.AsyncFunctionDef, lines: Sequence[str]) -> Spot:
    """Where its name stands."""
    column = lines[node.lineno - 1].find(node.name, node.col_offset + len("def "))
    return Spot(node.lineno, column + 1, len(node.name))


def _takes(arguments: ast.arguments, given: int) -> bool:
    places = len(arguments.posonlyargs) + len(arguments.args)
    needed = places - len(arguments.defaults)
    keywords = [
        one for one, default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True) if not default
    ]
    return not keywords and needed <= given and (given <= places or arguments.vararg is not None)
