"""The researcher's page of two sessions side by side, both of which they must be on."""

from __future__ import annotations

import asyncio

from litestar import get
from litestar.response import Response
from psycopg.errors import QueryCanceled

from app.database.group_commit import Busy
from app.sessions.sessions import list_sessions
from app.web.access import rights
from app.web.lab import Query, lab_of
from app.web.looks import looking, trouble_of
from app.web.monitor.comparing import read_side
from app.web.monitor.side_by_side import SAME_TWICE, groups, verdict
from app.web.researchers import ACCOUNT, must_be_on, study_of, who_asks
from app.web.responses import page
from app.web.studies.differing import FIRST, SECOND, files_apart, words_apart


@get("/compare", needs=ACCOUNT)
async def compare_page(request: Query, a: str = "", b: str = "") -> Response[str]:
    """Without both of them: which are to be compared."""
    lab, who = lab_of(request), who_asks(request)
    async with lab.pool.connection() as conn:
        on = await rights.rights_of(conn, who.name)
        there = [*await list_sessions(conn), *await list_sessions(conn, archived=True)]
    for one in filter(None, (a, b)):
        await must_be_on(request, one)
    context = dict(who=who, a=a, b=b, sessions=[one for one in there if one.id in on], trouble="", first=None)
    if not (a and b):
        return page("admin/compare.html", context)
    if a == b:
        return page("admin/compare.html", context | dict(trouble=SAME_TWICE), 422)
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
