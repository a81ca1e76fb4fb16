"""A room's pages in this process, and what each is sent of the events in the room's log."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal

from app.database.connections import Pool
from app.database.events import Event, EventName
from app.rooms.channels import area_of
from app.rooms.handling import MoveOutcome
from app.rooms.limits import Told
from app.rooms.messages import Message
from app.rooms.rooms import RoomView
from app.study.languages.texts import Texts
from app.web import templates
from app.web.fragments import fragment, sse
from app.web.kept import kept
from app.web.live.boards import ShownMoves, board_html
from app.web.live.folding import PASSED_OVER, fold_all
from app.web.live.opening import StepOpening, Words
from app.web.live.pace import Pace
from app.web.live.page import Page
from app.web.live.places import RoomPlace
from app.web.live.showing import Showing
from app.web.live.typing_lines import TypingLines
from app.web.signing import Keys

NUDGES: frozenset[EventName] = frozenset({"player_nudged", "player_returned"})
SEATS: frozenset[EventName] = frozenset({"player_left", "player_replaced", "bot_placed"})
OF_FEW: frozenset[EventName] = PASSED_OVER | {"player_answered", "move_made"}  # changes nothing on most pages
SEATS_PACE = 0.1  # seconds between two tellings of who has answered or left
SEATS_OF_ALL = 1.0  # … until they have come to pages that see none of them
BOARD_PACE = 0.05  # … between two drawings of what all see of the moves


class RoomFeed:
    """The pages of one room in this process, and the room as its log says it is."""

    def __init__(self, pool: Pool, keys: Keys, view: RoomView) -> None:
        self.view = view
        # `view` is ahead of it where a page that joined was read ahead of the hub
        self.published = view.room.seq
        self.pages: set[Page] = set()
        self.told: Told = {}  # what its step shows, where it has moves: as of …
        self.told_seq = 0  # … this event
        self.moves = ShownMoves()
        self.board_seq = 0  # of the last move that is on the board
        self.changed: dict[tuple[int, str], int] = {}  # slot and result → the event it changed with
        self.seats_of_all = 0.0  # when all pages had the newest
        self.seated: set[int] = set()  # slots whose seat has changed since the pages were told
        self.board, self.seats = Pace(BOARD_PACE, self._draw), Pace(SEATS_PACE, self._show_seats)
        self.clock = Pace(BOARD_PACE, self._set_clocks)
        self.showing = Showing(pool, self.pages, lambda: self.view)
        self.typing = TypingLines(self.pages, lambda: self.view)
        self.opening = StepOpening(
            pool, keys, self.pages, lambda: self.view, self._bring_word, self._tell, lambda: self.told
        )

    @property
    def of_moves(self) -> bool:
        """Whether people make moves at its step."""
        places = (page.place for page in self.pages)
        place = next((one for one in places if isinstance(one, RoomPlace)), None)
        return place is not None and bool(place.study.plan[self.view.room.position].step.moves)

    def tell(self, place: RoomPlace) -> None:
        """What a page that joins was read with."""
        if place.position.step.moves:
            self._tell(place.room.seq, place.told)

    def _tell(self, seq: int, told: Told) -> None:
        if seq >= self.told_seq:
            self.told, self.told_seq = told, seq

    def publish(self, events: Sequence[Event], said: dict[int, Message]) -> None:
        for event in events:
            if event.name == "message_sent":
                self._say(event, said[event.data["message"]])
            elif event.name == "player_earned":
                self._show_pay(event)
            elif event.name == "move_made":
                self._hear_move(event)
        self.view = fold_all(self.view, [event for event in events if event.seq > self.view.room.seq])
        self.published = events[-1].seq
        self.typing.ended(*(event.data["slot"] for event in events if event.name in SEATS))
        self.opening.went_on.set()
        if any(event.name not in OF_FEW for event in events):
            self._go_on({event.player_id for event in events if event.name in NUDGES})
        answered = {event.player_id: event.seq for event in events if event.name == "player_answered"}
        seats = self.view.seat_of
        spoke = {seats[one].slot for one in answered if one in seats}
        # Nobody waits for answers where people make moves.
        self.seated |= {event.data["slot"] for event in events if event.name in SEATS}
        if not self.of_moves:
            self.seated |= spoke
        if self.seated:
            self.seats.want()
        if answered:
            self._turn_pages(answered)
        for event in events:
            if event.name == "results_stored" and event.data["made_by"] == "bot":
                spoke |= {slot for slot, _, _ in event.data["results"]}
        if spoke:
            self.showing.heard(spoke)

    def _go_on(self, nudged: set[int | None]) -> None:
        """Each page against what it shows itself: one that joined late may be ahead of the others."""
        now, moved = self.view.room, list[Page]()
        for page in self.pages:
            if not isinstance(page.place, RoomPlace) or page.place.room.seq >= now.seq:
                continue
            before = page.place.room
            moves = now.position != before.position
            waits = (now.stopped, now.opening) != (before.stopped, before.opening)
            is_later = now.deadline != before.deadline and not moves
            by_moves = page.place.position.step.quiet > 0 and before.session_status == "running"
            by_moves = by_moves and not page.place.lacks_values(now)
            if waits or now.status == "ended" or page.player_id in nudged or (is_later and not by_moves):
                page.refresh()
            elif is_later:
                self.clock.want()
            elif moves:
                moved.append(page)
        if moved:
            self.typing.went_on()
            self.opening.bring(moved)

    def _turn_pages(self, answered: Mapping[int | None, int]) -> None:
        """Of those who go on by themselves. `answered`: by player, the event that says so."""
        now = self.view.room
        for page in self.pages:
            place = page.place
            if page.player_id not in answered or not isinstance(place, RoomPlace) or place.at is None:
                continue
            if answered[page.player_id] > page.seq and place.room.position == now.position:
                page.refresh()

    def _say(self, event: Event, message: Message) -> None:
        """On the pages that it is for, as it was stored: whoever else is in the room now."""
        if self.opening.waiting:
            self.opening.words.append((event.seq, message))
        rendered: Words = {}
        for page in self.pages:
            if event.seq > page.seq:
                self._bring_word(page, event.seq, message, rendered)
        self.typing.wrote(message.slot, message.at)

    def _bring_word(self, page: Page, seq: int, message: Message, rendered: Words) -> None:
        place = page.place
        if not isinstance(place, RoomPlace) or place.me.slot not in message.readers:
            return
        area, own = area_of(message, place.position.step, place.me.slot), message.slot == place.me.slot
        if not area:
            return
        look = own, area, place.study.language
        if look not in rendered:
            item = templates.render_for(
                place.study, "player/_message_sent.html", message=message, own=own, alone=area != "talk"
            )
            rendered[look] = sse(fragment(f"#{area}", "beforeend", item), str(seq))
        page.push(rendered[look])

    def _hear_move(self, event: Event) -> None:
        """Whoever made it is told what came of it; what all see of it is drawn soon, and what it changed for some."""
        data = event.data
        for page in self.pages:
            if page.player_id == event.player_id and event.seq > page.seq and page.place is not None:
                said = _moved(templates.texts_of(page.place.study), outcome_in(event))
                page.push(sse(fragment(f"#moved-{data['move']}", "innerMorph", said), str(event.seq)))
        if not data["accepted"]:
            return
        self.board_seq = event.seq
        results = data.get("results", {})
        self.changed |= {(int(slot), name): event.seq for name in results for slot in results[name]}
        if results and event.seq > self.told_seq:
            at = data["step"], data["round"]
            new = {(int(slot), *at, name): said for name in results for slot, said in results[name].items()}
            self._tell(event.seq, {**self.told, **new})
        self.board.want()

    def _draw(self) -> None:
        """The board, once for each language; and to each page whose own results have changed, those."""
        changed, self.changed = self.changed, {}
        now, boards, moves = self.view, dict[str, bytes](), self.moves
        for page in self.pages:
            place = page.place
            if not isinstance(place, RoomPlace) or page.stale or place.waits:
                continue
            if place.room.position != now.room.position or page.seq >= self.board_seq:
                continue
            language = place.study.language
            if language not in boards:
                html = board_html(place.study, place.position, now, moves)
                boards[language] = sse(fragment("#moves", "innerMorph", html), str(now.room.seq))
            page.push(boards[language])
            if any(seq > page.seq and place.shows_now(*what) for what, seq in changed.items()):
                shown = replace(place, view=now, told=self.told).shown_html()
                page.push(sse(fragment("#shown", "innerMorph", shown), str(now.room.seq)))

    def _set_clocks(self) -> None:
        """Where moves have put the deadline off, and nothing else changes: once for each language."""
        now, clocks = self.view, dict[str, bytes]()
        for page in self.pages:
            before = page.place
            if not isinstance(before, RoomPlace) or page.stale or before.room.seq >= now.room.seq:
                continue
            if before.room.position != now.room.position or before.room.deadline == now.room.deadline:
                continue
            # What else has happened meanwhile is told with what it changes.
            room = replace(before.room, deadline=now.room.deadline, began=now.room.began)
            page.place = place = replace(before, view=replace(before.view, room=room))
            language = place.study.language
            if language not in clocks:
                clocks[language] = sse(fragment("#until", "outerHTML", place.clock_html()), str(now.room.seq))
            page.push(clocks[language])

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

    def _show_seats(self) -> None:
        """Who has answered or left, to those who see it; how many, where all talk with all.

        Not of what is yet to be published: a page that has it would be taken for one that was told of it.
        """
        if self.view.room.seq > self.published:
            return  # `publish` wants it again
        seated, self.seated = self.seated, set()
        now = self.view
        seers = {seer for slot in seated for seer in now.ties.seers.get(slot, ())}
        # The others have the room as it is from time to time: old ones are not kept for them.
        everybody = time.monotonic() >= self.seats_of_all + SEATS_OF_ALL
        if everybody:
            self.seats_of_all = time.monotonic()
        rendered: dict[tuple[object, ...], bytes] = {}
        for page in self.pages:
            before = page.place
            if not isinstance(before, RoomPlace) or before.room.seq >= now.room.seq:
                continue
            if before.room.position != now.room.position:
                continue  # it is about to get the next step
            if not now.has(page.player_id):
                page.refresh()
                continue
            step = before.position.step
            sees = step.chat == "room" or bool(step.channels) or before.me.slot in seers
            if not sees and not everybody:
                continue
            page.place = place = replace(before, view=now)
            if not sees:
                continue
            left = place.left, before.left
            if step.moves and left[0] == left[1]:
                continue  # nobody waits there for answers, so their number isn't shown
            # With whom one talks is told anew where somebody has left, and it is one's own.
            whose = place.me.slot if left[0] != left[1] else None
            key = (place.study.language, place.answered, place.playing, *left, whose)
            if key not in rendered:
                rendered[key] = sse(place.player_answered(before), str(now.room.seq))
            page.push(rendered[key])


def outcome_in(event: Event) -> MoveOutcome:
    """What a `move_made` says came of it."""
    data = event.data
    return MoveOutcome(data["accepted"], data.get("sentence", ""), data.get("ends", False))


@kept(1000)
def _moved(texts: Texts, outcome: MoveOutcome) -> str:
    return templates.render("player/_moved.html", texts, outcome=outcome)
