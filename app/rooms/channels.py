"""Channels as they are in a room: who is in which, and the areas that they make on somebody's page."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from psycopg.types.json import Jsonb

from app.database.connections import Connection
from app.database.queries import Queries
from app.rooms.messages import Message
from app.rooms.rooms import RoomView, Seat
from app.study.model.channels import DIRECT, ROOM, Channel
from app.study.model.steps import Step

SQL = Queries(__name__)
Members = Mapping[str, frozenset[int]]  # channel → slots


@dataclass(frozen=True, slots=True)
class Area:
    """A talk as it stands on a page of whoever sits in `me`; a direct one is with `other`."""

    channel: Channel
    me: Seat
    other: Seat | None
    writers: tuple[Seat, ...]  # whom one reads there, and …
    hearers: tuple[Seat, ...]  # … who reads what one writes; nobody's own slot is in these
    writes: bool

    @property
    def key(self) -> str:
        return area_key(self.channel, self.other.slot if self.other else None)

    @property
    def heading(self) -> str:
        """Where it says on a page with whom one talks there."""
        return "talks-with" if self.key == "talk" else f"with-{self.key}"

    @property
    def title(self) -> str:
        return self.other.alias if self.other else self.channel.title

    @property
    def value(self) -> str:
        """What its form sends: a channel, or whom it is for."""
        if self.other is None:
            return self.channel.name
        return f"{self.channel.name}:{self.other.slot}" if self.channel.name else str(self.other.slot)

    @property
    def others(self) -> tuple[Seat, ...]:
        """Who reads or writes there beside oneself."""
        return tuple(dict.fromkeys((*self.writers, *self.hearers)))


def area_key(channel: Channel, other: int | None) -> str:
    """What the list of its messages is called on a page."""
    named = f"talk-{channel.name or 'direct'}" if channel.name or other else "talk"
    return f"{named}-{other}" if other else named


def area_of(message: Message, step: Step, slot: int) -> str:
    """Where this message stands on the page of this slot; "" where it stands nowhere."""
    channel = step.channel_named(message.channel)
    if channel is None:
        return ""
    if channel.of != DIRECT:
        return area_key(channel, None)
    other = message.to_slot if message.slot == slot else message.slot
    return area_key(channel, other) if message.to_slot else ""


async def members_in(conn: Connection, room_id: int, position: int, step: Step) -> Members:
    """Who is in the channels that the step names, as the room is at this index of the plan."""
    if not step.channels:
        return {}
    found = await conn.execute(
        SQL["members_in"],
        dict(
            room_id=room_id,
            position=position,
            names=[one.name for one in step.channels],
            among=[None if one.among is None else Jsonb(one.among) for one in step.channels],
        ),
    )
    return {name: frozenset(slots) for name, slots in await found.fetchall()}


def areas_of(step: Step, view: RoomView, me: Seat, members: Members) -> tuple[Area, ...]:
    """What the page of `me` has of its step's talks, in the order of the study: a direct one for each other."""
    areas: list[Area] = []
    for channel in step.talks:
        inside = members.get(channel.name, frozenset()) if channel.name else view.seats.by_slot.keys()
        if me.slot not in inside and not channel.all_read:
            continue
        writers, hearers = _partners(channel, view, me, inside)
        if channel.of == DIRECT:
            areas += [
                Area(
                    channel,
                    me,
                    other,
                    tuple(one for one in (other,) if one in writers),
                    tuple(one for one in (other,) if one in hearers),
                    other in hearers,
                )
                for other in view.seats
                if other in writers or other in hearers
            ]
        else:
            areas.append(Area(channel, me, None, writers, hearers, me.slot in inside))
    return tuple(areas)


def partners_of(step: Step, view: RoomView, me: Seat, members: Members) -> tuple[Seat, ...]:
    """Those whom whoever sits in `me` sees there, and with whom they talk."""
    if step.chat == ROOM:
        return tuple(seat for seat in view.seats if seat.slot != me.slot)
    seen = view.neighbours(me.slot)
    if not step.channels:
        return seen
    areas = areas_of(step, view, me, members) if me.asked else ()
    slots = {seat.slot for seat in seen} | {seat.slot for area in areas for seat in area.others}
    return tuple(seat for seat in view.seats if seat.slot in slots)


def _partners(
    channel: Channel, view: RoomView, me: Seat, inside: Collection[int]
) -> tuple[tuple[Seat, ...], tuple[Seat, ...]]:
    """Whom one reads in this channel, and who reads what one writes; of those who are shown the step."""
    sees: Iterable[int] = view.seats.by_slot
    seen = sees
    if channel.of != ROOM:
        sees, seen = view.ties.seen.get(me.slot, ()), sorted(view.ties.seers.get(me.slot, ()))
    writers = _others(view, me, (slot for slot in sees if slot in inside))
    hearers = _others(view, me, (slot for slot in seen if slot in inside or channel.all_read))
    return writers, hearers if me.slot in inside else ()


def _others(view: RoomView, me: Seat, slots: Iterable[int]) -> tuple[Seat, ...]:
    seats = view.seats.by_slot
    found = [seats[slot] for slot in slots if slot in seats and slot != me.slot]
    return tuple([seat for seat in found if seat.asked])
