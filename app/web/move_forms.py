"""A move, from what a browser posts to what came of it.

As record forms are, it is answered without a task and without Litestar wherever it needs no page: `take`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from litestar import post
from litestar.response import Redirect, Response

from app.database.group_commit import Busy
from app.rooms.handling import MoveOutcome
from app.rooms.messages import TooFast
from app.rooms.moves import NewMove, Refusal
from app.rooms.receipts import Receipt
from app.rooms.records import form_id
from app.study.languages.texts import Sentence, Texts
from app.study.model.fields import Form, first
from app.study.model.forms import read_answers, typed
from app.study.model.moves import MoveForm
from app.study.model.study import Study
from app.web import record_forms, templates
from app.web.auth import NotSignedIn, RawHeaders, check_site, player_of, same_site
from app.web.forms import read_form
from app.web.homes import Came, Stored
from app.web.kept import kept
from app.web.lab import Lab, Query, lab_of
from app.web.live.places import Place, RoomPlace
from app.web.live.tried_move import TriedMove
from app.web.live.whereabouts import place_of
from app.web.play_page import play_page
from app.web.refusals import refused, stale
from app.web.responses import piece, problem, wants_page
from app.web.signing import FormKey

PATH = "/play/moves"
PAUSED = Sentence(
    "The session is paused, so nothing can be done just now. Do it again as soon as it goes on."
)
STOPPED = Sentence(
    "Your group can’t go on just yet, so nothing can be done now. The researcher has been told."
)
LATE = Sentence("It was over when this came, so it does not count. It is stored and marked as late.")


@dataclass(slots=True)
class SentMove:
    """A form of a move and what became of it."""

    study: Study
    player_id: int
    session_id: str
    form: Form
    key: FormKey | None  # these two: None where it is not from a page of theirs
    move: MoveForm | None
    errors: Mapping[str, str]  # field → sentence; then nothing is stored
    new: NewMove | None = None  # what is to be stored
    stored: Stored | None = None
    outcome: MoveOutcome | None = None  # None: not known yet


def take(
    lab: Lab,
    headers: RawHeaders,
    body: bytes,
    say: Callable[[bytes], None],
    pass_on: Callable[[SentMove | BaseException | None], None],
) -> None:
    """Store a move, wait for what comes of it and `say` the answer, head and body; else as `record_forms.take`."""

    def make(one: SentMove) -> asyncio.Future[Stored | Came] | None:
        return lab.homes.make(one.session_id, one.new, lab.config.cluster) if one.new else None

    begun = record_forms.begin(lab, headers, body, read, make)
    if begun is None:
        pass_on(None)
        return
    sent, stored = begun

    def settle(stored: asyncio.Future[Stored | Came]) -> None:
        error = Busy() if stored.cancelled() else stored.exception()
        if error is not None:
            pass_on(error)
            return
        found = stored.result()
        coming = settled(lab, sent, found)
        if coming is not None:
            coming.add_done_callback(lambda one: answer(None if one.cancelled() else one.result()))
        elif isinstance(found, Came) and found.receipt and not found.receipt.late:
            answer(found.outcome)
        else:
            pass_on(sent)

    def answer(outcome: MoveOutcome | None) -> None:
        sent.outcome = outcome
        assert isinstance(sent.stored, Receipt)
        say(record_forms.whole_answer(sent.stored, answered(lab, sent)))

    stored.add_done_callback(settle)


@post(PATH, guards=[same_site])
async def make_move(request: Query) -> Response[str] | Redirect:
    """A move that was not answered on its way here; web/server.py answers most, by `take`.

    It is answered once it is on disk, and for up to two seconds not before it is known what came of it.
    """
    sent = request.scope["state"].get("posted") or await _store(request)
    if isinstance(sent, BaseException):
        raise sent
    if sent.key is None or sent.move is None:
        return stale(request)
    if sent.errors:
        said = templates.texts_of(sent.study).say_all(sent.errors)
        return await _again(request, TriedMove(sent.move.name, typed(sent.move.fields, sent.form), said))
    if isinstance(sent.stored, TooFast):
        return await _too_fast(request, sent, sent.move, sent.stored.seconds)
    if not isinstance(sent.stored, Receipt):
        return await _refused(request, sent.stored)
    headers = {"Receipt": str(sent.stored)}
    if not wants_page(dict(request.scope["headers"])):
        return piece(answered(lab_of(request), sent), headers=headers)
    if sent.outcome is None or sent.outcome.accepted:
        return Redirect("/play", status_code=303, headers=headers)
    values = typed(sent.move.fields, sent.form)
    return await _again(request, TriedMove(sent.move.name, values, outcome=sent.outcome), headers)


def read(
    lab: Lab, study: Study, player_id: int, session_id: str, headers: RawHeaders, body: bytes
) -> SentMove:
    """What was posted, checked against the study. Raises a 400 or a 403."""
    check_site(headers, lab.config)
    lab.signs.gave(study, player_id)
    form = read_form(headers.get(b"content-type", b""), body)
    study = study.read_in(form)
    key = record_forms.form_key(lab, "move", player_id, form, study)
    move = study.plan[key.position].step.move_named(first(form, "move")) if key else None
    sent = SentMove(study, player_id, session_id, form, key, move, {})
    if key is None or move is None:
        return sent
    values, sent.errors = read_answers(move.fields, form)
    if not sent.errors:
        at, said = study.plan[key.position], (("move", move.name), *values.items())
        sent.new = NewMove(
            *(player_id, key.room_id, key.position, at.step.name, at.round, move.name, move.written(values)),
            form_id(player_id, first(form, "form_key"), said),
            at.step.quiet > 0,
        )
    return sent


def settled(lab: Lab, sent: SentMove, found: Stored | Came) -> asyncio.Future[MoveOutcome | None] | None:
    """After the commit: what comes of it; None where nothing does, or where another process has told it."""
    sent.stored = stored = found.stored if isinstance(found, Came) else found
    if not isinstance(stored, Receipt):
        return None
    if not stored.again:
        lab.acknowledged[sent.session_id] += 1
    if stored.late or sent.key is None:
        sent.outcome = MoveOutcome(False, templates.texts_of(sent.study).say(LATE))
        return None
    if isinstance(found, Came):
        return None
    return lab.referee.submit(sent.session_id, sent.key.room_id, stored.records[0])


def answered(lab: Lab, sent: SentMove) -> str:
    """Says what came of it, and brings the key of the next form."""
    assert sent.key is not None and sent.move is not None
    before, after = _around_key(templates.texts_of(sent.study), sent.move.name, sent.outcome)
    return before + lab.keys.move_key(sent.player_id, sent.key.room_id, sent.key.position) + after


@kept(1000)
def _around_key(texts: Texts, move: str, outcome: MoveOutcome | None) -> tuple[str, str]:
    """What stands before and after the key of the next form."""
    context = dict(outcome=outcome, move=move, move_key="\0")
    before, _, after = templates.render("player/_move_answered.html", texts, **context).partition("\0")
    return before, after


async def _store(request: Query) -> SentMove:
    lab, (player_id, session_id) = lab_of(request), player_of(request)
    study, body = await lab.studies.of(session_id), await request.body()
    sent = read(lab, study, player_id, session_id, dict(request.scope["headers"]), body)
    if sent.new is not None:
        coming = settled(lab, sent, await lab.moves.commit(sent.new))
        if coming is not None:
            sent.outcome = await asyncio.shield(coming)  # whoever else waits for it goes on waiting
    return sent


async def _again(
    request: Query, tried: TriedMove, headers: Mapping[str, str] = {}
) -> Response[str] | Redirect:
    """The move's form with what was typed, and what is wrong with it."""
    place = await _place(request)
    if not isinstance(place, RoomPlace) or place.waits:
        return Redirect("/play", status_code=303, headers=headers)
    place = replace(place, tried=tried)
    if wants_page(dict(request.scope["headers"])):
        return play_page(request, place, 422, headers=headers)
    html = "".join(place.move_html(one) for one in place.moves if one.name == tried.name)
    return piece(html, 422, headers)


async def _too_fast(request: Query, sent: SentMove, move: MoveForm, seconds: int) -> Response[str] | Redirect:
    """It is not sent again by itself, as a message is: by then somebody else may have bid more."""
    sentence = Sentence(
        "That was more in a short time than can count. Wait %(seconds)s seconds, then do it again.",
        seconds=seconds,
    )
    outcome = MoveOutcome(False, templates.texts_of(sent.study).say(sentence))
    tried = TriedMove(move.name, typed(move.fields, sent.form), outcome=outcome)
    return await _again(request, tried, {"Retry-After": str(seconds)})


async def _refused(request: Query, why: Refusal | None) -> Response[str]:
    """Nothing of it is stored."""
    if why == "paused":
        return problem(request, 409, PAUSED, "/play")
    if why == "stopped":
        return problem(request, 409, STOPPED, "/play")
    return refused(request, await _place(request))


async def _place(request: Query) -> Place:
    lab, (player_id, session_id) = lab_of(request), player_of(request)
    async with lab.pool.connection() as conn:
        place = await place_of(conn, lab.live.shared, session_id, player_id)
    if place is None:
        raise NotSignedIn
    return place
