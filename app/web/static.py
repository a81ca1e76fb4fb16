"""Our scripts and styles as browsers get them, and keep them for ever.

Apart from what they are: pages that are drawn without a server ask only for their addresses, and the framework takes as
long to import as all that draws them.
"""

from __future__ import annotations

from typing import Any

from litestar import Request, Response, get
from litestar.exceptions import NotFoundException
from litestar.types import Scope

from app.study.own_files import SERVED
from app.web.assets import asset, static_files


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
