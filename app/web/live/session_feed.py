"""A session's pages in this process, and what each is sent of the events in the session's log."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import psycopg
from psycopg_pool import PoolTimeout, TooManyRequests

from app.database.connections import Pool
from app.database.events import Event, EventName
from app.players import waiting_list
from app.rooms import lobby
from app.rooms.prospects import QueuePlace
from app.study.stored import Studies
from app.web.fragments import fragment, sse
from app.web.live.line import LinePlace
from app.web.live.lobby_place import HOLDS, Lobbies, LobbyPlace
from app.web.live.page import Page

# Whom an event makes look anew: those in the lobby if it is of them, …
MOVES: frozenset[EventName] = frozenset(
    {
        *("player_placed", "player_left", "player_retyped", "player_stands_by"),
        *("player_asked", "player_ready", "player_missed", "player_waits_on", "player_goes_on"),
    }
)
# … whoever it is of, wherever they are; without a player, everybody
WORDS: frozenset[EventName] = frozenset({"help_asked", "note_written", "code_issued", "data_erased"})
EVERYBODY: frozenset[EventName] = frozenset(
    {
        *("session_started", "session_paused", "session_resumed", "session_closed"),
        *("study_mended", "start_moved"),
    }
)
# Before the door the line gets longer with these, and shorter as somebody in it comes in or leaves
LINED_UP: frozenset[EventName] = frozenset({"player_lined_up", "player_let_in"})
THROUGH: frozenset[EventName] = frozenset({"player_let_in", "player_left"})
# The lobby shows how many wait and what rooms can still open, which these change, as do MOVES …
COUNTED: frozenset[EventName] = frozenset({"player_signed_in", "people_added", "room_opened"})
# … and of these no player is told: a room that has ended counts as one that was opened
PASSED_OVER: frozenset[EventName] = frozenset(
    {
        *("seating_stopped", "seating_retried", "room_ended", "places_changed", "player_came_again"),
        "player_finished",
        *("id_freed", "recruiter_asked", "recruiter_answered"),
    }
)
AGAIN = 10.0  # seconds after which a lobby is looked at again whose page would change without an event
BEFORE_AGAIN = 3.0  # … where people come into it from what they do before
LOBBY_PACE = 0.3  # seconds between two renderings of one lobby, or of one line
logger = logging.getLogger(__name__)


@dataclass(slots=True)
class SessionFeed:
    """The pages of one session in this process: those in the lobby, those in line before the door, and all of them."""

    pool: Pool
    studies: Studies
    lobbies: Lobbies
    session_id: str
    waiting: set[Page] = field(default_factory=set)
    in_line: set[Page] = field(default_factory=set)
    pages: set[Page] = field(default_factory=set)
    rendering: asyncio.Task[None] | None = None
    lining: asyncio.Task[None] | None = None
    again: asyncio.TimerHandle | None = None

    def publish(self, events: Sequence[Event]) -> None:
        moved = {event.player_id for event in events if event.name in MOVES}
        through = {event.player_id for event in events if event.name in THROUGH}
        words = [event for event in events if event.name in WORDS]
        told = {one for event in words for one in event.data.get("players", (event.player_id,))}
        everyone = None in told or any(event.name in EVERYBODY for event in events)
        nearby = self.waiting | self.in_line if self.in_line else self.waiting
        for page in self.pages if everyone or told else nearby:
            goes = moved if page in self.waiting else through if page in self.in_line else ()
            if everyone or page.player_id in told or page.player_id in goes:
                page.refresh()
        if any(event.name in MOVES or event.name in COUNTED for event in events):
            self._show_lobby()
        if self.in_line and self.lining is None and any(event.name in LINED_UP | THROUGH for event in events):
            self.lining = asyncio.create_task(self._render_line())

    async def _render_line(self) -> None:
        """Each of them is told where they stand now: a query for all of them."""
        await asyncio.sleep(LOBBY_PACE)
        self.lining = None
        try:
            async with self.pool.connection() as conn:
                line = await waiting_list.order(conn, self.session_id)
        except (psycopg.Error, PoolTimeout, TooManyRequests) as error:
            logger.warning("line not shown: %s", str(error).partition("\n")[0])
            for page in self.in_line:
                page.refresh()  # they read it again as soon as the database can be asked
            return
        ahead = {player_id: nth for nth, player_id in enumerate(line)}
        for page in self.in_line:
            place = page.place
            if isinstance(place, LinePlace) and page.player_id in ahead:
                place = page.place = replace(place, ahead=ahead[page.player_id], many=len(line))
                page.push(sse(fragment("#line", "innerHTML", place.line_html())))

    def show_on_their_way(self) -> None:
        """Somebody waits where others come by what they do before: they write no event as they begin with that."""
        loop = asyncio.get_running_loop()
        if self.again is None or self.again.when() < loop.time():
            self.again = loop.call_later(BEFORE_AGAIN, self._show_lobby)

    def _show_lobby(self) -> None:
        if self.waiting and self.rendering is None:
            self.rendering = asyncio.create_task(self._render_lobby())

    async def _render_lobby(self) -> None:
        """Hundreds arrive at once and each sees the others come: render a few times a second, once for each text."""
        await asyncio.sleep(LOBBY_PACE)
        self.rendering = None  # who comes from here on needs another look
        try:
            study = await self.studies.of(self.session_id)
            async with self.pool.connection() as conn:
                _, seq = await lobby.session_log(conn, self.session_id)
                now = await self.lobbies.read(conn, self.session_id, study, seq)
        except psycopg.Error as error:
            logger.warning("lobby not shown, trying again: %s", str(error).partition("\n")[0])
            self._show_lobby()
            return
        # Who falls silent tells nobody, neither does who doesn't come, nor who is still on the way.
        soon = study.lobby.present or any(one and one.minutes for one in now.waits_for.values())
        if now.look_again or study.before or soon:
            if self.again:
                self.again.cancel()
            wait = HOLDS if now.look_again else BEFORE_AGAIN if study.before else AGAIN
            self.again = asyncio.get_running_loop().call_later(wait, self._show_lobby)
        rendered: dict[tuple[str, str, int | None, QueuePlace | None], bytes] = {}
        for page in self.waiting:
            place = page.place
            if not isinstance(place, LobbyPlace) or place.has_own_words:
                continue
            type_, turn = place.player.type, now.turns.get(page.player_id)
            place = replace(place, prospect=now.waits_for.get(type_), waiting=now.waiting, turn=turn)
            place, look = (
                replace(place, before=now.before),
                (place.study.language, type_, place.minutes, turn),
            )
            if look not in rendered:
                # What is the same stays as it is, and is not read out again.
                rendered[look] = sse(fragment("#wait", "innerMorph", place.wait_html()))
            page.push(rendered[look])
