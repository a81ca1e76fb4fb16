"""Live pages: what happens in a log reaches the pages that show it, rendered once and in order.

A page first gets a snapshot that belongs to a sequence number of its log, then what comes after it. A page
that cannot keep up loses its queue and gets a snapshot again, so memory stays bounded and nothing is missed.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal

import psycopg

from app.database.connections import Pool
from app.database.events import Event
from app.rooms import messages, seating
from app.rooms.messages import Message
from app.rooms.rooms import RoomView
from app.rooms.shown import told_in
from app.sessions.studies import Studies
from app.study.model.networks import Tie
from app.web import templates
from app.web.live.hub import Hub
from app.web.live.places import DonePlace, LobbyPlace, Place, RoomPlace, lobby_counts, place_of
from app.web.signing import Keys
from app.web.templates import fragment, sse

QUEUE = 64  # messages that a slow page may lag behind before it gets a snapshot instead
# Events of the session's log, each of one player
MOVES = ("player_placed", "player_left", "player_retyped", "player_stands_by")
WORDS = ("help_asked", "note_written", "code_issued")  # … or, without a player, of everybody
NUDGES = ("player_nudged", "player_returned")  # of a room's log, each of one player
LOBBY_PACE = 0.3  # seconds between two renderings of one lobby
SHOW_PACE = 0.1  # … of what a room answers
logger = logging.getLogger(__name__)


class Page:
    """One connected page. `queue` holds what is to be sent; `stale` says that it needs a snapshot first."""

    # Ten thousand of them: an empty deque takes 600 bytes, an empty list 60.
    __slots__ = ("logs", "place", "player_id", "queue", "seq", "session_id", "stale", "wake")

    def __init__(self, player_id: int, session_id: str) -> None:
        self.player_id, self.session_id = player_id, session_id
        self.place: Place | None = None
        self.seq = 0  # of the snapshot, in its log
        self.logs: set[int] = set()
        self.queue: list[bytes] = []
        self.stale = True
        self.wake = asyncio.Event()

    def push(self, message: bytes) -> None:
        if len(self.queue) >= QUEUE:
            self.refresh()
        elif not self.stale:
            self.queue.append(message)
            self.wake.set()

    def refresh(self) -> None:
        self.queue.clear()
        self.stale = True
        self.wake.set()


@dataclass(slots=True)
class RoomFeed:
    """The pages of one room in this process, and the room as its log says it is."""

    view: RoomView
    pages: set[Page] = field(default_factory=set)
    showing: asyncio.Task[None] | None = None


@dataclass(slots=True)
class SessionFeed:
    """The pages of one session in this process: those in the lobby, and all of them."""

    session_id: str
    waiting: set[Page] = field(default_factory=set)
    pages: set[Page] = field(default_factory=set)
    rendering: asyncio.Task[None] | None = None


class Live:
    def __init__(self, url: str, pool: Pool, keys: Keys, studies: Studies) -> None:
        self.pool, self.keys, self.studies = pool, keys, studies
        self.hub = Hub(url, self.publish)
        self.rooms: dict[int, RoomFeed] = {}  # by log
        self.sessions: dict[int, SessionFeed] = {}  # by log
        self.pages: set[Page] = set()

    async def snapshot(self, page: Page) -> bytes:
        """Everything this page shows now; from here on the page gets what comes after."""
        study = await self.studies.of(page.session_id)
        while True:
            async with self.pool.connection() as conn:
                place = await place_of(conn, self.keys, study, page.player_id)
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
        if isinstance(place, DonePlace) and not place.aside.notices.waits:
            message += fragment("#live", "delete", "")
        return sse(message, str(page.seq))

    def leave(self, page: Page) -> None:
        self.pages.discard(page)
        for log_id in page.logs:
            if room := self.rooms.get(log_id):
                room.pages.discard(page)
                if not room.pages:
                    del self.rooms[log_id]
                    self.hub.forget(log_id)
            elif session := self.sessions.get(log_id):
                session.pages.discard(page)
                session.waiting.discard(page)
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
            return self._watch(page, place.log_id, place.seq)
        room = place.view.room
        page.seq = room.seq
        talk = self.rooms.setdefault(room.log_id, RoomFeed(place.view))
        talk.pages.add(page)
        if room.seq > talk.view.room.seq:
            talk.view = place.view
        # Not kept once more for each page: messages and drafts, which are on it now, and the room if it is the same.
        same = room.seq == talk.view.room.seq
        aside = replace(place.aside, drafts={})
        page.place = replace(place, messages=(), told={}, aside=aside, view=talk.view if same else place.view)
        self._follow_session(page, room.session_log_id)
        up_to_date = self._watch(page, room.session_log_id, room.session_seq)
        return self._watch(page, room.log_id, room.seq) and up_to_date

    def _follow_session(self, page: Page, log_id: int) -> SessionFeed:
        feed = self.sessions.setdefault(log_id, SessionFeed(page.session_id))
        feed.pages.add(page)
        return feed

    def _watch(self, page: Page, log_id: int, seq: int) -> bool:
        page.logs.add(log_id)
        self.hub.watch(log_id, seq)
        return self.hub.cursors[log_id] <= seq

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
                self._publish_room(room_feed, news, said)
            elif session_feed := self.sessions.get(log_id):
                self._publish_session(session_feed, news)

    def _publish_room(self, feed: RoomFeed, events: Sequence[Event], said: dict[int, Message]) -> None:
        for event in events:
            if event.name == "message_sent":
                self._say(feed, event, said[event.data["message"]])
            elif event.name == "player_earned":
                self._show_pay(feed, event)
            if event.seq > feed.view.room.seq:
                feed.view = _fold(feed.view, event)
        nudges = {event.player_id for event in events if event.name in NUDGES}
        now = feed.view
        answered = {event.player_id for event in events if event.name == "player_answered"}
        rendered: dict[tuple[object, ...], bytes] = {}
        for page in feed.pages:
            # Each page against what it shows itself: one that joined late may be ahead of the others.
            if not isinstance(page.place, RoomPlace) or page.place.room.seq >= now.room.seq:
                continue
            before = page.place.view
            moved = now.room.position != before.room.position
            waits = (now.room.stopped, now.room.opening) != (before.room.stopped, before.room.opening)
            if (
                waits
                or now.room.status == "ended"
                or page.player_id in nudges
                or (now.room.deadline != before.room.deadline and not moved)
            ):
                page.refresh()
            elif page.place.at is not None and page.player_id in answered and not moved:
                page.refresh()  # to their next page
            elif moved:
                self._open_step(page, page.place, now)
            elif now.seats != before.seats:
                self._show_answered(page, page.place, now, rendered)
        said_something = answered or any(_is_of_bots(event) for event in events)
        if said_something and feed.showing is None and any(_shows_now(page.place) for page in feed.pages):
            feed.showing = asyncio.create_task(self._show_others(feed))

    def _say(self, feed: RoomFeed, event: Event, message: Message) -> None:
        rendered: dict[bool, bytes] = {}
        for page in feed.pages:
            place = page.place
            if not isinstance(place, RoomPlace) or event.seq <= page.seq:
                continue
            hearers = feed.view.hearers(message.slot, message.to_slot, place.position.step.chat)
            if place.me in hearers or any(seat.slot == place.me.slot for seat in hearers):
                own = message.slot == place.me.slot
                if own not in rendered:
                    item = templates.render_for(
                        place.study, "player/_message_sent.html", message=message, own=own
                    )
                    rendered[own] = sse(fragment("#talk", "beforeend", item), str(event.seq))
                page.push(rendered[own])

    def _show_pay(self, feed: RoomFeed, event: Event) -> None:
        for page in feed.pages:
            place = page.place
            if (
                isinstance(place, RoomPlace)
                and page.player_id == event.player_id
                and event.seq > page.seq  # else it is on the page already
            ):
                page.place = place = replace(place, earned=place.earned + Decimal(event.data["amount"]))
                page.push(sse(fragment("#pay", "outerHTML", place.pay_html()), str(event.seq)))

    def _open_step(self, page: Page, before: RoomPlace, view: RoomView) -> None:
        room = view.room
        page.place = place = replace(
            before,
            view=view,
            at=None,
            values={},
            saved=0,
            errors={},
            form_key=self.keys.answer_key(page.player_id, room.id, room.position, 0),
        )
        step = place.position.step
        asked = view.seat_of[page.player_id].asked if view.has(page.player_id) else True
        others = step.chat != before.position.step.chat or step.tells or before.view.ties != view.ties
        if not view.has(page.player_id) or others or not asked or not place.me.asked:
            page.refresh()  # what it shows is to be read
            return
        page.push(sse(place.step_opened(before), str(room.seq)))

    def _show_answered(
        self, page: Page, before: RoomPlace, view: RoomView, rendered: dict[tuple[object, ...], bytes]
    ) -> None:
        if not view.has(page.player_id):
            page.refresh()
            return
        page.place = place = replace(before, view=view)
        key = (place.answered, place.playing, place.left, before.left)
        if key not in rendered:
            rendered[key] = sse(place.player_answered(before), str(view.room.seq))
        page.push(rendered[key])

    async def _show_others(self, feed: RoomFeed) -> None:
        """Answers as they come, where the step shows them: read once for the room, a few times a second."""
        await asyncio.sleep(SHOW_PACE)
        feed.showing = None  # what is answered from here on needs another look
        place = next((page.place for page in feed.pages if isinstance(page.place, RoomPlace)), None)
        if place is None:
            return
        position = place.study.plan[feed.view.room.position]
        try:
            async with self.pool.connection() as conn:
                told = await told_in(conn, feed.view.room.id, place.study, position)
        except psycopg.Error as error:
            logger.warning("answers not shown, trying again: %s", str(error).partition("\n")[0])
            feed.showing = asyncio.create_task(self._show_others(feed))
            return
        for page in feed.pages:
            if isinstance(page.place, RoomPlace) and page.place.position == position and not page.stale:
                page.place = replace(page.place, told=told)
                page.push(sse(fragment("#shown", "innerMorph", page.place.shown_html())))

    def _publish_session(self, feed: SessionFeed, events: Sequence[Event]) -> None:
        moved = {event.player_id for event in events if event.name in MOVES}
        told = {event.player_id for event in events if event.name in WORDS}
        everyone = None in told or any(event.name.startswith("session_") for event in events)
        for page in feed.pages if everyone or told else feed.waiting:
            if everyone or page.player_id in told or (page.player_id in moved and page in feed.waiting):
                page.refresh()
        self._show_lobby(feed)

    def _show_lobby(self, feed: SessionFeed) -> None:
        if feed.waiting and feed.rendering is None:
            feed.rendering = asyncio.create_task(self._render_lobby(feed))

    async def _render_lobby(self, feed: SessionFeed) -> None:
        """Hundreds arrive at once and each sees the others come: render a few times a second, once per type."""
        await asyncio.sleep(LOBBY_PACE)
        feed.rendering = None  # who comes from here on needs another look
        try:
            study = await self.studies.of(feed.session_id)
            async with self.pool.connection() as conn:
                waiting, made = await lobby_counts(conn, feed.session_id)
        except psycopg.Error as error:
            logger.warning("lobby not shown, trying again: %s", str(error).partition("\n")[0])
            self._show_lobby(feed)
            return
        prospects = seating.prospects(study, waiting, made)
        rendered: dict[str, bytes] = {}
        for page in feed.waiting:
            place = page.place
            if not isinstance(place, LobbyPlace) or place.player.standby_until:
                continue
            type_ = place.player.type
            if type_ not in rendered:
                place = replace(place, prospect=prospects.get(type_), waiting=sum(waiting.values()))
                rendered[type_] = sse(fragment("#wait", "innerHTML", place.wait_html()))
            page.push(rendered[type_])


def _is_of_bots(event: Event) -> bool:
    return event.name == "results_stored" and event.data["made_by"] == "bot"


def _shows_now(place: Place | None) -> bool:
    return isinstance(place, RoomPlace) and place.position.step.is_live


def _fold(view: RoomView, event: Event) -> RoomView:
    """The room after one more event of its log."""
    room, data = replace(view.room, seq=event.seq), event.data
    if event.name in ("step_opened", "deadline_moved", "room_opened"):
        moved = data["position"] != room.position
        room = replace(
            room,
            position=data["position"],
            step=data["step"],
            round=data["round"],
            last_step=data.get("last_step", data["step"]),
            last_round=data.get("last_round", data["round"]),
            deadline=datetime.fromisoformat(data["deadline"]),
            opening=data.get("opening", False),
        )
        seats = view.seats
        if event.name == "step_opened":
            asked = data.get("asked")
            seats = tuple(
                replace(seat, answered=seat.answered and not moved, asked=asked is None or seat.slot in asked)
                for seat in seats
            )
        if not moved:
            return replace(view, room=room, seats=seats)
        ties = view.ties if view.ahead is None else view.ahead
        return replace(view, room=room, seats=seats, ties=ties, ahead=None)
    if event.name in ("room_stopped", "room_retried"):
        return replace(view, room=replace(room, stopped=event.name == "room_stopped"))
    if event.name == "room_ended":
        return replace(view, room=replace(room, status="ended"))
    if event.name == "network_rewired":  # from the step on that opens next
        return replace(view, room=room, ahead=tuple([Tie(*tie) for tie in data["ties"]]))
    seats = view.seats
    if (
        event.name == "player_answered"
        and not data["late"]
        and (data["step"], data["round"]) == (room.last_step, room.last_round)
    ):
        seats = tuple(
            replace(seat, answered=True) if seat.player_id == event.player_id else seat for seat in seats
        )
    elif event.name == "player_replaced":
        assert event.player_id is not None
        seats = tuple(
            replace(
                seat,
                player_id=event.player_id,
                status="playing",
                answered=False,
                nudged=False,
                bot=False,
                refilled=seat.refilled or data.get("was_empty", False),
            )
            if seat.slot == data["slot"]
            else seat
            for seat in seats
        )
    elif event.name == "bot_placed":
        seats = tuple(replace(seat, bot=True) if seat.slot == data["slot"] else seat for seat in seats)
    elif event.name in NUDGES:
        nudged = event.name == "player_nudged"
        seats = tuple(
            replace(seat, nudged=nudged) if seat.player_id == event.player_id else seat for seat in seats
        )
    elif event.name == "player_left":
        seats = tuple(
            replace(seat, status="left") if seat.player_id == event.player_id else seat for seat in seats
        )
    return replace(view, room=room, seats=seats)
