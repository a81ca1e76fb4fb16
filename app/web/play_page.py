"""The whole page of a player, for wherever they are."""

from __future__ import annotations

from collections.abc import Mapping

from litestar.response import Response

from app.web import hindrances, templates
from app.web.lab import Query
from app.web.live.places import Place
from app.web.responses import piece


def play_page(
    request: Query,
    place: Place,
    status: int = 200,
    notice: str = "",
    plain: bool | None = None,
    headers: Mapping[str, str] = {},
) -> Response[str]:
    """`notice` is HTML, and stands where the page is told what became of its forms."""
    html = templates.render(
        "player/play.html",
        templates.texts_of(place.study),
        place=place,
        title=place.study.title,
        after=hindrances.reloads_after(place),
        plain=hindrances.is_plain(request, plain),
        notice=notice,
    )
    return piece(html, status, headers)
