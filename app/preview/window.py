"""The window of a preview: what it shows, and its buttons."""

from __future__ import annotations

from mimetypes import guess_type
from typing import Literal, get_args

from litestar import Response, Router, get, post
from litestar.exceptions import ClientException, NotFoundException
from litestar.response import Redirect
from litestar.types import ASGIApp, Receive, Scope, Send

from app.database import clock
from app.preview.frames import Look
from app.preview.preview import Preview
from app.preview.whereabouts import StudyPart
from app.study.model.fields import first
from app.web.assets import STATIC
from app.web.auth import same_site
from app.web.forms import form_of
from app.web.lab import Query
from app.web.responses import page
from app.web.streams import send_stream

LOOKS: tuple[Look, ...] = get_args(Look)
FILES = STATIC / "preview"


@get("/")
async def window(request: Query) -> Response[str] | Redirect:
    """Its frames are those of 127.0.0.1, and some browsers keep nothing for pages that another name has framed."""
    preview = preview_of(request)
    if request.url.hostname != "127.0.0.1":
        return Redirect(f"http://127.0.0.1:{request.url.port}/dev")
    return page("preview/window.html", dict(preview=preview, content=preview.html(clock.now())))


@get("/live")
async def window_live(request: Query) -> ASGIApp:
    preview = preview_of(request)

    async def stream(scope: Scope, receive: Receive, send: Send) -> None:
        await send_stream(receive, send, preview.messages())

    return stream


@get("/static/{name:str}")
async def window_file(name: str) -> Response[bytes]:
    """Read each time: it lies beside what production serves, and only a preview serves it."""
    path = FILES / name
    if path.parent != FILES or not path.is_file():
        raise NotFoundException
    return Response(path.read_bytes(), media_type=guess_type(name)[0] or "application/octet-stream")


@post("/{action:str}", status_code=204)
async def press(request: Query, action: Literal["skip", "answer", "again", "door"]) -> None:
    preview = preview_of(request)
    if action == "skip":
        await preview.skip()
    elif action == "answer":
        await preview.answer()
    else:
        preview.stops_at_door ^= action == "door"
        await preview.begin_again()


@post("/part/{part:str}", status_code=204)
async def jump(request: Query, part: StudyPart) -> None:
    await preview_of(request).jump(part)


@post("/look", status_code=204)
async def put_on(request: Query) -> None:
    wanted = first(await form_of(request), "look")
    for look in LOOKS:
        if look == wanted:
            preview_of(request).put_on(look)
            return
    raise ClientException("There is no such look.")


@post("/bot/{number:int}", status_code=204)
async def hand_over(request: Query, number: int) -> None:
    preview = preview_of(request)
    if not 1 <= number <= len(preview.frames):
        raise NotFoundException("There is no such frame.")
    preview.hand_over(number)


def preview_of(request: Query) -> Preview:
    preview: Preview = request.app.state.preview
    return preview


ROUTER = Router(
    "/dev",
    guards=[same_site],
    route_handlers=[window, window_live, window_file, put_on, press, jump, hand_over],
)
