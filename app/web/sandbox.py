"""The sandbox of a study's own pages: Jinja's, which remembers what it has found safe."""

from __future__ import annotations

from types import BuiltinMethodType, MethodType
from typing import Any

from jinja2.sandbox import ImmutableSandboxedEnvironment

MOST = 5_000  # answers that are kept
OF_DICTS = frozenset(dir(dict))
METHODS = (MethodType, BuiltinMethodType)  # of which Jinja wraps those that format a text


class Sandbox(ImmutableSandboxedEnvironment):
    """Whether an attribute is safe depends on its name and on the type of what has it, and is asked for each one.

    To find that out anew took half of the time that a page took to draw.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.found: dict[tuple[type, str], bool] = {}

    def is_safe_attribute(self, obj: Any, attr: str, value: Any) -> bool:
        known = self.found.get((type(obj), attr))
        if known is None:
            if len(self.found) >= MOST:  # a page may make up names without end
                self.found.clear()
            known = self.found[type(obj), attr] = super().is_safe_attribute(obj, attr, value)
        return known

    def getattr(self, obj: Any, attribute: str) -> Any:
        """As Jinja's, which first asks of each value whether it formats a text, and of each dict whether it has that
        as an attribute."""
        if type(obj) is dict and attribute not in OF_DICTS and attribute in obj:
            return obj[attribute]
        if self.found.get((type(obj), attribute)):
            value = getattr(obj, attribute, self)
            if value is not self and type(value) not in METHODS:
                return value
        return super().getattr(obj, attribute)
