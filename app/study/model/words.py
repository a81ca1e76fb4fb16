"""Words that a study doesn't let stand in its talks."""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass

REFUSE, MASK = "refuse", "mask"


@dataclass(frozen=True, slots=True)
class WordList:
    """`listed` in any case, as whole words; one that ends in * stands for whatever begins like it.

    `then` is what becomes of a message with one in it: "refuse" sends it back, "mask" puts dots in the word's place.
    """

    listed: tuple[str, ...]
    then: str = REFUSE

    def stand_in(self, text: str) -> bool:
        return _pattern(self.listed).search(text) is not None

    def masked(self, text: str) -> str:
        return _pattern(self.listed).sub(lambda found: "•" * len(found[0]), text)


@functools.cache
def _pattern(listed: tuple[str, ...]) -> re.Pattern[str]:
    words = (re.escape(one.removesuffix("*")) + (r"\w*" if one.endswith("*") else "") for one in listed)
    return re.compile(rf"(?<!\w)(?:{'|'.join(words)})(?!\w)", re.IGNORECASE)
