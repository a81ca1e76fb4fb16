"""The researcher's page of the replay: a slider over the session, and what the dashboard and the pages showed then."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil, isfinite

from litestar import get
from litestar.exceptions import NotFoundException
from litestar.response import Response

from app.database import clock
from app.database.clusters import LARGEST_NUMBER
from app.database.connections import snapshot
from app.players import languages
from app.replay.reading import Span, read_span, read_then
from app.sessions.sessions import find_session
from app.study.digits import whole
from app.web import templates
from app.web.access import security
from app.web.auth import address_of
from app.web.lab import Query, lab_of
from app.web.live.glass import behind_glass
from app.web.monitor.dashboard import room_items
from app.web.replay.dashboard import (
    answers_over,
    connected_then,
    counted_in,
    events_around,
    marks_of,
    monitor_then,
)
from app.web.replay.places import Stage, page_then, story_then
from app.web.researchers import SEES, study_of, who_asks
from app.web.responses import page, piece, problem


@dataclass(frozen=True, slots=True)
class TimeSlider:
    """A moment in seconds from the first sign of life; what was opened beside it comes along to other moments."""

    here: str  # the page's address
    span: Span
    at: datetime
    room_id: int
    player_id: int

    @property
    def length(self) -> int:
        return max(1, ceil((self.span.last - self.span.first).total_seconds()))

    @property
    def just_before(self) -> datetime:
        """What happened from here on is what led to this moment."""
        return self.at - timedelta(milliseconds=1)

    @property
    def now(self) -> str:
        return self.second(self.at)

    def second(self, moment: datetime) -> str:
        """Rounded up to the millisecond, so that what happened at a moment has happened there."""
        return f"{ceil((moment - self.span.first).total_seconds() * 1000) / 1000:g}"

    def to(self, moment: datetime) -> str:
        """The address of the same at another moment."""
        return self._address(self.second(moment), self.room_id, self.player_id)

    def to_room(self, room_id: int | str = "") -> str:
        """Without a number: what it begins with."""
        return f"{self.here}?at={self.now}&room={room_id}"

    def to_player(self, player_id: int | str = "") -> str:
        return f"{self.here}?at={self.now}{f'&room={self.room_id}' * bool(self.room_id)}&player={player_id}"

    def without(self, what: str) -> str:
        kept = self.room_id if what == "player" else 0, self.player_id if what == "room" else 0
        return self._address(self.now, *kept)

    def _address(self, second: str, room_id: int, player_id: int) -> str:
        opened = f"&room={room_id}" * bool(room_id) + f"&player={player_id}" * bool(player_id)
        return f"{self.here}?at={second}{opened}"


@get("/sessions/{session_id:str}/replay", needs=SEES)
async def replay_page(
    request: Query, session_id: str, at: str = "", room: str = "", player: str = ""
) -> Response[str]:
    lab, who = lab_of(request), who_asks(request)
    study = await study_of(request, session_id)
    here = f"/admin/sessions/{session_id}/replay"
    second, room_id, player_id = _second(at), _number(room), _number(player)
    if second is None:
        return problem(request, 422, f"“{at[:40]}” is no time. Give seconds, such as 90 or 12.5.", here)
    if player_id and lab.readers.begins(who.login_id, player_id):
        async with lab.pool.connection() as conn:
            await security.write(
                conn, "page_read", who.name, address_of(request), session_id, str(player_id), replay=True
            )
    if room_id and lab.readers.begins(who.login_id, f"room {room_id}"):
        async with lab.pool.connection() as conn:
            await security.write(
                conn, "page_read", who.name, address_of(request), session_id, room=room_id, replay=True
            )
    lab.replays.check()
    async with lab.replays, lab.pool.connection() as conn, snapshot(conn):
        session = await find_session(conn, session_id)
        span = await read_span(conn, session_id)
        if session.status != "closed":
            span = Span(span.first, max(span.last, clock.now()))
        moment = min(span.first + timedelta(seconds=second), span.last)
        slider = TimeSlider(here, span, moment, room_id, player_id)
        stage = Stage(session, study, moment, await read_then(conn, session_id, moment))
        then = stage.then
        if player_id and player_id not in then.players:
            raise NotFoundException("There is no such player in this session.")
        counted = await counted_in(conn, session_id)
        monitor = monitor_then(stage, await connected_then(conn, stage), counted)
        opened = room_id in then.rooms
        context = dict(
            slider=slider,
            session=session,
            study=study,
            then=then,
            monitor=monitor,
            who=who,
            around=await events_around(conn, stage, room_id if opened else None),
            type_numbers=monitor.type_numbers,
            room_items=room_items(monitor.rooms, study, monitor.type_numbers, slider.to_room(), keep=False),
            story=await story_then(conn, stage, room_id) if opened else None,
            shown=behind_glass(
                study.said_in(await languages.language_at(conn, player_id, moment)),
                await page_then(conn, stage, player_id),
            )
            if player_id and (who.files or not study.pays)
            else "",
            now=moment,
        )
        if "hx-request" in request.headers:
            return piece(templates.render("admin/_replay.html", **context))
        bars = await answers_over(conn, session_id, span)
        return page("admin/replay.html", context | dict(bars=bars, marks=await marks_of(conn, session_id)))


def _second(text: str) -> float | None:
    """Nothing said is the end; None for what is no number of seconds."""
    try:
        second = float(text) if text.strip() else 1e9
    except ValueError:
        return None
    return min(max(second, 0.0), 1e9) if isfinite(second) else None


def _number(text: str) -> int:
    """0 for nothing, and for what is no number: then nothing is opened."""
    return whole(text, LARGEST_NUMBER) or 0


HANDLERS = [replay_page]
