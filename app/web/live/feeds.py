"""Live pages: what happens in a log reaches the pages that show it, rendered once and in order.

A page first gets a snapshot that belongs to a sequence number of its log, then what comes after it. A page
that cannot keep up loses its queue and gets a snapshot again, so memory stays bounded and nothing is missed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from contextlib import AbstractAsyncContextManager
from dataclasses import replace

from app.database.connections import Pool
from app.database.events import Event
from app.rooms import messages
from app.rooms.messages import Message
from app.rooms.typists import read_sign
from app.study.hooks.pool import Hooks
from app.study.stored import Studies
from app.web.fragments import beat, fragment, sse
from app.web.live.done_place import DonePlace
from app.web.live.hub import Hub, Then
from app.web.live.line import LinePlace
from app.web.live.lobby_place import LobbyPlace
from app.web.live.page import Page
from app.web.live.places import Place, RoomPlace
from app.web.live.room_feed import RoomFeed
from app.web.live.session_feed import SessionFeed
from app.web.live.shared import Shared
from app.web.live.whereabouts import place_of
from app.web.signing import Keys


class Live:
    def __init__(
        self, url: str, pool: Pool, keys: Keys, studies: Studies, hooks: Hooks | None = None
    ) -> None:
        self.pool, self.keys, self.studies = pool, keys, studies
        self.shared = Shared(keys, studies, hooks=hooks)
        self.hub = Hub(url, self.publish)
        self.rooms: dict[int, RoomFeed] = {}  # by log
        self.logs: dict[int, int] = {}  # room → its log, of those
        self.sessions: dict[int, SessionFeed] = {}  # by log
        self.pages: set[Page] = set()
        # Hundreds of pages come anew at once as a host ends. Here they wait for each other for as long as it takes;
        # in the pool whoever sends a form would wait behind all of them, and who waited too long would begin again.
        self.turns = asyncio.Semaphore(max(1, pool.max_size // 2))

    async def snapshot(self, page: Page) -> bytes:
        """Everything this page shows now, and before it as of when; from here on the page gets what comes after."""
        while True:
            await self.studies.of(page.session_id)
            async with self.turns, self.pool.connection() as conn:
                as_of = (
                    beat()
                )  # not from before the turn: the page refuses what is old, and would come once more
                place = await place_of(conn, self.shared, page.session_id, page.player_id)
            self.leave(page)
            if place is None:
                page.stale = False  # once is enough
                return sse(fragment("#live", "delete", ""))
            self.pages.add(page)
            if self._join(page, place):
                break
        page.queue.clear()
        page.stale = False
        message = fragment("#page", "innerMorph", place.html())
        if isinstance(place, RoomPlace) and place.position.step.tells_typing:
            message += self.rooms[place.view.room.log_id].typing.anew(page)
        if isinstance(place, DonePlace) and not place.aside.notices.waits:
            message += fragment("#live", "delete", "")
        return as_of + sse(message, str(page.seq))

    def telling(self, room_ids: Collection[int]) -> AbstractAsyncContextManager[Then]:
        """For whoever writes into the logs of these rooms: see `Hub.telling`."""
        return self.hub.telling(lambda: [self.logs[one] for one in room_ids if one in self.logs])

    def leave(self, page: Page) -> None:
        self.pages.discard(page)
        for log_id in page.logs:
            if room := self.rooms.get(log_id):
                room.pages.discard(page)
                room.typing.forget(page)
                if not room.pages:
                    del self.rooms[log_id], self.logs[room.view.room.id]
                    self.hub.forget(log_id)
            elif session := self.sessions.get(log_id):
                session.pages.discard(page)
                session.waiting.discard(page)
                session.in_line.discard(page)
                if not session.pages:
                    del self.sessions[log_id]
                    self.hub.forget(log_id)
        page.logs.clear()

    def _join(self, page: Page, place: Place) -> bool:
        """Follow the place's logs; False if they have moved on since it was read, so it must be read again."""
        page.place, page.seq = place, 0
        if not isinstance(place, RoomPlace):
            page.seq = place.seq
            feed = self._follow_session(page, place.log_id)
            if isinstance(place, LobbyPlace):
                feed.waiting.add(page)
                if place.study.before:
                    feed.show_on_their_way()
            elif isinstance(place, LinePlace):
                feed.in_line.add(page)
            return self._watch(page, place.log_id, place.seq)
        room = place.view.room
        page.seq = room.seq
        talk = self.rooms.setdefault(room.log_id, RoomFeed(self.pool, self.keys, place.view))
        self.logs[room.id] = room.log_id
        talk.pages.add(page)
        is_newer = room.seq > talk.view.room.seq
        same = room.seq == talk.view.room.seq
        if is_newer or (same and room.session_status != talk.view.room.session_status):
            talk.view = place.view
        talk.tell(place)
        # Not kept once more for each page: messages and drafts, which are on it now, and the room if it is the same.
        aside = replace(place.aside, drafts={})
        view = place.view if room.seq < talk.view.room.seq else talk.view
        page.place = replace(place, messages=(), told={}, aside=aside, view=view)
        self._follow_session(page, room.session_log_id)
        up_to_date = self._watch(page, room.session_log_id, room.session_seq)
        return self._watch(page, room.log_id, room.seq) and up_to_date

    def _follow_session(self, page: Page, log_id: int) -> SessionFeed:
        new = SessionFeed(self.pool, self.studies, self.shared.lobbies, page.session_id)
        feed = self.sessions.setdefault(log_id, new)
        feed.pages.add(page)
        return feed

    def _watch(self, page: Page, log_id: int, seq: int) -> bool:
        page.logs.add(log_id)
        self.hub.watch(log_id, seq)
        return self.hub.cursors[log_id] <= seq

    def hear_typing(self, told: str) -> None:
        """Called by the listener: somebody is writing in some room."""
        sign = read_sign(told)
        if sign and (room := self.rooms.get(sign.log_id)):
            room.typing.hear(sign)

    async def publish(self, events: list[Event]) -> None:
        """Called by the hub with what is new in all watched logs, by log and in order."""
        sent = [event.data["message"] for event in events if event.name == "message_sent"]
        said: dict[int, Message] = {}
        if sent:
            async with self.pool.connection() as conn:
                said = await messages.find_messages(conn, sent)
        # From here to the end nothing waits: pages join between two publications, never in the middle of one.
        by_log: dict[int, list[Event]] = {}
        for event in events:
            by_log.setdefault(event.log_id, []).append(event)
        for log_id, news in by_log.items():
            if room_feed := self.rooms.get(log_id):
                room_feed.publish(news, said)
            elif session_feed := self.sessions.get(log_id):
                session_feed.publish(news)
