"""The researcher's page of two sessions side by side, both of which they must be on."""

from __future__ import annotations

import asyncio

from litestar import get
from litestar.response import Response
from psycopg.errors import QueryCanceled

from app.database.group_commit import Busy
from app.web.lab import Query, lab_of
from app.web.labs import lab_having
from app.web.looks import looking, trouble_of
from app.web.monitor.comparing import read_side
from app.web.monitor.side_by_side import APART, SAME_TWICE, groups, verdict
from app.web.researchers import ACCOUNT, must_be_on, study_of, who_asks
from app.web.responses import page
from app.web.seen_sessions import seen_by
from app.web.studies.differing import FIRST, SECOND, files_apart, words_apart


@get("/compare", needs=ACCOUNT)
async def compare_page(request: Query, a: str = "", b: str = "") -> Response[str]:
    """Without both of them: which are to be compared."""
    lab, who = lab_of(request), who_asks(request)
    there, _, _ = await seen_by(request, False, True)
    having = [await lab_having(request, one) for one in (a, b) if one]
    for one, its in zip(filter(None, (a, b)), having, strict=True):
        await must_be_on(request, one, its)
    context = dict(who=who, a=a, b=b, sessions=there, trouble="", first=None)
    if not (a and b):
        return page("admin/compare.html", context)
    if a == b:
        return page("admin/compare.html", context | dict(trouble=SAME_TWICE), 422)
    if having[0] is not having[1]:
        return page("admin/compare.html", context | dict(trouble=APART), 409)
    studies = await study_of(request, a), await study_of(request, b)
    try:
        async with looking(lab) as conn:
            first, second = await read_side(conn, a, studies[0]), await read_side(conn, b, studies[1])
    except (Busy, QueryCanceled) as error:
        return page("admin/compare.html", context | dict(trouble=trouble_of(error)), 503)
    words, files = await asyncio.to_thread(lambda: (words_apart(*studies), files_apart(*studies)))
    context |= dict(first=first, second=second, verdict=verdict(first, second), groups=groups(first, second))
    context |= dict(words=words, files=files, whose={FIRST: first, SECOND: second})
    return page("admin/compare.html", context)


HANDLERS = [compare_page]
