"""Acting: bots that move and talk while a step is open, as its own `bot` says, and mediators who answer in a channel,
as its `on_message` says, both functions of the study.

A bot is asked once something that stands on its page has changed, a while after that, as a person would take it; the
while is drawn from the room's seed. What it is asked about is that page, and nothing else of its room. Nothing of the
room is locked while it thinks, only its own turn: so one process asks it at a time, and what it does is stored together
with the turn that it took for that. A process that dies before has done nothing, and another one asks again.

A mediator has turns like a bot, in place of a slot 0 for a step's first channel, -1 for its second, and so on. It is
asked as soon as somebody has written there, about the room as the study's other functions know it.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Callable, Coroutine, Iterable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from app.database.connections import Connection, Hands
from app.database.queries import Queries, rows, value
from app.rooms import decisions, messages, seen, stopped_rooms
from app.rooms.changes import Stored
from app.rooms.messages import Message, NewMessage
from app.rooms.records import form_id, hold_rooms
from app.rooms.seen import BotsPage
from app.study.hooks import networklab
from app.study.hooks.acts import BotAct, BotAnswers, BotMove, ask_bot, read_line
from app.study.hooks.networklab import Say, Wait
from app.study.hooks.pool import HookError, Hooks
from app.study.model.channels import Channel
from app.study.model.fields import Form
from app.study.model.study import Study
from app.study.stored import Studies

SQL = Queries(__name__)
SOONEST, LATEST = 1.0, 4.0  # seconds from a change until a bot is asked
logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class DueTurn:
    """A bot or mediator that is to be asked, or that has just come to an open step (`is_new`)."""

    room_id: int
    position: int
    slot: int
    seed: int
    turn: int
    is_new: bool


@dataclass(frozen=True, slots=True)
class _Turn:
    turn: int
    seed: int
    page: str
    woken: bool
    saw: int
    at: float  # seconds for which the step has been open, without pauses, and …
    left: float  # … until it ends


class Acting:
    """`in_session` runs what may fail for a session; `hint` hears of rooms in which a bot has answered, and `moved` of
    those in which one has made a move."""

    def __init__(
        self,
        url: str,
        studies: Studies,
        hooks: Hooks,
        in_session: Callable[[str, Coroutine[Any, Any, None]], Coroutine[Any, Any, None]],
        hint: Callable[[Iterable[int]], None],
        hands: int,
    ) -> None:
        self.studies, self.hooks, self.in_session, self.hint = studies, hooks, in_session, hint
        self.moved: Callable[[str, int], None] = lambda session_id, room_id: None
        self.hands = Hands(url, "bots", hands)
        self.asked: dict[str, asyncio.Task[None]] = {}  # by session

    def want(self, session_id: str) -> None:
        """Bots of this session may be due, unless somebody is at them already."""
        if session_id not in self.asked:
            task = asyncio.create_task(self.in_session(session_id, self._ask_all(session_id)))
            self.asked[session_id] = task
            task.add_done_callback(lambda _: self.asked.pop(session_id))

    async def settled(self) -> None:
        """Returns when nobody is being asked any more."""
        while self.asked:
            await asyncio.wait(self.asked.values())

    async def _ask_all(self, session_id: str) -> None:
        async with self.hands.one(f"bots of session {session_id} are asked again") as conn:
            study = await self.studies.of(session_id)
            for due in await due_turns(conn, session_id, study):
                try:
                    async with conn.transaction():
                        study = await self.studies.current(conn, session_id)
                        act = await take_turn(conn, self.hooks, study, session_id, due)
                except HookError as error:
                    logger.warning("room %d of session %s waits: %s", due.room_id, session_id, error)
                    async with conn.transaction():
                        await stopped_rooms.stop_at(conn, due.room_id, due.position, error.failure)
                    continue
                if isinstance(act, BotMove):
                    self.moved(session_id, due.room_id)
                elif isinstance(act, BotAnswers):
                    self.hint([due.room_id])


async def due_turns(conn: Connection, session_id: str, study: Study) -> list[DueTurn]:
    """Those that are to be asked now, mediators first, and bots the longest due first. Bots that have just come get
    their first while."""
    steps = [step.name for step in study.steps if step.bot]
    found = await rows(conn, DueTurn, SQL["due"], session_id=session_id, steps=steps) if steps else []
    answer = await _due_mediators(conn, session_id, study) if study.mediates else []
    new = [one for one in (*answer, *found) if one.is_new]
    if new:
        await conn.execute(
            SQL["begin"],
            dict(
                session_id=session_id,
                room_ids=[one.room_id for one in new],
                positions=[one.position for one in new],
                slots=[one.slot for one in new],
                rests=[_rest(one.seed, one, 0) if one.slot > 0 else 0.0 for one in new],
            ),
        )
    return [*answer, *(one for one in found if not one.is_new)]


async def _due_mediators(conn: Connection, session_id: str, study: Study) -> list[DueTurn]:
    asked = [
        (step.name, channel.name, nth)
        for step in study.steps
        for nth, channel in enumerate(step.channels)
        if channel.on_message
    ]
    steps, channels, nths = map(list, zip(*asked, strict=True))
    which = dict(session_id=session_id, steps=steps, channels=channels, nths=nths)
    return await rows(conn, DueTurn, SQL["due_mediators"], **which)


async def take_turn(conn: Connection, hooks: Hooks, study: Study, session_id: str, due: DueTurn) -> BotAct:
    """Ask this bot or mediator and store what it does; call it in a transaction. Raises HookError.

    None where it does nothing, or another process has its turn, or what stands on its page is what it was asked about.
    """
    where = dict(room_id=due.room_id, position=due.position, slot=due.slot)
    found = await _lock(conn, due)
    if found and due.slot <= 0:
        return await _mediate(conn, hooks, study, session_id, due, found[0])
    page = await seen.page_of(conn, study, due.room_id, due.slot, due.position) if found else None
    if not found or page is None:
        return None
    [turn] = found
    if page.digest == turn.page and not turn.woken:
        await conn.execute(SQL["saw"], dict(**where, saw=page.seq))
        return None
    act = await _ask(hooks, study, page, due.slot, turn.turn)
    stored = await _store(conn, study, session_id, due, page, act)
    if isinstance(act, Say) and not stored and not await _lock(conn, due):
        return None
    rest = _rest(turn.seed, due, turn.turn + 1)
    wakes = act.seconds if isinstance(act, Wait) else None
    await conn.execute(SQL["took"], dict(**where, saw=page.seq, page=page.digest, rest=rest, wakes=wakes))
    return act if stored else None


async def _lock(conn: Connection, due: DueTurn) -> list[_Turn]:
    """Its turn, if it is still to be had and its step goes on."""
    where = dict(room_id=due.room_id, position=due.position, slot=due.slot)
    return await rows(conn, _Turn, SQL["lock_turn"], **where, turn=due.turn)


async def _mediate(
    conn: Connection, hooks: Hooks, study: Study, session_id: str, due: DueTurn, turn: _Turn
) -> BotAct:
    """Ask what a channel's `on_message` answers to what has been written since it was asked last, and store it."""
    at = study.plan[due.position]
    channel = at.step.channels[-due.slot]
    said = await messages.said_in(conn, due.room_id, study, due.position, channel)
    new = [one for one in said if one.slot > 0 and one.id > turn.saw and one.position == due.position]
    where = dict(room_id=due.room_id, position=due.position, slot=due.slot)
    if not new and not turn.woken:
        return None
    async with hooks.turn(study) as asking:
        place = decisions.Place(due.position)
        course = await decisions.course_of(conn, asking, study, due.room_id, place)
        room = replace(
            course.room,
            messages=tuple(map(_heard, said)),
            at=turn.at,
            left=turn.left,
            turn=turn.turn,
            clock=at.step.clock.value(turn.at) if at.step.clock else None,
        )
        act: Say | Wait | None = await asking.ask(
            channel.on_message,
            lambda answer: read_line(channel, room.slots, answer),
            room,
            tuple(map(_heard, new)),
        )
    stored = isinstance(act, Say) and await _answer(conn, study, due, channel, act)
    if isinstance(act, Say) and not stored and not await _lock(conn, due):
        return None  # a pause has begun: it is asked about the same after that
    saw, wakes = max([turn.saw, *(one.id for one in said)]), act.seconds if isinstance(act, Wait) else None
    await conn.execute(SQL["took"], dict(**where, saw=saw, page="", rest=0.0, wakes=wakes))
    return act if stored else None


def _heard(one: Message) -> networklab.Message:
    return networklab.Message(one.slot, one.body, one.channel, one.to_slot)


async def _answer(conn: Connection, study: Study, due: DueTurn, channel: Channel, act: Say) -> bool:
    """What a channel limits is what people write there, and bots."""
    new = NewMessage(
        player_id=0,
        room_id=due.room_id,
        to_slot=act.to,
        step=study.plan[due.position].step.name,
        channel=replace(channel, most=None, every=None),
        body=act.body,
        form=_form_of(due),
        position=due.position,
        of_bot=(0, due.turn),
    )
    [stored] = await messages.store(conn, [new])
    return isinstance(stored, int)


def _form_of(due: DueTurn) -> str:
    return form_id(0, f"{due.room_id}.{due.position}.{due.slot}", [("turn", str(due.turn))])


async def _ask(hooks: Hooks, study: Study, page: BotsPage, slot: int, turn: int) -> BotAct:
    fields = [one for one in page.step.fields if any(one.name == asked.name for asked in page.questions)]
    ask = partial(hooks.ask, study)
    return await ask_bot(ask, page.step, fields, page.forms, page.room_at(turn), slot, page.questions)


async def _store(
    conn: Connection, study: Study, session_id: str, due: DueTurn, page: BotsPage, act: BotAct
) -> bool:
    """Whether there was anything, and it is stored: the step may be over by now, or a talk take no more of it."""
    if isinstance(act, BotMove):
        await hold_rooms(conn, [due.room_id])
        made = dict(name=act.form.name, value=act.written, turn=due.turn)
        where = dict(room_id=due.room_id, position=due.position, slot=due.slot)
        return await value(conn, SQL["move"], **where, **made) is not None
    if isinstance(act, Say):
        return await _say(conn, study, due, page, act)
    if isinstance(act, BotAnswers):
        await hold_rooms(conn, [due.room_id])
        where = dict(room_id=due.room_id, position=due.position, slot=due.slot)
        lines = tuple(
            (slot, name, said)
            for name, by_slot in act.results.items()
            for slot, said in by_slot.items()
            if said
        )
        if not lines or await value(conn, SQL["may_answer"], **where) is None:
            return False
        await decisions.carry_out(conn, study, {due.room_id: [Stored(page.position, lines, "bot")]})
        return True
    return False


async def _say(conn: Connection, study: Study, due: DueTurn, page: BotsPage, act: Say) -> bool:
    form: Form = {"channel": [act.channel], "body": [act.body]}
    if act.to is not None:
        form = {**form, "to": [str(act.to)]}
    written = messages.read_message(form, page.step, study.words)
    if not isinstance(written, messages.Written):
        return False
    new = NewMessage(
        player_id=0,
        room_id=due.room_id,
        to_slot=written.to_slot,
        step=page.step.name,
        channel=written.channel,
        body=written.body,
        form=_form_of(due),
        position=due.position,
        of_bot=(due.slot, due.turn),
    )
    [stored] = await messages.store(conn, [new])
    return isinstance(stored, int)


def _rest(seed: int, due: DueTurn, turn: int) -> float:
    """Seconds before its so-manieth turn there."""
    chance = random.Random(f"{seed}/rest/{due.slot}/{due.position}/{turn}")
    return round(chance.uniform(SOONEST, LATEST), 2)
