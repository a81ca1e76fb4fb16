"""What a study's own pages print of what was said: `mine.sent`, `room.pot`, `of(partner).choice`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache

from jinja2 import nodes

from app.study.model.steps import Step
from app.study.model.study import Study
from app.study.pages import PageFile, read_page

MINE, ROOM, OF = "mine", "room", "of"
AROUND = "pages/room.html"  # around every step


def asked_by(study: Study, step: Step) -> frozenset[tuple[str, str]]:
    """Of whom, and the name of the field or result, for each that this step's page asks for."""
    return _in_files(study.files, f"pages/{step.page}.html") | _in_files(study.files, AROUND)


def asked_in(page: PageFile) -> Iterator[tuple[str, str, nodes.Node]]:
    """The same of a page that could be read, and where."""
    for node in page.tree.find_all((nodes.Getattr, nodes.Getitem)):
        if isinstance(node, nodes.Getattr):
            name, of = node.attr, node.node
        elif isinstance(node, nodes.Getitem) and isinstance(node.arg, nodes.Const):
            name, of = node.arg.value, node.node
        else:
            continue
        called = isinstance(of, nodes.Call)
        base = of.node if isinstance(of, nodes.Call) else of
        if isinstance(name, str) and isinstance(base, nodes.Name):
            whose = base.name
            if (whose == OF and called) or (whose in (MINE, ROOM) and not called):
                yield whose, name, node


def _in_files(files: Mapping[str, bytes], name: str) -> frozenset[tuple[str, str]]:
    return _in_file(name, files[name]) if name in files else frozenset()


@lru_cache(maxsize=256)
def _in_file(name: str, content: bytes) -> frozenset[tuple[str, str]]:
    page = read_page(name, content)
    found = asked_in(page) if isinstance(page, PageFile) else ()
    return frozenset((whose, asked) for whose, asked, _ in found)
