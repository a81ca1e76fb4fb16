"""Typing lines: below each talk of a page, who of those whom one reads there is writing just now."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from app.rooms.channels import area_key
from app.rooms.rooms import RoomView
from app.rooms.typists import Sign
from app.study.languages.texts import Texts
from app.study.model.channels import DIRECT
from app.study.model.steps import Step
from app.web import templates
from app.web.fragments import fragment, sse
from app.web.kept import kept
from app.web.live.pace import Pace
from app.web.live.page import Page
from app.web.live.places import RoomPlace

SILENCE = 6.0  # seconds after which somebody writes no more: a page gives a sign every three
DRAW_PACE = 0.2  # seconds between two drawings …
OF_MANY = 1.0  # … of a room with more pages than …
MANY = 100  # … these
COUNTED = 9  # as many are counted, and of more it only says so: their number would change all the time

Where = tuple[str, int | None]  # a channel, and for which slot alone
Lines = Mapping[str, Collection[int]]  # area of a page → the slots that write there


@dataclass(slots=True)
class TypingLines:
    """Of the pages of one room in this process, which show what stands in none of its logs. `view` is the room now."""

    pages: set[Page]
    view: Callable[[], RoomView]
    signs: dict[int, tuple[Sign, float]] = field(default_factory=dict)  # by slot, and until when they count
    said: dict[int, datetime] = field(default_factory=dict)  # by slot, when its newest message was stored
    # Page → at which position, and area → what stands there
    shown: dict[Page, tuple[int, dict[str, str]]] = field(default_factory=dict)
    renewed: bool = False  # somebody goes on writing
    pace: Pace = field(init=False)
    end: asyncio.TimerHandle | None = None  # of the next silence

    def __post_init__(self) -> None:
        self.pace = Pace(DRAW_PACE, self._draw)

    def hear(self, sign: Sign) -> None:
        said = self.said.get(sign.slot)
        if said is not None and sign.at <= said:
            return  # it led to that message
        self.signs[sign.slot] = sign, asyncio.get_running_loop().time() + SILENCE
        self.renewed = True
        self._want()

    def wrote(self, slot: int, at: datetime) -> None:
        self.said[slot] = at
        self.ended(slot)

    def ended(self, *slots: int) -> None:
        """Those who sat there write no more."""
        gone = [slot for slot in slots if self.signs.pop(slot, None)]
        if gone:
            self._want()

    def went_on(self) -> None:
        """The room has come to another step: what was begun at the one before is not written there."""
        if self.signs:
            self._want()

    def anew(self, page: Page) -> str:
        """For a page that has just been drawn, without a line: those that belong there."""
        lines = self._by_slot().get(page.place.me.slot, {}) if isinstance(page.place, RoomPlace) else {}
        new = self._worded(page, lines)
        self.shown[page] = self.view().room.position, new
        return "".join(_line(area, text) for area, text in new.items())

    def forget(self, page: Page) -> None:
        self.shown.pop(page, None)

    def _want(self) -> None:
        self.pace.seconds = OF_MANY if len(self.pages) > MANY else DRAW_PACE
        self.pace.want()

    def _draw(self) -> None:
        loop = asyncio.get_running_loop()
        now, position = loop.time(), self.view().room.position
        self.signs = {
            slot: (sign, until)
            for slot, (sign, until) in self.signs.items()
            if now < until and sign.position >= position
        }
        # What is drawn anew for another reason has no line: in a small room it comes back with the next sign.
        again, self.renewed = self.renewed and len(self.pages) <= MANY, False
        if self.end is not None:
            self.end.cancel()
        until = min((until for _, until in self.signs.values()), default=None)
        self.end = None if until is None else loop.call_at(until, self._want)
        by_slot, rendered = self._by_slot(), dict[tuple[str, str], bytes]()
        for page in self.pages:
            place, (at, before) = page.place, self.shown.get(page, (position, {}))
            if not isinstance(place, RoomPlace) or page.stale:
                continue
            new = self._worded(page, by_slot.get(place.me.slot, {}))
            for area in before.keys() | new.keys():
                line = area, new.get(area, "")
                if (again and line[1]) or at != position or line[1] != before.get(area, ""):
                    if line not in rendered:
                        rendered[line] = sse(_line(*line))
                    page.push(rendered[line])
            self.shown[page] = position, new

    def _worded(self, page: Page, lines: Lines) -> dict[str, str]:
        place = page.place
        if not isinstance(place, RoomPlace) or place.waits:
            return {}
        if place.room.position != self.view().room.position:
            return {}  # it is about to get the next step
        found, seats, texts = dict[str, str](), self.view().seats.by_slot, templates.texts_of(place.study)
        for area, slots in lines.items():
            others = [slot for slot in slots if slot != place.me.slot]
            if others:
                name = seats[others[0]].alias if len(others) == 1 and others[0] in seats else ""
                found[area] = _words(texts, name, min(len(others), COUNTED + 1))
        return found

    def _by_slot(self) -> dict[int, dict[str, Collection[int]]]:
        """What is to be said on the page of each slot. Those who write for the same people are looked at together."""
        position, together = self.view().room.position, dict[object, list[Sign]]()
        for sign, _ in self.signs.values():
            if sign.position == position:
                alone = sign.slot if sign.to_slot is not None else None
                together.setdefault((sign.channel, alone, sign.readers), []).append(sign)
        found: dict[int, dict[str, Collection[int]]] = {}
        for signs in together.values():
            first, slots = signs[0], [sign.slot for sign in signs]
            area = self._area(first)
            if area:
                for start, end in first.readers:
                    for slot in range(start, end):
                        mine = found.setdefault(slot, {})
                        mine[area] = [*mine[area], *slots] if area in mine else slots
        return found

    def _area(self, sign: Sign) -> str:
        """Where it stands on the page of whoever reads it; "" where that can't be said."""
        step = self._step()
        channel = step.channel_named(sign.channel) if step else None
        if channel is None or not channel.typing:
            return ""
        return area_key(channel, sign.slot if channel.of == DIRECT else None)

    def _step(self) -> Step | None:
        places = (page.place for page in self.pages)
        place = next((one for one in places if isinstance(one, RoomPlace)), None)
        return place.study.plan[self.view().room.position].step if place else None


def _line(area: str, text: str) -> str:
    return fragment(f"#typing-{area}", "innerHTML", text)


@kept(2000)
def _words(texts: Texts, name: str, many: int) -> str:
    return templates.render("player/_typing.html", texts, name=name, many=many, counted=COUNTED).strip()
