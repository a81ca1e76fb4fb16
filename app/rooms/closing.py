"""Closing: when a step is over whose deadline comes so long after the last move that counts (`quiet`).

The first one brings it nearer, each further one puts it off, and never beyond the limit of the step; what a researcher
has given stays, and where one has moved it on that is the limit. All is in seconds since the step opened, without
pauses.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class Closing:
    """`quiet` 0: no move changes it. `most`: when it is over at the latest. `begun`: a move has counted already."""

    quiet: float
    most: float
    until: float
    begun: bool

    def is_past(self, at: float) -> bool:
        return self.quiet > 0 and at > self.until

    def hear(self, at: float) -> None:
        """A move counts that was made then."""
        wanted = min(self.most, at + self.quiet)
        self.until = max(self.until, wanted) if self.begun else min(self.until, wanted)
        self.begun = True
