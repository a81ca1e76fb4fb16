"""How a room asks its study's hooks, and who of it plays together."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol, TypeVar

from app.study.hooks import networklab
from app.study.model import roles
from app.study.model.networks import Tie
from app.study.model.study import Study

T = TypeVar("T")


class Ask(Protocol):
    """What a hook decides for a room (and `more`), read by `read`.

    It raises what leaves all undecided. None: the room goes on as if the hook had said nothing.
    """

    async def __call__(
        self, hook: str, read: Callable[[Any], T], room: networklab.Room, /, *more: Any
    ) -> T | None: ...


def groups_of(study: Study, room: networklab.Room) -> list[tuple[int, ...]]:
    """Who plays together: each pair or clique as they are tied now, or else the whole room."""
    if room.kind not in [one.name for one in study.rooms]:
        return [room.slots]
    tied = [Tie(one.from_slot, one.to_slot) for one in room.ties]
    return roles.groups_in(study.network_of(room.kind), len(room.seats), tied)
