"""Counts: what a whole troupe of bots has done so far, for the line that is shown meanwhile."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field


@dataclass(slots=True)
class Counts:
    came: int = 0
    playing: int = 0
    alone: int = 0  # at solo steps
    done: int = 0
    over: int = 0  # done, or gone without a word
    records: int = 0
    messages: int = 0
    busy: int = 0  # answers that asked to come again
    acts: Counter[str] = field(default_factory=Counter)  # forms that were answered, by kind
    # Seconds, of answers to forms; whoever reads empties it.
    latencies: list[float] = field(default_factory=list)
