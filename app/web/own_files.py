"""A study's own files, for everybody who has their address: in pieces, from any place, kept by browsers for ever."""

from __future__ import annotations

import functools
import gzip
import re

from litestar import Response, get
from litestar.exceptions import NotFoundException
from litestar.response import Stream

from app.study.languages.texts import Sentence
from app.study.own_files import FOLDER, OwnFile, is_script
from app.study.stored_files import PIECE, may_be_one
from app.web.lab import Query, lab_of
from app.web.play_origin import is_of_play_origin

RANGE = re.compile(r"bytes=(?:(\d{1,18})-(\d{0,18})|-(\d{1,18}))")
# Whoever opens a picture by its address gets a document of this origin: one that may do nothing.
POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src 'self' data:; media-src 'self'; "
    "base-uri 'none'; frame-ancestors 'none'; sandbox"
)


@get("/play/files/{files:str}/{path:path}")
async def own_file(request: Query, files: str, path: str) -> Response[bytes] | Stream:
    found = lab_of(request).own_files
    name = FOLDER + str(path).lstrip("/")
    file = await found.find(files, name) if may_be_one(files, name) else None
    if file is None or not file.type or (is_script(name) and not is_of_play_origin(request)):
        raise NotFoundException(detail=Sentence("There is no such file. Reload the page that shows it."))
    headers = _headers(file)
    if headers["ETag"] in request.headers.get("if-none-match", ""):
        return Response(b"", status_code=304, headers=headers, media_type=file.type)
    if _is_packed(request, file):
        body = b"".join([piece async for piece in found.read(file, 0, file.size)])
        headers |= {"Content-Encoding": "gzip", "ETag": f"W/{headers['ETag']}"}
        return Response(_packed(body), headers=headers, media_type=file.type)
    part = _part(request, file)
    if part is None:
        whole = {"Content-Range": f"bytes */{file.size}"}
        return Response(b"", status_code=416, headers=headers | whole, media_type=file.type)
    start, end = part
    headers["Content-Length"] = str(end - start)
    if is_part := (start, end) != (0, file.size):
        headers["Content-Range"] = f"bytes {start}-{end - 1}/{file.size}"
    return Stream(
        found.read(file, start, end),
        status_code=206 if is_part else 200,
        headers=headers,
        media_type=file.type,
    )


def _may_be_packed(file: OwnFile) -> bool:
    """Styles, scripts and drawings, as long as a process may keep some of them packed."""
    return file.type.startswith(("text/", "image/svg")) and file.size <= PIECE


def _is_packed(request: Query, file: OwnFile) -> bool:
    asked = request.headers
    return _may_be_packed(file) and "gzip" in asked.get("accept-encoding", "") and "range" not in asked


@functools.lru_cache(maxsize=32)
def _packed(body: bytes) -> bytes:
    return gzip.compress(body, mtime=0)


def _headers(file: OwnFile) -> dict[str, str]:
    found = {"ETag": f'"{file.sha256}"', "Accept-Ranges": "bytes", "Content-Security-Policy": POLICY}
    if _may_be_packed(file):
        found["Vary"] = "Accept-Encoding"
    if file.type == "application/pdf":
        found["Content-Disposition"] = "attachment"  # a browser's own viewer shows nothing in a sandbox
    return found


def _part(request: Query, file: OwnFile) -> tuple[int, int] | None:
    """From which byte to before which; None: the file does not reach as far. Several parts: the whole."""
    asked = RANGE.fullmatch(request.headers.get("range", "").replace(" ", ""))
    changed = request.headers.get("if-range")
    if asked is None or (changed is not None and changed != f'"{file.sha256}"'):
        return 0, file.size
    first, last, length = asked.groups()
    if length is not None:
        return (max(0, file.size - int(length)), file.size) if int(length) and file.size else None
    start, end = int(first), min(file.size, int(last) + 1 if last else file.size)
    if start >= file.size:
        return None
    return (start, end) if start < end else (0, file.size)
