"""A record form, from what a browser posts to the answer that it is saved.

The one request that comes 150 times from each of 700 people. `take` answers it without a task, without Litestar, and
without the database but for the group's commit; whatever needs a page or a sentence goes on to Litestar.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import KW_ONLY, dataclass, field
from functools import cache
from typing import TypeVar

from app.database.group_commit import Busy
from app.rooms import late_claims, validity
from app.rooms.limits import from_key
from app.rooms.receipts import Receipt
from app.rooms.records import Answer, form_id
from app.study.languages.texts import Texts
from app.study.model.fields import Form, first
from app.study.model.forms import read_answers
from app.study.model.study import Study
from app.web import templates
from app.web.auth import RawHeaders, check_site, player_in
from app.web.forms import read_form
from app.web.kept import kept
from app.web.lab import Lab
from app.web.responses import HEADERS, NOT_KEPT, wants_page
from app.web.signing import FormKey, Purpose

PATH = "/play/records"
T = TypeVar("T")  # what was posted
S = TypeVar("S")  # what its commit gives
WHOLE = "form-whole"  # what the button says, where a change is saved by itself; no field has such a name


@dataclass(slots=True)  # frozen it would take three times as long to make
class Posted:
    """A record form and what became of it."""

    study: Study
    player_id: int
    session_id: str
    form: Form
    key: FormKey | None  # None: not from a page of theirs
    errors: Mapping[str, str]  # field → sentence; then nothing is stored
    _: KW_ONLY
    answer: Answer | None = None  # what is to be stored
    waits: bool = False  # a change is saved once every question has an answer; then nothing is stored
    may_end_step: bool = False
    problem: str = ""  # what the study has against it; then nothing is stored
    receipt: Receipt | None = None  # None: nothing is stored
    came_at: float = field(default_factory=time.monotonic)

    @property
    def is_judged(self) -> bool:
        """Whether the study is to be asked before it is stored."""
        return self.key is not None and bool(self.study.plan[self.key.position].step.valid)

    @property
    def is_final(self) -> bool:
        """Whether the page that it came from has nothing to be changed from now on."""
        return self.key is not None and self.study.plan[self.key.position].step.final

    @property
    def goes_on(self) -> bool:
        """Whether it is of a solo step, after which whoever sent it waits for nobody."""
        return self.key is not None and self.study.plan[self.key.position].step.is_solo


def take(
    lab: Lab,
    headers: RawHeaders,
    body: bytes,
    say: Callable[[bytes], None],
    pass_on: Callable[[Posted | BaseException | None], None],
) -> None:
    """Store a form and `say` the answer, head and body.

    Or `pass_on` what became of it, for a page or a sentence; None if nothing was stored and it is to be read again.
    """
    begun = begin(
        lab,
        headers,
        body,
        read,
        lambda one: lab.answers.submit(one.answer) if one.answer and not one.is_judged else None,
    )
    if begun is None:
        pass_on(None)
        return
    posted, stored = begun

    def settle(stored: asyncio.Future[Receipt | None]) -> None:
        error = Busy() if stored.cancelled() else stored.exception()
        done = error or settled(lab, posted, stored.result())
        if (
            isinstance(done, Posted)
            and done.receipt is not None
            and not done.receipt.late
            and not done.goes_on
            and not done.is_final
        ):
            say(whole_answer(done.receipt, saved(lab, done)))
        else:
            pass_on(done)

    stored.add_done_callback(settle)


def begin(
    lab: Lab,
    headers: RawHeaders,
    body: bytes,
    read: Callable[[Lab, Study, int, str, RawHeaders, bytes], T],
    submit: Callable[[T], asyncio.Future[S] | None],
) -> tuple[T, asyncio.Future[S]] | None:
    """What was posted, as `read` has it, and the commit that `submit` has begun; None where Litestar is to answer."""
    try:
        player_id, session_id = player_in(headers, lab.keys)
        study = lab.studies.at_hand(session_id)
        if study is None or wants_page(headers):
            return None
        posted = read(lab, study, player_id, session_id, headers, body)
        stored = submit(posted)
    except Exception:
        return None  # whatever it is: Litestar meets the same, and has a sentence for it
    return None if stored is None else (posted, stored)


def whole_answer(receipt: Receipt, body: str) -> bytes:
    """Head and body."""
    encoded = body.encode()
    return b"%sreceipt: %s\r\ncontent-length: %d\r\n\r\n%s" % (
        *(_head(), str(receipt).encode(), len(encoded)),
        encoded,
    )


def read(lab: Lab, study: Study, player_id: int, session_id: str, headers: RawHeaders, body: bytes) -> Posted:
    """What was posted, checked against the study. Raises a 400 or a 403."""
    check_site(headers, lab.config)
    lab.signs.gave(study, player_id)
    form = read_form(headers.get(b"content-type", b""), body)
    study = study.read_in(form)
    key = form_key(lab, "answer", player_id, form, study)
    if key is None:
        return Posted(study, player_id, session_id, form, None, {})
    position = study.plan[key.position]
    whole = position.step.save == "button" or first(form, WHOLE) or wants_page(headers)
    fields, partly = from_key(position.step, key.limits).fields, not whole
    values, errors = read_answers(fields, form, partly)
    if errors or not fields:  # a page that asks nothing has nothing to store
        return Posted(study, player_id, session_id, form, key, errors)
    # Who has answered is waited for no longer: half an answer must not be taken for one.
    if partly and (not values or (len(values) < len(fields) and position.step.ends == "answered")):
        return Posted(study, player_id, session_id, form, key, {}, waits=True)
    said = tuple(values.items())
    id = form_id(player_id, first(form, "form_key"), said)
    step = position.step
    of_step = step.asks_about, step.timed, step.final
    answer = Answer(player_id, key.room_id, step.name, position.round, said, id, *of_step)
    ends = step.ends == "answered" and not step.is_solo  # with that the next page comes at once
    return Posted(study, player_id, session_id, form, key, {}, answer=answer, may_end_step=ends)


async def judge(lab: Lab, posted: Posted) -> None:
    """Notes what the study has against it, if it is asked and has anything."""
    if posted.answer is None or posted.key is None or not posted.is_judged:
        return
    study, answer = posted.study.as_written, posted.answer
    position = study.plan[posted.key.position]
    whose = answer.room_id, position, answer.player_id
    async with lab.pool.connection() as conn:
        said = dict(answer.values)
        found = await validity.refusal(conn, lab.referee.hooks, study, *whose, said, answer.form)
    posted.problem = found or ""


def settled(lab: Lab, posted: Posted, receipt: Receipt | None) -> Posted:
    """After the commit: the room may go on now."""
    if posted.may_end_step and posted.key is not None:
        lab.conductor.hint([posted.key.room_id])
    if receipt is not None and not receipt.again:
        lab.acknowledged[posted.session_id] += len(receipt.records)
    posted.receipt = receipt
    return posted


async def was_sent_in_time(lab: Lab, posted: Posted, tried_ago: str) -> bool:
    """Of an answer that came late, by the word of the page that could not get it through; that word is kept."""
    seconds = late_claims.read_claim(tried_ago)  # when it came: what we took since then is not the page's
    if seconds is None or posted.receipt is None or posted.key is None:
        return False
    async with lab.pool.connection() as conn, conn.transaction():
        records, position = posted.receipt.records, posted.key.position
        ago = seconds + time.monotonic() - posted.came_at
        return await late_claims.put_claim(conn, posted.player_id, records, position, ago)


def saved(lab: Lab, posted: Posted) -> str:
    """Says so, and brings the key of the next form."""
    assert posted.key is not None and posted.receipt is not None
    room_id, position = posted.key.room_id, posted.key.position
    step = posted.study.plan[position].step
    asked = len(step.fields) if step.asks else 0
    before, after = _around_key(templates.texts_of(posted.study), asked)
    next_key = lab.keys.answer_key(
        posted.player_id, room_id, position, posted.receipt.version, posted.key.limits
    )
    return before + next_key + after


def form_key(lab: Lab, purpose: Purpose, player_id: int, form: Form, study: Study) -> FormKey | None:
    key = lab.keys.read_form_key(purpose, player_id, first(form, "form_key"))
    return key if key is not None and key.position < len(study.plan) else None


@cache
def _head() -> bytes:
    """Of an answer, up to what only this one says."""
    headers = [(b"content-type", b"text/html; charset=utf-8"), *HEADERS, NOT_KEPT]
    return b"HTTP/1.1 200 OK\r\n" + b"".join(b"%s: %s\r\n" % header for header in headers)


@kept(1000)
def _around_key(texts: Texts, asked: int) -> tuple[str, str]:
    """What stands before and after the key of the next form."""
    said = templates.render("player/_saved.html", texts, form_key="\0", asked=asked)
    before, _, after = said.partition("\0")
    return before, after
