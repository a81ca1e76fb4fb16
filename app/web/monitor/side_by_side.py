"""Two sessions side by side in words, as a methods reviewer asks for it: a row a thing, and what it was in each."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from app.study.durations import as_clock
from app.web.monitor.comparing import Drawn, Side

SAME_TWICE = "Choose two different sessions: this is the same one twice."
SPANS = {
    "whole": "From signing in to the end, of those who completed",
    "lobby": "In the lobby, until a seat",
    "room": "In the room",
}


@dataclass(frozen=True, slots=True)
class SideRow:
    what: str
    first: str
    second: str


@dataclass(frozen=True, slots=True)
class RowGroup:
    """`empty`: what is said where there is no row."""

    heading: str
    rows: Sequence[SideRow]
    empty: str = ""


def verdict(first: Side, second: Side) -> str:
    """Whether they ran the same study."""
    a, b = first.version, second.version
    if first.study.sha256 == second.study.sha256:
        return "Both ran the same study, file by file."
    if a and b and a.study_id == b.study_id:
        return f"They ran versions {a.number} and {b.number} of the same study, {b.title}."
    if first.study.title == second.study.title:
        return f"Both studies are called {first.study.title}, and their files differ."
    return (
        f"They ran different studies, {first.study.title} and {second.study.title}. What has the same name in both is"
        " held against each other, which does not make it the same question."
    )


def groups(first: Side, second: Side) -> list[RowGroup]:
    """All that is told of both, in words."""

    def both(what: str, say: Callable[[Side], str]) -> SideRow:
        return SideRow(what, say(first), say(second))

    return [
        RowGroup("Study", [both(what, say) for what, say in STUDY.items()]),
        RowGroup("Dates", [both(what, say) for what, say in DATES.items()]),
        RowGroup(
            "People", [*(both(what, say) for what, say in PEOPLE.items()), *_of_outcomes(first, second)]
        ),
        RowGroup("Rooms", [*_of_rooms(first, second)], "In neither has a room opened."),
        RowGroup("Treatments", [*_of_drawn(first, second)], "In neither was a treatment drawn."),
        RowGroup("How long it took", [both(SPANS[what], _spans(what)) for what in SPANS]),
        RowGroup(
            "Answers that are numbers", [*_of_means(first, second)], "Neither has an answer that is a number."
        ),
        RowGroup("Seal", [both(what, say) for what, say in SEAL.items()]),
    ]


def _of_outcomes(first: Side, second: Side) -> Iterator[SideRow]:
    for outcome in dict.fromkeys((*first.outcomes, *second.outcomes)):
        yield SideRow(
            f"Ended as {outcome}", *(f"{one.outcomes.get(outcome, 0):,}" for one in (first, second))
        )


def _of_rooms(first: Side, second: Side) -> Iterator[SideRow]:
    ran = [{kind.kind: kind for kind in one.rooms} for one in (first, second)]
    known = [{kind.name for kind in one.study.rooms} for one in (first, second)]
    for kind in dict.fromkeys(
        (*(one.name for side in (first, second) for one in side.study.rooms), *ran[0], *ran[1])
    ):
        if any(kind in one for one in ran):
            yield SideRow(
                kind,
                *(
                    _counted(found[kind].rooms, found[kind].people)
                    if kind in found
                    else ("none" if kind in names else "not in its study")
                    for found, names in zip(ran, known, strict=True)
                ),
            )


def _of_drawn(first: Side, second: Side) -> Iterator[SideRow]:
    ran = [{(one.treatment, one.level): one for one in side.drawn} for side in (first, second)]
    planned = [
        (one.name, level) for side in (first, second) for one in side.study.treatments for level in one.levels
    ]
    for name, level in dict.fromkeys((*planned, *ran[0], *ran[1])):
        if any((name, level) in one for one in ran):
            yield SideRow(f"{name}: {level}", *(_drawn(found.get((name, level))) for found in ran))


def _of_means(first: Side, second: Side) -> Iterator[SideRow]:
    ran = [
        {(one.step, one.field, one.treatment, one.level): one for one in side.means}
        for side in (first, second)
    ]
    questions = [
        {(step.name, one.name): one.ask for step in side.study.all_steps for one in step.fields}
        for side in (first, second)
    ]
    order = {asked: nth for nth, asked in enumerate(dict.fromkeys((*questions[0], *questions[1])))}
    for key in sorted(dict.fromkeys((*ran[0], *ran[1])), key=lambda one: order.get(one[:2], len(order))):
        step, name, treatment, level = key
        asks = {one[step, name] for one in questions if (step, name) in one}
        what = f"{step}.{name}{f', {treatment}: {level}' if treatment else ''}"
        if len(asks) > 1:
            what += " (not asked in the same words)"
        cells = (
            f"{found[key].mean:.2f} ({_times(found[key].answers, 'answer')})"
            if key in found
            else ("no answer" if (step, name) in asked else "not asked")
            for found, asked in zip(ran, questions, strict=True)
        )
        yield SideRow(what, *cells)


def _drawn(one: Drawn | None) -> str:
    if one is None:
        return "not drawn"
    return _counted(one.rooms, one.people) if one.rooms else _people(one.people)


def _spans(what: str) -> Callable[[Side], str]:
    def said(side: Side) -> str:
        one = side.spans.get(what)
        if one is None:
            return "nobody so far" if side.session.status != "closed" else "nobody"
        return f"median {as_clock(one.median)}, 90% within {as_clock(one.ninetieth)} ({_people(one.people)})"

    return said


def _counted(rooms: int, people: int) -> str:
    return f"{_times(rooms, 'room')}, {_people(people)}"


def _people(count: int) -> str:
    return "1 person" if count == 1 else f"{count:,} people"


def _times(count: int, what: str) -> str:
    return f"{count:,} {what}{'s' * (count != 1)}"


def _moment(at: datetime | None) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M} UTC" if at else "not yet"


def _version(side: Side) -> str:
    one = side.version
    if side.unasked:
        return f"not known while the database {side.unasked} does not answer"
    return (
        f"version {one.number}, uploaded by {one.uploaded_by}"
        if one
        else "opened from a folder, or not kept here"
    )


def _changed(side: Side) -> str:
    return "; ".join(f"{one.path} by {one.by}, {_moment(one.at)}" for one in side.changed) or "nothing"


def _lasted(side: Side) -> str:
    began, ended = side.session.started_at, side.session.closed_at
    return (
        as_clock((ended - began).total_seconds())
        if began and ended
        else "it has not been closed"
        if began
        else "–"
    )


def _places(side: Side) -> str:
    if side.places is None:
        return "no link for everybody"
    return f"{side.places.most:,}" if side.places.most is not None else "as many as come"


def _sealed(side: Side) -> str:
    if not side.seals:
        return "never"
    one = side.seals[-1]
    return f"{one.moment} by {one.by}, {one.before}"


def _kept(side: Side) -> str:
    if not side.seals:
        return "–"
    return " ".join(side.unsealed) or "study, sizes and rules are"


STUDY: Mapping[str, Callable[[Side], str]] = {
    "Title": lambda side: side.study.title,
    "Version on the page Studies": _version,
    "Digest of its files (SHA-256)": lambda side: side.study.sha256,
    "Goes on from": lambda side: side.wave.session_id if side.wave else "no other session",
    "Changed while it ran": _changed,
}
DATES: Mapping[str, Callable[[Side], str]] = {
    "It is now": lambda side: side.session.status + (", archived" if side.session.archived_at else ""),
    "Opened": lambda side: _moment(side.session.opened_at),
    "Started": lambda side: _moment(side.session.started_at),
    "Closed": lambda side: _moment(side.session.closed_at),
    "From the start to the closing": _lasted,
}
PEOPLE: Mapping[str, Callable[[Side], str]] = {
    "Invited by links of their own": lambda side: f"{side.people.listed:,}",
    "Places by the link for everybody": _places,
    "Came": lambda side: f"{side.people.came:,}",
    "Turned away at the door": lambda side: f"{side.people.turned_away:,}",
    "Seated in a room": lambda side: f"{side.people.seated:,}",
    "Finished": lambda side: f"{side.people.finished:,}",
    "Left before the end": lambda side: f"{side.people.gone - side.people.turned_away:,}",
    "Still at it": lambda side: f"{side.people.there:,}",
    "Records": lambda side: f"{side.stored.records:,}",
    "Messages": lambda side: f"{side.stored.messages:,}",
}
SEAL: Mapping[str, Callable[[Side], str]] = {
    "Sealed": _sealed,
    "Digest": lambda side: side.seals[-1].digest if side.seals else "–",
    "As it was sealed": _kept,
}
