"""The one link for everybody: what a recruiter adds to it, and what that says of who comes."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

# First ids of recruiters, in the order in which they are looked for, with what each looks like where the study says
# nothing of that. Prolific: https://docs.prolific.com, participant ids are 24 hex digits.
AN_ID = r"[\w.@-]{1,100}"
FIRST_IDS = {"PROLIFIC_PID": "[0-9a-f]{24}", "workerId": AN_ID, "participantId": AN_ID, "survey_code": AN_ID}
OTHERS = ("STUDY_ID", "SESSION_ID", "assignmentId", "hitId", "turkSubmitTo", "projectId")
PREVIEWED = "ASSIGNMENT_ID_NOT_AVAILABLE"  # of MTurk: the assignment has not been accepted
# {{%PROLIFIC_PID%}}, {{PID}}, %SURVEY_CODE%, ${e://Field/id}, [%rid%], [[id]], {id}, <id>, $rid$
PLACEHOLDER = re.compile(
    r".*(\{\{.*|\{%.*|\$\{.*|\[%.*|\[\[.*|%\w+%)|\{[\w ./:-]*\}|<[\w ./:-]*>|\[[\w ./:-]*\]|\$\w+\$|%\w+",
    re.DOTALL,
)
NAME = re.compile(r"[A-Za-z_][\w.-]{0,63}", re.ASCII)
MOST_GIVEN, LONGEST_GIVEN, LONGEST_ID = 30, 300, 100

Parameters = Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Door:
    """`ids` must come with the link, and the first finds the person again; none: the first of `FIRST_IDS` that comes.

    `pattern` is what the first looks like. `anonymous`: without any of them a new person for each browser. Whoever
    finds all places taken waits at most `max_wait` seconds for one that comes back; 0: not at all.
    """

    ids: tuple[str, ...] = ()
    pattern: str = ""
    anonymous: bool = False
    max_wait: float = 600.0


@dataclass(frozen=True, slots=True)
class Bearer:
    """Whom a link is of: `id` finds them again, and is empty for somebody without one.

    `given` is all that came with it, by name; not what was `unfilled`.
    """

    id: str
    given: Mapping[str, str]
    unfilled: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Unfit:
    """A link that nobody comes in by. `why` is missing, empty, placeholder, twice or unlike."""

    why: str
    name: str = ""  # of the parameter; empty where none came that could be an id
    value: str = ""  # the placeholder, or what the id does not look like


@dataclass(frozen=True, slots=True)
class Previewed:
    """Somebody looks at what the study is about, and has not decided to take part."""


def read_link(door: Door, parameters: Parameters) -> Bearer | Unfit | Previewed:
    """What the parameters of an address say, in their order. An id counts however its name is spelt, A or a."""
    came: dict[str, list[str]] = {}
    for name, value in parameters:
        came.setdefault(name.lower(), []).append(value.strip())
    if PREVIEWED in came.get("assignmentid", ()):
        return Previewed()
    firsts = [name for name in FIRST_IDS if name.lower() in came]
    required = door.ids or tuple(firsts[:1])
    there = [name for name in required if name.lower() in came]
    if not there:
        return (
            Bearer("", *_given(parameters, ())) if door.anonymous else Unfit("missing", "".join(required[:1]))
        )
    for name in required:
        if unfit := _unfit(name, came.get(name.lower()), _pattern(door, name, first=name == required[0])):
            return unfit
    given, unfilled = _given(parameters, required)
    return Bearer(came[required[0].lower()][0], given, unfilled)


def _pattern(door: Door, name: str, first: bool) -> str:
    return (door.pattern if first else "") or FIRST_IDS.get(name, AN_ID if first else ".+")


def _unfit(name: str, values: Sequence[str] | None, pattern: str) -> Unfit | None:
    if values is None:
        return Unfit("missing", name)
    if len({*values}) > 1:
        return Unfit("twice", name)
    [value] = {*values}
    if not value:
        return Unfit("empty", name)
    if PLACEHOLDER.fullmatch(value):
        return Unfit("placeholder", name, value[:LONGEST_ID])
    if len(value) > LONGEST_ID or not value.isprintable() or not re.fullmatch(pattern, value, re.ASCII):
        return Unfit("unlike", name, pattern)
    return None


def _given(parameters: Parameters, required: Sequence[str]) -> tuple[dict[str, str], tuple[str, ...]]:
    """Under the names that the study has for them, the required first; and the names of what was not filled in."""
    known = {name.lower(): name for name in (*required, *FIRST_IDS, *OTHERS)}
    given: dict[str, str] = {}
    unfilled: list[str] = []
    for name, value in sorted(
        parameters, key=lambda one: one[0].lower() not in {id.lower() for id in required}
    ):
        name, value = known.get(name.lower(), name), value.strip()
        if PLACEHOLDER.fullmatch(value):
            unfilled.append(name)
        elif _is_kept(name, value) and name not in given and len(given) < MOST_GIVEN:
            given[name] = value
    return given, tuple(dict.fromkeys(unfilled))


def _is_kept(name: str, value: str) -> bool:
    return NAME.fullmatch(name) is not None and 0 < len(value) <= LONGEST_GIVEN and value.isprintable()
