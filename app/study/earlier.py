"""What a study's pages and hooks ask of an earlier session, in which somebody was who is in this one now."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, fields
from decimal import Decimal
from typing import Any

from jinja2 import nodes

from app.study.hooks.networklab import Earlier
from app.study.hooks.uses import HOOKS_FILE
from app.study.model.study import Study
from app.study.pages import PageFile, is_page, read_page
from app.study.syntax.lines import Spot
from app.study.syntax.mistakes import Mistake, did_you_mean

OWN = {*(one.name for one in fields(Earlier)), "earlier", "said", "rounds"}
_CALLED = ("said", "rounds")
_IN_HOOKS = re.compile(
    r"""\bearlier\)?(?:\.(?:said|rounds)\(|(?:\.entry)?(?:\[|\.get\())\s*(["'])(?P<name>.*?)\1"""
)


@dataclass(frozen=True, slots=True)
class AskedOfPast:
    """A name that a page or hooks.py asks for."""

    file: str
    spot: Spot
    name: str


def asks_earlier(files: Mapping[str, bytes]) -> bool:
    """Whether any page or hook may."""
    return any(b"earlier" in body for path, body in files.items() if path == HOOKS_FILE or is_page(path))


def hooks_ask_earlier(files: Mapping[str, bytes]) -> bool:
    return b"earlier" in files.get(HOOKS_FILE, b"")


def asked_earlier(files: Mapping[str, bytes]) -> list[AskedOfPast]:
    """As far as the names stand there, and are not made as hooks run."""
    found = [*_in_hooks(_text(files.get(HOOKS_FILE, b"")))]
    for path, body in files.items():
        page = read_page(path, body) if is_page(path) else None
        if isinstance(page, PageFile):
            found += _in_page(page)
    return found


def earlier_mistakes(study: Study, before: Study) -> list[Mistake]:
    """Names that the study asks for, and that nothing was asked or computed by in the one `before`."""
    known = sorted(names_of(before))
    return [
        Mistake(
            one.file,
            one.spot,
            f"Nothing is asked or computed as `{one.name}` in “{before.title}”, which this one goes on from.",
            did_you_mean(one.name, known),
        )
        for one in asked_earlier(study.files)
        if one.name not in known
    ]


def names_of(study: Study) -> Collection[str]:
    """What can be asked of it later."""
    asked = {one.name for step in study.all_steps for one in (*step.fields, *step.results)}
    return asked | {one.name for one in study.entry}


def made_up(files: Mapping[str, bytes], value: Any = 1) -> Earlier:
    """Somebody of whom all is known that the files ask for, by the same value."""
    names = {one.name for one in asked_earlier(files)}
    return Earlier(
        session="made up",
        outcome="complete",
        entry=dict.fromkeys(names, value),
        answers=dict.fromkeys(names, (("made-up", 1, value),)),
        earned=Decimal(1),
        pay=Decimal(1),
    )


def _in_hooks(source: str) -> Iterator[AskedOfPast]:
    for line, text in enumerate(source.splitlines(), 1):
        for found in _IN_HOOKS.finditer(text):
            name = found["name"]
            yield AskedOfPast(HOOKS_FILE, Spot(line, found.start("name") + 1, max(1, len(name))), name)


def _in_page(page: PageFile) -> Iterator[AskedOfPast]:
    for node, name in _names_in(page.tree):
        yield AskedOfPast(page.name, page.wrong(node.lineno, name, "", "").spot or Spot(node.lineno, 1), name)


def _names_in(tree: nodes.Template) -> Iterator[tuple[nodes.Node, str]]:
    for node in tree.find_all((nodes.Getattr, nodes.Getitem, nodes.Call)):
        if isinstance(node, nodes.Getattr) and _is_earlier(node.node) and node.attr not in OWN:
            yield node, node.attr
        elif isinstance(node, nodes.Getitem) and _is_earlier(node.node):
            yield from _constant(node, node.arg)
        elif (
            isinstance(node, nodes.Call)
            and isinstance(node.node, nodes.Getattr)
            and node.node.attr in _CALLED
            and _is_earlier(node.node.node)
            and node.args
        ):
            yield from _constant(node, node.args[0])


def _constant(node: nodes.Node, name: nodes.Node) -> Iterator[tuple[nodes.Node, str]]:
    if isinstance(name, nodes.Const) and isinstance(name.value, str):
        yield node, name.value


def _is_earlier(node: nodes.Node) -> bool:
    return isinstance(node, nodes.Name) and node.name == "earlier"


def _text(body: bytes) -> str:
    return body.decode("utf-8-sig", "replace")
