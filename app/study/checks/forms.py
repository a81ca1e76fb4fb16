"""Whether a step's page asks what the step asks: a page of a study may be written anew, and lose its form."""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence

from jinja2 import nodes

from app.study.model.kinds.click import CLICK
from app.study.model.steps import Step
from app.study.pages import MOVED, MOVES, OWN_PAGES, STEP, PageFile, is_page, named_in, ours, read_page
from app.study.syntax.mistakes import Mistake, listed

_FORM, _MOVES = f"player/{STEP}.html", f"player/{MOVES}.html"


def form_mistakes(
    files: Mapping[str, bytes], steps: Sequence[Step], others: Collection[str] = ()
) -> Iterator[Mistake]:
    """Pages on which somebody could not answer, and notes on pages that nobody is shown.

    `others`: files of pages that are shown elsewhere.
    """
    pages = {
        name: page for name in files if is_page(name) and isinstance(page := _page(files, name), PageFile)
    }
    told: set[str] = set()
    for step in steps:
        name = f"pages/{step.page}.html"
        if name in pages and step.page not in OWN_PAGES and name not in told:
            for mistake in _not_moved(pages, name) if step.moves else _not_asked(pages, name, step):
                told.add(name)
                yield mistake
    if {f"pages/{step.page}.html" for step in steps} <= set(pages):
        yield from _not_shown(pages, steps, others)


def _not_moved(pages: Mapping[str, PageFile], name: str) -> Iterator[Mistake]:
    chain = list(_extended(pages, name))
    own = [one for one in chain if one in pages]
    if chain[-1] not in pages and chain[-1] not in ours():
        return  # told as a template that there is not
    if _FORM not in chain and not any(_posts(pages, one, _MOVES, "/play/moves") for one in own):
        sentence = "This page has no form, so nobody can make a move."
        yield pages[name].wrong(1, "", sentence, f'Start it with {{% extends "{_FORM}" %}}.')


def _not_asked(pages: Mapping[str, PageFile], name: str, step: Step) -> Iterator[Mistake]:
    chain = list(_extended(pages, name))
    if not step.fields:
        return
    if chain[-1] not in pages and chain[-1] not in ours():
        return  # told as a template that there is not
    names = [field.name for field in step.fields if field.kind != CLICK]
    if _FORM not in chain and not any(_posts(pages, one) for one in chain if one in pages):
        what = f"answer {listed(names)}" if names else "go on from it"
        sentence = f"This page has no form, so nobody can {what}."
        yield pages[name].wrong(1, "", sentence, f'Start it with {{% extends "{_FORM}" %}}.')
        return
    for page in (pages[one] for one in chain if one in pages):
        block = next((one for one in page.tree.find_all(nodes.Block) if one.name == "ask"), None)
        if block is None:
            continue
        lost = [] if _asks_all(block) else [one for one in names if not _mentions(block, one)]
        if lost:
            sentence = f"The block `ask` stands in place of the questions and has no {listed(lost)}."
            cure = "Put {{ super() }} into it, or write into the block `before`."
            yield page.wrong(block.lineno, "ask", sentence, cure)
        return


def _not_shown(
    pages: Mapping[str, PageFile], steps: Sequence[Step], others: Collection[str]
) -> Iterator[Mistake]:
    used = {
        *(step.page for step in steps),
        *OWN_PAGES,
        *([MOVED] if any(step.moves for step in steps) else []),
    }
    shown = {*others, *(f"pages/{name}.html" for name in used)}
    shown |= {template for page in pages.values() for _, template in named_in(page.tree)}
    for name in sorted(set(pages) - shown):
        page = name.removeprefix("pages/").removesuffix(".html")
        cure = f'Name it in a [[step]] as page = "{page}", or remove it.'
        if any(step.is_solo for step in steps):
            cure = f'Name it in a [[before]], [[step]] or [[after]] as page = "{page}", or remove it.'
        yield Mistake(name, None, "No step shows this page.", cure, grave=False)


def _page(files: Mapping[str, bytes], name: str) -> PageFile | Mistake:
    return read_page(name, files[name])


def _extended(pages: Mapping[str, PageFile], name: str) -> Iterator[str]:
    """This page, the one it extends, and so on."""
    seen: set[str] = set()
    while name not in seen:
        yield name
        seen.add(name)
        extends = pages[name].tree.find_all(nodes.Extends) if name in pages else ()
        name = next((one.template.value for one in extends if isinstance(one.template, nodes.Const)), name)


def _posts(
    pages: Mapping[str, PageFile], name: str, form: str = _FORM, address: str = "/play/records"
) -> bool:
    """Whether it has a form of its own, or takes one in."""
    taken_in = [template for _, template in named_in(pages[name].tree)]
    source = "\n".join(line for one in (name, *taken_in) if one in pages for line in pages[one].lines)
    return form in taken_in or (address in source and "form_key" in source)


def _asks_all(block: nodes.Block) -> bool:
    """Whether it has our questions in it, goes through the step's fields, or takes in what may do so."""
    calls = any(
        isinstance(one.node, nodes.Name) and one.node.name == "super" for one in block.find_all(nodes.Call)
    )
    goes = any(one.attr == "fields" for one in block.find_all(nodes.Getattr))
    return calls or goes or block.find(nodes.Include) is not None


def _mentions(block: nodes.Block, name: str) -> bool:
    texts = [one.data for one in block.find_all(nodes.TemplateData)]
    texts += [str(one.value) for one in block.find_all(nodes.Const)]
    texts += [one.attr for one in block.find_all(nodes.Getattr)]
    return any(re.search(rf"\b{re.escape(name)}\b", text) for text in texts)
