"""The manual, for whoever asks: nobody needs an account to read it."""

from __future__ import annotations

import asyncio

from litestar import get
from litestar.response import Response

from app.web import manual
from app.web.lab import Query
from app.web.researchers import NOBODY
from app.web.responses import page

LONGEST = 200  # letters of what is searched for


@get(manual.AT.removeprefix("/admin"), needs=NOBODY)
async def manual_begins(q: str = "") -> Response[str]:
    """With `q`: where these words stand."""
    said = q.strip()[:LONGEST]
    # Read once, in a thread: what hundreds of pages wait for goes on meanwhile.
    hits = await asyncio.to_thread(manual.search, said)
    return await _shown(manual.BEGINS, dict(said=said, hits=hits))


@get(f"{manual.AT.removeprefix('/admin')}/{{name:str}}", needs=NOBODY)
async def manual_chapter(request: Query, name: str) -> Response[str]:
    if name not in manual.chapters():
        return await _shown(manual.BEGINS, dict(said="", hits=(), lacks=name[:80]), 404)
    return await _shown(name, dict(said="", hits=()))


@get(f"{manual.AT.removeprefix('/admin')}/pictures/{{name:str}}", needs=NOBODY)
async def manual_picture(name: str) -> Response[bytes] | Response[str]:
    found = await asyncio.to_thread(_picture, name)
    if found is None:
        return await _shown(manual.BEGINS, dict(said="", hits=(), lacks=name[:80]), 404)
    return Response(found, media_type="image/png")


def _picture(name: str) -> bytes | None:
    if name not in {path.name for path in manual.PICTURES.glob("*.png")}:
        return None
    return manual.PICTURES.joinpath(name).read_bytes()


async def _shown(name: str, context: dict[str, object], status: int = 200) -> Response[str]:
    chapter = await asyncio.to_thread(manual.chapter, name)
    context = dict(at=manual.AT, name=name, chapter=chapter, groups=manual.groups(), lacks="") | context
    return page("admin/manual.html", context, status)


HANDLERS = [manual_begins, manual_chapter, manual_picture]
