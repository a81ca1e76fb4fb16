"""What happens to a room between two steps, as it is to be stored: `steps` says what, `decisions` carries it out."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal

from app.rooms.paths import Whose
from app.study.model.networks import Tie
from app.study.model.study import Position

Asked = tuple[int, ...] | None  # the slots that are shown a step; None: all


@dataclass(frozen=True, slots=True)
class Stored:
    """Results of a position, each with slot, name and value as it is stored.

    `made_by` is "hook NAME", "keep", "default", "study" or "bot".
    """

    position: Position
    lines: tuple[tuple[int, str, str], ...]
    made_by: str


@dataclass(frozen=True, slots=True)
class Earned:
    """What a hook gave each slot for a position, in points or money; nobody earns it who does not play any more."""

    position: Position
    amounts: tuple[tuple[int, Decimal], ...]
    made_by: str


@dataclass(frozen=True, slots=True)
class Left:
    """Whose part in the study ends with a position, by slot, and as what."""

    position: Position
    outcomes: tuple[tuple[int, str], ...]


@dataclass(frozen=True, slots=True)
class Rewired:
    """The network that a room has from a position on."""

    position: Position
    ties: tuple[Tie, ...]
    made_by: str


@dataclass(frozen=True, slots=True)
class Opened:
    """The room is at this position now. `whose`: of several pages at one's own pace those that some go through."""

    position: Position
    asked: Asked
    whose: Whose = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Ended:
    """There is no further step: all is done, or whoever is alone there is out."""

    outcome: str = "complete"


Change = Stored | Earned | Left | Rewired | Opened | Ended
