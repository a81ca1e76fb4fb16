"""What a form says, as browsers send it."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs

from litestar import Request
from litestar.exceptions import ClientException

from app.study.model.fields import Form

MOST_FIELDS = 500
URL_ENCODED = b"application/x-www-form-urlencoded"


async def form_of(request: Request[Any, Any, Any]) -> Form:
    """Raises a 400."""
    return read_form(request.headers.get("content-type", "").encode("latin-1"), await request.body())


def read_form(content_type: bytes, body: bytes) -> Form:
    """Field → what was said, in its order. Raises a 400: none of our pages sends anything but text.

    But for those of lists and of studies, which read their own (sent_lists.py, studies/receiving.py).
    """
    if body and not content_type.lower().startswith(URL_ENCODED):
        raise ClientException("This was not sent as a form.")
    try:
        return parse_qs(body.decode(), keep_blank_values=True, errors="strict", max_num_fields=MOST_FIELDS)
    except ValueError:
        raise ClientException("The form has bytes that are no text.") from None
