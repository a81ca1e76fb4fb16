"""The HTML of a study's pages: what a browser asks for that is not there, and what our policy keeps it from doing."""

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from html.parser import HTMLParser
from urllib.parse import unquote, urlsplit

from app.config import PROJECT
from app.study.own_files import FOLDER, SERVED, OwnFile, kind_of, leads_out
from app.study.syntax.lines import Spot
from app.study.syntax.mistakes import Mistake, nearest
from app.study.tags import replaced, tags

FILLED_IN = "\ue000"  # stands for each character of {{ … }}: what comes there is known only as people play
_OPENS = re.compile(r"<(?=[a-z])", re.IGNORECASE)
_NAMED = re.compile(rf"""(["'])({FOLDER}[^"'{{}}%]*\.\w+)\1""")  # a whole one, in a tag of Jinja's
_SRCSET = re.compile(r"""\bsrcset\s*=\s*("[^"]*"|'[^']*')""", re.IGNORECASE)
# Of a srcset: an address, and for which screens it is. No two of its parts can take the same sign: it reads each once.
_CANDIDATE = re.compile(r"([^\s,]\S*)(?:(?<!,)\s[^,]*)?")
_ANY_PLACE = re.compile(r"[a-z][a-z0-9+.-]*:|//", re.IGNORECASE)

SCRIPT = 'Write it into a file, and name that in study.toml: [pages] with script = "files/draw.js".'
STYLE = 'Write it into a file, and name that in study.toml: [pages] with style = "files/look.css".'
NO_FRAME = "Remove it, or link to it: <a href=… target=_blank>."
OURS_ONLY = ("/play", "/static")  # what forms and htmx of players' pages may ask


@dataclass(frozen=True, slots=True)
class Element:
    """A tag as it stands in a page. `attributes` without those whose value is filled in as people play."""

    tag: str
    attributes: Mapping[str, str]
    text: str
    spot: Spot


There = Mapping[str, OwnFile]
NOTHING: There = {}
Verdict = tuple[str, str, str]  # the word that is meant, what is wrong with it, and what to do


def markup_mistakes(name: str, source: str, there: There = NOTHING) -> Iterator[Mistake]:
    """What a browser would not show or do of the page `name`, each with the place of the word that asks for it.

    `there`: the study's own files.
    """
    for element in _elements(source):
        for word, sentence, cure in _wrong_with(element, there):
            yield Mistake(name, _spot_of(element, word), sentence, cure)
    for start, end in tags(source, html=False):
        for named in _NAMED.finditer(source[start:end] if source[start + 1] != "#" else ""):
            for word, sentence, cure in _own(named[2], there, "", "file"):
                before = source[: start + named.start(2)]
                spot = Spot(before.count("\n") + 1, len(before) - before.rfind("\n"), len(word))
                yield Mistake(name, spot, sentence, cure)


def addressed(source: str, digest: str) -> str:
    """The page as browsers get it: each `files/…` that begins a text in quotes in a tag is that file's address."""
    if not digest or FOLDER not in source:
        return source
    return replaced(source, lambda tag: _sources(tag, f"{SERVED}{digest}/"))


def _sources(tag: str, served: str) -> str:
    tag = _SRCSET.sub(lambda found: re.sub(rf"(?<![\w/.-]){FOLDER}", served, found[0]), tag)
    return re.sub(rf"""(?<=[="']){FOLDER}""", served, tag)


def _elements(source: str) -> Sequence[Element]:
    reader = _Reader()
    reader.feed(_closed(replaced(source, _filler, html=False)))
    reader.close()
    return reader.found


def _filler(tag: str) -> str:
    """As long as the tag, with its line breaks, so that places stay."""
    return re.sub(r"[^\n]", FILLED_IN if tag.startswith("{{") else " ", tag)


def _closed(html: str) -> str:
    """Without what nothing closes: browsers show none of it, and Python’s reader looks for its end again and again."""
    parts, at = list[str](), 0
    for start, end in [*tags(html), (len(html), len(html))]:
        parts += [_OPENS.sub(" ", html[at:start]), html[start:end]]
        at = end
    html = "".join(parts)
    cut = html.find("<!--", html.rfind("-->") + 1)
    return html[:cut] if cut >= 0 else html


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[Element] = []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        line, column = self.getpos()
        known = {key: (value or "").strip() for key, value in attributes if FILLED_IN not in (value or "")}
        self.found.append(
            Element(tag, known, self.get_starttag_text() or "", Spot(line, column + 1, len(tag) + 1))
        )


def _spot_of(element: Element, word: str) -> Spot:
    line, column, _ = element.spot
    at = element.text.find(word) if word else -1
    if at < 0:
        return element.spot
    before = element.text[:at]
    newlines = before.count("\n")
    start = at - before.rfind("\n") if newlines else column + at
    return Spot(line + newlines, start, max(1, len(word.split("\n")[0])))


def _wrong_with(element: Element, there: There) -> Iterator[Verdict]:
    if element.tag in _NEVER:
        yield f"<{element.tag}", *_NEVER[element.tag]
        return
    if element.tag in _FETCHING:
        yield from _FETCHING[element.tag](element, there)
    for name, value in element.attributes.items():
        if name == "style":
            yield (
                "style",
                "A style in a tag is not applied: our policy takes styles from files only.",
                STYLE,
            )
        elif name.startswith(("on", "hx-on")):
            yield name, f"`{name}` is a script, and our policy takes them from files only.", SCRIPT
        elif value.lower().startswith("javascript:"):
            yield value, "A script in an address is not run.", SCRIPT
        elif value.startswith("js:") and name.startswith(("hx-vals", "hx-headers")):
            yield value, f"`{name}` with js: is a script, and our policy takes them from files only.", SCRIPT
        elif (
            name == "background"
        ):  # of a table, as pages had it before there were styles: browsers still load it
            yield from _shown([value], there, *_A_PICTURE)
        elif name in ("action", "formaction", "hx-get", "hx-post", "hx-put", "hx-patch", "hx-delete"):
            yield from _sent(name, value)


def _script(element: Element, _: There) -> Iterator[Verdict]:
    address = element.attributes.get("src", "")
    if not (address and _is_ours(address)):
        yield "<script", "Scripts in a page don't run: our policy takes them from files only.", SCRIPT


def _link(element: Element, there: There) -> Iterator[Verdict]:
    address = element.attributes.get("href", "")
    if "stylesheet" not in element.attributes.get("rel", "").lower() or not address or _is_ours(address):
        return
    if address.startswith(FOLDER):
        yield from _own(address, there, "text/css", "style")
    else:
        yield address, "This sheet of styles is not loaded: only the study's own files are.", STYLE


def _picture(element: Element, there: There) -> Iterator[Verdict]:
    addresses = [element.attributes.get(name, "") for name in ("src", "href", "xlink:href", "poster")]
    addresses += [one[1].rstrip(",") for one in _CANDIDATE.finditer(element.attributes.get("srcset", ""))]
    yield from _shown(addresses, there, *_SHOWS.get(element.tag, _A_PICTURE))


def _shown(
    addresses: Sequence[str], there: There, kinds: str | tuple[str, ...], what: str
) -> Iterator[Verdict]:
    for address in addresses:
        if not address or address.startswith("#") or _is_ours(address):
            continue
        if address.startswith("data:"):
            if what != "picture":
                yield address, f"This {what} is not played: our policy takes it from files only.", _PUT
        elif address.startswith(FOLDER):
            yield from _own(address, there, kinds, what)
        elif _ANY_PLACE.match(address):
            yield (
                address,
                f"This {what} is not loaded: our policy takes none from other places.",
                _put(address),
            )
        else:
            yield address, f"There is no `{address}` for a page to show.", _put(address)


def _own(address: str, there: There, kinds: str | tuple[str, ...], what: str) -> Iterator[Verdict]:
    path = unquote(urlsplit(address).path)
    file = there.get(path)
    if leads_out(path):
        yield address, f"`{path}` leads out of {FOLDER}, and nothing is loaded from there.", _PUT
    elif file is None:
        yield address, f"There is no `{path}`.", near_to(path, there)
    elif not file.type or not file.type.startswith(kinds):
        sentence = f"`{path}` is no {what} that is served." if file.type else f"`{path}` is not served."
        yield address, sentence, "docs/files.md has the kinds of files that are."


def near_to(path: str, there: Collection[str]) -> str:
    """The cure where this own file is not there."""
    kind = kind_of(path)
    near = nearest(path, [one for one in there if kind in ("", kind_of(one))])
    if near:
        return f"Did you mean `{near}`?"
    return "Put it there." if there else "Make the folder files/ beside pages/, and put it there."


def _put(address: str) -> str:
    name = urlsplit(address).path.rpartition("/")[2] or "face.png"
    return f'Put it into the folder files/, and write "{FOLDER}{name}".'


def _button(element: Element, there: There) -> Iterator[Verdict]:
    return _picture(element, there) if element.attributes.get("type", "").lower() == "image" else iter(())


def _anchor(element: Element, there: There) -> Iterator[Verdict]:
    """A link leads anywhere on the web, but a study has no pages that one could go to."""
    address = element.attributes.get("href", "")
    if not address or address.startswith(("#", "/", "data:")) or _ANY_PLACE.match(address):
        return
    if address.startswith(FOLDER):
        yield from _own(address, there, "", "file")
        return
    cure = "Write a whole address, https://…, or show it in a step of its own."
    yield address, f"There is no `{address}` to go to.", cure


def _sent(name: str, address: str) -> Iterator[Verdict]:
    path = urlsplit(address).path
    if _ANY_PLACE.match(address):
        yield address, "Nothing is sent to or asked from another site.", 'Send answers to "/play/records".'
    elif path and not path.startswith(OURS_ONLY) and not (name == "action" and path.startswith("/join/")):
        yield address, f"A page of players can't ask `{path}`.", 'Send answers to "/play/records".'


def _is_ours(address: str) -> bool:
    path = urlsplit(address).path
    return path.startswith("/static/") and (PROJECT / path.lstrip("/")).is_file()


_FETCHING: Mapping[str, Callable[[Element, There], Iterator[Verdict]]] = {
    "script": _script,
    "link": _link,
    "img": _picture,
    "source": _picture,
    "audio": _picture,
    "video": _picture,
    "track": _picture,
    "image": _picture,
    "use": _picture,
    "input": _button,
    "a": _anchor,
}
_PUT = "Put it into the folder files/, and write its name: files/…"
_A_PICTURE = ("image/", "picture")
_SHOWS: Mapping[str, tuple[str | tuple[str, ...], str]] = {
    "source": (("image/", "audio/", "video/"), "picture, sound or film"),
    "audio": (("audio/", "video/"), "sound"),
    "video": (("video/", "image/"), "film"),
    "track": ("text/vtt", "track of captions"),
}
_FRAMED = ("Nothing is shown in a frame here: our policy lets none in.", NO_FRAME)
_NEVER = {
    "style": ("Styles in a page are not applied: our policy takes them from files only.", STYLE),
    "base": ("The page's addresses can't be changed by <base>.", "Remove it, and write whole addresses."),
    **dict.fromkeys(("iframe", "frame", "object", "embed", "portal"), _FRAMED),
}
