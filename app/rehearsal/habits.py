"""How players behave: when they come, how long they think, what goes wrong in their hands."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass

PEAK = 0.2  # of the time in which they come: the mode of the arrivals


@dataclass(frozen=True, slots=True)
class Habits:
    """One player. Times in seconds, as a person takes them; chances are per form, or per step where it says so."""

    comes: float = 0.0  # after the start
    entry: tuple[float, float] = (0.0, 0.0)  # to fill in the form at the door
    think: tuple[float, float] = (2.0, 8.0)  # between seeing a step and answering it
    talk: float = 0.35  # messages at each step, on average
    double_click: float = 0.0  # the same form twice at the same moment
    back: float = 0.0  # the back button: a form that was answered is sent once more
    cut: float = 0.0  # the connection breaks before the answer is here
    locks: float = 0.0  # per step: the phone locks, and the page is away for a while
    away: tuple[float, float] = (2.0, 12.0)  # for how long
    second_tab: bool = False
    keeps_tab: bool = False  # … until the last page, not for a while
    stalls: bool = False  # at times this phone reads nothing from its stream for a while
    drops_at: float | None = None  # share of the plan after which this player leaves for good
    fallible: bool = True  # at times answers what nobody comes in with, gets something wrong, or declines
    misfits: float = 0.0  # something that does not fit is typed first
    without_a_word: bool = False  # … by closing the page, not by the button


def habits(
    count: int,
    over: float,
    drop: float,
    flaky: float,
    talk: float,
    seed: int,
    evenly: bool = False,
    tabs: bool = False,
) -> Iterator[Habits]:
    """`count` players who come within `over` seconds, most of them early; the same seed gives the same people.

    Of all, the share `drop` leaves for good on the way and the share `flaky` has a bad connection. `evenly`: they come
    one after the other, always as many. `tabs`: each has the page open twice.
    """
    chance = random.Random(seed)
    for nth in range(count):
        is_flaky, drops = chance.random() < flaky, chance.random() < drop
        quick = chance.lognormvariate(0.0, 0.35)  # a few take more than twice as long as others
        yield Habits(
            comes=over * nth / count
            if evenly
            else chance.triangular(0.0, over, over * PEAK)
            if over
            else 0.0,
            entry=(3.0 * quick, 12.0 * quick),
            think=(2.0 * quick, 8.0 * quick),
            talk=talk,
            double_click=0.02,
            back=0.01,
            misfits=0.03,
            cut=0.08 if is_flaky else 0.0,
            locks=0.10 if is_flaky else 0.01,
            second_tab=chance.random() < 0.03 or tabs,
            keeps_tab=tabs,
            stalls=is_flaky and chance.random() < 0.3,
            drops_at=chance.uniform(0.05, 0.9) if drops else None,
            without_a_word=chance.random() < 0.3,
        )
