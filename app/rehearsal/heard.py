"""What stood on the bots' pages of what was said, held against the database: all of it, once, for whom it was."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from app.rehearsal.asked import Open
from app.rehearsal.diary import Diary, Wrong
from app.rehearsal.ends import SeatOf
from app.rooms.messages import SHOWN
from app.study.model.channels import ROOM, Channel
from app.study.model.kinds.yes_no import YES
from app.study.model.steps import ROLE
from app.study.model.study import Study


class Utterance(NamedTuple):
    id: int
    room_id: int
    slot: int
    to_slot: int | None
    step: str
    position: int
    channel: str  # empty: the only talk of its step
    body: str
    at: datetime
    sender: str | None
    asked: list[int] | None  # the slots that its step was shown to; None: all


Place = tuple[int, int]  # room, slot


class Inside(NamedTuple):
    """Of a slot the type of its seat; or, where it has a `name`, a result that it has from this position on."""

    room_id: int
    slot: int
    type: str
    name: str
    value: str
    position: int


def heard(
    study: Study,
    said: Sequence[Utterance],
    seats: Sequence[SeatOf],
    ties: Sequence[tuple[int, ...]],
    inside: Sequence[Inside],
    opened: Sequence[Open],
    diaries: Sequence[Diary],
    moment: float,
) -> Iterator[Wrong]:
    """What contradicts each other. `moment`: seconds within which a message must stand on the pages it is for."""
    begun: dict[int, list[datetime]] = {}  # room → when its talk began anew
    for one in opened:
        if study.plan[one.position].step.begins_talk:
            begun.setdefault(one.room_id, []).append(one.since)
    yield from _wrongs(said, seats, _hearers(study, said, seats, ties, inside), begun, diaries, moment)


def _hearers(
    study: Study,
    said: Sequence[Utterance],
    seats: Sequence[SeatOf],
    ties: Sequence[tuple[int, ...]],
    inside: Sequence[Inside],
) -> dict[int, set[Place]]:
    """Message → who may read it, from the study, the ties, whom the step asked and who is in the channel."""
    told: dict[tuple[int, int], list[Inside]] = {}
    for line in inside:
        told.setdefault((line.room_id, line.slot), []).append(line)
    slots: dict[int, set[int]] = {}
    for seat in seats:
        if seat.room_id is not None and seat.slot is not None:
            slots.setdefault(seat.room_id, set()).add(seat.slot)
    sees: dict[tuple[int, int], set[tuple[int, int]]] = {}  # room, position → from, to
    for room, position, from_slot, to_slot in ties:
        sees.setdefault((room, position), set()).add((from_slot, to_slot))
    networks: dict[int, list[int]] = {}
    for room, position in sorted(sees):
        networks.setdefault(room, []).append(position)
    hearers: dict[int, set[Place]] = {}
    for one in said:
        there = slots.get(one.room_id, set())
        channel = study.step_named(one.step).channel_named(one.channel)
        if channel is None:
            hearers[one.id] = set()
            continue
        if channel.of == ROOM or one.slot == 0:  # a mediator’s are for all who read there
            may = set(there)
        else:
            past = [position for position in networks.get(one.room_id, []) if position <= one.position]
            pairs = sees[one.room_id, past[-1]] if past else set()
            may = {slot for slot in there if (slot, one.slot) in pairs}
        if not channel.all_read:
            may = {slot for slot in may if _is_in(channel, one, slot, told.get((one.room_id, slot), ()))}
        if one.to_slot is not None:
            may &= {one.to_slot}
        if one.asked is not None:
            may &= set(one.asked)
        hearers[one.id] = {(one.room_id, slot) for slot in may | ({one.slot} if one.slot else set())}
    return hearers


def _is_in(channel: Channel, one: Utterance, slot: int, told: Sequence[Inside]) -> bool:
    """Whether this slot was in the channel as this was said there."""
    if channel.slots:
        return slot in channel.slots
    if channel.types:
        return any(line.type in channel.types for line in told)
    name, wanted = (ROLE, channel.role) if channel.role else (channel.hook, YES)
    since = 0 if channel.role else one.position
    values = [line.value for line in told if line.name == name and since <= line.position <= one.position]
    return not name or values[-1:] == [wanted]


def _wrongs(
    said: Sequence[Utterance],
    seats: Sequence[SeatOf],
    hearers: Mapping[int, set[Place]],
    begun: Mapping[int, Sequence[datetime]],
    diaries: Sequence[Diary],
    moment: float,
) -> Iterator[Wrong]:
    place_of = {seat.label: (seat.room_id, seat.slot) for seat in seats}
    sitters: dict[Place, list[SeatOf]] = {}  # of one slot: whoever leaves may be followed by somebody else
    for seat in seats:
        if seat.room_id is not None and seat.slot is not None:
            sitters.setdefault((seat.room_id, seat.slot), []).append(seat)
    diary_of = {diary.label: diary for diary in diaries}
    stored = {one.id: one for one in said}
    for body, count in _repeated(said).items():
        yield Wrong(3, f"“{body}” is stored {count} times")
    for diary in diaries:
        place = place_of.get(diary.label)
        for number, seen in diary.seen.items():
            if number not in stored:
                yield Wrong(1, f"message {number} stood on the page of {diary.label} and is not stored")
            elif place not in hearers[number]:
                yield Wrong(8, f"{diary.label} read message {number}, which was for others")
            elif seen.body != stored[number].body:
                yield Wrong(5, f"message {number} stood on the page of {diary.label} with other words")
    kept = {(one.sender, one.body) for one in said}
    for diary in diaries:
        for body, sent in diary.sent.items():
            if sent.answered is not None and (diary.label, body) not in kept:
                yield Wrong(1, f"a message of {diary.label} was acknowledged and is not stored: “{body}”")
    heard = Counter(place_ for places in hearers.values() for place_ in places)
    for one in said:
        sender = diary_of.get(one.sender or "")
        sent_ = sender.sent.get(one.body) if sender else None
        if sent_ is None or sent_.answered is None:
            continue
        for place_ in hearers[one.id]:
            # Whoever has left, or has gone on alone, before it had to stand there need not have seen it.
            by = one.at + timedelta(seconds=moment)
            if any(one.at < anew <= by for anew in begun.get(one.room_id, ())):
                continue  # the talk had begun anew before
            there = (seat.label for seat in sitters.get(place_, ()) if seat.sat(one.at) and seat.sat(by))
            then = next(there, "")
            reader = diary_of.get(then)
            # A page that comes back shows the newest only.
            if reader is None or one.id in reader.seen or heard[place_] > SHOWN:
                continue
            if reader.here_until > sent_.answered + moment:
                yield Wrong(5, f"{reader.label} never saw message {one.id} from {one.sender}")


def _repeated(said: Sequence[Utterance]) -> dict[str, int]:
    counts = Counter(one.body for one in said)
    return {body: count for body, count in counts.items() if count > 1}
