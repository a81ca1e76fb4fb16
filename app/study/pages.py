"""A study's pages, read but not shown: what would break, or be missing, when a player comes to one."""

import itertools
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache

import jinja2
from jinja2 import meta, nodes

from app.config import PROJECT
from app.study.markup import markup_mistakes
from app.study.own_files import own_files
from app.study.syntax.lines import Spot
from app.study.syntax.mistakes import Mistake, did_you_mean, nearest
from app.study.syntax.table import spot_of_byte
from app.study.tags import tags

OURS = PROJECT / "templates"
OWN_PAGES = {  # pages that a study may have in place of ours, and what is lost if one does not extend ours
    "join": "nobody could come in by it",
    "lobby": "it would not show who is there yet, nor a way out",
    "room": "it would have no clock, no step and no talk",
    "done": "it would show no code",
}
STEP, MOVES, MOVED = "_step_opened", "moves", "_move_made"
SAID = ("mine", "room", "of", "partner")  # what was said, and by whom: see page_words.py
GIVEN = {  # what there is to be shown
    "join": {"study", "token", "values", "errors", "above", "outdated", "attempt", "left", "constants"},
    "lobby": {"place", "now", "earlier", "constants"},
    "room": {"place", "step", "now", "opened", "treatment", "earlier", "constants", *SAID},
    "done": {"place", "now", "treatment", "earlier", "constants"},
    STEP: {"place", "step", "now", "treatment", "earlier", "constants", *SAID},
    MOVED: {"study", "state", "moves", "seats", "constants"},  # for everybody alike
}
MOST_TAGS, LONGEST, MOST_NAMED = 2000, 300_000, 50  # tags of Jinja's, characters, unknown names of a page
FRAME = {"body", "head", "look", "scripts"}  # blocks of base.html: who fills one of them loses what is in it
# Of ours, as web/templates.py has them
FILTERS = (
    "attributes",
    "clock",
    "coded",
    "commas",
    "grouped",
    "in_two",
    "language_name",
    "listed",
    "milliseconds",
    "money",
    "with_language",
    "worded",
)
TAGS = (
    "block",
    "endblock",
    "extends",
    "for",
    "endfor",
    "if",
    "elif",
    "else",
    "endif",
    "include",
    "set",
    "trans",
)
MEANT = {  # names that authors reach for → what there is
    "round": "place.position.round",
    "fields": "step.fields",
    "form_key": "place.form_key",
    "player": "place.player",
    "slot": "place.me.slot",
}
GLOBALS = ("asked", "asset", "direction", "gettext", "language", "ngettext", "own_pages")


def page_mistakes(
    files: Mapping[str, bytes], named: Mapping[str, Collection[str]] | None = None, above: str = ""
) -> Iterator[Mistake]:
    """`named`: those of the study's by what a page asks for, as `treatment`. `above`: the file whose markup stands
    above the entry form."""
    for name, content in files.items():
        if is_page(name):
            page = read_page(name, content)
            if isinstance(page, Mistake):
                yield page
            else:
                yield from _mistakes_in(page, files)
                yield from markup_mistakes(name, "\n".join(page.lines), own_files(files))
                for what, names in (named or {}).items():
                    yield from _unnamed(page, what, names)
                if name == above:
                    yield from _no_markup(page)


def forget() -> None:
    """Our templates are read again: somebody writes on them."""
    for known in (ours, _blocks_of, _made_in, _ours_parsed):
        known.cache_clear()


def is_page(name: str) -> bool:
    return name.startswith("pages/") and name.endswith(".html")


@dataclass(frozen=True, slots=True)
class PageFile:
    """A page that could be read."""

    name: str
    lines: Sequence[str]
    tree: nodes.Template

    def wrong(self, line: int, word: str, sentence: str, cure: str, grave: bool = True) -> Mistake:
        """A mistake on this line, in this word of it."""
        return Mistake(self.name, _spot(self.lines, line, word), sentence, cure, grave)


def _mistakes_in(page: PageFile, files: Mapping[str, bytes]) -> Iterator[Mistake]:
    name = page.name.removeprefix("pages/").removesuffix(".html")
    extended = {
        template
        for node, template in named_in(page.tree)
        if isinstance(node, nodes.Extends) and node in page.tree.body
    }
    templates = {*ours(), *filter(is_page, files)}
    for node, template in named_in(page.tree):
        if template not in templates:
            cure = did_you_mean(template, sorted(templates - {page.name}))
            yield page.wrong(node.lineno, template, f"There is no template `{template}`.", cure)
    if name in OWN_PAGES and f"player/{name}.html" not in extended and extended <= templates:
        sentence = f"This page does not extend player/{name}.html, so {OWN_PAGES[name]}."
        yield page.wrong(1, "", sentence, f'Start it with {{% extends "player/{name}.html" %}}.')
    base = name if name in (*OWN_PAGES, MOVED) else STEP
    if f"player/{base}.html" in extended:
        yield from _lost(page, _blocks_of(base))
        yield from _unknown(page, GIVEN[base], _made_in(base))
    elif name == MOVED:
        yield from _unknown(page, GIVEN[MOVED], ())


def _lost(page: PageFile, blocks: Sequence[str]) -> Iterator[Mistake]:
    """What nobody would see, or what would take away more than it is meant to."""
    for block in page.tree.find_all(nodes.Block):
        if block.name not in blocks:
            sentence = f"`{block.name}` is no block that a page can fill here."
            yield page.wrong(block.lineno, block.name, sentence, did_you_mean(block.name, blocks))
    for output in page.tree.body:
        for part in output.nodes if isinstance(output, nodes.Output) else ():
            if not isinstance(part, nodes.TemplateData) or part.data.strip():
                sentence, cure = "What stands outside of blocks is not shown.", "Put it into a block."
                text = part.data if isinstance(part, nodes.TemplateData) else ""
                line = part.lineno + text[: len(text) - len(text.lstrip())].count("\n")
                yield page.wrong(line, text.strip().split("\n")[0].strip(), sentence, cure, grave=False)
                return


def _no_markup(page: PageFile) -> Iterator[Mistake]:
    """What can't stand as a part of another page."""
    for node in page.tree.find_all(nodes.Extends):
        sentence = "This page stands above the form at the door, within our page, and extends another."
        yield page.wrong(node.lineno, "extends", sentence, "Write its text and markup alone.")
    yield from _unknown(page, {"study", "constants"}, ())


def _unknown(page: PageFile, given: Collection[str], made: Collection[str]) -> Iterator[Mistake]:
    known = {*given, *made, *_environment().globals}
    for unknown in sorted(meta.find_undeclared_variables(page.tree) - known)[:MOST_NAMED]:
        line = min(_lines_that_ask(page.tree, unknown), default=1)
        sentence = f"There is no `{unknown}` to be shown here."
        cure = did_you_mean(unknown, sorted(given))
        if unknown in MEANT and MEANT[unknown].split(".")[0] in given:
            cure = f"Did you mean `{MEANT[unknown]}`?"
        yield Mistake(page.name, spot_of_name(page.lines, line, unknown), sentence, cure)


def _lines_that_ask(node: nodes.Node, name: str) -> Iterator[int]:
    """For what stands around it: a loop or a macro has names of its own, which mean nothing elsewhere."""
    if isinstance(node, nodes.Name):
        if node.name == name and node.ctx == "load":
            yield node.lineno
        return
    own: Sequence[nodes.Node] = ()
    if isinstance(node, nodes.For):
        own = [node.target]
    elif isinstance(node, nodes.Macro | nodes.CallBlock):
        own = node.args
    elif isinstance(node, nodes.With):
        own = node.targets
    bound = {
        one.name for part in own for one in (part, *part.find_all(nodes.Name)) if isinstance(one, nodes.Name)
    }
    outer: Sequence[nodes.Node] = list(node.iter_child_nodes())
    if name in bound:
        outer = [node.iter] if isinstance(node, nodes.For) else getattr(node, "values", ())
    for child in outer:
        yield from _lines_that_ask(child, name)


def _unnamed(page: PageFile, what: str, names: Collection[str]) -> Iterator[Mistake]:
    """What a page asks by a name that the study does not have: a treatment, a constant."""
    for node in page.tree.find_all(nodes.Getattr):
        if isinstance(node.node, nodes.Name) and node.node.name == what and node.attr not in names:
            cure = did_you_mean(node.attr, sorted(names))
            sentence = f"There is no {what.removesuffix('s')} `{node.attr}`."
            yield page.wrong(node.lineno, node.attr, sentence, cure)


@lru_cache(maxsize=64)
def read_page(name: str, content: bytes) -> PageFile | Mistake:
    try:
        source = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        sentence = "This line has bytes that are not UTF-8 text."
        return Mistake(name, spot_of_byte(content, error.start), sentence, "Save the file as UTF-8.")
    lines = source.splitlines()
    if too_much := _too_much(name, source):
        return too_much
    try:
        _environment().compile(source)  # finds filters that there are not
        return PageFile(name, lines, _environment().parse(source))
    except jinja2.TemplateSyntaxError as error:
        return _unreadable(name, lines, error)
    except RecursionError:
        cure = "Write it more simply."
        return Mistake(name, Spot(1, 1), "The template has too many tags inside each other.", cure)


def _too_much(name: str, source: str) -> Mistake | None:
    """What would be read, and drawn for each player, for seconds."""
    tag = next(itertools.islice(tags(source, html=False), MOST_TAGS, None), None)
    if tag or len(source) > LONGEST:
        before = source[: tag[0] if tag else LONGEST]
        spot = Spot(before.count("\n") + 1, len(before) - before.rfind("\n"))
        what = f"{MOST_TAGS:,} tags {{{{ … }}}} and {{% … %}}" if tag else f"{LONGEST:,} characters"
        cure = "Say it in fewer, with a loop or what a hook computes." if tag else "Put pictures into files/."
        return Mistake(name, spot, f"From here on it is too much for a page, which has at most {what}.", cure)
    return None


def _unreadable(name: str, lines: Sequence[str], error: jinja2.TemplateSyntaxError) -> Mistake:
    reason = " ".join((error.message or "it can't be read").split()).rstrip(".")
    quoted = re.findall("'([^']+)'", reason)
    word = quoted[0] if quoted else ""
    line = error.lineno
    sentence, cure = f"The template can't be read: {reason}.", "Mend the tag on this line."
    if reason.startswith("Encountered unknown tag"):
        sentence, cure = f"There is no tag `{word}`.", did_you_mean(word, TAGS)
        if word in TAGS:
            sentence, cure = (
                f"Nothing is open here for this `{word}`.",
                "Remove it, or open what it belongs to.",
            )
    elif reason.startswith("Unexpected end of template") and quoted:
        word, end = quoted[-1], quoted[0]
        opened = [at for at, source in enumerate(lines, 1) if re.search(rf"\{{%-?\s*{word}\b", source)]
        line = opened[-1] if opened else line
        sentence, cure = f"Nothing closes this `{word}`.", f"Add {{% {end} %}} where it ends."
    elif reason.startswith("unexpected '}'"):
        sentence, cure = "A lone } stands here.", "Close {{ with }}, and {% with %}."
    elif reason.startswith("No filter named"):
        near = nearest(word, sorted(_environment().filters), 0.8)
        cure = (
            f"Did you mean `{near}`?"
            if near
            else "There are Jinja's own, such as default, join, length and round."
        )
        sentence = f"There is no filter `{word}`."
    return Mistake(name, _spot(lines, line, word), sentence, cure)


def _spot(lines: Sequence[str], line: int, word: str) -> Spot:
    """Where `word` is on that line, in a tag if it can be; else where the line's first tag or text begins."""
    source = lines[line - 1] if line <= len(lines) else ""
    tag = re.search(r"\{[{%]", source)
    if word:
        whole = rf"(?<!\w){re.escape(word)}(?!\w)"
        found = re.compile(whole).search(source, tag.start() if tag else 0) or re.search(
            re.escape(word), source
        )
        if found:
            return Spot(line, found.start() + 1, len(word))
    start = tag.start() if tag else len(source) - len(source.lstrip())
    return Spot(line, start + 1)


def spot_of_name(lines: Sequence[str], line: int, name: str) -> Spot:
    """Where a tag asks for `name` itself, not for something's attribute of that name, from this line on.

    Jinja says on which line a tag begins; in a long one the name stands further down.
    """
    source = "\n".join(lines)
    start = len("\n".join(lines[: line - 1])) + (line > 1)
    alone = re.compile(rf"""(?<![\w.]){re.escape(name)}(?!\w)(?!\s*=[^=])""")
    for begins, ends in tags(source, html=False):
        if ends > start and source[begins + 1] != "#":
            tag = source[begins:ends]
            bare = re.sub(r"'[^'\n]*'|\"[^\"\n]*\"", lambda quoted: " " * len(quoted[0]), tag)
            for found in alone.finditer(bare):
                at = begins + found.start()
                if at >= start:
                    before = source[:at]
                    return Spot(before.count("\n") + 1, at - before.rfind("\n"), len(name))
    return _spot(lines, line, name)


def named_in(tree: nodes.Template) -> Iterator[tuple[nodes.Node, str]]:
    """Which templates a page takes in, and where, as far as it names them."""
    for node in tree.find_all((nodes.Extends, nodes.Include, nodes.Import, nodes.FromImport)):
        template = getattr(node, "template", None)
        if isinstance(template, nodes.Const) and isinstance(template.value, str):
            yield node, template.value


@cache
def _blocks_of(page: str) -> Sequence[str]:
    """Those of a template of ours that the pages that extend it can fill."""
    return sorted({block.name for block in _ours_parsed(page).find_all(nodes.Block)} - FRAME)


@cache
def _made_in(page: str) -> frozenset[str]:
    """The names that a template of ours gives to the pages that extend it."""
    ours = _ours_parsed(page)
    names = {one.name for one in ours.find_all(nodes.Name) if one.ctx == "store"}
    names |= {macro.name for macro in ours.find_all(nodes.Macro)}
    imported = (one for node in ours.find_all(nodes.FromImport) for one in node.names)
    return frozenset(names | {one if isinstance(one, str) else one[1] for one in imported})


@cache
def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(autoescape=True, extensions=["jinja2.ext.i18n"])
    environment.filters.update(dict.fromkeys(FILTERS, str))
    environment.globals.update(dict.fromkeys(GLOBALS))
    return environment


@cache
def ours() -> frozenset[str]:
    """The templates that a page may take in: all but the researcher's."""
    found = (path.relative_to(OURS).as_posix() for path in OURS.rglob("*.html"))
    return frozenset(name for name in found if not name.startswith(("admin/", "preview/", "rehearsal/")))


@cache
def _ours_parsed(page: str) -> nodes.Template:
    return _environment().parse((OURS / "player" / f"{page}.html").read_text())
