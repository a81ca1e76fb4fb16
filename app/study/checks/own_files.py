"""The study's own files: which are not served, which are slow to load, and what a style asks for that is not there."""

import posixpath
import re
from collections.abc import Collection, Iterator, Mapping
from urllib.parse import unquote, urlsplit

from app.study.markup import near_to
from app.study.own_files import FOLDER, TYPES, OwnFile, content_of, ending, is_script, own_files
from app.study.syntax.lines import Spot
from app.study.syntax.mistakes import Mistake

LARGE_PICTURE = 3_000_000  # bytes
_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
_ASKED = re.compile(
    r"""url\(\s*(?:"([^"]*)"|'([^']*)'|([^"')\s]*))\s*\)|@import\s+(?:"([^"]*)"|'([^']*)')""", re.IGNORECASE
)
# Of image-set(…) all that stands in it; there a text in quotes is an address, but not within type(…).
_SET = re.compile(r"image-set\(((?:[^()]|\([^()]*\))*)\)", re.IGNORECASE)
_INNER = re.compile(r"\w+\([^()]*\)")
_QUOTED = re.compile(r"""["']([^"'\n]+)["']""")
_IMPORTED = re.compile(r"""\b(?:from|import)\s*\(?\s*["']([^"'\n]+)["']""")
_ADDRESS = re.compile(r"""["'`]((?:(?:https?|wss?):)?//[\w.-]+\.[^"'`\s]*)""", re.IGNORECASE)
_EVALUATED = re.compile(r"\b(eval|new Function)\s*\(")


def own_file_mistakes(files: Mapping[str, bytes]) -> Iterator[Mistake]:
    found = own_files(files)
    for path, file in found.items():
        if not file.type:
            yield Mistake(path, None, *_not_served(path), grave=False)
        elif file.type.startswith("image/") and file.size > LARGE_PICTURE:
            yield Mistake(path, None, *_slow(file), grave=False)
        if ending(path) == "css":
            yield from _in_style(path, content_of(files[path]), found)
        elif is_script(path):
            yield from _in_script(path, content_of(files[path]), found)


def _not_served(path: str) -> tuple[str, str]:
    if ending(path) in ("html", "htm", "xhtml"):
        return "HTML in files/ is not served.", "Make it a page of a step, in pages/."
    kinds = ", ".join(sorted(TYPES))
    return "Files of this kind are not served.", f"Save it as one of these, or take it out: {kinds}."


def _slow(file: OwnFile) -> tuple[str, str]:
    size = f"{file.size / 1_000_000:.0f} MB"
    return f"This picture has {size}: on a phone it takes long to come.", "Save it smaller, as webp or jpg."


def _in_style(path: str, content: bytes, there: Collection[str]) -> Iterator[Mistake]:
    try:
        source = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        yield Mistake(path, None, "This style is not UTF-8 text.", "Save the file as UTF-8.")
        return
    source = _COMMENT.sub(_blank, source)
    for asked in _ASKED.finditer(source):
        group = next((nth for nth, text in enumerate(asked.groups(), 1) if text), None)
        if group is None:
            continue
        if verdict := _missing(path, asked[group], there):
            yield Mistake(path, _spot(source, asked, group), *verdict)
    for one in _SET.finditer(source):
        # As long as the source up to its end, so that places stay.
        for asked in _QUOTED.finditer(
            re.sub(r"[^\n]", " ", source[: one.start(1)]) + _INNER.sub(_blank, one[1])
        ):
            if verdict := _missing(path, asked[1], there):
                yield Mistake(path, _spot(source, asked, 1), *verdict)


def _blank(found: re.Match[str]) -> str:
    return re.sub(r"[^\n]", " ", found[0])


def _in_script(path: str, content: bytes, there: Collection[str]) -> Iterator[Mistake]:
    """What can be seen without running it."""
    source = content.decode("utf-8", "replace")
    for asked in _IMPORTED.finditer(source):
        if verdict := _missing(path, asked[1], there):
            yield Mistake(path, _spot(source, asked, 1), *verdict)
    for named in _ADDRESS.finditer(source):
        if not named[1].startswith("http://www.w3.org/"):  # the name of a kind of element
            sentence = (
                "No script can ask for this or send anything there: our policy lets none reach other places."
            )
            yield Mistake(
                path, _spot(source, named, 1), sentence, "Put what it needs into files/.", grave=False
            )
    for evaluated in _EVALUATED.finditer(source):
        sentence = "This makes a script of a text, which our policy does not let run."
        yield Mistake(path, _spot(source, evaluated, 1), sentence, "Write it as a function.", grave=False)


def _spot(source: str, found: re.Match[str], group: int) -> Spot:
    before = source[: found.start(group)]
    return Spot(before.count("\n") + 1, found.start(group) - before.rfind("\n"), len(found[group]))


def _missing(path: str, address: str, there: Collection[str]) -> tuple[str, str] | None:
    """`address` as it stands in the file at `path`."""
    if address.startswith(("data:", "#")):
        return None
    if re.match(r"[a-z][a-z0-9+.-]*:|//", address, re.IGNORECASE):
        cure = "Put it into files/, and name it as it lies there."
        return "This is not loaded: our policy takes nothing from other places.", cure
    bare = not address.startswith((".", "/")) and is_script(path)
    asked = posixpath.normpath(posixpath.join(posixpath.dirname(path), unquote(urlsplit(address).path)))
    if asked in there and not bare:
        return None
    if not bare and (address.startswith("/") or not asked.startswith(FOLDER)):
        cure = "Put it into files/, and name it as it lies from here."
        return f"`{address}` leads out of {FOLDER}, and nothing is loaded from there.", cure
    if bare:
        return f"There is no `{address}` to ask for.", "Put it into files/, and name it as it lies from here."
    return f"There is no `{asked}`.", near_to(asked, there)
