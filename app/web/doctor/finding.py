"""What the doctor says of one thing: how it is, and what helps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Finding:
    name: str
    state: Literal["ok", "look", "wrong"]  # look: it goes, and may not when many come
    said: str
    cure: str = ""
