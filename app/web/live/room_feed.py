"""A room's pages in this process, and what each is sent of the events in the room's log."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal

import psycopg

from app.database.connections import Pool
from app.database.events import Event, EventName
from app.rooms.channels import area_of
from app.rooms.handling import MoveOutcome
from app.rooms.messages import Message
from app.rooms.rooms import RoomView
from app.rooms.shown import Told, told_in
from app.study.model.steps import ROLE
from app.study.page_words import asked_by
from app.web import templates
from app.web.fragments import fragment, sse
from app.web.live.boards import board_html
from app.web.live.folding import fold
from app.web.live.page import Page
from app.web.live.places import Place, RoomPlace
from app.web.signing import Keys

NUDGES: frozenset[EventName] = frozenset({"player_nudged", "player_returned"})
SHOW_PACE = 0.1  # seconds between two renderings of what a room answers
BOARD_PACE = 0.05  # … of its moves; the first after a while is drawn at once
logger = logging.getLogger(__name__)


@dataclass(slots=True)
class RoomFeed:
    """The pages of one room in this process, and the room as its log says it is."""

    pool: Pool
    keys: Keys
    view: RoomView
    pages: set[Page] = field(default_factory=set)
    showing: asyncio.Task[None] | None = None
    told: Told = field(default_factory=dict)  # what its step shows, where it has moves: as of …
    told_seq: int = 0  # … this event
    board_seq: int = 0  # of the last move that is on the board
    changed: dict[tuple[int, str], int] = field(
        default_factory=dict
    )  # slot and result → the event it changed with
    drawing: asyncio.TimerHandle | None = None
    drawn_at: float = 0.0

    def tell(self, place: RoomPlace) -> None:
        """What a page that joins was read with."""
        if place.position.step.moves and place.room.seq >= self.told_seq:
            self.told, self.told_seq = place.told, place.room.seq

    def publish(self, events: Sequence[Event], said: dict[int, Message]) -> None:
        for event in events:
            if event.name == "message_sent":
                self._say(event, said[event.data["message"]])
            elif event.name == "player_earned":
                self._show_pay(event)
            elif event.name == "move_made":
                self._hear_move(event)
            if event.seq > self.view.room.seq:
                self.view = fold(self.view, event)
        nudges = {event.player_id for event in events if event.name in NUDGES}
        now = self.view
        answered = {event.player_id for event in events if event.name == "player_answered"}
        rendered: dict[tuple[object, ...], bytes] = {}
        for page in self.pages:
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
        if said_something and self.showing is None and any(_shows_now(page.place) for page in self.pages):
            self.showing = asyncio.create_task(self._show_others())

    def _say(self, event: Event, message: Message) -> None:
        """On the pages that it is for, as it was stored: whoever else is in the room now."""
        rendered: dict[tuple[bool, str], bytes] = {}
        for page in self.pages:
            place = page.place
            if (
                not isinstance(place, RoomPlace)
                or event.seq <= page.seq
                or place.me.slot not in message.readers
            ):
                continue
            area = area_of(message, place.position.step, place.me.slot)
            if not area:
                continue
            own = message.slot == place.me.slot
            if (own, area) not in rendered:
                item = templates.render_for(
                    place.study, "player/_message_sent.html", message=message, own=own, alone=area != "talk"
                )
                rendered[own, area] = sse(fragment(f"#{area}", "beforeend", item), str(event.seq))
            page.push(rendered[own, area])

    def _hear_move(self, event: Event) -> None:
        """Whoever made it is told what came of it; what all see of it is drawn soon, and what it changed for some."""
        data = event.data
        for page in self.pages:
            if page.player_id == event.player_id and event.seq > page.seq and page.place is not None:
                outcome = MoveOutcome(data["accepted"], data.get("sentence", ""), data.get("ends", False))
                said = templates.render_for(page.place.study, "player/_moved.html", outcome=outcome)
                page.push(sse(fragment(f"#moved-{data['move']}", "innerMorph", said), str(event.seq)))
        if not data["accepted"]:
            return
        self.board_seq = event.seq
        results = data.get("results", {})
        self.changed |= {(int(slot), name): event.seq for name in results for slot in results[name]}
        if results and event.seq > self.told_seq:
            at = data["step"], data["round"]
            new = {(int(slot), *at, name): said for name in results for slot, said in results[name].items()}
            self.told, self.told_seq = {**self.told, **new}, event.seq
        if self.drawing is None:
            loop = asyncio.get_running_loop()
            # Not before this publication is through: what a page shows is then of one event.
            self.drawing = loop.call_at(max(loop.time(), self.drawn_at + BOARD_PACE), self._draw)

    def _draw(self) -> None:
        """The board, once for all; and to each page whose own results have changed, those."""
        changed, self.changed, self.drawing = self.changed, {}, None
        self.drawn_at = asyncio.get_running_loop().time()
        now, board = self.view, b""
        for page in self.pages:
            place = page.place
            if not isinstance(place, RoomPlace) or page.stale or place.waits:
                continue
            if place.room.position != now.room.position or page.seq >= self.board_seq:
                continue
            if not board:
                html = board_html(place.study, place.position, now)
                board = sse(fragment("#moves", "innerMorph", html), str(now.room.seq))
            page.push(board)
            if any(seq > page.seq and place.shows_now(*what) for what, seq in changed.items()):
                shown = replace(place, view=now, told=self.told).shown_html()
                page.push(sse(fragment("#shown", "innerMorph", shown), str(now.room.seq)))

    def _show_pay(self, event: Event) -> None:
        for page in self.pages:
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
        own_pace = before.study.plan[room.position].step.own_pace
        page.place = place = replace(
            before,
            view=view,
            at=room.position if own_pace else None,
            values={},
            saved=0,
            errors={},
            problem="",
            form_key=self.keys.answer_key(page.player_id, room.id, room.position, 0),
            move_key=self.keys.move_key(page.player_id, room.id, room.position),
            tried=None,
        )
        if place.is_solo:
            page.refresh()  # all of it is another page; most have it already, with the answer to their form
            return
        step = place.position.step
        asked = view.seat_of[page.player_id].asked if view.has(page.player_id) else True
        others = step.chat != before.position.step.chat or step.tells or before.view.ties != view.ties
        others = (
            others
            or step.begins_talk
            or bool(step.channels or asked_by(before.study, step))
            or any(ROLE in move.only for move in step.moves)
        )
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
        if place.position.step.moves and place.left == before.left:
            return  # nobody waits there for answers, so their number isn't shown
        key = (place.answered, place.playing, place.left, before.left)
        if key not in rendered:
            rendered[key] = sse(place.player_answered(before), str(view.room.seq))
        page.push(rendered[key])

    async def _show_others(self) -> None:
        """Answers as they come, where the step shows them: read once for the room, a few times a second."""
        await asyncio.sleep(SHOW_PACE)
        self.showing = None  # what is answered from here on needs another look
        places = [page.place for page in self.pages if isinstance(page.place, RoomPlace)]
        live = {place.position.index: place for place in places if place.position.step.is_live}
        try:
            async with self.pool.connection() as conn:
                told = {
                    index: await told_in(conn, self.view.room.id, place.study, place.position)
                    for index, place in live.items()
                }
        except psycopg.Error as error:
            logger.warning("answers not shown, trying again: %s", str(error).partition("\n")[0])
            self.showing = asyncio.create_task(self._show_others())
            return
        for page in self.pages:
            if isinstance(page.place, RoomPlace) and not page.stale and page.place.position.index in told:
                page.place = replace(page.place, told=told[page.place.position.index])
                page.push(sse(fragment("#shown", "innerMorph", page.place.shown_html())))


def _is_of_bots(event: Event) -> bool:
    return event.name == "results_stored" and event.data["made_by"] == "bot"


def _shows_now(place: Place | None) -> bool:
    """But for what moves change: their events bring it."""
    return isinstance(place, RoomPlace) and place.position.step.is_live and not place.position.step.moves
