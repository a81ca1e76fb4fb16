"""What a study file says once, and names in other places."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from app.study.syntax.mistakes import nearest

_NAMED = re.compile(r"\{([a-z][a-z0-9_]*)\}")


@dataclass(frozen=True, slots=True)
class Constants:
    """By name. `point` stands before decimals where a text says one."""

    values: Mapping[str, object] = field(default_factory=dict)
    point: str = "."

    def meant(self, value: object) -> object:
        """That of the constant whose name this is, or the value itself."""
        return self.values.get(value, value) if isinstance(value, str) else value

    def filled(self, text: str) -> str:
        """With numbers and words in place of {name}; what is no constant stays as it is."""
        return _NAMED.sub(self._word, text)

    def unknown(self, text: str) -> list[str]:
        """The names in it that stay as they are."""
        return [found[1] for found in _NAMED.finditer(text) if self._word(found) == found[0]]

    def near_to(self, text: str) -> str:
        """The first name in it that is one of a number or text, or like one; "" where none is."""
        return next((found[1] for found in _NAMED.finditer(text) if nearest(found[1], self.in_words)), "")

    @property
    def in_words(self) -> list[str]:
        """The names of those that a text may have."""
        return [name for name in self.values if not self.unknown(f"{{{name}}}")]

    def _word(self, found: re.Match[str]) -> str:
        value = self.values.get(found[1])
        if isinstance(value, Decimal):
            return str(value).replace(".", self.point)
        return str(value) if isinstance(value, str | int) and not isinstance(value, bool) else found[0]

    def cure(self, key: str, value: object) -> str:
        """What to write where a number belongs and this stands; "" where it is like no constant."""
        near = nearest(value, [*self.values]) if isinstance(value, str) else ""
        return f'Write {key} = "{near}", if you mean that constant.' if near else ""
