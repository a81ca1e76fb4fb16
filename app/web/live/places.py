"""Where a player can be (in line, lobby, room, done), and what the page shows there.

More than 350 lines: whoever asks what stands on a player's page reads it here, for each place.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal

from markupsafe import Markup

from app.database import clock
from app.players.pay import PayNow, pay_of
from app.players.players import Player
from app.rooms.channels import Area, Members, area_of, areas_of, partners_of
from app.rooms.limits import Told, told_to
from app.rooms.messages import Message
from app.rooms.paths import who_is
from app.rooms.rooms import Room, RoomView, Seat
from app.rooms.seen import as_values
from app.rooms.shown import Other, Shown, others_of, seats_of, shown_to
from app.study.model.blocks import counts_pages
from app.study.model.fields import Field
from app.study.model.moves import MoveForm
from app.study.model.orders import step_for
from app.study.model.steps import Step
from app.study.model.study import Position, Study
from app.web import templates
from app.web.fragments import fragment
from app.web.live.boards import board_html
from app.web.live.done_place import DonePlace
from app.web.live.line import LinePlace
from app.web.live.lobby_place import Aside, LobbyPlace
from app.web.live.page_words import words
from app.web.live.tried_move import TriedMove

SHOWN = "\0shown\0"  # stands where what others did is filled in


@dataclass(frozen=True, slots=True)
class RoomPlace:
    player: Player
    study: Study
    view: RoomView
    me: Seat
    form_key: str
    aside: Aside
    values: Mapping[str, str] = field(default_factory=dict)  # field → what was said, or typed
    saved: int = 0  # how many times this step's form was saved
    errors: Mapping[str, str] = field(default_factory=dict)
    problem: str = ""  # with all of it together
    messages: tuple[Message, ...] = ()
    told: Told = field(default_factory=dict)  # what the room answered that this step shows
    message_key: str = ""
    at: int | None = None  # index into the plan, where each goes on by themselves; else the room's
    earned: Decimal = Decimal(0)  # by what this player did so far
    move_key: str = ""
    role: str = ""  # in this round, where pages or moves are theirs by it
    tried: TriedMove | None = None
    members: Members = field(default_factory=dict)  # of its step's channels
    apart: bool = False  # what others did is filled in where the rest is drawn for many
    undrawn: bool = False  # what this page shows has yet to be drawn for this player

    @property
    def pay(self) -> PayNow | None:
        return pay_of(self.study, self.player, clock.now(), self.earned)

    @property
    def situation(self) -> str:
        """For a researcher who is asked for help."""
        step = f"{self.position.step.name} {self.position.round}"
        if self.is_solo:
            return f"alone at {step}, page {self.page} of {self.pages}"
        how_often = {0: "nothing saved yet", 1: "saved once"}
        said = how_often.get(self.saved, f"saved {self.saved} times")
        return f"{self.room.name}, slot {self.me.slot}, {step}: {said}"

    @property
    def room(self) -> Room:
        return self.view.room

    @property
    def position(self) -> Position:
        return self.study.plan[self.view.room.position if self.at is None else self.at]

    @property
    def step(self) -> Step:
        """As this player is shown it."""
        limits = told_to(self.study, self.position, self.me.slot, self.told)
        return step_for(self.position.step.limited(limits), self.player.seed)

    @property
    def page(self) -> int:
        """Which this is of `pages`, from 1."""
        return max(1, sum(index <= self.position.index for index in self._ahead))

    @property
    def pages(self) -> int:
        """How many this player goes through here, as far as that is known: all attempts are one page.

        Where there are no rooms, all of the study is one part. 1 where it is not known, or not to be told.
        """
        known = self.is_solo or counts_pages(self.study.steps)
        return max(1, len(self._ahead)) if known else 1

    @property
    def _ahead(self) -> list[int]:
        mine, here = who_is(self.player.treatment, self.role), self.position.step.during
        outcome = self.player.outcome or "complete"
        return [
            one.index
            for one in self.study.plan
            if (one.step.during == here or not self.study.rooms)
            and one.step.is_for(mine)
            and one.step.follows(outcome)
            and not (one.step.attempts and one.round > 1)
        ]

    @property
    def is_solo(self) -> bool:
        return self.position.step.is_solo

    @property
    def is_timed(self) -> bool:
        """Whether a clock is shown: what has no limit only waits for a sign."""
        return self.position.step.timed

    @property
    def attempts_left(self) -> int:
        """At right answers, this one included."""
        return self.position.step.attempts - self.position.round + 1

    @property
    def asks(self) -> bool:
        """Whether there is more to do here than to read and to click."""
        return self.position.step.asks

    @property
    def is_nudged(self) -> bool:
        """Asked whether this player is still there."""
        return self.player.nudged_at is not None and not self.me.answered and not self.waits

    @property
    def goes_at(self) -> datetime | None:
        """When somebody who was nudged is taken out without a sign of them; None where they are not."""
        rule = self.position.step.dropout
        if self.player.nudged_at is None or not rule.takes_out or self.room.session_status == "paused":
            return None
        return self.player.nudged_at + timedelta(seconds=rule.grace)

    @property
    def partners(self) -> tuple[Seat, ...]:
        """Those whom this player sees, and with whom they talk."""
        return partners_of(self.position.step, self.view, self.me, self.members)

    @property
    def areas(self) -> tuple[Area, ...]:
        """The talks that stand on this page; none where nobody can write."""
        return areas_of(self.position.step, self.view, self.me, self.members) if self.me.asked else ()

    def said_in(self, area: Area) -> list[Message]:
        """What stands there."""
        step, slot = self.position.step, self.me.slot
        return [one for one in self.messages if area_of(one, step, slot) == area.key]

    def mediated(self, area: Area) -> str:
        """What the mediator says to this player there; "" for nothing."""
        at = self.position
        return self.told.get((self.me.slot, at.step.name, at.round, area.channel.mediator), "")

    def _of_partners(self, of_room: tuple[Seat, ...]) -> tuple[Seat, ...]:
        """Those of these seats of the room who are partners."""
        if not of_room or self.position.step.chat == "room":
            return tuple(seat for seat in of_room if seat.slot != self.me.slot)
        return tuple(seat for seat in self.partners if seat in of_room)

    def _count(self, slots: frozenset[int]) -> int:
        if self.position.step.chat == "room":
            return len(slots) - (self.me.slot in slots)
        return sum(seat.slot in slots for seat in self.partners)

    @property
    def talks(self) -> bool:
        return bool(self.position.step.talks) and self.me.asked

    @property
    def hearers(self) -> tuple[Seat, ...]:
        """Those who read what this player writes: the partners, unless ties go one way."""
        return tuple(dict.fromkeys(seat for area in self.areas for seat in area.hearers))

    @property
    def is_heard(self) -> bool:
        """Whether anybody reads that."""
        if self.position.step.chat == "room":
            return bool(self.view.seats.asked - {self.me.slot})
        return any(area.hearers for area in self.areas)

    def weight(self, seat: Seat) -> float | None:
        """Of the tie by which this player sees that seat; None if there is none."""
        return self.view.weight(self.me.slot, seat.slot)

    @property
    def shown(self) -> tuple[Shown, ...]:
        return shown_to(self.study, self.position, self.view, self.me, self.told)

    @property
    def as_values(self) -> str:
        return as_values(self.study, self.position, self.view, self.me, self.told, self.partners)

    def others(self, field: Field) -> tuple[Other, ...]:
        """Those whom a question of kind each is about, on this player's page."""
        return others_of(self.study, self.position, self.view, self.me, self.told, field)

    @property
    def moves(self) -> tuple[MoveForm, ...]:
        """Those that are offered to this player."""
        who = who_is(self.player.treatment, self.role)
        return tuple(move for move in self.position.step.moves if move.is_for(who))

    def shows_now(self, slot: int, result: str) -> bool:
        """Whether a result of this slot stands on this page as it changes."""
        step = self.position.step
        return any(
            show.round == "now"
            and (show.field, show.step) == (result, step.name)
            and any(seat.slot == slot for seat in seats_of(self.view, self.me, show.of))
            for show in step.show
        )

    @property
    def answered(self) -> int:
        """Of the partners who still play and are asked."""
        return self._count(self.view.seats.heard)

    @property
    def playing(self) -> int:
        return self._count(self.view.seats.waited_for)

    @property
    def waits(self) -> bool:
        """Nothing is to be answered now: the step is others', is about to open, or cannot go on yet."""
        return not self.me.asked or self.room.opening or self.room.stopped or self.undrawn

    @property
    def is_asked_now(self) -> bool:
        """There is something to be done, against the clock."""
        return not self.waits and self.room.session_status != "paused"

    @property
    def is_alone(self) -> bool:
        """Nobody else plays in the room, not even a bot."""
        return not any(seat.is_taken for seat in self.view.seats if seat.slot != self.me.slot)

    @property
    def asked_alone(self) -> bool:
        """Nobody else is asked what this player is asked."""
        return not any(seat.is_taken and seat.asked for seat in self.view.seats if seat.slot != self.me.slot)

    @property
    def alone(self) -> bool:
        """Whether all whom this player saw have left."""
        return bool(self.partners) and not any(seat.is_taken for seat in self.partners)

    @property
    def gone(self) -> tuple[Seat, ...]:
        """Those of the partners whose slot is empty."""
        return self._of_partners(self.view.seats.gone)

    @property
    def refilled(self) -> tuple[Seat, ...]:
        """Those of the partners who took over a slot of which this player was told that it is empty."""
        return self._of_partners(self.view.seats.refilled)

    @property
    def left(self) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """What this player is told of who left: the slots that are empty, and those that are not any more."""
        return tuple(seat.slot for seat in self.gone), tuple(seat.slot for seat in self.refilled)

    def html(self) -> str:
        opened = Markup(self.step_html())
        return templates.render_own(self.study, "room", "player/room.html", opened=opened, **self.context())

    def step_html(self) -> str:
        """The step alone: what the study's own page may reshape."""
        if self.waits:
            return templates.render_for(self.study, "player/_step_waits.html", **self.context())
        step = self.position.step
        return templates.render_own(self.study, step.page, "player/_step_opened.html", **self.context())

    def where_html(self) -> str:
        return templates.render_for(self.study, "player/_where.html", **self.context())

    def message_key_html(self) -> str:
        return templates.render_for(self.study, "player/_message_key.html", place=self)

    def player_answered(self, before: RoomPlace) -> str:
        """What else a page shows since somebody has answered or left."""
        answered = templates.render_for(self.study, "player/_player_answered.html", **self.context())
        return fragment("#answered", "innerHTML", answered) + self.player_left(before)

    def player_left(self, before: RoomPlace) -> str:
        """Nothing where nobody has: what stands there would be read out again."""
        if self.left == before.left:
            return ""
        left = templates.render_for(self.study, "player/_player_left.html", **self.context())
        return fragment("#left", "innerHTML", left) + "".join(
            fragment(
                f"#{area.heading}",
                "innerHTML",
                templates.render_for(self.study, "player/_talks_with.html", area=area, **self.context()),
            )
            for area in self.areas
        )

    @property
    def board(self) -> Markup:
        """What all in the room see of its moves."""
        return Markup(board_html(self.study, self.position, self.view))

    def move_html(self, move: MoveForm) -> str:
        """The form of one of them."""
        return templates.render_for(self.study, "player/_move.html", move=move, **self.context())

    @property
    def longest(self) -> float:
        """Seconds for which its page has the values of the step's clock: a researcher may have given the step more."""
        return self._longest(self.room)

    def lacks_values(self, now: Room) -> bool:
        """Whether the clock of its step comes to values that this page does not have, as its room is now."""
        return self.position.step.clock is not None and self._longest(now) > self.longest

    def _longest(self, room: Room) -> float:
        open_for = (room.deadline - room.began).total_seconds() if room.began else 0.0
        return max(self.position.step.limit, math.ceil(open_for))

    def clock_html(self) -> str:
        """How much time is left."""
        return templates.render_for(self.study, "player/_deadline_moved.html", **self.context())

    def pay_html(self) -> str:
        return templates.render_for(self.study, "player/_player_earned.html", **self.context())

    @property
    def shown_drawn(self) -> Markup:
        return Markup(SHOWN if self.apart else self.shown_html())

    def shown_html(self) -> str:
        return templates.render_for(self.study, "player/_shown.html", place=self)

    def context(self) -> dict[str, object]:
        """What a page of the room is drawn from."""
        asked = words(self.study, self.position, self.view, self.me, self.told)
        return asked | dict(place=self, step=self.step, now=clock.now(), treatment=self.player.treatment)


Place = LinePlace | LobbyPlace | RoomPlace | DonePlace
