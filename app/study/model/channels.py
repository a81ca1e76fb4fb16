"""Channels: the talks of a step, each with those who may write and read there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from app.study.model.kinds.yes_no import YES

LONGEST = 1000  # characters of any message
ROOM, NEIGHBOURS, DIRECT = "room", "neighbours", "direct"


@dataclass(frozen=True, slots=True)
class Channel:
    """One talk. Its members are those in `slots`, or in seats for `types`, or of that `role`, or of whom the function
    `hook` says so as the step opens; without any of these, all whom the step is shown to.

    `of` is which of the members hear each other: "room" is all, "neighbours" those who are tied, and "direct" is two of
    these who write to each other alone. Only members write. `read` is who reads beside them: "members" is nobody, and
    "room" everybody. `name` is empty where it is the only talk of its step.

    `mediator` names a function of hooks.py that has a line for each slot as the step opens, which stands above the
    talk, and `on_message` one that is asked when somebody has written, and may answer there. `most` is how many
    messages one may write there each time the step opens, `longest` how many characters each may have, and `every` how
    many seconds lie between two of one's own. With `typing` whoever reads there sees who is writing.
    """

    name: str = ""
    title: str = ""
    of: str = ROOM
    slots: tuple[int, ...] = ()
    types: tuple[str, ...] = ()
    role: str = ""
    hook: str = ""
    read: str = "members"
    mediator: str = ""
    on_message: str = ""
    most: int | None = None
    longest: int = LONGEST
    every: float | None = None
    typing: bool = False

    @property
    def all_read(self) -> bool:
        return self.read == "room"

    @property
    def among(self) -> Mapping[str, object] | None:
        """Who is a member, as the database is asked: see sql/migrations/0050_channels.sql. None: everybody."""
        if self.slots:
            return {"slots": list(self.slots)}
        if self.types:
            return {"types": list(self.types)}
        if self.role:
            return {"result": "role", "value": self.role}
        return {"result": self.hook, "value": YES, "now": True} if self.hook else None
