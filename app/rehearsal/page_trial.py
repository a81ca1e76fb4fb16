"""A trial of pages: a study's own are drawn for people and rooms that are made up, before anybody has come.

It finds what reading a page can't: an attribute that there is not, an answer that is asked for before anybody gave one.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from app.database import clock
from app.rehearsal.made_up_places import (
    answer_to,
    done_place,
    has_sat,
    later,
    lobby_place,
    made_up_player,
    room_place,
    solo_place,
    told_until,
    view_of,
)
from app.rehearsal.pasts import pasts_of
from app.study.hooks.networklab import NOT_KNOWN, Earlier
from app.study.model.steps import Step
from app.study.model.study import ANY, Position, RoomKind, Study
from app.study.model.treatments import Draws, drawn_at_door
from app.study.pages import MOVED
from app.study.spoken import page_in
from app.study.syntax.mistakes import Mistake
from app.web import templates
from app.web.broken_pages import broken
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
    whens = {
        "open": "in the lobby before the start",
        "running": "in the lobby",
        "paused": "while the session is paused",
    }
    for status, when in whens.items():
        for type_ in study.types or ("",):
            place = lobby_place(study, made_up_player(study), type_, status)
            yield Moment("lobby", dict(place=place, now=clock.now()), when)
            if status == "running" and study.lobby.ready:
                asked = replace(place.player, asked_until=clock.now() + timedelta(seconds=study.lobby.ready))
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
                place = room_place(study, replace(made_up_player(study), treatment=treatment), view, slot)
                at = f"{step.name} {position.round}"
                opened = replace(place, told=told_until(place, position.index - 1))
                yield from _at(opened, f"as {at} opens for slot {slot} of a `{kind.name}`")
                yield from _at(later(place), f"as slot {slot} of a `{kind.name}` has answered {at}")
                yield from _at(place, f"at {at} where nobody has answered anything before", grave=False)


def _alone(study: Study, step: Step, seed: int, outcome: str) -> Iterator[Moment]:
    """Somebody by themselves at this step, who ended so where it comes after the room."""
    draws, during = Draws(study.treatments, seed), step.during
    player = made_up_player(study)
    treatment = drawn_at_door(study.treatments, seed, seed - 1, player.type, seed - 1)
    sat = has_sat(study, during, outcome)
    if sat:
        first = study.rooms[0].name
        treatment |= draws.room(first, seed) | draws.player(player.type, f"{first}-1", 1)
    if not step.is_for(treatment):
        return
    player = replace(player, treatment=treatment)
    for position in _first_and_last(study, step):
        place = solo_place(study, player, position, outcome)
        at = f"{step.name} {position.round}" + (f" after `{outcome}`" if outcome != "complete" else "")
        opened = replace(place, told=told_until(place, position.index - 1))
        if step.attempts and position.round > 1:
            wrong = {one.name: answer_to(one, random.Random(seed), [1]) for one in step.fields}
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


def _end(study: Study) -> Iterator[Moment]:
    for outcome in study.finish.codes:
        place = done_place(study, made_up_player(study), outcome)
        context = dict(place=place, now=clock.now(), treatment=place.player.treatment)
        yield Moment("done", context, f"where it ended as `{outcome}`")
