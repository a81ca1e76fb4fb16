"""Our scripts and styles, and how long an answer may be kept."""

from __future__ import annotations

from litestar import Response, get
from litestar.exceptions import NotFoundException
from litestar.types import Message, Scope

from app.web import templates
from app.web.lab import Query
from app.web.responses import HEADERS, NOT_KEPT

FOR_EVER = (b"cache-control", b"public, max-age=31536000, immutable")


@get("/static/{name:str}")
async def static_file(request: Query, name: str) -> Response[bytes]:
    """Packed for those who can unpack it: a first page is then 30 KB instead of 80, on a phone's slow line."""
    file = templates.static_files().get(name)
    if file is None:
        raise NotFoundException
    packed = "gzip" in request.headers.get("accept-encoding", "")
    encoding = {"Content-Encoding": "gzip"} if packed else {}
    return Response(
        file.packed if packed else file.body,
        media_type=file.media_type,
        headers={"Vary": "Accept-Encoding", **encoding},
    )


async def add_headers(message: Message, scope: Scope) -> None:
    """To every answer, error pages and streams included. What has a version in its address may be kept for ever."""
    if message["type"] == "http.response.start":
        for_ever = message["status"] == 200 and _is_versioned(scope)
        message["headers"] = [*message["headers"], *HEADERS, FOR_EVER if for_ever else NOT_KEPT]


def _is_versioned(scope: Scope) -> bool:
    """During an upgrade an old process must not have its file kept under a new one's address."""
    path, _, name = scope["path"].rpartition("/")
    asked = f"/static/{name}?{scope['query_string'].decode('latin-1')}"
    return path == "/static" and bool(scope["query_string"]) and templates.asset(name) == asked
