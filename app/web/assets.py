"""Our scripts and styles: written a file a subject, put together to be served as one."""

from __future__ import annotations

import gzip
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from mimetypes import guess_type

from app.config import PROJECT
from app.web.kept import kept

STATIC = PROJECT / "static"
# Written a file a subject and served as one, in this order: each file more is a round trip on a phone's slow line,
# and a script that imports others can't name them by the digests that let a browser keep them for ever.
PAGE = (
    "page player loads clock state connection signs calling sliders sums drafts marks sending talk typing place copying"
    " zones aloud"
)
PUT_TOGETHER = {
    "app.css": "look player shown moves fields rows talk wait tables screens",
    "desk.css": "desk monitor rooms sides story answers replay wall studies windows report",  # after app.css
    "manual.css": "manual",
    "app.js": f"{PAGE} start",
    "scripted.js": f"{PAGE} own start",  # where a study has a script of its own
}


@kept()
def asset(name: str) -> str:
    """The address of a file in `static/`, with a digest of its content: it may be cached for ever."""
    return f"/static/{name}?v={hashlib.sha256(static_files()[name].body).hexdigest()[:12]}"


@dataclass(frozen=True, slots=True)
class StaticFile:
    body: bytes
    packed: bytes  # the same with gzip
    media_type: str


def _media_type(name: str) -> str:
    """With how its letters are written; of what begins with text/ Litestar says it."""
    kind = guess_type(name)[0] or "application/octet-stream"
    return f"{kind}; charset=utf-8" if kind.endswith("xml") else kind


def _bare(style: bytes) -> bytes:
    """Without what only those read who write on it: a sixth less of a first page."""
    return re.sub(rb"\n\s*", b"\n", re.sub(rb"(?s)/\*.*?\*/", b"", style))


@kept()
def static_files() -> Mapping[str, StaticFile]:
    """What is in `static/`, by name: few and small files, read and packed once."""
    found = {path.name: path.read_bytes() for path in STATIC.iterdir() if path.is_file()}
    for whole, parts in PUT_TOGETHER.items():
        kind = whole.rpartition(".")[2]
        body = b"\n".join((STATIC / kind / f"{part}.{kind}").read_bytes() for part in parts.split())
        # A study's own script is on the same page, and may use any name.
        found[whole] = b"(() => {\n%b})();\n" % body if kind == "js" else _bare(body)
    return {
        name: StaticFile(body, gzip.compress(body, mtime=0), _media_type(name))
        for name, body in found.items()
    }
