"""A trial of pages: a study's own are drawn for people and rooms that are made up, before anybody has come.

It finds what reading a page can't: an attribute that there is not, an answer that is asked for before anybody gave one.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal

from app.database import clock
from app.players.notes import Notices
from app.players.pay import account_of
from app.players.players import Player
from app.rehearsal.pasts import pasts_of
from app.rooms.limits import Told
from app.rooms.messages import Message
from app.rooms.moves import EMPTY, MoveBoard
from app.rooms.prospects import prospects
from app.rooms.receipts import Saved
from app.rooms.rooms import Room, RoomView, Seat, Seats
from app.study.hooks.networklab import NOT_KNOWN, Earlier
from app.study.model.channels import Channel
from app.study.model.fields import Field
from app.study.model.kinds.slots import Slots
from app.study.model.networks import Tie, Ties
from app.study.model.plausible import plausible
from app.study.model.steps import AFTER, BEFORE, Step
from app.study.model.study import ANY, Position, RoomKind, Study
from app.study.model.treatments import Draws, drawn_at_door
from app.study.pages import MOVED
from app.study.spoken import page_in
from app.study.syntax.mistakes import Mistake
from app.web import templates
from app.web.broken_pages import broken
from app.web.live.done_place import DonePlace
from app.web.live.lobby_place import Aside, LobbyPlace
from app.web.live.places import RoomPlace

BOARD = f"pages/{MOVED}.html"
SEEDS = range(1, 5)  # of treatments that are drawn
PAST_CURE = "Ask first, as in {% if earlier.NAME is defined %}: whoever was added, or erased there, has none."
CURE = "Mend it: in a session, players would get our page in its place."


@dataclass(frozen=True, slots=True)
class Moment:
    """A moment at which a page is shown."""

    page: str
    context: Mapping[str, object]
    when: str
    grave: bool = True  # false: a session may never come to it


def try_pages(study: Study, pasts: Sequence[Earlier] | None = None) -> list[Mistake]:
    """Of all its pages, those that stand in place of others in one of its languages included."""
    found = _try_pages(study, pasts)
    for language in study.languages:
        if any(page_in(language, name) in study.files for name in study.files):
            told = [
                replace(one, file=page_in(language, one.file))
                for one in _try_pages(study.said_in(language), pasts)
            ]
            found += [one for one in told if one.file in study.files]
    return found


def _try_pages(study: Study, pasts: Sequence[Earlier] | None) -> list[Mistake]:
    """The first failure of each page of the study's own, with its line. Draws each page a few dozen times at most.

    Of several `pasts` that people may have, none need be right. What only breaks for whoever has none is a note.
    """
    found: dict[str, Mistake] = {}
    # What everybody sees of moves is tried by itself: here ours stands in its place.
    if BOARD in study.files:
        others = {name: body for name, body in study.files.items() if name != BOARD}
        study = replace(study, files=others, sha256=f"{study.sha256} without it")
    pasts = (pasts_of(study) if pasts is None else pasts) or (NOT_KNOWN,)
    for moment in sorted(_moments(study), key=lambda one: not one.grave):
        path = f"pages/{moment.page}.html"
        if path not in study.files or path in found:
            continue
        errors = [_error_of(study, path, moment, past) for past in pasts]
        if all(errors) and errors[0] is not None:
            grave = moment.grave and len(pasts) == 1  # else it may break by what is made up
            found[path] = broken(study, path, errors[0], f"It breaks {moment.when}", CURE, grave)
    if any(pasts):
        for moment in _moments(study):
            path = f"pages/{moment.page}.html"
            if (
                path in study.files
                and path not in found
                and (error := _error_of(study, path, moment, NOT_KNOWN))
            ):
                when = f"It breaks {moment.when} for somebody of whom nothing is known from before"
                found[path] = broken(study, path, error, when, PAST_CURE, grave=False)
    return list(found.values())


def _error_of(study: Study, path: str, moment: Moment, past: Earlier) -> Exception | None:
    own = {"earlier": past} if "place" in moment.context else {}
    try:
        templates.render_page(study, path, **{**moment.context, **own})
    except Exception as error:
        return error
    return None


def _moments(study: Study) -> Iterator[Moment]:
    for errors in ({}, {field.name: "Please answer." for field in study.entry}):
        when = "at the door" if not errors else "at the door, after a wrong answer"
        shown = dict(
            study=study, action="/join/token", privacy="/join/token/privacy", values={}, errors=errors
        )
        shown |= dict(elsewhere=False, visit="", preview=False, above="", outdated=False, attempt=1, left=1)
        yield Moment("join", shown, when)
    yield Moment(study.entrance.page, dict(study=study), "above the form at the door")
    yield from _lobby(study) if study.rooms else ()
    for seed in SEEDS if study.treatments else SEEDS[:1]:
        for step in study.before:
            yield from _alone(study, step, seed, "complete")
        for kind in study.rooms:
            yield from _room(study, kind, seed)
        for step in study.after:
            for outcome in ("complete", *step.also):
                yield from _alone(study, step, seed, outcome)
    yield from _end(study)


def _lobby(study: Study) -> Iterator[Moment]:
    types = study.types or ("",)
    waits_for = prospects(study, dict.fromkeys(types, 1), {})
    whens = {
        "open": "in the lobby before the start",
        "running": "in the lobby",
        "paused": "while the session is paused",
    }
    for status, when in whens.items():
        for type_ in types:
            player = replace(made_up_player(study), type=type_, status="waiting", session_status=status)
            place = LobbyPlace(player, study, waits_for[type_], 1, 1, 1, ASIDE)
            yield Moment("lobby", dict(place=place, now=clock.now()), when)
            if status == "running" and study.lobby.ready:
                asked = replace(player, asked_until=clock.now() + timedelta(seconds=study.lobby.ready))
                yield Moment(
                    "lobby",
                    dict(place=replace(place, player=asked), now=clock.now()),
                    "as a room comes together",
                )


def _room(study: Study, kind: RoomKind, seed: int) -> Iterator[Moment]:
    """A room of this kind at each step: in its first round with nothing said, in its last with something."""
    draws, chance = Draws(study.treatments, seed), random.Random(seed)
    drawn = draws.room(kind.name, seed)
    types = [chance.choice(study.types or ("",)) if one == ANY else one for one in kind.types]
    ties = study.network_of(kind.name).ties(kind.size, seed, types, kind.name)
    for step in study.steps:
        for position in _first_and_last(study, step):
            view = view_of(kind, position, types, ties, drawn)
            for slot in sorted({1, min(2, kind.size), kind.size}):
                seat = view.seats[slot - 1]
                came = drawn_at_door(study.treatments, seed, slot - 1, seat.type, slot - 1)
                treatment = came | drawn | draws.player(seat.type, f"{kind.name}-1", slot)
                if not step.is_for(treatment):
                    continue
                player = replace(
                    made_up_player(study), id=slot, slot=slot, type=seat.type, treatment=treatment, room_id=1
                )
                place = RoomPlace(player, study, view, seat, "key", ASIDE, at=position.index)
                at = f"{step.name} {position.round}"
                opened = replace(place, told=told_until(place, position.index - 1))
                yield from _at(opened, f"as {at} opens for slot {slot} of a `{kind.name}`")
                yield from _at(later(place), f"as slot {slot} of a `{kind.name}` has answered {at}")
                yield from _at(place, f"at {at} where nobody has answered anything before", grave=False)


def _alone(study: Study, step: Step, seed: int, outcome: str) -> Iterator[Moment]:
    """Somebody by themselves at this step, who ended so where it comes after the room."""
    draws, during = Draws(study.treatments, seed), step.during
    player, kind = replace(made_up_player(study), status=during), RoomKind(during, {ANY: 1})
    treatment = drawn_at_door(study.treatments, seed, seed - 1, player.type, seed - 1)
    sat = during == AFTER and bool(study.rooms) and outcome in ("complete", "partner_left")
    if sat:
        first = study.rooms[0].name
        treatment |= draws.room(first, seed) | draws.player(player.type, f"{first}-1", 1)
        player = replace(player, room_id=1, slot=1)
    if not step.is_for(treatment):
        return
    if during == AFTER:
        player = replace(player, outcome=outcome, code=study.finish.codes[outcome])
    player = replace(player, treatment=treatment)
    for position in _first_and_last(study, step):
        view = view_of(kind, position, [player.type], (), treatment)
        place = RoomPlace(player, study, view, view.seats[0], "key", ASIDE, at=position.index)
        at = f"{step.name} {position.round}" + (f" after `{outcome}`" if outcome != "complete" else "")
        opened = replace(place, told=told_until(place, position.index - 1, sat or during == BEFORE))
        if step.attempts and position.round > 1:
            wrong = {one.name: _answer(one, random.Random(seed), [1]) for one in step.fields}
            told = {one.name: f"That is not right. {one.hint}".strip() for one in step.checked}
            opened = replace(opened, values=wrong, errors=told)
        yield from _at(opened, f"as {at} opens in [[{during}]]")
        yield from _at(later(place), f"as somebody has answered {at} in [[{during}]]")


def _first_and_last(study: Study, step: Step) -> list[Position]:
    rounds = [one for one in study.plan if one.step is step]
    return rounds[:1] + rounds[1:][-1:]


def _at(place: RoomPlace, when: str, grave: bool = True) -> Iterator[Moment]:
    context = place.context()
    yield Moment(place.position.step.page, context, when, grave)
    yield Moment("room", dict(opened="", **context), when, grave)


def later(place: RoomPlace) -> RoomPlace:
    """The same page after an answer, a word and somebody who left; with what the step shows of others."""
    here, chance = place.position, random.Random(place.me.slot)
    slots = [seat.slot for seat in place.view.seats]
    seats = Seats(
        replace(
            seat, answered=True, status="left" if seat.slot == slots[-1] != place.me.slot else seat.status
        )
        for seat in place.view.seats
    )
    told = told_until(place, here.index)
    return replace(
        place,
        view=RoomView(place.view.room, seats, place.view.ties),
        me=seats[place.me.slot - 1],
        values={one.name: _answer(one, chance, slots) for one in replace(place, told=told).step.fields},
        saved=1,
        messages=tuple(
            Message(nth, place.me.slot, None, place.me.alias, "Hello", clock.now(), one.name)
            for nth, one in enumerate(here.step.talks or (Channel(),), 1)
        ),
        members={one.name: frozenset(slots) for one in here.step.channels},
        told=told,
        earned=Decimal("0.10"),
    )


def told_until(place: RoomPlace, until: int, sat: bool = True) -> Told:
    """What everybody has answered by the position `until`, that one included. Not `sat`: in no room."""
    chance, slots = random.Random(until), [seat.slot for seat in place.view.seats]
    return {
        (slot, one.step.name, one.round, field.name): _answer(field, chance, slots)
        for one in place.study.plan[: until + 1]
        if sat or one.step.is_solo
        for field in (*one.step.fields, *one.step.results)
        for slot in slots
    }


def _answer(field: Field, chance: random.Random, slots: Sequence[int]) -> str:
    return json.dumps(slots) if isinstance(field.kind, Slots) else plausible(field, chance, slots)


def _end(study: Study) -> Iterator[Moment]:
    for outcome, code in study.finish.codes.items():
        player = replace(
            made_up_player(study), status="finished", outcome=outcome, code=code, finished_at=clock.now()
        )
        account = account_of(study, player, [], clock.now()) if study.pays else None
        place = DonePlace(player, study, Saved([1], "digest", 0), 1, 1, ASIDE, account)
        context = dict(place=place, now=clock.now(), treatment=player.treatment)
        yield Moment("done", context, f"where it ended as `{outcome}`")


ASIDE = Aside(Notices("", ()), "key", {})


def made_up_player(study: Study) -> Player:
    came = clock.now() - timedelta(seconds=30)
    return Player(
        token_hash=b"",
        id=1,
        session_id="trial",
        label="P1",
        type=(study.types or ("",))[0],
        status="playing",
        room_id=None,
        slot=None,
        signed_in_at=came,
        waiting_since=came,
        seated_at=came,
        finished_at=None,
        outcome=None,
        code=None,
        session_status="running",
        treatment=Draws(study.treatments, 1).room("", 1),
    )


def view_of(
    kind: RoomKind,
    position: Position,
    types: Sequence[str] = (),
    ties: Sequence[Tie] = (),
    treatment: Mapping[str, str] = {},
    board: MoveBoard = EMPTY,
) -> RoomView:
    """A room of this kind that is made up."""
    room = Room(
        id=1,
        session_id="trial",
        name=f"{kind.name}-1",
        kind=kind.name,
        status="playing",
        position=position.index,
        step=position.step.name,
        round=position.round,
        last_step=position.step.name,
        last_round=position.round,
        deadline=clock.now() + timedelta(seconds=position.step.limit),
        outcome=None,
        opening=False,
        stopped=False,
        session_status="running",
        paused_at=None,
        log_id=1,
        seq=1,
        session_log_id=2,
        session_seq=1,
        treatment=treatment,
        during=position.step.during,
        player_id=1 if position.step.is_solo else None,
        began=clock.now() if position.step.clock else None,
    )
    seats = [
        Seat(slot, "" if room.player_id else f"Player {slot}", type_, slot, "playing", answered=False)
        for slot, type_ in enumerate(types or kind.types, 1)
    ]
    return RoomView(room, Seats(seats), Ties(ties), board=board)
