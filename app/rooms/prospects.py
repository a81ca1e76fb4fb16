"""Prospects: what somebody who waits in the lobby waits for, as their page tells it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from app.rooms.seating import missing, open_kinds
from app.study.model.study import Study


@dataclass(frozen=True, slots=True)
class Prospect:
    """What somebody of one type waits for: `have` of `need` people of the first room open to them are here."""

    have: int
    need: int
    after: float  # seconds of waiting from which on this room takes them
    fallback_after: float | None  # seconds of waiting after which another kind of room takes them too
    bots_after: float | None = None  # … after which bots take the seats that some room open to them lacks
    people: int = 1  # who must be here for that


def prospects(
    study: Study, waiting: Mapping[str, int], made: Mapping[str, int]
) -> dict[str, Prospect | None]:
    """For each type that waits, the first kind of room that could take it; None if none can any more."""
    return {type_: _prospect(study, type_, waiting, made) for type_ in waiting}


def _prospect(
    study: Study, type_: str, waiting: Mapping[str, int], made: Mapping[str, int]
) -> Prospect | None:
    open_to = [kind for kind in open_kinds(study, made) if kind.takes(type_)]
    if not open_to:
        return None
    first = open_to[0]
    have = first.size - sum(missing(first, waiting).values())
    later = [kind.after for kind in open_to[1:] if kind.after > first.after]
    # Only what nobody can take away: where few rooms are left, others may have them by then.
    sure = [] if study.lobby.seat_hook else [kind for kind in open_to if kind.count is None]
    fills = [(kind.fills_after, kind.people) for kind in sure if kind.fills_after is not None]
    bots_after, people = min(fills, default=(None, 1))
    return Prospect(have, first.size, first.after, min(later, default=None), bots_after, people)
