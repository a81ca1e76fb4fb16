"""Frames: several players in one browser window, each as if in a browser of their own.

Cookies know no ports, so the browser would hold one player at a time. Here each frame has a port, and what a browser
keeps for a player is kept for that port on this side. (To pages each port is a place of its own: typed text does not
meet, and four live pages do not share the six connections that a browser opens to one.)
"""

from __future__ import annotations

import re
import socket
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from http.cookies import CookieError, SimpleCookie
from typing import Literal

from litestar.enums import ScopeType
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from app.web.assets import static_files
from app.web.auth import PLAYER_COOKIE
from app.web.play_origin import of_play_origin
from app.web.responses import NOT_KEPT

HERE = re.compile(rb"(localhost|127\.0\.0\.1)(:\d+)?")
ANCESTORS = "frame-ancestors http://localhost:* http://127.0.0.1:*"
FRAMES = "frame-src http://localhost:* http://127.0.0.1:*"
Look = Literal["auto", "light", "dark"]
STYLE, BOTH = "app.css", b"color-scheme: light dark;"
ELSEWHERE = b"This page is for the machine that it runs on. Open it as http://127.0.0.1 there.\n"


@dataclass(slots=True)
class Frame:
    """One player's. `token` is that of the player whom it shows now."""

    number: int
    listener: socket.socket
    token: str = ""
    cookies: dict[str, str] = field(default_factory=dict)

    @property
    def port(self) -> int:
        port: int = self.listener.getsockname()[1]
        return port

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def signed_in(self) -> bool:
        return PLAYER_COOKIE in self.cookies


class Frames:
    """The application as a preview shows it: the port says who asks; on any but the frames' it is the researcher."""

    def __init__(self, app: ASGIApp, frames: Sequence[Frame]) -> None:
        self.app, self.frames = app, frames
        self.by_port = {frame.port: frame for frame in frames}
        self.researcher: dict[str, str] = {}
        self.look: Look = "auto"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != ScopeType.HTTP:
            await self.app(scope, receive, send)
            return
        headers = scope["headers"]
        if not HERE.fullmatch(dict(headers).get(b"host", b"")):  # a name from elsewhere that leads here
            await _send(send, 403, ELSEWHERE, (b"content-type", b"text/plain; charset=utf-8"))
            return
        assert scope["server"] is not None
        frame = self.by_port.get(scope["server"][1] or 0)
        if frame is not None and scope["path"] == "/":
            to = "/play" if frame.signed_in else f"/join/{frame.token}"
            await _send(send, 307, b"", (b"location", to.encode()))
            return
        if scope["path"] == f"/static/{STYLE}" and self.look != "auto":
            await _style(send, self.look)
            return
        given = [value for name, value in headers if name == b"cookie" and frame is None]
        jar = self.researcher if frame is None else frame.cookies
        kept = [f"{name}={value}".encode() for name, value in jar.items()]
        others = [(name, value) for name, value in headers if name not in (b"cookie", b"sec-fetch-dest")]
        asked: Scope = {**scope, "headers": [*others, (b"cookie", b"; ".join([*given, *kept]))]}
        if frame is not None:
            asked = of_play_origin(asked)

        changed = CHANGED if scope["path"].rstrip("/") == "/dev" else CHANGED_IN_FRAMES

        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [
                    (name, changed[name](value) if name in changed else value)
                    for name, value in message["headers"]
                    if not (frame is not None and name == b"set-cookie" and _keep(frame.cookies, value))
                ]
            await send(message)

        await self.app(asked, receive, answer)


def _framed(policy: bytes) -> bytes:
    """Our pages may be framed by nobody: here by what runs on this machine."""
    return policy.replace(b"frame-ancestors 'none'", ANCESTORS.encode())


def _framing(policy: bytes) -> bytes:
    """They frame nothing: the window does, and nothing that a study wrote is in it."""
    return policy.replace(b"frame-ancestors 'none'", f"{ANCESTORS}; {FRAMES}".encode())


def _not_kept(_: bytes) -> bytes:
    """Who writes a style or a script is to see it."""
    return NOT_KEPT[1]


Changed = Mapping[bytes, Callable[[bytes], bytes]]
CHANGED: Changed = {b"content-security-policy": _framing, b"cache-control": _not_kept}
CHANGED_IN_FRAMES: Changed = {b"content-security-policy": _framed, b"cache-control": _not_kept}


def _keep(jar: dict[str, str], header: bytes) -> bool:
    try:
        given = SimpleCookie(header.decode("latin-1"))
    except CookieError:
        return False
    for name, cookie in given.items():
        if cookie["max-age"] == "0":
            jar.pop(name, None)
        else:
            jar[name] = cookie.value
    return True


async def _style(send: Send, look: str) -> None:
    """Ours, in one of its two looks: what a window asks for does not reach the frames of another origin in it."""
    style = static_files()[STYLE].body.replace(BOTH, f"color-scheme: {look};".encode())
    await _send(send, 200, style, (b"content-type", b"text/css; charset=utf-8"))


async def _send(send: Send, status: int, body: bytes, header: tuple[bytes, bytes]) -> None:
    await send({"type": "http.response.start", "status": status, "headers": [header, NOT_KEPT]})
    await send({"type": "http.response.body", "body": body, "more_body": False})
