"""One question about each of several others in the room, such as a choice for each neighbour.

A form posts the slots that it asks about under the question's name, and what was answered about slot 3 under the
name with -3 behind it. All of it is stored as one value, in the order of slots: {"3":"keep","5":"break"}.
"""

import json
from collections.abc import Mapping, Sequence

MOST_DIGITS = 3  # of a slot


def posted(name: str, form: Mapping[str, Sequence[str]]) -> list[str]:
    """The slots that were asked about, "3", and what was said of each, "3 keep"."""
    stem = f"{name}-"
    said = [
        f"{key.removeprefix(stem)} {text}"
        for key, texts in form.items()
        if key.startswith(stem)
        for text in texts
        if text.strip()
    ]
    return [*form.get(name, ()), *said]


def read(raw: Sequence[str]) -> tuple[dict[int, str], set[int]] | None:
    """What was said, by slot, and of whom nothing; None if this is no answer of that kind.

    `raw` is as `posted` gives it, or one stored value.
    """
    raw = [one for one in raw if one.strip()]
    if len(raw) == 1 and raw[0].startswith("{"):
        said = unpack(raw[0])
        return None if said is None else (said, set())
    asked: set[int] = set()
    said = {}
    for one in raw:
        slot, _, text = one.strip().partition(" ")
        if not (slot.isascii() and slot.isdecimal() and len(slot) <= MOST_DIGITS and int(slot)):
            return None
        asked.add(int(slot))
        if text.strip() and said.setdefault(int(slot), text.strip()) != text.strip():
            return None
    return said, asked - set(said)


def pack(said: Mapping[int, str]) -> str:
    in_order = {str(slot): said[slot] for slot in sorted(said)}
    return json.dumps(in_order, ensure_ascii=False, separators=(",", ":")) if said else ""


def unpack(value: str) -> dict[int, str] | None:
    """What was said, by slot; None if this is no stored value."""
    try:
        found = json.loads(value) if value else {}
        return {int(slot): text for slot, text in found.items() if isinstance(text, str) and int(slot) > 0}
    except (ValueError, AttributeError, RecursionError):
        return None
