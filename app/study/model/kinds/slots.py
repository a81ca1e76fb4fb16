"""Slots of a room, as a hook says whom a question is about: nobody is asked for them. Stored as a JSON list: [3,5]."""

from __future__ import annotations

import json
from typing import Any

from app.study.model.fields import Field, Kind


class Slots(Kind):
    __slots__ = ()

    def type_of(self, field: Field) -> Any:
        return tuple[int, ...]

    def value(self, field: Field, stored: str) -> Any:
        return tuple(json.loads(stored))

    def stored(self, field: Field, value: Any) -> str:
        if not isinstance(value, (tuple, frozenset)) or not all(
            type(one) is int and one > 0 for one in value
        ):
            raise ValueError(f"`{field.name}` must be slots, such as [2, 3], and is {value!r}")
        return json.dumps(sorted(value), separators=(",", ":")) if value else ""


SLOTS = Slots("slots")
