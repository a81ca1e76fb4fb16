"""Paths: at one's own pace those in one room may go through different pages at the same time, to meet at the last.

That page is for everybody: whoever has answered it is through, whichever way they came.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

from app.study.hooks import networklab
from app.study.model.steps import ROLE, Step
from app.study.model.study import Position, Study

Whose = Mapping[int, Collection[int]]  # index of a page → the slots that it is for, where it is not for all
FOR_ALL: Whose = {}


def page_of(study: Study, index: int, done: Collection[tuple[str, int]], who: Mapping[str, str]) -> Position:
    """The page of somebody whose room is there; at one's own pace the first of theirs that is not `done`, or the last.

    `done`: step and round of what they have answered in time. `who`: their treatment and role.
    """
    *pages, last = study.pages_at(index)
    mine = (page for page in pages if page.step.is_for(who))
    return next((page for page in mine if (page.step.name, page.round) not in done), last)


def parts_by_role(study: Study, index: int) -> bool:
    """Whether it depends on somebody's role which of the pages there are theirs, or what they may do."""
    pages = study.pages_at(index) if study.plan[index].step.own_pace else ()
    moves = study.plan[index].step.moves
    return any(ROLE in page.step.only for page in pages) or any(ROLE in move.only for move in moves)


def is_for_some(step: Step) -> bool:
    """Whether only some of a room go through this page, while the others go through theirs."""
    return step.own_pace and bool(step.only)


def who_is(treatment: Mapping[str, str], role: str) -> dict[str, str]:
    """By what steps and moves are somebody's. `role`: "" where they have none."""
    return {**treatment, **({ROLE: role} if role else {})}


def slots_for(
    step: Step, seats: Sequence[networklab.Seat], roles: Mapping[int, Sequence[str]]
) -> tuple[int, ...]:
    """Whom it is for, by treatment and role. `roles`: by slot, the last one last."""

    def role(seat: networklab.Seat) -> str:
        return roles[seat.slot][-1] if seat.slot in roles else ""

    return tuple(seat.slot for seat in seats if step.is_for(who_is(seat.treatment, role(seat))))


def names_of(pages: Iterable[Position], whose: Whose) -> list[str]:
    """As room.pages has them: "ask 2", or "ask 2 @3" for each slot that it is for, where it is not for all."""
    found = list[str]()
    for page in pages:
        name = f"{page.step.name} {page.round}"
        found += [f"{name} @{slot}" for slot in whose[page.index]] if page.index in whose else [name]
    return found


def whose(names: Sequence[str]) -> dict[tuple[str, int], list[int] | None]:
    """Step and round of the pages of these names → the slots that each is for; None: all."""
    found = dict[tuple[str, int], list[int] | None]()
    for name in names:
        page, _, slot = name.partition(" @")
        step, _, round_ = page.rpartition(" ")
        slots = found.setdefault((step, int(round_)), [] if slot else None)
        if slots is not None:
            slots.append(int(slot))
    return found
