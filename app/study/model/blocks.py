"""Steps that repeat together, and how their rounds end."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from app.study.model.steps import HIDDEN, Step

if TYPE_CHECKING:
    from app.study.model.study import Position


def blocks(steps: Sequence[Step]) -> Iterator[tuple[int, tuple[Step, ...]]]:
    """Steps that repeat together, and how often. Attempts are rounds of one step alone."""

    def together(step: Step) -> tuple[str, int, str]:
        return step.during, step.repeat, step.name if step.attempts else ""

    for (_, repeat, _), found in itertools.groupby(steps, key=together):
        yield repeat, tuple(found)


def beginnings(steps: Sequence[Step]) -> set[str]:
    """The steps that begin a round: the first ones of those that repeat together."""
    return {together[0].name for repeat, together in blocks(steps) if repeat > 1}


def with_endings(steps: Sequence[Step]) -> list[Step]:
    """Each with what one of those that repeat together says of how their rounds are named and end."""
    found: list[Step] = []
    for _, together in blocks(steps):
        ends = next((one for one in together if one.continues is not None), together[0])
        named = next((one.rounds for one in together if one.rounds), "")
        shared = dict(continues=ends.continues, at_least=ends.at_least, rounds=named)
        found += [replace(one, **shared) for one in together]  # type: ignore[arg-type]
    return found


def is_over(step: Step, round_: int, seed: int, block: str) -> bool:
    """Whether chance has it that no such round comes any more, in the room with this seed. `block`: its first step."""
    if step.continues is None or round_ <= step.at_least:
        return False
    return random.Random(f"{seed}/continues/{block}/{round_}").random() >= step.continues


def counts_pages(steps: Sequence[Step]) -> bool:
    """Whether it is known how many pages they come to, and may be told."""
    return not any(one.continues is not None or one.rounds == HIDDEN for one in steps)


def opened_with(plan: Sequence[Position], index: int) -> int:
    """Where a room is that has this page open: at the first of those that are gone through at one's own pace."""
    while index and plan[index].step.own_pace and plan[index - 1].step.own_pace:
        index -= 1
    return index
