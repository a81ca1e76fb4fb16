"""The researcher's page of two sessions side by side, both of which they must be on."""

from __future__ import annotations

import asyncio

from litestar import get
from litestar.response import Response
from psycopg.errors import QueryCanceled

from app.database.group_commit import Busy
from app.web.lab import Query
from app.web.looks import trouble_of
from app.web.monitor.side_by_side import SAME_TWICE, groups, verdict
from app.web.researchers import ACCOUNT, who_asks
from app.web.responses import page
from app.web.seen_sessions import seen_by
from app.web.sides import labs_of, read_both
from app.web.studies.differing import FIRST, SECOND, files_apart, words_apart


@get("/compare", needs=ACCOUNT)
async def compare_page(request: Query, a: str = "", b: str = "") -> Response[str]:
    """Without both of them: which are to be compared."""
    who = who_asks(request)
    there, _, _ = await seen_by(request, False, True)
    having = await labs_of(request, *filter(None, (a, b)))
    context = dict(who=who, a=a, b=b, sessions=there, trouble="", first=None)
    if not (a and b):
        return page("admin/compare.html", context)
    if a == b:
        return page("admin/compare.html", context | dict(trouble=SAME_TWICE), 422)
    try:
        first, second = await read_both(request, (a, b), (having[0], having[1]))
    except (Busy, QueryCanceled) as error:
        return page("admin/compare.html", context | dict(trouble=trouble_of(error)), 503)
    studies = first.study, second.study
    words, files = await asyncio.to_thread(lambda: (words_apart(*studies), files_apart(*studies)))
    context |= dict(first=first, second=second, verdict=verdict(first, second), groups=groups(first, second))
    context |= dict(words=words, files=files, whose={FIRST: first, SECOND: second})
    return page("admin/compare.html", context)


HANDLERS = [compare_page]
