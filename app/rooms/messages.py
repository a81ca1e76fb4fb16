"""Messages: text from a player to neighbours or the room."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from math import ceil

from psycopg.types.json import Jsonb

from app.database.connections import Connection
from app.database.queries import Queries, rows
from app.rooms.records import by_form_in_turn, hold_rooms
from app.study.digits import whole
from app.study.languages.texts import Sentence
from app.study.model.channels import DIRECT, Channel
from app.study.model.fields import Field, FieldError, Form, first
from app.study.model.kinds.text import TEXT
from app.study.model.steps import Step
from app.study.model.study import MOST_SEATS, Study
from app.study.model.talk import talk_since
from app.study.model.words import REFUSE, WordList

SQL = Queries(__name__)
# Ten of one person, unless the server is told otherwise: people who type fast send one in two seconds, and a thought
# in pieces comes as three or four at once.
MOST, WITHIN = 10, timedelta(seconds=10)
SHOWN = 300  # messages of each talk on a page; the export has all


@dataclass(frozen=True, slots=True)
class NewMessage:
    """A message as a player sent it."""

    player_id: int
    room_id: int
    to_slot: int | None
    step: str  # the step that it was written at
    channel: Channel
    body: str
    form: str  # see records.form_id
    position: int = 0  # index into the plan at which it was written
    of_bot: tuple[int, int] | None = (
        None  # the slot of the bot that wrote it, not a player, and in which turn; 0: a mediator did
    )


@dataclass(frozen=True, slots=True)
class Written:
    """A message as a form has it."""

    channel: Channel
    to_slot: int | None
    body: str


@dataclass(frozen=True, slots=True)
class Message:
    id: int
    slot: int
    to_slot: int | None
    alias: str  # "" of a mediator's, whose slot is 0
    body: str
    at: datetime
    channel: str = ""  # empty: the only talk of its step
    readers: tuple[int, ...] = ()  # the slots that it is for
    position: int = 0  # index into the plan at which it was written, as `said_in` has it


@dataclass(frozen=True, slots=True)
class TooFast:
    """Not stored: so many came from this person just before. The same may be sent again after a while."""

    seconds: int  # until then


@dataclass(frozen=True, slots=True)
class Spent:
    """Not stored: this person has written as many there as the step lets them."""

    most: int


def spent(limit: Spent) -> Sentence:
    if limit.most == 1:
        return Sentence("You have written here already: one message is for each in this part.")
    return Sentence("You have written %(most)s messages here: that is all for this part.", most=limit.most)


def read_message(form: Form, step: Step, words: WordList | None = None) -> Written | Sentence:
    """What somebody wrote, or what is wrong with it. `words`: those that the study doesn't let stand."""
    where = read_where(form, step)
    if isinstance(where, Sentence):
        return where
    channel, to = where
    try:
        body = Field("body", "Your message", TEXT, max=Decimal(channel.longest))
        said = body.read(form.get("body", ()))
        if words and words.then == REFUSE and words.stand_in(said):
            return Sentence(
                "A word in this message is not written here. Say it in another way and send it again."
            )
        return Written(channel, to, words.masked(said) if words else said)
    except FieldError as error:
        return error.sentence


def read_where(form: Form, step: Step) -> tuple[Channel, int | None] | Sentence:
    """In which talk a message is, and to which slot alone; or what is wrong with that."""
    if not step.talks:
        return Sentence("Nobody can write messages at this step.")
    name, _, whom = first(form, "channel").partition(":")
    said, channel = first(form, "to") or whom, step.channel_named(name)
    to = whole(said, MOST_SEATS) if said else None
    if said and to is None:
        return Sentence("This message names nobody who is here. Choose a person and send it again.")
    if channel is None or (
        (channel.name or channel.of == DIRECT) and (to is not None) != (channel.of == DIRECT)
    ):
        return Sentence("Nobody would read this message here. Choose where to write it and send it again.")
    return channel, to


async def store(
    conn: Connection, sent: Sequence[NewMessage], most: int = MOST
) -> list[int | TooFast | Spent | None]:
    """Message numbers in the order of `sent`; None where the sender is not asked, or `to` is out of reach."""
    ordered = by_form_in_turn(sent)
    rooms = list({message.room_id for message in sent})
    new = list(ordered.values())
    async with conn.pipeline():
        # As with records: the rooms' rows keep them from ending meanwhile.
        await hold_rooms(conn, rooms)
        await conn.execute(SQL["lock_logs"], dict(rooms=rooms))
        stored = await conn.execute(
            SQL["store_messages"],
            dict(
                players=[None if message.of_bot else message.player_id for message in new],
                slots=[message.of_bot and message.of_bot[0] for message in new],
                turns=[message.of_bot and message.of_bot[1] for message in new],
                rooms=[message.room_id for message in new],
                to_slots=[message.to_slot for message in new],
                bodies=[message.body for message in new],
                forms=[message.form for message in new],
                steps=[message.step for message in new],
                positions=[message.position for message in new],
                channels=[message.channel.name or None for message in new],
                among=[_among(message.channel) for message in new],
                of=[message.channel.of for message in new],
                all_read=[message.channel.all_read for message in new],
                most_there=[message.channel.most for message in new],
                every=[message.channel.every for message in new],
                nth_there=nth_of_theirs((message.player_id, message.channel.name) for message in new),
                nth_of_theirs=nth_of_theirs(message.player_id for message in new),
                most=most,
                within=WITHIN,
            ),
        )
    found: dict[str, int | TooFast | Spent] = {form: number for number, form in await stored.fetchall()}
    lacking = [form for form in ordered if form not in found]
    if lacking:
        before = await conn.execute(SQL["sent_before"], dict(forms=lacking))
        found |= {form: number for number, form in await before.fetchall()}
        refused = [ordered[form] for form in lacking if form not in found]
        await _say_who_was_too_fast(conn, refused, found, most)
        await _say_who_has_spent(conn, [message for message in refused if message.form not in found], found)
    return [found.get(message.form) for message in sent]


def _among(channel: Channel) -> Jsonb | None:
    return None if channel.among is None else Jsonb(channel.among)


async def _say_who_was_too_fast(
    conn: Connection, refused: Sequence[NewMessage], found: dict[str, int | TooFast | Spent], most: int
) -> None:
    players = list({message.player_id for message in refused})
    said = await conn.execute(SQL["too_fast"], dict(players=players, most=most, within=WITHIN))
    waits: dict[int, float] = dict(await said.fetchall())
    for message in refused:
        if message.player_id in waits:
            found[message.form] = TooFast(max(2, ceil(waits[message.player_id])))


async def _say_who_has_spent(
    conn: Connection, refused: Sequence[NewMessage], found: dict[str, int | TooFast | Spent]
) -> None:
    """Of channels with limits of their own."""
    limited = [one for one in refused if one.channel.most or one.channel.every]
    if not limited:
        return
    which = dict(
        forms=[one.form for one in limited],
        players=[one.player_id for one in limited],
        channels=[one.channel.name for one in limited],
        most_there=[one.channel.most for one in limited],
        every=[one.channel.every for one in limited],
    )
    of = {one.form: one.channel for one in limited}
    for form, spent, wait in await (await conn.execute(SQL["limits_of"], which)).fetchall():
        if spent:
            found[form] = Spent(of[form].most or 0)
        elif wait:
            found[form] = TooFast(max(1, ceil(wait)))


async def seen_by(
    conn: Connection,
    room_id: int,
    slot: int,
    since: datetime,
    study: Study,
    position: int,
    until: datetime | None = None,
) -> list[Message]:
    """The newest messages of each talk that may stand on the page of whoever has sat in this slot `since` then, oldest
    first.

    `position`: where in the plan the room is. Of what was said before a talk began anew, nothing stands there.
    With `until`: that stood there at this moment.
    """
    found = await rows(
        conn,
        Message,
        SQL["seen_by"],
        room_id=room_id,
        slot=slot,
        since=since,
        until=until,
        position=talk_since(study.plan, position),
        open_steps=[step.name for step in study.steps if step.chat == "room"],
        channels=[one.name for one in study.plan[position].step.talks],
        direct=[one.of == DIRECT for one in study.plan[position].step.talks],
        most=SHOWN,
    )
    return found[::-1]


async def heard_in(
    conn: Connection, room_id: int, study: Study, position: int
) -> dict[int, list[Message]] | None:
    """By slot what `seen_by` has for it, whenever somebody sat down there.

    None where the version before has stored some, without who read it.
    """
    talks = study.plan[position].step.talks
    names, direct = [one.name for one in talks], {one.name for one in talks if one.of == DIRECT}
    which = dict(room_id=room_id, position=talk_since(study.plan, position), channels=names)
    found = await conn.execute(SQL["heard_in"], which)
    heard: dict[int, list[Message]] = {}
    counts = Counter[tuple[object, ...]]()  # of each talk on each page
    async for *message, readers in found:
        if readers is None:
            return None
        one = Message(*message)
        pair = frozenset((one.slot, one.to_slot)) if one.channel in direct else None
        for slot in readers:
            counts[slot, one.channel, pair] += 1
            if counts[slot, one.channel, pair] <= SHOWN:
                heard.setdefault(slot, []).append(one)
    return {slot: said[::-1] for slot, said in heard.items()}


async def said_in(
    conn: Connection, room_id: int, study: Study, position: int, channel: Channel
) -> list[Message]:
    """The newest of what was said in this channel, to whomever, oldest first."""
    which = dict(room_id=room_id, position=talk_since(study.plan, position), channel=channel.name, most=SHOWN)
    return (await rows(conn, Message, SQL["said_in"], **which))[::-1]


async def find_messages(conn: Connection, ids: Sequence[int]) -> dict[int, Message]:
    return {message.id: message for message in await rows(conn, Message, SQL["find_messages"], ids=list(ids))}


def nth_of_theirs(senders: Iterable[Hashable]) -> list[int]:
    """Which of its sender's each is, from 1."""
    so_far = Counter[Hashable]()
    nth = []
    for sender in senders:
        so_far[sender] += 1
        nth.append(so_far[sender])
    return nth
