"""A preview: a study as its author writes it, played in a session that follows each save."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

import psycopg

from app.config import PROJECT
from app.database import clock
from app.database.connections import Connection
from app.database.queries import Queries, rows
from app.players.people import Person
from app.preview.changes import changed_files, changed_parts
from app.preview.frames import Frame, Frames, Look
from app.preview.slips import Slip, Stopped, add_unloaded, of_page, of_room, slip
from app.preview.strangers import cast, play
from app.preview.watched_files import Saves
from app.preview.whereabouts import StudyPart, Whereabouts, bring, frames_now, parts_of
from app.rehearsal.browser import Browser, WireError
from app.rehearsal.doorstep import welcome_answers
from app.rehearsal.moving import something_to_send
from app.rehearsal.own_bot import Insight
from app.rehearsal.page_trial import try_pages
from app.rehearsal.pasts import pasts_of
from app.rehearsal.sending import FROM_PAGE
from app.rooms import earlier, stopped_rooms
from app.sessions import actions, sessions
from app.sessions.conductor import seconds_until_due
from app.study.model.steps import AFTER, BEFORE, PLAYING
from app.study.model.study import Study
from app.study.reading import check, parse, read_folder
from app.study.stored import put_study
from app.study.syntax.mistakes import StudyError
from app.web import templates
from app.web.fragments import fragment, sse
from app.web.kept import forget
from app.web.lab import Lab

SQL = Queries(__name__)
RESEARCHER = "preview"
OURS = (PROJECT / "templates", PROJECT / "static")
LOOK = 0.1  # seconds between two looks at the files
LOOKS = 3  # at the files, for one at where everybody is
PAST = timedelta(milliseconds=50)  # that a deadline is skipped by: now has passed it, whatever the clocks say


class Preview:
    """`session` is None until the study has been sound once. What is wrong with it now is in `slips`."""

    def __init__(self, folder: Path, framed: Frames, lab: Lab) -> None:
        self.folder, self.framed, self.frames, self.lab = folder, framed, framed.frames, lab
        self.study: Study | None = None
        self.session: str | None = None
        self.slips: list[Slip] = []
        self.news = ""
        self.saved_at: datetime | None = None
        self.stops_at_door = False
        self.bots: dict[int, asyncio.Task[object]] = {}  # by frame
        self.insight: Insight | None = None
        self.strangers: list[asyncio.Task[object]] = []
        self.people: list[Whereabouts] = []
        self.stopped: list[Stopped] = []
        self.next_deadline: datetime | None = None
        self.looked_at = clock.now()  # when that was found out
        # Of what a frame shows besides its live page: another one loads it again, in a window left open before, too.
        self.version = int(time.time())
        self.busy = asyncio.Lock()
        self.chance = random.Random()
        self.shown = ""
        self.changed = asyncio.Event()
        self.theirs, self.ours = Saves(folder), Saves(*OURS)

    @property
    def files(self) -> Mapping[str, bytes]:
        """Of the study that is played."""
        return self.study.files if self.study else {}

    @property
    def parts(self) -> list[StudyPart]:
        return parts_of(self.study) if self.study else []

    @property
    def told(self) -> list[Slip]:
        """What is wrong: in the files, or else in what has come of them."""
        if grave := [one for one in self.slips if one.mistake.grave]:
            return grave
        files = self.study.files if self.study else {}
        return [*(of_room(stopped, files) for stopped in self.stopped), *self.slips]

    async def run(self) -> None:
        templates.told_of_broken.append(self._broken)
        templates.told_of_unloaded.append(lambda *told: add_unloaded(self.slips, *told))
        try:
            await self.read()
            while True:
                await self.tell()
                for _ in range(LOOKS):
                    await asyncio.sleep(LOOK)
                    if files := self.ours.new():
                        self.renew(files)
                        break
                    if self.theirs.new():
                        await self.read()
                        break
        finally:
            for bot in [*self.bots.values(), *self.strangers]:
                bot.cancel()

    async def read(self) -> None:
        """The study as it stands in the folder: into the session that runs, or into a fresh one, or what is wrong."""
        files: Mapping[str, bytes] = {}
        try:
            files = read_folder(self.folder)
            mistakes = check(files)
            if not any(mistake.grave for mistake in mistakes):
                mistakes += try_pages(parse(files))
        except StudyError as error:
            mistakes = list(error.mistakes)
        self.slips = [slip(mistake, files) for mistake in mistakes]
        self.saved_at = clock.now()
        if any(mistake.grave for mistake in mistakes):
            self.news = "The session waits as it was."
            return
        study, before = parse(files), self.study
        async with self.busy:
            if before is None or self.session is None:
                self.news = "A session has begun."
                await self.begin(study)
            elif parts := changed_parts(before, study):
                self.news = f"A fresh session: {_and(parts)} changed."
                await self.begin(study)
            else:
                names = changed_files(before.files, study.files)
                self.news = f"{_and(names)}: taken over at once." if names else "Nothing has changed."
                await self.take(study)

    async def begin_again(self) -> None:
        async with self.busy:
            if self.study is not None:
                self.news = "A fresh session."
                await self.begin(self.study)

    async def begin(self, study: Study) -> None:
        """A fresh session in place of the one before, with everybody in it."""
        for bot in [*self.bots.values(), *self.strangers]:
            bot.cancel()
        going_on, self.bots = list(self.bots), {}
        people = cast(study, len(self.frames))
        async with self.lab.pool.connection() as conn, conn.transaction():
            for (old,) in await (await conn.execute(SQL["sessions_to_close"])).fetchall():
                await actions.close(conn, old, RESEARCHER)
            session = await sessions.open_session(conn, study, people)
            for past in pasts_of(study)[:1]:
                await earlier.make_up(conn, session.id, past)
            await actions.start(conn, session.id, RESEARCHER)
        self.study, self.session = study, session.id
        if self.insight:
            self.insight.close()
        self.insight = Insight(self.lab.url, session.id, self.lab.conductor.hooks, hurry=True)
        for frame, person in zip(self.frames, people, strict=False):
            frame.token = person.token
            frame.cookies.clear()
            if not self.stops_at_door:
                await self._sign_in(frame, study)
        base = self.frames[0].base
        self.strangers = [
            asyncio.create_task(play(base, person, study, self.insight))
            for person in people[len(self.frames) :]
        ]
        for number in going_on:
            self.hand_over(number)
        self.version += 1

    async def take(self, study: Study) -> None:
        """Words, pages and hooks: the session that runs goes on with them."""
        assert self.session is not None and self.study is not None
        restyled = templates.own_pages(self.study) != templates.own_pages(study)
        async with self.lab.pool.connection() as conn, conn.transaction():
            await put_study(conn, self.session, study)
            for past in pasts_of(study)[:1]:
                await earlier.make_up(conn, self.session, past)
            await stopped_rooms.retry_seating(conn, self.session)
            await stopped_rooms.retry(conn, self.session)
        self.study = self.lab.studies.known[self.session] = study
        # No door changes by itself, and no page its head.
        self.version += restyled or not all(frame.signed_in for frame in self.frames)

    def renew(self, files: Sequence[Path]) -> None:
        """Templates and static files of ours."""
        forget()
        self.saved_at = clock.now()
        self.news = f"{_and([path.name for path in files])}: loaded again."
        self.version += 1

    def put_on(self, look: Look) -> None:
        self.framed.look = look
        self.version += 1

    def refresh(self, everybody: bool = True) -> None:
        """Live pages get what they show again: all, or those that show the study as it was.

        Of those there may be some for a moment more: a page that was being read meanwhile is no newer than that.
        """
        for page in self.lab.live.pages:
            outdated = page.place and self.study and page.place.study.sha256 != self.study.sha256
            if page.session_id == self.session and (everybody or outdated):
                page.refresh()

    async def skip(self) -> None:
        """What is to happen next happens now; everything that comes later comes as much earlier."""
        async with self.busy, self.lab.pool.connection() as conn, conn.transaction():
            if self.session is None:
                return
            session = await sessions.lock_as(conn, self.session, RESEARCHER)
            if session.status != "running":
                self.news = f"The session is {session.status}: no deadline comes nearer."
                return
            wait = await seconds_until_due(conn, 0.0)
            await actions.shift(conn, self.session, clock.now() + timedelta(seconds=max(wait, 0.0)) + PAST)
        self.lab.conductor.hint([])

    async def answer(self) -> None:
        """Whoever of the frames' players has not answered does, with something plausible."""
        study = self.study
        for frame, one in zip(self.frames, self.people, strict=False):
            if study is None or one.answered or one.status not in ("invited", BEFORE, PLAYING, AFTER):
                continue
            with suppress(WireError):
                if one.status == "invited":
                    await self._sign_in(frame, study)
                    self.version += 1
                else:
                    await self._answer(frame, study)
        self.refresh()

    async def jump(self, part: StudyPart) -> None:
        """To that part, with everybody: what lies between ends as if all had gone well, what is over begins again."""
        async with self.busy:
            study = self.study
            if study is None or self.session is None or part not in self.parts:
                return
            if any(one.is_past(part) for one in self.people):
                await self.begin(study)
            come_in = [partial(self._sign_in, frame, study) for frame in self.frames]
            await bring(self.lab, self.session, study, part, RESEARCHER, come_in)
            self.version += 1

    def hand_over(self, number: int) -> None:
        """A bot plays the player of this frame from now on; or does not any more."""
        if bot := self.bots.pop(number, None):
            bot.cancel()
        elif self.study is not None:
            frame, person = self.frames[number - 1], f"Player {number}"
            bot = asyncio.create_task(
                play(frame.base, Person(frame.token, person, ""), self.study, self.insight)
            )
            self.bots[number] = bot
            self.version += not frame.signed_in

    async def _sign_in(self, frame: Frame, study: Study) -> None:
        browser = Browser(frame.base)
        try:
            await browser.post(f"/join/{frame.token}", welcome_answers(study, self.chance))
        finally:
            browser.close()

    async def _answer(self, frame: Frame, study: Study) -> None:
        browser = Browser(frame.base)
        try:
            page = (await browser.get("/play")).text
            if found := something_to_send(study, page, self.chance):
                await browser.post(*found, FROM_PAGE)
        finally:
            browser.close()

    async def tell(self) -> None:
        """Those who watch get the window's changing part whenever it is another, and pages what was taken over."""
        self.refresh(everybody=False)
        try:
            async with self.lab.pool.connection() as conn:
                await self._look(conn)
        except psycopg.Error as error:
            self.news = f"The database is away: {str(error).partition(chr(10))[0]}"
        now = self.html()
        if now != self.shown:
            self.shown = now
            self.changed.set()
            self.changed = asyncio.Event()

    def _broken(self, study: Study, page: str, error: Exception) -> None:
        self.slips.append(of_page(study, page, error))

    async def _look(self, conn: Connection) -> None:
        if self.session is None:
            return
        most = len(self.frames)
        found = await frames_now(conn, self.session, most)
        wait = await seconds_until_due(conn, -1.0)
        due = clock.now() + timedelta(seconds=wait)
        self.people = found
        self.stopped = await rows(conn, Stopped, SQL["stopped"], session_id=self.session)
        # Not another by the milliseconds that the question takes: each would be another window.
        if wait < 0:
            self.next_deadline = None
        elif self.next_deadline is None or abs((due - self.next_deadline).total_seconds()) > 0.3:
            self.next_deadline, self.looked_at = due, clock.now()

    def html(self, now: datetime | None = None) -> str:
        """The window's changing part. Where `now` is left out it is the same as long as nothing has changed."""
        return templates.render("preview/_window.html", preview=self, now=now or self.looked_at)

    async def messages(self) -> AsyncIterator[bytes]:
        """The window's changing part as it is, and then each time that it changes."""
        while True:
            changed = self.changed
            yield sse(fragment("#window", "innerMorph", self.html(clock.now())))
            await changed.wait()


def _and(names: Sequence[str]) -> str:
    most = list(names[:4]) + ([f"{len(names) - 4} more"] if len(names) > 4 else [])
    return " and ".join(part for part in (", ".join(most[:-1]), *most[-1:]) if part)
