"""Opening: the pages of a room go on to the step that has opened, with what it shows read once for all of them."""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import psycopg
from psycopg_pool import PoolTimeout, TooManyRequests

from app.database import clock
from app.database.connections import Pool, snapshot
from app.rooms import messages, moves, rooms
from app.rooms.channels import Members, members_in
from app.rooms.limits import Told, in_key, told_to
from app.rooms.messages import Message
from app.rooms.paths import is_for_some
from app.rooms.rooms import RoomView
from app.rooms.shown import keys_told, told_in
from app.study.model.steps import ROLE
from app.study.model.study import Position, Study
from app.study.model.talk import talk_since
from app.web.fragments import fragment, sse
from app.web.live.moulds import Moulds
from app.web.live.page import Page
from app.web.live.places import RoomPlace
from app.web.signing import Keys

# Seconds that are drawn before whatever else this process has to do gets its turn: a dashboard's tick needs fifty.
AT_ONCE = 0.004
PATIENCE = 2.0  # seconds in which this process hears of what was read
logger = logging.getLogger(__name__)
# By these views and the index before: they themselves, and whether a talk goes on. Many pages have the same ones.
Known = dict[tuple[int, int, int], tuple[RoomView, RoomView, bool]]
Words = dict[tuple[bool, str, str], bytes]  # whose own, where and in which language → a message as it is sent


@dataclass(frozen=True, slots=True)
class Read:
    """What the pages of a room show at a step and none of them has yet."""

    seq: int  # of the room's log, as of which it is
    told: Told
    roles: Mapping[int, str]  # by slot
    members: Members  # of the step's channels
    # By slot what was said, oldest first; None where it was not read
    heard: Mapping[int, Sequence[Message]] | None


@dataclass(slots=True)
class StepOpening:
    """Pages that wait for their room's next step. `view` is the room now; `bring_word` adds a message to a talk."""

    pool: Pool
    keys: Keys
    pages: set[Page]  # of the room
    view: Callable[[], RoomView]
    bring_word: Callable[[Page, int, Message, Words], None]
    tell: Callable[[int, Told], None]  # what was read, and as of which event
    told: Callable[[], Told]  # that, and what moves have changed since
    waiting: dict[Page, None] = field(default_factory=dict)
    words: list[tuple[int, Message]] = field(default_factory=list)  # said while pages wait, with their events
    known: Known = field(default_factory=dict)  # while pages are brought to one step
    went_on: asyncio.Event = field(default_factory=asyncio.Event)  # the log has
    task: asyncio.Task[None] | None = None

    def bring(self, pages: Iterable[Page]) -> None:
        """None of them is always the last."""
        new = [page for page in pages if page not in self.waiting]
        random.shuffle(new)
        self.waiting.update(dict.fromkeys(new))
        if self.waiting and self.task is None:
            self.task = asyncio.create_task(self._bring())

    async def read(self, index: int) -> Read:
        """For all pages that wait: as of an event that they have heard of."""
        view, before = self.view(), self._before()
        nothing = Read(view.room.seq, {}, {}, {}, None)
        if not before:
            return nothing
        study, room_id = before[0].study, view.room.id
        position = study.plan[index]
        step = position.step
        gets_roles = any(ROLE in move.only for move in step.moves)
        listens = bool(step.talks) and not all(_talks_on(one, view, position, self.known) for one in before)
        tells = bool(keys_told(study, position))
        if not (tells or gets_roles or listens):
            return nothing
        async with self.pool.connection() as conn, snapshot(conn):
            seq = await rooms.seq_of(conn, room_id)
            told = await told_in(conn, room_id, study, position) if tells else {}
            roles = await moves.roles_now(conn, room_id, index) if gets_roles else {}
            members = await members_in(conn, room_id, index, step)
            heard = await messages.heard_in(conn, room_id, study, index) if listens else None
        self.went_on.clear()
        async with asyncio.timeout(PATIENCE):
            while self.view().room.seq < seq:  # what happened until then is yet to be handed on
                await self.went_on.wait()
                self.went_on.clear()
        if step.moves:
            self.tell(seq, told)
        return Read(seq, told, roles, members, heard)

    def open(self, page: Page, read: Read, moulds: Moulds) -> None:
        """Bring a page to the step."""
        before, view = page.place, self.view()
        if not isinstance(before, RoomPlace) or page.stale or page not in self.pages:
            return
        if before.room.position == view.room.position:
            return  # it was read meanwhile
        study, room = before.study, view.room
        position = study.plan[room.position]
        if position.step.is_solo or is_for_some(position.step) or not view.has(page.player_id):
            page.refresh()  # all of it is another page; most have it already, with the answer to their form
            return
        me, step = view.seat_of[page.player_id], position.step
        told = self.told() if step.moves else read.told
        limiting = in_key(step, told_to(study, position, me.slot, told)) if step.limiting else ""
        place = replace(
            before,
            view=view,
            me=me,
            at=room.position if position.step.own_pace else None,
            values={},
            saved=0,
            errors={},
            form_key=self.keys.answer_key(page.player_id, room.id, room.position, 0, limiting),
            move_key=self.keys.move_key(page.player_id, room.id, room.position)
            if position.step.moves
            else "",
            members=read.members,
            role=read.roles.get(me.slot, ""),
            told=told,
            problem="",
            message_key=self.keys.message_key(page.player_id, room.id, room.position),
            tried=None,
        )
        if _talks_on(before, view, position, self.known) and not _draws_all(study, before.position, position):
            page.push(sse(moulds.step_opened(place, before), str(room.seq)))
        elif not place.talks:
            page.push(sse(fragment("#page", "innerMorph", place.html()), str(room.seq)))
        elif read.heard is None:
            page.refresh()
            return
        else:
            self._draw_with_talk(page, place, read)
        page.place = replace(place, told={})  # not kept once more for each page

    async def _bring(self) -> None:
        try:
            while self.waiting:
                index = self.view().room.position
                read, moulds = await self.read(index), Moulds()
                while self.waiting and self.view().room.position == index:
                    self._open_some(read, moulds)
                    await asyncio.sleep(0)
        except (psycopg.Error, PoolTimeout, TooManyRequests, TimeoutError) as error:
            logger.warning("step not shown, each page reads it: %s", str(error).partition("\n")[0])
        finally:
            for page in self.waiting:
                page.refresh()
            self.waiting.clear()
            self.words.clear()
            self.known.clear()
            self.task = None

    def _open_some(self, read: Read, moulds: Moulds) -> None:
        """With one look at the clock for all of them: what seems a moment slow on a page is put right by the page."""
        until = time.monotonic() + AT_ONCE
        with clock.standing_at(clock.now()):
            while self.waiting and time.monotonic() < until:
                page = next(iter(self.waiting))
                del self.waiting[page]
                self.open(page, read, moulds)

    def _before(self) -> list[RoomPlace]:
        return [page.place for page in self.waiting if isinstance(page.place, RoomPlace)]

    def _draw_with_talk(self, page: Page, place: RoomPlace, read: Read) -> None:
        """All of the page; what was said since it was read comes after it."""
        since = place.player.seated_at
        heard = (read.heard or {}).get(place.me.slot, ())
        said = tuple(one for one in heard if since is None or one.at >= since)
        html = replace(place, messages=said).html()
        page.push(sse(fragment("#page", "innerMorph", html), str(place.room.seq)))
        page.place = place
        for seq, message in self.words:
            if seq > read.seq:
                self.bring_word(page, seq, message, {})


def _draws_all(study: Study, before: Position, now: Position) -> bool:
    """A study's own room page may say more of a step than ours."""
    return "pages/room.html" in study.files and (now.step.tells or now.step.chat != before.step.chat)


def _talks_on(before: RoomPlace, view: RoomView, position: Position, known: Known) -> bool:
    """Whether the talk on this page is that of the room at this position, too."""
    me, step = view.seat_of.get(before.player.id), position.step
    talks = bool(step.talks) and me is not None and me.asked
    if not talks or not before.talks:
        return talks == before.talks
    key = id(before.view), id(view), before.position.index
    if key not in known:
        known[key] = before.view, view, _goes_on(before.view, view, before.study, before.position, position)
    return known[key][-1]


def _goes_on(was: RoomView, view: RoomView, study: Study, before: Position, now: Position) -> bool:
    """Whether a talk does, for whoever is in it at both positions."""
    anew = talk_since(study.plan, now.index) > before.index
    if anew or now.step.channels or now.step.talks != before.step.talks:
        return False
    return (was.ties is view.ties or was.ties == view.ties) and was.seats.asked == view.seats.asked
