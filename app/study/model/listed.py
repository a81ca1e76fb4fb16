"""Lists of texts as they are stored: a JSON list without blanks, and "" for an empty one."""

from __future__ import annotations

import json
from collections.abc import Sequence


def packed(texts: Sequence[str]) -> str:
    return json.dumps(texts, ensure_ascii=False, separators=(",", ":")) if texts else ""


def listed_in(value: str) -> list[str]:
    """None of what is no such list."""
    try:
        found = json.loads(value) if value.startswith("[") else None
    except ValueError:
        return []
    return found if isinstance(found, list) and all(isinstance(one, str) for one in found) else []
