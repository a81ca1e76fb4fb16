"""Who saw what a player said: the codebook's last column, from what the study's steps show and let people say."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence

from app.rooms.limits import last_said, rounds_until
from app.study.model.channels import DIRECT, NEIGHBOURS, ROOM, Channel
from app.study.model.fields import Field
from app.study.model.steps import Show, Step
from app.study.model.study import Position, Study
from app.study.page_words import MINE, asked_by

PLAYER = "the player"
MOVERS = "the player; everybody in the room, if it was accepted"
_WHO = {"neighbours": "who sees the player", "room": "everybody in the room", "me": "the player again"}
_ASKED = "who is asked about the player"
_WHEN = {"last": "the answer before", "all": "every answer before", "now": "as it is given"}
_LOOK = {
    "table": "",
    "picture": ", as a dot in a picture",
    "mean": ", as part of a mean",
    "sum": ", as part of a sum",
    "min": ", if it is the least",
    "max": ", if it is the most",
    "count": ", as one of those who are counted",
    "bars": ", as one of those who are counted",
}


def of_question(study: Study, step: Step, field: Field) -> str:
    """Of all answers to a question of this step, or of all values of a result; researchers see everything anyway."""
    found = [
        f"{_WHO[show.of]} at step {other.name} ({_WHEN[show.round]}{_LOOK[show.look]})"
        for other in study.all_steps
        for show in other.show
        if _shows(show, step, field)
    ]
    found += [
        f"{_ASKED} at step {other.name} ({_WHEN['last']})"
        for other in study.all_steps
        if any(one.about == field.name for one in other.fields)
    ]
    found += [
        f"the player {'again ' if field in step.fields else ''}at step {other.name} (as what can be answered there)"
        for other in study.all_steps
        if field.name in other.limiting
    ]
    if any(one.mediator == field.name for one in step.channels):
        found.append(f"{PLAYER} at step {step.name} (above the talk)")
    found += [
        f"whomever the page of step {other.name} shows it"
        for other in study.all_steps
        if any(whose != MINE and name == field.name for whose, name in asked_by(study, other))
    ]
    return _listed([PLAYER] if field in step.fields else [], found)


def of_answers(study: Study) -> dict[tuple[int, str], str]:
    """Index in the plan and name of a question → who saw the answers given there.

    One walk through the plan, as `shown.wanted` reads it for a single page: a study may have thousands of rounds.
    """
    seen: dict[tuple[int, str], dict[str, list[Position]]] = {}
    passed: dict[str, list[Position]] = {}
    asked: dict[str, Position] = {}  # where each question stood last
    for here in study.plan:
        for show, step in [(one, step) for one in here.step.show for step in one.steps]:
            before = passed.get(step, [])
            if show.round == "last" and before:
                before = [*rounds_until(study, before[-1])]
            shown = [here] if show.round == "now" else before
            for position in shown:
                whom = seen.setdefault((position.index, show.field), {})
                whom.setdefault(f"{_WHO[show.of]} at %s{_LOOK[show.look]}", []).append(here)
        for whose, name in sorted(asked_by(study, here.step)):
            for last in last_said(study, here, name) if whose != MINE else ():
                whom = seen.setdefault((last.index, name), {})
                whom.setdefault("whomever the page of %s shows it", []).append(here)
        for about in {field.about for field in here.step.fields} & asked.keys():
            whom = seen.setdefault((asked[about].index, about), {})
            whom.setdefault(f"{_ASKED} at %s", []).append(here)
        passed.setdefault(here.step.name, []).append(here)
        asked |= {field.name: here for field in here.step.fields}
    return {
        (position.index, field.name): _listed([PLAYER], _told(seen.get((position.index, field.name), {})))
        for position in study.plan
        for field in position.step.fields
    }


def of_message(study: Study) -> str:
    """Of what is said at each step with a talk."""
    talks = [_hears(step, channel) for step in study.steps for channel in step.talks]
    return _listed(["the writer"], talks)


def _hears(step: Step, channel: Channel) -> str:
    at = f"at step {step.name}" + (f" in channel {channel.name}" if channel.name else "")
    inside = "" if channel.among is None or channel.all_read else " and is in it"
    if channel.of == DIRECT:
        return f"the slot in `to`, which sees the writer{inside}, {at}"
    who = "who sees the writer" if channel.of == NEIGHBOURS else "everybody in the room"
    who = "who is in it" if inside and channel.of == ROOM else who + inside
    return f"{who} {at}" + ("" if channel.name else " (where `to` is empty; else that slot)")


def _told(whom: Mapping[str, Sequence[Position]]) -> list[str]:
    return [who % " and ".join(_places(positions)) for who, positions in whom.items()]


def _shows(show: Show, step: Step, field: Field) -> bool:
    return step.name in show.steps and show.field == field.name


def _places(positions: Iterable[Position]) -> Iterator[str]:
    """talk 2, talk 3, talk 4 → talk 2 to 4"""
    for name, group in itertools.groupby(positions, key=lambda position: position.step.name):
        rounds = [position.round for position in group]
        yield f"{name} {rounds[0]}" if len(rounds) == 1 else f"{name} {rounds[0]} to {rounds[-1]}"


def _listed(always: list[str], found: list[str]) -> str:
    return "; ".join([*always, *dict.fromkeys(found)])
