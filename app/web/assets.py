"""Our scripts and styles: written a file a subject, served as one, and kept by browsers for ever."""

from __future__ import annotations

import gzip
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from mimetypes import guess_type
from typing import Any

from litestar import Request, Response, get
from litestar.exceptions import NotFoundException
from litestar.types import Scope

from app.config import PROJECT
from app.study.own_files import SERVED
from app.web.kept import kept

STATIC = PROJECT / "static"
# Written a file a subject and served as one, in this order: each file more is a round trip on a phone's slow line,
# and a script that imports others can't name them by the digests that let a browser keep them for ever.
PAGE = (
    "page player loads clock state connection signs calling sliders sums drafts marks sending talk typing place copying"
    " zones"
)
PUT_TOGETHER = {
    "app.css": "look player shown moves fields rows talk wait desk monitor rooms tables story answers replay wall"
    " studies screens report",
    "manual.css": "manual",
    "app.js": f"{PAGE} start",
    "scripted.js": f"{PAGE} own start",  # where a study has a script of its own
}


@get("/static/{name:str}")
async def static_file(request: Request[Any, Any, Any], name: str) -> Response[bytes]:
    """Packed for those who can unpack it: a first page is then 30 KB instead of 80, on a phone's slow line."""
    file = static_files().get(name)
    if file is None:
        raise NotFoundException
    packed = "gzip" in request.headers.get("accept-encoding", "")
    encoding = {"Content-Encoding": "gzip"} if packed else {}
    return Response(
        file.packed if packed else file.body,
        media_type=file.media_type,
        headers={"Vary": "Accept-Encoding", **encoding},
    )


def is_versioned(scope: Scope) -> bool:
    """During an upgrade an old process must not have its file kept under a new one's address."""
    if scope["path"].startswith(SERVED):
        return True  # a digest of what is there
    path, _, name = scope["path"].rpartition("/")
    asked = f"/static/{name}?{scope['query_string'].decode('latin-1')}"
    return path == "/static" and bool(scope["query_string"]) and asset(name) == asked


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
