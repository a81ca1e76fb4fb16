"""The manual: the chapters in docs/ as pages, and a search in them.

The same for everybody, and as it was when the server began. The order is that of `docs/index.md`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.token import Token
from markupsafe import Markup

from app.config import PROJECT

DOCS = PROJECT / "docs"
PICTURES = DOCS / "pictures"
AT = "/admin/manual"
BEGINS = "index"
MOST = 30  # places that a search shows
AROUND = 90  # letters that it shows before and after what was found
LINE = re.compile(r"- \[(.+?)\]\(([^)#]+)\)")  # of the contents
# These have every word, and are seldom what somebody looks for.
LAST = ("mistakes", "benchmarks", "security", "performance", "architecture", "study-", "columns")


@dataclass(frozen=True, slots=True)
class Chapter:
    title: str
    anchor: str  # of the title
    html: Markup  # without the title
    parts: Sequence[tuple[str, str]]  # anchor and heading of each part


@dataclass(frozen=True, slots=True)
class ChapterGroup:
    name: str
    chapters: Sequence[tuple[str, str]]  # name and title


@dataclass(frozen=True, slots=True)
class Passage:
    """What stands below one heading."""

    name: str  # of the chapter
    chapter: str
    anchor: str
    heading: str
    text: str


@dataclass(frozen=True, slots=True)
class Hit:
    address: str
    chapter: str
    heading: str
    excerpt: Markup


@cache
def chapters() -> Mapping[str, Path]:
    """Where each chapter is written, by its name in the address."""
    found = {path.stem: path for path in sorted(DOCS.glob("*.md"))}
    found |= {f"study-{path.parent.name}": path for path in sorted((PROJECT / "studies").glob("*/README.md"))}
    return found | {"benchmarks": PROJECT / "BENCHMARKS.md"}


@cache
def groups() -> Sequence[ChapterGroup]:
    """The chapters in the order in which one would read them."""
    found: list[tuple[str, list[tuple[str, str]]]] = []
    for line in chapters()[BEGINS].read_text(encoding="utf-8").splitlines():
        if line.startswith("## "):
            found.append((line[3:], []))
        elif (link := LINE.match(line)) and (name := _chapter_at(DOCS / link[2])):
            found[-1][1].append((name, link[1].replace("`", "")))
    return [ChapterGroup(name, chapters) for name, chapters in found]


@cache
def chapter(name: str) -> Chapter:
    """Raises KeyError where there is none of that name."""
    path = chapters()[name]
    tokens = _read(path)
    at = next(i for i, one in enumerate(tokens) if one.tag == "h1")
    title, anchor = _plain(tokens[at + 1]), str(tokens[at].attrs["id"])
    parts = [
        (str(one.attrs["id"]), _plain(tokens[i + 1]))
        for i, one in enumerate(tokens)
        if one.type == "heading_open" and one.tag == "h2"
    ]
    below = tokens[at + 3 :]
    return Chapter(title, anchor, Markup(_markdown().renderer.render(below, _markdown().options, {})), parts)


def search(said: str) -> Sequence[Hit]:
    """Where all these words stand together, the most likely first."""
    words = [word for word in said.lower().split() if word][:8]
    if not words:
        return []
    found: list[tuple[bool, int, int, Passage]] = []
    together = " ".join(words)
    for passage in _passages():
        heading, text = f"{passage.chapter} {passage.heading}".lower(), passage.text.lower()
        if all(word in heading or word in text for word in words):
            score = sum(20 * (word in heading) + min(text.count(word), 5) for word in words)
            score += 40 * (together in heading) + 20 * (together in text)
            found.append((passage.name.startswith(LAST), -score, len(found), passage))
    return [
        _hit(passage, [together] if together in passage.text.lower() else words)
        for *_, passage in sorted(found)[:MOST]
    ]


def _hit(passage: Passage, words: Sequence[str]) -> Hit:
    marks = re.compile("|".join(map(re.escape, words)), re.IGNORECASE)
    first = marks.search(passage.text)
    start = max(0, (first.start() if first else 0) - AROUND)
    shown = passage.text[start : start + 2 * AROUND]
    excerpt, done = Markup("…" if start else ""), 0
    for mark in marks.finditer(shown):
        excerpt += shown[done : mark.start()] + Markup("<mark>%s</mark>") % mark.group()
        done = mark.end()
    excerpt += shown[done:] + ("…" if start + 2 * AROUND < len(passage.text) else "")
    address = f"{AT}/{passage.name}" + (f"#{passage.anchor}" if passage.anchor else "")
    return Hit(address, passage.chapter, passage.heading, excerpt)


@cache
def _passages() -> Sequence[Passage]:
    listed = [name for group in groups() for name, _ in group.chapters]
    return [passage for name in listed for passage in _passages_of(name)]


def _passages_of(name: str) -> Iterator[Passage]:
    title, anchor, heading, said = chapter(name).title, "", "", list[str]()
    tokens = _read(chapters()[name])
    for before, token in zip([None, *tokens], tokens, strict=False):
        if token.type == "inline" and before and before.type == "heading_open" and before.tag in ("h2", "h3"):
            if said:
                yield Passage(name, title, anchor, heading, " ".join(said))
            anchor, heading, said = str(before.attrs["id"]), _plain(token), []
        elif token.type == "inline" and not (before and before.tag == "h1"):
            said.append(_plain(token))
        elif token.type == "fence":
            said.append(" ".join(token.content.split()))
    if said:
        yield Passage(name, title, anchor, heading, " ".join(said))


@cache
def _markdown() -> MarkdownIt:
    markdown = MarkdownIt("commonmark", {"html": False}).enable("table")
    # What is wider than a phone moves in a frame of its own, which a keyboard reaches.
    markdown.add_render_rule("table_open", lambda *_: '<div class="wide" tabindex="0"><table>\n')
    markdown.add_render_rule("table_close", lambda *_: "</table></div>\n")
    markdown.add_render_rule("fence", _fence)
    return markdown


def _fence(_: object, tokens: Sequence[Token], at: int, *__: object) -> str:
    return str(Markup('<pre tabindex="0"><code>%s</code></pre>\n') % tokens[at].content)


def _read(path: Path) -> list[Token]:
    """With anchors as a forge makes them, and links to where chapters and pictures are here."""
    tokens, taken = _markdown().parse(path.read_text(encoding="utf-8")), dict[str, int]()
    for at, token in enumerate(tokens):
        if token.type == "heading_open":
            anchor = re.sub(r"[^\w\- ]", "", _plain(tokens[at + 1]).lower()).replace(" ", "-")
            taken[anchor] = taken.get(anchor, -1) + 1
            token.attrs["id"] = f"{anchor}-{taken[anchor]}" if taken[anchor] else anchor
        elif token.type == "th_open" and not tokens[at + 1].content:
            token.tag = tokens[at + 2].tag = "td"  # a corner heads nothing
        for child in token.children or ():
            _lead(path, child)
    _name_columns(tokens)
    return tokens


def _name_columns(tokens: Sequence[Token]) -> None:
    """In each cell from the third on, what its column is called: on a phone cells stand below each other, and that the
    first is a word and the second says what it is goes without saying."""
    heads, nth = list[str](), 0
    for at, token in enumerate(tokens):
        if token.type == "table_open":
            heads = []
        elif token.type == "th_open":
            heads.append(_plain(tokens[at + 1]))
        elif token.type == "tr_open":
            nth = 0
        elif token.type == "td_open":
            if nth > 1 and tokens[at + 1].content and heads[nth]:
                token.attrs["data-column"] = heads[nth]
            nth += 1


def _lead(path: Path, token: Token) -> None:
    if token.type == "image":
        token.attrs["src"] = f"{AT}/pictures/{Path(str(token.attrs['src'])).name}"
        token.attrs["loading"] = "lazy"
    elif token.type == "link_open":
        target, _, anchor = str(token.attrs["href"]).partition("#")
        if target and "://" not in target:
            name = _chapter_at(path.parent / target)
            if name is None:  # a file that is in the checkout only
                del token.attrs["href"]
            else:
                token.attrs["href"] = f"{AT}/{name}" + (f"#{anchor}" if anchor else "")


def _chapter_at(path: Path) -> str | None:
    return _names().get(path.resolve())


@cache
def _names() -> Mapping[Path, str]:
    return {path.resolve(): name for name, path in chapters().items()}


def _plain(token: Token) -> str:
    return "".join(_said(child) for child in token.children or ())


def _said(token: Token) -> Any:
    return " " if token.type in ("softbreak", "hardbreak") else token.content
