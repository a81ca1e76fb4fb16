"""Where studies with scripts are played: an origin without a researcher's side, so that no script can act there.

A request is of it where it came to the port beside the server's own, or names the host of `NETWORKLAB_PLAY_URL`. Nobody
can make another's browser say so of any other origin; and to every other origin scripts of studies are not sent.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from litestar.enums import ScopeType
from litestar.response import Redirect
from litestar.types import ASGIApp, Receive, Scope, Send

from app.study.model.study import Study
from app.study.own_files import has_scripts
from app.web.auth import is_of_programs, is_of_researchers
from app.web.lab import Query, lab_of

HERE = "networklab_play"  # in the scope of a request of this origin
NOWHERE = "/play/nowhere"
# Besides the policies of every page of players: no other window.
POLICY = "sandbox allow-scripts allow-forms allow-same-origin allow-modals allow-downloads"


class PlayOrigin:
    """`port`: the one beside the server's own; 0 without one."""

    def __init__(self, app: ASGIApp, port: int, url: str | None) -> None:
        self.app, self.port = app, port
        self.netloc = urlsplit(url or "").netloc.encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == ScopeType.HTTP and self._is_of(scope):
            scope = of_play_origin(scope)
        await self.app(scope, receive, send)

    def _is_of(self, scope: Scope) -> bool:
        server = scope["server"]
        if self.port and server is not None and server[1] == self.port:
            return True
        return bool(self.netloc) and dict(scope["headers"]).get(b"host") == self.netloc


def of_play_origin(scope: Scope) -> Scope:
    """What is the researcher's is not there."""
    path = scope["path"]
    hidden = is_of_researchers(path) or is_of_programs(path) or path == "/metrics"
    return {**scope, HERE: True, "path": NOWHERE if hidden else path}  # type: ignore[return-value]


def is_of_play_origin(request: Query) -> bool:
    return bool(request.scope.get(HERE))


def elsewhere(request: Query, study: Study) -> Redirect | None:
    """To the origin where this study's scripts run; None where the browser is there, or need not be."""
    is_page = "text/html" in request.headers.get("accept", "") and "hx-request" not in request.headers
    url = lab_of(request).config.play_url
    if not is_page or url is None or is_of_play_origin(request) or not has_scripts(study.files):
        return None
    query = f"?{request.url.query}" if request.url.query else ""
    return Redirect(f"{url}{request.scope['raw_path'].decode('latin-1')}{query}", status_code=303)


def sites_of(study: Study) -> tuple[str, ...]:
    """Where its last page leads; nothing that is filled in changes which site that is."""
    found = (urlsplit(address) for address in study.finish.redirects.values())
    return tuple(dict.fromkeys(f"{one.scheme}://{one.netloc}" for one in found if one.netloc))
