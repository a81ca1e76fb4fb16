"""Sessions by the interface: those there are, and one as it stands."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from typing import Any

from litestar import get
from litestar.params import FromPath, FromQuery
from litestar.response import Response

from app.players.links import door_link
from app.sessions.sessions import Session
from app.web.access.granting import Right
from app.web.api.shapes import After, AskedForHelp, Limit, SessionInList, SessionList, SessionNow, page_of
from app.web.lab import ClusterAway, Query, lab_of
from app.web.list_pages import send_links
from app.web.monitor.server_figures import read_server
from app.web.monitor.ticks import read_tick
from app.web.researchers import ACCOUNT, OWNS, SEES, study_of, who_asks
from app.web.seen_sessions import seen_by


@get("/sessions", needs=ACCOUNT)
async def list_of_sessions(
    request: Query,
    archived: FromQuery[bool] = False,
    find: FromQuery[str] = "",
    limit: Limit = 50,
    after: After = "",
) -> SessionList:
    """Sessions that you may see, the newest first: those that are not archived, or those that are.

    `find`: only those each of whose words stands in the name, the id, the state or the day it was opened.
    """
    found, on, away = await seen_by(request, archived, find=find)
    if away:
        raise ClusterAway(*away)
    shown, following = page_of(found, lambda one: one.id, limit, after)
    return SessionList(
        sessions=[
            SessionInList(
                **_line(one, on[one.id]),
                players=one.players,
                signed_in=one.signed_in,
                rooms=one.rooms,
                records=one.records,
            )
            for one in shown
        ],
        next=following,
    )


@get("/sessions/{session_id:str}", needs=SEES)
async def session_now(request: Query, session_id: FromPath[str]) -> SessionNow:
    """A session as it stands: its state, and how many people and rooms are where."""
    lab, right, study = lab_of(request), who_asks(request).right, await study_of(request, session_id)
    assert right is not None, "the guard has found it"
    async with lab.pool.connection() as conn:
        tick = await read_tick(conn, session_id, await read_server(conn))
    stopped = tick.totals.seating_stopped_at
    return SessionNow(
        **_line(tick.session, right),
        study_sha256=study.sha256,
        door=door_link(session_id, lab.config.public_url) if tick.door else None,
        places=tick.places.most if tick.places else None,
        players=tick.counts,
        waiting=tick.waiting,
        rooms=dict(Counter(one.status for one in tick.rooms)),
        outcomes=dict(tick.ended),
        turned_away=dict(tick.turned_away),
        connected=tick.pages.connected,
        records=tick.totals.records,
        messages=tick.totals.messages,
        asking=[
            AskedForHelp(player=one.player_id, label=one.label, body=one.body, at=one.at)
            for one in tick.questions
        ],
        seating_stopped_at=datetime.fromisoformat(stopped) if stopped else None,
    )


@get("/sessions/{session_id:str}/links.csv", needs=OWNS, whole=True, media_type="text/csv")
async def links(request: Query, session_id: FromPath[str]) -> Response[bytes] | Response[str]:
    """Join links that can be made again: tokens of a list of yours cannot. Whoever has a link is that player, so a
    token that only reads does not get them."""
    return await send_links(request, session_id)


def _line(one: Session, right: Right) -> dict[str, Any]:
    return dict(
        session=one.id,
        name=one.name,
        status=one.status,
        role=right.role,
        archived=one.archived_at is not None,
        opened_at=one.opened_at,
        start_at=one.start_at,
        started_at=one.started_at,
        closed_at=one.closed_at,
    )


HANDLERS = [list_of_sessions, session_now, links]
